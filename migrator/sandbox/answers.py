"""What the imitation says: answers as values, in LeadSquared's words or a gateway's.

Owns the wording only; it never decides which answer a call gets and sends nothing.
The words come from LeadSquared's pages and from replies seen in public code
(``apidocs.leadsquared.com``, read 2026-11); a type marked "guess" is not published.
"""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

JSON_TYPE: Final = "application/json"
HTML_TYPE: Final = "text/html"

RATE_LIMIT: Final = "MXAPIRateLimitExceededException"
WRONG_KEYS: Final = "MXInvalidAccessDetailsException"
UNKNOWN_OPPORTUNITY: Final = "MXUnknownProspectActivityException"  # seen on reads; Update: guess
MISSING_ATTRIBUTE: Final = "MXMandatoryAttributeMissingException"  # guess
INVALID_INPUT: Final = "MXInvalidInputException"
INVALID_FIELDS: Final = "MXInvalidActivityFieldsException"
INVALID_TYPE: Final = "MXInvalidDataTypeException"
INVALID_OPTION: Final = "MXInvalidEntityReferenceException"  # guess
MARKUP: Final = "MXXSSException"
INVALID_ACTIVITY: Final = "MXInvalidActivityException"
NOT_PERMITTED: Final = "MXUnauthorizedRequestException"

DAILY_MESSAGE: Final = "API calls exceeded the daily limit of {limit}"
"""What an account says when its day is used up; nobody published it: the form is a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One reply, ready to be sent."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    exception: str = ""  #: The ExceptionType in the body, for the log; "" when there is none.


def as_json(content: object, *, status: int = 200) -> Answer:
    """An answer of LeadSquared's with any JSON in it."""
    return Answer(status=status, body=_encode(content))


def updated(guid: str) -> Answer:
    """Success of an update, exactly as documented."""
    return as_json({"Status": "Success", "Message": {"Id": guid}})


def refused(exception: str, message: str, *, status: int = 500) -> Answer:
    """LeadSquared's error body; nearly every logical failure is a 500 with one.

    Args:
        exception: The ExceptionType.
        message: The ExceptionMessage.
        status: The HTTP status.
    """
    content = {"Status": "Error", "ExceptionType": exception, "ExceptionMessage": message}
    return Answer(status=status, body=_encode(content), exception=exception)


def marked(answer: Answer) -> Answer:
    """The same error body with ``"IsMXException": true``, as some replies have it."""
    if not answer.exception:
        return answer
    content = {**json.loads(answer.body), "IsMXException": True}
    return replace(answer, body=_encode(content))


def malformed(message: str) -> Answer:
    """400 with a text of the JSON library."""
    return refused(INVALID_INPUT, message, status=400)


def over_the_limit(
    limit: int, window: float, *, status: int = 429, retry_after: float | None = None
) -> Answer:
    """The rate answer in one of its three disguises: 429, 403, or 200 with an error body."""
    message = f"API calls exceeded the limit of {limit} in {window:g} second(s)"
    return refused_by_a_limit(message, status=status, retry_after=retry_after)


def refused_by_a_limit(
    message: str, *, status: int = 429, retry_after: float | None = None
) -> Answer:
    """A rate answer with any message."""
    headers = () if retry_after is None else (("Retry-After", f"{retry_after:g}"),)
    plain = refused(RATE_LIMIT, message, status=status)
    return replace(plain, headers=headers)


def unauthorised(message: str) -> Answer:
    """401: keys, deactivated user, or another region's host."""
    return refused(WRONG_KEYS, message, status=401)


def foreign(status: int) -> Answer:
    """A page that is not LeadSquared's: a gateway's, a proxy's, a web server's."""
    phrase = HTTPStatus(status).phrase
    page = (
        f"<!DOCTYPE html>\r\n<html><head><title>{status} {phrase}</title></head>\r\n"
        f"<body><center><h1>{status} {phrase}</h1></center><hr></body></html>\r\n"
    )
    return Answer(status=status, body=page.encode(), content_type=HTML_TYPE)


def empty(status: int) -> Answer:
    """A status without a body."""
    return Answer(status=status, content_type=HTML_TYPE)


def truncated(answer: Answer) -> Answer:
    """The same answer with the second half of its body missing."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _encode(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
