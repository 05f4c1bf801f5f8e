"""What one cell of an OpenDocument spreadsheet means: its text, its value, its fault.

Owns the rules for white space, for value types and for errors. It never parses XML and knows
nothing of rows.

Source: OASIS OpenDocument 1.3 part 3, 6.1.2 (white space), 19.387 (office:value-type) and the
attributes beside it. What LibreOffice writes was looked at with version 7.4, 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from migrator.cells import cell_text
from migrator.loader.excel_values import Format, Kind, iso_moment, moment, number_text
from migrator.loader.grid import (
    Fault,
    SheetAccount,
    error_cell,
    kind_of_cell,
    no_date,
    no_number,
    not_calculated,
    number_cell,
    text_cell,
)
from migrator.loader.ods_styles import OFFICE, TABLE
from migrator.loader.rows import LONGEST_CELL
from migrator.loader.xml_events import XmlError
from migrator.model import Cell

NULL_DAY: Final = date(1899, 12, 30)  #: The day of the number 0, unless the document says another.

_TYPE, _VALUE = f"{OFFICE}value-type", f"{OFFICE}value"
_DATE, _TIME = f"{OFFICE}date-value", f"{OFFICE}time-value"
_BOOLEAN, _STRING = f"{OFFICE}boolean-value", f"{OFFICE}string-value"
_FORMULA: Final = f"{TABLE}formula"
_LIBREOFFICE_TYPE: Final = (
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
)
_TEXTS: Final = frozenset({"", "string", "void"})
_UNITS: Final = {"float": "", "percentage": "percent", "currency": "currency"}

_ERROR: Final = re.compile(r"#(N/[AD]|NV|GETTING_DATA)|#[¡¿]?[^\W\d_]+(/0)?[!?]|Err:5\d\d")
"""What a formula shows for an error: #N/A, #DIV/0!, #NAME?, #WERT!, Err:502."""
_ERROR_FOR_ZERO: Final = re.compile(r"#[^\W\d_]+(/[^\W_]+)?|[^\W\d_]{3,8}\.?\s?:\s?5\d\d")
"""What a cell with the value 0 may show besides: #N/V, Fehler:502."""

_DAY_TEXT: Final = re.compile(r"\d{4}-\d\d-\d\d(T.*)?", re.ASCII)
_DURATION: Final = re.compile(
    r"(-?)P(?=.)(?:(\d{1,7})D)?"
    r"(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:[.,]\d{1,30})?)S)?)?",
    re.ASCII,
)
_A_DAY: Final = 86_400  #: Seconds.
_FIRST_SERIAL: Final = 61  #: 1 March 1900: earlier days have other numbers in Excel.


