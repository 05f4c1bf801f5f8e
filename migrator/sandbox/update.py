"""``POST OpportunityManagement.svc/Update``: a body in, what to write or a refusal out.

Pure. An update is checked whole before anything is written: one call applies all or nothing.
Source: LeadSquared "Update an Opportunity"; what the page does not say follows what was seen
in public code, or a guess (see the vendor notes).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from migrator.sandbox.answers import (
    INVALID_FIELDS,
    INVALID_INPUT,
    MARKUP,
    MISSING_ATTRIBUTE,
    Answer,
    malformed,
    refused,
)
from migrator.sandbox.schema import Rulebook, accepted, merged_members

_LOOKS_LIKE_MARKUP: Final = re.compile(r"<\s*(script|iframe)|javascript:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One member of ``Fields``."""

    schema_name: str
    value: str
    members: Mapping[str, str]  #: Of a custom field set; empty for other fields.


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall:
    """A well-formed update."""

    opportunity_id: str
    note: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What a body speaks of, as far as it can be made out; for the log, right or wrong."""

    opportunity: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    note: str = ""
    lead: str = ""  #: Whom a look-up asks for.


def parse_body(body: bytes, content_type: str) -> Any:
    """The JSON in a body, or the answer 400."""
    if content_type.split(";", maxsplit=1)[0].strip().lower() != "application/json":
        return malformed(f"The content type {content_type or 'none'} is not application/json.")
    try:
        content = json.loads(body.decode("utf-8"))
        if b"\\u" in body:
            json.dumps(content, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        return malformed(f"Unable to translate bytes at index {error.start} to Unicode.")
    except UnicodeEncodeError:
        return malformed("Unable to translate Unicode character to specified code page.")
    except json.JSONDecodeError as error:
        return malformed(
            "Unexpected character encountered while parsing value. "
            f"Path '', line {error.lineno}, position {error.colno}."
        )
    except RecursionError:
        return malformed("The reader's MaxDepth of 64 has been exceeded.")
    return content


def glimpse(content: Any) -> Glimpse:
    """What a parsed body speaks of; never fails."""
    if not isinstance(content, dict):
        return Glimpse()
    listed = content.get("Fields")
    items = listed if isinstance(listed, list) else []
    pairs = tuple(
        (str(item.get("SchemaName", "")), _as_text(item))
        for item in items
        if isinstance(item, dict)
    )
    return Glimpse(
        opportunity=str(content.get("ProspectOpportunityId") or ""),
        fields=pairs,
        note=str(content.get("OpportunityNote") or ""),
    )


def read_update(content: Any) -> UpdateCall | Answer:
    """A well-formed update, or what LeadSquared answers to this body."""
    wrong = content if isinstance(content, Answer) else _wrong_frame(content)
    if wrong is not None:
        return wrong
    changes = _read_changes(content["Fields"])
    if isinstance(changes, Answer):
        return changes
    return UpdateCall(
        opportunity_id=content["ProspectOpportunityId"],
        note=content.get("OpportunityNote") or "",
        changes=changes,
    )


def values_to_write(
    call: UpdateCall, *, stored: Mapping[str, str], book: Rulebook
) -> dict[str, str] | Answer:
    """The new values of the fields the call names, or a refusal of the whole call."""
    sent: dict[str, str] = {}
    for change in call.changes:
        name = change.schema_name
        members = _members_to_write(change, book)
        if isinstance(members, Answer):
            return members
        if change.members and not members:
            continue  # all of them are ignored
        sent[name] = merged_members(stored.get(name, ""), members) if members else change.value
    return accepted(sent, stored=stored, book=book)


def _members_to_write(change: FieldChange, book: Rulebook) -> Mapping[str, str] | Answer:
    """The members of a field set; held against their rules where these are declared (a guess)."""
    rule = (book.rules or {}).get(change.schema_name)
    if not change.members or rule is None or not rule.members:
        return change.members
    return accepted(change.members, stored={}, book=replace(book, rules=rule.members))


def _wrong_frame(content: Any) -> Answer | None:
    if not isinstance(content, dict):
        return malformed(
            "Cannot deserialize the current JSON array into type 'OpportunityUpdate' because "
            "the type requires a JSON object."
        )
    named = content.get("ProspectOpportunityId")
    missing = None
    if named is None or named == "":
        missing = refused(MISSING_ATTRIBUTE, "Mandatory attribute missing: ProspectOpportunityId")
    return (
        _wrong_list(content.get("Fields"))
        or _wrong_text("ProspectOpportunityId", named)
        or missing
        or _wrong_text("OpportunityNote", content.get("OpportunityNote"))
    )


def _wrong_list(listed: Any) -> Answer | None:
    if listed is None:
        # Capture's shape has no Fields at its top; the complaint was seen for it (code: guess).
        return refused(INVALID_INPUT, "Value cannot be null.\r\nParameter name: source")
    if not isinstance(listed, list):
        return malformed(
            "Cannot deserialize the current JSON object into type 'List' because the type "
            "requires a JSON array. Path 'Fields'."
        )
    return None


def _wrong_field(item: Any) -> Answer | None:
    if not isinstance(item, dict):
        return malformed(f"Error converting value {item!r} to type 'Field'. Path 'Fields'.")
    name, value = item.get("SchemaName"), item.get("Value")
    if name is None or name == "":
        return refused(INVALID_FIELDS, "Invalid field: ")
    if value is None and item.get("Fields") is None:
        return refused(INVALID_INPUT, f"Invalid Input! Parameter Name: {name}")
    return _wrong_text("SchemaName", name) or _wrong_text(str(name), value)


def _wrong_text(name: str, value: Any) -> Answer | None:
    if not isinstance(value, str | None):
        return malformed(
            f"Error converting value {value!r} to type 'System.String'. Path '{name}'."
        )
    if value and _LOOKS_LIKE_MARKUP.search(value):
        return refused(MARKUP, f"A potentially dangerous value was detected in {name}")
    return None


def _read_changes(listed: list[Any]) -> tuple[FieldChange, ...] | Answer:
    changes = []
    for item in listed:
        change = _read_change(item)
        if isinstance(change, Answer):
            return change
        changes.append(change)
    return tuple(changes)


def _read_change(item: Any) -> FieldChange | Answer:
    wrong = _wrong_field(item)
    if wrong is not None:
        return wrong
    members = _read_members(item.get("Fields"))
    if isinstance(members, Answer):
        return members
    return FieldChange(
        schema_name=item["SchemaName"], value=item.get("Value") or "", members=members
    )


def _read_members(nested: Any) -> dict[str, str] | Answer:
    if nested is None:
        return {}
    if not isinstance(nested, list):
        return malformed("Cannot deserialize the current JSON object. Path 'Fields.Fields'.")
    inner = _read_changes(nested)
    if isinstance(inner, Answer):
        return inner
    return {member.schema_name: member.value for member in inner}


def _as_text(item: dict[str, Any]) -> str:
    value = item.get("Fields") or item.get("Value")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
