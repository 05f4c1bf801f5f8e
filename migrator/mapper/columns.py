"""The columns that a mapping names, and whether a sheet has them.

Owns that comparison; it sees a header, never a row.
"""

from collections.abc import Iterable, Sequence

from migrator.errors import MappingError
from migrator.mapping import (
    Constant,
    Mapping,
    Template,
    columns_of,
    did_you_mean,
    listed,
    parse_template,
)

Place = tuple[str, str]
"""The keys that lead to a part of a mapping: ("opportunity", "id"), ("fields", SchemaName)."""


def refuse_unknown_columns(mapping: Mapping, columns: Sequence[str]) -> None:
    """Refuse a mapping that names columns which the sheet does not have; all are named.

    Raises:
        MappingError: There is at least one.
    """
    known = set(columns)
    missing = [
        (mapping.line_of(*place), column)
        for place, column in named_columns(mapping)
        if column not in known
    ]
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


def named_columns(mapping: Mapping) -> Iterable[tuple[Place, str]]:
    """Every column that the mapping names, with the place of the key that names it."""
    yield ("opportunity", "id"), mapping.opportunity.id.column
    for column in columns_of(parse_template(mapping.opportunity.note)):
        yield ("opportunity", "note"), column
    for name, field in mapping.fields.items():
        if isinstance(field, Template):
            for column in columns_of(parse_template(field.template)):
                yield ("fields", name), column
        elif not isinstance(field, Constant):
            yield ("fields", name), field.column
