"""Which column holds the opportunity's id.

Owns the guess; it is made only where one column is clearly meant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from migrator.drafting.matching import words
from migrator.fit.words import bare
from migrator.metadata import TypeInfo
from migrator.profile import ColumnProfile, Kind

_NAMED: Final = re.compile(r"\b(opportunity|opp|deal) ?(id|guid|key|number|no)\b")
_OTHERS: Final = re.compile(r"\b(lead|prospect|contact|account|company|owner|user|activity)\b")
_ID_LIKE: Final = re.compile(r"\b(id|ids|guid|uuid|key|number|no|ref|reference|code)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdGuess:
    """The column of the ids, or those that may be it."""

    column: ColumnProfile | None
    kind: str = ""  #: As `kind:` of the mapping says it; "" where it needs not be said.
    candidates: tuple[ColumnProfile, ...] = ()


def guess_id(columns: Sequence[ColumnProfile], type_: TypeInfo | None) -> IdGuess:
    """The one column that is clearly the opportunity's id; none where several may be."""
    if type_ is not None and (by_field := _auto_id(columns, type_)):
        return by_field
    guids = [column for column in columns if column.kind is Kind.GUID]
    of_opportunities = [column for column in guids if not _is_of_another(column)]
    named = [column for column in of_opportunities if _NAMED.search(words(column.name))]
    for some in (named, of_opportunities):
        if len(some) == 1:
            return IdGuess(column=some[0])
    likely = [column for column in columns if _ID_LIKE.search(words(column.name))]
    listed = {column.letter: column for column in (*guids, *likely) if column.filled}
    return IdGuess(column=None, candidates=tuple(listed.values()))


def chosen_id(column: ColumnProfile, type_: TypeInfo | None) -> IdGuess:
    """The column that a person has named."""
    named = _auto_id([column], type_) if type_ is not None else None
    return named or IdGuess(column=column)


def _auto_id(columns: Sequence[ColumnProfile], type_: TypeInfo) -> IdGuess | None:
    """The column that is called as the type's own counter is."""
    names = {
        bare(name)
        for field in type_.fields
        if field.data_type.lower() == "autoid"
        for name in (field.display_name, field.schema_name)
    }
    found = [column for column in columns if bare(column.name) in names - {""} and column.filled]
    is_one = len(found) == 1 and found[0].kind is not Kind.GUID
    return IdGuess(column=found[0], kind="auto_id") if is_one else None


def _is_of_another(column: ColumnProfile) -> bool:
    """Whether a GUID is that of a lead or of a user; a prospect opportunity is no prospect."""
    named = words(column.name)
    return bool(_OTHERS.search(named)) and "opportunity" not in named
