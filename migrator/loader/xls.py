"""Old Excel workbooks (.xls, of Excel 5 to 2003), read by xlrd.

Owns what a cell of xlrd means. xlrd reads a whole sheet into memory, so that the need is checked
before, and it fails in many ways, so that every one is turned into a refusal here. Of a formula
xlrd tells nothing but its value; how many there are is counted where the records are masked.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import xlrd
from xlrd.biffh import XL_CELL_BOOLEAN, XL_CELL_ERROR, XL_CELL_TEXT, XLRDError
from xlrd.compdoc import CompDocError

from migrator.errors import SourceError
from migrator.loader.binary_cells import (
    double_cell,
    error_of_code,
    range_name,
    string_cell,
    truth,
)
from migrator.loader.compound import CompoundError, CompoundFile
from migrator.loader.excel_values import GENERAL, Format, format_of_number
from migrator.loader.grid import Fault, RawRow, Sheet, SheetAccount, not_calculated, text_cell
from migrator.loader.rows import refuse_need
from migrator.loader.xls_records import Found, PasswordError, RecordError, mask_records
from migrator.model import Cell

NEED_PER_BYTE: Final = 14
"""Bytes of memory that a byte of the file may need: measured with 65,535 rows made by xlwt, 5 for
12 mixed columns, 10 for 12 columns of whole numbers, 14 for a single column. Rows whose only cell
stands far to the right need more, at most 184 MB for a full sheet, which no size tells.
"""

_SAVE_AGAIN: Final = (
    "Open it in Excel or LibreOffice and save it as Excel Workbook (*.xlsx); if it does not open "
    "there either, get a fresh copy."
)
_STREAMS: Final = (
    "workbook",
    "book",
)  #: Of Excel 97 and later, and of Excel 5; some files have both.
_OTHERS: Final = {
    "worddocument": "a Word document",
    "powerpoint document": "a PowerPoint presentation",
    "__properties_version1.0": "an Outlook message",
}
_BROKEN: Final = (
    XLRDError,
    CompDocError,
    CompoundError,
    RecordError,
    struct.error,
    LookupError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    TypeError,
    ValueError,
    RuntimeError,
    EOFError,
)
"""All that xlrd was seen to raise for files that it cannot read."""


class _Silence(io.StringIO):
    """Where xlrd writes its remarks: nowhere."""

    def write(self, text: str, /) -> int:
        return len(text)


class XlsBook:
    """A workbook that was opened; its sheets are read one at a time."""

    def __init__(self, path: Path, book: xlrd.Book, found: Found) -> None:
        self._path, self._book, self._found = path, book, found
        self._formats = _formats(book)
        self._sheets = tuple(
            Sheet(name=name, part=str(place), is_hidden=found.sheets[place].is_hidden)
            for place, name in enumerate(book.sheet_names())
        )

    @classmethod
    def open(cls, path: Path, *, budget: int) -> Self:
        """Open a workbook and list its worksheets; charts and macro sheets are left out.

        Args:
            path: The file.
            budget: Bytes of memory that the reading may take; the need is estimated as
                `NEED_PER_BYTE` times the file's size.

        Raises:
            SourceError: It is no workbook, a broken or encrypted one, or it may need more memory.
        """
        refuse_need(path.stat().st_size * NEED_PER_BYTE, budget, path.name)
        with _translated_errors(path.name):
            stream = _workbook_stream(path)
            found = mask_records(stream)
            book = xlrd.open_workbook(
                logfile=_Silence(),
                file_contents=bytes(stream),
                formatting_info=True,  # without it, xlrd keeps no cell's number format
                on_demand=True,
                ragged_rows=True,
            )
            opened = cls(path, book, found)
        if not opened.sheets:
            raise SourceError("the workbook has no worksheet", where=path.name, advice=_SAVE_AGAIN)
        return opened

    @property
    def sheets(self) -> Sequence[Sheet]:
        """The worksheets in the order of their tabs, hidden ones too."""
        return self._sheets

    def rows(self, sheet: Sheet, account: SheetAccount) -> Iterator[RawRow]:
        """Every row with a value, in ascending order.

        Raises:
            SourceError: The sheet is broken.
        """
        place = int(sheet.part)
        said = self._found.sheets[place]
        with _translated_errors(f'{self._path.name}: sheet "{sheet.name}"'):
            read = self._book.sheet_by_index(place)
            _account_for(read, account)
            account.formulas = said.formulas
            try:
                for number in range(read.nrows):
                    cells = self._cells(read, number, account)
                    if not said.is_calculated:
                        _add_uncalculated(read, number, cells)
                    if cells:
                        yield RawRow(number + 1, cells)
            finally:
                self._book.unload_sheet(place)

    def close(self) -> None:
        """Let go of the memory; harmless when it is done."""
        self._book.release_resources()

    def _cells(
        self, read: xlrd.sheet.Sheet, number: int, account: SheetAccount
    ) -> dict[int, Cell | Fault]:
        """The cells of a row that hold something."""
        cells: dict[int, Cell | Fault] = {}
        values: Sequence[str | float] = read.row_values(number)
        for column, (kind, value) in enumerate(zip(read.row_types(number), values, strict=True)):
            if value == "":
                continue
            if kind == XL_CELL_ERROR:
                cells[column] = error_of_code(int(value))
            elif kind == XL_CELL_BOOLEAN:
                cells[column] = truth(int(value))
            elif isinstance(value, str):
                text = text_cell(self._known(value))
                cells[column] = string_cell(text, row=number + 1, column=column, account=account)
            else:
                cells[column] = double_cell(
                    value,
                    self._formats[read.cell_xf_index(number, column)],
                    is_1904=self._book.datemode == 1,
                    row=number + 1,
                    column=column,
                    account=account,
                )
        return cells

    def _known(self, text: str) -> str:
        """The text, if its characters are known and not guessed."""
        if self._found.has_code_page or text.isascii():
            return text
        raise SourceError(
            "the workbook does not say in which code page its texts are",
            where=self._path.name,
            advice="Open it in Excel, check that letters such as é are shown rightly, and save it "
            "as Excel Workbook (*.xlsx).",
        )


def _formats(book: xlrd.Book) -> list[Format]:
    """The number format of each cell format (XF)."""
    # xlrd's own table knows no codes for East Asian dates; only those of the file are taken.
    codes = {found.format_key: found.format_str for found in book.format_list}
    known = {
        number: format_of_number(number, codes)
        for number in {found.format_key for found in book.xf_list}
    }
    return [known[found.format_key] for found in book.xf_list] or [GENERAL]


def _add_uncalculated(read: xlrd.sheet.Sheet, number: int, cells: dict[int, Cell | Fault]) -> None:
    """Make faults of the formulas in a row of a sheet whose formulas have no values yet."""
    for column, kind in enumerate(read.row_types(number)):
        if kind == XL_CELL_TEXT and column not in cells:
            cells[column] = not_calculated()


def _account_for(read: xlrd.sheet.Sheet, account: SheetAccount) -> None:
    account.hidden_rows = sum(bool(row.hidden) for row in read.rowinfo_map.values())
    hidden = (place for place, column in read.colinfo_map.items() if column.hidden)
    account.hidden_columns.update(hidden)
    account.merged.extend(
        range_name((top, bottom - 1), (left, right - 1))
        for top, bottom, left, right in read.merged_cells
    )


# ------------------------------------------------------------------ the file


def _workbook_stream(path: Path) -> bytearray:
    """The records of the workbook in a compound file.

    Raises:
        SourceError: It holds something else.
        CompoundError: It is broken.
    """
    compound = CompoundFile(memoryview(path.read_bytes()))
    entries = {entry.name.lower(): entry for entry in compound.entries}
    if "encryptedpackage" in entries:
        raise PasswordError
    for name in _STREAMS:
        if name in entries and entries[name].is_stream:
            return compound.read(entries[name])
    what = next((_OTHERS[name] for name in entries if name in _OTHERS), "an Office file")
    raise SourceError(
        f"the file is {what}, not a workbook",
        where=path.name,
        advice="Name the workbook; a table in a document must be saved as .xlsx or CSV first.",
    )


@contextmanager
def _translated_errors(where: str) -> Iterator[None]:
    """Turn what the reading of a broken or encrypted workbook raises into a refusal."""
    try:
        yield
    except PasswordError as error:
        raise SourceError(
            "the workbook is password-protected",
            where=where,
            advice="Open it in Excel, remove the password (File, Info, Protect Workbook, Encrypt "
            "with Password: empty it), save, and run the command again.",
        ) from error
    except MemoryError as error:
        raise SourceError(
            "reading the workbook needs more memory than there is",
            where=where,
            advice="Save the sheet as CSV UTF-8 or .xlsx, which are read piece by piece.",
        ) from error
    except _BROKEN as error:
        raise SourceError(
            f"the workbook is broken, or no workbook of Excel 5 to 2003 ({_said(error)})",
            where=where,
            advice=_SAVE_AGAIN,
        ) from error


def _said(error: BaseException) -> str:
    if isinstance(error, CompoundError | RecordError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
