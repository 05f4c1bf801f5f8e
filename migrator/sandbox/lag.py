"""What a way of reading shows when it lags behind the truth.

Pure: times are handed in. It never changes what it is given.
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class Lagging(Generic[T]):
    """Remembers what is to be seen until each write becomes visible.

    >>> view = Lagging[str]()
    >>> view.wrote("old", "new", visible_at=7.0)
    >>> [view.at(now, "new") for now in (5.0, 7.0)]
    ['old', 'new']
    """

    def __init__(self) -> None:
        self._shown: T | None = None
        self._waiting: list[tuple[float, T]] = []

    def wrote(self, before: T, after: T, *, visible_at: float | None) -> None:
        """Something was written.

        Args:
            before: The truth until now.
            after: The truth from now on.
            visible_at: When this view shows it; None: at once, with all that waited.
        """
        if visible_at is None:
            self._waiting.clear()
            return
        if not self._waiting:
            self._shown = before
        self._waiting.append((visible_at, after))

    def at(self, now: float, truth: T) -> T:
        """What is shown now; a write that is visible carries all earlier ones with it."""
        for position in range(len(self._waiting) - 1, -1, -1):
            visible_at, after = self._waiting[position]
            if visible_at <= now:
                self._shown = after
                del self._waiting[: position + 1]
                break
        if not self._waiting:
            return truth
        return self._shown  # type: ignore[return-value]  # set before anything waits
