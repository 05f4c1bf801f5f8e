"""The fields that a mapping sends, one by one.

Owns the way through a mapping, members of field sets included. It judges nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from migrator.mapping import AnyField, Choice, Choices, Constant, Mapping, Template


class Sent(NamedTuple):
    """One field of a mapping."""

    name: str  #: SchemaName; a member of a field set as ``mx_Custom_13~mx_CustomObject_1``.
    field: AnyField
    line: int
    may_empty: bool  #: Whether a row can send "", which empties the field.

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
        return self.field.expect.strip()

    @property
    def fixed_values(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What stands in the mapping and is sent: each value with its place in the field.

        "" among the values of a choice counts as blank and is none.
        """
        if isinstance(self.field, Constant):
            yield ("constant",), self.field.constant
        elif isinstance(self.field, Choice | Choices):
            for key, value in (self.field.values or {}).items():
                if value:
                    yield ("values", key), value

    @property
    def joined_by(self) -> str | None:
        """What stands between several values; None where the mapping sends none of these."""
        return self.field.joined_by if isinstance(self.field, Choices) else None


def sent_by(mapping: Mapping) -> Iterator[Sent]:
    """Every field that the mapping sends, in its order."""
    for name, field in mapping.fields.items():
        line = mapping.line_of("fields", name)
        yield Sent(name, field, line, _may_empty(field, mapping))


def _may_empty(field: AnyField, mapping: Mapping) -> bool:
    if isinstance(field, Constant):
        return not field.constant
    clear_value = mapping.source.clear_value if field.clear_value is None else field.clear_value
    return field.blank == "clear" or clear_value is not None
