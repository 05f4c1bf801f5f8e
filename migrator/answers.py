"""The bodies of replies, as far as they are LeadSquared's: a parser that nothing makes raise.

Owns the members in which LeadSquared says what happened, and how to tell its answers from those of
gateways and other programs. What an answer means stands in `migrator.verdicts`.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson

from migrator.model import Reply

_LONGEST_READ: Final = 8192  #: Characters of a message or a page that are looked through.
_QUOTED: Final = re.compile(r"""(?<!\w)(["'])(?:(?!\1).)*\1(?!\w)""", re.DOTALL)
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
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
        return bool(self.exception or text_of(self.content.get("ExceptionMessage")))

    @property
    def is_success(self) -> bool:
        """Whether it says Success and nothing against it."""
        return self.content.get("Status") == "Success" and not self.has_exception

    @property
    def is_named(self) -> bool:
        """Whether LeadSquared names the cause: an MX type, or the mark that some replies carry."""
        return self.is_type("MX") or self.content.get("IsMXException") is True

    @property
    def is_ours(self) -> bool:
        """Whether LeadSquared itself wrote it; JSON alone proves nothing: gateways speak it, too.

        True for its error body, its success, an opportunity's details and a user.
        """
        return (
            self.is_named
            or self.content.get("Status") in ("Success", "Error")
            or self.is_details
            or isinstance(unpacked(self.content).get("LSQCommonServiceURLs"), dict)
        )

    @property
    def is_details(self) -> bool:
        """Whether it shows an opportunity with its fields."""
        return isinstance(self.content.get("Fields"), list) and bool(self.details_id)

    @property
    def details_id(self) -> str:
        """The id of the opportunity that it shows; "" where it shows none."""
        names = ("ID", "Id", "OpportunityId", "ProspectOpportunityId")
        return first_text(self.content, names)

    @property
    def own_words(self) -> str:
        """The message without what it quotes: a row's value may itself be "Timeout"."""
        return _QUOTED.sub("", self.message)

    def is_type(self, beginning: str) -> bool:
        """Whether the ExceptionType begins so; its spelling varies in case."""
        return self.exception.lower().startswith(beginning.lower())


def parse(reply: Reply) -> Answer:
    """The answer in a reply."""
    content = _json(reply)
    if not isinstance(content, dict):
        return Answer(
            document=content, content={}, is_object=False, exception="", message="", id=""
        )
    inner = content.get("Message")
    message = first_text(content, ("ExceptionMessage", "Message", "message", "error"))
    return Answer(
        document=content,
        content=content,
        is_object=True,
        exception=text_of(content.get("ExceptionType")),
        message=message[:_LONGEST_READ],
        id=text_of(inner.get("Id")) if isinstance(inner, dict) else "",
    )


def _json(reply: Reply) -> object:
    with suppress(orjson.JSONDecodeError):  # HTML, nothing at all, half an answer.
        found: object = orjson.loads(reply.body.removeprefix(b"\xef\xbb\xbf"))
        return found
    return None


def unpacked(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a wrapper that some calls put around their answer holds; else the answer."""
    for wrapper in ("UserDetails", "d"):
        inner = content.get(wrapper)
        if isinstance(inner, dict):
            return inner
    return content


def first_text(content: Mapping[str, Any], members: Sequence[str]) -> str:
    """The first of these members that is a text or a number, trimmed; "" where none is.

    >>> first_text({"Text": "", "Value": "Won"}, ("Text", "Value"))
    'Won'
    """
    return next((text for name in members if (text := text_of(content.get(name)))), "")


def text_of(value: object) -> str:
    """A member that must be a text or a number; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def as_guid(text: str) -> str:
    """The GUID in lower case without braces; "" when it is none.

    >>> as_guid("{5CA5B042-51EA-4699-B6F0-84C40AB12770}")
    '5ca5b042-51ea-4699-b6f0-84c40ab12770'
    """
    bare = text.strip().strip("{}").lower()
    return bare if _GUID.fullmatch(bare) else ""


def decoded(body: bytes) -> str:
    """The beginning of a body that is not JSON; bytes that are no UTF-8 show as "�"."""
    return body[:_LONGEST_READ].decode("utf-8", errors="replace")
