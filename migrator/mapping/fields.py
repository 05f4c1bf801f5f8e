"""The fields of a mapping: one model for each type, with its keys and what they mean left out.

Owns which keys a field may have and how they go together. What becomes of a cell is decided by
`migrator.convert`; the descriptions are what docs/mapping.md and the JSON Schema say.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Discriminator, Tag, ValidationInfo, model_validator

from migrator.mapping.kinds import (
    AnyText,
    Formats,
    JoinedBy,
    MemberName,
    Name,
    Part,
    Region,
    Separator,
    TemplateText,
    Texts,
    TimeOfDay,
    Token,
    Truth,
    Whole,
    ZoneName,
    key,
    needed,
    refuse,
)
from migrator.mapping.patterns import directives, fault_of_pattern
from migrator.zones import Ambiguous, Nonexistent

Blank = Literal["skip", "clear", "error"]
"""What a blank cell means: the field is left out, "" is sent, or the row is rejected."""

Grouping = Literal["western", "indian", "european", "space"]
LonePoint = Literal["error", "group", "decimal"]
Otherwise = Literal["keep", "blank", "error"]
TooLong = Literal["error", "truncate"]
PhoneForm = Literal["leadsquared", "e164"]

_COLUMN: Final = "The header of the column the value comes from."
_NO_VALUES: Final = "Write them as `values: {SHEET: CRM}`."


class FieldPart(Part):
    """What every field may have."""

    max_length: Whole | None = key("Most characters of what is sent; more reject the row.")
    expect: AnyText = key(
        "The display name that the field has in LeadSquared. `check` refuses a mapping whose "
        "field is called otherwise there: it is for another type or account.",
        "",
    )


class Constant(FieldPart):
    """The same text in every row, whatever the row holds."""

    constant: AnyText = needed("The text that is sent in every row.")

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

    required: Truth = key("`true`: a blank rejects the row.", False)
    blank: Blank = key(
        'What a blank cell means: `skip` leaves the field alone, `clear` sends "", `error` rejects '
        "the row.",
        "skip",
    )
    blank_values: Texts | None = key(
        "Texts that count as blank, exact after trimming. A field's own list replaces the file's; "
        "`[]` says none."
    )
    clear_value: Token | None = key(
        'A cell with exactly this text, after trimming, sends "" whatever `blank` says. A field\'s '
        "own replaces the file's."
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name, given in (("blank: clear", self.blank == "clear"), _of(self.clear_value)):
            if self.required and given:
                raise refuse(
                    f"`required: true` and `{name}` contradict each other", "Keep one of them."
                )
        refuse_blank_and_clear(self.blank_values, self.clear_value)
        return self


def _of(clear_value: str | None) -> tuple[str, bool]:
    return f"clear_value: {clear_value}", clear_value is not None


def refuse_blank_and_clear(blank_values: Iterable[str] | None, clear_value: str | None) -> None:
    """Refuse a text that is said to mean two things."""
    if clear_value is not None and clear_value in (blank_values or ()):
        raise refuse(
            f'"{clear_value}" is among the blank values, and is the clear value',
            "Keep one of them.",
        )


class _Shortened(FromRow):
    """What a text may have, which loses least when it is cut."""

    too_long: TooLong = key(
        "What becomes of more than `max_length` characters: `error` rejects the row, `truncate` "
        "cuts, and the counts say how many were cut.",
        "error",
    )

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.too_long == "truncate" and self.max_length is None:
            raise refuse(
                "`too_long: truncate` says not at how many characters",
                "Add `max_length`, such as `max_length: 200`.",
            )
        return self


class Template(_Shortened):
    """Text with columns in it, such as `"{First name} {Last name}"`."""

    template: TemplateText = needed(
        "Text with columns in braces; `{{` and `}}` are braces. Blank when all its columns are."
    )


class Text(_Shortened):
    """A cell as it stands, white space included."""

    type: Literal["text"] = key("The cell as it stands.", "text")
    column: Name = needed(_COLUMN)


class Number(FromRow):
    """A number, sent as minus, digits and one point; an integer without a point."""

    type: Literal["number", "integer"] = needed("A number; or a whole one.")
    column: Name = needed(_COLUMN)
    decimal: Literal[".", ","] | None = key(
        "The decimal mark of the sheet. Left out: a comma with `grouping: european`, else a point."
    )
    grouping: Grouping | None = key(
        "How digits are grouped: `western` 1,234,567.5, `indian` 12,34,567.5, `european` "
        "1.234.567,5, `space` 1 234 567.5 (no-break and thin spaces, too). Left out: not at all."
    )
    currency: Texts = key(
        'Texts that may stand before or behind the number and are cut, such as `["₹", INR, Rs.]`.',
        (),
    )
    lone_point: LonePoint = key(
        "Where the decimal mark is a comma: what one point before exactly three digits, as in "
        "1.234, means. As a text it is 1234, as a number cell of a workbook 1.234. `error` rejects "
        "the row, `group` reads 1234 (a CSV, or cells of text), `decimal` reads 1.234.",
        "error",
    )

    @property
    def mark(self) -> str:
        """The decimal mark that applies."""
        return self.decimal or ("," if self.grouping == "european" else ".")

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.grouping in {"western", "indian"} and self.mark == ",":
            raise refuse(
                f"with `grouping: {self.grouping}` a comma groups, so it is no decimal mark",
                'Write `grouping: european` for 1.234.567,5, or `decimal: "."`.',
            )
        if self.grouping == "european" and self.mark == ".":
            raise refuse(
                "with `grouping: european` a point groups, so it is no decimal mark",
                "Leave `decimal` out, or write `grouping: western` for 1,234,567.5.",
            )
        return self

    @model_validator(mode="after")
    def _point_has_a_meaning(self) -> Self:
        if self.lone_point != "error" and self.mark == ".":
            raise refuse(
                "`lone_point` is for numbers whose decimal mark is a comma", "Leave it out."
            )
        if self.lone_point == "group" and self.grouping != "european":
            raise refuse(
                "`lone_point: group` needs groups that are set off by points",
                "Add `grouping: european`.",
            )
        return self

    @model_validator(mode="after")
    def _currency_is_no_number(self) -> Self:
        for text in self.currency:
            if any(letter.isdigit() for letter in text) or text in {"-", ".", ","}:
                raise refuse(
                    f'"{text}" is no currency', "Write its sign or its letters, such as ₹ or INR."
                )
        return self


class Boolean(FromRow):
    """Yes or no, sent as `true` or `false`."""

    type: Literal["boolean"] = needed("Yes or no.")
    column: Name = needed(_COLUMN)
    true: Texts = key("Words that mean true, in any case. Left out: true, yes, 1.", ())
    false: Texts = key("Words that mean false, in any case. Left out: false, no, 0.", ())

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        if bool(self.true) != bool(self.false):
            there, missing = ("true", "false") if self.true else ("false", "true")
            raise refuse(
                f"there are words for {there}, and none for {missing}",
                f"Declare both: `{missing}:` with the words that mean it.",
            )
        both = {word.casefold() for word in self.true} & {word.casefold() for word in self.false}
        if both:
            raise refuse(f'"{min(both)}" means true and false', "Keep it in one of the lists.")
        return self


class Date(FromRow):
    """A day, which no zone shifts, sent as YYYY-MM-DD."""

    type: Literal["date"] = needed("A day.")
    column: Name = needed(_COLUMN)
    formats: Formats = key(
        "Patterns of strptime, one or several. Left out: YYYY-MM-DD.",
        (),
    )
    serials: Truth = key(
        "`true`: a bare number is the number that Excel stores for a day (45384 is 2024-04-02; "
        "system of 1900).",
        False,
    )

    @model_validator(mode="after")
    def _formats_are_good(self) -> Self:
        for pattern in self.formats:
            fault = fault_of_pattern(pattern, with_time=False)
            if fault is not None:
                raise refuse(*fault)
        return self


class DateTime(FromRow):
    """A moment, sent as YYYY-MM-DD HH:MM:SS in UTC."""

    type: Literal["datetime"] = needed("A moment.")
    column: Name = needed(_COLUMN)
    formats: Formats = key(
        "Patterns of strptime, one or several. Left out: YYYY-MM-DD HH:MM:SS.",
        (),
    )
    serials: Truth = key(
        "`true`: a bare number is the number that Excel stores for a moment (45384.5 is 2024-04-02 "
        "12:00 on the clock of the zone; system of 1900).",
        False,
    )
    timezone: ZoneName | None = key(
        "The IANA zone whose clock the column shows. Left out: the source's."
    )
    time: TimeOfDay | None = key('`"HH:MM"`: the local time that a day alone stands for.')
    nonexistent: Nonexistent = key(
        "A local time that the clocks skipped: `error` rejects the row, `forward` moves it on by "
        "the length of the gap.",
        "error",
    )
    ambiguous: Ambiguous = key(
        "A local time that the clocks showed twice: `error` rejects the row, `earlier` and `later` "
        "choose.",
        "error",
    )

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
        if self.serials and not zoned:
            raise refuse(
                "Excel's numbers say nothing about the time zone",
                "Declare `timezone` in the field or under `source`.",
            )
        return self


class Choice(FromRow):
    """One of a list: what the sheet says, and what the CRM says instead."""

    type: Literal["choice"] = needed("One of a list.")
    column: Name = needed(_COLUMN)
    values: dict[str, AnyText] = needed(
        'What the sheet says, and what is sent instead, as `{won: Closed Won}`; "" counts as blank.'
    )
    otherwise: Otherwise = key(
        "A text that `values` does not name: `error` rejects the row, `keep` sends it as it is, "
        "`blank` treats it as blank.",
        "error",
    )

    @model_validator(mode="after")
    def _values_are_found(self) -> Self:
        if not self.values:
            raise refuse("there are no values", _NO_VALUES)
        _refuse_doubtful(self.values, self.blank_values)
        return self


class Choices(FromRow):
    """Several of a list in one cell (a multi-select dropdown)."""

    type: Literal["choices"] = needed("Several of a list.")
    column: Name = needed(_COLUMN)
    separator: Separator = key("What stands between two values in the sheet.", ";")
    joined_by: JoinedBy = key(
        "What is sent between two values. LeadSquared documents none: `;` is our guess; try one "
        "row first.",
        ";",
    )
    values: dict[str, AnyText] | None = key(
        'What the sheet says, and what is sent instead; "" leaves the part out. Left out: the '
        "parts go as they are."
    )
    otherwise: Otherwise = key(
        "A part that `values` does not name: `error` rejects the row, `keep` sends it as it is, "
        "`blank` leaves it out.",
        "error",
    )

    @model_validator(mode="after")
    def _values_are_found(self) -> Self:
        if self.values is not None and not self.values:
            raise refuse("there are no values", f"{_NO_VALUES} Or leave the key out.")
        _refuse_doubtful(self.values or {}, self.blank_values)
        for sheet, crm in (self.values or {}).items():
            if self.separator in sheet or (self.joined_by and self.joined_by in crm):
                raise refuse(
                    f'the value "{sheet}: {crm}" has a separator in it',
                    "Choose another `separator` or `joined_by`: parts are split and joined there.",
                )
        return self


def _refuse_doubtful(values: dict[str, str], blank_values: Iterable[str] | None) -> None:
    trimmed = [sheet.strip() for sheet in values]
    if "" in trimmed:
        raise refuse("a blank stands among the values", "Say by `blank:` what a blank means.")
    if len(set(trimmed)) < len(trimmed):
        raise refuse("two values differ only in white space", "Keep one: it is cut away.")
    both = set(trimmed) & set(blank_values or ())
    if both:
        raise refuse(
            f'"{min(both)}" is among the values and among the blank values', "Keep one of them."
        )


class Phone(FromRow):
    """A phone number, checked and written in one form."""

    type: Literal["phone"] = needed("A phone number.")
    column: Name = needed(_COLUMN)
    region: Region | None = key(
        "The country whose numbers are written without + and country code, as two letters (`IN`). "
        "Left out: every number must begin with +."
    )
    form: PhoneForm = key(
        "What is sent: `leadsquared` +91-9000000000, as LeadSquared stores it; `e164` "
        "+919000000000.",
        "leadsquared",
    )


class Email(FromRow):
    """An e-mail address, checked in its form and sent as it stands."""

    type: Literal["email"] = needed("An e-mail address.")
    column: Name = needed(_COLUMN)


class User(FromRow):
    """A user of the account: an e-mail address (or a GUID), sent as the user's GUID."""

    type: Literal["user"] = needed("A user of the account.")
    column: Name = needed(_COLUMN)


