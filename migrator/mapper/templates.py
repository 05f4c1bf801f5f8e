"""Texts with columns in them: what a row makes of a template.

Owns when such a text is blank, and what blank and clear values in its columns mean.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from migrator.cells import cell_text, is_blank
from migrator.convert import Fault, Refused
from migrator.mapper.meaning import Meaning, Policy, Value
from migrator.mapping import Piece, columns_of
from migrator.model import Cell

Cells = Sequence[Cell]
NOTE: Final = Policy(
    None,
    Refused(
        Fault.CLEAR_VALUE,
        "a column of the note holds the clear value, and a note cannot be cleared",
        "Empty the cell, or leave the column out of the note.",
    ),
)
"""A blank note is left out."""

_PARTLY_CLEARED: Final = Refused(
    Fault.CLEAR_VALUE,
    "one column of the text holds the clear value, and another one a value",
    "Put the clear value into all of the text's columns, or into none.",
)


def template_maker(
    pieces: tuple[Piece, ...], at: Mapping[str, int], *, meaning: Meaning, policy: Policy
) -> Callable[[Cells], Value]:
    """Columns in text; blank when all the columns are. Text alone is never blank."""
    columns = [at[column] for column in columns_of(pieces)]
    parts = [(piece.text, at[piece.column] if piece.column else -1) for piece in pieces]
    on_blank, on_clear, is_plain = policy.blank, policy.clear, meaning.is_plain

    def make(cells: Cells) -> Value:
        if not is_plain:
            cells = list(cells)
            cleared = _empty(cells, columns, meaning)
            if cleared:
                has_value = any(not is_blank(cells[position]) for position in columns)
                return _PARTLY_CLEARED if has_value else on_clear
        if columns and all(is_blank(cells[position]) for position in columns):
            return on_blank
        text = "".join(
            text if position < 0 else cell_text(cells[position]) for text, position in parts
        )
        return text or on_blank

    return make


def _empty(cells: list[Cell], columns: Sequence[int], meaning: Meaning) -> bool:
    """Empty the cells that are no values; tells whether one of them asks to clear the field."""
    cleared = False
    for position in columns:
        cell = cells[position]
        text = cell.strip() if isinstance(cell, str) else ""
        means = meaning.of(text) if text else None
        if means is not None:
            cells[position] = ""
            cleared = cleared or means == "clear"
    return cleared
