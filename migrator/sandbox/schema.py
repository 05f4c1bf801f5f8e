"""The account's declared fields, and what LeadSquared says to a value that breaks a rule.

Pure. Without declared fields any SchemaName that looks like one takes any text. How sure each
rule is stands in the vendor notes: what is not published is a switch, with a default.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from migrator.sandbox.answers import (
    INVALID_FIELDS,
    INVALID_INPUT,
    INVALID_OPTION,
    INVALID_TYPE,
    Answer,
    refused,
)

LOOKS_LIKE_A_SCHEMA_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"-?\d[\d,]*(\.\d+)?")  # the vendor's sample shows "200,000"
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DATETIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_BOOLEANS: Final[Mapping[str, str]] = {"true": "1", "1": "1", "false": "0", "0": "0"}


class OnBreach(StrEnum):
    """What happens where LeadSquared's behaviour is not published."""

    ERROR = "error"
    IGNORE = "ignored"  #: Success is said; the field keeps its value.
    TRUNCATE = "truncated"  #: Only for the length.
    ALLOW = "enabled"  #: Only for CreatedOn.
    CLEAR = "clears"  #: Only for an empty text.


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One field of the opportunity type."""

    schema_name: str
    display_name: str = ""
    data_type: str = "String"  #: String, Number, Decimal, Boolean, Date, DateTime, Dropdown, …
    render_type: str = ""  #: Told in the metadata, nothing else.
    options: tuple[str, ...] = ()  #: Exact texts; empty: not checked.
    old_values: Mapping[str, str] = field(default_factory=dict)  #: Renamed option to former text.
    multi_select: bool = False  #: Several options with ";" between; the separator is a guess.
    others: bool = False  #: Texts that are not among the options are taken, too.
    hide_options: bool = False  #: The metadata lists none, though they are checked: seen.
    parent: str = ""  #: SchemaName of the field under whose value the options stand.
    options_under: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mandatory: bool = False
    read_only: bool = False
    max_length: int | None = None  #: Characters; None: no limit.
    members: "Mapping[str, FieldRule]" = field(default_factory=dict)
    #: Of a custom field set, by SchemaName (mx_CustomObject_1); empty: none are declared.


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityType:
    """One opportunity type of the account."""

    code: int
    name: str = "Opportunity"
    rules: Mapping[str, FieldRule] | None = None  #: None: any field takes any text.


CHOICES: Final[Mapping[str, tuple[OnBreach, ...]]] = {
    "unknown_field": (OnBreach.ERROR, OnBreach.IGNORE),
    "read_only": (OnBreach.IGNORE, OnBreach.ERROR),
    "too_long": (OnBreach.ERROR, OnBreach.TRUNCATE, OnBreach.IGNORE),
    "created_on": (OnBreach.ALLOW, OnBreach.IGNORE, OnBreach.ERROR),
    "blank": (OnBreach.CLEAR, OnBreach.IGNORE, OnBreach.ERROR),
}
"""What each switch of `Breaches` can be; the first is its default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """The switches for what is not published."""

    unknown_field: OnBreach = OnBreach.ERROR
    read_only: OnBreach = OnBreach.IGNORE
    too_long: OnBreach = OnBreach.ERROR
    created_on: OnBreach = OnBreach.ALLOW  #: Documented: only where support has enabled it.
    blank: OnBreach = OnBreach.CLEAR  #: What "" does; no page of an opportunity says.
    status_comment: bool = False  #: A change of Status must carry mx_Custom_19.

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                listed = ", ".join(choices)
                raise ValueError(f"the sandbox cannot be set so: {name} is one of {listed}")


KEPT_BY_THE_ACCOUNT: Final = frozenset({"ModifiedOn", "ModifiedBy", "CreatedBy"})
"""Read-only in every type's metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Everything a new value is held against."""

    rules: Mapping[str, FieldRule] | None = None  #: By SchemaName; None: none are declared.
    breaches: Breaches = field(default_factory=Breaches)
    active_users: Collection[str] | None = None  #: GUIDs, lower case; None: none are declared.


def accepted(
    sent: Mapping[str, str], *, stored: Mapping[str, str], book: Rulebook
) -> dict[str, str] | Answer:
    """The values to write, or LeadSquared's refusal of the whole call.

    Args:
        sent: SchemaName to new value, in the call's order.
        stored: What the opportunity holds now.
        book: What the values are held against.
    """
    taken: dict[str, str] = {}
    for name, value in sent.items():
        verdict = _one_field(name, value, book)
        if isinstance(verdict, Answer):
            return verdict
        if verdict is not None:
            taken[name] = verdict
    after = {**stored, **taken}
    return (
        _status_comment_missing(taken, stored, book.breaches)
        or _wrong_under_parent(taken, after, book.rules or {})
        or taken
    )


