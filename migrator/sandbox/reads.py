"""Reads of several opportunities: by their ids, by their lead, by a unique field of the lead.

Pure. Shapes from "Get Opportunities in Bulk by Ids", "… by Lead Id" and "… by Unique Lead
Field" (apidocs.leadsquared.com, read 2026-11); what is a guess says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from migrator.sandbox.answers import (
    INVALID_ACTIVITY,
    INVALID_INPUT,
    MISSING_ATTRIBUTE,
    Answer,
    as_json,
    refused,
)
from migrator.sandbox.calls import Account, Call, Done, Endpoint
from migrator.sandbox.schema import OpportunityType
from migrator.sandbox.showing import NOTE, DateStyle, shown_fields
from migrator.sandbox.state import GUID, Opportunity, Shown
from migrator.sandbox.update import Glimpse

MOST_IDS: Final = 2_000  #: Of one call; "Get Opportunities in Bulk by Ids".
MOST_ON_A_PAGE: Final = 1_000  #: An MXInvalidInputException above it was seen on other reads.
PAGE_SIZE: Final = 25  #: Where the call names none; guess.


# ------------------------------------------------------------------ by their ids


@dataclass(frozen=True, slots=True, kw_only=True)
class _ById:
    type: OpportunityType
    ids: tuple[str, ...]
    columns: tuple[str, ...]


def by_ids(account: Account, call: Call) -> Done:
    """``POST GetOpportunitiesById``; that unknown ids are simply absent is a guess."""
    searches = _read_searches(account, call.content)
    if isinstance(searches, Answer):
        return Done(answer=searches)
    return Done(answer=as_json([_found_by_id(account, call, search) for search in searches]))


def _read_searches(account: Account, content: Any) -> list[_ById] | Answer:
    if isinstance(content, Answer):
        return content
    listed = content.get("SearchParameters") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        return _invalid("SearchParameters")
    searches = []
    for item in listed:
        search = _read_search(account, item)
        if isinstance(search, Answer):
            return search
        searches.append(search)
    if sum(len(search.ids) for search in searches) > MOST_IDS:
        # The page says "a maximum of 2,000"; the words of the refusal are a guess.
        return refused(INVALID_INPUT, f"A maximum of {MOST_IDS} opportunities can be retrieved")
    return searches


def _read_search(account: Account, item: Any) -> _ById | Answer:
    if not isinstance(item, dict):
        return _invalid("SearchParameters")
    found = account.options.type_of(str(item.get("EventCode", "")))
    if found is None:
        return _no_such_type(str(item.get("EventCode", "")))
    ids, columns = item.get("ProspectActivityId"), _columns(item)
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        return _invalid("ProspectActivityId")
    if not columns:
        return _invalid("Include_CSV")
    return _ById(type=found, ids=tuple(ids), columns=columns)


def _found_by_id(account: Account, call: Call, search: _ById) -> dict[str, object]:
    """Each opportunity once, by its GUID's order: no page promises that of the call."""
    records = []
    for named in sorted({one.lower() for one in search.ids if GUID.fullmatch(one)}):
        found = account.opportunities.find(named)
        if found is not None and found.type == search.type.code:
            fields = _texts(found.shown(call.now), search.type, account.options.date_style)
            chosen = _chosen(fields, search.columns, search.type)
            records.append({"ProspectId": found.lead, "ProspectActivityId": found.guid, **chosen})
    return {
        "EventCode": str(search.type.code),  # a text in the vendor's sample
        "RecordCount": len(records),
        "Opportunities": records,
    }


# ------------------------------------------------------------------ by their lead


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """How a list is to be shown."""

    columns: tuple[str, ...]  #: Empty: all.
    first: int
    size: int
    sort_by: str
    newest_first: bool


def of_lead(account: Account, call: Call) -> Done:
    """``POST GetOpportunitiesOfLead?leadId=&opportunityType=``; served from a lagging index."""
    lead, code = call.query.get("leadId", ""), call.query.get("opportunityType", "")
    if not lead:
        return Done(answer=refused(MISSING_ATTRIBUTE, "Mandatory attribute missing: leadId"))
    if not code and account.options.type_required:
        return Done(
            answer=refused(MISSING_ATTRIBUTE, "Mandatory attribute missing: opportunityType")
        )
    meant = account.options.type_of(code) if code else None
    if code and meant is None:
        return Done(answer=_no_such_type(code))
    found = [
        one
        for one in account.opportunities.of_leads({lead.lower()})
        if meant is None or one.type == meant.code
    ]
    return _listed(account, call, found)


def by_unique_lead_field(account: Account, call: Call) -> Done:
    """``POST GetOpportunitiesByUniqueLeadField``.

    A lookup name in other letters (``ProspectId`` for ``ProspectID``) silently finds nothing
    (seen). That values are compared without regard to case is a guess.
    """
    content = call.content
    if isinstance(content, Answer):
        return Done(answer=content)
    parameter = content.get("Parameter") if isinstance(content, dict) else None
    if not isinstance(parameter, dict):
        return Done(answer=_invalid("Parameter"))
    for name in ("LookupName", "LookupValue"):
        if not isinstance(parameter.get(name), str) or not parameter[name]:
            return Done(answer=_invalid(name))
    if parameter.get("SqlOperator") != "=":
        return Done(answer=_invalid("SqlOperator"))
    leads = _leads_with(account, parameter["LookupName"], parameter["LookupValue"])
    return _listed(account, call, account.opportunities.of_leads(leads))


