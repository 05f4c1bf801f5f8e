"""Instants put together from days and times of day that were read before.

Owns a memory, no rule: every day and every time of day in it was read by the exact way first, and
what is not in it goes the exact way. A million datetimes hold some thousand days and times.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from migrator.convert.dates import Reader
from migrator.convert.refusal import Refused
from migrator.mapping.patterns import directives

_MOST_DAYS: Final = 20_000  #: Per field: 54 years.
_MOST_CLOCKS: Final = 90_000  #: Per offset: more than a day has seconds.

Value = TypeVar("Value")
Exact = Callable[[str], str | Refused]
"""Gives the instant of a text without white space around it."""


class DayReader(NamedTuple):
    """Reads one text without white space around it, or many cells of text."""

    one: Exact
    many: Callable[[Sequence[str]], list[str | Refused]]  #: Gives "" for a blank one.


def with_day_table(
    exact: Exact, *, read: Reader, formats: tuple[str, ...], where: ZoneInfo
) -> DayReader:
    """The same as `exact`, faster where days and times of day come again.

    Args:
        exact: Reads any text.
        read: Reads any text as a clock on the wall.
        formats: What `read` reads; none is the vendor's form.
        where: The zone in which `exact` takes the clock to hang.
    """
    cut = cut_of(formats)
    if cut is not None:
        table = _DayTable(exact, read=read, cut=cut, where=where)
        return DayReader(table.text, table.texts)

    def many(texts: Sequence[str]) -> list[str | Refused]:
        return [exact(text) if (text := cell.strip()) else "" for cell in texts]

    return DayReader(exact, many)


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


class _DayTable:
    """What is known of days and times of day: three dates of each in UTC, and its clocks."""

    def __init__(self, exact: Exact, *, read: Reader, cut: Cut, where: ZoneInfo) -> None:
        self._exact, self._read, self._where = exact, read, where
        self._cut, self._halves = cut, cut.halves
        self._days: dict[str, _Day] = {}
        self._clocks: dict[int, _Clocks] = {}  #: By offset in minutes; a zone has a handful.

    def text(self, text: str) -> str | Refused:
        """The instant of a text."""
        day_text, _, clock_text = self._halves(text)
        try:
            dates, clocks = self._days[day_text]
            shift, clock = clocks[clock_text]
        except KeyError:
            return self._learn(text, day_text, clock_text)
        return dates[shift] + clock

    def texts(self, texts: Sequence[str]) -> list[str | Refused]:
        """The instants of cells of text, "" for a blank one."""
        found: list[str | Refused] = []
        halves, days, append = self._halves, self._days, found.append
        for cell in texts:
            day_text, _, clock_text = halves(cell)
            try:
                dates, clocks = days[day_text]
                shift, clock = clocks[clock_text]
            except KeyError:
                text = cell.strip()
                append(self.text(text) if text else "")
            else:
                append(dates[shift] + clock)
        return found

    def _learn(self, text: str, day_text: str, clock_text: str) -> str | Refused:
        """Read exactly; remember the halves where each stands for itself."""
        exact = self._exact(text)
        if isinstance(exact, Refused) or not self._cut.is_clean(day_text, clock_text):
            return exact
        local = self._read(text)[0].moment
        day = self._days.get(day_text) or self._day_of(local)
        if day is not None:
            _remember(self._days, day_text, day, most=_MOST_DAYS)
            _remember(day.clocks, clock_text, _clock(local, day.clocks), most=_MOST_CLOCKS)
        return exact

    def _day_of(self, local: datetime) -> "_Day | None":
        """The day of a local time, unless the clocks change on it or it is at an end of time."""
        midnight = datetime.combine(local, time())
        try:
            before, after = midnight - timedelta(days=1), midnight + timedelta(days=1)
        except OverflowError:
            return None
        offset = offset_of_day(midnight, self._where)
        # Old offsets have seconds, and sent is what has none of them lost.
        if offset is None or offset % timedelta(minutes=1):
            return None
        minutes = offset // timedelta(minutes=1)
        clocks = self._clocks.setdefault(minutes, _Clocks(minutes))
        return _Day((_iso(before), _iso(midnight), _iso(after)), clocks)


class _Clocks(dict[str, tuple[int, str]]):
    """Times of day under one offset: which of a day's dates it is in UTC, and the time."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset  #: Minutes.


class _Day(NamedTuple):
    """A day on which the zone has one offset."""

    dates: tuple[str, str, str]  #: The day before it, itself, the day after, as they are sent.
    clocks: _Clocks


def _clock(local: datetime, clocks: _Clocks) -> tuple[int, str]:
    minute = local.hour * 60 + local.minute - clocks.offset
    shift, minute = divmod(minute, 1440)
    return shift + 1, f" {minute // 60:02d}:{minute % 60:02d}:{local.second:02d}"


def _iso(midnight: datetime) -> str:
    return midnight.date().isoformat()


def _remember(memory: dict[str, Value], key: str, value: Value, *, most: int) -> None:
    if len(memory) >= most:
        memory.clear()
    memory[key] = value


@lru_cache(maxsize=32_768)  # every field of the zone, and `check`, ask for the same days
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
