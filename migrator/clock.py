"""The clock of the machine and of the running event loop.

Owns the one place that asks for the time, and how a time reads to the operator; it never decides
what a sheet's time means (`migrator.zones`).
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

DAY_SECONDS: Final = 86_400.0


class SystemClock:
    """Implements `migrator.ports.Clock`.

    Monotonic time is the event loop's, so that what is measured and what the loop's timers wait
    for are the same seconds, also in a loop whose time is simulated.
    """

    def monotonic(self) -> float:
        """The running loop's time; outside of any loop the machine's monotonic clock."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 in UTC, as the machine believes."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait; 0 or less gives way once."""
        await asyncio.sleep(max(0.0, seconds))


def local_time(at: float) -> str:
    """A wall time as the operator's own clock shows it, with its zone.

    Args:
        at: Seconds since 1970 in UTC.

    Returns:
        Such as "2026-11-24 06:00 IST (UTC+05:30)"; the zone's name is the machine's.
    """
    local = datetime.fromtimestamp(at, UTC).astimezone()
    name, offset = local.strftime("%Z"), local.strftime("%z")
    written = f"UTC{offset[:3]}:{offset[3:5]}"
    named = f"{name} ({written})" if name and name[0].isalpha() else written
    return f"{local:%Y-%m-%d %H:%M} {named}"


def next_utc_day(after: float) -> float:
    """When the next day of UTC begins.

    Args:
        after: Wall time; the result is later.

    >>> next_utc_day(86_400.0)
    172800.0
    """
    return (after // DAY_SECONDS + 1) * DAY_SECONDS


def local_clock(at: float) -> str:
    """A wall time as the operator's clock shows it, without its day: "23:41"."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%H:%M}"


def next_time_of_day(hour: int, minute: int, *, after: float) -> float:
    """When the operator's clock shows a time of day next.

    A time that the clock skips that day is taken by the offset before the skip, one that it shows
    twice is the first of both: `datetime`'s own reading.

    Args:
        hour: From 0 to 23.
        minute: From 0 to 59.
        after: Wall time; the result is later.
    """
    day = datetime.fromtimestamp(after, UTC).astimezone().date()
    for days in range(3):
        at = datetime(day.year, day.month, day.day, hour, minute) + timedelta(days=days)  # noqa: DTZ001 - the operator's clock
        moment = at.astimezone().timestamp()
        if moment > after:
            return moment
    raise AssertionError("two days have every time of day")
