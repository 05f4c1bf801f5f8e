"""LeadSquared's language: bodies out, replies in, and what a reply means.

Owns every name and number of the vendor's that an update needs, each with its source, and the
table of verdicts. It never sends, waits or retries, and no reply makes it raise.

Sources: "Update an Opportunity" (the vendor's page, read 2026-11), further pages of
apidocs.leadsquared.com, and what public code saw live accounts answer.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from migrator.field_sets import flat, nested
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

# ------------------------------------------------------------------ the vendor's names

UPDATE_PATH: Final = "OpportunityManagement.svc/Update"  #: "Update an Opportunity".
DETAILS_PATH: Final = "OpportunityManagement.svc/GetOpportunityDetails"  #: Page of that name.
WHO_AM_I_PATH: Final = "Authentication.svc/UserByAccessKey.Get"  #: Page of that name.

RATE_LIMIT_TYPE: Final = "MXAPIRateLimitExceeded"  #: Seen with 429, 403 and 200.
WRONG_KEYS_TYPE: Final = "MXInvalidAccessDetails"  #: "Authentication"; the beginning of the name.
NO_PERMISSION_TYPE: Final = "MXUnAuthorized"  #: Seen as …Access… and …Request…, in both spellings.

RATE_LIMIT_TEXT: Final = re.compile(
    r"exceeded the limit of\s+(\d{1,9})\s+in\s+(\d{1,9}(?:\.\d{1,9})?)", re.IGNORECASE
)
"""The documented text: "API calls exceeded the limit of 25 in 5 second(s)"."""

_RATE_LIMIT_AT_THE_START: Final = re.compile(
    rf"\W*(?:\w+\W+){{0,6}}{RATE_LIMIT_TEXT.pattern}", re.IGNORECASE
)
"""In LeadSquared's JSON the text must open the message: a refusal may repeat the row's values."""

TRANSIENT_TEXT: Final = re.compile(
    r"time[\s-]?out|timed[\s-]?out|dead[\s-]?lock|try(?:ing)?\s+again", re.IGNORECASE
)
"""An MX error that may pass; seen in the classification of one connector."""

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

_LONGEST_READ: Final = 8192  #: Characters of a message or a page that are looked through.
_QUOTED: Final = re.compile(r"""(?<!\w)(["'])(?:(?!\1).)*\1(?!\w)""", re.DOTALL)
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
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


def read_update(reply: Reply | NoReply, *, opportunity_id: str, id_kind: IdKind) -> Reading:
    """What the answer to an update means.

    An answer says "applied" only as a whole: 2xx, a JSON object, ``Status`` is "Success", no
    exception in it, and an ``Id`` that fits. A GUID that was sent must come back, in any case
    of letters. For an AutoId any GUID fits and is kept; the AutoId itself fits, too, since the
    page does not say which of the two comes.
    """
    if isinstance(reply, NoReply):
        return _read_no_reply(reply)
    answer = _parse(reply)
    refused = _read_refusal(reply, answer)
    if refused is not None:
        return refused
    if not answer.is_success:
        return _reading(Verdict.UNKNOWN, reply, answer)
    if not _fits(answer.id, opportunity_id, id_kind):
        named = f'the opportunity "{answer.id}"' if answer.id else "no opportunity"
        told = f'the answer says Success, but names {named}, not "{opportunity_id}"'
        return replace(_reading(Verdict.UNKNOWN, reply, answer), message=_bounded(told))
    return replace(_reading(Verdict.APPLIED, reply, answer), message="", guid=_as_guid(answer.id))


def read_details(reply: Reply | NoReply) -> Details | Reading:
    """The opportunity as a read shows it, or why it could not be read.

    An unknown opportunity shows as a `Reading` with the verdict REFUSED: LeadSquared answers
    500 with an ``MX…`` body, not 404 (seen live). Whether LeadSquared itself answered, whatever
    it said, is told by `is_from_leadsquared`.

    Source:
        "GetOpportunityDetails": ``ID``, ``OpportunityNote``, ``Fields`` of SchemaName and Value.
        ``ActivityEvent_Note`` as the note's other name is a guess.
    """
    if isinstance(reply, NoReply):
        return _read_no_reply(reply)
    answer = _parse(reply)
    refused = _read_refusal(reply, answer)
    if refused is not None:
        return refused
    if not _is_details(answer.content):
        return _reading(Verdict.UNKNOWN, reply, answer)
    values = {
        field["SchemaName"]: _as_text(field.get("Value"))
        for field in answer.content["Fields"]
        if isinstance(field, dict) and isinstance(field.get("SchemaName"), str)
    }
    for name in AUDIT_MEMBERS & answer.content.keys():
        values.setdefault(name, _as_text(answer.content[name]))
    note = _as_text(answer.content.get("OpportunityNote")) or values.get("ActivityEvent_Note", "")
    return Details(guid=_as_guid(_details_id(answer.content)), note=note, values=flat(values))


def read_who_am_i(reply: Reply | NoReply) -> Account | Reading:
    """Whose keys these are, or why that could not be told.

    Source:
        "UserByAccessKey.Get"; ``LSQCommonServiceURLs.api`` and ``TimeZone`` are seen in public
        code, ``OrgShortCode`` in the vendor's own. Some code unpacks ``UserDetails`` or ``d``.
    """
    if isinstance(reply, NoReply):
        return _read_no_reply(reply)
    answer = _parse(reply)
    refused = _read_refusal(reply, answer)
    if refused is not None:
        return refused
    content = _unpacked(answer.content)
    urls = content.get("LSQCommonServiceURLs")
    account = Account(
        organisation=first_text(content, ORGANISATION_MEMBERS),
        host=_host_of(_as_text(urls.get("api")) if isinstance(urls, dict) else ""),
        user=first_text(content, ("Name", "FullName", "FirstName", "EmailAddress")),
        time_zone=first_text(content, ("TimeZone",)),
    )
    if not (account.organisation or account.host or account.user or account.time_zone):
        return _reading(Verdict.UNKNOWN, reply, answer)
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
    return isinstance(reply, Reply) and _is_ours(_parse(reply))


# ------------------------------------------------------------------ what other reads share


def content_of(reply: Reply | NoReply) -> object | Reading:
    """The JSON of a reply that brings what was asked for, or why it does not.

    An object, a list or a bare value: what it has to be, its reader knows (`not_understood`).
    """
    if isinstance(reply, NoReply):
        return _read_no_reply(reply)
    answer = _parse(reply)
    refused = _read_refusal(reply, answer)
    if refused is not None:
        return refused
    return not_understood(reply) if answer.document is None else answer.document


def not_understood(reply: Reply | NoReply) -> Reading:
    """The reading of a reply that is no refusal, and not what was asked for either."""
    if isinstance(reply, NoReply):
        return _read_no_reply(reply)
    return _reading(Verdict.UNKNOWN, reply, _parse(reply))


def first_text(content: Mapping[str, Any], members: Sequence[str]) -> str:
    """The first of these members that is a text or a number, trimmed; "" where none is.

    >>> first_text({"Text": "", "Value": "Won"}, ("Text", "Value"))
    'Won'
    """
    return next((text for name in members if (text := _text(content.get(name)))), "")


# ------------------------------------------------------------------ the table of verdicts


def _read_no_reply(reply: NoReply) -> Reading:
    verdict = Verdict.UNKNOWN if reply.written else Verdict.TARGET_FAULT
    text = f"{reply.kind}: {reply.text}" if reply.text else str(reply.kind)
    return Reading(verdict=verdict, message=_bounded(text))


def _read_refusal(reply: Reply, answer: "_Answer") -> Reading | None:
    """The reading of every reply that is no success; None for a 2xx without an exception."""
    limit = _rate_limit(reply, answer)
    if limit or reply.status == 429 or answer.is_type(RATE_LIMIT_TYPE):
        return replace(_reading(Verdict.RATE, reply, answer), limit=limit)
    verdict = _by_type(reply, answer) or _by_status(reply, answer)
    return _reading(verdict, reply, answer) if verdict is not None else None


def _by_type(reply: Reply, answer: "_Answer") -> Verdict | None:
    """What LeadSquared's ExceptionType says; it goes before the status."""
    if 300 <= reply.status < 400:
        return Verdict.ACCESS  # No address is followed, so no call can be made here.
    if answer.is_type(WRONG_KEYS_TYPE):
        return Verdict.ACCESS
    if answer.is_type(NO_PERMISSION_TYPE):
        return Verdict.NOT_PERMITTED
    if not answer.is_named:
        return None
    is_transient = TRANSIENT_TEXT.search(f"{answer.exception} {answer.own_words}")
    return Verdict.UNKNOWN if is_transient else Verdict.REFUSED


def _by_status(reply: Reply, answer: "_Answer") -> Verdict | None:
    """What the status says where no MX type does; None for 2xx, which its body decides."""
    status = reply.status
    if status == 401:
        return Verdict.ACCESS
    if status in {403, 404, 405} and not _is_ours(answer):
        return Verdict.FOREIGN
    if 400 <= status < 500 and status != 408:
        return Verdict.REFUSED
    if 200 <= status < 300 and not answer.has_exception:
        return None
    return Verdict.UNKNOWN


def _rate_limit(reply: Reply, answer: "_Answer") -> tuple[int, float] | None:
    """(N, seconds) of the text "exceeded the limit of N in M", wherever a rate answer has it."""
    if answer.is_object:
        found = _RATE_LIMIT_AT_THE_START.match(answer.own_words)
    else:
        found = RATE_LIMIT_TEXT.search(_decoded(reply.body))
    if not found or int(found[1]) < 1 or float(found[2]) <= 0:
        return None
    return int(found[1]), float(found[2])


def _fits(answered: str, sent: str, id_kind: IdKind) -> bool:
    if id_kind is IdKind.GUID:
        return answered.strip().strip("{}").lower() == sent.lower()
    return bool(_as_guid(answered)) or answered == sent


# ------------------------------------------------------------------ a tolerant parser


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A reply's body as far as it is LeadSquared's."""

    document: object  #: The JSON, whatever it is; None when the body is none.
    content: Mapping[str, Any]  #: The JSON object; empty when the body is anything else.
    is_object: bool
    exception: str  #: ExceptionType.
    message: str  #: ExceptionMessage, or the text of another member that says what is wrong.
    id: str  #: Message.Id.

    @property
    def has_exception(self) -> bool:
        """Whether it reports a fault, named or not."""
        return bool(self.exception or _text(self.content.get("ExceptionMessage")))

    @property
    def is_success(self) -> bool:
        """Whether it says Success and nothing against it."""
        return self.content.get("Status") == "Success" and not self.has_exception

    @property
    def is_named(self) -> bool:
        """Whether LeadSquared names the cause: an MX type, or the mark that some replies carry."""
        return self.is_type("MX") or self.content.get("IsMXException") is True

    @property
    def own_words(self) -> str:
        """The message without what it quotes: a row's value may itself be "Timeout"."""
        return _QUOTED.sub("", self.message)

    def is_type(self, beginning: str) -> bool:
        """Whether the ExceptionType begins so; its spelling varies in case."""
        return self.exception.lower().startswith(beginning.lower())


def _parse(reply: Reply) -> _Answer:
    content = _json(reply)
    if not isinstance(content, dict):
        return _Answer(
            document=content, content={}, is_object=False, exception="", message="", id=""
        )
    inner = content.get("Message")
    message = first_text(content, ("ExceptionMessage", "Message", "message", "error"))
    return _Answer(
        document=content,
        content=content,
        is_object=True,
        exception=_text(content.get("ExceptionType")),
        message=message[:_LONGEST_READ],
        id=_text(inner.get("Id")) if isinstance(inner, dict) else "",
    )


def _json(reply: Reply) -> object:
    with suppress(orjson.JSONDecodeError):  # HTML, nothing at all, half an answer.
        found: object = orjson.loads(reply.body.removeprefix(b"\xef\xbb\xbf"))
        return found
    return None


def _is_ours(answer: _Answer) -> bool:
    content = answer.content
    return (
        answer.is_named
        or content.get("Status") in ("Success", "Error")
        or _is_details(content)
        or isinstance(_unpacked(content).get("LSQCommonServiceURLs"), dict)
    )


def _is_details(content: Mapping[str, Any]) -> bool:
    return isinstance(content.get("Fields"), list) and bool(_details_id(content))


def _details_id(content: Mapping[str, Any]) -> str:
    return first_text(content, ("ID", "Id", "OpportunityId", "ProspectOpportunityId"))


def _unpacked(content: Mapping[str, Any]) -> Mapping[str, Any]:
    for wrapper in ("UserDetails", "d"):
        inner = content.get(wrapper)
        if isinstance(inner, dict):
            return inner
    return content


def _text(value: object) -> str:
    """A member that must be a text or a number; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _as_text(value: object) -> str:
    """A field's value as text: JSON's own form where it is not a text already; "" for null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _as_guid(text: str) -> str:
    """The GUID in lower case without braces; "" when it is none.

    >>> _as_guid("{5CA5B042-51EA-4699-B6F0-84C40AB12770}")
    '5ca5b042-51ea-4699-b6f0-84c40ab12770'
    """
    bare = text.strip().strip("{}").lower()
    return bare if _GUID.fullmatch(bare) else ""


def _host_of(address: str) -> str:
    """The host in a service address, which comes with or without scheme and path."""
    return (
        address.strip().partition("://")[2].partition("/")[0] or address.strip().partition("/")[0]
    )


# ------------------------------------------------------------------ what a reading says


def _reading(verdict: Verdict, reply: Reply, answer: _Answer) -> Reading:
    return Reading(
        verdict=verdict,
        status=reply.status,
        exception=_bounded(answer.exception),
        message=_bounded(answer.message) or _instead(reply, answer),
        retry_after=reply.retry_after,
    )


def _instead(reply: Reply, answer: _Answer) -> str:
    """What the answer was, where LeadSquared says nothing.

    >>> busy = Reply(status=503, body=b"<html><title>Busy</title></html>")
    >>> _instead(busy, _parse(busy))
    'HTTP 503 with the page "Busy", not with JSON of LeadSquared'
    """
    if answer.is_object:
        return f"HTTP {reply.status} with JSON that says neither success nor why not"
    text = _decoded(reply.body).strip()
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


def _decoded(body: bytes) -> str:
    """The beginning of a body that is not JSON; bytes that are no UTF-8 show as "�"."""
    return body[:_LONGEST_READ].decode("utf-8", errors="replace")
