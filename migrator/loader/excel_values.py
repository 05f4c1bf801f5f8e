"""What the stored number or text of an Excel cell reads as, without any file.

Owns number formats (is it a date?), serial numbers of days, and Excel's escapes in text. It
never looks at XML.

Source: ECMA-376 part 1, 18.8.30 (number formats), 18.17.4 (dates), 22.9.2.19 (ST_Xstring).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

from migrator.model import Cell


class Kind(Enum):
    """What a number format makes of a number."""

    NUMBER = "number"
    DATE = "date"  #: Shows a day, but no time.
    TIME = "time"  #: Shows a time, but no day.
    DATETIME = "datetime"
    DURATION = "duration"  #: Hours (or minutes, or seconds) that go beyond a day, as [h]:mm.


class Format(NamedTuple):
    """What matters of a cell's number format."""

    kind: Kind = Kind.NUMBER
    zeros: int = 0  #: Of a format of zeros only, such as 00000: how many; else 0.
    unit: str = ""  #: "percent" or "currency", where the format shows one.


GENERAL: Final = Format()

# ------------------------------------------------------------------ number formats

BUILTIN_KINDS: Final = {
    **dict.fromkeys((14, 15, 16, 17), Kind.DATE),
    **dict.fromkeys((18, 19, 20, 21, 45, 47), Kind.TIME),
    22: Kind.DATETIME,
    46: Kind.DURATION,
    # East Asian versions of Excel write their dates with these, without a format code.
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), Kind.DATE),
    **dict.fromkeys((32, 33), Kind.TIME),
}
"""Formats that stand in no workbook; every other one below 164 is a number or text."""

_NO_PLACEHOLDER: Final = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\[[^\]]*\]")


def kind_of_format(code: str) -> Kind:
    """What a number format shows; its first section decides, as for positive numbers.

    >>> kind_of_format("dd/mm/yyyy"), kind_of_format("[h]:mm"), kind_of_format("0.00E+00")
    (<Kind.DATE: 'date'>, <Kind.DURATION: 'duration'>, <Kind.NUMBER: 'number'>)
    >>> kind_of_format('[$-409]d mmm yy "um" h:mm AM/PM'), kind_of_format("mm:ss")
    (<Kind.DATETIME: 'datetime'>, <Kind.TIME: 'time'>)
    """
    section = _NO_PLACEHOLDER.sub("", code).split(";", 1)[0]
    if _ELAPSED.search(section):
        return Kind.DURATION
    letters = _BRACKETS.sub("", section).lower()
    if letters == "general":
        return Kind.NUMBER
    shows_time = "h" in letters or "s" in letters
    # "m" is a month unless hours or seconds stand beside it.
    shows_day = "y" in letters or "d" in letters or ("m" in letters and not shows_time)
    if shows_day:
        return Kind.DATETIME if shows_time else Kind.DATE
    return Kind.TIME if shows_time else Kind.NUMBER


_ZEROS: Final = re.compile(r"0+")
_CURRENCY: Final = re.compile(r"\[\$[^\]-]|[$€£¥₹₽₩₪฿₫₴₦₱]|\b(?:Rs|INR|USD|EUR|GBP|AED)\b")


def format_of_code(code: str) -> Format:
    """What matters of a number format's code.

    >>> format_of_code("00000").zeros, format_of_code("0").zeros, format_of_code("000-00").zeros
    (5, 0, 0)
    >>> format_of_code("0.0%").unit, format_of_code('[$₹-4009] #,##0.00').unit
    ('percent', 'currency')
    """
    kind = kind_of_format(code)
    if kind is not Kind.NUMBER:
        return Format(kind)
    section = code.split(";", 1)[0].strip()
    if len(section) > 1 and _ZEROS.fullmatch(section):
        return Format(kind, len(section))
    if "%" in _NO_PLACEHOLDER.sub("", section):
        return Format(kind, unit="percent")
    return Format(kind, unit="currency" if _CURRENCY.search(section) else "")


def format_of_number(number: int, codes: Mapping[int, str]) -> Format:
    """The format that a cell style names: one of the workbook's own, or a built-in one.

    Args:
        number: Its numFmtId (ECMA-376) or ifmt (BIFF).
        codes: The workbook's own formats.
    """
    if number in codes:
        return format_of_code(codes[number])
    unit = {9: "percent", 10: "percent"}.get(number, "")
    unit = "currency" if 5 <= number <= 8 or number in {42, 44} else unit
    return Format(BUILTIN_KINDS.get(number, Kind.NUMBER), unit=unit)


# ------------------------------------------------------------------ numbers

