"""Which column fills which field of an opportunity type, as far as their names tell.

Owns the rule what is sure and what is only proposed. Names that are merely alike are never sure:
"Contact name" and "Contract name" are so to 96 %.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from migrator.drafting.model import Match
from migrator.drafting.truths import is_truth
from migrator.fit.kinds import Kind as Takes
from migrator.fit.kinds import all_options, kind_of
from migrator.fit.words import bare
from migrator.mapping.kinds import READ_ONLY
from migrator.metadata import FieldInfo, TypeInfo
from migrator.profile import ColumnProfile, Kind

PROPOSED: Final = 65.0  #: Of 100: names less alike are not even proposed.
_SCHEMA_NAME, _SAME, _VALUES = 200.0, 150.0, 85.0
_PARTLY: Final = 0.9  #: Weight of a name whose words all stand in the other.
_MOST_VALUES_ARE_OPTIONS: Final = 0.8
_BONUS: Final = 15.0  #: For a column that holds what the field takes.
_MALUS: Final = 30.0  #: For one that does not.
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W_A-Z]+|[^\W_]+")
_HOLDS: Final = {
    Takes.NUMBER: {Kind.INTEGER, Kind.NUMBER},
    Takes.BOOLEAN: {Kind.BOOLEAN},
    Takes.DATE: {Kind.DATE, Kind.DATETIME},
    Takes.DATETIME: {Kind.DATE, Kind.DATETIME},
    Takes.USER: {Kind.EMAIL, Kind.GUID},
}
_HOLDS_BY_NAME: Final = {"phone": {Kind.PHONE}, "email": {Kind.EMAIL}}


def matched(columns: Sequence[ColumnProfile], type_: TypeInfo) -> dict[str, Match]:
    """The best field for each column, by the column's letter; each field is given once."""
    fields = [field for field in type_.fields if is_writable(field)]
    pairs = [pair for column in columns for field in fields if (pair := _pair(column, field))]
    # Equal scores keep the sheet's order, then the account's.
    pairs.sort(key=lambda pair: -pair.score)
    in_doubt = _in_doubt(pairs)
    given: dict[str, Match] = {}
    taken: set[str] = set()
    for pair in pairs:
        name = pair.field.schema_name
        if pair.column.letter in given or name in taken:
            continue
        taken.add(name)
        is_sure = pair.score >= _SAME and not {pair.column.letter, name} & in_doubt
        given[pair.column.letter] = Match(field=pair.field, is_sure=is_sure, reason=pair.reason)
    return given


def is_writable(field: FieldInfo) -> bool:
    """Whether one column may fill the field."""
    return not is_closed(field) and kind_of(field) is not Takes.FIELD_SET


def is_closed(field: FieldInfo) -> bool:
    """Whether no update may write to the field."""
    is_known = field.schema_name.lower() in READ_ONLY
    return field.is_read_only or is_known or kind_of(field) is Takes.UNWRITABLE


def suitable(column: ColumnProfile, fields: Iterable[FieldInfo]) -> Iterator[FieldInfo]:
    """The fields that take exactly what the column holds, where that is more than text."""
    return (field for field in fields if is_writable(field) and _is_held(column, field))


class _Pair(NamedTuple):
    column: ColumnProfile
    field: FieldInfo
    score: float
    reason: str


def _pair(column: ColumnProfile, field: FieldInfo) -> _Pair | None:
    """How well both go together; None where they do not."""
    score, reason = _score(column, field)
    return _Pair(column, field, score, reason) if score >= PROPOSED else None


def _score(column: ColumnProfile, field: FieldInfo) -> tuple[float, str]:
    if column.name.strip().casefold() == field.schema_name.casefold():
        return _SCHEMA_NAME, "the header is its SchemaName"
    here, there = words(column.name), words(field.display_name)
    if here and (bare(here) == bare(there) or sorted(here.split()) == sorted(there.split())):
        return _SAME, "the header is its name"
    if _are_options(column, field):
        return _VALUES, "the values are its options"
    alike = max(fuzz.token_sort_ratio(here, there), _PARTLY * fuzz.token_set_ratio(here, there))
    holds = _holds(field)
    if holds:
        alike += _BONUS if _is_held(column, field) else -_MALUS
    return alike, "the names are alike"


def words(name: str) -> str:
    """A name as words, in lower case.

    >>> words("ExpectedDeal_size (INR)"), words("Status")
    ('expected deal size inr', 'status')
    """
    return " ".join(_WORDS.findall(name)).casefold()


def _holds(field: FieldInfo) -> set[Kind]:
    return _HOLDS.get(kind_of(field)) or _HOLDS_BY_NAME.get(field.data_type.lower(), set())


def _is_held(column: ColumnProfile, field: FieldInfo) -> bool:
    """Whether the column holds what the field takes, where that is more than text."""
    if kind_of(field) is Takes.BOOLEAN:
        return is_truth(column)
    return column.kind in _holds(field)


def _are_options(column: ColumnProfile, field: FieldInfo) -> bool:
    options = {bare(option) for option in all_options(field) or ()}
    if not options or not column.values or len(column.values) < 2:
        return False
    found = sum(count for value, count in column.values if bare(value) in options)
    return found >= _MOST_VALUES_ARE_OPTIONS * column.filled


def _in_doubt(pairs: Iterable[_Pair]) -> set[str]:
    """Letters and SchemaNames with more than one match by the same kind of name."""
    sure = [pair for pair in pairs if pair.score >= _SAME]
    counts = Counter(key for pair in sure for key in (pair.column.letter, pair.field.schema_name))
    best = {pair.column.letter: pair.score for pair in reversed(sure)}
    return {
        key
        for pair in sure
        for key in (pair.column.letter, pair.field.schema_name)
        if counts[key] > 1 and best[pair.column.letter] < _SCHEMA_NAME
    }
