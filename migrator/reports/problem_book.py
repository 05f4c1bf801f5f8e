"""Every problem that `check` found as a line of a workbook, linked to the cell it speaks of.

Owns the columns of that workbook and the links. Its cells are text; lines are streamed.

Source: "Excel specifications and limits", read 2026-11 (hyperlinks in a worksheet); ECMA-376
part 1, 18.3.1.47 (hyperlink: an external target, and a location in it).
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.writer.excel import ExcelWriter

from migrator.model import Problem, SourceRow
from migrator.reports.whole_file import whole_file
from migrator.reports.xlsx_export import MOST_ROWS, filled, text_cell
from migrator.reports.xlsx_text import LONGEST_CELL, escape_text

SHEET: Final = "problems"
MOST_LINKS: Final = 65_530  #: Of one worksheet.
_HEADER: Final = (
    "file", "sheet", "row", "line", "cell", "column", "SchemaName", "value", "what is wrong",
    "what to do",
)  # fmt: skip
_WIDTHS: Final = (20, 12, 8, 8, 8, 20, 18, 30, 60, 60)
_CELL: Final = _HEADER.index("cell")
_LINK: Final = Font(color="0563C1", underline="single")


class ProblemBook:
    """The workbook while it is written; use it in a ``with``: it appears whole or not at all.

    Args:
        path: The workbook to write.
        folder: Where the files with the problems are.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._folder = path, folder
        self._book = Workbook(write_only=True)
        self._book.properties.creator = "migrator"
        self._rows = self._links = 0
        self._targets: dict[str, str] = {}
        self.lines = 0  #: Written so far.

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            whole = whole_file(self._path, what="the list of problems", option="--problems")
            self._part = stack.enter_context(whole)
            self._part.touch()  # a folder that may not be written to is found before the work
            self._stack = stack.pop_all()
        self._sheet = self._begin_sheet()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:  # pushes nothing: unwinds the file, with what happened here
            if exc_type is None:
                self._save()
                return
            # openpyxl removes its own file at exit, which Windows refuses while it is open.
            with contextlib.suppress(Exception):
                self._sheet.close()
            self._stack.pop_all().__exit__(exc_type, exc, traceback)

    def add(self, row: SourceRow, problem: Problem, *, letter: str) -> None:
        """Write one problem.

        Args:
            row: The row that has it.
            problem: What is wrong.
            letter: Of the column; "" where the problem is not about one cell.
        """
        if self._rows >= MOST_ROWS:
            self._sheet = self._begin_sheet()
        cell = f"{letter}{row.row}" if letter and row.sheet else letter
        parts = (
            row.file,
            row.sheet,
            str(row.row),
            str(row.line),
            cell,
            problem.column,
            problem.schema_name,
            problem.value,
            problem.reason,
            problem.advice,
        )
        texts = [escape_text(_fitting(part)) for part in parts]
        self._sheet.append(self._filled(texts, self._link(row, cell)))
        self._rows += 1
        self.lines += 1

    # -------------------------------------------------------------- cells

    def _filled(self, texts: list[str], link: Hyperlink | None) -> Iterator[Cell]:
        plain, linked = self._cells
        yield from filled(plain, texts[:_CELL])
        if link is None:
            yield from filled(plain, [texts[_CELL]])
        else:
            linked.hyperlink = link
            yield from filled(linked, [texts[_CELL]])
        yield from filled(plain, texts[_CELL + 1 :])

    def _link(self, row: SourceRow, cell: str) -> Hyperlink | None:
        """To the cell in the workbook; a text file has no cells that a link could name."""
        if not row.sheet or self._links >= MOST_LINKS:
            return None
        self._links += 1
        sheet = row.sheet.replace("'", "''")
        location = f"'{sheet}'!{cell or f'A{row.row}'}"
        return Hyperlink(ref="", target=self._target(row.file), location=location)

    def _target(self, file: str) -> str:
        """The file from where the workbook lies; another disk of Windows needs the whole path."""
        if file not in self._targets:
            there = (self._folder / file).absolute()
            try:
                relative = Path(os.path.relpath(there, self._path.absolute().parent))
                self._targets[file] = quote(relative.as_posix())
            except ValueError:
                self._targets[file] = there.as_uri()
        return self._targets[file]

    # -------------------------------------------------------------- sheets

    def _begin_sheet(self) -> WriteOnlyWorksheet:
        number = len(self._book.worksheets)
        sheet: Any = self._book.create_sheet(SHEET if not number else f"{SHEET} {number + 1}")
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = f"A:{get_column_letter(len(_HEADER))}"
        for place, width in enumerate(_WIDTHS, 1):
            sheet.column_dimensions[get_column_letter(place)].width = width
        heading, plain, linked = text_cell(sheet), text_cell(sheet), text_cell(sheet)
        heading.font = Font(bold=True)
        linked.font = _LINK
        sheet.append(filled(heading, _HEADER))
        self._cells = plain, linked
        self._rows = self._links = 0
        return cast("WriteOnlyWorksheet", sheet)

    def _save(self) -> None:
        with ZipFile(self._part, "w", ZIP_DEFLATED) as archive:
            ExcelWriter(self._book, archive).save()


def _fitting(text: str) -> str:
    """The text, cut where a cell of a workbook could not hold it."""
    return text if len(text) <= LONGEST_CELL // 2 else text[: LONGEST_CELL // 2 - 1] + "…"
