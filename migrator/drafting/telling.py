"""Columns and fields in words, for the comments of a draft.

Owns the wording; what is said of a cell is short, and persons' addresses are not shown.
"""

import re
from collections.abc import Iterator
from typing import Final

from migrator.drafting.yaml_lines import can_stand, shown
from migrator.fit.words import called
from migrator.metadata import FieldInfo
from migrator.profile import Caution, ColumnProfile, Kind

_SAID_ELSEWHERE: Final = frozenset(
    {"blank-column", "both-orders", "day-or-month", "mixed-formats", "numbers-as-text"}
)
"""Codes of cautions that the draft's own words cover, or that change nothing for a mapping."""


def described(column: ColumnProfile) -> Iterator[str]:
    """What a column holds, and what to beware of in it."""
    begin = f'{column.letter} "{column.name}":'
    if column.kind is Kind.BLANK:
        yield f"{begin} no row has a value."
        return
    different = f"{'' if column.is_distinct_exact else 'over '}{column.distinct:,} different"
    share = "" if column.fits == column.filled else f" ({100 * column.fits // column.filled} %)"
    yield (
        f"{begin} {column.kind}{share}, {different}, {column.blanks:,} blank; such as "
        f"{', '.join(_examples(column))}"
    )
    for caution in column.cautions:
        if caution.code not in _SAID_ELSEWHERE:
            yield f"beware: {caution.text}{_rows(caution)}{_cure(caution)}"


def _examples(column: ColumnProfile) -> Iterator[str]:
    """The first values; of addresses of persons only the form."""
    if column.kind is Kind.EMAIL:
        yield from dict.fromkeys(f"…@{text.rpartition('@')[2]}" for text in column.examples)
    elif column.kind is Kind.PHONE:
        yield from dict.fromkeys(re.sub(r"[0-9]", "9", text) for text in column.examples)
    else:
        yield from map(shown, column.examples)


def _rows(caution: Caution) -> str:
    rows = sorted({seen.row for seen in caution.sightings if seen.row})
    if not rows:
        return ""
    more = " …" if caution.count > len(caution.sightings) else ""
    return f" {'Row' if len(rows) == 1 else 'Rows'} {', '.join(map(str, rows))}{more}."


def _cure(caution: Caution) -> str:
    """The key that helps against it."""
    if caution.code != "placeholder":
        return ""
    words = dict.fromkeys(seen.value.strip() for seen in caution.sightings)
    return f" `blank_values: [{', '.join(words)}]` makes it blank."


def field_in_words(field: FieldInfo) -> str:
    """A field by both its names.

    >>> field_in_words(FieldInfo(schema_name="mx_Custom_6", display_name="Deal Size"))
    'mx_Custom_6 "Deal Size"'
    """
    return f'{field.schema_name} "{called(field)}"'


def is_nameable(name: str) -> bool:
    """Whether a mapping can name the column."""
    return bool(name.strip()) and can_stand(name)
