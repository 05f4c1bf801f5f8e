"""One field of a mapping, compiled: read from a row, or from a column of many rows.

Owns both ways, which give the same: the second is there for speed alone, and a test holds them
together.
"""

from collections.abc import Callable, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Final

from migrator.convert import Columnwise, Conversion, Refused, conversion
from migrator.convert.memory import LONGEST_REMEMBERED, MOST_REMEMBERED
from migrator.mapper.meaning import Policy, Value, cell_reader, fitting, meaning_of
from migrator.mapper.templates import Cells, template_maker
from migrator.mapping import (
    AnyField,
    Boolean,
    Choice,
    Choices,
    ColumnField,
    Constant,
    Date,
    Mapping,
    Template,
    Text,
    User,
    parse_template,
)
from migrator.model import Cell

_FEW_VALUES: Final = Boolean | Choice | Choices | Date | User
"""Types whose cells repeat, so that remembering a cell beats reading it."""


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of one column in several rows."""

    cells: Sequence[Cell]
    is_text: bool  #: Whether every cell is text.


OfRow = Callable[[Cells], Value]
OfColumn = Callable[[Column], Sequence[Value]]
Many = Callable[[Sequence[str]], Sequence[str | Refused] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field, compiled for the columns of one source."""

    name: str  #: The SchemaName.
    column: str  #: "" where it takes its value from no one column.
    at: int  #: The column's position; -1 for none.
    of_row: OfRow
    of_column: OfColumn | None  #: None: it has no column, and is asked row by row.


def compile_field(
    name: str,
    field: AnyField,
    *,
    mapping: Mapping,
    at: ReadOnly[str, int],
    users: ReadOnly[str, str] | None,
) -> Field:
    """Compile one field."""
    if isinstance(field, Constant):
        constant = field.constant
        return Field(name=name, column="", at=-1, of_row=lambda _: constant, of_column=None)
    if isinstance(field, Template):
        make = _of_template(field, mapping, at)
        return Field(name=name, column="", at=-1, of_row=make, of_column=None)
    convert = conversion(field, timezone=mapping.source.timezone, users=users)
    return _of_column_field(name, field, convert, mapping=mapping, position=at[field.column])


def _of_template(field: Template, mapping: Mapping, at: ReadOnly[str, int]) -> OfRow:
    make = template_maker(
        parse_template(field.template),
        at,
        meaning=meaning_of(mapping, field),
        policy=Policy.of(field),
    )
    fit = fitting(field)
    if fit is None:
        return make

    def make_fitting(cells: Cells) -> Value:
        value = make(cells)
        return value if value is None else fit(value)

    return make_fitting


def _of_column_field(
    name: str, field: ColumnField, convert: Conversion, *, mapping: Mapping, position: int
) -> Field:
    meaning = meaning_of(mapping, field)
    one = convert.one if isinstance(convert, Columnwise) else convert
    read: Callable[[Cell], Value] = cell_reader(one, field=field, meaning=meaning)
    of_column = _each(read)
    if isinstance(convert, Columnwise):
        if meaning.is_plain:
            of_column = _many_column(of_column, convert.many, field)
    elif isinstance(field, _FEW_VALUES):
        read = _Remembered(read).__getitem__
        of_column = _each(read)
    elif isinstance(field, Text) and meaning.is_plain:
        of_column = _text_column(of_column, longest=field.max_length)
    return Field(
        name=name,
        column=field.column,
        at=position,
        of_row=lambda cells: read(cells[position]),
        of_column=of_column,
    )


def _each(read: Callable[[Cell], Value]) -> OfColumn:
    return lambda column: list(map(read, column.cells))


def _text_column(otherwise: OfColumn, *, longest: int | None) -> OfColumn:
    """A column of texts as it stands, when there is no blank and nothing too long in it."""

    def read(column: Column) -> Sequence[Value]:
        cells = column.cells
        if (
            column.is_text
            and all(cells)
            and True not in map(str.isspace, cells)  # type: ignore[arg-type]
            and (longest is None or max(map(len, cells)) <= longest)  # type: ignore[arg-type]
        ):
            return cells  # type: ignore[return-value]
        return otherwise(column)

    return read


def _many_column(otherwise: OfColumn, many: Many, field: ColumnField) -> OfColumn:
    """A column of texts that its conversion reads together."""
    on_blank, fit = Policy.of(field).blank, fitting(field)

    def read(column: Column) -> Sequence[Value]:
        values = many(column.cells) if column.is_text else None  # type: ignore[arg-type]
        if values is None:
            return otherwise(column)
        if fit is not None:
            values = [fit(value) for value in values]
        if "" in values:
            return [on_blank if value == "" else value for value in values]
        return values

    return read


class _Remembered(dict[Cell, Value]):
    """Reads each cell once; bounded, since a dict's look-up is all that a known cell costs."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[Cell], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: Cell) -> Value:
        value = self._read(cell)
        if not isinstance(cell, str) or len(cell) <= LONGEST_REMEMBERED:
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[cell] = value
        return value