ColumnField = Text | Number | Boolean | Date | DateTime | Choice | Choices | Phone | Email | User
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
    "choices": Choices,
    "phone": Phone,
    "email": Email,
    "user": User,
}
"""The models of a field, by the tag that pydantic names in its errors."""

TYPES: Final = tuple(tag for tag in TAGS if " " not in tag)


def tag_of(value: object) -> str | None:
    """Which model reads this field; None when it is nothing that could be one."""
    if isinstance(value, Part):
        value = value.model_dump()
    if not isinstance(value, dict):
        return None
    by_key = [tag for name, tag in _BY_KEY.items() if name in value]
    if by_key:
        return by_key[0]
    named = value.get("type")
    return named if isinstance(named, str) and " " not in named else None


_BY_KEY: Final = {
    "constant": "constant field",
    "template": "template field",
    "fields": "field set",
}

_Tagged = (
    Annotated[Constant, Tag("constant field")]
    | Annotated[Template, Tag("template field")]
    | Annotated[Text, Tag("text")]
    | Annotated[Number, Tag("number")]
    | Annotated[Number, Tag("integer")]
    | Annotated[Boolean, Tag("boolean")]
    | Annotated[Date, Tag("date")]
    | Annotated[DateTime, Tag("datetime")]
    | Annotated[Choice, Tag("choice")]
    | Annotated[Choices, Tag("choices")]
    | Annotated[Phone, Tag("phone")]
    | Annotated[Email, Tag("email")]
    | Annotated[User, Tag("user")]
)

Member = Annotated[_Tagged, Discriminator(tag_of)]
"""A field inside a field set."""


def in_long_form(fields: object) -> object:
    """Columns alone written out, and the type where none is named."""
    if not isinstance(fields, dict):
        return fields
    return {name: _long(name, field) for name, field in fields.items()}


def _long(name: str, field: Any) -> Any:
    if isinstance(field, str):
        field = {"column": field}
    if not isinstance(field, dict) or {"type", *_BY_KEY} & set(field):
        return field
    return field | {"type": "datetime" if name == "CreatedOn" else "text"}


class FieldSet(Part):
    """A custom field set: its members, each a field of its own."""

    fields: Annotated[dict[MemberName, Member], BeforeValidator(in_long_form)] = needed(
        "The members, by SchemaName (`mx_CustomObject_1`). Only those that are named are changed."
    )

    @model_validator(mode="after")
    def _has_members(self) -> Self:
        if not self.fields:
            raise refuse(
                "the field set has no members", "Name at least one: {mx_CustomObject_1: COLUMN}."
            )
        return self


AnyMember = Annotated[_Tagged | Annotated[FieldSet, Tag("field set")], Discriminator(tag_of)]
"""What may stand under `fields` of a mapping."""

TAGS["field set"] = FieldSet
