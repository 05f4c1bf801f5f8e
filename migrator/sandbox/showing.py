"""How a read writes a stored value: numbers padded, booleans as 1 and 0, times in a style.

Pure. All four styles of a time were seen on live accounts; all of them are UTC.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from migrator.sandbox.schema import FieldRule
from migrator.sandbox.state import TIME_FORMAT, Shown, is_time

_NUMBER: Final = re.compile(r"-?\d[\d,]*(\.\d+)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_BOOLEANS: Final[Mapping[str, str]] = {"true": "1", "false": "0"}

NOTE: Final = "ActivityEvent_Note"  #: The note as a field; that it is the same one is a guess.

KEPT_RULES: Final[Mapping[str, FieldRule]] = {
    rule.schema_name: rule
    for rule in (
        FieldRule(schema_name="CreatedOn", display_name="Created On", data_type="DateTime"),
        FieldRule(
            schema_name="ModifiedOn",
            display_name="Modified On",
            data_type="DateTime",
            read_only=True,
        ),
        FieldRule(schema_name="ModifiedBy", display_name="Modified By", read_only=True),
    )
}
"""The fields that the account keeps itself, where the schema does not declare them."""


class DateStyle(StrEnum):
    """How reads write a time."""

    PLAIN = "plain"  #: 2026-07-31 05:33:50
    MILLIS = "millis"  #: 2026-07-31 05:33:50.000
    US = "us"  #: 7/31/2026 5:33:50 AM; so the samples of "Get Opportunities in Bulk by Ids".
    EPOCH = "epoch"  #: /Date(1785476030000+0000)/


def shown_value(value: str, data_type: str, style: DateStyle = DateStyle.PLAIN) -> str:
    """A stored value as a read of LeadSquared writes it.

    >>> shown_value("50,000", "Number"), shown_value("true", "Boolean")
    ('50000.000', '1')
    >>> shown_value("2024-04-02", "Date")
    '2024-04-02 00:00:00'
    >>> shown_value("2026-07-31 05:33:50", "DateTime", DateStyle.US)
    '7/31/2026 5:33:50 AM'
    """
    if data_type in {"Number", "Decimal"} and _NUMBER.fullmatch(value):
        return f"{Decimal(value.replace(',', '')):.3f}"
    if data_type == "Boolean":
        return _BOOLEANS.get(value.lower(), value)
    if data_type == "Date" and _DATE.fullmatch(value):
        value = f"{value} 00:00:00"
    if data_type in {"Date", "DateTime"} and is_time(value):
        return _styled(value, style)
    return value


def shown_fields(
    shown: Shown, rules: Mapping[str, FieldRule] | None, style: DateStyle
) -> dict[str, tuple[FieldRule, str | None]]:
    """Every field of an opportunity with its rule and what a read shows; None: it holds nothing.

    Declared fields come first, in their order.
    """
    declared = rules or {}
    values = shown.values()
    if NOTE in declared:
        values.setdefault(NOTE, shown.note)
    found: dict[str, tuple[FieldRule, str | None]] = {}
    for name in [*declared, *(name for name in values if name not in declared)]:
        rule = declared.get(name) or KEPT_RULES.get(name) or FieldRule(schema_name=name)
        value = values.get(name)
        found[name] = (rule, None if value is None else shown_value(value, rule.data_type, style))
    return found


def _styled(value: str, style: DateStyle) -> str:
    moment = datetime.strptime(value, TIME_FORMAT).replace(tzinfo=UTC)
    match style:
        case DateStyle.MILLIS:
            return f"{value}.000"
        case DateStyle.US:
            hour, half = moment.hour % 12 or 12, "AM" if moment.hour < 12 else "PM"
            return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"
        case DateStyle.EPOCH:
            return f"/Date({int(moment.timestamp()) * 1000}+0000)/"
        case _:
            return value
