"""The quota as one process sees it: permits in the order of asking, one gate for every call.

Owns the waiting, and what becomes of each permit. How many there are, when they come back and who
else has some is said by `modes`, `learning` and `shared`. It never sends and reads no answer.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

from aiolimiter import AsyncLimiter

from migrator.ports import Clock
from migrator.quota.learning import Learner
from migrator.quota.modes import Mode, Terms
from migrator.quota.shared import SharedPermits


class AccountQuota:
    """At most ``limit`` calls in any ``window`` seconds; a `migrator.ports.Quota`.

    Calls in flight are not bounded by paced and learned permits: a slow answer costs nothing.

    Args:
        limit: Most calls of the account in one window; at least 1.
        window: Seconds; above 0.
        clock: Its monotonic time must be the running loop's.
        mode: How near to the limit.
        share: The part of the limit that is ours; above 0, at most 1.
        permits: Where processes share them; None: nobody else uses the account.
        say: Told of each change that a rate answer brings.
    """

    def __init__(
        self,
        limit: int,
        window: float,
        *,
        clock: Clock,
        mode: Mode = Mode.PACED,
        share: float = 1.0,
        permits: SharedPermits | None = None,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        if limit < 1 or window <= 0 or not 0 < share <= 1:
            raise ValueError(f"no quota of {share:g} of {limit} calls in {window} s")
        self._learner = Learner(limit=limit, window=window, mode=mode, share=share)
        self._clock, self._say = clock, say
        self._shared = permits or SharedPermits()
        self._turn = asyncio.Lock()  # First come, first served; a cancelled waiter just leaves.
        self._block: deque[int] = deque()  # taken from the file, not given yet
        self._out: set[int] = set()  # given, and nobody knows when they come back
        self._changed = asyncio.Event()
        known = self._shared.lessons(self._learner, now=clock.monotonic(), wall=clock.wall())
        self._terms = self._learner.terms(known)
        self._pace = _pace(self._terms)

    async def acquire(self) -> "AccountPermit":
        """Wait for the right to make one call.

        Whoever gets a permit ends it, with `answered` or `unused`, whatever happens: one that is
        dropped stays out.
        """
        async with self._turn:
            if self._pace is not None:
                await self._pace.acquire()
            while not self._block:
                self._changed.clear()
                wait = self._take()
                if wait > 0:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(wait):
                            await self._changed.wait()
            permit = self._block.popleft()
            self._out.add(permit)
            return AccountPermit(self, permit)

    def refused(self, told: tuple[int, float] | None) -> float:
        """A rate answer came: learn from it; gives the seconds in which nothing may leave."""
        lesson = self._shared.refused(
            self._learner, told, now=self._clock.monotonic(), wall=self._clock.wall()
        )
        if lesson.said:
            self._say(lesson.said)
        return lesson.pause

    @property
    def rate(self) -> tuple[int, float]:
        """Calls and seconds that are ours, as far as was known when a permit was last taken."""
        return self._terms.permits, self._terms.window

    def close(self) -> None:
        """Give back what was not used; the process is about to end, or does something else."""
        for permit in self._block:
            self._shared.settle(permit, until=None, soon=False)
        for permit in self._out:
            self._shared.settle(
                permit, until=self._clock.monotonic() + self._terms.window, soon=False
            )
        self._block.clear()
        self._out.clear()
        self._shared.close()

    def _take(self) -> float:
        """Take a block; gives how long to wait where there was none."""
        taken, said = self._shared.take(
            self._learner, now=self._clock.monotonic(), wall=self._clock.wall()
        )
        if said:
            self._say(said)
        self._block.extend(taken.permits)
        terms = self._learner.terms(taken.lessons)
        if terms.step != self._terms.step:
            self._pace = _pace(terms)
        self._terms = terms
        return taken.wait

    def _written(self, permit: int, *, is_first: bool) -> None:
        out = self._terms.out_after_write
        now = self._clock.monotonic()
        if not is_first:
            until = now + (self._terms.window if out is None else out)
            self._shared.add(now=now, until=until)
        elif out is not None:
            self._settle(permit, until=now + out)

    def _answered(self, permit: int) -> None:
        if self._terms.out_after_write is None:
            until = self._clock.monotonic() + self._terms.out_after_answer
            self._settle(permit, until=until)

    def _unused(self, permit: int) -> None:
        self._settle(permit, until=None)

    def _settle(self, permit: int, *, until: float | None) -> None:
        self._out.discard(permit)
        self._shared.settle(permit, until=until, soon=self._terms.block == 1)
        self._changed.set()


def _pace(terms: Terms) -> AsyncLimiter | None:
    """How often this process asks; the exact spacing over all processes is the file's.

    Twice a block, since a bucket of one would lose what a timer is late.
    """
    if not terms.step:
        return None
    return AsyncLimiter(2 * terms.block, 2 * terms.block * terms.step)


class _State(Enum):
    OPEN = "given, and not written yet"
    WRITTEN = "its call was written"
    ENDED = "answered, or not used"


class AccountPermit:
    """The right to make one call, from `AccountQuota.acquire`; a `migrator.ports.Permit`."""

    def __init__(self, quota: AccountQuota, number: int) -> None:
        self._quota, self._number = quota, number
        self._state = _State.OPEN

    def written(self) -> None:
        """The call was written just now; each time counts as a call, whatever was said before."""
        self._quota._written(self._number, is_first=self._state is _State.OPEN)  # noqa: SLF001 - one class in two halves
        self._state = _State.WRITTEN

    def answered(self) -> None:
        """The call is over. If nobody said that it was written, it is counted as written now."""
        if self._state is _State.OPEN:
            self.written()
        if self._state is _State.WRITTEN:
            self._quota._answered(self._number)  # noqa: SLF001 - one class in two halves
        self._state = _State.ENDED

    def unused(self) -> None:
        """No call was made: the right goes back (its place in the pace is gone)."""
        if self._state is _State.OPEN:
            self._quota._unused(self._number)  # noqa: SLF001 - one class in two halves
            self._state = _State.ENDED
