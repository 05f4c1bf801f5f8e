"""The mapping, compiled for a header: rows in, updates or rejected rows out.

Owns a row's way through the fields, by itself and in a batch. Both give the same; what a cell
means is decided by `fields` and what they are made of.
"""

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from functools import lru_cache

from migrator.cells import cell_text
from migrator.convert import Fault, Refused
from migrator.errors import MappingError
from migrator.mapper.batch import Batch, MappedColumns, is_sendable
from migrator.mapper.columns import named_columns, refuse_unknown_columns
from migrator.mapper.fields import compile_field
from migrator.mapper.ids import GUID, identity_reader
from migrator.mapper.meaning import Cut, meaning_of
from migrator.mapper.templates import NOTE, Cells, template_maker
from migrator.mapping import Mapping, User, parse_template
from migrator.model import (
    Cell,
    FieldValue,
    Problem,
    Rejected,
    SourceRow,
    Update,
    opportunity_key,
)


class Mapper:
    """A mapping, compiled for the columns of one source."""

    def __init__(
        self,
        mapping: Mapping,
        columns: Sequence[str],
        *,
        users: ReadOnly[str, str] | None = None,
    ) -> None:
        refuse_unknown_columns(mapping, columns)
        if users is None and mapping.needs_users:
            raise _without_users(mapping)
        at = {name: position for position, name in enumerate(columns)}
        self._columns, self._at = tuple(columns), at
        used = dict.fromkeys(column for _, column in named_columns(mapping))
        self._used = [(column, at[column]) for column in used]
        self._id_column = mapping.opportunity.id.column
        self._id_at = at[self._id_column]
        meaning = meaning_of(mapping)
        self._identity = identity_reader(mapping.opportunity.id.kind, meaning)
        self._takes_guids = mapping.opportunity.id.kind != "auto_id"
        note = parse_template(mapping.opportunity.note)
        self._note = template_maker(note, at, meaning=meaning, policy=NOTE) if note else None
        self._fields = [
            compile_field(name, field, mapping=mapping, at=at, users=users)
            for name, field in mapping.fields.items()
        ]

    # -------------------------------------------------------------- one row

    def map(self, row: SourceRow) -> Update | Rejected:
        """The row's update; or the row with every problem found in it."""
        cells = row.cells
        if len(cells) != len(self._columns):
            return Rejected(row=row, problems=(self._wrong_count(cells),))
        problems = self._unsendable(cells)
        identity = self._identity(cells[self._id_at])
        if isinstance(identity, Refused):
            problems.append(_problem(identity, self._id_column, cells[self._id_at], ""))
        fields, truncated = self._values(cells, problems)
        note = self._note(cells) if self._note is not None else None
        if isinstance(note, Refused):
            problems.append(_problem(note, "", "", ""))
        if problems or isinstance(identity, Refused) or isinstance(note, Refused):
            return Rejected(row=row, problems=tuple(problems))
        return Update(identity.text, identity.kind, note or "", fields, truncated)

    @property
    def places(self) -> tuple[int, ...]:
        """Where the columns that the mapping uses stand in the header, in the mapping's order."""
        return tuple(place for _, place in self._used)

    def keys(self, by_column: Sequence[Sequence[Cell]], event_code: int) -> list[str]:
        """The `opportunity_key` of each row; "" where the row names no opportunity.

        Args:
            by_column: For each column of the header its cells.
            event_code: The opportunity type.
        """
        cells = by_column[self._id_at]
        if self._takes_guids and all(type(cell) is str and GUID.fullmatch(cell) for cell in cells):
            return [cell.lower() for cell in cells]  # type: ignore[union-attr] # they are texts
        found = map(self._identity, cells)
        return [
            "" if isinstance(one, Refused) else opportunity_key(one.text, one.kind, event_code)
            for one in found
        ]

    def _values(
        self, cells: Cells, problems: list[Problem]
    ) -> tuple[tuple[FieldValue, ...], tuple[str, ...]]:
        """The fields that are sent, and the names of those that were cut."""
        fields: list[FieldValue] = []
        truncated: tuple[str, ...] = ()
        for field in self._fields:
            value = field.of_row(cells)
            if isinstance(value, str):
                text = value if value.__class__ is str else str(value)
                fields.append(FieldValue(field.name, text))
                if isinstance(value, Cut):
                    truncated += (field.name,)
            elif isinstance(value, Refused):
                cell = cells[field.at] if field.column else ""
                problems.append(_problem(value, field.column, cell, field.name))
        return tuple(fields), truncated

    def _unsendable(self, cells: Cells) -> list[Problem]:
        """A problem for every mapped cell with a character that cannot be sent."""
        if is_sendable("".join([cell for cell in cells if isinstance(cell, str)])):
            return []
        refused = Refused(
            Fault.DAMAGED_TEXT,
            "the cell holds a NUL or half a character",
            "The file was damaged, or read in a wrong encoding; type the cell again, or correct "
            "`encoding` under `source`.",
        )
        found = ((column, cells[position]) for column, position in self._used)
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

    # -------------------------------------------------------------- many rows

    def map_all(self, rows: Sequence[SourceRow]) -> list[Update | Rejected]:
        """The same as `map` for each row, several times faster.

        Args:
            rows: Some hundred to some thousand; a column's cells are read together.
        """
        return self.map_columns(rows).results()

    def map_columns(self, rows: Sequence[SourceRow]) -> MappedColumns:
        """The same as `map_all`, in columns: for who looks at values and needs no updates."""
        width = len(self._columns)
        odd = {at: self.map(row) for at, row in enumerate(rows) if len(row.cells) != width}
        if odd:
            # Something stands in their places, so that positions stay.
            filler = rows[0]._replace(cells=("",) * width)
            rows = [filler if at in odd else row for at, row in enumerate(rows)]
        if not rows:
            return MappedColumns(count=0, ids=(), kinds=(), notes=None, fields=(), unusual={})
        batch = Batch(rows, positions=[position for _, position in self._used])
        ids, kinds = batch.ids(self._id_at, self._identity, takes_guids=self._takes_guids)
        return MappedColumns(
            count=len(rows),
            ids=ids,
            kinds=kinds,
            notes=None if self._note is None else batch.notes(self._note),
            fields=[batch.field(field) for field in self._fields],
            unusual={at: self.map(rows[at]) for at in sorted(batch.unusual - odd.keys())} | odd,
        )


