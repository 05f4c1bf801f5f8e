"""Reads about the account itself: its opportunity types, their fields, its users.

Pure. Shapes from "Get Metadata of an Opportunity Type" (apidocs.leadsquared.com, read 2026-11)
and from what public code saw; what is a guess says so.
"""

import json
from collections.abc import Sequence
from typing import Final

from migrator.sandbox.answers import INVALID_ACTIVITY, as_json, refused
from migrator.sandbox.calls import Account, Call, Done, Endpoint
from migrator.sandbox.schema import FieldRule, OpportunityType
from migrator.sandbox.showing import KEPT_RULES
from migrator.sandbox.users import SANDBOX_USER

_CUSTOM_FIELDS: Final = 120  #: Numbers above 100 were seen.


def opportunity_types(account: Account, _call: Call) -> Done:
    """``GET GetOpportunityTypes``: codes and names; that it is a bare array is a guess."""
    listed = [{**_frame(one), "Fields": None} for one in account.options.declared_types]
    return Done(answer=as_json(listed))


def type_metadata(account: Account, call: Call) -> Done:
    """``GET GetOpportunityTypeMetadata?code=``; the error for an unknown code was seen."""
    code = call.query.get("code", "")
    found = account.options.type_of(code)
    if found is None:
        return Done(answer=refused(INVALID_ACTIVITY, f"Invalid Activity Event Code: {code}"))
    rules = found.rules if found.rules is not None else _UNDECLARED
    fields = [field_json(rule, place) for place, rule in enumerate(rules.values())]
    return Done(answer=as_json({**_frame(found), "Fields": fields}))


def is_opportunity_enabled(account: Account, _call: Call) -> Done:
    """``GET IsOpportunityEnabled``; the word where it is not enabled is a guess."""
    told = "Enabled" if account.options.enabled else "Disabled"
    return Done(answer=as_json({"OpportunityManagement": told}))


def users(account: Account, _call: Call) -> Done:
    """``GET Users.Get``: active and inactive ones."""
    declared = account.options.users or (SANDBOX_USER,)
    return Done(answer=as_json([user.as_json() for user in declared]))


def field_json(rule: FieldRule, place: int = 0) -> dict[str, object]:
    """One field with the members that the metadata and the details of a record share."""
    told: dict[str, object] = {
        "SchemaName": rule.schema_name,
        "InternalName": rule.schema_name,
        "InternalSchemaName": "",
        "DisplayName": rule.display_name or rule.schema_name,
        "Value": None,
        "DataType": rule.data_type,
        "RenderType": rule.render_type,
        "IsMandatory": rule.mandatory,
        "IsReadOnly": rule.read_only,
        "IsDefault": not rule.schema_name.startswith("mx_Custom_"),
        "ShowInForm": not rule.read_only,
        "Sequence": place,
        "ParentField": rule.parent,
        "OptionSet": _option_set(rule),
        "DependentOptionSet": _dependent_options(rule),
        "IsMultiSelectDropdown": rule.multi_select,
        "IncludeOthersOption": rule.others,
        "IsOthersValue": False,
        "BehaviorOnMissingDropdownOption": 0,
        "ExportAsPlainText": False,
        "CustomObjectType": 2,
        "MaxFieldLength": rule.max_length or 0,
        "IsMasked": False,
    }
    if rule.members:
        # No page shows a field set's members; that they stand so is a guess.
        inside = rule.members.values()
        told["Fields"] = [field_json(member, number) for number, member in enumerate(inside)]
    return told


def _frame(one: OpportunityType) -> dict[str, object]:
    return {
        "EventCode": one.code,
        "DisplayName": one.name,
        "Description": "",
        "AllowAttachments": False,
        "CanDelete": False,
    }


def _options(options: Sequence[str], rule: FieldRule) -> list[dict[str, object]]:
    """The vendor's sample leaves ``Text`` empty and has the option in ``Value``."""
    listed = []
    for place, option in enumerate(options):
        entry: dict[str, object] = {
            "IsDefault": place == 0,
            "Text": "",
            "Value": option,
            "CanDelete": 1,
            "CanEdit": 1,
            "IsLastOption": 0,
            "Order": place,
        }
        if option in rule.old_values:
            entry["OldValue"] = rule.old_values[option]
        listed.append(entry)
    return listed


def _option_set(rule: FieldRule) -> str:
    if rule.parent or rule.hide_options or not rule.options:
        return ""
    return json.dumps(_options(rule.options, rule), ensure_ascii=False)


def _dependent_options(rule: FieldRule) -> str:
    """From the parent's value to its options; no sample shows one filled: the form is a guess."""
    if not rule.parent or rule.hide_options:
        return ""
    under = {parent: _options(options, rule) for parent, options in rule.options_under.items()}
    return json.dumps(under, ensure_ascii=False)


_UNDECLARED: Final = {
    rule.schema_name: rule
    for rule in (
        FieldRule(schema_name="Status"),
        *(FieldRule(schema_name=f"mx_Custom_{number}") for number in range(1, _CUSTOM_FIELDS + 1)),
        FieldRule(schema_name="Owner"),
        FieldRule(schema_name="ActivityEvent_Note", display_name="Notes"),
        *KEPT_RULES.values(),
    )
}
"""What an account without declared fields tells: texts without options, as it takes any text."""

ENDPOINTS: Final = {
    "/v2/OpportunityManagement.svc/GetOpportunityTypes": Endpoint(
        method="GET", serve=opportunity_types
    ),
    "/v2/OpportunityManagement.svc/GetOpportunityTypeMetadata": Endpoint(
        method="GET", serve=type_metadata
    ),
    "/v2/OpportunityManagement.svc/IsOpportunityEnabled": Endpoint(
        method="GET", serve=is_opportunity_enabled
    ),
    "/v2/UserManagement.svc/Users.Get": Endpoint(method="GET", serve=users),
}
