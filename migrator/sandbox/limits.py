"""The ways in which a server may count calls: exact log, fixed and weighted windows, days.

Pure: each judge is told the time of a call and says whether it is admitted. It reads no clock.
LeadSquared does not publish which way it counts, so a client has to be tried under each.
"""

import math
from collections import deque
from enum import StrEnum
from typing import Protocol


class Counting(StrEnum):
    """How calls are counted."""

    LOG = "log"  #: Exact: at most N in any window.
    FIXED = "fixed"  #: At most N in each of the windows laid end to end from `phase`.
    WEIGHTED = "weighted"  #: Fixed windows, the one before counted by its overlap, floored.


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
    share of it that the sliding window still covers, floored.

    >>> judge = WeightedWindows(2, 4.0)
    >>> [judge.admit(now) for now in (0.0, 0.0, 5.0, 5.0, 7.0)]
    [True, True, True, False, True]
    """

    def __init__(
        self, limit: int, window: float, *, phase: float = 0.0, refused_count: bool = False
    ) -> None:
        self.limit, self.window, self.phase = limit, window, phase
        self.refused_count = refused_count
        self._number, self._before, self._count = 0, 0, 0

    def admit(self, now: float) -> bool:
        """See `Judge.admit`."""
        since = now - self.phase
        number = math.floor(since / self.window)
        if number != self._number:
            self._before = self._count if number == self._number + 1 else 0
            self._number, self._count = number, 0
        left = self.window - (since - number * self.window)
        estimate = math.floor(self._before * left / self.window) + self._count
        admitted = estimate < self.limit
        self._count += admitted or self.refused_count
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
    if counting is Counting.LOG:
        return SlidingLog(limit, window, refused_count=refused_count)
    kind = FixedWindows if counting is Counting.FIXED else WeightedWindows
    return kind(limit, window, phase=phase, refused_count=refused_count)
