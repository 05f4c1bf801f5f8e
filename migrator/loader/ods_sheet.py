"""The rows of one sheet of an OpenDocument spreadsheet, from the events of its XML.

Owns where a cell stands: repeats, groups, hidden rows and columns, merged ranges. It holds one
row at a time, gives a repeated row as often as it is repeated, and refuses repeats that a file
of its size cannot mean.

Source: OASIS OpenDocument 1.3 part 3, 9.1 (tables), 19.675 and 19.678 (repeats).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple

from migrator.errors import SourceError
from migrator.loader.grid import MOST_COLUMNS, MOST_ROWS, Fault, RawRow, SheetAccount
from migrator.loader.ods_cells import CellReader, CellText, Stored
from migrator.loader.ods_styles import OFFICE, TABLE, TEXT, Styles
from migrator.loader.rows import column_letter
from migrator.loader.xml_events import XmlError, parse_xml
from migrator.model import Cell

AROUND_SHEETS: Final = frozenset(
    {f"{OFFICE}document-content", f"{OFFICE}body", f"{OFFICE}spreadsheet"}
)
SHEET: Final = f"{TABLE}table"

_ROW, _COLUMN = f"{TABLE}table-row", f"{TABLE}table-column"
_CELLS: Final = frozenset({f"{TABLE}table-cell", f"{TABLE}covered-table-cell"})
_GROUPS: Final = frozenset(
    TABLE + name
    for name in (
        "table-header-rows",
        "table-rows",
        "table-row-group",
        "table-header-columns",
        "table-columns",
        "table-column-group",
    )
)
_PARAGRAPHS: Final = frozenset({f"{TEXT}p", f"{TEXT}h"})
_LISTS: Final = frozenset(
    TEXT + name for name in ("list", "list-item", "list-header", "numbered-paragraph", "section")
)
_SPACES, _TAB, _LINE_BREAK = f"{TEXT}s", f"{TEXT}tab", f"{TEXT}line-break"
_NOT_SHOWN: Final = frozenset({f"{TEXT}ruby-text", f"{TEXT}note"})
_STYLE_NAME, _DEFAULT_STYLE = f"{TABLE}style-name", f"{TABLE}default-cell-style-name"
_COLUMNS_REPEATED: Final = f"{TABLE}number-columns-repeated"
_ROWS_REPEATED: Final = f"{TABLE}number-rows-repeated"
_COLUMNS_SPANNED: Final = f"{TABLE}number-columns-spanned"
_ROWS_SPANNED: Final = f"{TABLE}number-rows-spanned"
_HIDDEN: Final = frozenset({"collapse", "filter"})
_MOST_DIGITS: Final = 9  #: Of a count of rows, columns or spaces.

MOST_REPEATED: Final = 100_000_000  #: Characters that repeats may add to a small file.
MOST_REPEATED_PER_BYTE: Final = 100  #: And besides for each byte of content.xml, packed.
_CELL_COST: Final = 10  #: Characters as which a cell counts besides its text.


class _Placed(NamedTuple):
    """One stored cell of a row."""

    column: int  #: From 0.
    repeat: int
    style: str
    stored: Stored


class _StoredRow(NamedTuple):
    """One stored row that holds something."""

    number: int
    repeat: int
    cells: list[_Placed]


@dataclass(slots=True, kw_only=True)
class SheetReader:
    """Reads one sheet of content.xml into rows and an account."""

    index: int  #: Of the sheet, among all tables of the spreadsheet.
    styles: Styles
    reader: CellReader
    account: SheetAccount
    allowance: int  #: Characters that repeats may add.
    where: str  #: The file, for refusals.
    _sheets: int = 0  #: Tables that have begun.
    _skipped: int = 0  #: Depth inside an element that holds nothing for us.
    _is_sheet: bool = False
    _is_row: bool = False
    _cell: dict[str, str] | None = None
    _is_paragraph: bool = False
    _text: CellText = field(default_factory=CellText)
    _row: int = 0  #: Number of the row, from 1.
    _row_repeat: int = 1
    _row_style: str = ""
    _is_hidden: bool = False
    _column: int = 0  #: Where the next cell stands.
    _cells: list[_Placed] = field(default_factory=list)
    _done: list[_StoredRow] = field(default_factory=list)
    _column_styles: list[str] = field(default_factory=list)
    _hidden_columns: list[int] = field(default_factory=list)
    _width: int = 0  #: Columns up to the last one with a cell.

    def rows(self, source: IO[bytes]) -> Iterator[RawRow]:
        """Every row that holds something, in ascending order.

        Raises:
            XmlError: The XML is broken, or its sheet is larger than any spreadsheet.
            SourceError: Its repeats would exhaust the machine.
        """
        for _ in parse_xml(source, start=self._start, end=self._end, text=self._characters):
            for stored in self._done:
                yield from self._given(stored)
            self._done.clear()
        self.account.hidden_columns.update(
            place for place in self._hidden_columns if place < self._width
        )

    def _given(self, row: _StoredRow) -> Iterator[RawRow]:
        """A stored row, as often as it is repeated."""
        for number in range(row.number, row.number + row.repeat):
            cells: dict[int, Cell | Fault] = {}
            for placed in row.cells:
                format_ = self.styles.format_of(placed.style)
                for column in range(placed.column, placed.column + placed.repeat):
                    value = self.reader.value(placed.stored, format_, row=number, column=column)
                    if value != "":
                        cells[column] = value
            yield RawRow(number, cells)

    # -------------------------------------------------------------- events

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._skipped:
            self._skipped += 1
        elif self._is_paragraph:
            self._start_in_paragraph(name, attributes)
        elif self._cell is not None:
            self._start_in_cell(name)
        elif self._is_row and name in _CELLS:
            self._cell = attributes
        elif self._is_sheet and not self._is_row:
            self._start_in_sheet(name, attributes)
        elif name == SHEET and not self._is_sheet:
            self._is_sheet = self._sheets == self.index
            self._skipped = not self._is_sheet
            self._sheets += 1
        elif self._is_row or name not in AROUND_SHEETS:
            self._skipped = 1

    def _start_in_sheet(self, name: str, attributes: dict[str, str]) -> None:
        if name == _ROW:
            self._begin_row(attributes)
        elif name == _COLUMN:
            self._add_columns(attributes)
        elif name not in _GROUPS:
            self._skipped = 1

    def _start_in_cell(self, name: str) -> None:
        if name in _PARAGRAPHS:
            self._is_paragraph = True
            self._text.begin()
        elif name == SHEET:
            raise XmlError(f"cell {self._place()} holds a table of its own")
        elif name not in _LISTS:
            self._skipped = 1  # a comment, a picture: its text is not the cell's

    def _start_in_paragraph(self, name: str, attributes: dict[str, str]) -> None:
        if name == _SPACES:
            count = _count(attributes, f"{TEXT}c", least=0)
            self._spend(max(count - len("<text:s/>"), 0))
            self._text.put(" ", count)
        elif name == _TAB:
            self._text.put("\t")
        elif name == _LINE_BREAK:
            self._text.put("\n")
        elif name in _NOT_SHOWN or not name.startswith(TEXT):
            self._skipped = 1

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name in _PARAGRAPHS and self._is_paragraph:
            self._is_paragraph = False
            self._text.end()
        elif name in _CELLS:
            self._end_cell()
        elif name == _ROW:
            self._end_row()
        elif name == SHEET:
            self._is_sheet = False

    def _characters(self, data: str) -> None:
        if self._is_paragraph and not self._skipped:
            self._text.add(data)

    # -------------------------------------------------------------- rows, columns, cells

    def _add_columns(self, attributes: dict[str, str]) -> None:
        first = len(self._column_styles)
        # Some programs state more columns than Excel has; what lies there must be blank.
        repeat = min(_count(attributes, _COLUMNS_REPEATED), MOST_COLUMNS - first)
        self._column_styles += [attributes.get(_DEFAULT_STYLE, "")] * repeat
        if attributes.get(f"{TABLE}visibility") in _HIDDEN:
            self._hidden_columns += range(first, first + repeat)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._row += self._row_repeat if self._row else 1
        self._row_repeat = _count(attributes, _ROWS_REPEATED)
        self._row_style = attributes.get(_DEFAULT_STYLE, "")
        self._is_hidden = attributes.get(f"{TABLE}visibility") in _HIDDEN
        self._column = 0
        self._is_row = True

    def _end_cell(self) -> None:
        attributes = self._cell or {}
        self._cell = None
        column = self._column
        repeat = _count(attributes, _COLUMNS_REPEATED) if _COLUMNS_REPEATED in attributes else 1
        self._column += repeat
        stored = self._text.take(attributes)
        if _COLUMNS_SPANNED in attributes or _ROWS_SPANNED in attributes:
            self._add_merged(column, attributes)
        if not stored.is_blank:
            style = attributes.get(_STYLE_NAME) or self._default_style(column)
            self._cells.append(_Placed(column, repeat, style, stored))
            if self._column > MOST_COLUMNS:
                raise XmlError(f"row {self._row} has cells beyond the last column")

    def _default_style(self, column: int) -> str:
        """The style of a cell that names none: its row's, else its column's."""
        if self._row_style or column >= len(self._column_styles):
            return self._row_style
        return self._column_styles[column]

    def _add_merged(self, column: int, attributes: dict[str, str]) -> None:
        right = column + _count(attributes, _COLUMNS_SPANNED) - 1
        below = self._row + _count(attributes, _ROWS_SPANNED) - 1
        if (right, below) != (column, self._row):
            last = f"{column_letter(right)}{below}"
            self.account.merged.append(f"{column_letter(column)}{self._row}:{last}")

    def _end_row(self) -> None:
        self._is_row = False
        if not self._cells:
            return
        last = self._cells[-1]
        if self._row + self._row_repeat - 1 > MOST_ROWS:
            raise XmlError(f"row {self._row} or its repeats lie beyond the last row")
        self._width = max(self._width, last.column + last.repeat)
        self._spend_repeats()
        self.account.hidden_rows += self._row_repeat if self._is_hidden else 0
        self._done.append(_StoredRow(self._row, self._row_repeat, self._cells))
        self._cells = []

    def _spend_repeats(self) -> None:
        extra = 0
        for _, repeat, _, stored in self._cells:
            extra += (repeat * self._row_repeat - 1) * (_CELL_COST + stored.length)
        self._spend(extra)

    def _spend(self, characters: int) -> None:
        """Take what a repeat adds from what this file may add."""
        self.allowance -= characters
        if self.allowance < 0:
            raise SourceError(
                f"the workbook repeats cells over and over (row {self._row}): it holds far more "
                "than its size allows",
                where=self.where,
                advice="No ordinary workbook does so; it may be made to exhaust memory. If you "
                "trust it, save the sheet as CSV UTF-8 and give that file.",
            )

    def _place(self) -> str:
        return f"{column_letter(self._column)}{self._row}"


def _count(attributes: dict[str, str], name: str, *, least: int = 1) -> int:
    """A count of rows, columns or spaces; 1 when it is not stated."""
    text = attributes.get(name, "1").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise XmlError(f"{text!r} is no count of rows, columns or spaces")
    if int(text) < least:
        raise XmlError(f"a repeat of {text} times has no meaning")
    return int(text)
