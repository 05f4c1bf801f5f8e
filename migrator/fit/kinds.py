"""What a field takes, told from LeadSquared's words for it.

Owns the vendor's names of data types. It judges no value.
"""

from enum import Enum, auto
from typing import Final

from migrator.field_sets import in_set
from migrator.metadata import FieldInfo, TypeInfo

OWNER: Final = "Owner"  #: Takes a user, whatever data type is told; "Update an Opportunity".
CREATED_ON: Final = "CreatedOn"  #: Written only where LeadSquared's support enabled it.
STATUS: Final = "Status"
STATUS_COMMENT: Final = (
    "mx_Custom_19"  #: "Capture": mandatory on a status change where switched on.
)
SEPARATOR: Final = ";"  #: Between several options; undocumented, what public code uses.


class Kind(Enum):
    """What a field takes."""

    TEXT = auto()  #: Any text; also where the data type is not known here.
    NUMBER = auto()
    BOOLEAN = auto()
    DATE = auto()
    DATETIME = auto()
    OPTION = auto()
    USER = auto()
    FIELD_SET = auto()
    UNWRITABLE = auto()


_BY_DATA_TYPE: Final = {
    "number": Kind.NUMBER,
    "decimal": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "dropdown": Kind.OPTION,
    "searchabledropdown": Kind.OPTION,
    "multiselectdropdown": Kind.OPTION,
    "select": Kind.OPTION,
    "multiselect": Kind.OPTION,
    "activeusers": Kind.USER,
    "autoid": Kind.UNWRITABLE,
    "file": Kind.UNWRITABLE,
    "customobject": Kind.FIELD_SET,
    "customfieldset": Kind.FIELD_SET,
    "cfs": Kind.FIELD_SET,
}
"""LeadSquared's DataType in lower case. Number to ActiveUsers and AutoId are seen in metadata; the
names of selects and of field sets are guesses, and nothing depends on them where options or
members are told."""


def kind_of(field: FieldInfo) -> Kind:
    """What the field takes."""
    if field.schema_name == OWNER:
        return Kind.USER
    if field.members:
        return Kind.FIELD_SET
    known = _BY_DATA_TYPE.get(field.data_type.lower())
    has_options = field.options is not None or field.options_under is not None
    if known is None and (has_options or field.is_multi_select):
        return Kind.OPTION
    return known or Kind.TEXT


def find(type_: TypeInfo, schema_name: str) -> FieldInfo | None:
    """The field of this name; a member of a field set as ``mx_Custom_13~mx_CustomObject_1``."""
    inside = in_set(schema_name)
    if inside is None:
        return type_.field(schema_name)
    field_set = type_.field(inside[0])
    members = field_set.members if field_set is not None else ()
    return next((one for one in members if one.schema_name == inside[1]), None)


def all_options(field: FieldInfo) -> tuple[str, ...] | None:
    """Every option, under whatever parent; None when none are told."""
    if field.options_under is not None:
        under = (option for options in field.options_under.values() for option in options)
        found = tuple(dict.fromkeys([*(field.options or ()), *under]))
    else:
        found = field.options or ()
    return found or None
