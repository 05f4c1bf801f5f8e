"""Fields that are sent together, though only one of them differs.

Owns which those are. It compares nothing.

Source: what reads and scripts of live accounts show (public code, read 2026-11): a stage
(``mx_Custom_2``) is valid only under its ``Status``, and the vendor's Capture page makes a comment
(``mx_Custom_19``) mandatory with a change of status where that option is on. Whether an update of
one member of a field set leaves its other members alone is nowhere documented.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from migrator.compare import Compared
from migrator.field_sets import in_set
from migrator.model import FieldValue

STATUS: Final = frozenset({"Status", "mx_Custom_2", "mx_Custom_19"})


def with_companions(
    fields: Iterable[FieldValue], compared: Compared, shown: Mapping[str, str]
) -> Compared:
    """What differs, with the fields that have to go along.

    Where one of a group is in conflict, the others that differ are, too: none of them goes alone.

    Args:
        fields: All that the row says.
        compared: What of it differs.
        shown: SchemaName to value as the CRM shows it.
    """
    everything = list(fields)
    held = {group_of(field.schema_name) for field, _ in compared.conflicts} - {""}
    changed = [one for one in compared.changed if group_of(one.schema_name) not in held]
    torn = [one for one in compared.changed if group_of(one.schema_name) in held]
    going = {one.schema_name for one in changed}
    groups = {group_of(name) for name in going} - {""}
    return Compared(
        same=compared.same,
        changed=tuple(
            one
            for one in everything
            if one.schema_name in going or group_of(one.schema_name) in groups
        ),
        conflicts=(*compared.conflicts, *((one, shown.get(one.schema_name, "")) for one in torn)),
    )


def group_of(name: str) -> str:
    """The name of the group that a field belongs to; "" for one that goes by itself.

    >>> group_of("mx_Custom_2"), group_of("mx_Custom_13~mx_CustomObject_1"), group_of("Owner")
    ('Status', 'mx_Custom_13', '')
    """
    if name in STATUS:
        return "Status"
    member = in_set(name)
    return member[0] if member is not None else ""
