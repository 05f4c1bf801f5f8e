"""The conversion of each type: compiled once per field, called once per cell.

Owns text, number, integer, boolean and choice, and the choice among all types; dates stand in
`dates` and `datetimes`.
"""

import re
from collections.abc import Callable
from typing import Final, assert_never

from migrator.cells import cell_text
from migrator.convert.dates import date_conversion
from migrator.convert.datetimes import datetime_conversion
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.mapping import Boolean, Choice, ColumnField, Date, DateTime, Number, Text
from migrator.model import Cell

Conversion = Callable[[Cell], str | Refused]
"""Reads a cell that is not blank. The value "" counts as blank; only a choice gives it."""

_WHOLE: Final = {
    None: r"[0-9]+",
    "western": r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)",
    "indian": r"(?:[0-9]+|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3})",
}
_TRUTH: Final = {
    "true": "true",
    "yes": "true",
    "1": "true",
    "false": "false",
    "no": "false",
    "0": "false",
}


def conversion(field: ColumnField, *, timezone: str | None) -> Conversion:
    """The conversion that a field declares.

    Args:
        field: A field that takes its value from one column.
        timezone: The source's zone, for datetimes that name none of their own.
    """
    match field:
        case Text():
            return cell_text
        case Number():
            return _number(field)
        case Boolean():
            return _boolean
        case Date():
            return date_conversion(field)
        case DateTime():
            return datetime_conversion(field, timezone=timezone)
        case Choice():
            return _choice(field)
        case _:
            assert_never(field)


# ------------------------------------------------------------------ numbers


def _number(field: Number) -> Conversion:
    """Digits as they stand: nothing is rounded, added or cut but the grouping."""
    is_integer = field.type == "integer"
    fraction = "" if is_integer else r"(?:\.[0-9]+)?"
    matches = re.compile(f"-?{_WHOLE[field.grouping]}{fraction}").fullmatch

    def convert(cell: Cell) -> str | Refused:
        if isinstance(cell, str):
            text = cell.strip()
            if matches(text):
                return text.replace(",", "")
        return _no_number(cell_text(cell), field, is_text=isinstance(cell, str))

    return convert


def _no_number(shown: str, field: Number, *, is_text: bool) -> Refused:
    text = shown.strip()
    fault, kind = Fault.NOT_A_NUMBER, "a number"
    if field.type == "integer":
        fault, kind = Fault.NOT_AN_INTEGER, "a whole number"
    return Refused(fault, f"{quoted(text)} is not {kind}", _number_advice(text, field, is_text))


def _number_advice(text: str, field: Number, is_text: bool) -> str:
    """What probably happened."""
    if not is_text:
        return "The cell is formatted as a date or time: give it the number format General."
    if re.fullmatch(r"-?[0-9.,]+[eE][+-]?[0-9]+", text):
        return "Write all digits: an exponent hides some. In Excel, give the cell a number format."
    if field.type == "integer" and re.fullmatch(r"-?[0-9,]+\.[0-9]+", text):
        return "It has a fraction: correct the cell, or use `type: number`."
    if "," in text and re.fullmatch(r"-?[0-9.,]+", text):
        if field.grouping is None:
            return "Declare `grouping: western` (1,234,567.5) or `indian` (12,34,567.5)."
        return f"Its commas do not stand where `grouping: {field.grouping}` has them."
    return "Write minus, digits and one point only, without currency or unit."


# ------------------------------------------------------------------ booleans and choices


def _boolean(cell: Cell) -> str | Refused:
    text = cell_text(cell).strip()
    return _TRUTH.get(text.lower()) or Refused(
        Fault.NOT_A_BOOLEAN,
        f"{quoted(text)} is neither yes nor no",
        "Write true, false, yes, no, 1 or 0; or use `type: choice` with `values`.",
    )


def _choice(field: Choice) -> Conversion:
    """What the values say; what they do not name goes as `otherwise` says."""
    values = {sheet.strip(): crm for sheet, crm in field.values.items()}
    nearest = {sheet.casefold(): sheet for sheet in values}

    def convert(cell: Cell) -> str | Refused:
        text = cell_text(cell).strip()
        value = values.get(text)
        if value is not None:
            return value
        if field.otherwise == "keep":
            return text
        if field.otherwise == "blank":
            return ""
        near = nearest.get(text.casefold())
        hint = f'It differs from "{near}" only in case. ' if near else ""
        return Refused(
            Fault.NOT_A_CHOICE,
            f"{quoted(text)} is not among the values",
            f"{hint}Add it to `values:`, or correct the cell; "
            "`otherwise: keep` sends it as it stands.",
        )

    return convert
