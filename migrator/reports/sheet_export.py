"""A sheet written anew: its own cells as they were read, in their own rows, with columns of ours.

Owns the form of the two files, which read back as they were given: in a workbook a text is a
text and a date a date; a CSV has the source's encoding and delimiter, and nothing in it is
escaped, for it is read by the same mapping as the source. It decides no cell.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final

from openpyxl.cell import Cell as WorkbookCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from migrator.cells import cell_text
from migrator.errors import SourceError
from migrator.model import Cell
from migrator.reports.whole_file import whole_file
from migrator.reports.xlsx_export import (
    TEXT_FORMAT,
    lay_out,
    refuse_columns,
    refuse_rows,
    stored_text,
    streamed_sheet,
)

NumberedRow = tuple[int, Sequence[Cell]]
"""The number at which Excel shows the row, and its cells; ascending. What is between is blank."""

_FIRST_SURE_DAY: Final = date(1900, 3, 1)
"""Excel counts a 29 February 1900 that never was; before it, and before 1900, a date is a text."""
FORMATS: Final[tuple[tuple[type, str], ...]] = (
    (datetime, "yyyy-mm-dd hh:mm:ss"),
    (date, "yyyy-mm-dd"),
    (time, "hh:mm:ss"),
    (timedelta, "[h]:mm:ss"),
)
"""The first that fits counts: a datetime is a date, too."""
_NOT_IN_A_TITLE: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]|^'|'$")
_LONGEST_TITLE: Final = 31  #: Characters; "Excel specifications and limits", read 2026-11.
_ROWS_MEASURED: Final = 100


def write_sheet_xlsx(
    path: Path,
    header: Sequence[str],
    rows: Iterable[NumberedRow],
    *,
    title: str,
    header_row: int = 1,
) -> None:
    """Write a sheet to the new workbook ``path``; it appears whole or not at all.

    Args:
        path: The workbook; nothing may be there.
        header: The names of all columns.
        rows: A row may have more cells than the header, or fewer.
        title: The sheet's name; what Excel does not take in one becomes "_".
        header_row: Where the header stands; the rows above it are blank.

    Raises:
        SourceError: The file cannot be written, or a workbook cannot hold the rows.
    """
    refuse_columns(len(header), where=str(path))
    rows = iter(rows)
    title = _NOT_IN_A_TITLE.sub("_", title)[:_LONGEST_TITLE]
    with streamed_sheet(path, title, is_new=True) as sheet:
        first = list(islice(rows, _ROWS_MEASURED))
        widths = [_texts(cells, len(header)) for _, cells in first]
        lay_out(sheet, header, widths, header_row=header_row)
        for _ in range(header_row - 1):
            sheet.append([])
        sheet.append(_heading(sheet, header, where=f"{path}, the header"))
        written, filling = header_row, _Cells(sheet, header)
        for number, cells in chain(first, rows):
            refuse_rows(number - 1, where=str(path))
            for _ in range(number - written - 1):
                sheet.append([])
            sheet.append(filling.filled(cells, where=f"{path}, row {number}"))
            written = number


def write_sheet_csv(
    path: Path,
    header: Sequence[str],
    rows: Iterable[NumberedRow],
    *,
    encoding: str,
    delimiter: str,
    header_row: int = 1,
) -> None:
    """Write a sheet to the new text file ``path``; it appears whole or not at all.

    Args:
        path: The file; nothing may be there.
        header: The names of all columns.
        rows: As for a workbook; dates and times are written as ISO texts.
        encoding: As Python knows it; UTF-8 and UTF-16 get their mark, by which Excel knows them.
        delimiter: One character.
        header_row: Where the header stands; the rows above it are blank.

    Raises:
        SourceError: The file cannot be written, or a character has no place in the encoding.
    """
    marked = {"utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}
    with (
        whole_file(path, is_new=True) as part,
        part.open("w", encoding=marked.get(encoding, encoding), newline="") as file,
    ):
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([] for _ in range(header_row - 1))
        written = header_row
        try:
            writer.writerow(header)
            for number, cells in rows:
                writer.writerows([] for _ in range(number - written - 1))
                writer.writerow(map(cell_text, cells))
                written = number
        except UnicodeEncodeError as error:
            raise SourceError(
                f"the row holds a character that {encoding} does not have "
                f"({error.object[error.start]!a})",
                where=f"{path}, row {written + 1}",
                advice="Write a workbook instead: -o FILE.xlsx.",
            ) from error


# ------------------------------------------------------------------ the cells of a workbook


def _heading(
    sheet: WriteOnlyWorksheet, header: Sequence[str], *, where: str
) -> Iterator[WorkbookCell]:
    cell = WriteOnlyCell(sheet)
    cell.number_format, cell.font = TEXT_FORMAT, Font(bold=True)
    for name in header:
        set_text(cell, stored_text(name, where=where, column=name))
        yield cell


class _Cells:
    """Fills rows with one cell for each format; each is written before it is filled again."""

    def __init__(self, sheet: WriteOnlyWorksheet, header: Sequence[str]) -> None:
        self._header = header
        self._by_format: dict[str, WorkbookCell] = {}
        for number_format in ("", *(text for _, text in FORMATS)):
            cell = WriteOnlyCell(sheet)
            cell.number_format = number_format or TEXT_FORMAT
            self._by_format[number_format] = cell

    def filled(self, cells: Sequence[Cell], *, where: str) -> Iterator[WorkbookCell]:
        """The cells of one row; all are looked at before the first is given."""
        formats = [number_format(value) for value in cells]
        values = [
            value if number_format else self._stored(value, place, where)
            for place, (value, number_format) in enumerate(zip(cells, formats, strict=True))
        ]
        return self._given(values, formats)

    def _stored(self, value: Cell, place: int, where: str) -> str:
        column = self._header[place] if place < len(self._header) else ""
        return stored_text(cell_text(value), where=where, column=column)

    def _given(self, values: list[Cell], formats: list[str]) -> Iterator[WorkbookCell]:
        for value, number_format in zip(values, formats, strict=True):
            cell = self._by_format[number_format]
            if isinstance(value, str):
                set_text(cell, value)
            else:
                cell.value = value
            yield cell


def set_text(cell: WorkbookCell, text: str) -> None:
    """Let the cell hold the text, whatever it looks like."""
    cell.value = text or None
    # openpyxl takes "=1" for a formula and "#N/A" for an error, unless told.
    cell.data_type = "s" if text else "n"


def number_format(value: Cell) -> str:
    """How a date or a time is shown; "" for what is written as text.

    >>> number_format(date(2024, 4, 2)), number_format(date(1899, 4, 2)), number_format("1")
    ('yyyy-mm-dd', '', '')
    """
    if isinstance(value, str):
        return ""
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        if day < _FIRST_SURE_DAY:
            return ""
    if isinstance(value, timedelta) and value < timedelta(0):
        return ""
    return next(text for kind, text in FORMATS if isinstance(value, kind))


def _texts(cells: Sequence[Cell], width: int) -> list[str]:
    texts = [cell_text(cell) for cell in cells[:width]]
    return texts + [""] * (width - len(texts))
