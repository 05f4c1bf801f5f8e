"""An account's types as the tests of `fit` have them, and mappings for them."""

from typing import Any

from migrator.fit import Misfit, ValueChecks, fit
from migrator.mapping import Mapping, parse_mapping
from migrator.metadata import FieldInfo, TypeInfo, UserInfo
from migrator.model import FieldValue, IdKind, Problem, Update

ASHA = UserInfo(id="0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b01", email="asha@example.com")
LEENA = UserInfo(id="0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b03", is_active=False)


def a_field(name: str = "mx_Custom_1", **members: Any) -> FieldInfo:
    return FieldInfo(schema_name=name, **members)


STATUS = a_field(
    "Status",
    display_name="Status",
    data_type="SearchableDropdown",
    options=("Open", "Won", "Lost"),
)
STAGE = a_field(
    "mx_Custom_2",
    display_name="Stage",
    data_type="SearchableDropdown",
    parent="Status",
    options_under={"Open": ("Prospecting", "Proposal Sent"), "Won": ("Closed Won",), "Lost": ()},
    old_options={"Quotation": "Proposal Sent"},
)


def a_type(*fields: FieldInfo, code: int = 12000) -> TypeInfo:
    return TypeInfo(code=code, name="Deal", fields=fields)


def a_mapping(fields: str, *, opportunity: str = "type: 12000, id: Id") -> Mapping:
    """A mapping whose first field stands in line 4."""
    lines = "\n".join(f"  {line}" for line in fields.splitlines())
    text = f"version: 1\nopportunity: {{{opportunity}}}\nfields:\n{lines}\n"
    return parse_mapping(text, name="deals.yaml")


def misfits(
    fields: str, *known: FieldInfo, opportunity: str = "type: 12000, id: Id"
) -> list[Misfit]:
    return fit(a_mapping(fields, opportunity=opportunity), a_type(*known))


def the_misfit(fields: str, *known: FieldInfo) -> Misfit:
    [found] = misfits(fields, *known)
    return found


def checks(fields: str, *known: FieldInfo, users: tuple[UserInfo, ...] = ()) -> ValueChecks:
    return ValueChecks(a_mapping(fields), a_type(*known), users=users)


def problem_of(value: str, field: FieldInfo, *, users: tuple[UserInfo, ...] = ()) -> Problem | None:
    """What is said of a value that a text field sends."""
    return checks(f"{field.schema_name}: Cell", field, users=users).check(field.schema_name, value)


def reason_of(value: str, field: FieldInfo, *, users: tuple[UserInfo, ...] = ()) -> str:
    found = problem_of(value, field, users=users)
    return "" if found is None else found.reason


def an_update(**values: str) -> Update:
    fields = tuple(FieldValue(name, value) for name, value in values.items())
    return Update("5ca5b042-51ea-4699-b6f0-84c40ab12770", IdKind.GUID, "", fields)
