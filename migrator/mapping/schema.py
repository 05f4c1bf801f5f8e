"""What a mapping may say: its sections, their keys, and what they mean when left out.

Owns the pydantic models of the sections; they take what `yaml_text` gives, where everything is
text. The fields stand in `fields`, the kinds of text in `kinds`. Errors with lines and advice are
made of pydantic's by `faults`. Nothing here reads files or cells.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from migrator.mapping.fields import AnyMember, in_long_form, refuse_blank_and_clear
from migrator.mapping.kinds import (
    Delimiter,
    EncodingName,
    Escape,
    Name,
    Part,
    Quote,
    SchemaName,
    TemplateText,
    Texts,
    Token,
    Whole,
    ZoneName,
    key,
    needed,
    refuse,
)

VERSION: Final = "1"

IdColumnKind = Literal["guid", "auto_id", "any"]
Version = Annotated[str, WithJsonSchema({"enum": [1, VERSION]})]
Notes = Literal["at_most_once", "at_least_once"]
RowsPerOpportunity = Literal["in_order", "merge", "error"]


class Source(Part):
    """How the sheet is read."""

    sheet: Name | None = key("Name or number of the worksheet. Left out: the first visible one.")
    timezone: ZoneName | None = key(
        "The IANA zone whose clock the sheet's times show, such as `Asia/Kolkata`."
    )
    header_row: Whole | None = key(
        "The row with the column names, as Excel numbers it. Left out: the first row that is not "
        "blank."
    )
    encoding: EncodingName | None = key(
        "Of a CSV that is not UTF-8 (or UTF-16 with its mark), such as `cp1252`."
    )
    delimiter: Delimiter | None = key(
        "Of a CSV, where detection is not wanted: one character, or `comma`, `semicolon`, `tab`, "
        "`pipe`."
    )
    quote: Quote | None = key(
        'Of a CSV, the character around cells. Left out: `"`; `none` where a quote is a letter '
        "like others."
    )
    escape: Escape | None = key(
        "Of a CSV, the character that takes the meaning from the next one, such as `'\\'`. "
        "Left out: none."
    )
    blank_values: Texts = key(
        'Texts that count as blank in every column, exact after trimming, such as `[NA, "-"]`.',
        (),
    )
    clear_value: Token | None = key(
        'A cell with exactly this text, after trimming, sends "", such as `"#CLEAR"`.'
    )

    @model_validator(mode="after")
    def _characters_differ(self) -> Self:
        marks = [mark for mark in (self.delimiter, self.quote or '"', self.escape) if mark]
        if len(set(marks)) < len(marks):
            raise refuse(
                "delimiter, quote and escape are not different characters",
                "Give each its own. A quote that is doubled inside cells needs no escape.",
            )
        refuse_blank_and_clear(self.blank_values, self.clear_value)
        return self


class OpportunityId(Part):
    """Where the opportunity's id stands, and of which kind it is."""

    column: Name = needed("The header of the column that holds the id.")
    kind: IdColumnKind = key(
        "`guid`, `auto_id` (the value of the type's AutoId field), or `any`: a GUID where it looks "
        "like one, else an AutoId.",
        "any",
    )


def _id_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Opportunity(Part):
    """Which opportunities are updated."""

    type: Whole = needed("LeadSquared's event code of the opportunity type, such as `12000`.")
    id: Annotated[OpportunityId, BeforeValidator(_id_column)] = needed(
        "The column of the opportunity's id, or `{column: …, kind: …}`."
    )
    note: TemplateText = key(
        "A template; a note whose columns are all blank is left out. Left out: no note.", ""
    )
    notes: Notes = key(
        "What is done with a note whose call was lost, where no read can tell whether it is there: "
        "`at_most_once` does not send it again and leaves the row in doubt about it; "
        "`at_least_once` sends it again, so that it is possibly there twice.",
        "at_most_once",
    )
    rows_per_opportunity: RowsPerOpportunity = key(
        "The same opportunity in several rows: `in_order` sends each, in the sheet's order; "
        "`merge` sends one call with what the rows say together; `error` refuses the sheet.",
        "in_order",
    )


class Content(Part):
    """The whole mapping."""

    version: Version = needed("The version of the mapping language: 1.")
    source: Source = key("How the sheet is read.", Source())
    opportunity: Opportunity = needed("Which opportunities are updated.")
    fields: Annotated[dict[SchemaName, AnyMember], BeforeValidator(in_long_form)] = Field(
        default_factory=dict, description="What is sent, by SchemaName, in this order."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.fields and not self.opportunity.note:
            raise refuse("the mapping sends nothing", "Name at least one field, or a note.")
        return self
