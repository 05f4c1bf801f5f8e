"""What every reader of workbooks gives: rows of raw cells, faults, and the account of a sheet.

Owns the meaning that XLSX, XLSB, XLS and ODS share: what a number with a format reads as, and
which cells must not be used. It never opens a file and knows no file format.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple, Protocol

from migrator.loader.excel_values import Format, Kind, moment, number_text
from migrator.loader.rows import LONGEST_CELL, Told, nul_inside, shown, too_long
from migrator.model import Cell, Problem

MOST_ROWS: Final = 1_048_576  #: Microsoft, "Excel specifications and limits", 2026.
MOST_COLUMNS: Final = 16_384
MOST_DIGITS: Final = 15  #: Significant digits of a number that Excel keeps and shows; ibid.


class Fault(NamedTuple):
    """A cell whose value must not be used; its row is rejected."""

    text: str  #: What the cell shows.
    problem: Problem  #: Without its column, which the sheet does not know.


class RawRow(NamedTuple):
    """One row as it is stored; what is not in it is blank."""

    number: int  #: From 1, as Excel shows it.
    cells: dict[int, Cell | Fault]  #: By column, from 0.


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One worksheet of a workbook."""

    name: str
    part: str  #: Its place in the package, or what else its reader finds it by.
    is_hidden: bool


@dataclass(slots=True, kw_only=True)
class SheetAccount:
    """What the reading of a sheet met besides its cells; complete when the rows have ended."""

    header_row: int | None = None
    """Rows down to this one are in no count of kinds; None: the first row with a value."""
    formulas: int = 0  #: Cells with a formula, read by the value stored with it.
    hidden_rows: int = 0
    hidden_columns: set[int] = field(default_factory=set)  #: From 0.
    merged: list[str] = field(default_factory=list)  #: The merged ranges, as A1:C1.
    padded: dict[int, Told] = field(default_factory=dict)  #: By column: numbers shown with zeros.
    long: dict[int, Told] = field(default_factory=dict)  #: By column: over 15 digits.
    kinds: dict[str, dict[int, Told]] = field(default_factory=dict)
    """By kind of cell and by column: how many. The kinds are "text", "number", "percent",
    "currency" and "date"; blank, Boolean and error cells are not counted."""
    source: IO[bytes] | None = None  #: The sheet's bytes, while they are read.
    size: int = 0  #: How many they are.

    def part(self) -> float | None:
        """Which part of the sheet's bytes is read, for the eye alone; None: not known."""
        if self.source is None or self.source.closed or not self.size:
            return None
        return min(1.0, self.source.tell() / self.size)

    def watch(self, source: IO[bytes], size: int) -> None:
        """Tell by the place in the sheet's bytes how far the reading is."""
        self.source, self.size = source, size

    def clear(self) -> None:
        """Begin again: the sheet is read from its first row."""
        self.formulas = self.hidden_rows = 0
        for found in (self.hidden_columns, self.merged, self.padded, self.long, self.kinds):
            found.clear()

    def meet(self, kind: str, column: int, row: int, text: str = "") -> None:
        """Count one more cell of a kind, if it stands below the names of the columns."""
        if self.header_row is None:
            self.header_row = row
        if row > self.header_row:
            self.tell(self.kinds.setdefault(kind, {}), column, row, text)

    def tell(self, told: dict[int, Told], column: int, row: int, text: str) -> None:
        """Count one more cell of a column."""
        first = told.get(column)
        if first is None:
            told[column] = Told(row, text, 1)
        else:
            first.times += 1


class Book(Protocol):
    """A workbook that was opened; its sheets are read one at a time."""

    @property
    def sheets(self) -> Sequence[Sheet]:
        """The worksheets in the order of their tabs, hidden ones too."""

    def rows(self, sheet: Sheet, account: SheetAccount) -> Iterator[RawRow]:
        """Every row that the sheet stores, in ascending order; blank ones may be left out."""

    def close(self) -> None:
        """Close the file; harmless when it is closed."""


# ------------------------------------------------------------------ one cell


def number_cell(
    stored: str, format_: Format, *, is_1904: bool, row: int, column: int, account: SheetAccount
) -> Cell | Fault:
    """What a stored number reads as: text, or the day or time that its format shows.

    A format of zeros only (``00000``) pads a whole number as Excel shows it; every other format
    of a number leaves it as it is. Padding, and more than 15 digits, go into the account.
    """
    text = number_text(stored)
    if text is None:
        return no_number(stored)
    if format_.kind is not Kind.NUMBER:
        found = moment(float(stored), format_.kind, is_1904=is_1904)
        return no_date(text) if found is None else found
    if len(text) > MOST_DIGITS and significant_digits(text) > MOST_DIGITS:
        account.tell(account.long, column, row, text)
    if format_.zeros and "." not in text:
        digits = text.lstrip("-")
        if len(digits) < format_.zeros:
            text = text[: len(text) - len(digits)] + digits.zfill(format_.zeros)
            account.tell(account.padded, column, row, text)
    return text


def kind_of_cell(format_: Format) -> str:
    """The kind under which the account counts a number with this format."""
    return format_.unit or ("number" if format_.kind is Kind.NUMBER else "date")


def significant_digits(text: str) -> int:
    """How many digits a number's text has, without the zeros around them.

    >>> significant_digits("-0.0012"), significant_digits("1200"), significant_digits("100.5")
    (2, 2, 4)
    """
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    return len(digits if "." in text else digits.rstrip("0"))


def text_cell(text: str, length: int = 0) -> str | Fault:
    """The text, or the fault that no cell can hold it.

    Args:
        text: Its beginning at least.
        length: Its characters, where not all of them were kept.
    """
    if "\0" in text:
        return Fault(text, nul_inside("", text))
    length = max(length, len(text))
    return Fault(text, too_long("", text, length)) if length > LONGEST_CELL else text


# ------------------------------------------------------------------ faults


def error_cell(stored: str) -> Fault:
    """A cell that shows an error, such as #N/A."""
    return Fault(
        stored,
        Problem(
            code="error-cell",
            column="",
            value=shown(stored),
            reason=f"the cell shows the error {shown(stored)}",
            advice="Mend its formula in Excel, or type the value; empty the cell if it has none.",
        ),
    )


def not_calculated() -> Fault:
    """A formula without a stored value: openpyxl and other programs write such."""
    return Fault(
        "",
        Problem(
            code="no-cached-value",
            column="",
            value="",
            reason="the cell holds a formula that was never calculated",
            advice="Open the workbook in Excel or LibreOffice and save it, so that the values are "
            "stored with the formulas.",
        ),
    )


def no_number(stored: str) -> Fault:
    """Something else where a number belongs."""
    return Fault(
        stored,
        Problem(
            code="broken-number",
            column="",
            value=shown(stored),
            reason=f'the workbook stores "{shown(stored)}" where a number belongs',
            advice="Type the value again in Excel.",
        ),
    )


def no_date(text: str) -> Fault:
    """A number with a date format that is no day."""
    return Fault(
        text,
        Problem(
            code="impossible-date",
            column="",
            value=shown(text),
            reason=f"the cell has a date format, but {shown(text)} is no date that Excel can show",
            advice="Correct the date in Excel; a cell that shows ##### or the year 1900 is one.",
        ),
    )
