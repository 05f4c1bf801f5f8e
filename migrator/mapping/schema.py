"""What a mapping may say: its keys, their values, and what they mean when left out.

Owns the pydantic models; they take what `yaml_text` gives, where everything is text. Errors with
lines and advice are made of pydantic's by `faults`. Nothing here reads files or cells.
"""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from migrator.mapping.complaints import did_you_mean
from migrator.mapping.patterns import directives, fault_of_pattern
from migrator.mapping.template import TemplateError, parse_template
from migrator.zones import Ambiguous, Nonexistent, zone_names

VERSION: Final = "1"

Blank = Literal["skip", "clear", "error"]
"""What a blank cell means: the field is left out, "" is sent, or the row is rejected."""

Grouping = Literal["western", "indian"]
Otherwise = Literal["keep", "blank", "error"]
IdColumnKind = Literal["guid", "auto_id", "any"]
RowsPerOpportunity = Literal["in_order", "merge", "error"]
"""What several rows of one opportunity mean: a call each, one call for all, or a refusal."""

READ_ONLY: Final = {
    "modifiedon": "LeadSquared writes it itself. Take the line out.",
    "createdby": "LeadSquared writes it itself. Take the line out.",
    "modifiedby": "LeadSquared writes it itself. Take the line out.",
    "prospectopportunityid": "It names the opportunity: write `opportunity: {id: COLUMN}`.",
    "opportunitynote": "A note is no field: write `opportunity: {note: TEXT}`.",
}
"""By SchemaName in lower case: what cannot be a field, and what to do."""

_WELL_KNOWN: Final = ("Status", "Owner", "CreatedOn", "ActivityEvent_Note")
_SCHEMA_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CUSTOM: Final = re.compile(r"mx_?custom_?(\d+)", re.IGNORECASE)
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
    if not _SCHEMA_NAME.fullmatch(text):
        raise refuse(
            f'"{text}" is not a SchemaName',
            "SchemaNames have letters, digits and underscores, such as mx_Custom_6; the column's "
            "name stands on the right.",
        )
    if text.lower() in READ_ONLY:
        raise refuse(f'"{text}" cannot be a field', READ_ONLY[text.lower()])
    custom = _CUSTOM.fullmatch(text)
    wanted = f"mx_Custom_{custom[1]}" if custom else _well_spelt(text)
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


Name = Annotated[str, AfterValidator(_name)]
Whole = Annotated[int, BeforeValidator(_whole)]
Truth = Annotated[bool, BeforeValidator(_truth)]
ZoneName = Annotated[str, AfterValidator(_zone)]
TemplateText = Annotated[str, AfterValidator(_template)]
Formats = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]


# ------------------------------------------------------------------ the sheet and the opportunity


class Part(BaseModel):
    """A part of a mapping: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Part):
    """How the sheet is read."""

    sheet: Name | None = None  #: A sheet's name or number; None: the first.
    timezone: ZoneName | None = None  #: Of all datetimes that name none of their own.
    header_row: Whole | None = None  #: Of the column names, from 1; None: the first not blank.
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    delimiter: Annotated[str, AfterValidator(_delimiter)] | None = None
    quote: Annotated[str, AfterValidator(_quote)] | None = None  #: "none": nothing is quoted.
    escape: Annotated[str, AfterValidator(_escape)] | None = None

    @model_validator(mode="after")
    def _characters_differ(self) -> Self:
        marks = [mark for mark in (self.delimiter, self.quote or '"', self.escape) if mark]
        if len(set(marks)) < len(marks):
            raise refuse(
                "delimiter, quote and escape are not different characters",
                "Give each its own. A quote that is doubled inside cells needs no escape.",
            )
        return self


class OpportunityId(Part):
    """Where the opportunity's id stands, and of which kind it is."""

    column: Name
    kind: IdColumnKind = "any"


def _id_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Opportunity(Part):
    """Which opportunities are updated."""

    type: Whole  #: LeadSquared's event code.
    id: Annotated[OpportunityId, BeforeValidator(_id_column)]
    note: TemplateText = ""  #: A template; "" for none.
    rows_per_opportunity: RowsPerOpportunity = "in_order"


# ------------------------------------------------------------------ the fields


class FieldPart(Part):
    """What every field may have."""

    max_length: Whole | None = None  #: Most characters of what is sent.


class Constant(FieldPart):
    """The same text in every row."""

    constant: str

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_length is not None and len(self.constant) > self.max_length:
            raise refuse(
                f"the constant has {len(self.constant)} characters, more than its max_length",
                "Shorten it, or raise max_length.",
            )
        return self


class FromRow(FieldPart):
    """What a field that depends on the row may have."""

    required: Truth = False
    blank: Blank = "skip"

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.required and self.blank == "clear":
            raise refuse(
                "`required: true` and `blank: clear` contradict each other", "Keep one of them."
            )
        return self