@lru_cache(maxsize=8)
def _compiled(mapping: Mapping, columns: tuple[str, ...]) -> Mapper:
    return Mapper(mapping, columns)


def compile_mapping(
    mapping: Mapping, columns: tuple[str, ...], *, users: ReadOnly[str, str] | None = None
) -> Mapper:
    """Compile a mapping for a header; without users, what was compiled before is kept.

    Args:
        mapping: What is to be sent.
        columns: The header.
        users: GUIDs of the account's active users by e-mail address (`migrator.convert.by_email`),
            for a mapping with fields of `type: user`.

    Raises:
        MappingError: Columns of the mapping are not in the sheet (all of them are named), or it
            needs users and none are given.
    """
    if users is None:
        return _compiled(mapping, columns)
    return Mapper(mapping, columns, users=users)


def map_row(row: SourceRow | Rejected, mapping: Mapping) -> Update | Rejected:
    """Map one row; what the loader refused stays refused. The compiled mapping is kept.

    Raises:
        MappingError: The mapping does not fit the row's columns.
    """
    if isinstance(row, Rejected):
        return row
    return compile_mapping(mapping, row.columns).map(row)


def _without_users(mapping: Mapping) -> MappingError:
    name = next(name for name, field in mapping.fields.items() if isinstance(field, User))
    return MappingError(
        f"{name} names users by e-mail, and the account's user list is not at hand",
        where=f"{mapping.name}:{mapping.line_of('fields', name)}",
        advice="Check with --online, which reads it, or with --metadata FILE, which "
        "`migrator fields --save FILE` wrote; a program hands it to compile_mapping(users=…).",
    )


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
