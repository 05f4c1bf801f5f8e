"""Time zones: their names, their rules, and a clock on the wall read as an instant.

Owns what the tz database says, taken from the tzdata package alone, so that two machines never
differ. It never reads a clock and never guesses a zone; what a cell means is `migrator.convert`.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

Nonexistent = Literal["forward", "error"]
"""What a local time that the clock skipped means: moved on by the length of the gap, or refused."""

Ambiguous = Literal["earlier", "later", "error"]
"""Which of two instants a local time that the clock showed twice means, or that it is refused."""


class NoInstant(Enum):
    """Why a local time is not one instant."""

    NONEXISTENT = "does not exist"
    AMBIGUOUS = "occurs twice"
    OUT_OF_RANGE = "is outside the years 1 to 9999 in UTC"


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every name that `zone` takes."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split())


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The zone of this IANA name.

    ``ZoneInfo(name)`` would ask the machine's own database first, and those differ.

    Raises:
        KeyError: There is none of this name, which `zone_names` tells beforehand.

    >>> zone("Asia/Kolkata").key
    'Asia/Kolkata'
    """
    if name not in zone_names():
        raise KeyError(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def to_utc(
    local: datetime, where: ZoneInfo, *, nonexistent: Nonexistent, ambiguous: Ambiguous
) -> datetime | NoInstant:
    """The instant at which the clocks of a zone showed this time, in UTC.

    Args:
        local: Naive: what the clock on the wall showed.
        where: The zone in which the clock hung.
        nonexistent: What to do with a time that the clocks skipped.
        ambiguous: What to do with a time that the clocks showed twice.

    >>> to_utc(datetime(2026, 3, 1, 9, 30), zone("Asia/Kolkata"),
    ...        nonexistent="error", ambiguous="error").isoformat()
    '2026-03-01T04:00:00+00:00'
    >>> to_utc(datetime(2026, 3, 29, 2, 30), zone("Europe/Berlin"),
    ...        nonexistent="error", ambiguous="error")
    <NoInstant.NONEXISTENT: 'does not exist'>
    """
    first = local.replace(tzinfo=where, fold=0)
    second = local.replace(tzinfo=where, fold=1)
    before, after = first.utcoffset() or timedelta(), second.utcoffset() or timedelta()
    chosen = first
    if before < after:
        # With fold=0 a skipped time has the offset before the gap (PEP 495), which is "forward".
        if nonexistent == "error":
            return NoInstant.NONEXISTENT
    elif before > after:
        if ambiguous == "error":
            return NoInstant.AMBIGUOUS
        chosen = first if ambiguous == "earlier" else second
    return in_utc(chosen)


def in_utc(moment: datetime) -> datetime | NoInstant:
    """An aware time in UTC.

    >>> in_utc(datetime(1, 1, 1, tzinfo=zone("Asia/Kolkata")))
    <NoInstant.OUT_OF_RANGE: 'is outside the years 1 to 9999 in UTC'>
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return NoInstant.OUT_OF_RANGE
