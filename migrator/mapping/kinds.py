"""The kinds of text in a mapping: names, numbers, zones, templates, SchemaNames.

Owns the check of each value by itself; everything arrives as text. How values go together is
checked by the models in `schema` and `fields`.
"""

import re
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from migrator.mapping.complaints import did_you_mean
from migrator.mapping.template import TemplateError, parse_template
from migrator.zones import zone_names


class Part(BaseModel):
    """A part of a mapping: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def key(description: str, default: Any = None) -> Any:
    """A key that may be left out, with what the reference says of it."""
    return Field(default=default, description=description)


def needed(description: str) -> Any:
    """A key that must be there."""
    return Field(description=description)


READ_ONLY: Final = {
    "ModifiedOn": "LeadSquared writes it itself. Take the line out.",
    "CreatedBy": "LeadSquared writes it itself. Take the line out.",
    "ModifiedBy": "LeadSquared writes it itself. Take the line out.",
    "ProspectOpportunityId": "It names the opportunity: write `opportunity: {id: COLUMN}`.",
    "OpportunityNote": "A note is no field: write `opportunity: {note: TEXT}`.",
}
"""By SchemaName: what cannot be a field, and what to do."""

_READ_ONLY: Final = {name.lower(): advice for name, advice in READ_ONLY.items()}

_WELL_KNOWN: Final = ("Status", "Owner", "CreatedOn", "ActivityEvent_Note")
_SCHEMA_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CUSTOM: Final = re.compile(r"mx_?custom_?(\d+)", re.IGNORECASE)
_MEMBER: Final = re.compile(r"mx_?customobject_?(\d+)", re.IGNORECASE)
_DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def refuse(problem: str, advice: str) -> PydanticCustomError:
    """A fault in our words; raised in a validator, shown by `faults`."""
    # Pydantic fills in braces of the template, so the words travel as its values.
    return PydanticCustomError("mapping", "{problem}", {"problem": problem, "advice": advice})


# ------------------------------------------------------------------ kinds of text


def _name(text: str) -> str:
    if not text.strip():
        raise refuse("a name is blank", "Write it as it stands in the sheet.")
    return text


def _whole(text: object) -> object:
    if isinstance(text, str):
        if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
            raise refuse(f'"{text}" is not a whole number from 1', "Write digits only.")
        return int(text)
    return text


def _truth(text: object) -> object:
    if isinstance(text, str):
        if text.lower() not in {"true", "false"}:
            raise refuse(f'"{text}" is neither true nor false', "Write `true` or `false`.")
        return text.lower() == "true"
    return text


def _zone(text: str) -> str:
    if text not in zone_names():
        raise refuse(
            f'there is no time zone "{text}"',
            f'{did_you_mean(text, zone_names())}A zone has an IANA name such as "Asia/Kolkata".',
        )
    return text


def _encoding(text: str) -> str:
    try:
        "".encode(text)
    except (LookupError, ValueError):
        raise refuse(
            f'there is no encoding "{text}"',
            'Write one that Python knows, such as "utf-8", "cp1252" or "utf-16".',
        ) from None
    return text


def _delimiter(text: str) -> str:
    text = _DELIMITERS.get(text, text)
    if len(text) != 1 or text in "\r\n\"'" or text.isalnum():
        raise refuse(
            f'"{text}" is no delimiter', "Write one character, or comma, semicolon, tab or pipe."
        )
    return text


def _quote(text: str) -> str:
    return text if text == "none" else _mark(text, "quote", "such as \" or ', or none")


def _escape(text: str) -> str:
    return _mark(text, "escape character", "such as \\, or leave it out")


def _mark(text: str, kind: str, instead: str) -> str:
    if len(text) != 1 or text in " \r\n\0" or text.isalnum():
        raise refuse(f'"{text}" is no {kind}', f"Write one character, {instead}.")
    return text


def _template(text: str) -> str:
    try:
        parse_template(text)
    except TemplateError as fault:
        raise refuse(fault.problem, fault.advice) from None
    return text


def _clock(text: str) -> str:
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?", text)
    if found is None:
        raise refuse(f'"{text}" is not a time of day', 'Write it as "HH:MM", such as "09:30".')
    return text if found[3] else f"{text}:00"


def _schema_name(text: str) -> str:
    set_name, tilde, member = text.partition("~")
    if tilde:
        raise refuse(
            f'"{text}" is a path, not a SchemaName',
            f"A member of a field set is written inside it: {set_name}: "
            f"{{fields: {{{member}: COLUMN}}}}.",
        )
    if _MEMBER.fullmatch(text):
        raise refuse(
            f'"{text}" is a member of a custom field set',
            f"Write it inside its set: mx_Custom_N: {{fields: {{{text}: COLUMN}}}}.",
        )
    if not _SCHEMA_NAME.fullmatch(text):
        raise refuse(
            f'"{text}" is not a SchemaName',
            "SchemaNames have letters, digits and underscores, such as mx_Custom_6; the column's "
            "name stands on the right.",
        )
    if text.lower() in _READ_ONLY:
        raise refuse(f'"{text}" cannot be a field', _READ_ONLY[text.lower()])
    custom = _CUSTOM.fullmatch(text)
    wanted = f"mx_Custom_{custom[1]}" if custom else _well_spelt(text)
    if text != wanted:
        raise refuse(
            f'there is no SchemaName "{text}"',
            f'Did you mean "{wanted}"? LeadSquared takes the exact name.',
        )
    return text


def _member_name(text: str) -> str:
    found = _MEMBER.fullmatch(text)
    if found is None:
        raise refuse(
            f'"{text}" is no member of a custom field set',
            "Members are called mx_CustomObject_1, mx_CustomObject_2 and so on.",
        )
    wanted = f"mx_CustomObject_{found[1]}"
    if text != wanted:
        raise refuse(
            f'there is no SchemaName "{text}"',
            f'Did you mean "{wanted}"? LeadSquared takes the exact name.',
        )
    return text


def _well_spelt(text: str) -> str:
    return next((name for name in _WELL_KNOWN if name.lower() == text.lower()), text)


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    trimmed = tuple(dict.fromkeys(text.strip() for text in texts))
    if "" in trimmed:
        raise refuse("a blank stands in the list", "Take it out: a blank cell is blank anyway.")
    return trimmed


def _token(text: str) -> str:
    if not text.strip():
        raise refuse(
            "the clear value is blank", 'Write a text such as "#CLEAR", or declare `blank: clear`.'
        )
    return text.strip()


def _separator(text: str) -> str:
    return _DELIMITERS.get(text, "\n" if text == "newline" else text)


def _separates(text: str) -> str:
    if not text or (text.isalnum() and _separator(text) == text):
        raise refuse(
            f'"{text}" does not separate anything',
            'Write the characters between two values, such as ";" or ", "; or comma, '
            "semicolon, tab, pipe, newline.",
        )
    return _separator(text)


def _region(text: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - a large library, for phones alone

    if text not in SUPPORTED_REGIONS:
        raise refuse(
            f'there is no region "{text}"',
            f"{did_you_mean(text, SUPPORTED_REGIONS)}A region is a country's two letters, such "
            "as IN for India.",
        )
    return text


# ------------------------------------------------------------------ the kinds

_SCALARS: Final = ["string", "number", "boolean"]
"""What an editor's YAML takes for text, number or truth value; here all of it is text."""


