"""The ways in which a server may count calls: log, fixed and weighted windows, bucket, days.

Pure: each judge is told the time of a call and says whether it is admitted. It reads no clock.
LeadSquared does not publish which way it counts, so a client has to be tried under each.
"""

import math
from collections import deque
from enum import StrEnum
from typing import Final, Protocol

_ROUNDING: Final = 1e-9  #: A level that has drained to a whole number may miss it by this much.


class Counting(StrEnum):
    """How calls are counted."""

    LOG = "log"  #: Exact: at most N in any window.
    FIXED = "fixed"  #: At most N in each of the windows laid end to end from `phase`.
    WEIGHTED = "weighted"  #: Fixed windows, the one before counted by its overlap, floored.
    WEIGHTED_REAL = "weighted-real"  #: The same estimate, not floored.
    BUCKET = "bucket"  #: Leaks N per window, holds N.


class Judge(Protocol):
    """Admits or refuses calls."""

    def admit(self, now: float) -> bool:
        """Whether a call that arrives now is admitted; it is counted accordingly.

        Args:
            now: Seconds; never less than in the call before.
        """


class SlidingLog:
    """Remembers each counted call of the last window.

    Args:
        limit: Most calls in any window; at least 1.
        window: Seconds; a call is forgotten when it is exactly this old.
        refused_count: Whether a refused call fills the window as well.

    >>> judge = SlidingLog(2, 5.0)
    >>> [judge.admit(now) for now in (0.0, 4.0, 4.9, 5.0)]
    [True, True, False, True]
    """

    def __init__(self, limit: int, window: float, *, refused_count: bool = False) -> None:
        self.limit, self.window, self.refused_count = limit, window, refused_count
        self._counted: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """See `Judge.admit`."""
        while self._counted and now - self._counted[0] >= self.window:
            self._counted.popleft()
        admitted = len(self._counted) < self.limit
        if admitted or self.refused_count:
            self._counted.append(now)
        return admitted


class FixedWindows:
    """Counts anew at each border ``phase + k * window``.

    >>> judge = FixedWindows(2, 5.0, phase=1.0)
    >>> [judge.admit(now) for now in (4.0, 5.0, 5.9, 6.0)]
    [True, True, False, True]
    """

    def __init__(
        self, limit: int, window: float, *, phase: float = 0.0, refused_count: bool = False
    ) -> None:
        self.limit, self.window, self.phase = limit, window, phase
        self.refused_count = refused_count
        self._number, self._count = 0, 0

    def admit(self, now: float) -> bool:
        """See `Judge.admit`."""
        number = math.floor((now - self.phase) / self.window)
        if number != self._number:
            self._number, self._count = number, 0
        admitted = self._count < self.limit
        self._count += admitted or self.refused_count
        return admitted


class WeightedWindows:
    """Estimates the last window from two fixed ones, as many gateways do.

    The estimate is the count of the running window plus the count of the one before times the
    share of it that the sliding window still covers; a call is admitted while estimate + 1 <= N.
    Floored, the estimate drops its fraction first, which lets one call more through.

    >>> judge = WeightedWindows(2, 4.0)
    >>> [judge.admit(now) for now in (0.0, 0.0, 5.0, 5.0, 7.0)]
    [True, True, True, False, True]
    """

    def __init__(
        self,
        limit: int,
        window: float,
        *,
        phase: float = 0.0,
        refused_count: bool = False,
        floored: bool = True,
    ) -> None:
        self.limit, self.window, self.phase = limit, window, phase
        self.refused_count, self.floored = refused_count, floored
        self._number, self._before, self._count = 0, 0, 0

    def admit(self, now: float) -> bool:
        """See `Judge.admit`."""
        since = now - self.phase
        number = math.floor(since / self.window)
        if number != self._number:
            self._before = self._count if number == self._number + 1 else 0
            self._number, self._count = number, 0
        left = self.window - (since - number * self.window)
        before = self._before * left / self.window
        estimate = (math.floor(before) if self.floored else before) + self._count
        admitted = estimate + 1 <= self.limit
        self._count += admitted or self.refused_count
        return admitted


class LeakyBucket:
    """Each call adds one to a level that drains N per window; admitted while level + 1 <= N.

    >>> judge = LeakyBucket(2, 4.0)
    >>> [judge.admit(now) for now in (0.0, 0.0, 1.0, 2.0)]
    [True, True, False, True]
    """

    def __init__(self, limit: int, window: float, *, refused_count: bool = False) -> None:
        self.limit, self.window, self.refused_count = limit, window, refused_count
        self._level, self._at = 0.0, 0.0

    def admit(self, now: float) -> bool:
        """See `Judge.admit`."""
        drained = (now - self._at) * self.limit / self.window
        self._level, self._at = max(0.0, self._level - drained), now
        admitted = self._level + 1 <= self.limit + _ROUNDING
        self._level += admitted or self.refused_count
        return admitted


class DayCount:
    """Counts the calls of each UTC day anew.

    >>> day = DayCount()
    >>> day.add(86_399.0); day.add(86_399.9)
    >>> day.at(86_399.9), day.at(86_400.0)
    (2, 0)
    """

    def __init__(self) -> None:
        self._day, self._count = 0, 0

    def at(self, wall: float) -> int:
        """How many calls the day of this moment has had.

        Args:
            wall: Seconds since 1970.
        """
        return self._count if self._day == math.floor(wall / 86_400) else 0

    def add(self, wall: float) -> None:
        """One more call."""
        self._day, self._count = math.floor(wall / 86_400), self.at(wall) + 1


def judge_for(
    counting: Counting, *, limit: int, window: float, phase: float, refused_count: bool
) -> Judge:
    """A judge with an empty memory."""
    match counting:
        case Counting.LOG:
            return SlidingLog(limit, window, refused_count=refused_count)
        case Counting.FIXED:
            return FixedWindows(limit, window, phase=phase, refused_count=refused_count)
        case Counting.BUCKET:
            return LeakyBucket(limit, window, refused_count=refused_count)
    return WeightedWindows(
        limit,
        window,
        phase=phase,
        refused_count=refused_count,
        floored=counting is Counting.WEIGHTED,
    )
