"""A text as a cell of a workbook stores it, and what a cell shows of one that is too long.

Owns Excel's escapes and its longest cell. It writes no file and needs no library, so that reading
a mended export back costs nothing more.

Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring); "Excel specifications and limits", read 2026-11.
"""

import re
from typing import Final

LONGEST_CELL: Final = 32_767  #: In UTF-16 units, as Excel counts characters.
_LEFT_OF_LONG: Final = 1_000  #: Characters: enough to know the text by.

_HOSTILE: Final = re.compile(
    # Not in XML 1.0; a carriage return would come back as a line feed.
    "[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]"
    # What would be taken for an escape.
    "|_(?=x[0-9A-Fa-f]{4})"
)


def escape_text(text: str) -> str:
    r"""The text as a workbook stores it; Excel, and our loader, show it as it was.

    White space alone would be read as a blank cell, so it is written out, too.

    >>> escape_text("a\x01\r\n"), escape_text("_x0041_"), escape_text(" ")
    ('a_x0001__x000D_\n', '_x005F_x0041_', '_x0020_')
    """
    if text.isspace():
        return "".join(map(_written_out, text))
    return _HOSTILE.sub(lambda found: _written_out(found[0]), text)


def _written_out(character: str) -> str:
    return f"_x{ord(character):04X}_"


def units(text: str) -> int:
    """Characters as Excel counts them."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fits(text: str) -> bool:
    """Whether a cell of Excel's holds the text, escapes included."""
    # A character has at most two units, or seven where it is escaped.
    return len(text) <= LONGEST_CELL // 7 or units(escape_text(text)) <= LONGEST_CELL


def shown_text(text: str) -> str:
    """What an export shows of a text: all of it, or the beginning of one that no cell can hold.

    An export that comes back with this in a cell has that cell unchanged.

    >>> shown_text("007")
    '007'
    >>> shown_text("x" * 40_000)[998:]
    'xx… [cut: 40,000 characters, more than a cell holds; the ledger has them all]'
    """
    if fits(text):
        return text
    told = f"… [cut: {len(text):,} characters, more than a cell holds; the ledger has them all]"
    return text[:_LEFT_OF_LONG] + told
