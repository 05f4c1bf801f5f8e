"""LeadSquared's reads of an account: its opportunity types, their fields, its users; replies in.

Owns these endpoints' names and shapes, each with its source. No reply makes it raise; unknown
members are passed over, and what is missing counts as not told. The sources are the vendor's pages
("Get Metadata of an Opportunity Type", "Get Users", read 2026-11) and what public code saw.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from migrator.answers import decoded
from migrator.leadsquared import content_of, first_text, not_understood
from migrator.metadata import FieldInfo, TypeInfo, UserInfo
from migrator.model import NoReply, Reading, Reply, Request

TYPES_PATH: Final = "OpportunityManagement.svc/GetOpportunityTypes"  #: Seen by three teams.
METADATA_PATH: Final = "OpportunityManagement.svc/GetOpportunityTypeMetadata"  #: Page of the name.
USERS_PATH: Final = "UserManagement.svc/Users.Get"  #: "Get Users".
ENABLED_PATH: Final = "OpportunityManagement.svc/IsOpportunityEnabled"  #: Page of that name.

LONGEST_METADATA: Final = 32 * 1024 * 1024
"""Bytes. A field has some 700 and an option some 150; a dropdown of 10,000 options and a list of
3,000 users pass 1 MiB. What is longer than this is no answer of LeadSquared's."""

ACTIVE: Final = "0"  #: StatusCode of an active user; 1 is inactive. "Get Users".

_ENABLED: Final = re.compile(r'OpportunityManagement"?\s*[:=]\s*"?(\w+)', re.IGNORECASE)
"""The page says ``OpportunityManagement: Enabled``, and not in which form."""
_WORDS: Final = {"enabled": True, "true": True, "disabled": False, "false": False}
"""Only the first is documented."""

_NAME: Final = ("DisplayName", "Name", "EventName", "ActivityEventName")
_CODE: Final = ("EventCode", "ActivityEvent", "OpportunityEventCode", "Code")
_OPTION: Final = ("Value", "Text")  #: The vendor's sample leaves Text empty; other code reads it.
_PARENT: Final = ("ParentValue", "ParentOption", "Parent", "ControllerValue", "Value", "Text")
_OPTIONS: Final = ("Options", "OptionSet", "DependentOptions", "Values", "Children")
_MEMBERS: Final = ("Fields", "CustomObjectFields", "CustomFields")
_WRAPPERS: Final = ("Data", "d", "Result", "Results", "List", "OpportunityTypes", "Users")
"""What public code unpacks here and there, or what is likely; only the first name of each is
documented, and the forms of dependent options and of a field set's members are guesses."""


# ------------------------------------------------------------------ requests


def types_request() -> Request:
    """The call that lists the account's opportunity types."""
    return Request(method="GET", path=TYPES_PATH, longest_answer=LONGEST_METADATA)


def type_request(code: int) -> Request:
    """The call that describes the fields of one opportunity type."""
    return Request(
        method="GET",
        path=METADATA_PATH,
        query=(("code", str(code)),),
        longest_answer=LONGEST_METADATA,
    )


def users_request() -> Request:
    """The call that lists the account's users, inactive ones too."""
    return Request(method="GET", path=USERS_PATH, longest_answer=LONGEST_METADATA)


def enabled_request() -> Request:
    """The call that tells whether the account has opportunities at all."""
    return Request(method="GET", path=ENABLED_PATH)


# ------------------------------------------------------------------ replies


def read_types(reply: Reply | NoReply) -> tuple[TypeInfo, ...] | Reading:
    """The types by code and name, without their fields: LeadSquared tells none here."""
    content = content_of(reply)
    if isinstance(content, Reading):
        return content
    listed = _list_in(content)
    if listed is None:
        return not_understood(reply)
    found = (
        TypeInfo(code=code, name=first_text(item, _NAME))
        for item in _objects(listed)
        if (code := _whole(first_text(item, _CODE))) is not None
    )
    return tuple(found)


def read_type(reply: Reply | NoReply, *, code: int) -> TypeInfo | Reading:
    """One type with its fields.

    Args:
        reply: The answer to `type_request`.
        code: The type that was asked for; an answer that names another one is not understood.
    """
    content = content_of(reply)
    if isinstance(content, Reading):
        return content
    frame = _frame_in(content)
    if frame is None:
        return not_understood(reply)
    told = _whole(first_text(frame, _CODE))
    if told not in (None, code):
        return not_understood(reply)
    return TypeInfo(code=code, name=first_text(frame, _NAME), fields=_fields(frame["Fields"]))


def read_users(reply: Reply | NoReply) -> tuple[UserInfo, ...] | Reading:
    """The account's users."""
    content = content_of(reply)
    if isinstance(content, Reading):
        return content
    listed = _list_in(content)
    if listed is None:
        return not_understood(reply)
    found = (
        UserInfo(
            id=guid,
            email=first_text(item, ("EmailAddress", "Email")),
            name=_full_name(item),
            is_active=first_text(item, ("StatusCode",)) in ("", ACTIVE),
        )
        for item in _objects(listed)
        if (guid := first_text(item, ("ID", "Id", "UserId", "UserID")))
    )
    return tuple(found)


