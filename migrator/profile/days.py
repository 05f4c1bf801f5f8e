"""Dates as text: by which patterns they can be read, and what they say about the order of days.

Owns the evidence, never a decision: 02/04/2024 stays open until other cells settle it. What is
said to fit a pattern is read by it in `migrator.convert`, too; a test holds both together.
"""

import re
from collections import Counter
from datetime import MINYEAR, date
from typing import Final, NamedTuple, TypeVar

from migrator.profile.model import DayOrder, FormatCount

Value = TypeVar("Value")

_MOST_REMEMBERED: Final = 20_000  #: Days, and times of day, per column.
_LONGEST_DAY: Final = 18  #: September 30, 2024.

_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_NAMED: Final = re.compile(r"([0-9]{1,2})([-/. ])([A-Za-z]{3,9})\2([0-9]{4}|[0-9]{2})")
_NAME_FIRST: Final = re.compile(r"([A-Za-z]{3,9}) ([0-9]{1,2})(,?) ([0-9]{4})")
_CLOCK: Final = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?(?:( ?)([AaPp])[Mm])?"
    r"( ?)(Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])?"
)
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_SHORT: Final = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}
_LONG: Final = {name: number for number, name in enumerate(_MONTHS, 1)}


class Day(NamedTuple):
    """A text that names a day, in both readings; an impossible one has no pattern and no day."""

    pattern: str  #: Of the reading that is the only one, or has the day first.
    day: str  #: As YYYY-MM-DD.
    other_pattern: str  #: Of the reading that has the month first.
    other_day: str  #: The same as `day`, without a pattern, where the form itself is clear.


class Clock(NamedTuple):
    """A text that names a time of day."""

    pattern: str
    time: str  #: As HH:MM:SS with all digits of the fraction; sorts as the times do.


Moment = tuple[Day, str, Clock]
"""A text that names a day, perhaps with a time; between them a blank or T, or "" without a time."""

_NO_CLOCK: Final = Clock("", "")


def read_day(text: str) -> Day | None:
    """The day that a text names, in the readings that are possible.

    >>> read_day("31/01/2024")
    Day(pattern='%d/%m/%Y', day='2024-01-31', other_pattern='', other_day='')
    >>> read_day("02/04/24")
    Day(pattern='%d/%m/%y', day='2024-04-02', other_pattern='%m/%d/%y', other_day='2024-02-04')
    >>> read_day("31/02/2024")
    """
    if found := _YEAR_FIRST.fullmatch(text):
        year, mark, month, day = found.groups()
        return _one_way(year, int(month), day, f"%Y{mark}%m{mark}%d")
    if found := _YEAR_LAST.fullmatch(text):
        return _two_ways(*found.groups())
    if found := _NAMED.fullmatch(text):
        day, mark, name, year = found.groups()
        month, letter = _month(name)
        return _one_way(year, month, day, f"%d{mark}%{letter}{mark}{_year_letter(year)}")
    if found := _NAME_FIRST.fullmatch(text):
        name, day, comma, year = found.groups()
        month, letter = _month(name)
        return _one_way(year, month, day, f"%{letter} %d{comma} %Y")
    return None


