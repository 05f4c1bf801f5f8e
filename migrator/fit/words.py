"""The words in which a misfit is told: names, nearest options, lists.

Owns no rules.
"""

import json
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Final

from rapidfuzz import fuzz, process

from migrator.convert import quoted
from migrator.mapping import listed
from migrator.metadata import FieldInfo, TypeInfo

_MOST_LISTED: Final = 6
_NEAR: Final = 60.0  #: Of 100: what rapidfuzz calls alike less than this is no help.


def called(field: FieldInfo) -> str:
    """The field as a person knows it; its SchemaName where it has no other name."""
    return field.display_name.strip() or field.schema_name


def bare(text: str) -> str:
    """Letters and digits alone, without case: what texts have in common that only look alike.

    >>> bare("Invalid/ Junk") == bare("invalid/junk ")
    True
    """
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def nearest(text: str, known: Collection[str]) -> str | None:
    """The known text that is probably meant; for many texts use `Nearest`.

    >>> nearest("won ", ["Open", "Won", "Lost"])
    'Won'
    >>> nearest("banana", ["Open", "Won", "Lost"]) is None
    True
    """
    return Nearest(known).to(text)


class Nearest:
    """Known texts, made ready for many look-ups.

    Args:
        known: The texts; of those that only look alike the first is found.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = list(known)
        self._folded = [one.casefold() for one in self._known]
        self._bare = {bare(one): one for one in reversed(self._known)}

    def to(self, text: str) -> str | None:
        """The one that is probably meant, or None."""
        wanted = bare(text)
        if wanted and wanted in self._bare:
            return self._bare[wanted]
        found = process.extractOne(
            text.strip().casefold(), self._folded, scorer=fuzz.ratio, score_cutoff=_NEAR
        )
        return self._known[found[2]] if found else None


def some(words: Collection[str]) -> str:
    """The first few of many, for a sentence.

    >>> some(["a", "b"])
    '"a", "b"'
    """
    shown = listed(islice(words, _MOST_LISTED))
    return shown if len(words) <= _MOST_LISTED else f"{shown} and {len(words) - _MOST_LISTED} more"


def in_yaml(text: str) -> str:
    """The text as it can be pasted into a mapping.

    >>> in_yaml("won ")
    '"won "'
    """
    return json.dumps(text, ensure_ascii=False)


def by_display_name(type_: TypeInfo, names: Sequence[str]) -> str:
    """Which field has one of these display names, as a sentence with a space after it; or "".

    Case, spaces and punctuation do not count: people write SchemaNames and display names as they
    remember them.
    """
    wanted = [bare(name) for name in names if bare(name)]
    for name in wanted:
        for field in type_.fields:
            if bare(field.display_name) == name:
                return f"{field.schema_name} is called {quoted(field.display_name)}. "
    return ""
