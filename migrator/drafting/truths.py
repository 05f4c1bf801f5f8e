"""Words for yes and no, as sheets have them.

Owns the words; which of them a column uses is written into the draft, for a person to see.
"""

from typing import Final

from migrator.profile import ColumnProfile, Kind

_USUAL: Final = {"true": ("true", "yes", "1"), "false": ("false", "no", "0")}
"""What a boolean of a mapping reads by itself."""

_WORDS: Final = {
    "true": (*_USUAL["true"], "y", "t", "on", "wahr", "ja", "si", "sí", "oui"),
    "false": (*_USUAL["false"], "n", "f", "off", "falsch", "nein", "non"),
}


def is_truth(column: ColumnProfile) -> bool:
    """Whether the cells say nothing but yes and no, in whatever words."""
    if column.kind is Kind.BOOLEAN:
        return True
    found = truth_words(column)
    return bool(found["true"] and found["false"]) and not _others(column)


def needs_words(column: ColumnProfile) -> bool:
    """Whether a boolean of a mapping has to be told what the cells mean."""
    usual = {word for words in _USUAL.values() for word in words}
    values = {value.strip().lower() for value, _ in column.values or ()}
    return column.kind is not Kind.BOOLEAN and not (values and values <= usual)


def truth_words(column: ColumnProfile) -> dict[str, tuple[str, ...]]:
    """By "true" and "false": the words of the cells that mean it."""
    values = list(dict.fromkeys(value.strip() for value, _ in column.values or ()))
    return {
        name: tuple(value for value in values if value.lower() in known)
        for name, known in _WORDS.items()
    }


def _others(column: ColumnProfile) -> list[str]:
    known = {word for words in _WORDS.values() for word in words}
    return [value for value, _ in column.values or () if value.strip().lower() not in known]
