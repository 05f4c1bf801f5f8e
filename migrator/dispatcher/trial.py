"""One call at a time, while it is open whether the CRM works.

Owns how many calls may leave in two moments: when a probe of an outage was answered and no update
yet, and when calls are under way and nothing has come back for a while.
"""

import asyncio
from typing import Final

from migrator.ports import Clock

SILENCE: Final = 10.0  #: Seconds without any answer or fault, while calls are under way.
FIRST_GAP: Final = 1.0  #: Seconds until another call is tried beside one that is not answered.


class Trial:
    """Lets one call leave, and the next when it came back, or after gaps that grow."""

    def __init__(self, *, clock: Clock, longest_gap: float) -> None:
        self.is_on = False  #: A probe was answered, and no update since.
        self._clock, self._longest_gap = clock, longest_gap
        self._gap = FIRST_GAP
        self._silent_since: float | None = None  # the first call since something came back
        self._next_at: float | None = None  # while a call is on trial
        self._taken_at = 0.0  # when that call left
        self._came_back = asyncio.Event()

    def begin(self) -> None:
        """A probe was answered: updates have to show that they are, too."""
        self.is_on = True
        self._release()

    def end(self) -> None:
        """An update was answered: all may leave."""
        self.is_on = False
        self._gap = FIRST_GAP
        self._release()

    def heard(self, *, sent_at: float, update: bool) -> None:
        """Something came back, an answer or a fault.

        While updates are on trial, only what became of the last one lets the next one go.
        """
        self._silent_since = None
        if not self.is_on or (update and sent_at >= self._taken_at):
            self._release()

    def _release(self) -> None:
        self._silent_since = self._next_at = None
        self._came_back.set()

    def take(self, *, update: bool) -> bool:
        """Whether a call may leave now; it then does, and what came of it has to be told."""
        now = self._clock.monotonic()
        if self._silent_since is None:
            self._silent_since = now
        is_silent = now - self._silent_since >= SILENCE
        if not (is_silent or (self.is_on and update)):
            return True
        if self._next_at is not None and now < self._next_at:
            return False
        self._taken_at, self._next_at = now, now + self._gap
        self._gap = min(self._longest_gap, self._gap * 2)
        return True

    async def wait(self) -> None:
        """Wait until `take` is worth another question."""
        if self._next_at is None:
            return
        self._came_back.clear()
        waiting = asyncio.ensure_future(self._came_back.wait())
        resting = asyncio.ensure_future(
            self._clock.sleep(max(0.0, self._next_at - self._clock.monotonic()))
        )
        try:
            await asyncio.wait({waiting, resting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            resting.cancel()