def read_enabled(reply: Reply | NoReply) -> bool | Reading | None:
    """Whether the account has opportunities; None where the answer tells neither.

    >>> read_enabled(Reply(status=200, body=b'{"OpportunityManagement": "Enabled"}'))
    True
    """
    content = content_of(reply)
    if isinstance(content, Reading):
        text = decoded(reply.body) if isinstance(reply, Reply) and reply.status == 200 else ""
        found = _ENABLED.search(text)
        return _WORDS.get(found[1].casefold()) if found else content
    while isinstance(content, dict) and content:  # in whatever wrapper
        named = {str(name).casefold(): value for name, value in content.items()}
        content = named.get("opportunitymanagement", next(iter(content.values())))
    return _WORDS.get(str(content).strip().casefold())


def _full_name(item: Mapping[str, Any]) -> str:
    names = (first_text(item, ("FirstName",)), first_text(item, ("LastName",)))
    return " ".join(name for name in names if name) or first_text(item, ("FullName", "Name"))


# ------------------------------------------------------------------ one field


def _fields(listed: Sequence[Any]) -> tuple[FieldInfo, ...]:
    found = (_field(item) for item in _objects(listed))
    return tuple(field for field in found if field is not None)


def _field(item: Mapping[str, Any]) -> FieldInfo | None:
    """A field, or None where it has no SchemaName to send it by."""
    name = first_text(item, ("SchemaName",))
    if not name:
        return None
    entries = list(_entries(_unpacked(item.get("OptionSet"))))
    under = _options_under(_unpacked(item.get("DependentOptionSet")))
    below = [entry for parent in under.values() for entry in parent]
    return FieldInfo(
        schema_name=name,
        display_name=first_text(item, ("DisplayName",)),
        data_type=first_text(item, ("DataType",)),
        is_mandatory=_is_true(item.get("IsMandatory")),
        is_read_only=_is_true(item.get("IsReadOnly")),
        options=_texts(entries) or None,
        old_options=_old_options([*entries, *below]),
        takes_others=_is_true(item.get("IncludeOthersOption")),
        is_multi_select=_is_true(item.get("IsMultiSelectDropdown")),
        parent=first_text(item, ("ParentField",)),
        options_under={parent: _texts(found) for parent, found in under.items()} or None,
        max_length=_whole(first_text(item, ("MaxFieldLength",))) or None,
        members=_members(item),
    )


def _members(item: Mapping[str, Any]) -> tuple[FieldInfo, ...]:
    """The fields of a field set, wherever they stand: no page shows one."""
    for name in _MEMBERS:
        listed = _unpacked(item.get(name))
        if isinstance(listed, list) and listed:
            return _fields(listed)
    return ()


# ------------------------------------------------------------------ options


def _entries(options: object) -> Iterator[tuple[str, str]]:
    """Option and former text of each entry; an entry is an object, or a text alone.

    The text is taken as it stands: its spaces count.
    """
    for entry in options if isinstance(options, list) else ():
        if isinstance(entry, str) and entry:
            yield entry, ""
        elif isinstance(entry, dict):
            option = next((text for name in _OPTION if (text := _exact(entry.get(name)))), "")
            if option:
                yield option, _exact(entry.get("OldValue"))


def _exact(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _texts(entries: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option for option, _ in entries))


def _old_options(entries: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Former text to today's; a text that is an option today means that option."""
    today = {option for option, _ in entries}
    return {old: option for option, old in entries if old and old not in today}


def _options_under(found: object) -> dict[str, list[tuple[str, str]]]:
    """By the parent's value. Three forms are understood, since no page shows one filled.

    An object from the parent's value to its options; a list of objects with the parent's value and
    a list of options; a list of options, each with its parent's value.
    """
    if isinstance(found, dict):
        return {
            str(parent): list(_entries(_unpacked(options))) for parent, options in found.items()
        }
    under: dict[str, list[tuple[str, str]]] = {}
    for entry in _objects(found if isinstance(found, list) else ()):
        parent = next((text for name in _PARENT if (text := _exact(entry.get(name)))), "")
        inside = next((list_ for name in _OPTIONS if (list_ := _unpacked(entry.get(name)))), None)
        options = list(_entries(inside if inside is not None else [entry]))
        if parent:
            under.setdefault(parent, []).extend(options)
    return under


# ------------------------------------------------------------------ tolerance


def _unpacked(value: object) -> object:
    """JSON inside a text, as OptionSet has it; what is none stays as it is, "" is nothing."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _list_in(content: object) -> list[Any] | None:
    """A list, bare or in a wrapper."""
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        return next(
            (content[name] for name in _WRAPPERS if isinstance(content.get(name), list)), None
        )
    return None


def _frame_in(content: object) -> dict[str, Any] | None:
    """The object with the fields: bare, in a wrapper, or alone in a list."""
    inside: list[object] = [content]
    if isinstance(content, dict):
        inside += [content.get(name) for name in _WRAPPERS]
    for found in inside:
        one = found[0] if isinstance(found, list) and len(found) == 1 else found
        if isinstance(one, dict) and isinstance(one.get("Fields"), list):
            return one
    return None


def _objects(listed: Sequence[Any]) -> Iterator[dict[str, Any]]:
    return (item for item in listed if isinstance(item, dict))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _is_true(value: object) -> bool:
    """True, 1, or either as a text.

    >>> [_is_true(value) for value in (True, 1, "1", "True", 0, "false", None)]
    [True, True, True, True, False, False, False]
    """
    return value is True or str(value).strip().casefold() in ("1", "true")
