"""Which opportunity a row means, from what LeadSquared lists of the row's lead.

Owns the nouns of `ids` and its one decision, which never guesses: exactly one opportunity must
remain, else the row gets no id and is told what was found. It makes no calls and reads no files.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from migrator.cells import cell_text
from migrator.compare import same_value
from migrator.model import Cell

ID_COLUMN: Final = "ProspectOpportunityId"  #: LeadSquared's name; "Update an Opportunity".
TOLD_COLUMN: Final = "migrator_ids"  #: What was found for the row, in words.

_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_AROUND_ID: Final = " \t\r\n\xa0{}\"'\u201c\u201d\u2018\u2019"
_MOST_TOLD: Final = 10  #: Opportunities that a row's text lists.
_LONGEST_VALUE: Final = 60  #: Characters of a field's value in a row's text.


class LeadKey(NamedTuple):
    """How one lead is named."""

    name: str  #: The lead field's SchemaName; "" for the lead's own id.
    value: str

    @property
    def told(self) -> str:
        """The key in words, such as ``EmailAddress "a@x.example"``."""
        return f'{self.name or "lead"} "{_cut(self.value)}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One opportunity of a lead."""

    guid: str  #: Lower case.
    values: Mapping[str, str]  #: SchemaName to value, for the fields that were asked for.

    @property
    def told(self) -> str:
        """Its id, and its fields in words."""
        fields = ", ".join(f'{name} "{_cut(value)}"' for name, value in self.values.items())
        return f"{self.guid} ({fields})" if fields else self.guid


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What LeadSquared lists of one lead."""

    found: tuple[Found, ...] = ()  #: Of the opportunity type that was asked for.
    problem: str = ""  #: Why it could not be told, in LeadSquared's words or ours; "" if it was.


class Fate(StrEnum):
    """What became of a row."""

    FOUND = "found"  #: Exactly one, and the row has its id.
    NONE = "none"  #: The lead has none, or none agrees.
    SEVERAL = "several"
    DIFFERS = "differs"  #: The row had an id already, and LeadSquared lists another one.
    UNCLEAR = "unclear"  #: LeadSquared did not tell.
    NO_KEY = "no lead key"  #: The row names no lead.
    REFUSED = "row refused"  #: The row is broken: cells may have shifted.


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a row gets."""

    fate: Fate
    guid: str = ""  #: For the id column; "" where it stays as it was.
    told: str = field(default="")  #: For `TOLD_COLUMN`.


def lead_key(name: str, cell: Cell) -> LeadKey | str:
    """The lead that a cell names, or why it names none.

    >>> lead_key("", "{5CA5B042-51EA-4699-B6F0-84C40AB12770}").value
    '5ca5b042-51ea-4699-b6f0-84c40ab12770'
    >>> lead_key("", "4711"), lead_key("Phone", " ")
    ('"4711" is no lead id: a lead id is a GUID', 'the cell is blank')
    """
    text = cell_text(cell).strip()
    if not text:
        return "the cell is blank"
    if name:
        return LeadKey(name, text)
    guid = as_guid(text)
    return LeadKey("", guid) if guid else f'"{_cut(text)}" is no lead id: a lead id is a GUID'


def as_guid(text: str) -> str:
    """The GUID in lower case, without what spreadsheets put around it; "" when it is none."""
    bare = text.strip(_AROUND_ID).lower()
    return bare if _GUID.fullmatch(bare) else ""


def decide(answer: Answer, *, wanted: Sequence[tuple[str, str]] = (), own: str = "") -> Decision:
    """The row's opportunity, where exactly one is left.

    Args:
        answer: What was listed of the row's lead.
        wanted: SchemaName and the row's cell for each field that has to agree; compared by
            meaning (`migrator.compare`), and a blank cell agrees with a blank field only.
        own: The id that the row has already; "" for none. It is never changed.

    >>> two = Answer(found=(Found(guid="a1", values={"mx_Custom_6": "50000.000"}),
    ...                     Found(guid="b2", values={"mx_Custom_6": "7"})))
    >>> decide(two, wanted=[("mx_Custom_6", "50,000")]).guid
    'a1'
    >>> decide(two).fate, decide(two).guid
    (<Fate.SEVERAL: 'several'>, '')
    """
    if answer.problem:
        return Decision(fate=Fate.UNCLEAR, told=f"not told: {answer.problem}")
    agreeing = [one for one in answer.found if _agrees(one, wanted)]
    if own:
        return _with_own(own, agreeing)
    if len(agreeing) == 1:
        return Decision(fate=Fate.FOUND, guid=agreeing[0].guid, told="found")
    if agreeing:
        return Decision(fate=Fate.SEVERAL, told=f"several: {_listed(agreeing)}")
    if answer.found:
        return Decision(fate=Fate.NONE, told=f"none agrees: {_listed(answer.found)}")
    return Decision(fate=Fate.NONE, told="none found")


def _with_own(own: str, agreeing: Sequence[Found]) -> Decision:
    if not agreeing:
        return Decision(fate=Fate.NONE, told="none found; the id in the row is kept")
    if any(one.guid == as_guid(own) for one in agreeing):
        among = f" (one of {len(agreeing)}, chosen in the sheet)" if len(agreeing) > 1 else ""
        return Decision(fate=Fate.FOUND, told=f"found{among}")
    return Decision(
        fate=Fate.DIFFERS, told=f"the id in the row is kept; found was: {_listed(agreeing)}"
    )


def _agrees(found: Found, wanted: Sequence[tuple[str, str]]) -> bool:
    return all(
        name in found.values and same_value(cell.strip(), found.values[name].strip())
        for name, cell in wanted
    )


def _listed(found: Sequence[Found]) -> str:
    more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return "; ".join(one.told for one in found[:_MOST_TOLD]) + more


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_VALUE else flat[: _LONGEST_VALUE - 1] + "…"
