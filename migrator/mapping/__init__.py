"""The mapping file: text in, `Mapping` out, errors with line numbers.

Owns the mapping language (docs/mapping.md). It never sees a sheet or a cell: `migrator.convert`
reads cells as a mapping says, `migrator.mapper` rows.
"""

from migrator.mapping.complaints import did_you_mean, listed
from migrator.mapping.fields import (
    AnyField,
    Blank,
    Boolean,
    Choice,
    Choices,
    ColumnField,
    Constant,
    Date,
    DateTime,
    Email,
    FieldSet,
    FromRow,
    Number,
    Phone,
    Template,
    Text,
    User,
)
from migrator.mapping.reading import Mapping, load_mapping, open_questions, parse_mapping
from migrator.mapping.schema import Opportunity, OpportunityId, Source
from migrator.mapping.template import Piece, columns_of, parse_template

__all__ = [
    "AnyField",
    "Blank",
    "Boolean",
    "Choice",
    "Choices",
    "ColumnField",
    "Constant",
    "Date",
    "DateTime",
    "Email",
    "FieldSet",
    "FromRow",
    "Mapping",
    "Number",
    "Opportunity",
    "OpportunityId",
    "Phone",
    "Piece",
    "Source",
    "Template",
    "Text",
    "User",
    "columns_of",
    "did_you_mean",
    "listed",
    "load_mapping",
    "open_questions",
    "parse_mapping",
    "parse_template",
]
