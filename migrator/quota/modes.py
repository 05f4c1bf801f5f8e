"""How permits are given and come back: the three modes of the quota, as numbers.

Pure. A permit is out from the moment it is given; what a mode says is how many may be out, how
far apart they are given, and when one comes back. docs/quota.md argues why that suffices.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

BEST_PACE: Final = 1 / 1.01
"""The part of the rate at which calls are paced: measured with no refusal on a steady network
under an exact log, fixed windows, a floored weighted counter and a leaky bucket."""

PACED_MARGIN: Final = 0.05  #: Seconds by which a paced permit stays out longer than its window.
LEASE_MARGIN: Final = 0.004  #: The same for a lease, before what is learned of the up-link.
SURE_MARGIN: Final = 0.001  #: The same after the answer; clocks tick.

BLOCK_SECONDS: Final = 0.05
"""Above 20 permits in this time they are taken from the shared file in blocks that last so long."""


class Mode(StrEnum):
    """How near to the limit."""

    PACED = "paced"  #: Evenly spaced; nearly never refused, however the server counts.
    LEARNED = "learned"  #: As near as the network allows; a refusal now and then.
    SURE = "sure"  #: Never above the limit, but each permit waits for its answer.


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one mode allows at one moment."""

    permits: int  #: Most permits that are out together; at least 1.
    window: float  #: Seconds for which a call counts.
    step: float  #: Seconds between two permits; 0.0: none.
    out_after_write: float | None  #: Seconds until a written call's permit is back; None: never.
    out_after_answer: float  #: Seconds until an answered call's is; not before the other.

    @property
    def block(self) -> int:
        """How many permits are taken from the file together."""
        at_once = self.window / self.permits if self.step == 0.0 else self.step
        return max(1, min(self.permits // 4, ceil(BLOCK_SECONDS / at_once / 2)))


def terms(
    mode: Mode,
    *,
    limit: int,
    window: float,
    share: float,
    pace: float,
    allowance: float,
    fewer: int,
) -> Terms:
    """The terms of a mode.

    Args:
        mode: Which.
        limit: The account's most calls in one window; at least 1.
        window: Seconds; above 0.
        share: The part of the limit that is ours; above 0, at most 1.
        pace: Learned; the part of the rate at which calls are spaced.
        allowance: Learned; seconds by which calls are late on their way up, at most.
        fewer: Learned; permits that are not given.

    >>> paced = terms(
    ...     Mode.PACED, limit=25, window=5.0, share=0.8, pace=BEST_PACE, allowance=0.0, fewer=0
    ... )
    >>> paced.permits, round(paced.step, 4)
    (20, 0.2525)
    """
    permits = max(1, int(limit * share + 1e-9))
    if mode is Mode.LEARNED:
        return Terms(
            permits=max(1, permits - fewer),
            window=window,
            step=0.0,
            out_after_write=window + LEASE_MARGIN + allowance,
            out_after_answer=0.0,
        )
    step = window / permits / pace
    if mode is Mode.SURE:
        return Terms(
            permits=permits,
            window=window,
            step=step,
            out_after_write=None,
            out_after_answer=window + SURE_MARGIN,
        )
    return Terms(
        permits=permits,
        window=window,
        step=step,
        out_after_write=window + min(PACED_MARGIN, window / 20),
        out_after_answer=0.0,
    )