class Stored(NamedTuple):
    """A cell as it stands in the XML."""

    attributes: Mapping[str, str]
    text: str  #: What it shows; the beginning at least, when it is endless.
    length: int  #: Characters of the whole text.
    has_text: bool  #: Whether it has a paragraph, be it an empty one.

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing at all: most cells of a sheet."""
        return (
            not self.has_text and _TYPE not in self.attributes and _FORMULA not in self.attributes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReader:
    """Reads the cells of one sheet, and tells its account of them."""

    null_day: date  #: The day of the number 0.
    account: SheetAccount

    def value(self, stored: Stored, format_: Format, *, row: int, column: int) -> Cell | Fault:
        """What a cell reads as; "" for a blank one.

        Raises:
            XmlError: The cell's value type is none of the format's.
        """
        kind = stored.attributes.get(_TYPE, "")
        is_formula = _FORMULA in stored.attributes
        if is_formula and not stored.has_text and not _has_value(stored.attributes, kind):
            return not_calculated()
        value: Cell | Fault
        if stored.attributes.get(_LIBREOFFICE_TYPE) == "error" or _shows_error(stored, kind):
            value, counted = error_cell(stored.text), ""
        elif kind in _UNITS:
            value, counted = self._number(stored, format_, row, column)
        else:
            value, counted = _other(stored, kind, format_.kind)
        self.account.formulas += is_formula and value != ""
        if counted and not isinstance(value, Fault):
            shown = cell_text(value)
            if shown and not shown.isspace():
                self.account.meet(counted, column, row, shown)
        return value

    def _number(
        self, stored: Stored, format_: Format, row: int, column: int
    ) -> tuple[Cell | Fault, str]:
        """The number of a cell, and the kind as which it counts."""
        attributes, account = stored.attributes, self.account
        value = attributes.get(_VALUE)
        if value is None:
            return no_number(stored.text), ""
        if format_.kind is not Kind.NUMBER:
            return _from_serial(value, format_.kind, self.null_day), "date"
        # LibreOffice writes the Booleans of an Excel workbook so.
        if _FORMULA in attributes and (value, stored.text) in {("1", "TRUE"), ("0", "FALSE")}:
            return stored.text, ""
        unit = _UNITS[attributes[_TYPE]]
        if unit and unit != format_.unit:
            format_ = Format(unit=unit)
        found = number_cell(value, format_, is_1904=False, row=row, column=column, account=account)
        return found, kind_of_cell(format_)


def _has_value(attributes: Mapping[str, str], kind: str) -> bool:
    return _VALUE in attributes if kind in _UNITS else bool(kind)


def _shows_error(stored: Stored, kind: str) -> bool:
    """Whether a value must not be used, because the cell shows an error in its place."""
    text, attributes = stored.text, stored.attributes
    if kind in _TEXTS:
        if _FORMULA not in attributes or not text:
            return False
        # An error in whatever language has a text to show, and no text for a value.
        return attributes.get(_STRING) == "" or _ERROR.fullmatch(text) is not None
    if not text or text[0].isdecimal():  # nearly every number
        return False
    if _ERROR.fullmatch(text):
        return True
    is_zero = number_text(attributes.get(_VALUE, "")) == "0"
    return is_zero and _ERROR_FOR_ZERO.fullmatch(text) is not None


# ------------------------------------------------------------------ values


def _other(stored: Stored, kind: str, shown_as: Kind) -> tuple[Cell | Fault, str]:
    """The value of a cell that is no number, and the kind as which it counts."""
    attributes = stored.attributes
    if kind in _TEXTS:
        return _text(stored), "text"
    if kind == "boolean":
        return _boolean(attributes.get(_BOOLEAN, "")), ""
    if kind == "date":
        return _date(attributes.get(_DATE, ""), shown_as), "date"
    if kind == "time":
        return _time(attributes.get(_TIME, ""), shown_as), "date"
    raise XmlError(f"a cell has the unknown type {kind!r}")


def _text(stored: Stored) -> str | Fault:
    stated = stored.attributes.get(_STRING)
    return text_cell(stated) if stated else text_cell(stored.text, stored.length)


def _from_serial(value: str, kind: Kind, null_day: date) -> Cell | Fault:
    """The day or time that a plain number shows by the format of its cell."""
    text = number_text(value)
    if text is None:
        return no_number(value)
    serial = float(value)
    if kind in {Kind.DATE, Kind.DATETIME}:
        serial += (null_day - NULL_DAY).days
        if serial < _FIRST_SERIAL:
            return no_date(text)
    found = moment(serial, kind, is_1904=False)
    return no_date(text) if found is None else found


def _boolean(value: str) -> str | Fault:
    return {"true": "TRUE", "false": "FALSE"}.get(value) or no_number(value)


def _date(value: str, kind: Kind) -> Cell | Fault:
    """A date as its cell shows it: LibreOffice leaves out a time of midnight, the format tells."""
    value = value.strip()
    if not _DAY_TEXT.fullmatch(value):
        return no_date(value)
    found = iso_moment(value, Kind.DATETIME if kind is Kind.DURATION else kind)
    if found is None:
        return no_date(value)
    # The day of the number 0: nobody meant it, a blank cell was shown as a date.
    day = found.date() if isinstance(found, datetime) else found
    return no_date(value) if day == NULL_DAY else found


def _time(value: str, kind: Kind) -> Cell | Fault:
    """A time of day, or a duration where the format shows one or it does not fit in a day."""
    seconds = to_seconds(value.strip())
    if seconds is None:
        return no_date(value)
    rounded = int(seconds.quantize(Decimal(1), ROUND_HALF_UP))
    if kind is Kind.DURATION or seconds >= _A_DAY:
        return timedelta(seconds=rounded)
    if seconds < 0:  # shown as the time that many hours before midnight, and meant by nobody
        return no_date(value)
    minutes, second = divmod(rounded % _A_DAY, 60)
    return time(minutes // 60, minutes % 60, second)


def to_seconds(text: str) -> Decimal | None:
    """The seconds of an ISO 8601 duration without months and years; None if it is none.

    >>> to_seconds("PT12H13M43.9990032S"), to_seconds("-PT06H00M00S"), to_seconds("P1DT2H")
    (Decimal('44023.9990032'), Decimal('-21600'), Decimal('93600'))
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    sign, days, hours, minutes, seconds = match.groups(default="0")
    whole = int(days) * _A_DAY + int(hours) * 3600 + int(minutes) * 60
    total = whole + Decimal(seconds.replace(",", "."))
    return -total if sign == "-" else total


