"""Text as a date or a datetime, by declared patterns or the vendor's own form; and the type date.

Owns the reading of dates: strict, since what strptime lets pass is more than a mapping declares.
It knows no zones; `datetimes` does.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Final, NamedTuple

from migrator.cells import cell_text
from migrator.convert.memory import remembering
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.convert.serials import moment_of
from migrator.mapping import Date
from migrator.mapping.patterns import directives
from migrator.model import Cell

_VENDOR_FORM: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?: ([0-9]{2}):([0-9]{2}):([0-9]{2}))?"
)
_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")
_ADJACENT: Final = re.compile(r"%[dfHIjmMSyY]%[dfHIjmMSyY]")


class Reading(NamedTuple):
    """What a text says."""

    moment: datetime  #: Aware when the text has an offset; at midnight when it has no time.
    has_time: bool


Reader = Callable[[str], tuple[Reading, ...]]
"""Gives every different reading of a text without white space around it; none when it has none."""


def reader(formats: tuple[str, ...], *, serials: bool = False) -> Reader:
    """Reads text by these patterns; without any, in the vendor's form.

    Args:
        formats: For strptime.
        serials: Whether a bare number is read as Excel's number of a day, besides.

    >>> reader(("%d/%m/%Y", "%m/%d/%Y"))("01/02/2024")  # doctest: +NORMALIZE_WHITESPACE
    (Reading(moment=datetime.datetime(2024, 2, 1, 0, 0), has_time=False),
     Reading(moment=datetime.datetime(2024, 1, 2, 0, 0), has_time=False))
    >>> reader(())("2024-02-30")
    ()
    """
    if not formats and not serials:
        return _read_vendor_form
    patterns = [_pattern(pattern) for pattern in formats] or [_one_vendor_form]
    if serials:
        patterns.append(_read_serial)

    def read(text: str) -> tuple[Reading, ...]:
        found = (pattern(text) for pattern in patterns)
        return tuple(dict.fromkeys(reading for reading in found if reading is not None))

    return read


def _read_vendor_form(text: str) -> tuple[Reading, ...]:
    """``2024-04-02`` or ``2024-04-02 12:13:44``.

    Source:
        LeadSquared "Update an Opportunity", its example.
    """
    found = _VENDOR_FORM.fullmatch(text)
    if found is None:
        return ()
    year, month, day, *clock = (int(part) for part in found.groups() if part)
    hour, minute, second = clock or (0, 0, 0)
    try:
        moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 -- a wall clock
    except ValueError:
        return ()
    return (Reading(moment, has_time=bool(clock)),)


def _one_vendor_form(text: str) -> Reading | None:
    return next(iter(_read_vendor_form(text)), None)


def _read_serial(text: str) -> Reading | None:
    found = moment_of(text)
    return Reading(*found) if found is not None else None


def _pattern(pattern: str) -> Callable[[str], Reading | None]:
    """Reads by one strptime pattern, without what strptime is generous about."""
    names = set(directives(pattern))
    has_time = bool(names & set("HI"))
    has_weekday = bool(names & set("aA"))
    # Up to its offset, whose spelling differs from what strftime writes.
    tight = pattern.partition("%z")[0] if _ADJACENT.search(pattern) else ""

    def read(text: str) -> Reading | None:
        # strptime takes the digits of every script.
        if not text.isascii() and _OTHER_DIGIT.search(text):
            return None
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 -- a wall clock, zoned later
        except (ValueError, OverflowError):
            return None
        # Without a separator "1122024" has two readings; only the padded text has one.
        if tight and not text.casefold().startswith(moment.strftime(tight).casefold()):
            return None
        # strptime reads the weekday and ignores it.
        if has_weekday and moment.strftime("%a").casefold() not in text.casefold():
            return None
        return Reading(moment, has_time)

    return read


# ------------------------------------------------------------------ the type date


def date_conversion(field: Date) -> Callable[[Cell], str | Refused]:
    """The conversion of a day: sent as ``YYYY-MM-DD``, shifted by no zone."""
    read = reader(field.formats, serials=field.serials)

    @remembering
    def convert_text(text: str) -> str | Refused:
        readings = read(text)
        # With a time to it the vendor's form says more than a day: the same as in Excel's cells.
        days = {reading.moment for reading in readings}
        if len(days) == 1:
            return _day(days.pop(), text)
        if days:
            return several_readings(text)
        return Refused(
            Fault.NOT_A_DATE,
            f"{quoted(text)} is not a date",
            how_to_write(text, field.formats, _PLAIN, serials=field.serials),
        )

    def convert(cell: Cell) -> str | Refused:
        if isinstance(cell, str):
            return convert_text(cell.strip())
        if isinstance(cell, datetime):
            return _day(cell, cell_text(cell))
        if isinstance(cell, date):
            return cell.isoformat()
        return Refused(
            Fault.NOT_A_DATE,
            f"{quoted(cell_text(cell))} is a time or a duration, not a date",
            "Correct the cell, or map another column.",
        )

    return convert


_PLAIN: Final = "YYYY-MM-DD"


def _day(moment: datetime, shown: str) -> str | Refused:
    """The day of a moment at midnight; another time of day would be lost."""
    if moment.time() == moment.min.time():
        return moment.date().isoformat()
    return Refused(
        Fault.HAS_TIME,
        f"{quoted(shown)} has a time of day, and a date has none",
        "Use `type: datetime`, or take the time out of the cell.",
    )


def several_readings(text: str) -> Refused:
    """The refusal of a text that fits two formats in two ways."""
    return Refused(
        Fault.SEVERAL_READINGS,
        f"{quoted(text)} fits two of the formats, with two meanings",
        "Declare one of them only, or split the column.",
    )


def how_to_write(text: str, formats: tuple[str, ...], form: str, *, serials: bool) -> str:
    """The advice for a text that cannot be read."""
    if not serials and (found := moment_of(text)):
        return (
            f"If this is the number that Excel stores for {found[0]:%Y-%m-%d}, declare `serials: "
            "true`; or format the column as a date in Excel, and export again."
        )
    if formats:
        return f"Write it as {' or '.join(formats)}, or add its form to `formats`."
    return f"Write it as {form}, or declare `formats`."