def _one_field(name: str, value: str, book: Rulebook) -> str | Answer | None:
    """The value to write, None to ignore the field, or a refusal."""
    breaches = book.breaches
    if name == "CreatedOn" and breaches.created_on is not OnBreach.ALLOW:
        return _on(breaches.created_on, _not_editable(name))
    if name in KEPT_BY_THE_ACCOUNT:
        return _on(breaches.read_only, _not_editable(name))
    if not LOOKS_LIKE_A_SCHEMA_NAME.fullmatch(name):
        return refused(INVALID_FIELDS, f"Invalid field: {name} ")
    rule = FieldRule(schema_name=name) if book.rules is None else book.rules.get(name)
    if rule is None:
        return _on(breaches.unknown_field, refused(INVALID_FIELDS, f"Invalid field: {name}"))
    if rule.read_only:
        return _on(breaches.read_only, _not_editable(name))
    return _cleared(rule, breaches) if not value else _checked(value, rule, book)


def _cleared(rule: FieldRule, breaches: Breaches) -> str | Answer | None:
    if breaches.blank is not OnBreach.CLEAR:
        problem = refused(INVALID_INPUT, f"Invalid Input! Parameter Name: {rule.schema_name}")
        return _on(breaches.blank, problem)
    return _mandatory(rule) if rule.mandatory else ""


def _checked(value: str, rule: FieldRule, book: Rulebook) -> str | Answer | None:
    if not _fits(value, rule.data_type):
        return refused(
            INVALID_TYPE, f"Invalid value for field {rule.schema_name} of type {rule.data_type}"
        )
    if _is_no_option(value, rule) or _is_no_active_user(value, rule, book.active_users):
        return wrong_option(rule.schema_name)
    if rule.max_length is not None and len(value) > rule.max_length:
        if book.breaches.too_long is OnBreach.TRUNCATE:
            return value[: rule.max_length]
        problem = f"Invalid Input! Parameter Name: {rule.schema_name} exceeds {rule.max_length}"
        return _on(book.breaches.too_long, refused(INVALID_INPUT, problem))
    return value


def _is_no_option(value: str, rule: FieldRule) -> bool:
    chosen = value.split(";") if rule.multi_select else [value]
    return bool(rule.options) and not rule.others and not set(chosen) <= set(rule.options)


def _is_no_active_user(value: str, rule: FieldRule, users: Collection[str] | None) -> bool:
    """Whether a field of users gets something else; that inactive ones are refused is a guess."""
    is_user = rule.schema_name == "Owner" or rule.data_type == "ActiveUsers"
    return is_user and users is not None and value.lower() not in users


def _fits(value: str, data_type: str) -> bool:
    match data_type:
        case "Number" | "Decimal":
            return _NUMBER.fullmatch(value) is not None
        case "Boolean":
            return value.lower() in _BOOLEANS
        case "DateTime":
            return _DATETIME.fullmatch(value) is not None and _is_a_time(value)
        case "Date":
            return bool(_DATE.fullmatch(value) or _DATETIME.fullmatch(value)) and _is_a_time(value)
        case _:
            return True


def _is_a_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _status_comment_missing(
    taken: Mapping[str, str], stored: Mapping[str, str], breaches: Breaches
) -> Answer | None:
    changes = "Status" in taken and taken["Status"] != stored.get("Status")
    if breaches.status_comment and changes and not taken.get("mx_Custom_19"):
        return _mandatory(FieldRule(schema_name="mx_Custom_19"))
    return None


def _wrong_under_parent(
    taken: Mapping[str, str], after: Mapping[str, str], rules: Mapping[str, FieldRule]
) -> Answer | None:
    for rule in rules.values():
        touched = rule.schema_name in taken or rule.parent in taken
        value = after.get(rule.schema_name, "")
        above = after.get(rule.parent, "")
        # An opportunity of which the sandbox was told no parent's value has an unknown one.
        if not (rule.parent and touched and value and above) or rule.others:
            continue
        if value not in rule.options_under.get(above, ()):
            return wrong_option(rule.schema_name)
    return None


def wrong_option(schema_name: str) -> Answer:
    """The commonest refusal of all: a value that is not among a dropdown's options."""
    return refused(INVALID_OPTION, f"Invalid dropdown option for field {schema_name}")


def _mandatory(rule: FieldRule) -> Answer:
    return refused(
        INVALID_FIELDS, f"Mandatory field missing: {rule.schema_name} of type {rule.data_type}"
    )


def _not_editable(name: str) -> Answer:
    return refused(INVALID_FIELDS, f"Field is not editable: {name}")


def _on(breach: OnBreach, answer: Answer) -> Answer | None:
    return answer if breach is OnBreach.ERROR else None


def merged_members(stored: str, members: Mapping[str, str]) -> str:
    """A custom field set after a write of some members; reads show it as a JSON text.

    >>> merged_members('{"mx_CustomObject_1":"a"}', {"mx_CustomObject_2": "b"})
    '{"mx_CustomObject_1":"a","mx_CustomObject_2":"b"}'
    """
    before = json.loads(stored) if stored else {}
    return json.dumps({**before, **members}, ensure_ascii=False, separators=(",", ":"))