_NUMBER: Final = re.compile(r"\s*([+-]?)0*(\d+|\d*\.\d*)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_MOST_DIGITS: Final = 400  #: A double has at most 309 before the point.


def number_text(stored: str) -> str | None:
    """The shortest decimal text of a stored number, without exponent; None if it is none.

    Whole numbers keep every digit that is stored. Others are read as Excel reads them (as a
    double), and given the fewest digits that mean the same double.

    >>> number_text("200000"), number_text("200000.0"), number_text("0.1000000000000000055")
    ('200000', '200000', '0.1')
    >>> number_text("1E+21"), number_text("12345678901234567890"), number_text("-0")
    ('1000000000000000000000', '12345678901234567890', '0')
    """
    match = _NUMBER.fullmatch(stored)
    if match is None or len(stored) > _MOST_DIGITS:
        return None
    sign, digits, exponent = match.groups()
    if digits.isdecimal() and not exponent:
        return digits if sign != "-" or digits == "0" else sign + digits
    try:
        number = float(stored)
    except ValueError:  # a lone point
        return None
    if number in {float("inf"), float("-inf")}:
        return None
    text = format(Decimal(repr(number)), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


# ------------------------------------------------------------------ days and times

_DAY: Final = 86_400  #: Seconds.
_LAST_DAY: Final = 2_958_465  #: 31 December 9999.
_PHANTOM: Final = 60  #: 29 February 1900, a day that never was.
_LEAP_YEAR_MENDED: Final = (_PHANTOM + 1) * _DAY
_END: Final = (_LAST_DAY + 1) * _DAY
_ZERO_1900: Final = datetime.combine(date(1899, 12, 30), time())  #: Of days behind the phantom.
_DAYS_1904: Final = 1_462  #: Between the first days of the two date systems.


def moment(serial: float, kind: Kind, *, is_1904: bool) -> Cell | None:
    """The day, time or duration that Excel shows for a number; None where it shows none.

    Rounded to the second, half up, as Excel shows it: the fraction is the noise of a double.

    Args:
        serial: Days since the beginning of the workbook's date system.
        kind: What the cell's format shows; not `Kind.NUMBER`.
        is_1904: Whether the workbook counts from 1 January 1904.

    >>> moment(45384.509537, Kind.DATETIME, is_1904=False)
    datetime.datetime(2024, 4, 2, 12, 13, 44)
    >>> moment(45384.509537, Kind.DATE, is_1904=False)
    datetime.date(2024, 4, 2)
    >>> moment(1.25, Kind.DURATION, is_1904=False)
    datetime.timedelta(days=1, seconds=21600)
    """
    if not 0 <= serial < _LAST_DAY + 1:  # Excel shows ##### here
        return None
    in_seconds = int(serial * _DAY + 0.5)
    if kind is Kind.DATETIME and not is_1904 and _LEAP_YEAR_MENDED <= in_seconds < _END:
        return _ZERO_1900 + timedelta(0, in_seconds)
    days, seconds = divmod(in_seconds, _DAY)
    if kind is Kind.DURATION:
        return timedelta(days=days, seconds=seconds)
    of_day = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    if kind is Kind.TIME:
        return of_day
    first = _first_day(days + _DAYS_1904 if is_1904 else days)
    if first is None:
        return None
    return first if kind is Kind.DATE else datetime.combine(first, of_day)


def _first_day(serial: int) -> date | None:
    """The day of a serial number in the 1900 system; None for day 0 and the phantom day."""
    if serial in {0, _PHANTOM} or serial > _LAST_DAY:
        return None
    # The system counts a 29 February 1900, so that days before it stand one further.
    start = date(1899, 12, 31) if serial < _PHANTOM else date(1899, 12, 30)
    return start + timedelta(days=serial)


def iso_moment(text: str, kind: Kind) -> Cell | None:
    """A date that is stored as ISO 8601 text, shown as its format says; None if it is none.

    >>> iso_moment("2024-04-02T12:13:43.9999999Z", Kind.DATETIME)
    datetime.datetime(2024, 4, 2, 12, 13, 44)
    >>> iso_moment("2024-04-02", Kind.NUMBER)
    datetime.date(2024, 4, 2)
    """
    text = text.strip().removesuffix("Z")
    try:
        if "T" not in text and "-" not in text:
            return to_second(datetime.combine(date(1904, 1, 1), time.fromisoformat(text))).time()
        found = to_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    if found.tzinfo is not None:
        return None
    if kind is Kind.DATE or (kind is Kind.NUMBER and "T" not in text):
        return found.date()
    return found.time() if kind is Kind.TIME else found


def to_second(found: datetime) -> datetime:
    """Rounded to the second, half up."""
    up = timedelta(seconds=1) if found.microsecond >= 500_000 else timedelta(0)
    return found.replace(microsecond=0) + up


# ------------------------------------------------------------------ text

_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]+")


def unescape(text: str) -> str:
    r"""The text as Excel shows it: ``_x000D_`` is a carriage return, ``_x005F_`` a plain ``_``.

    >>> unescape("a_x000D_b"), unescape("_x005F_x000D_"), unescape("_x12_")
    ('a\rb', '_x000D_', '_x12_')
    """
    if "_x" not in text:
        return text
    return _SURROGATES.sub(_paired, _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text))


def _paired(found: re.Match[str]) -> str:
    """Two halves of a character become one; a lone half is kept as its escape."""
    halves = found[0].encode("utf-16-le", "surrogatepass")
    try:
        return halves.decode("utf-16-le")
    except UnicodeDecodeError:
        return "".join(f"_x{ord(half):04X}_" for half in found[0])
