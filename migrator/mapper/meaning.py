"""What a cell means before it is converted: a value, a blank, or the wish to clear the field.

Owns blanks, the texts that count as blank, the clear value, and lengths.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from migrator.convert import Conversion, Fault, Refused
from migrator.mapping import Blank, FromRow, Mapping, Template, Text
from migrator.model import Cell

Value = str | Refused | None
"""What a field sends; None to leave it alone."""

_JOINER: Final = "\u200d"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)


class Cut(str):
    """A text that was cut to its length."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Which texts are no values, for one field or for the whole sheet."""

    blank_values: frozenset[str] = frozenset()
    clear_value: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether only an empty cell is a blank."""
        return not self.blank_values and self.clear_value is None

    def of(self, text: str) -> Blank | None:
        """What a text without white space around it means; None for a value.

        >>> Meaning(blank_values=frozenset({"NA"}), clear_value="#CLEAR").of("#CLEAR")
        'clear'
        """
        if text == self.clear_value:
            return "clear"
        return "skip" if not text or text in self.blank_values else None


def meaning_of(mapping: Mapping, field: FromRow | None = None) -> Meaning:
    """The file's blank and clear values, or a field's own in their place."""
    blank_values = clear_value = None
    if field is not None:
        blank_values, clear_value = field.blank_values, field.clear_value
    source = mapping.source
    return Meaning(
        blank_values=frozenset(source.blank_values if blank_values is None else blank_values),
        clear_value=source.clear_value if clear_value is None else clear_value,
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """What a field sends for a blank, and for the clear value."""

    blank: Value
    clear: Value

    @classmethod
    def of(cls, field: FromRow) -> "Policy":
        """As a field says."""
        clear = _CLEARED_AND_REQUIRED if field.required else ""
        if field.required or field.blank == "error":
            return cls(_BLANK, clear)
        return cls("" if field.blank == "clear" else None, clear)


_BLANK: Final = Refused(
    Fault.BLANK, "a value is needed and there is none", "Fill in the cell or its source."
)
_CLEARED_AND_REQUIRED: Final = Refused(
    Fault.BLANK,
    "a value is needed, and the cell asks to clear the field",
    "Fill in a value, or take `required: true` out of the mapping.",
)


def cell_reader(
    convert: Conversion, *, field: FromRow, meaning: Meaning
) -> Callable[[Cell], Value]:
    """Reads a cell of any kind as the field says, blanks included."""
    policy = Policy.of(field)
    on_blank, on_clear = policy.blank, policy.clear
    blanks, clear = meaning.blank_values, meaning.clear_value
    fit = fitting(field)

    def read(cell: Cell) -> Value:
        if isinstance(cell, str):
            text = cell.strip()
            if not text or text in blanks:
                return on_blank
            if text == clear:
                return on_clear
        value = convert(cell)
        if value == "":
            return on_blank
        return value if fit is None else fit(value)

    return read


# ------------------------------------------------------------------ lengths


def fitting(field: FromRow) -> Callable[[str | Refused], str | Refused] | None:
    """Makes a value fit the field's length, or refuses it; None where there is no length."""
    longest = field.max_length
    if longest is None:
        return None
    is_cut = isinstance(field, Text | Template) and field.too_long == "truncate"
    hint = ""
    if isinstance(field, Text | Template):
        hint = " Or declare `too_long: truncate`."

    def fit(value: str | Refused) -> str | Refused:
        if isinstance(value, Refused) or len(value) <= longest:
            return value
        if is_cut:
            return Cut(cut(value, longest))
        return Refused(
            Fault.OVER_MAX_LENGTH,
            f"the value has {len(value)} characters, more than {longest}",
            f"Shorten it: nothing is cut without being asked.{hint}",
        )

    return fit


def cut(text: str, longest: int) -> str:
    """The beginning of a text, of at most so many characters, and no character cut in two.

    An accent, a vowel sign, or a part of an emoji stays with what it belongs to, or goes with it.
    Where one alone is longer than the whole length, it is cut all the same.

    >>> cut("Zoë Müller", 5), cut("Zoe\u0308 M", 3)
    ('Zoë M', 'Zo')
    """
    end = longest
    while 0 < end < len(text) and _belongs(text[end - 1], text[end]):
        end -= 1
    return text[: end or longest]


def _belongs(before: str, behind: str) -> bool:
    """Whether a character is a part of the one before it."""
    return (
        unicodedata.category(behind).startswith("M")
        or _JOINER in (before, behind)
        or ord(behind) in _SKIN_TONES
        or (before == "\r" and behind == "\n")
    )
