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
    """The known text that is probably meant.

    >>> nearest("won ", ["Open", "Won", "Lost"])
    'Won'
    >>> nearest("banana", ["Open", "Won", "Lost"]) is None
    True
    """
    wanted = bare(text)
    same = next((one for one in known if bare(one) == wanted), None) if wanted else None
    if same is not None:
        return same
    found = process.extractOne(
        text.strip(), known, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=_NEAR
    )
    return found[0] if found else None


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
