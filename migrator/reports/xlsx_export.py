"""A table as an Excel workbook in which every cell is text.

Owns the form of the file: nothing in it is a formula, a number or a date, so that nothing runs and
no value changes. Rows are streamed, and memory does not grow with them. It knows no entries.

Source: "Excel specifications and limits", read 2026-11.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.writer.excel import ExcelWriter

from migrator.errors import SourceError
from migrator.reports.table import EXPORT_SHEET
from migrator.reports.whole_file import whole_file
from migrator.reports.xlsx_text import LONGEST_CELL, escape_text, units

MOST_ROWS: Final = 1_048_575  #: Below the header.
MOST_COLUMNS: Final = 16_384

TEXT_FORMAT: Final = "@"
_ROWS_MEASURED: Final = 100  #: Of the first rows, for the widths of the columns.
_NARROWEST, _WIDEST = 8, 50  #: Characters.
_USE_CSV: Final = "Write it as CSV instead: -o FILE.csv."


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows of text to ``path``; gives how many. The file appears whole or not at all.

    Raises:
        SourceError: The file cannot be written, or a workbook cannot hold the rows.
    """
    refuse_columns(len(header), where=str(path))
    rows = iter(rows)
    with streamed_sheet(path, EXPORT_SHEET) as sheet:
        first = list(islice(rows, _ROWS_MEASURED))
        lay_out(sheet, header, first)
        count = _write_rows(sheet, header, chain(first, rows), where=str(path))
        last = get_column_letter(len(header))
        sheet.auto_filter.ref = f"A1:{last}{count + 1}"  # type: ignore[attr-defined] # forgotten, too
    return count


@contextlib.contextmanager
def streamed_sheet(path: Path, title: str, *, is_new: bool = False) -> Iterator[WriteOnlyWorksheet]:
    """The one sheet of a workbook that becomes ``path`` at the end, whole or not at all.

    Args:
        path: The workbook.
        title: The sheet's name.
        is_new: Whether ``path`` must not be there.

    Raises:
        SourceError: The file cannot be written.
    """
    with whole_file(path, is_new=is_new) as part:
        part.touch()  # a folder that may not be written to is found before the work
        book = Workbook(write_only=True)
        book.properties.creator = "migrator"
        sheet = book.create_sheet(title)
        try:
            yield sheet
        except BaseException:
            # openpyxl removes its own file at exit, which Windows refuses while it is open; what
            # stands in it is of no account any more.
            with contextlib.suppress(Exception):
                sheet.close()
            raise
        # As `book.save` does, but closed in any case: what fails at exit would be a traceback.
        with ZipFile(part, "w", ZIP_DEFLATED) as archive:
            ExcelWriter(book, archive).save()


def refuse_columns(count: int, *, where: str) -> None:
    """Do nothing if a sheet has so many columns.

    Raises:
        SourceError: It has not.
    """
    if count > MOST_COLUMNS:
        raise SourceError(
            f"the export has {count:,} columns; an Excel sheet holds {MOST_COLUMNS:,}",
            where=where,
            advice=_USE_CSV,
        )


def refuse_rows(count: int, *, where: str) -> None:
    """Do nothing if a sheet can hold so many rows below its header.

    Raises:
        SourceError: It cannot.
    """
    if count > MOST_ROWS:
        raise SourceError(
            f"the export has {count:,} rows; an Excel sheet holds {MOST_ROWS:,} below its header",
            where=where,
            advice=_USE_CSV,
        )


# ------------------------------------------------------------------ the sheet


def lay_out(
    sheet: WriteOnlyWorksheet,
    header: Sequence[str],
    first: Sequence[Sequence[str]],
    *,
    header_row: int = 1,
) -> None:
    """What a streamed sheet wants to know before its first row."""
    sheet.freeze_panes = f"A{header_row + 1}"
    widths = sheet.column_dimensions  # type: ignore[attr-defined] # the stubs have forgotten it
    for place, name in enumerate(header):
        longest = max(len(name), *(len(row[place]) for row in first), _NARROWEST)
        widths[get_column_letter(place + 1)].width = min(longest, _WIDEST) + 2


def _write_rows(
    sheet: WriteOnlyWorksheet,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    where: str,
) -> int:
    heading, cell = text_cell(sheet), text_cell(sheet)
    heading.font = Font(bold=True)
    sheet.append(filled(heading, _stored(header, header, f"{where}, the header")))
    count = 0
    for count, row in enumerate(rows, 1):
        refuse_rows(count, where=where)
        sheet.append(filled(cell, _stored(row, header, f"{where}, row {count + 1}")))
    return count


def text_cell(sheet: WriteOnlyWorksheet) -> Cell:
    """A cell to be filled again and again."""
    cell = WriteOnlyCell(sheet)
    cell.number_format = TEXT_FORMAT
    return cell


def filled(cell: Cell, texts: Sequence[str]) -> Iterator[Cell]:
    """The one cell with each text; it is written before it gets the next one."""
    for text in texts:
        cell.value = text or None
        # openpyxl takes "=1" for a formula and "#N/A" for an error, unless told.
        cell.data_type = "s" if text else "n"
        yield cell


def _stored(row: Sequence[str], header: Sequence[str], where: str) -> list[str]:
    """The row's texts as they are stored; all are looked at before the row is begun."""
    return [
        stored_text(text, where=where, column=name) for name, text in zip(header, row, strict=True)
    ]


def stored_text(text: str, *, where: str, column: str) -> str:
    """The text as a cell stores it.

    Raises:
        SourceError: It is longer than a cell of Excel's may be.
    """
    text = escape_text(text)
    # A character has at most two units.
    if len(text) > LONGEST_CELL // 2 and units(text) > LONGEST_CELL:
        raise SourceError(
            f"the cell has {units(text):,} characters; an Excel cell holds {LONGEST_CELL:,}",
            where=f'{where}, column "{column[:60]}"',
            advice=_USE_CSV,
        )
    return text
