"""A source row and a mapping to an update, or to every reason why there is none.

Owns what a blank cell means, templates, ids and lengths. The mapping is compiled once for a header;
`check` and `run` map by the same code. It reads no files and sends nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

from migrator.cells import cell_text, is_blank
from migrator.convert import Fault, Refused, conversion, quoted
from migrator.errors import MappingError
from migrator.mapping import (
    AnyField,
    Constant,
    FromRow,
    Mapping,
    Piece,
    Template,
    columns_of,
    did_you_mean,
    listed,
    parse_template,
)
from migrator.model import Cell, FieldValue, IdKind, Problem, Rejected, SourceRow, Update

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EXPONENT: Final = re.compile(r"[0-9.,]+[eE][+-]?[0-9]+")
_BLANKS: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_AROUND_ID: Final = _BLANKS + "{}\"'\u201c\u201d\u2018\u2019"
"""White space, braces and quotes, curly ones too; cut together, for they come in any order."""

Cells = Sequence[Cell]
Maker = Callable[[Cells], str | Refused | None]
"""Gives what a field sends; None to leave it alone."""


class Mapper:
    """A mapping, compiled for the columns of one source."""

    def __init__(self, mapping: Mapping, columns: Sequence[str]) -> None:
        _refuse_unknown_columns(mapping, columns)
        self._columns = tuple(columns)
        self._at = {name: position for position, name in enumerate(columns)}
        self._id_column = mapping.opportunity.id.column
        self._id_kind = mapping.opportunity.id.kind
        self._id_at = self._at[self._id_column]
        note = parse_template(mapping.opportunity.note)
        self._note = _template(note, self._at)
        self._used = tuple(dict.fromkeys(column for _, column in _named(mapping)))
        zone = mapping.source.timezone
        self._fields = [
            (name, _source_column(field), self._maker(field, zone))
            for name, field in mapping.fields.items()
        ]

    def map(self, row: SourceRow) -> Update | Rejected:
        """The row's update; or the row with every problem found in it."""
        cells = row.cells
        if len(cells) != len(self._columns):
            return Rejected(row=row, problems=(self._wrong_count(cells),))
        problems = self._unsendable(cells)
        identity = self._identity(cells[self._id_at])
        if isinstance(identity, Refused):
            problems.append(_problem(identity, self._id_column, cells[self._id_at], ""))
        fields = []
        for name, column, make in self._fields:
            value = make(cells)
            if value.__class__ is str:
                fields.append(FieldValue(name, value))
            elif isinstance(value, Refused):
                cell = cells[self._at[column]] if column else ""
                problems.append(_problem(value, column, cell, name))
        if problems or isinstance(identity, Refused):
            return Rejected(row=row, problems=tuple(problems))
        opportunity_id, id_kind = identity
        return Update(opportunity_id, id_kind, self._note(cells) or "", tuple(fields))

    def _unsendable(self, cells: Cells) -> list[Problem]:
        """A problem for every mapped cell with a character that cannot be sent."""
        texts = "".join([cell for cell in cells if isinstance(cell, str)])
        if is_sendable(texts):
            return []
        refused = Refused(
            Fault.DAMAGED_TEXT,
            "the cell holds a NUL or half a character",
            "The file was damaged, or read in a wrong encoding; type the cell again, or correct "
            "`encoding` under `source`.",
        )
        found = ((column, cells[self._at[column]]) for column in self._used)
        return [
            _problem(refused, column, cell, "")
            for column, cell in found
            if isinstance(cell, str) and not is_sendable(cell)
        ]

    def _wrong_count(self, cells: Cells) -> Problem:
        return Problem(
            code=Fault.CELL_COUNT,
            column="",
            value="",
            reason=f"the row has {len(cells)} cells, the header has {len(self._columns)}",
            advice="Correct the row: a value may stand in the wrong column.",
        )

    def _identity(self, cell: Cell) -> tuple[str, IdKind] | Refused:
        text = cell_text(cell).strip(_AROUND_ID)
        if not text:
            return Refused(
                Fault.NO_ID,
                "the row names no opportunity",
                "Fill in the id, or take the row out.",
            )
        if self._id_kind != "auto_id" and _GUID.fullmatch(text):
            return text, IdKind.GUID
        if _EXPONENT.fullmatch(text):
            return Refused(
                Fault.DAMAGED_ID,
                f"{quoted(text)} looks like an id that Excel made a number of",
                "Export again with the column as text: the lost digits cannot be found.",
            )
        if self._id_kind == "guid":
            return Refused(
                Fault.NOT_A_GUID,
                f"{quoted(text)} is not a GUID",
                "Correct the cell; or declare `kind: auto_id` for values of the AutoId field.",
            )
        return text, IdKind.AUTO_ID

    def _maker(self, field: AnyField, zone: str | None) -> Maker:
        if isinstance(field, Constant):
            constant = field.constant
            return lambda _: constant
        if isinstance(field, Template):
            make: Maker = _template(parse_template(field.template), self._at)
        else:
            make = _cell(self._at[field.column], conversion(field, timezone=zone))
        return _with_length(_with_blank(make, field), field.max_length)


