"""Instants put together from days and times of day that were read before.

Owns a memory, no rule: every day and every time of day in it was read by the exact way first, and
what is not in it goes the exact way. A million datetimes hold some thousand days and times.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from migrator.convert.dates import Reader
from migrator.convert.refusal import Refused
from migrator.mapping.patterns import directives

_MOST_DAYS: Final = 20_000  #: Per field: 54 years.
_MOST_CLOCKS: Final = 90_000  #: Per field: more than a day has seconds.
_MINUTES: Final = tuple(f" {minute // 60:02d}:{minute % 60:02d}" for minute in range(1440))
_SECONDS: Final = tuple(f":{second:02d}" for second in range(60))

Value = TypeVar("Value")
Exact = Callable[[str], str | Refused]
"""Gives the instant of a text without white space around it."""


def with_day_table(
    exact: Exact, *, read: Reader, formats: tuple[str, ...], where: ZoneInfo
) -> Exact:
    """The same as `exact`, faster where days and times of day come again.

    Args:
        exact: Reads any text.
        read: Reads any text as a clock on the wall.
        formats: What `read` reads; none is the vendor's form.
        where: The zone in which `exact` takes the clock to hang.
    """
    cut = cut_of(formats)
    return exact if cut is None else _DayTable(exact, read=read, cut=cut, where=where).text


# ------------------------------------------------------------------ cutting


class Cut(NamedTuple):
    """How the texts of one pattern fall into a day and a time of day."""

    halves: Callable[[str], tuple[str, str, str]]  #: Cuts at a space.
    day_spaces: int  #: In the day of the pattern.
    clock_spaces: int  #: In its time of day.

    def is_clean(self, day: str, clock: str) -> bool:
        """Whether each half stands for itself, whatever stands in the other.

        strptime takes any white space for a space, and " 1" for a day; so spaces must stand just
        where the pattern has them.
        """
        return (
            day.count(" ") == self.day_spaces == len(day.split()) - 1
            and clock.count(" ") == self.clock_spaces == len(clock.split()) - 1
        )


def cut_of(formats: tuple[str, ...]) -> Cut | None:
    """How to cut texts of these formats, or None when the halves could depend on each other.

    There must be one pattern, with all of the day before a space and all of the time behind it,
    no offset, and no weekday, which is looked for in the whole text.

    >>> cut_of(("%d/%m/%Y %I:%M %p",)).halves("02/04/2024 12:13 PM")
    ('02/04/2024', ' ', '12:13 PM')
    >>> cut_of(("%H:%M %d/%m/%Y",))
    """
    pattern = formats[0] if formats else "%Y-%m-%d %H:%M:%S"
    if len(formats) > 1 or set(directives(pattern)) & set("zaA"):
        return None
    if pattern != " ".join(pattern.split()):
        return None
    for halves in (_at_first, _at_last):
        day, _, clock = halves(pattern)
        dates, times = set(directives(day)), set(directives(clock))
        if dates and times and dates <= set("YymbBdj") and times <= set("HIMSfp"):
            return Cut(halves, day.count(" "), clock.count(" "))
    return None


def _at_first(text: str) -> tuple[str, str, str]:
    return text.partition(" ")


def _at_last(text: str) -> tuple[str, str, str]:
    return text.rpartition(" ")


# ------------------------------------------------------------------ remembering


class _Day(NamedTuple):
    """A day on which the zone has one offset."""

    offset: int  #: Minutes.
    before: str  #: The day before it, as it is sent.
    same: str
    after: str


class _DayTable:
    """What is known of days and times of day."""

    def __init__(self, exact: Exact, *, read: Reader, cut: Cut, where: ZoneInfo) -> None:
        self._exact, self._read, self._where = exact, read, where
        self._cut, self._halves = cut, cut.halves
        self._days: dict[str, _Day] = {}
        self._clocks: dict[str, tuple[int, str]] = {}  #: Minute of the day, and the seconds.

    def text(self, text: str) -> str | Refused:
        """The instant of a text."""
        day_text, _, clock_text = self._halves(text)
        day = self._days.get(day_text)
        clock = self._clocks.get(clock_text)
        if day is None or clock is None:
            return self._learn(text, day_text, clock_text)
        offset, before, same, after = day
        minute = clock[0] - offset
        if minute < 0:
            return before + _MINUTES[minute + 1440] + clock[1]
        if minute >= 1440:
            return after + _MINUTES[minute - 1440] + clock[1]
        return same + _MINUTES[minute] + clock[1]

    def _learn(self, text: str, day_text: str, clock_text: str) -> str | Refused:
        """Read exactly; remember the halves where each stands for itself."""
        exact = self._exact(text)
        if isinstance(exact, Refused) or not self._cut.is_clean(day_text, clock_text):
            return exact
        local = self._read(text)[0].moment
        day = self._days.get(day_text) or _day_of(local, self._where)
        if day is not None:
            _remember(self._days, day_text, day, most=_MOST_DAYS)
            clock = (local.hour * 60 + local.minute, _SECONDS[local.second])
            _remember(self._clocks, clock_text, clock, most=_MOST_CLOCKS)
        return exact


def _remember(memory: dict[str, Value], key: str, value: Value, *, most: int) -> None:
    if len(memory) >= most:
        memory.clear()
    memory[key] = value


def _day_of(local: datetime, where: ZoneInfo) -> _Day | None:
    """The day of a local time, unless the clocks change on it or it is at an end of time."""
    midnight = datetime.combine(local, time())
    try:
        before, after = midnight - timedelta(days=1), midnight + timedelta(days=1)
    except OverflowError:
        return None
    offset = offset_of_day(midnight, where)
    # Old offsets have seconds, and sent is what has none of them lost.
    if offset is None or offset % timedelta(minutes=1):
        return None
    days = (day.date().isoformat() for day in (before, midnight, after))
    return _Day(offset // timedelta(minutes=1), *days)


@lru_cache(maxsize=32_768)
def offset_of_day(midnight: datetime, where: ZoneInfo) -> timedelta | None:
    """The zone's one offset on a local day, or None when the clocks change on it.

    Asked hour by hour, with both readings of a doubtful time: no zone ever changed its clocks and
    changed them back within an hour (a test asks all of them).

    Args:
        midnight: The beginning of the day; naive, and not the last day of all.
        where: The zone.
    """
    hours = (midnight + timedelta(hours=hour) for hour in range(25))
    offsets = {
        hour.replace(tzinfo=where, fold=fold).utcoffset() for hour in hours for fold in (0, 1)
    }
    return offsets.pop() if len(offsets) == 1 else None
