"""The conversion of each type: compiled once per field, called once per cell.

Owns the choice among the types; each stands in a module of its own.
"""

from collections.abc import Callable, Mapping
from typing import assert_never

from migrator.cells import cell_text
from migrator.convert.booleans import boolean_conversion
from migrator.convert.choices import choice_conversion, choices_conversion
from migrator.convert.dates import date_conversion
from migrator.convert.datetimes import datetime_conversion
from migrator.convert.emails import email_conversion
from migrator.convert.numbers import number_conversion
from migrator.convert.phones import phone_conversion
from migrator.convert.refusal import Refused
from migrator.convert.users import user_conversion
from migrator.mapping import (
    Boolean,
    Choice,
    Choices,
    ColumnField,
    Date,
    DateTime,
    Email,
    Number,
    Phone,
    Text,
    User,
)
from migrator.model import Cell

Conversion = Callable[[Cell], str | Refused]
"""Reads a cell that is not blank. The value "" counts as blank; only choices give it."""


def conversion(  # noqa: C901, PLR0911 - one line for each type
    field: ColumnField, *, timezone: str | None, users: Mapping[str, str] | None = None
) -> Conversion:
    """The conversion that a field declares.

    Args:
        field: A field that takes its value from one column.
        timezone: The source's zone, for datetimes that name none of their own.
        users: GUIDs of the active users by e-mail address.
    """
    match field:
        case Text():
            return cell_text
        case Number():
            return number_conversion(field)
        case Boolean():
            return boolean_conversion(field)
        case Date():
            return date_conversion(field)
        case DateTime():
            return datetime_conversion(field, timezone=timezone)
        case Choice():
            return choice_conversion(field)
        case Choices():
            return choices_conversion(field)
        case Phone():
            return phone_conversion(field)
        case Email():
            return email_conversion()
        case User():
            return user_conversion(users or {})
        case _:
            assert_never(field)