def read_clock(text: str) -> Clock | None:
    """The time of day that a text names.

    >>> read_clock("5:30 pm"), read_clock("17:30:00.5Z")
    (Clock(pattern='%I:%M %p', time='17:30:00'), Clock(pattern='%H:%M:%S.%f%z', time='17:30:00.5'))
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour_text, minute, second, fraction, space, half, gap, offset = found.groups(default="")
    hour = int(hour_text)
    if minute > "59" or second > "59" or hour > 23 or (half and not 1 <= hour <= 12):
        return None
    if gap and not offset:
        return None
    pattern = f"{'%I' if half else '%H'}:%M{':%S' if second else ''}{'.%f' if fraction else ''}"
    if half:
        pattern += f"{space}%p"
        hour = hour % 12 + (12 if half in "pP" else 0)
    pattern += f"{gap}%z" if offset else ""
    return Clock(pattern, f"{hour:02d}:{minute}:{second or '00'}{fraction}")


def _one_way(year: str, month: int, day: str, pattern: str) -> Day | None:
    found = _iso(year, month, int(day))
    return Day(pattern, found, "", found) if found else None


def _two_ways(first: str, mark: str, second: str, year: str) -> Day | None:
    letter = _year_letter(year)
    as_day = _iso(year, int(second), int(first))
    as_month = _iso(year, int(first), int(second))
    if not as_day and not as_month:
        return None
    return Day(
        f"%d{mark}%m{mark}{letter}" if as_day else "",
        as_day,
        f"%m{mark}%d{mark}{letter}" if as_month else "",
        as_month,
    )


def _year_letter(year: str) -> str:
    return "%Y" if len(year) == 4 else "%y"


def _month(name: str) -> tuple[int, str]:
    """The number of a month's English name, and strptime's letter for it; 0 for another word."""
    name = name.lower()
    return (_SHORT[name], "b") if name in _SHORT else (_LONG.get(name, 0), "B")


def _iso(year_text: str, month: int, day: int) -> str:
    """The day as text that sorts, or "" for one that does not exist."""
    year = int(year_text)
    if len(year_text) == 2:
        year += 1900 if year >= 69 else 2000  # as strptime does
    if year < MINYEAR:
        return ""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


class MomentReader:
    """Reads the texts of one column; remembers days and times of day, which come again."""

    def __init__(self) -> None:
        self._days: dict[str, Day] = {}
        self._clocks: dict[str, Clock] = {}

    def read(self, text: str) -> Moment | None:
        """The moment that a text names, or None.

        >>> day, joint, clock = MomentReader().read("2024-04-02T17:43:00")
        >>> day.day, joint, clock.pattern
        ('2024-04-02', 'T', '%H:%M:%S')
        """
        head, joint, tail = text.partition(" ")
        day, clock = self._days.get(head), self._clocks.get(tail)
        if day and clock:
            return day, joint, clock
        return self._read_anew(text)

    def _read_anew(self, text: str) -> Moment | None:
        colon = text.find(":")
        if colon < 0:
            day = self._day(text)
            return (day, "", _NO_CLOCK) if day else None
        cut = max(text.rfind(" ", 0, colon), text.rfind("T", 0, colon))
        day, clock = self._day(text[:cut]) if cut > 0 else None, self._clock(text[cut + 1 :])
        return (day, text[cut], clock) if day and clock else None

    def _day(self, text: str) -> Day | None:
        found = self._days.get(text)
        if found is None and len(text) <= _LONGEST_DAY and (found := read_day(text)):
            _remember(self._days, text, found)
        return found

    def _clock(self, text: str) -> Clock | None:
        found = self._clocks.get(text)
        if found is None and (found := read_clock(text)):
            _remember(self._clocks, text, found)
        return found


def _remember(memory: dict[str, Value], text: str, found: Value) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[text] = found


class Range:
    """The first and the last of what was met, by a key that sorts."""

    def __init__(self) -> None:
        self.smallest: str | None = None
        self.largest: str | None = None
        self._low, self._high = "\U0010ffff", ""

    def meet(self, key: str, text: str) -> None:
        """Take one more into the range."""
        if key < self._low:
            self._low, self.smallest = key, text
        if key > self._high:
            self._high, self.largest = key, text


class DateEvidence:
    """What all dates of a column say together."""

    def __init__(self) -> None:
        self._reader = MomentReader()
        self._patterns: Counter[tuple[str, str, str, str]] = Counter()
        self._day_first = self._month_first = self._open = 0
        self.as_day_first, self.as_month_first = Range(), Range()

    def take(self, texts: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        """Count the texts that are dates, and give them: days alone, and days with a time."""
        days: dict[str, int] = {}
        datetimes: dict[str, int] = {}
        for text, count in texts.items():
            moment = self._reader.read(text)
            if moment is None:
                continue
            (datetimes if moment[1] else days)[text] = count
            self._count(text, moment, count)
        return days, datetimes

    def _count(self, text: str, moment: Moment, count: int) -> None:
        day, joint, clock = moment
        self._patterns[day.pattern, day.other_pattern, joint, clock.pattern] += count
        as_day, as_month = day.day, day.other_day
        if as_day is not as_month:
            self._count_order(as_day, as_month, count)
        if as_day:
            self.as_day_first.meet(as_day + clock.time, text)
        if as_month:
            self.as_month_first.meet(as_month + clock.time, text)

    def _count_order(self, as_day: str, as_month: str, count: int) -> None:
        if not as_month:
            self._day_first += count
        elif not as_day:
            self._month_first += count
        elif as_day != as_month:
            self._open += count

    @property
    def order(self) -> DayOrder:
        """Which number is the day, as far as the cells tell."""
        return DayOrder(day_first=self._day_first, month_first=self._month_first, open=self._open)

    @property
    def formats(self) -> tuple[FormatCount, ...]:
        """Each pattern with the cells it reads; the commonest first, then day before month."""
        found: Counter[str] = Counter()
        for (pattern, other, joint, clock), count in self._patterns.items():
            for day in filter(None, (pattern, other)):
                found[day + joint + clock] += count
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return tuple(FormatCount(pattern, count) for pattern, count in ordered)
