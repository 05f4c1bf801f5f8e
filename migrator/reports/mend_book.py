"""An export as a workbook in which a person mends cells.

Owns its form: the source's cells with their types, the marked ones with a comment each, the
dropdowns, and our columns set apart. It knows no entries and no mapping; rows are streamed.

Source: ECMA-376 part 1, 18.3.1.32 (dataValidation), 18.3.1.51 (ignoredErrors).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from openpyxl.cell import Cell as WorkbookCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.xml.functions import Element, SubElement

from migrator.cells import cell_text
from migrator.model import Cell
from migrator.redact import printable
from migrator.reports.sheet_export import FORMATS, number_format, set_text
from migrator.reports.table import EXPORT_SHEET, OUR_COLUMNS
from migrator.reports.xlsx_export import (
    TEXT_FORMAT,
    refuse_columns,
    refuse_rows,
    stored_text,
    streamed_sheet,
)
from migrator.reports.xlsx_text import escape_text, shown_text

MOST_COMMENTS: Final = 5_000
"""Each is a drawing, too: 100,000 of them took 7 s and 570 MiB to write (openpyxl 3.1), and Excel
draws them all when it opens the file. A marked cell beyond has its reason in `migrator_message`."""
OPTIONS_SHEET: Final = "migrator options"

_ROWS_MEASURED: Final = 100  #: Of the first rows, for the widths of the columns.
_NARROWEST, _WIDEST = 8, 50  #: Characters.
_OUR_WIDTHS: Final = {"migrator_message": 60, "migrator_advice": 50, "migrator_opportunity_id": 38}
_WRAPPED: Final = {
    OUR_COLUMNS.index(name): _OUR_WIDTHS[name] for name in ("migrator_message", "migrator_advice")
}
_LINE_POINTS, _MOST_LINES = 15, 8
_OUR_NUMBERS: Final = ("entry", "row", "attempts", "http_status")
_LONGEST_COMMENT: Final = 1_500  #: Characters.
_COMMENT_WIDTH, _LINE_HEIGHT = 340, 18  #: Pixels.
_LINE_LENGTH: Final = 46  #: Characters of a comment that stand side by side.

_GREY: Final = PatternFill("solid", fgColor="E7E6E6")
_BLUE: Final = PatternFill("solid", fgColor="D9E7F5")
_AMBER: Final = PatternFill("solid", fgColor="FFE699")
_THICK: Final = Side(style="medium", color="9C5700")
_FRAME: Final = Border(left=_THICK, right=_THICK, top=_THICK, bottom=_THICK)
_EDGE: Final = Border(left=Side(style="thin", color="7F7F7F"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MendLine:
    """One row of the workbook."""

    cells: tuple[Cell, ...]  #: The source's, one for each of its columns.
    ours: tuple[str, ...]  #: One for each of `OUR_COLUMNS`.
    marks: Mapping[int, str]  #: Why a cell is to be mended, by its place in the whole row.


class Dropdown(NamedTuple):
    """The texts that a column takes."""

    column: int  #: Its place among the source's columns.
    options: tuple[str, ...]
    is_closed: bool  #: Whether a person is asked before another text stays.


@dataclass(frozen=True, slots=True, kw_only=True)
class MendBook:
    """What was written."""

    rows: int
    marked: int  #: Cells.
    comments: int  #: Of the marked cells: those that have one.


def write_mend_book(
    path: Path,
    columns: Sequence[str],
    lines: Iterable[MendLine],
    *,
    dropdowns: Sequence[Dropdown] = (),
    kinds: Mapping[int, type] | None = None,
) -> MendBook:
    """Write the workbook ``path``; it appears whole or not at all.

    Args:
        path: The workbook.
        columns: The source's.
        lines: The rows.
        dropdowns: At most one for a column.
        kinds: The columns that hold dates or times: what is typed over a text there becomes one.

    Raises:
        SourceError: The file cannot be written, or a workbook cannot hold the rows.
    """
    header = (*columns, *OUR_COLUMNS)
    refuse_columns(len(header), where=str(path))
    lines = iter(lines)
    with streamed_sheet(path, EXPORT_SHEET) as sheet:
        first = list(islice(lines, _ROWS_MEASURED))
        writer = _QuietWriter(sheet)
        _lay_out(sheet, columns, first)
        writer.write_top()
        sheet._writer = writer  # type: ignore[attr-defined] # noqa: SLF001 - it has no other door
        sheet.append(_heading(sheet, columns, where=f"{path}, the header"))
        filling, count = _Filling(sheet, columns, kinds or {}), 0
        for count, line in enumerate(chain(first, lines), 1):
            refuse_rows(count, where=str(path))
            with _height(sheet, count + 1, _lines_of(line)):
                sheet.append(filling.row(line))
        whole = f"A1:{get_column_letter(len(header))}{count + 1}"
        writer.all_cells = whole
        sheet.auto_filter.ref = whole  # type: ignore[attr-defined] # the stubs have forgotten it
        if count:
            _add_dropdowns(sheet, columns, dropdowns, last_row=count + 1)
    return MendBook(rows=count, marked=filling.marked, comments=filling.comments)


class _QuietWriter(WorksheetWriter):
    """Lets Excel not point out that digits are a text: they are meant to be."""

    all_cells = "A1"

    def write_breaks(self) -> None:
        """Behind these the schema has the place for it, of which openpyxl makes no use."""
        super().write_breaks()
        quiet = Element("ignoredErrors")  # openpyxl's own class forgets the sqref
        SubElement(quiet, "ignoredError", {"sqref": self.all_cells, "numberStoredAsText": "1"})
        self.xf.send(quiet)


@contextmanager
def _height(sheet: Any, row: int, lines: int) -> Iterator[None]:
    """Room for wrapped lines: LibreOffice gives none to a row that states no height."""
    if lines == 1:
        yield
        return
    sheet.row_dimensions[row] = {"ht": str(lines * _LINE_POINTS), "customHeight": "1"}
    yield
    del sheet.row_dimensions[row]  # it is written; memory must not grow with rows


def _lines_of(line: MendLine) -> int:
    """The lines that a row needs for our wrapped columns."""
    needed = 1
    for place, width in _WRAPPED.items():
        parts = line.ours[place].split("\n")
        needed = max(needed, sum(1 + len(part) // width for part in parts))
    return min(needed, _MOST_LINES)


def _lay_out(sheet: Any, columns: Sequence[str], first: Sequence[MendLine]) -> None:
    sheet.freeze_panes = "A2"
    for place, name in enumerate((*columns, *OUR_COLUMNS)):
        texts = [
            cell_text(line.cells[place])
            if place < len(columns)
            else line.ours[place - len(columns)]
            for line in first
        ]
        longest = max(len(name) + 3, *map(len, texts), _NARROWEST)  # beside the filter's arrow
        width = _OUR_WIDTHS.get(name, min(longest, _WIDEST) + 2)
        sheet.column_dimensions[get_column_letter(place + 1)].width = width


def _heading(
    sheet: WriteOnlyWorksheet, columns: Sequence[str], *, where: str
) -> Iterator[WorkbookCell]:
    theirs = _cell(sheet, TEXT_FORMAT, fill=_BLUE, font=_font(bold=True))
    ours = _cell(sheet, TEXT_FORMAT, fill=_GREY, font=_font(bold=True, color="595959"))
    for name in columns:
        set_text(theirs, stored_text(name, where=where, column=name))
        yield theirs
    for place, name in enumerate(OUR_COLUMNS):
        ours.border = _EDGE if place == 0 else Border()
        set_text(ours, name)
        yield ours


# ------------------------------------------------------------------ the cells


def _cell(sheet: WriteOnlyWorksheet, form: str, **style: Any) -> WorkbookCell:
    """A cell to be filled again and again: it is written before it gets the next value."""
    cell = WriteOnlyCell(sheet)
    cell.number_format = form
    cell.alignment = Alignment(
        horizontal="left", vertical="top", wrap_text=style.pop("wraps", False)
    )
    for name, value in style.items():
        setattr(cell, name, value)
    return cell


def _font(**style: Any) -> Font:
    """Of the family and size that cells have without a style."""
    return Font(name="Calibri", sz=11, **style)


class _Filling:
    """Fills rows with one cell for each look."""

    def __init__(
        self, sheet: WriteOnlyWorksheet, columns: Sequence[str], kinds: Mapping[int, type]
    ) -> None:
        of_kind = dict(FORMATS)
        self._of_text = [of_kind[kinds[at]] if at in kinds else "@" for at in range(len(columns))]
        forms = (TEXT_FORMAT, *of_kind.values())
        self._plain = {form: _cell(sheet, form) for form in forms}
        look = {"fill": _AMBER, "font": _font(bold=True), "border": _FRAME}
        self._marked = {form: _cell(sheet, form, **look) for form in forms}
        grey = _font(color="595959")
        self._ours = [
            _cell(
                sheet,
                "0" if name.removeprefix("migrator_") in _OUR_NUMBERS else TEXT_FORMAT,
                font=grey,
                border=Border() if place else _EDGE,
                wraps=place in _WRAPPED,
            )
            for place, name in enumerate(OUR_COLUMNS)
        ]
        self._our_marked = _cell(sheet, TEXT_FORMAT, wraps=True, **look)
        self.marked = self.comments = 0

    def row(self, line: MendLine) -> Iterator[WorkbookCell | None]:
        """The cells of one row."""
        for place, value in enumerate(line.cells):
            form = number_format(value)
            look = self._marked if place in line.marks else self._plain
            cell = look[form or self._of_text[place]]
            if form:
                cell.value = value
            else:
                set_text(cell, escape_text(shown_text(cell_text(value))))
            yield from self._with_comment(cell, line.marks.get(place))
        width = len(line.cells)
        for place, text in enumerate(line.ours):
            why = line.marks.get(width + place)
            yield from self._our_cell(place, text, why)

    def _our_cell(self, place: int, text: str, why: str | None) -> Iterator[WorkbookCell | None]:
        if not text and why is None:
            yield None  # a fifth of all cells
            return
        cell = self._ours[place] if why is None else self._our_marked
        if cell.number_format == "0" and text.isascii() and text.isdigit():
            cell.value = int(text)
        else:
            set_text(cell, escape_text(shown_text(text)))
        yield from self._with_comment(cell, why)

    def _with_comment(self, cell: WorkbookCell, why: str | None) -> Iterator[WorkbookCell]:
        if why is None:
            yield cell
            return
        self.marked += 1
        if self.comments < MOST_COMMENTS:
            self.comments += 1
            cell.comment = _comment(why)
        yield cell
        cell.comment = None


def _comment(why: str) -> Comment:
    text = printable(why, keep_lines=True)
    if len(text) > _LONGEST_COMMENT:
        text = text[: _LONGEST_COMMENT - 1] + "…"
    lines = sum(1 + len(line) // _LINE_LENGTH for line in text.split("\n"))
    return Comment(text, "migrator", height=(lines + 1) * _LINE_HEIGHT, width=_COMMENT_WIDTH)


# ------------------------------------------------------------------ the dropdowns


def _add_dropdowns(
    sheet: Any, columns: Sequence[str], dropdowns: Sequence[Dropdown], *, last_row: int
) -> None:
    """The lists stand on a hidden sheet: one inside a cell's rule ends at 255 characters."""
    if not dropdowns:
        return
    options = sheet.parent.create_sheet(OPTIONS_SHEET)
    options.sheet_state = "hidden"
    cell = _cell(options, TEXT_FORMAT)
    longest = max(len(one.options) for one in dropdowns)
    for number in range(longest + 1):
        options.append(_options_row(cell, columns, dropdowns, number))
    for place, one in enumerate(dropdowns, 1):
        letter, column = get_column_letter(place), get_column_letter(one.column + 1)
        rule = DataValidation(
            type="list",
            formula1=f"'{OPTIONS_SHEET}'!${letter}$2:${letter}${len(one.options) + 1}",
            allow_blank=True,
            sqref=f"{column}2:{column}{last_row}",
            showErrorMessage=one.is_closed,
            errorStyle="warning",
            errorTitle="Not in the list",
            error="The mapping or LeadSquared does not know this text. Keep it all the same?",
        )
        sheet.data_validations.append(rule)


def _options_row(
    cell: WorkbookCell, columns: Sequence[str], dropdowns: Sequence[Dropdown], number: int
) -> Iterator[WorkbookCell | None]:
    for one in dropdowns:
        if number > len(one.options):
            yield None
            continue
        text = one.options[number - 1] if number else columns[one.column]
        set_text(cell, escape_text(shown_text(text)))
        yield cell
