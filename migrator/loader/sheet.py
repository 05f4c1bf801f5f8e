"""The rows of one worksheet, from its XML: every cell exact, every fault named.

Owns what a cell element means. It trusts no stated size, holds one row at a time, and never
turns an error, or a formula that was not calculated, into a blank.

Source: ECMA-376 part 1, 18.3.1.4 (c), 18.3.1.73 (row), 18.18.11 (ST_CellType).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

from migrator.loader.excel_values import GENERAL, Format, Kind, iso_moment, unescape
from migrator.loader.grid import (
    MOST_COLUMNS,
    MOST_ROWS,
    Fault,
    RawRow,
    SheetAccount,
    error_cell,
    kind_of_cell,
    no_date,
    not_calculated,
    number_cell,
    text_cell,
)
from migrator.loader.rows import LONGEST_CELL
from migrator.loader.xml_events import MAIN, STRICT, XmlError, local_name, parse_xml
from migrator.model import Cell

_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
_TRUE: Final = frozenset({"1", "true"})
_FALSE: Final = frozenset({"0", "false"})


@dataclass(slots=True, kw_only=True)
class SheetReader:
    """Reads the XML of one sheet; the account is complete when the rows have ended."""

    texts: Sequence[str | Fault]  #: The workbook's shared texts.
    formats: Sequence[Format]  #: What each cell style shows.
    is_1904: bool
    account: SheetAccount
    _number: int = 0
    _column: int = -1
    _cells: dict[int, Cell | Fault] = field(default_factory=dict)
    _done: list[RawRow] = field(default_factory=list)
    _type: str = "n"
    _style: int = 0
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _is_in_cell: bool = False
    _is_text: bool = False
    _is_formula: bool = False
    _is_phonetic: bool = False
    _columns: dict[str, int] = field(default_factory=dict)
    _begins: dict[str, Callable[[dict[str, str]], None]] = field(default_factory=dict)
    _ends: dict[str, Callable[[], None]] = field(default_factory=dict)

    def rows(self, source: IO[bytes]) -> Iterator[RawRow]:
        """Every row that the sheet stores, blank ones too, in ascending order.

        Raises:
            XmlError: The XML is broken, or its rows and cells stand in no order.
        """
        for _ in parse_xml(source, start=self._start, end=self._end, text=self._text):
            yield from self._done
            self._done.clear()

    # -------------------------------------------------------------- elements

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._begins:
            self._begin_sheet(name)
        begin = self._begins.get(name)
        if begin is not None:
            begin(attributes)

    def _end(self, name: str) -> None:
        end = self._ends.get(name)
        if end is not None:
            end()

    def _begin_sheet(self, name: str) -> None:
        """The root element tells which form of the format the sheet is written in."""
        form = next((form for form in (MAIN, STRICT) if name.startswith(form)), "")
        if not form or local_name(name) != "worksheet":
            raise XmlError("its sheet is written in an unknown form of the format")
        begins = {
            "c": self._begin_cell,
            "v": self._begin_text,
            "t": self._begin_text,  # of a text that is not shared
            "f": self._begin_formula,
            "row": self._begin_row,
            "rPh": self._begin_phonetic,
            "mergeCell": self._merged,
            "col": self._begin_columns,
        }
        ends = {
            "c": self._end_cell,
            "v": self._end_text,
            "t": self._end_text,
            "row": self._end_row,
            "rPh": self._end_phonetic,
        }
        self._begins = {form + local: begin for local, begin in begins.items()}
        self._ends = {form + local: end for local, end in ends.items()}

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._column = self._place(attributes.get("r"))
        self._type = attributes.get("t", "n")
        self._style = int(attributes.get("s", "0"))
        self._is_in_cell, self._is_formula, self._length = True, False, 0

    def _begin_text(self, _attributes: dict[str, str]) -> None:
        self._is_text = self._is_in_cell and not self._is_phonetic

    def _end_text(self) -> None:
        self._is_text = False

    def _begin_formula(self, _attributes: dict[str, str]) -> None:
        self._is_formula = self._is_in_cell

    def _begin_phonetic(self, _attributes: dict[str, str]) -> None:
        self._is_phonetic = True

    def _end_phonetic(self) -> None:
        self._is_phonetic = False

    def _merged(self, attributes: dict[str, str]) -> None:
        self.account.merged.append(attributes.get("ref", ""))

    def _begin_columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in _TRUE:
            first, last = int(attributes.get("min", "1")), int(attributes.get("max", "1"))
            self.account.hidden_columns.update(range(first - 1, min(last, MOST_COLUMNS)))

    def _text(self, data: str) -> None:
        if self._is_text:
            self._length += len(data)
            # An endless text is refused by its length: no more of it needs to be held.
            if self._length <= 8 * LONGEST_CELL or not self._parts:
                self._parts.append(data)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        before, stated = self._number, attributes.get("r")
        self._number = int(float(stated)) if stated else before + 1
        self._column = -1
        self.account.hidden_rows += attributes.get("hidden") in _TRUE
        if not before < self._number <= MOST_ROWS:
            raise XmlError(f"row {self._number} stands after row {before}")

    def _end_row(self) -> None:
        self._done.append(RawRow(self._number, self._cells))
        self._cells = {}

    # -------------------------------------------------------------- cells

    def _place(self, reference: str | None) -> int:
        """The column of a cell; one without a reference stands beside the one before."""
        if reference is None:
            place = self._column + 1
        else:
            place = self._place_of(reference.rstrip("0123456789"), reference)
        if place <= self._column:
            raise XmlError(f"cell {reference} stands after a cell to its right")
        return place

    def _place_of(self, letters: str, reference: str) -> int:
        place = self._columns.get(letters)
        if place is None:
            if not _REFERENCE.fullmatch(reference):
                raise XmlError(f"{reference!r} names no cell")
            place = -1
            for letter in letters:
                place = (place + 1) * 26 + ord(letter) - ord("A")
            if place >= MOST_COLUMNS:
                raise XmlError(f"{reference!r} lies beyond the last column")
            self._columns[letters] = place
        return place

    def _end_cell(self) -> None:
        self._is_in_cell = False
        stored = "".join(self._parts)
        self._parts.clear()
        if stored:
            self.account.formulas += self._is_formula
            value = self._value(stored)
        elif self._is_formula and self._type != "str":
            value = not_calculated()  # openpyxl and others write formulas without values
        else:
            return
        if value != "":
            self._cells[self._column] = value

    def _value(self, stored: str) -> Cell | Fault:
        """What a stored text means, by the cell's type."""
        kind = self._type
        if kind == "s":
            return self._met("text", self._shared(stored))
        if kind == "n":
            return self._number_cell(stored)
        if kind in {"str", "inlineStr"}:
            return self._met("text", text_cell(unescape(stored), self._length))
        if kind == "b":
            return boolean_text(stored)
        if kind == "e":
            return error_cell(stored)
        if kind == "d":
            return self._met("date", iso_cell(stored, self._format().kind))
        raise XmlError(f"a cell has the unknown type {kind!r}")

    def _met(self, kind: str, cell: Cell | Fault) -> Cell | Fault:
        self.account.meet(kind, self._column, self._number)
        return cell

    def _shared(self, stored: str) -> str | Fault:
        number = int(stored)
        if not 0 <= number < len(self.texts):
            raise XmlError(f"a cell uses the shared text {number}, but there are {len(self.texts)}")
        return self.texts[number]

    def _format(self) -> Format:
        return self.formats[self._style] if 0 <= self._style < len(self.formats) else GENERAL

    def _number_cell(self, stored: str) -> Cell | Fault:
        format_ = self._format()
        cell = number_cell(
            stored,
            format_,
            is_1904=self.is_1904,
            row=self._number,
            column=self._column,
            account=self.account,
        )
        return self._met(kind_of_cell(format_), cell)


def boolean_text(stored: str) -> str:
    """What Excel shows for a stored truth value.

    Raises:
        XmlError: It is none.
    """
    stored = stored.strip()
    if stored not in _TRUE | _FALSE:
        raise XmlError(f"a cell stores {stored!r} where true or false belongs")
    return "TRUE" if stored in _TRUE else "FALSE"


def iso_cell(stored: str, kind: Kind) -> Cell | Fault:
    """A date that is stored as text, as the strict form of the format has them."""
    found = iso_moment(stored, kind)
    return no_date(stored) if found is None else found
