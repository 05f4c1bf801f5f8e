"""LeadSquared's language: bodies out, replies in, and what a reply means.

Owns the vendor's paths and members that an update needs, each with its source, and what is said of
a reply. What it means is asked of the table in `migrator.verdicts`. It never sends, waits or
retries, and no reply makes it raise.

Sources: "Update an Opportunity" (the vendor's page, read 2026-11), further pages of
apidocs.leadsquared.com, and what public code saw live accounts answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from migrator.answers import Answer, as_guid, decoded, first_text, parse, unpacked
from migrator.field_sets import as_text, flat, nested
from migrator.model import (
    Details,
    FieldValue,
    IdKind,
    NoReply,
    Reading,
    Reply,
    Request,
    Verdict,
)
from migrator.verdicts import NOTHING_MOVED, Case, MovedExceptions, case_of, refusal_of, rule_of

__all__ = [
    "Account",
    "content_of",
    "details_request",
    "first_text",
    "is_from_leadsquared",
    "named_host",
    "not_understood",
    "read_details",
    "read_update",
    "read_who_am_i",
    "unreadable",
    "update_request",
    "who_am_i_request",
]

# ------------------------------------------------------------------ the vendor's names

UPDATE_PATH: Final = "OpportunityManagement.svc/Update"  #: "Update an Opportunity".
DETAILS_PATH: Final = "OpportunityManagement.svc/GetOpportunityDetails"  #: Page of that name.
WHO_AM_I_PATH: Final = "Authentication.svc/UserByAccessKey.Get"  #: Page of that name.

ORGANISATION_MEMBERS: Final = (
    "OrgShortCode",
    "OrgId",
    "OrganizationId",
    "OrganisationId",
    "OrgCode",
)
"""Where `UserByAccessKey.Get` may name the organisation. The first is what the vendor's own
WordPress plug-in reads; the others are guesses, as the page shows no reply."""

AUDIT_MEMBERS: Final = frozenset({"CreatedOn", "ModifiedOn", "ModifiedBy"})
"""Shown among the fields of an opportunity, or beside them: the page's example has both forms of
other members, and none of these (guess)."""

LONGEST_MESSAGE: Final = 500
"""Characters of a message that are kept; JSON libraries quote whole bodies."""

_TITLE: Final = re.compile(r"<(title|h1)[^>]*>\s*(.*?)\s*</\1", re.IGNORECASE | re.DOTALL)
_SPACES: Final = re.compile(r"\s+")
_API_HOST: Final = re.compile(
    r"(?<![\w.*-])(?:[a-z0-9][a-z0-9-]*\.)+leadsquared\.com(?![\w-]|\.\w)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose keys these are, as `UserByAccessKey.Get` tells it; "" for what it does not tell."""

    organisation: str  #: The same for every key of the account.
    host: str  #: The host that serves this account.
    user: str  #: The name of the key's owner.
    time_zone: str


# ------------------------------------------------------------------ bodies out


def update_request(opportunity_id: str, note: str, fields: Sequence[FieldValue]) -> Request:
    """The call that changes one opportunity.

    Args:
        opportunity_id: The GUID, or the AutoId's value where the type has an AutoId field.
        note: "" to send none.
        fields: What to change, in the order in which it is sent; all others stay as they are.

    Raises:
        TypeError: A text holds half a character (a lone surrogate) and has no UTF-8.

    Source:
        "Update an Opportunity". The page says in words that the id goes into the URL; its
        example and every public client put it into the body. Field sets: see `field_sets`.
    """
    body: dict[str, object] = {"ProspectOpportunityId": opportunity_id}
    if note:
        body["OpportunityNote"] = note
    body["Fields"] = nested(fields)
    return Request(method="POST", path=UPDATE_PATH, body=orjson.dumps(body))


def details_request(opportunity_id: str) -> Request:
    """The call that reads one opportunity with all its fields."""
    return Request(method="GET", path=DETAILS_PATH, query=(("OpportunityId", opportunity_id),))


def who_am_i_request() -> Request:
    """The call that tells whose keys these are; it works on every host of LeadSquared's."""
    return Request(method="GET", path=WHO_AM_I_PATH)


# ------------------------------------------------------------------ replies in


def read_update(
    reply: Reply | NoReply,
    *,
    opportunity_id: str,
    id_kind: IdKind,
    moved: MovedExceptions = NOTHING_MOVED,
) -> Reading:
    """What the answer to an update means.

    Args:
        reply: What came back.
        opportunity_id: That was sent. For an AutoId the GUID that is told is kept.
        id_kind: Its kind.
        moved: ExceptionTypes of which the user knows better whether they pass.
    """
    case = case_of(reply, opportunity_id=opportunity_id, id_kind=id_kind, moved=moved)
    rule = rule_of(case)
    reading = _reading(rule.verdict, reply, case)
    if rule.verdict is Verdict.APPLIED:
        return replace(reading, message="", guid=as_guid(case.answer.id))
    if rule.name == "another opportunity":
        named = f'the opportunity "{case.answer.id}"' if case.answer.id else "no opportunity"
        told = f'the answer says Success, but names {named}, not "{opportunity_id}"'
        return replace(reading, message=_bounded(told))
    return reading