def _leads_with(account: Account, name: str, value: str) -> list[str]:
    leads = account.opportunities.leads
    if name == "ProspectID":
        return [lead for lead in leads if lead == value.lower()]
    return [lead for lead, fields in leads.items() if fields.get(name, "").lower() == value.lower()]


def names_the_lead(call: Call) -> Glimpse:
    """The lead that a look-up asks for, for the log."""
    parameter = call.content.get("Parameter") if isinstance(call.content, dict) else None
    if isinstance(parameter, dict):
        return Glimpse(lead=f"{parameter.get('LookupName')}={parameter.get('LookupValue')}")
    return Glimpse(lead=call.query.get("leadId", ""))


def _listed(account: Account, call: Call, found: Sequence[Opportunity]) -> Done:
    view = _read_view(call.content)
    if isinstance(view, Answer):
        return Done(answer=view)
    visible = [(one, shown) for one in found if (shown := one.indexed(call.now)) is not None]
    visible.sort(key=lambda pair: pair[0].guid)
    visible.sort(key=lambda pair: pair[1].values().get(view.sort_by, ""), reverse=view.newest_first)
    page = visible[view.first : view.first + view.size]
    page = page[: max(0, len(page) - account.options.list_missing)]
    records = [_record(account, one, shown, view.columns) for one, shown in page]
    return Done(answer=as_json({"RecordCount": len(visible), "List": records}))


def _record(
    account: Account, one: Opportunity, shown: Shown, columns: Sequence[str]
) -> dict[str, str | None]:
    options = account.options
    declared = options.type_of(str(one.type)) or options.declared_types[0]
    fields: dict[str, str | None] = {
        **_texts(shown, declared, options.date_style),
        **{f"P_{name}": value for name, value in one.lead_fields.items()},
    }
    if columns:
        # The pages call the columns lead fields in one place and show bare names of them.
        fields = _chosen({**one.lead_fields, **fields}, columns, declared)
    return {
        "OpportunityId": one.guid,
        "ProspectId": one.lead,
        "OpportunityEvent": str(one.type),
        **fields,
    }


def _read_view(content: Any) -> _View | Answer:
    if isinstance(content, Answer):
        return content
    if not isinstance(content, dict):
        return _invalid("Columns")
    paging, sorting = content.get("Paging") or {}, content.get("Sorting") or {}
    if not isinstance(paging, dict) or not isinstance(sorting, dict):
        return _invalid("Paging")
    index, size = _count(paging.get("PageIndex", 1)), _count(paging.get("PageSize", PAGE_SIZE))
    if not index:
        return _invalid("PageIndex")
    if not size or size > MOST_ON_A_PAGE:
        return _invalid("PageSize")
    return _View(
        columns=_columns(content),
        first=(index - 1) * size,
        size=size,
        sort_by=str(sorting.get("ColumnName") or "CreatedOn"),  # guess where nothing is said
        newest_first=str(sorting.get("Direction", "1")) == "1",
    )


# ------------------------------------------------------------------ what they share


def _texts(shown: Shown, declared: OpportunityType, style: DateStyle) -> dict[str, str | None]:
    fields = shown_fields(shown, declared.rules, style)
    return {NOTE: shown.note or None, **{name: value for name, (_, value) in fields.items()}}


def _chosen(
    fields: Mapping[str, str | None], columns: Sequence[str], declared: OpportunityType
) -> dict[str, str | None]:
    """Only these columns; those that the type does not have are left out (guess)."""
    any_name = declared.rules is None
    return {name: fields.get(name) for name in columns if any_name or name in fields}


def _columns(content: Mapping[str, Any]) -> tuple[str, ...]:
    columns = content.get("Columns")
    text = columns.get("Include_CSV") if isinstance(columns, dict) else None
    names = text.split(",") if isinstance(text, str) else ()
    return tuple(name.strip() for name in names if name.strip())


def _count(value: Any) -> int:
    """A whole number as JSON or as text; 0 for anything else."""
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _invalid(name: str) -> Answer:
    return refused(INVALID_INPUT, f"Invalid Input! Parameter Name: {name}")


def _no_such_type(code: str) -> Answer:
    return refused(INVALID_ACTIVITY, f"Invalid Activity Event Code: {code}")


ENDPOINTS: Final = {
    "/v2/OpportunityManagement.svc/GetOpportunitiesById": Endpoint(method="POST", serve=by_ids),
    "/v2/OpportunityManagement.svc/GetOpportunitiesOfLead": Endpoint(
        method="POST", serve=of_lead, speaks_of=names_the_lead, body_optional=True
    ),
    "/v2/OpportunityManagement.svc/GetOpportunitiesByUniqueLeadField": Endpoint(
        method="POST", serve=by_unique_lead_field, speaks_of=names_the_lead
    ),
}
