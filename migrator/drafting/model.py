"""The nouns of a draft.

Owns values only; nothing here decides or writes.
"""

from dataclasses import dataclass
from typing import NamedTuple

from migrator.metadata import FieldInfo
from migrator.profile import ColumnProfile


class Item(NamedTuple):
    """One line of a value map."""

    key: str  #: What the sheet says.
    value: str | None  #: What the CRM says; None: an open question.
    remark: str = ""
    is_live: bool = True  #: Otherwise a suggestion, in a comment.


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a field, or of another part of a mapping."""

    name: str  #: "" for hints alone.
    value: str | tuple[str, ...] | None = None  #: None: an open question, unless there is a map.
    items: tuple[Item, ...] = ()  #: Of a value map.
    pairs: tuple[tuple[str, str], ...] = ()  #: Of a short map, such as `{column: …, kind: …}`.
    hints: tuple[str, ...] = ()  #: What a person should know, in whole sentences.

    @property
    def asks(self) -> bool:
        """Whether a person has to answer."""
        has_map = self.pairs or not self.name
        return self.value is None and not has_map and not any(one.is_live for one in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The field that a column may fill."""

    field: FieldInfo
    is_sure: bool  #: Otherwise it is proposed, and a person decides.
    reason: str  #: Why, as it is told: "by its name".


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a draft says about one column."""

    column: ColumnProfile
    schema_name: str  #: "" where none is known.
    is_live: bool  #: Otherwise a suggestion, in comments.
    keys: tuple[Key, ...]
    hints: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a question is left open in it."""
        return any(key.asks for key in self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet that a mapping is drafted for."""

    file: str  #: Its name, without the folder.
    rows: int  #: Rows whose cells were looked at.
    columns: tuple[ColumnProfile, ...]
    reading: tuple[tuple[str, str], ...] = ()  #: Keys of `source` that must be said, with values.


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A drafted mapping."""

    text: str
    questions: tuple[int, ...]  #: Lines with an open question; the first line is 1.
    mapped: int  #: Columns that fill a field.
    suggested: int  #: Columns with a suggestion to be looked at.
