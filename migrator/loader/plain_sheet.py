"""The rows of one worksheet that is written in the plain way: several times faster than expat.

Owns the speed only. What a cell means stands in `grid`; what is not plain ends in
`NotPlainError`, and `sheet` reads it. Rows of one sheet look alike: the columns, styles and types
of a row are its shape, and what is to be done with the cells of a shape is found out once.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO, Final, NamedTuple

from migrator.loader.excel_values import GENERAL, Format, Kind, moment, unescape
from migrator.loader.grid import (
    MOST_COLUMNS,
    MOST_DIGITS,
    MOST_ROWS,
    Fault,
    RawRow,
    SheetAccount,
    error_cell,
    kind_of_cell,
    not_calculated,
    number_cell,
    text_cell,
)
from migrator.loader.plain_xml import NotPlainError, pieces, with_entities
from migrator.loader.rows import Told
from migrator.loader.sheet import SheetReader, boolean_text, iso_cell
from migrator.loader.xml_events import MAIN
from migrator.model import Cell

_SPACE: Final = r'(?: xml:space="preserve")?'
_BEGINS: Final = re.compile(
    rf'\s*<worksheet\s[^<>]*?xmlns="{re.escape(MAIN.strip())}"[^<>]*>'
    r".*?<sheetData>",
    re.DOTALL,
)
_ENDS: Final = re.compile(r"\s*</sheetData>")
_ROW: Final = re.compile(r'\s*<row((?:\s+[\w:]+="[^"<>&]*")*)\s*(/?)>')
_ROW_ENDS: Final = "</row>"
_ROW_ATTRIBUTES: Final = re.compile(r'([\w:]+)="[^"]*"')
_KNOWN_ATTRIBUTES: Final = frozenset(
    (
        *("r", "spans", "s", "customFormat", "ht", "hidden", "customHeight", "outlineLevel"),
        *("collapsed", "thickTop", "thickBot", "ph", "x14ac:dyDescent"),
    )
)  #: ECMA-376 part 1, 18.3.1.73, and the one that Excel adds.
_ADDED_PREFIX: Final = "xmlns:x14ac="
_NUMBER: Final = re.compile(r'\sr="(\d{1,7})"')
_HIDDEN: Final = re.compile(r'\shidden="(?:1|true)"')
_CELL: Final = re.compile(
    r'\s*+<c r="([A-Z]{1,3}+)\d{1,7}+"(?: s="(\d{1,6}+)")?+(?: t="(\w{1,9}+)")?+'
    r'(?: cm="\d+")?+(?: vm="\d+")?+(?: ph="\d+")?+'
    r"(?:>"
    r'(?:(<f)(?: t="\w+")?(?: ref="[\w:$]+")?(?: ca="1")?(?: si="\d+")?'
    r" ?(?:/>|>(?:[^<&]++|&(?:amp|lt|gt|quot|apos);)*+</f>))?+"
    rf"(?:<v{_SPACE}>([^<]*+)</v>|<v ?/>)?+"
    rf"(?:<is><t{_SPACE}>([^<]*+)</t></is>|<is><t ?/></is>)?+"
    r"</c>|\s?/>)|(.+)",
    re.DOTALL,
)
"""Column, style, type, whether there is a formula, value, text in place; last what is not plain."""

_SHORTEST: Final = re.compile(r"-?(?:[1-9]\d*|0)(?:\.\d*[1-9])?", re.ASCII)
"""A number with at most 15 digits that is written so has no shorter text."""

_MOST_SHAPES: Final = 5_000  #: Kept at once, so that memory is bounded.

_TEXTS: Final = frozenset({"s", "str", "inlineStr"})

Convert = Callable[[str], Cell | Fault]


class _Shape(NamedTuple):
    """What the rows with the same columns, styles and types have in common."""

    shared: tuple[int, ...]  #: Which of the cells use shared texts,
    shared_places: tuple[int, ...]  #: and the columns these stand in.
    others: tuple[tuple[int, int, Convert], ...]  #: Cell, column, and how it is read.
    kinds: tuple[tuple[str, int], ...]  #: Kind and column of every cell, for the account.
    met: list[int]  #: How many rows have this shape, and the first.
    formulas: int
    has_texts_in_place: bool


@dataclass(slots=True, kw_only=True)
class PlainSheetReader:
    """Reads the XML of one sheet; the account is complete when the rows have ended."""

    texts: Sequence[str | Fault]  #: The workbook's shared texts.
    formats: Sequence[Format]  #: What each cell style shows.
    is_1904: bool
    account: SheetAccount
    _row: int = 0  #: The row under way, for what converters tell.
    _has_prefix: bool = False  #: Whether Excel's own attribute is declared.
    _row_forms: set[tuple[str, ...]] = field(default_factory=set)  #: Names of attributes met.
    _shapes: dict[tuple[tuple[str, ...], ...], _Shape] = field(default_factory=dict)
    _converters: dict[tuple[int, str, str, str], Convert] = field(default_factory=dict)
    _blanks: Counter[tuple[str, int]] = field(default_factory=Counter)  #: By kind and column.

    def rows(self, source: IO[bytes]) -> Iterator[RawRow]:
        """Every row that the sheet stores, blank ones too, in ascending order.

        Raises:
            NotPlainError: The sheet is written otherwise; the rows given so far are right.
            XmlError: What stands around the rows is broken.
        """
        parts = pieces(source, _ROW_ENDS)
        first = next(parts)
        begins = _BEGINS.match(first)
        if begins is None:
            raise NotPlainError
        around = [begins.group()]
        self._has_prefix = _ADDED_PREFIX in around[0]
        piece = first[begins.end() :]
        while True:
            end = yield from self._piece(piece)
            if end >= 0:
                around += [piece[end:], *parts]
                break
            following = next(parts, None)
            if following is None:
                raise NotPlainError  # the rows do not end
            piece = following
        self._read_around("".join(around))

    def _piece(self, text: str) -> Generator[RawRow, None, int]:
        """The rows of a piece; returns where the sheet's rows end in it, or -1."""
        at = 0
        while opened := _ROW.match(text, at):
            number = self._begin_row(opened[1])
            at = opened.end()
            if opened[2]:
                yield RawRow(number, {})
                continue
            end = text.find(_ROW_ENDS, at)
            if end < 0:
                raise NotPlainError
            yield RawRow(number, self._cells(text, at, end))
            at = end + len(_ROW_ENDS)
        if ended := _ENDS.match(text, at):
            return ended.start()
        if text[at:].strip():
            raise NotPlainError
        return -1

    def _begin_row(self, attributes: str) -> int:
        names = tuple(_ROW_ATTRIBUTES.findall(attributes))
        if names not in self._row_forms:
            self._check_attributes(names)
        found = _NUMBER.search(attributes)
        if found is None or not self._row < int(found[1]) <= MOST_ROWS:
            raise NotPlainError
        self._row = int(found[1])
        if "hidden" in attributes:
            self.account.hidden_rows += _HIDDEN.search(attributes) is not None
        return self._row

    def _check_attributes(self, names: tuple[str, ...]) -> None:
        """Leave a row with attributes twice, unknown or undeclared ones to the whole parser."""
        is_declared = self._has_prefix or not any(":" in name for name in names)
        if len(set(names)) < len(names) or not _KNOWN_ATTRIBUTES.issuperset(names):
            raise NotPlainError
        if not is_declared:
            raise NotPlainError
        self._row_forms.add(names)

    def _cells(self, text: str, begin: int, end: int) -> dict[int, Cell | Fault]:
        found = _CELL.findall(text, begin, end)
        if found and found[-1][-1]:
            odd = found.pop()[-1]
            if not odd.isspace():
                raise NotPlainError
        if not found:
            return {}
        letters, styles, types, formulas, stored, in_place, _ = zip(*found, strict=True)
        key = (letters, styles, types, formulas)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._new_shape(*key)
            if len(self._shapes) >= _MOST_SHAPES:
                self._account_for_shapes()
            self._shapes[key] = shape
        if shape.has_texts_in_place:
            stored = tuple(map(str.__add__, stored, in_place))
        if shape.formulas:
            self._count_formulas(formulas, stored)
        cells = self._shared_cells(shape, stored)
        for at, place, convert in shape.others:
            cells[place] = convert(stored[at])
        if self._is_counted(cells):
            shape.met[0] += 1
            shape.met[1] = shape.met[1] or self._row
        return cells

    def _is_counted(self, cells: dict[int, Cell | Fault]) -> bool:
        """Whether the row stands below the names of the columns, and counts for the account."""
        above = self.account.header_row
        if above is not None and self._row > above:
            return True
        self._blanks.clear()
        if above is None and any(cells.values()):
            self.account.header_row = self._row
        return False

    def _shared_cells(self, shape: _Shape, stored: Sequence[str]) -> dict[int, Cell | Fault]:
        """The cells that use shared texts: most cells do, so none is looked at alone."""
        numbers = [stored[at] for at in shape.shared]
        if not "".join(numbers).isdecimal():
            if any(numbers):
                raise NotPlainError
            return {}
        places: Sequence[int] = shape.shared_places
        if "" in numbers:
            places = [place for place, number in zip(places, numbers, strict=True) if number]
            numbers = [number for number in numbers if number]
        try:
            found = map(self.texts.__getitem__, map(int, numbers))
            return dict(zip(places, found, strict=True))
        except IndexError:  # a text that there is not
            raise NotPlainError from None

    def _count_formulas(self, formulas: Sequence[str], stored: Sequence[str]) -> None:
        pairs = zip(formulas, stored, strict=True)
        self.account.formulas += sum(1 for formula, text in pairs if formula and text)

    def _read_around(self, text: str) -> None:
        """What stands before and behind the rows: hidden columns, merged cells, its being XML."""
        reader = SheetReader(
            texts=self.texts, formats=self.formats, is_1904=self.is_1904, account=self.account
        )
        for _ in reader.rows(io.BytesIO(text.encode())):
            raise NotPlainError  # rows outside of the rows
        self._account_for_shapes()

    # -------------------------------------------------------------- shapes and converters

    def _new_shape(
        self,
        letters: tuple[str, ...],
        styles: tuple[str, ...],
        types: tuple[str, ...],
        formulas: tuple[str, ...],
    ) -> _Shape:
        places = tuple(map(_place_of, letters))
        if any(right <= left for left, right in pairwise(places)):
            raise NotPlainError
        if places[-1] >= MOST_COLUMNS:
            raise NotPlainError
        shared = tuple(at for at, kind in enumerate(types) if kind == "s")
        others = tuple(
            (at, place, self._converter(place, styles[at], types[at], formulas[at]))
            for at, place in enumerate(places)
            if types[at] != "s"
        )
        return _Shape(
            shared=shared,
            shared_places=tuple(places[at] for at in shared),
            others=others,
            kinds=tuple(map(self._kind_of, places, styles, types)),
            met=[0, 0],
            formulas=sum(map(bool, formulas)),
            has_texts_in_place="inlineStr" in types,
        )

    def _kind_of(self, place: int, style: str, kind: str) -> tuple[str, int]:
        if kind in {"", "n"}:
            return kind_of_cell(self._format(style)), place
        return {"d": "date"}.get(kind, "text" if kind in _TEXTS else ""), place

    def _account_for_shapes(self) -> None:
        """Put what the shapes have counted into the account, and forget them."""
        for shape in self._shapes.values():
            times, row = shape.met
            for kind, place in shape.kinds:
                if kind:
                    told = self.account.kinds.setdefault(kind, {})
                    told.setdefault(place, Told(row, "", 0)).times += times
        for (kind, place), times in self._blanks.items():
            if not kind:
                continue
            self.account.kinds[kind][place].times -= times
        self._shapes.clear()
        self._blanks.clear()

    def _format(self, style: str) -> Format:
        number = int(style or "0")
        return self.formats[number] if number < len(self.formats) else GENERAL

    def _converter(self, place: int, style: str, kind: str, formula: str) -> Convert:
        key = (place, style, kind, formula)
        found = self._converters.get(key)
        if found is None:
            found = self._converters[key] = self._new_converter(place, style, kind)
            if formula and kind != "str":  # openpyxl and others write formulas without values
                met = self._kind_of(place, style, kind)
                found = self._converters[key] = self._calculated(found, met)
        return found

    def _new_converter(self, place: int, style: str, kind: str) -> Convert:
        format_ = self._format(style)
        if kind in {"", "n"}:
            if format_.kind is Kind.NUMBER:
                return self._number(place, format_)
            return self._moment(place, format_)
        if kind in _TEXTS:
            return self._text(place)
        simple: dict[str, Convert] = {"b": boolean_text, "e": error_cell}
        if kind == "d":
            return _unless_blank(lambda stored: iso_cell(stored, format_.kind))
        if kind not in simple:
            raise NotPlainError
        return _unless_blank(simple[kind])

    def _text(self, place: int) -> Convert:
        kind = ("text", place)

        def convert(stored: str) -> Cell | Fault:
            if not stored:
                self._blanks[kind] += 1
                return ""
            return text_cell(unescape(with_entities(stored)))

        return convert

    def _number(self, place: int, format_: Format) -> Convert:
        is_shortest, kind = _SHORTEST.fullmatch, (kind_of_cell(format_), place)
        as_stored = 0 if format_.zeros else MOST_DIGITS

        def convert(stored: str) -> Cell | Fault:
            if not stored:
                self._blanks[kind] += 1
                return ""
            if len(stored) <= as_stored and is_shortest(stored) and stored != "-0":
                return stored
            return self._number_cell(stored, place, format_)

        return convert

    def _moment(self, place: int, format_: Format) -> Convert:
        kind, is_1904, met = format_.kind, self.is_1904, ("date", place)

        def convert(stored: str) -> Cell | Fault:
            if not stored:
                self._blanks[met] += 1
                return ""
            if stored.replace(".", "", 1).isdecimal() and stored.isascii():
                found = moment(float(stored), kind, is_1904=is_1904)
                if found is not None:
                    return found
            return self._number_cell(stored, place, format_)

        return convert

    def _calculated(self, convert: Convert, kind: tuple[str, int]) -> Convert:
        def converted(stored: str) -> Cell | Fault:
            if stored:
                return convert(stored)
            self._blanks[kind] += 1
            return not_calculated()

        return converted

    def _number_cell(self, stored: str, place: int, format_: Format) -> Cell | Fault:
        if "&" in stored:
            raise NotPlainError
        return number_cell(
            stored,
            format_,
            is_1904=self.is_1904,
            row=self._row,
            column=place,
            account=self.account,
        )


def _place_of(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _unless_blank(convert: Convert) -> Convert:
    def converted(stored: str) -> Cell | Fault:
        if "&" in stored:
            raise NotPlainError
        return convert(stored) if stored else ""

    return converted
