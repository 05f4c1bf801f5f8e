"""The rows of one worksheet, from its XML: every cell exact, every fault named.

Owns what a cell element means. It trusts no stated size, holds one row at a time, and never
turns an error, or a formula that was not calculated, into a blank.

Source: ECMA-376 part 1, 18.3.1.4 (c), 18.3.1.73 (row), 18.18.11 (ST_CellType).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple

from migrator.loader.excel_values import Kind, iso_moment, moment, number_text, unescape
from migrator.loader.rows import LONGEST_CELL, nul_inside, shown, too_long
from migrator.loader.xml_events import MAIN, XmlError, parse_xml
from migrator.model import Cell, Problem

MOST_ROWS: Final = 1_048_576  #: Microsoft, "Excel specifications and limits", 2026.
MOST_COLUMNS: Final = 16_384

_ROW, _CELL, _FORMULA = f"{MAIN}row", f"{MAIN}c", f"{MAIN}f"
_PHONETIC, _MERGED, _SHEET = f"{MAIN}rPh", f"{MAIN}mergeCell", f"{MAIN}worksheet"
_HOLDS_TEXT: Final = frozenset(
    {f"{MAIN}v", f"{MAIN}t"}
)  #: The second in texts that are not shared.
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)


class Fault(NamedTuple):
    """A cell whose value must not be used; its row is rejected."""

    text: str  #: What the cell shows.
    problem: Problem  #: Without its column, which the sheet does not know.


class RawRow(NamedTuple):
    """One row as it is stored; what is not in it is blank."""

    number: int  #: From 1, as Excel shows it.
    cells: dict[int, Cell | Fault]  #: By column, from 0.


@dataclass(slots=True, kw_only=True)
class SheetReader:
    """Reads the XML of one sheet; its counts are complete when the rows have ended."""

    texts: Sequence[str]  #: The workbook's shared texts.
    kinds: Sequence[Kind]  #: What each cell style shows.
    is_1904: bool
    formulas: int = 0  #: Cells with a formula, read by the value stored with it.
    hidden_rows: int = 0
    merged: list[str] = field(default_factory=list)  #: The merged ranges, as A1:C1.
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

    def rows(self, source: IO[bytes]) -> Iterator[RawRow]:
        """Every row that the sheet stores, blank ones too, in ascending order.

        Raises:
            XmlError: The XML is broken, or its rows and cells stand in no order.
        """
        for _ in parse_xml(source, start=self._start, end=self._end, text=self._text):
            yield from self._done
            self._done.clear()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _CELL:
            self._column = self._place(attributes.get("r"))
            self._type = attributes.get("t", "n")
            self._style = int(attributes.get("s", "0"))
            self._is_in_cell, self._is_formula, self._length = True, False, 0
        elif name in _HOLDS_TEXT:
            self._is_text = self._is_in_cell and not self._is_phonetic
        elif name == _FORMULA:
            self._is_formula = self._is_in_cell
        elif name == _ROW:
            self._begin_row(attributes)
        elif name == _PHONETIC:
            self._is_phonetic = True
        elif name.endswith(" worksheet") and name != _SHEET:
            raise XmlError("its sheet is written in an unknown form of the format")
        elif name == _MERGED:
            self.merged.append(attributes.get("ref", ""))

    def _end(self, name: str) -> None:
        if name == _CELL:
            self._end_cell()
        elif name in _HOLDS_TEXT:
            self._is_text = False
        elif name == _ROW:
            self._done.append(RawRow(self._number, self._cells))
            self._cells = {}
        elif name == _PHONETIC:
            self._is_phonetic = False

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
        self.hidden_rows += attributes.get("hidden") in {"1", "true"}
        if not before < self._number <= MOST_ROWS:
            raise XmlError(f"row {self._number} stands after row {before}")

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
            self.formulas += self._is_formula
            value = self._value(stored)
        elif self._is_formula and self._type != "str":
            value = _not_calculated()  # openpyxl and others write formulas without values
        else:
            return
        if value != "":
            self._cells[self._column] = value

    def _value(self, stored: str) -> Cell | Fault:
        """What a stored text means, by the cell's type."""
        kind = self._type
        if kind == "s":
            return _checked(self._shared(stored))
        if kind == "n":
            return self._number_cell(stored)
        if kind in {"str", "inlineStr"}:
            return _checked(unescape(stored), self._length)
        if kind == "b":
            return "FALSE" if stored.strip() in {"0", "false"} else "TRUE"
        if kind == "e":
            return _error_cell(stored)
        if kind == "d":
            found = iso_moment(stored, self._kind())
            return _no_date(stored) if found is None else found
        raise XmlError(f"a cell has the unknown type {kind!r}")

    def _shared(self, stored: str) -> str:
        number = int(stored)
        if not 0 <= number < len(self.texts):
            raise XmlError(f"a cell uses the shared text {number}, but there are {len(self.texts)}")
        return self.texts[number]

    def _kind(self) -> Kind:
        return self.kinds[self._style] if 0 <= self._style < len(self.kinds) else Kind.NUMBER

    def _number_cell(self, stored: str) -> Cell | Fault:
        text, kind = number_text(stored), self._kind()
        if text is None:
            return _no_number(stored)
        if kind is Kind.NUMBER:
            return text
        found = moment(float(stored), kind, is_1904=self.is_1904)
        return _no_date(text) if found is None else found


# ------------------------------------------------------------------ faults


def _checked(text: str, length: int = 0) -> str | Fault:
    """The text, or the fault that it has more than a cell can hold."""
    if "\0" in text:
        return Fault(text, nul_inside("", text))
    length = max(length, len(text)) if length > LONGEST_CELL else len(text)
    return Fault(text, too_long("", text, length)) if length > LONGEST_CELL else text


def _error_cell(stored: str) -> Fault:
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


def _not_calculated() -> Fault:
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


def _no_number(stored: str) -> Fault:
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


def _no_date(text: str) -> Fault:
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