class Template(FromRow):
    """Text with columns in it."""

    template: TemplateText


class Text(FromRow):
    """A cell as it stands, white space included."""

    type: Literal["text"] = "text"
    column: Name


class Number(FromRow):
    """Minus, digits, one point; or, for an integer, no point."""

    type: Literal["number", "integer"]
    column: Name
    grouping: Grouping | None = None


class Boolean(FromRow):
    """Yes or no."""

    type: Literal["boolean"]
    column: Name


class Date(FromRow):
    """A day, which no zone shifts."""

    type: Literal["date"]
    column: Name
    formats: Formats = ()

    @model_validator(mode="after")
    def _formats_are_good(self) -> Self:
        for pattern in self.formats:
            fault = fault_of_pattern(pattern, with_time=False)
            if fault is not None:
                raise refuse(*fault)
        return self


class DateTime(FromRow):
    """A clock on a wall, or an instant where the text has its offset."""

    type: Literal["datetime"]
    column: Name
    formats: Formats = ()
    timezone: ZoneName | None = None  #: None: the source's.
    time: Annotated[str, AfterValidator(_clock)] | None = None  #: "HH:MM:SS", for days alone.
    nonexistent: Nonexistent = "error"
    ambiguous: Ambiguous = "error"

    @model_validator(mode="after")
    def _formats_are_good(self, info: ValidationInfo) -> Self:
        zoned = self.timezone is not None or bool((info.context or {}).get("timezone"))
        for pattern in self.formats:
            fault = fault_of_pattern(pattern, with_time=True)
            if fault is not None:
                raise refuse(*fault)
            if not zoned and "z" not in directives(pattern):
                raise refuse(
                    f'the format "{pattern}" says nothing about the time zone',
                    "Declare `timezone` in the field or under `source`, or read an offset by %z.",
                )
        return self


class Choice(FromRow):
    """One of a list: what the sheet says, and what the CRM says instead."""

    type: Literal["choice"]
    column: Name
    values: dict[str, str]  #: Sheet to CRM; "" counts as blank.
    otherwise: Otherwise = "error"

    @model_validator(mode="after")
    def _values_are_found(self) -> Self:
        if not self.values:
            raise refuse("there are no values", "Write them as `values: {SHEET: CRM}`.")
        trimmed = [key.strip() for key in self.values]
        if "" in trimmed:
            raise refuse("a blank stands among the values", "Say by `blank:` what a blank means.")
        if len(set(trimmed)) < len(trimmed):
            raise refuse("two values differ only in white space", "Keep one: it is cut away.")
        return self


ColumnField = Text | Number | Boolean | Date | DateTime | Choice
"""A field that takes its value from one column."""

AnyField = Constant | Template | ColumnField

TAGS: Final[dict[str, type[Part]]] = {
    "constant field": Constant,
    "template field": Template,
    "text": Text,
    "number": Number,
    "integer": Number,
    "boolean": Boolean,
    "date": Date,
    "datetime": DateTime,
    "choice": Choice,
}
"""The models of a field, by the tag that pydantic names in its errors."""

TYPES: Final = tuple(tag for tag in TAGS if " " not in tag)


def tag_of(value: object) -> str | None:
    """Which model reads this field; None when it is nothing that could be one."""
    if isinstance(value, Part):
        value = value.model_dump()
    if not isinstance(value, dict):
        return None
    if "constant" in value:
        return "constant field"
    if "template" in value:
        return "template field"
    tag = value.get("type")
    return tag if isinstance(tag, str) and " " not in tag else None


_Tagged = Annotated[
    Annotated[Constant, Tag("constant field")]
    | Annotated[Template, Tag("template field")]
    | Annotated[Text, Tag("text")]
    | Annotated[Number, Tag("number")]
    | Annotated[Number, Tag("integer")]
    | Annotated[Boolean, Tag("boolean")]
    | Annotated[Date, Tag("date")]
    | Annotated[DateTime, Tag("datetime")]
    | Annotated[Choice, Tag("choice")],
    Discriminator(tag_of),
]


def _in_long_form(fields: object) -> object:
    """Columns alone written out, and the type where none is named."""
    if not isinstance(fields, dict):
        return fields
    return {name: _long(name, field) for name, field in fields.items()}


def _long(name: str, field: Any) -> Any:
    if isinstance(field, str):
        field = {"column": field}
    if not isinstance(field, dict) or {"type", "constant", "template"} & set(field):
        return field
    return field | {"type": "datetime" if name == "CreatedOn" else "text"}


class Content(Part):
    """The whole mapping."""

    version: str
    source: Source = Source()
    opportunity: Opportunity
    fields: Annotated[
        dict[Annotated[str, AfterValidator(_schema_name)], _Tagged], BeforeValidator(_in_long_form)
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.fields and not self.opportunity.note:
            raise refuse("the mapping sends nothing", "Name at least one field, or a note.")
        return self
