"""The quota of one process: a pace, and behind it a guard over the times of the writes.

Owns the order in which permits are given and what became of each. It never sends and knows no
answer; several processes that share one account are not its matter.
"""

import asyncio
from collections import deque
from contextlib import suppress
from enum import Enum
from typing import Final

from aiolimiter import AsyncLimiter

from migrator.model import Slowing
from migrator.ports import Clock
from migrator.quota.memory import CallMemory
from migrator.quota.window import step, wait_before_next

PAUSE: Final = (
    1.05  #: Windows that nothing leaves after a rate answer, which took time to come back.
)


class PacedQuota:
    """At most ``limit`` calls in any ``window`` seconds, evenly spaced; a `migrator.ports.Quota`.

    Permits are given in the order in which they were asked for. aiolimiter as a bucket of one is
    the pace; it knows nothing of calls that are written late, so a guard counts the writes
    themselves. Calls in flight are not bounded: a slow answer costs nothing.

    Args:
        limit: Most calls in one window; at least 1.
        window: Seconds; above 0.
        clock: Its monotonic time must be the running loop's.
        margin: Seconds by which the guard's window is longer than the account's, for calls that
            take unequally long to arrive.
        memory: When the account's last call was, whichever process made it; None: nobody knows.
    """

    def __init__(
        self,
        limit: int,
        window: float,
        *,
        clock: Clock,
        margin: float = 0.05,
        memory: CallMemory | None = None,
    ) -> None:
        if limit < 1 or window <= 0 or margin < 0:
            raise ValueError(f"no quota of {limit} calls in {window} s with {margin} s of margin")
        self._limit, self._window, self._span = limit, window, window + margin
        self._clock, self._memory = clock, memory
        self._turn = asyncio.Lock()  # First come, first served; a cancelled waiter just leaves.
        self._pace = AsyncLimiter(1, step(limit, window))
        self._written: deque[float] = deque(maxlen=limit)
        self._unwritten = 0
        self._changed = asyncio.Event()
        self._begins_at: float | None = None

    async def acquire(self) -> "PacedPermit":
        """Wait for the right to make one call.

        Whoever gets a permit ends it, with `answered` or `unused`, whatever happens: one that is
        dropped counts as written now for ever.
        """
        async with self._turn:
            await self._wait_for_calls_of_an_earlier_process()
            await self._pace.acquire()
            await self._wait_for_the_window()
            self._unwritten += 1
            return PacedPermit(self)

    def refused(self, told: tuple[int, float] | None) -> Slowing:
        """A rate answer came: nothing leaves for a window, and a little for the way back."""
        del told
        return Slowing(pause=self._window * PAUSE)

    async def _wait_for_calls_of_an_earlier_process(self) -> None:
        now = self._clock.monotonic()
        if self._begins_at is None:
            self._begins_at = now + (self._memory.rest(self._span) if self._memory else 0.0)
        if self._begins_at > now:
            await self._clock.sleep(self._begins_at - now)

    async def _wait_for_the_window(self) -> None:
        while (wait := self._wait()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    def _wait(self) -> float:
        return wait_before_next(
            self._written,
            self._clock.monotonic(),
            unwritten=self._unwritten,
            limit=self._limit,
            span=self._span,
        )

    def _count_write(self, *, of_open_permit: bool) -> None:
        self._written.append(self._clock.monotonic())
        if self._memory:
            self._memory.record()
        if of_open_permit:
            self._take_back()

    def _take_back(self) -> None:
        self._unwritten -= 1
        self._changed.set()


class _State(Enum):
    OPEN = "given, and counted as written now"
    WRITTEN = "its call was written"
    ENDED = "answered, or not used"


class PacedPermit:
    """The right to make one call, from `PacedQuota.acquire`; a `migrator.ports.Permit`."""

    def __init__(self, quota: PacedQuota) -> None:
        self._quota = quota
        self._state = _State.OPEN

    def written(self) -> None:
        """The call was written just now; each time counts as a call, whatever was said before."""
        self._quota._count_write(of_open_permit=self._state is _State.OPEN)  # noqa: SLF001 - one class in two halves
        self._state = _State.WRITTEN

    def answered(self) -> None:
        """The call is over. If nobody said that it was written, it is counted as written now."""
        if self._state is _State.OPEN:
            self.written()
        self._state = _State.ENDED

    def unused(self) -> None:
        """No call was made: the right goes back to the window (the pace's step is gone)."""
        if self._state is _State.OPEN:
            self._quota._take_back()  # noqa: SLF001 - one class in two halves
            self._state = _State.ENDED