# ------------------------------------------------------------------ text

_LAID_OUT: Final = re.compile(r" *[\t\n][ \t\n]*")
_MOST_HELD: Final = 8 * LONGEST_CELL  #: An endless text is refused by its length.


class CellText:
    """Gathers the text of one cell after the other, paragraph by paragraph.

    White space with a line break or tab in it is how the file is laid out: it reads as one
    space, and as nothing at the ends of a paragraph. Plain spaces are kept, however many:
    OpenDocument would have them read as one, but LibreOffice writes cells of several lines
    with them, and shows them all.
    """

    def __init__(self) -> None:
        self._held: list[str] = []  #: Of the cell.
        self._raw: list[str] = []  #: Since the last exact character.
        self._length = 0
        self._paragraphs = 0
        self._is_at_start = True

    def begin(self) -> None:
        """A paragraph begins."""
        if self._paragraphs:
            self.put("\n")
        self._paragraphs += 1
        self._is_at_start = True

    def add(self, data: str) -> None:
        """Text as it stands in the XML."""
        if self._length <= _MOST_HELD:
            self._raw.append(data)
        self._length += len(data)

    def put(self, text: str, count: int = 1) -> None:
        """Characters that an element stands for: a tab, a line break, spaces."""
        self._settle()
        self._length += count
        if count and self._length <= _MOST_HELD:
            self._held.append(text * count)
        self._is_at_start = False

    def end(self) -> None:
        """A paragraph ends."""
        self._settle(is_end=True)

    def take(self, attributes: Mapping[str, str]) -> Stored:
        """The cell is complete; the next one begins."""
        text = "".join(self._held)
        length = self._length if self._length > _MOST_HELD else len(text)
        stored = Stored(attributes, text, length, self._paragraphs > 0)
        self._held.clear()
        self._length = self._paragraphs = 0
        return stored

    def _settle(self, *, is_end: bool = False) -> None:
        """Bring what was gathered raw into its form."""
        if not self._raw:
            return
        raw = "".join(self._raw)
        self._raw.clear()
        if "\n" in raw or "\t" in raw:
            shorter = _LAID_OUT.sub(" ", raw)
            if self._is_at_start and _LAID_OUT.match(raw):
                shorter = shorter[1:]
            if is_end and shorter and raw.rstrip(" ")[-1:] in {"\t", "\n"}:
                shorter = shorter[:-1]
            raw = shorter
        if raw:
            self._held.append(raw)
            self._is_at_start = False
