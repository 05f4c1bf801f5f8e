"""The styles of an OpenDocument spreadsheet: what a cell's number is shown as.

Owns the way from the name of a cell style to a `Format`. Common styles stand in styles.xml,
automatic ones in front of the sheets in content.xml; the two may use one name for two things.
It never looks at a cell.

Source: OASIS OpenDocument 1.3 part 3, 16 (styles) and 16.29 (data styles).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from migrator.loader.excel_values import GENERAL, Format, Kind, format_of_code
from migrator.loader.xml_events import XmlError

_NAMES: Final = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE: Final = f"{_NAMES}office:1.0 "
TABLE: Final = f"{_NAMES}table:1.0 "
TEXT: Final = f"{_NAMES}text:1.0 "
STYLE: Final = f"{_NAMES}style:1.0 "
NUMBER: Final = f"{_NAMES}datastyle:1.0 "
"""In front of the names of elements and attributes, as expat gives them."""

AUTOMATIC: Final = f"{OFFICE}automatic-styles"
COMMON: Final = f"{OFFICE}styles"
DEFAULT: Final = "Default"  #: The common style of cells that name none; LibreOffice, 2026.

_STYLE, _DEFAULT_STYLE = f"{STYLE}style", f"{STYLE}default-style"
_TABLE_PROPERTIES, _MAP = f"{STYLE}table-properties", f"{STYLE}map"
_NAME, _FAMILY, _PARENT = f"{STYLE}name", f"{STYLE}family", f"{STYLE}parent-style-name"
_DATA_STYLE = f"{STYLE}data-style-name"
_DIGITS, _DECIMALS = f"{NUMBER}min-integer-digits", f"{NUMBER}decimal-places"
_GROUPING, _FACTOR = f"{NUMBER}grouping", f"{NUMBER}display-factor"
_FOR_POSITIVE: Final = frozenset({"value()>0", "value()>=0"})
_SHOWS_DAY: Final = frozenset(
    {"day", "month", "year", "era", "day-of-week", "week-of-year", "quarter"}
)
_SHOWS_TIME: Final = frozenset({"hours", "minutes", "seconds"})
_USED: Final = frozenset({"table-cell", "table"})  #: Families of styles that matter here.
MOST_STYLES: Final = 200_000  #: Excel has 65,490 cell formats at most ("specifications", 2026).
_MOST_TEXT: Final = 1_000  #: Characters of a number format that are looked at.
_MOST_PARTS: Final = 100  #: Different elements of one, likewise.
_MOST_ZEROS: Final = 400  #: A double has at most 309 digits; more zeros are no format.


@dataclass(slots=True, kw_only=True)
class _DataStyle:
    """One number format."""

    element: str  #: "number-style", "date-style" and so on.
    is_elapsed: bool  #: Hours go beyond a day.
    parts: set[str] = field(default_factory=set)  #: The elements it is made of.
    text: str = ""  #: What it shows besides the number.
    zeros: int = 0
    for_positive: str = ""  #: The data style that shows positive numbers in its stead.

    def to_format(self) -> Format:
        if self.element == "time-style":
            return Format(Kind.DURATION if self.is_elapsed else Kind.TIME)
        if self.element == "date-style":
            return Format(self._kind_of_date())
        if self.element == "percentage-style":
            return Format(unit="percent")
        if self.element == "currency-style" or "currency-symbol" in self.parts:
            return Format(unit="currency")
        if self.element == "number-style" and self.parts == {"number"}:
            return Format(zeros=self.zeros)
        text = self.text.replace('"', "")
        return Format(unit=format_of_code(f'"{text}"0').unit)

    def _kind_of_date(self) -> Kind:
        if not self.parts & _SHOWS_TIME:
            return Kind.DATE
        return Kind.DATETIME if self.parts & _SHOWS_DAY else Kind.TIME


@dataclass(slots=True, kw_only=True)
class _NamedStyle:
    """One style of cells or of tables."""

    parent: str
    data_style: str
    display: str = ""  #: Of a table: "false" hides it; "" leaves it to the parent.


class StyleSet:
    """Gathers the styles under one element of one part, from the events of its XML."""

    def __init__(self, section: str) -> None:
        self.named: dict[tuple[str, str], _NamedStyle] = {}  #: By family and name.
        self.data: dict[str, _DataStyle] = {}
        self._section = section
        self._is_inside = False
        self._named: _NamedStyle | None = None
        self._data: _DataStyle | None = None
        self._is_text = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == self._section:
            self._is_inside = True
        elif not self._is_inside:
            return
        elif self._data is not None:
            self._part(self._data, name, attributes)
        elif name in {_STYLE, _DEFAULT_STYLE}:
            self._add_named(attributes)
        elif name == _TABLE_PROPERTIES and self._named is not None:
            self._named.display = attributes.get(f"{TABLE}display", "")
        elif name.startswith(NUMBER) and name.endswith("-style"):
            self._data = self.data[attributes.get(_NAME, "")] = _DataStyle(
                element=name.removeprefix(NUMBER),
                is_elapsed=attributes.get(f"{NUMBER}truncate-on-overflow") == "false",
            )
            self._refuse_too_many()

    def end(self, name: str) -> None:
        """An element ends."""
        if name == self._section:
            self._is_inside = False
        elif name == f"{NUMBER}text":
            self._is_text = False
        elif name.startswith(NUMBER) and name.endswith("-style"):
            self._data = None
        elif name in {_STYLE, _DEFAULT_STYLE}:
            self._named = None

    def text(self, data: str) -> None:
        """Text between them."""
        if self._is_text and self._data is not None:
            self._data.text = (self._data.text + data)[:_MOST_TEXT]

    def _add_named(self, attributes: dict[str, str]) -> None:
        family = attributes.get(_FAMILY, "")
        if family in _USED:
            self._named = self.named[family, attributes.get(_NAME, "")] = _NamedStyle(
                parent=attributes.get(_PARENT, ""), data_style=attributes.get(_DATA_STYLE, "")
            )
            self._refuse_too_many()

    def _refuse_too_many(self) -> None:
        # They are held in memory, unlike the cells.
        if len(self.named) + len(self.data) > MOST_STYLES:
            raise XmlError(f"it has more than {MOST_STYLES:,} styles")

    def _part(self, style: _DataStyle, name: str, attributes: dict[str, str]) -> None:
        if name == f"{NUMBER}number":
            style.parts.add("number" if "number" not in style.parts else "second number")
            style.zeros = _zeros(attributes)
        elif name == f"{NUMBER}text":
            self._is_text = True
            style.parts.add("text")
        elif name == _MAP:
            condition = attributes.get(f"{STYLE}condition", "").replace(" ", "")
            if condition in _FOR_POSITIVE and not style.for_positive:
                style.for_positive = attributes.get(f"{STYLE}apply-style-name", "")
        elif name.startswith(NUMBER) and len(style.parts) < _MOST_PARTS:
            style.parts.add(name.removeprefix(NUMBER))


def _zeros(attributes: dict[str, str]) -> int:
    """How many zeros a number is padded to, when nothing else is done to it."""
    digits = attributes.get(_DIGITS, "")
    is_changed = (
        attributes.get(_DECIMALS, "0") != "0"
        or attributes.get(_GROUPING) == "true"
        or attributes.get(_FACTOR, "1") != "1"
    )
    if is_changed or not (digits.isdecimal() and len(digits) <= 3):
        return 0
    return int(digits) if 1 < int(digits) <= _MOST_ZEROS else 0


@dataclass(slots=True, kw_only=True)
class Styles:
    """The styles of a spreadsheet, the automatic ones before the common ones."""

    sets: Sequence[StyleSet]
    _formats: dict[str, Format] = field(default_factory=dict)

    def format_of(self, name: str) -> Format:
        """What the cell style of this name shows a number as."""
        found = self._formats.get(name)
        if found is None:
            found = self._formats[name] = self._resolve(name)
        return found

    def hides(self, name: str) -> bool:
        """Whether the table style of this name hides its sheet."""
        for style, _ in self._lineage("table", name):
            if style.display:
                return style.display == "false"
        return False

    def _resolve(self, name: str) -> Format:
        for style, sets in self._lineage("table-cell", name or DEFAULT):
            if style.data_style:
                return _format(style.data_style, sets)
        return GENERAL

    def _lineage(self, family: str, name: str) -> list[tuple[_NamedStyle, Sequence[StyleSet]]]:
        """A style, its parent and so on, the family's default last; each with where it looks."""
        lineage: list[tuple[_NamedStyle, Sequence[StyleSet]]] = []
        sets, seen = self.sets, set[int]()
        while True:
            found = next(
                (
                    (styles.named[family, name], sets[at:])
                    for at, styles in enumerate(sets)
                    if (family, name) in styles.named
                ),
                None,
            )
            # Styles that are each other's parents would have no end.
            if found is None or id(found[0]) in seen:
                return lineage
            seen.add(id(found[0]))
            lineage.append(found)
            name, sets = found[0].parent, found[1]


def _format(name: str, sets: Sequence[StyleSet]) -> Format:
    """The format of a data style; the one for positive numbers decides, as in XLSX."""
    style = _data_style(name, sets)
    if style is not None and style.for_positive:
        style = _data_style(style.for_positive, sets) or style
    return GENERAL if style is None else style.to_format()


def _data_style(name: str, sets: Sequence[StyleSet]) -> _DataStyle | None:
    return next((styles.data[name] for styles in sets if name in styles.data), None)
