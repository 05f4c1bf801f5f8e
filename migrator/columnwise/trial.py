"""One cell, mapped as a row would be: the answer that everything here is learned from.

Owns the mapping of one field alone, and its twin without lenience, which tells where a policy
applied (a local time that occurs twice, a text that is cut).
"""

from collections.abc import Callable
from collections.abc import Mapping as ReadOnly
from dataclasses import replace
from typing import Final, NamedTuple

from migrator.mapper import Mapper
from migrator.mapping import AnyField, Mapping
from migrator.model import Cell, Problem, Rejected, SourceRow

_CELL: Final = "\0cell"  #: No column of a sheet is called so.
ID: Final = "\0id"
GUID: Final = "00000000-0000-4000-8000-000000000000"
_STRICT: Final[ReadOnly[str, str]] = {
    "nonexistent": "error",
    "ambiguous": "error",
    "too_long": "error",
}
"""The keys of a field by which it takes what it could refuse, and their strict values."""

MakeMapper = Callable[[Mapping, tuple[str, ...]], Mapper]


class Answer(NamedTuple):
    """What a cell gives."""

    value: str | None  #: What is sent; None where the field is left alone, or the row refused.
    is_refused: bool
    doubt: str = ""  #: The code of the problem that a policy took away; "" for none.


class Trial:
    """One field of a mapping, asked cell by cell.

    Args:
        mapping: The whole mapping.
        name: The SchemaName.
        field: The field, which takes its value from one column.
        make: Compiles a mapping for a header.
    """

    def __init__(
        self, mapping: Mapping, name: str, field: AnyField, *, make: MakeMapper = Mapper
    ) -> None:
        self._lenient = _alone(mapping, name, field.model_copy(update={"column": _CELL}), make)
        strict = strict_twin(field)
        self._strict = None
        if strict is not None:
            self._strict = _alone(mapping, name, strict.model_copy(update={"column": _CELL}), make)

    def __call__(self, cell: Cell) -> Answer:
        """What the cell gives."""
        found = self._lenient(cell)
        if isinstance(found, tuple):
            return Answer(None, is_refused=True)
        if self._strict is not None:
            refused = self._strict(cell)
            if isinstance(refused, tuple):
                return Answer(found, is_refused=False, doubt=refused[0].code)
        return Answer(found, is_refused=False)


def strict_twin(field: AnyField) -> AnyField | None:
    """The field without lenience; None where it has none."""
    strict = {key: value for key, value in _STRICT.items() if getattr(field, key, value) != value}
    return field.model_copy(update=strict) if strict else None


def _alone(
    mapping: Mapping, name: str, field: AnyField, make: MakeMapper
) -> Callable[[Cell], str | tuple[Problem, ...] | None]:
    """The field by itself: gives its value, None, or its problems."""
    columns = (ID, _CELL)
    identity = mapping.opportunity.id.model_copy(update={"column": ID})
    opportunity = mapping.opportunity.model_copy(update={"id": identity, "note": ""})
    mapper = make(replace(mapping, opportunity=opportunity, fields={name: field}), columns)

    def ask(cell: Cell) -> str | tuple[Problem, ...] | None:
        found = mapper.map(SourceRow("", "", 1, 1, columns, (GUID, cell)))
        if isinstance(found, Rejected):
            return found.problems
        return found.fields[0].value if found.fields else None

    return ask
