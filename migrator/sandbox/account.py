"""The imitated account: its endpoints, each a function from a call to an answer.

Pure but for the state it holds; the time is handed in. It knows nothing of limits, faults,
latency or sockets: the server lays those around it. A new endpoint is one function and one
line in an `ENDPOINTS`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from migrator.sandbox import metadata, reads
from migrator.sandbox.answers import (
    MISSING_ATTRIBUTE,
    NOT_PERMITTED,
    UNKNOWN_OPPORTUNITY,
    Answer,
    as_json,
    foreign,
    refused,
    updated,
)
from migrator.sandbox.calls import Account, Call, Done, Endpoint
from migrator.sandbox.schema import Rulebook
from migrator.sandbox.showing import shown_fields
from migrator.sandbox.state import Stamp, guid_of, time_text
from migrator.sandbox.update import Glimpse, glimpse, read_update, values_to_write
from migrator.sandbox.users import SANDBOX_USER, active_users


def update(account: Account, call: Call) -> Done:
    """``POST OpportunityManagement.svc/Update``."""
    asked = read_update(call.content)
    if isinstance(asked, Answer):
        return Done(answer=asked)
    found = account.opportunities.find(asked.opportunity_id)
    if found is None:
        return Done(answer=refused(UNKNOWN_OPPORTUNITY, "Activity does not exist."))
    options = account.options
    declared = options.type_of(str(found.type)) or options.declared_types[0]
    book = Rulebook(
        rules=declared.rules, breaches=options.breaches, active_users=active_users(options.users)
    )
    values = values_to_write(asked, stored=found.fields, book=book)
    if isinstance(values, Answer):
        return Done(answer=values)
    found.write(
        values,
        asked.note,
        now=call.now,
        stamp=Stamp(on=time_text(call.wall), by=SANDBOX_USER.id),
        lag=options.read_lag,
        index_lag=options.index_lag,
        adds=options.notes == "add",
    )
    return Done(answer=updated(found.guid), applied=True)


def details(account: Account, call: Call) -> Done:
    """``GET OpportunityManagement.svc/GetOpportunityDetails``; an unknown id is a 500."""
    named = call.query.get("OpportunityId", "")
    if not named:
        return Done(answer=refused(MISSING_ATTRIBUTE, "Mandatory attribute missing: OpportunityId"))
    found = account.opportunities.find(named)
    if found is None:
        return Done(answer=refused(UNKNOWN_OPPORTUNITY, "Activity does not exist."))
    options = account.options
    declared = options.type_of(str(found.type)) or options.declared_types[0]
    shown = found.shown(call.now)
    fields = shown_fields(shown, declared.rules, options.date_style)
    content = {
        "ID": found.guid,
        "Name": declared.name,
        "DisplayName": declared.name,
        "RelatedProspectId": found.lead,
        "OpportunityNote": shown.note,
        "Fields": [
            {**metadata.field_json(rule, place), "Value": value}
            for place, (rule, value) in enumerate(fields.values())
        ],
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
        "Id": SANDBOX_USER.id,
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


def _named_in_query(call: Call) -> Glimpse:
    return Glimpse(opportunity=call.query.get("OpportunityId", ""))


def _unless_closed(path: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint as an account serves it that may have closed it."""

    def serve(account: Account, call: Call) -> Done:
        match account.options.closed.get(path.rpartition("/")[2]):
            case "refused":
                return Done(answer=refused(NOT_PERMITTED, "You are not authorized to do this."))
            case "missing":
                return Done(answer=foreign(404))
            case _:
                return endpoint.serve(account, call)

    return replace(endpoint, serve=serve)


_OWN: Final[Mapping[str, Endpoint]] = {
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
        method="GET", serve=who_am_i, any_region=True, struck_by_chance=False
    ),
}

ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    path: _unless_closed(path, endpoint)
    for path, endpoint in {**_OWN, **metadata.ENDPOINTS, **reads.ENDPOINTS}.items()
}
"""Every path of the API that is imitated."""
