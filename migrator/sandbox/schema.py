"""The account's declared fields, and what LeadSquared says to a value that breaks a rule.

Pure. Without declared fields any SchemaName that looks like one takes any text. How sure each
rule is stands in the vendor notes: what is not published is a switch, with a default.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
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
    """What happens when a rule is broken whose effect is not published."""

    ERROR = "error"
    IGNORE = "ignore"  #: Success is said; the field keeps its value.
    TRUNCATE = "truncate"  #: Only for the length.


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One field of the opportunity type."""

    schema_name: str
    display_name: str = ""
    data_type: str = "String"  #: String, Number, Decimal, Boolean, Date, DateTime, Dropdown, …
    options: tuple[str, ...] = ()  #: Exact texts; empty: not checked.
    parent: str = ""  #: SchemaName of the field under whose value the options stand.
    options_under: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mandatory: bool = False
    read_only: bool = False
    max_length: int | None = None  #: Characters; None: no limit.


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """The switches for what is not published."""

    unknown_field: OnBreach = OnBreach.ERROR
    read_only: OnBreach = OnBreach.IGNORE
    too_long: OnBreach = OnBreach.ERROR
    created_on: OnBreach | None = None  #: None: the account may write CreatedOn.
    status_comment: bool = False  #: A change of Status must carry mx_Custom_19.


def accepted(
    sent: Mapping[str, str],
    *,
    stored: Mapping[str, str],
    rules: Mapping[str, FieldRule] | None,
    breaches: Breaches,
) -> dict[str, str] | Answer:
    """The values to write, or LeadSquared's refusal of the whole call.

    Args:
        sent: SchemaName to new value, in the call's order.
        stored: What the opportunity holds now.
        rules: The declared fields by SchemaName; None: none are declared.
        breaches: What to do where LeadSquared's behaviour is not published.
    """
    taken: dict[str, str] = {}
    for name, value in sent.items():
        verdict = _one_field(name, value, rules=rules, breaches=breaches)
        if isinstance(verdict, Answer):
            return verdict
        if verdict is not None:
            taken[name] = verdict
    after = {**stored, **taken}
    return (
        _status_comment_missing(taken, stored, breaches)
        or _wrong_under_parent(taken, after, rules or {})
        or taken
    )


def shown_value(value: str, data_type: str) -> str:
    """A stored value as a read of LeadSquared writes it: numbers padded, booleans as 1 and 0.

    >>> shown_value("50,000", "Number"), shown_value("true", "Boolean")
    ('50000.000', '1')
    >>> shown_value("2024-04-02", "Date")
    '2024-04-02 00:00:00'
    """
    if not value:
        return value
    if data_type in {"Number", "Decimal"} and _NUMBER.fullmatch(value):
        return f"{Decimal(value.replace(',', '')):.3f}"
    if data_type == "Boolean":
        return _BOOLEANS.get(value.lower(), value)
    if data_type == "Date" and _DATE.fullmatch(value):
        return f"{value} 00:00:00"
    return value


def _one_field(
    name: str, value: str, *, rules: Mapping[str, FieldRule] | None, breaches: Breaches
) -> str | Answer | None:
    """The value to write, None to ignore the field, or a refusal."""
    if name == "CreatedOn" and breaches.created_on is not None:
        return _on(breaches.created_on, _not_editable(name))
    if not LOOKS_LIKE_A_SCHEMA_NAME.fullmatch(name):
        return refused(INVALID_FIELDS, f"Invalid field: {name} ")
    if rules is None:
        return value
    rule = rules.get(name)
    if rule is None:
        return _on(breaches.unknown_field, refused(INVALID_FIELDS, f"Invalid field: {name}"))
    if rule.read_only:
        return _on(breaches.read_only, _not_editable(name))
    return _checked(value, rule, breaches)


def _checked(value: str, rule: FieldRule, breaches: Breaches) -> str | Answer:
    if not value:
        return _mandatory(rule) if rule.mandatory else value
    if not _fits(value, rule.data_type):
        return refused(
            INVALID_TYPE, f"Invalid value for field {rule.schema_name} of type {rule.data_type}"
        )
    if rule.options and value not in rule.options:
        return wrong_option(rule.schema_name)
    if rule.max_length is not None and len(value) > rule.max_length:
        if breaches.too_long is OnBreach.TRUNCATE:
            return value[: rule.max_length]
        return refused(
            INVALID_INPUT,
            f"Invalid Input! Parameter Name: {rule.schema_name} exceeds {rule.max_length}",
        )
    return value


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
        if not (rule.parent and touched and value):
            continue
        if value not in rule.options_under.get(after.get(rule.parent, ""), ()):
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
