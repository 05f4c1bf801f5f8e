"""One or several of a list: what the sheet says, and what the CRM says instead.

Owns the look-up, exact after trimming; the CRM's own options are no business of this module.
"""

from collections.abc import Callable, Mapping

from migrator.cells import cell_text
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.mapping import Choice, Choices
from migrator.model import Cell

Convert = Callable[[Cell], str | Refused]


def choice_conversion(field: Choice) -> Convert:
    """What the values say; what they do not name goes as `otherwise` says."""
    look_up = _look_up(field.values, field.otherwise)

    def convert(cell: Cell) -> str | Refused:
        return look_up(cell_text(cell).strip())

    return convert


def choices_conversion(field: Choices) -> Convert:
    """Each part by itself; blank parts are dropped, and what comes twice is kept once."""
    values = field.values
    look_up = _look_up(values or {}, "keep" if values is None else field.otherwise)
    separator, joined_by = field.separator, field.joined_by

    def convert(cell: Cell) -> str | Refused:
        parts: dict[str, None] = {}
        for part in cell_text(cell).split(separator):
            text = part.strip()
            value = look_up(text) if text else ""
            if isinstance(value, Refused):
                return value
            if value and joined_by and joined_by in value:
                return _holds_separator(value, joined_by)
            if value:
                parts[value] = None
        return joined_by.join(parts)

    return convert


def _holds_separator(value: str, joined_by: str) -> Refused:
    return Refused(
        Fault.NOT_A_CHOICE,
        f'{quoted(value)} holds "{joined_by}", by which the parts are joined',
        "The CRM would read it as two. Declare the sheet's `separator`, or another `joined_by`.",
    )


def _look_up(values: Mapping[str, str], otherwise: str) -> Callable[[str], str | Refused]:
    known = {sheet.strip(): crm for sheet, crm in values.items()}
    nearest = {sheet.casefold(): sheet for sheet in known}

    def look_up(text: str) -> str | Refused:
        value = known.get(text)
        if value is not None:
            return value
        if otherwise == "keep":
            return text
        if otherwise == "blank":
            return ""
        near = nearest.get(text.casefold())
        hint = f'It differs from "{near}" only in case. ' if near else ""
        return Refused(
            Fault.NOT_A_CHOICE,
            f"{quoted(text)} is not among the values",
            f"{hint}Add it to `values:`, or correct the cell; "
            "`otherwise: keep` sends it as it stands.",
        )

    return look_up
