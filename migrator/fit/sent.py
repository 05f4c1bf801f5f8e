"""The fields that a mapping sends, one by one.

Owns the way through a mapping, members of field sets included. It judges nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from migrator.mapping import AnyField, Constant, FromRow, Mapping, Template


class Sent(NamedTuple):
    """One field of a mapping."""

    name: str  #: SchemaName; a member of a field set as ``mx_Custom_13~mx_CustomObject_1``.
    field: AnyField
    path: tuple[str, ...]  #: Where it stands in the mapping.
    line: int

    @property
    def type(self) -> str:
        """The mapping's word for what it sends; "constant" and "template" for these two."""
        if isinstance(self.field, Constant):
            return "constant"
        return "template" if isinstance(self.field, Template) else self.field.type

    @property
    def column(self) -> str:
        """The source column; "" where there is not the one."""
        return "" if isinstance(self.field, Constant | Template) else self.field.column

    @property
    def expected_name(self) -> str:
        """The display name that the mapping says the field has; "" where it says none."""
        return str(self.field.model_dump().get("expect") or "").strip()

    @property
    def may_clear(self) -> bool:
        """Whether a blank cell empties the field."""
        return isinstance(self.field, FromRow) and self.field.blank == "clear"


def sent_by(mapping: Mapping) -> Iterator[Sent]:
    """Every field that the mapping sends, in its order."""
    for name, field in mapping.fields.items():
        path = ("fields", name)
        yield Sent(name, field, path, mapping.line_of(*path))
