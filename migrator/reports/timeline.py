"""Time cut into buckets: how wide they are, and where a long silence stands between them.

Pure: counts come in, buckets go out. A run that was resumed the next day has two stretches, so
that the night between them takes no room.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

MOST_BUCKETS: Final = 60  #: About; a silence may add one for each stretch.
SILENCE: Final = 600.0  #: Seconds without a call after which a stretch ends.
_WIDTHS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A short time, and what happened in it."""

    began_at: datetime
    stretch: int  #: From 0; another one begins after a long silence.
    calls: int  #: Updates that left in it.
    verdicts: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows whose last call left in it, by the state they have now."""


def width_for(active_seconds: float) -> float:
    """How many seconds a bucket has, so that there are not too many of them.

    >>> width_for(4), width_for(4000), width_for(36_000), width_for(30 * 86_400)
    (1.0, 120.0, 600.0, 43200.0)
    """
    for width in _WIDTHS:
        if active_seconds / width <= MOST_BUCKETS:
            return float(width)
    return float(_DAY * -(-active_seconds // (_DAY * MOST_BUCKETS)))


def buckets(
    calls: Iterable[tuple[int, str, int]],
    rows: Iterable[tuple[int, str, int]],
    *,
    width: float,
) -> tuple[Bucket, ...]:
    """The buckets in order, empty ones between them included.

    Args:
        calls: Number of a bucket (times the width: its beginning), verdict, count.
        rows: Number of a bucket, state, count.
        width: Seconds.
    """
    verdicts, states = _by_bucket(calls), _by_bucket(rows)
    known = sorted({*verdicts, *states})
    return tuple(
        Bucket(
            began_at=datetime.fromtimestamp(number * width, UTC),
            stretch=stretch,
            calls=sum(verdicts.get(number, {}).values()),
            verdicts=verdicts.get(number, {}),
            rows=states.get(number, {}),
        )
        for stretch, numbers in enumerate(_stretches(known, width))
        for number in numbers
    )


def _by_bucket(counts: Iterable[tuple[int, str, int]]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for number, kind, count in counts:
        found.setdefault(number, {})[kind] = count
    return found


def _stretches(known: Sequence[int], width: float) -> list[range]:
    """Runs of bucket numbers without a long silence in them.

    >>> _stretches([1, 2, 5, 900], 60)
    [range(1, 6), range(900, 901)]
    """
    if not known:
        return []
    # With wide buckets a single empty one is a silence already; two must be, lest days vanish.
    silence = max(SILENCE / width, 2)
    starts = [known[0], *(b for a, b in pairwise(known) if b - a > silence)]
    ends = [*(a for a, b in pairwise(known) if b - a > silence), known[-1]]
    return [range(start, end + 1) for start, end in zip(starts, ends, strict=True)]