def read_details(reply: Reply | NoReply) -> Details | Reading:
    """The opportunity as a read shows it, or why it could not be read.

    An unknown opportunity shows as a `Reading` with the verdict REFUSED: LeadSquared answers
    500 with an ``MX…`` body, not 404 (seen live). Whether LeadSquared itself answered, whatever
    it said, is told by `is_from_leadsquared`.

    Source:
        "GetOpportunityDetails": ``ID``, ``OpportunityNote``, ``Fields`` of SchemaName and Value.
        ``ActivityEvent_Note`` as the note's other name is a guess.
    """
    answer = _brought(reply)
    if isinstance(answer, Reading):
        return answer
    if not answer.is_details:
        return not_understood(reply)
    values = {
        field["SchemaName"]: as_text(field.get("Value"))
        for field in answer.content["Fields"]
        if isinstance(field, dict) and isinstance(field.get("SchemaName"), str)
    }
    for name in AUDIT_MEMBERS & answer.content.keys():
        values.setdefault(name, as_text(answer.content[name]))
    note = as_text(answer.content.get("OpportunityNote")) or values.get("ActivityEvent_Note", "")
    return Details(guid=as_guid(answer.details_id), note=note, values=flat(values))


def read_who_am_i(reply: Reply | NoReply) -> Account | Reading:
    """Whose keys these are, or why that could not be told.

    Source:
        "UserByAccessKey.Get"; ``LSQCommonServiceURLs.api`` and ``TimeZone`` are seen in public
        code, ``OrgShortCode`` in the vendor's own. Some code unpacks ``UserDetails`` or ``d``.
    """
    answer = _brought(reply)
    if isinstance(answer, Reading):
        return answer
    content = unpacked(answer.content)
    urls = content.get("LSQCommonServiceURLs")
    account = Account(
        organisation=first_text(content, ORGANISATION_MEMBERS),
        host=_host_of(as_text(urls.get("api")) if isinstance(urls, dict) else ""),
        user=first_text(content, ("Name", "FullName", "FirstName", "EmailAddress")),
        time_zone=first_text(content, ("TimeZone",)),
    )
    if not (account.organisation or account.host or account.user or account.time_zone):
        return not_understood(reply)
    return account


def named_host(message: str) -> str:
    """The one API host of LeadSquared's that a refusal names; "" for none, or for several.

    >>> named_host("Invalid host. Use the API host of your region: api-us11.leadsquared.com")
    'api-us11.leadsquared.com'
    """
    hosts = {host.lower() for host in _API_HOST.findall(message)}
    return hosts.pop() if len(hosts) == 1 else ""


def is_from_leadsquared(reply: Reply | NoReply) -> bool:
    """Whether LeadSquared itself answered, and not a gateway, a proxy or another server.

    True for its error body, its success, an opportunity's details and a user. JSON alone proves
    nothing: gateways speak it, too.
    """
    return isinstance(reply, Reply) and parse(reply).is_ours


# ------------------------------------------------------------------ what other reads share


def content_of(reply: Reply | NoReply) -> object | Reading:
    """The JSON of a reply that brings what was asked for, or why it does not.

    An object, a list or a bare value: what it has to be, its reader knows (`not_understood`).
    """
    answer = _brought(reply)
    if isinstance(answer, Reading):
        return answer
    return not_understood(reply) if answer.document is None else answer.document


def not_understood(reply: Reply | NoReply) -> Reading:
    """The reading of a reply that is no refusal, and not what was asked for either."""
    case = case_of(reply)
    verdict = Verdict.UNKNOWN if case.lost is None else rule_of(case).verdict
    return _reading(verdict, reply, case)


def unreadable(reply: Reply | NoReply, what: str) -> Reading:
    """The reading of a reply that is nearly what was asked for; ``what`` is wrong with it."""
    status = reply.status if isinstance(reply, Reply) else 0
    message = f"the answer cannot be understood: {what}"
    return Reading(verdict=Verdict.UNKNOWN, status=status, message=message)


def _brought(reply: Reply | NoReply) -> Answer | Reading:
    """What a read brought, or the reading of its refusal."""
    case = case_of(reply)
    refusal = refusal_of(case)
    return case.answer if refusal is None else _reading(refusal.verdict, reply, case)


def _host_of(address: str) -> str:
    """The host in a service address, which comes with or without scheme and path."""
    return (
        address.strip().partition("://")[2].partition("/")[0] or address.strip().partition("/")[0]
    )


# ------------------------------------------------------------------ what a reading says


def _reading(verdict: Verdict, reply: Reply | NoReply, case: Case) -> Reading:
    if isinstance(reply, NoReply):
        text = f"{reply.kind}: {reply.text}" if reply.text else str(reply.kind)
        return Reading(verdict=verdict, message=_bounded(text))
    return Reading(
        verdict=verdict,
        status=reply.status,
        exception=_bounded(case.answer.exception),
        message=_bounded(case.answer.message) or _instead(reply, case.answer),
        retry_after=reply.retry_after,
        limit=case.limit,
    )


def _instead(reply: Reply, answer: Answer) -> str:
    """What the answer was, where LeadSquared says nothing.

    >>> busy = Reply(status=503, body=b"<html><title>Busy</title></html>")
    >>> _instead(busy, parse(busy))
    'HTTP 503 with the page "Busy", not with JSON of LeadSquared'
    """
    if answer.is_object:
        return f"HTTP {reply.status} with JSON that says neither success nor why not"
    text = decoded(reply.body).strip()
    if not text:
        return f"HTTP {reply.status} with an empty body"
    title = _TITLE.search(text)
    found = f'the page "{_cut(title[2], 100)}"' if title else f'"{_cut(text, 100)}"'
    cut_off = ", cut off" if reply.truncated else ""
    return f"HTTP {reply.status} with {found}{cut_off}, not with JSON of LeadSquared"


def _bounded(text: str) -> str:
    return _cut(text, LONGEST_MESSAGE)


def _cut(text: str, longest: int) -> str:
    flat = _SPACES.sub(" ", text).strip()
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"
