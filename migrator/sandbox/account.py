"""The imitated account: its endpoints, each a function from a call to an answer.

Pure but for the state it holds; the time is handed in. It knows nothing of limits, faults,
latency or sockets: the server lays those around it. A new endpoint is one function and one
line in `ENDPOINTS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from migrator.sandbox.answers import (
    MISSING_ATTRIBUTE,
    UNKNOWN_OPPORTUNITY,
    Answer,
    as_json,
    refused,
    updated,
)
from migrator.sandbox.options import SandboxOptions
from migrator.sandbox.schema import FieldRule, shown_value
from migrator.sandbox.state import Opportunities, guid_of
from migrator.sandbox.update import Glimpse, glimpse, parse_body, read_update, values_to_write


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, understood as far as any endpoint needs."""

    query: Mapping[str, str]
    content: Any  #: The parsed body of a POST; an `Answer` when it cannot be parsed.
    now: float  #: Seconds of the sandbox's clock.
    host: str  #: Host and port at which the sandbox is reached.


@dataclass(slots=True, kw_only=True)
class Account:
    """What endpoints work on."""

    options: SandboxOptions
    opportunities: Opportunities


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an endpoint did."""

    answer: Answer
    applied: bool = False  #: Whether an update was written.


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path of the API."""

    method: str
    serve: Callable[[Account, Call], Done]
    speaks_of: Callable[[Call], Glimpse]  #: What the call names, for log and faults.
    updates: bool = False
    any_region: bool = False  #: Serves accounts of other regions too.
    struck_by_chance: bool = True  #: Whether seeded faults strike it; scripted ones always do.


def update(account: Account, call: Call) -> Done:
    """``POST OpportunityManagement.svc/Update``."""
    asked = read_update(call.content)
    if isinstance(asked, Answer):
        return Done(answer=asked)
    found = account.opportunities.find(asked.opportunity_id)
    if found is None:
        return Done(answer=refused(UNKNOWN_OPPORTUNITY, "Activity does not exist."))
    options = account.options
    values = values_to_write(
        asked, stored=found.fields, rules=options.rules, breaches=options.breaches
    )
    if isinstance(values, Answer):
        return Done(answer=values)
    found.write(values, asked.note, now=call.now, lag=options.read_lag, adds=options.notes == "add")
    return Done(answer=updated(found.guid), applied=True)


def details(account: Account, call: Call) -> Done:
    """``GET OpportunityManagement.svc/GetOpportunityDetails``; an unknown id is a 500."""
    named = call.query.get("OpportunityId", "")
    if not named:
        return Done(answer=refused(MISSING_ATTRIBUTE, "Mandatory attribute missing: OpportunityId"))
    found = account.opportunities.find(named)
    if found is None:
        return Done(answer=refused(UNKNOWN_OPPORTUNITY, "Activity does not exist."))
    shown = found.shown(call.now)
    rules = account.options.rules
    declared = rules if rules is not None else {}
    names = [*declared, *(name for name in shown.fields if name not in declared)]
    fields = [
        _shown_field(declared.get(name) or FieldRule(schema_name=name), shown.fields.get(name))
        for name in names
    ]
    content = {
        "ID": found.guid,
        "Name": "Opportunity",
        "DisplayName": "Opportunity",
        "RelatedProspectId": guid_of(f"lead of {found.guid}"),
        "OpportunityNote": shown.note,
        "Fields": fields,
    }
    return Done(answer=as_json(content))


def who_am_i(account: Account, call: Call) -> Done:
    """``GET Authentication.svc/UserByAccessKey.Get``, in the documented shape.

    The organisation is told by OrgShortCode (the setting itself) and OrgId (a GUID made from it).
    """
    options = account.options
    organisation = options.organisation
    own_host = options.wrong_region or call.host
    content = {
        "Id": guid_of("user"),
        "Name": "Sandbox User",
        "PassPhrase": "sandbox@example.com",
        "Role": "Administrator",
        "EmailAddress": None,
        "TimeZone": options.time_zone,
        "Type": "ApplicationUser",
        "UserType": "Regular",
        "OrgDisplayName": f"Sandbox {organisation}" if organisation else None,
        "OrgId": guid_of(f"organisation {organisation}") if organisation else None,
        "OrgShortCode": organisation or None,
        "DefaultCountryCode": "91",
        "LSQCommonServiceURLs": {"api": own_host, "app": own_host},
    }
    return Done(answer=as_json(content))


def _shown_field(rule: FieldRule, value: str | None) -> dict[str, object]:
    return {
        "SchemaName": rule.schema_name,
        "DisplayName": rule.display_name or rule.schema_name,
        "Value": None if value is None else shown_value(value, rule.data_type),
        "DataType": rule.data_type,
        "IsMandatory": rule.mandatory,
        "IsReadOnly": rule.read_only,
        "MaxFieldLength": rule.max_length or 0,
    }


def _named_in_query(call: Call) -> Glimpse:
    return Glimpse(opportunity=call.query.get("OpportunityId", ""))


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "/v2/OpportunityManagement.svc/Update": Endpoint(
        method="POST",
        serve=update,
        speaks_of=lambda call: glimpse(call.content),
        updates=True,
    ),
    "/v2/OpportunityManagement.svc/GetOpportunityDetails": Endpoint(
        method="GET", serve=details, speaks_of=_named_in_query
    ),
    # A client asks once, at its start: a chance fault there would say little about the rows.
    "/v2/Authentication.svc/UserByAccessKey.Get": Endpoint(
        method="GET",
        serve=who_am_i,
        speaks_of=lambda _call: Glimpse(),
        any_region=True,
        struck_by_chance=False,
    ),
}


def understood(
    endpoint: Endpoint,
    *,
    query: Mapping[str, str],
    body: bytes,
    content_type: str,
    now: float,
    host: str,
) -> Call:
    """A call as its endpoint takes it."""
    content = parse_body(body, content_type) if endpoint.method == "POST" else None
    return Call(query=query, content=content, now=now, host=host)
