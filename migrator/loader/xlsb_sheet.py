"""The rows of one worksheet of a binary workbook: every cell exact, every fault named.

Owns what a record of a sheet means. It trusts no stated size, holds one row at a time, and never
takes a sheet that is cut off for one that ends.

Source: [MS-XLSB] 2.1.7.62 (Worksheet), 2.5.10 (Cell), and the records by name in 2.4.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

from migrator.loader.binary_cells import (
    checked_text,
    double_cell,
    error_of_code,
    range_name,
    rk_number,
    string_cell,
    truth,
)
from migrator.loader.binary_records import read_records, whole_records, wide_bytes
from migrator.loader.excel_values import GENERAL, Format
from migrator.loader.grid import (
    MOST_COLUMNS,
    MOST_ROWS,
    Fault,
    RawRow,
    SheetAccount,
)
from migrator.loader.rows import column_letter
from migrator.loader.xml_events import XmlError
from migrator.model import Cell

_ROW, _ROWS_END, _COLUMNS, _MERGED = 0, 146, 60, 176
"""BrtRowHdr, BrtEndSheetData, BrtColInfo, BrtMergeCell."""
_ROW_BORDERS: Final = frozenset({_ROW, _ROWS_END})

_CELL: Final = struct.Struct("<II")  #: The column; in 24 bits the style, and flags.
_SHORT_CELL: Final = struct.Struct("<I")  #: Style and flags; the column is the next one.
_ROW_HEAD: Final = struct.Struct("<I7xB")  #: The row, from 0; among flags, whether it is hidden.
_HIDDEN_ROW: Final = 0x10  #: fDyZero.
_COLUMN_RANGE: Final = struct.Struct("<II8xH")  #: First and last, from 0; flags.
_HIDDEN_COLUMN: Final = 0x01
_RECTANGLE: Final = struct.Struct("<IIII")  #: First and last row, first and last column.
_DOUBLE: Final = struct.Struct("<d")
_NUMBER: Final = struct.Struct("<I")


@dataclass(slots=True, kw_only=True)
class SheetReader:
    """Reads the records of one sheet; the account is complete when the rows have ended."""

    texts: Sequence[str | Fault]  #: The workbook's shared texts.
    formats: Sequence[Format]  #: What each cell style shows.
    is_1904: bool
    account: SheetAccount
    _row: int = 0  #: From 1; 0 before the first.
    _column: int = MOST_COLUMNS  #: Of the cell before, from 0; so that none fits outside of a row.
    _cells: dict[int, Cell | Fault] = field(default_factory=dict)
    _has_ended: bool = False

    def rows(self, source: IO[bytes]) -> Iterator[RawRow]:
        """Every row that the sheet stores, blank ones too, in ascending order.

        Raises:
            XmlError: A record is broken, or rows and cells stand in no order.
        """
        with whole_records():
            for kind, data in read_records(source):
                if kind in _READERS:
                    self._read_cell(kind, data)
                    self.account.formulas += 8 <= kind <= 11  # BrtFmlaString to BrtFmlaError
                elif kind in _ROW_BORDERS:
                    if self._row and not self._has_ended:
                        yield RawRow(self._row, self._cells)
                        self._cells = {}
                    self._begin_row(kind, data)
                elif kind == _COLUMNS:
                    self._meet_columns(data)
                elif kind == _MERGED:
                    top, bottom, left, right = _RECTANGLE.unpack_from(data)
                    self.account.merged.append(range_name((top, bottom), (left, right)))
        if not self._has_ended:
            raise XmlError("its sheet is cut off")

    def _begin_row(self, kind: int, data: bytes) -> None:
        if kind == _ROWS_END:
            self._has_ended, self._column = True, MOST_COLUMNS
            return
        before = self._row
        number, flags = _ROW_HEAD.unpack_from(data)
        self._row, self._column = number + 1, -1
        if self._has_ended or not before < self._row <= MOST_ROWS:
            raise XmlError(f"row {self._row} stands after row {before}")
        self.account.hidden_rows += bool(flags & _HIDDEN_ROW)

    def _meet_columns(self, data: bytes) -> None:
        first, last, flags = _COLUMN_RANGE.unpack_from(data)
        if flags & _HIDDEN_COLUMN:
            self.account.hidden_columns.update(range(first, min(last + 1, MOST_COLUMNS)))

    def _read_cell(self, kind: int, data: bytes) -> None:
        read, is_short = _READERS[kind]
        if is_short:
            (style,) = _SHORT_CELL.unpack_from(data)
            column, at = self._column + 1, 4
        else:
            column, style = _CELL.unpack_from(data)
            at = 8
        if not self._column < column < MOST_COLUMNS:
            raise self._misplaced(column)
        self._column = column
        value = read(self, data, at, style & 0xFFFFFF)
        if value != "":
            self._cells[column] = value

    def _misplaced(self, column: int) -> XmlError:
        if not self._row or self._has_ended:
            return XmlError("a cell stands outside of every row")
        if column >= MOST_COLUMNS:
            return XmlError(f"a cell of row {self._row} lies beyond the last column")
        return XmlError(f"cell {column_letter(column)}{self._row} stands after a cell to its right")

    def number_of(self, number: float, style: int) -> Cell | Fault:
        """What a number in the present cell reads as, with this style."""
        return double_cell(
            number,
            self.formats[style] if style < len(self.formats) else GENERAL,
            is_1904=self.is_1904,
            row=self._row,
            column=self._column,
            account=self.account,
        )

    def text_of(self, text: str | Fault) -> Cell | Fault:
        """What a text in the present cell reads as."""
        return string_cell(text, row=self._row, column=self._column, account=self.account)


# ------------------------------------------------------------------ by kind of record


def _real(reader: SheetReader, data: bytes, at: int, style: int) -> Cell | Fault:
    return reader.number_of(_DOUBLE.unpack_from(data, at)[0], style)


def _rk(reader: SheetReader, data: bytes, at: int, style: int) -> Cell | Fault:
    return reader.number_of(rk_number(_NUMBER.unpack_from(data, at)[0]), style)


def _shared(reader: SheetReader, data: bytes, at: int, _style: int) -> Cell | Fault:
    (number,) = _NUMBER.unpack_from(data, at)
    if number >= len(reader.texts):
        raise XmlError(f"a cell uses the shared text {number}, but there are {len(reader.texts)}")
    return reader.text_of(reader.texts[number])


def _text(reader: SheetReader, data: bytes, at: int, _style: int) -> Cell | Fault:
    return reader.text_of(checked_text(wide_bytes(data, at)))


def _rich_text(reader: SheetReader, data: bytes, at: int, _style: int) -> Cell | Fault:
    return reader.text_of(checked_text(wide_bytes(data, at + 1)))  # after a byte of flags


def _truth(_reader: SheetReader, data: bytes, at: int, _style: int) -> Cell | Fault:
    return truth(data[at])


def _blank(_reader: SheetReader, _data: bytes, _at: int, _style: int) -> Cell | Fault:
    return ""


def _error(_reader: SheetReader, data: bytes, at: int, _style: int) -> Cell | Fault:
    return error_of_code(data[at])


_Read = Callable[[SheetReader, bytes, int, int], Cell | Fault]
_READERS: Final[dict[int, tuple[_Read, bool]]] = {
    1: (_blank, False),  # BrtCellBlank
    2: (_rk, False),  # BrtCellRk
    3: (_error, False),  # BrtCellError
    4: (_truth, False),  # BrtCellBool
    5: (_real, False),  # BrtCellReal
    6: (_text, False),  # BrtCellSt
    7: (_shared, False),  # BrtCellIsst
    8: (_text, False),  # BrtFmlaString
    9: (_real, False),  # BrtFmlaNum
    10: (_truth, False),  # BrtFmlaBool
    11: (_error, False),  # BrtFmlaError
    12: (_blank, True),  # BrtShortBlank
    13: (_rk, True),  # BrtShortRk
    14: (_error, True),  # BrtShortError
    15: (_truth, True),  # BrtShortBool
    16: (_real, True),  # BrtShortReal
    17: (_text, True),  # BrtShortSt
    18: (_shared, True),  # BrtShortIsst
    62: (_rich_text, False),  # BrtCellRString
}
"""How the value of each kind of cell is read, and whether the cell leaves out its column."""
