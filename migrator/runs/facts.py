"""What is worth knowing of a sheet before it is sent, in sentences.

Owns their wording and their levels. It reads no rows: what was met on the way is handed in.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from datetime import UTC, datetime
from typing import Final

from migrator.columnwise import IdColumn, Meetings, Witness
from migrator.convert import Fault, quoted
from migrator.mapper import named_columns
from migrator.mapping import (
    Choice,
    DateTime,
    Mapping,
)
from migrator.mapping.patterns import directives
from migrator.metadata import TypeInfo
from migrator.model import IdKind
from migrator.problems import CHOICE_CODES, ProblemGroup
from migrator.runs.duplicates import Duplicates
from migrator.runs.found import Clock, Doubt, Fact, Level, Seen
from migrator.snippets import Snippet, Wrong, values_snippet
from migrator.zones import zone

_DOUBTS: Final = {
    Fault.NONEXISTENT_TIME: "nonexistent",
    Fault.AMBIGUOUS_TIME: "ambiguous",
}
_SEVERAL_ROWS: Final[ReadOnly[str, tuple[Level, str]]] = {
    "in_order": (
        "warning",
        (
            "Each row is sent, in the sheet's order, so the last one stands in the end; "
            "`rows_per_opportunity` in the mapping can merge them, or refuse them."
        ),
    ),
    "merge": ("note", "They are merged, as `rows_per_opportunity: merge` says: one update each."),
    "error": (
        "error",
        (
            "`rows_per_opportunity: error` refuses the whole sheet: take rows out, or say what is "
            "to become of them (`in_order`, `merge`)."
        ),
    ),
}
"""By what the mapping says of several rows of one opportunity."""


def columns_used(mapping: Mapping) -> dict[str, str]:
    """Every column that the mapping names, and for what it is named first."""
    used: dict[str, str] = {}
    for (part, name), column in named_columns(mapping):
        used.setdefault(column, name if part == "fields" else f"the {name}")
    return used


# ------------------------------------------------------------------ ids


def id_facts(
    ids: IdColumn, duplicates: Duplicates, mapping: Mapping, *, mixed_ids: bool
) -> Iterator[Fact]:
    """Ids of two kinds, and ids that come again."""
    column = mapping.opportunity.id.column
    if len(ids.first) > 1:
        (_, guid_row, guid), (_, auto_row, auto_id) = (
            ids.first[IdKind.GUID],
            ids.first[IdKind.AUTO_ID],
        )
        yield Fact(
            level="warning" if mixed_ids else "error",
            code="mixed-ids",
            column=column,
            rows=(guid_row, auto_row),
            text=f"the ids are of two kinds: row {guid_row} has the GUID {quoted(guid)}, row "
            f"{auto_row} the AutoId {quoted(auto_id)}",
            advice="Name the opportunities in one way, or say which the column holds (id: "
            "{column: …, kind: guid}); --mixed-ids takes both, and then two rows of one "
            "opportunity may be sent out of order.",
        )
    if duplicates.opportunities:
        yield _duplicate_ids(duplicates, mapping)


def _duplicate_ids(duplicates: Duplicates, mapping: Mapping) -> Fact:
    named = "; ".join(", ".join(str(row) for _, row in group) for group in duplicates.first[:5])
    stand = "y stands" if duplicates.opportunities == 1 else "ies stand"
    way = mapping.opportunity.rows_per_opportunity
    level, advice = _SEVERAL_ROWS[way]
    return Fact(
        level=level,
        code="duplicate-ids",
        column=mapping.opportunity.id.column,
        count=duplicates.opportunities,
        rows=tuple(row for group in duplicates.first for _, row in group)[:20],
        text=f"{duplicates.opportunities:,} opportunit{stand} in several rows, "
        f"{duplicates.rows:,} rows in all: rows {named}"
        f"{' and more' if duplicates.opportunities > 5 else ''}",
        advice=advice,
    )


# ------------------------------------------------------------------ columns


def column_facts(columns: Sequence[str], blank: Sequence[str], mapping: Mapping) -> Iterator[Fact]:
    """Columns without a value, and columns that nothing uses."""
    used = columns_used(mapping)
    for column in blank:
        if column in used:
            yield Fact(
                level="warning",
                code="blank-column",
                column=column,
                schema_name=used[column] if used[column] in mapping.fields else "",
                text=f"the column {quoted(column)}, from which {used[column]} is filled, is blank "
                "in every row",
                advice="Check that the export has this column; else take it out of the mapping.",
            )
    unused = [column for column in columns if column not in used]
    if unused:
        listed = ", ".join(
            f"{quoted(column)}{' (blank)' if column in blank else ''}" for column in unused
        )
        yield Fact(
            level="note",
            code="unused-columns",
            count=len(unused),
            text=f"no field uses the column{'' if len(unused) == 1 else 's'} {listed}",
        )


# ------------------------------------------------------------------ values


def value_facts(
    met: ReadOnly[str, Meetings], mapping: Mapping, *, blank: Sequence[str], rows: int
) -> Iterator[Fact]:
    """Fields with one value in every row or none in any, and texts that were cut.

    Args:
        met: By SchemaName.
        mapping: The mapping.
        blank: Columns without a value, which are told of elsewhere.
        rows: How many become updates; of one alone nothing is said that it has but one value.
    """
    for name, meetings in met.items():
        column = getattr(mapping.fields[name], "column", "")
        if meetings.value is None and column not in blank:
            yield Fact(
                level="warning",
                code="never-a-value",
                column=column,
                schema_name=name,
                text=f"{name} gets no value from any row",
                advice="Its cells are blank, or refused; see above.",
            )
        if meetings.value is not None and not meetings.is_varied and rows > 1:
            yield Fact(
                level="note",
                code="one-value",
                column=column,
                schema_name=name,
                text=f"{name} gets {quoted(meetings.value)} wherever it gets a value",
            )
        cut = meetings.doubts.get(Fault.OVER_MAX_LENGTH)
        if cut is not None:
            yield Fact(
                level="note",
                code="truncated",
                column=column,
                schema_name=name,
                count=cut.count,
                rows=tuple(cut.rows),
                text=f"{name} is cut to {mapping.fields[name].max_length} characters in "
                f"{cut.count:,} row{'' if cut.count == 1 else 's'}, as `too_long: truncate` says",
            )


# ------------------------------------------------------------------ clocks


def clocks_of(
    met: ReadOnly[str, Meetings], mapping: Mapping, problems: Iterable[ProblemGroup]
) -> list[Clock]:
    """The witness of each datetime field."""
    groups = list(problems)
    return [
        _clock(name, field, met[name], mapping, groups)
        for name, field in mapping.fields.items()
        if isinstance(field, DateTime)
    ]


def _clock(
    name: str, field: DateTime, met: Meetings, mapping: Mapping, problems: Iterable[ProblemGroup]
) -> Clock:
    where = field.timezone or mapping.source.timezone or ""
    has_offsets = bool(field.formats) and all("z" in directives(one) for one in field.formats)
    zone_name = "" if has_offsets else where or "UTC"
    rows: dict[Witness, list[str]] = {}
    for which in ("earliest", "latest", "summer", "winter"):
        witness = getattr(met, which)
        if witness is not None:
            rows.setdefault(witness, []).append(which)
    seen = tuple(
        Seen(
            which=", ".join(names),
            row=witness.row,
            text=witness.text,
            reading=_reading(witness.utc, zone_name),
            utc=witness.utc,
        )
        for witness, names in rows.items()
    )
    doubts = [*_applied(met, field), *_refused(name, problems)]
    return Clock(
        schema_name=name, column=field.column, zone=zone_name, seen=seen, doubts=tuple(doubts)
    )


def _reading(utc: str, zone_name: str) -> str:
    """What the clocks of the zone showed at this time."""
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    try:
        local = moment.astimezone(zone(zone_name)) if zone_name else moment
    except OverflowError:
        return ""
    return local.isoformat(" ", "seconds")


def _applied(met: Meetings, field: DateTime) -> Iterator[Doubt]:
    for code, what in _DOUBTS.items():
        doubtful = met.doubts.get(code)
        if doubtful is not None:
            yield Doubt(
                what=what,
                policy=getattr(field, what),
                count=doubtful.count,
                rows=tuple(doubtful.rows),
                example=doubtful.example,
            )


def _refused(name: str, problems: Iterable[ProblemGroup]) -> Iterator[Doubt]:
    for code, what in _DOUBTS.items():
        groups = [one for one in problems if one.code == code and one.schema_name == name]
        if groups:
            rows = [row for group in groups for row in group.rows]
            yield Doubt(
                what=what,
                policy="error",
                count=sum(group.count for group in groups),
                rows=tuple(rows[:20]),
                example=groups[0].value or groups[0].example,
            )


# ------------------------------------------------------------------ proposals


def snippets_of(
    problems: Iterable[ProblemGroup], mapping: Mapping, type_: TypeInfo | None
) -> list[Snippet]:
    """For each field with values that are no option: the field with more `values:`."""
    wrong: dict[str, list[Wrong]] = {}
    for group in problems:
        if group.code in CHOICE_CODES and group.value and group.schema_name:
            wrong.setdefault(group.schema_name, []).append(Wrong(group.value, group.count))
    found = (
        values_snippet(mapping, name, values, _options(mapping, name, type_))
        for name, values in wrong.items()
    )
    return [snippet for snippet in found if snippet is not None]


def _options(mapping: Mapping, name: str, type_: TypeInfo | None) -> list[str]:
    """What the field takes: its options, or where none are known, what the mapping sends to it."""
    info = type_.field(name) if type_ is not None else None
    if info is not None:
        options = list(info.options or ())
        for under in (info.options_under or {}).values():
            options += under
        if options:
            return list(dict.fromkeys(options))
    field = mapping.fields[name]
    return list(dict.fromkeys(field.values.values())) if isinstance(field, Choice) else []