@lru_cache(maxsize=8)
def compile_mapping(mapping: Mapping, columns: tuple[str, ...]) -> Mapper:
    """Compile a mapping for a header.

    Raises:
        MappingError: Columns of the mapping are not in the sheet; all of them are named.
    """
    return Mapper(mapping, columns)


def map_row(row: SourceRow | Rejected, mapping: Mapping) -> Update | Rejected:
    """Map one row; what the loader refused stays refused. The compiled mapping is kept.

    Raises:
        MappingError: The mapping does not fit the row's columns.
    """
    if isinstance(row, Rejected):
        return row
    return compile_mapping(mapping, row.columns).map(row)


# ------------------------------------------------------------------ the parts of a field


def _cell(position: int, convert: Callable[[Cell], str | Refused]) -> Maker:
    def make(cells: Cells) -> str | Refused | None:
        cell = cells[position]
        if is_blank(cell):
            return None
        return convert(cell) or None

    return make


def _template(pieces: tuple[Piece, ...], at: dict[str, int]) -> Callable[[Cells], str | None]:
    """Columns in text; None when all the columns are blank. Text alone is never blank."""
    columns = [at[column] for column in columns_of(pieces)]
    parts = [(piece.text, at[piece.column] if piece.column else -1) for piece in pieces]

    def make(cells: Cells) -> str | None:
        if columns and all(is_blank(cells[position]) for position in columns):
            return None
        text = "".join(
            text if position < 0 else cell_text(cells[position]) for text, position in parts
        )
        return text or None

    return make


def _with_blank(make: Maker, field: FromRow) -> Maker:
    """What a blank means for this field."""
    if field.required or field.blank == "error":
        refused = Refused(
            Fault.BLANK, "a value is needed and there is none", "Fill in the cell or its source."
        )

        def or_refuse(cells: Cells) -> str | Refused | None:
            value = make(cells)
            return refused if value is None else value

        return or_refuse
    if field.blank == "clear":

        def or_clear(cells: Cells) -> str | Refused | None:
            value = make(cells)
            return "" if value is None else value

        return or_clear
    return make


def _with_length(make: Maker, longest: int | None) -> Maker:
    if longest is None:
        return make

    def checked(cells: Cells) -> str | Refused | None:
        value = make(cells)
        if isinstance(value, str) and len(value) > longest:
            return Refused(
                Fault.OVER_MAX_LENGTH,
                f"the value has {len(value)} characters, more than {longest}",
                "Shorten it: nothing is cut without being asked.",
            )
        return value

    return checked


def is_sendable(text: str) -> bool:
    """Whether it has no NUL, which no CRM stores, and no half character, which has no UTF-8."""
    try:
        text.encode()  # Several times faster than a pattern, and every row comes here.
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _problem(refused: Refused, column: str, cell: Cell, schema_name: str) -> Problem:
    reason = f"{schema_name}: {refused.reason}" if schema_name else refused.reason
    return Problem(
        code=refused.fault,
        column=column,
        value=cell_text(cell),
        reason=reason,
        advice=refused.advice,
        schema_name=schema_name,
    )


def _source_column(field: AnyField) -> str:
    return getattr(field, "column", "")


# ------------------------------------------------------------------ columns


def _refuse_unknown_columns(mapping: Mapping, columns: Sequence[str]) -> None:
    known = set(columns)
    missing = [(line, column) for line, column in _named(mapping) if column not in known]
    if not missing:
        return
    line, first = missing[0]
    others = "".join(
        f'\n  Line {other_line}: there is no column "{column}" either.'
        for other_line, column in missing[1:]
    )
    raise MappingError(
        f'the sheet has no column "{first}"',
        where=f"{mapping.name}:{line}",
        advice=f"{did_you_mean(first, columns)}Its columns are {listed(columns)}. Correct line "
        f"{line}, or add the column to the sheet.{others}",
    )


def _named(mapping: Mapping) -> Iterable[tuple[int, str]]:
    """Every column that the mapping names, with its line."""
    yield mapping.line_of("opportunity", "id"), mapping.opportunity.id.column
    for column in columns_of(parse_template(mapping.opportunity.note)):
        yield mapping.line_of("opportunity", "note"), column
    for name, field in mapping.fields.items():
        line = mapping.line_of("fields", name)
        if isinstance(field, Template):
            for column in columns_of(parse_template(field.template)):
                yield line, column
        elif not isinstance(field, Constant):
            yield line, field.column
