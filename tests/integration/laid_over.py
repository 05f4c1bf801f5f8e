"""What a CRM holds after several rows of one opportunity, computed from the sheet alone.

It imports nothing of migrator, so that it cannot be wrong together with it.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Line(NamedTuple):
    """A row of the sheet, as a person types it."""

    opportunity: int
    name: str  #: A blank leaves the field alone.
    stage: str  #: A blank empties the field.
    note: str


def expected_fields(lines: Iterable[Line]) -> dict[int, dict[str, str]]:
    """Each opportunity's fields when its rows are typed in one after the other."""
    fields: dict[int, dict[str, str]] = {}
    for line in lines:
        typed = {"mx_Custom_2": line.stage} | ({"mx_Custom_1": line.name} if line.name else {})
        fields.setdefault(line.opportunity, {}).update(typed)
    return {
        number: {name: value for name, value in held.items() if value}
        for number, held in fields.items()
    }


def expected_notes(lines: Iterable[Line]) -> dict[int, str]:
    """Each opportunity's one note when all its rows go in one call."""
    notes: dict[int, list[str]] = {}
    for line in lines:
        said = notes.setdefault(line.opportunity, [])
        if line.note and line.note not in said:
            said.append(line.note)
    return {number: "\n".join(said) for number, said in notes.items()}