def _text(**more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": _SCALARS, **more})


def _one_or_several(**more: object) -> WithJsonSchema:
    item = {"type": _SCALARS, **more}
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item}]})


_ZONES: Final = ["Asia/Kolkata", "Asia/Dubai", "Asia/Singapore", "Europe/Berlin", "UTC"]

AnyText = Annotated[str, _text()]
Name = Annotated[str, AfterValidator(_name), _text(minLength=1)]
Whole = Annotated[
    int,
    BeforeValidator(_whole),
    WithJsonSchema({"type": ["integer", "string"], "minimum": 1, "pattern": "^[1-9][0-9]{0,8}$"}),
]
Truth = Annotated[
    bool,
    BeforeValidator(_truth),
    WithJsonSchema(
        {"type": ["boolean", "string"], "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}
    ),
]
ZoneName = Annotated[
    str, AfterValidator(_zone), WithJsonSchema({"type": "string", "examples": _ZONES})
]
TemplateText = Annotated[str, AfterValidator(_template), _text()]
Formats = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_more),
    _one_or_several(examples=["%d/%m/%Y %H:%M"], pattern="%"),
]
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_more),
    AfterValidator(_texts),
    _one_or_several(minLength=1),
]
Token = Annotated[str, AfterValidator(_token), _text(minLength=1)]
Separator = Annotated[str, AfterValidator(_separates), _text(minLength=1)]
JoinedBy = Annotated[str, AfterValidator(_separator), _text()]
Region = Annotated[
    str,
    AfterValidator(_region),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["IN"]}),
]
EncodingName = Annotated[
    str, AfterValidator(_encoding), _text(examples=["utf-8", "cp1252", "utf-16"])
]
Delimiter = Annotated[str, AfterValidator(_delimiter), _text(examples=[*_DELIMITERS])]
Quote = Annotated[str, AfterValidator(_quote), _text(examples=['"', "'", "none"])]
Escape = Annotated[str, AfterValidator(_escape), _text(examples=["\\"])]
TimeOfDay = Annotated[
    str,
    AfterValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}),
]
SchemaName = Annotated[str, AfterValidator(_schema_name)]
MemberName = Annotated[str, AfterValidator(_member_name)]
SCHEMA_NAME_PATTERN: Final = f"^{_SCHEMA_NAME.pattern}$"
MEMBER_NAME_PATTERN: Final = "^mx_CustomObject_[0-9]+$"
