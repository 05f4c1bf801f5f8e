"""Numbers and whole numbers: the digits of the cell, without grouping and currency.

Owns which texts are numbers, by what a field declares. Nothing is rounded, added or guessed: a
text that could be two numbers is refused.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from migrator.cells import cell_text
from migrator.convert.columnwise import Columnwise
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.mapping import Number
from migrator.model import Cell

_SPACE: Final = "[ \u00a0\u2009\u202f]"  #: Usual, no-break, thin, narrow no-break.
_WHOLE: Final = {
    None: r"[0-9]+",
    "western": r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)",
    "indian": r"(?:[0-9]+|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3})",
    "european": r"(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)",
    "space": rf"(?:[0-9]+|[0-9]{{1,3}}(?:{_SPACE}[0-9]{{3}})+)",
}
_GROUPS: Final = {
    None: "",
    "western": ",",
    "indian": ",",
    "european": ".",
    "space": " \u00a0\u2009\u202f",
}
"""What stands between digits, and is cut."""

_END: Final = "\x1f"  #: Between the cells of a column; no number has it.
_LONE: Final = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
"""1.234: a text in which a point groups, or a workbook's number with three decimals."""
_STORED: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
"""A number cell of a workbook as the loader gives it: a point, and no zero too many."""
_EXPONENT: Final = re.compile(r"-?[0-9.,]+[eE][+-]?[0-9]+")
_COMMAS: Final = re.compile(r"-?[0-9.,]+")

Read = Callable[[str], str | Refused | None]
"""Gives the number of a text without white space around it; None when it is none."""


def number_conversion(field: Number) -> Columnwise:
    """The conversion that a number field declares: sent are minus, digits and one point."""
    read = _reader_of(field)
    if field.currency:
        read = _without_currency(field, read)

    def convert(cell: Cell) -> str | Refused:
        if not isinstance(cell, str):
            return _no_number(cell_text(cell), field, is_text=False)
        value = read(cell.strip())
        return _no_number(cell, field, is_text=True) if value is None else value

    return Columnwise(convert, _many(field))


def _many(field: Number) -> Callable[[Sequence[str]], Sequence[str] | None]:
    """Numbers of a whole column by one look, where the mark is a point and nothing is odd."""
    one = _pattern(field, r"\.")
    all_of_them = re.compile(f"(?:(?:{one})?{_END})*+").fullmatch
    groups = _GROUPS[field.grouping]

    def read(texts: Sequence[str]) -> Sequence[str] | None:
        joined = _END.join(texts) + _END
        if field.mark == "," or all_of_them(joined) is None:
            return None
        for group in groups:
            joined = joined.replace(group, "")
        values = joined.split(_END)
        values.pop()
        return values if len(values) == len(texts) else None  # a cell had the end in it

    return read


def _pattern(field: Number, mark: str) -> str:
    fraction = "" if field.type == "integer" else f"(?:{mark}[0-9]+)?"
    return f"-?{_WHOLE[field.grouping]}{fraction}"


def _point_reader(field: Number) -> Read:
    """Where the decimal mark is a point, a number cell of a workbook reads like any text."""
    matches = re.compile(_pattern(field, r"\.")).fullmatch
    groups = _GROUPS[field.grouping]

    def read(text: str) -> str | None:
        if matches(text) is None:
            return None
        for group in groups:
            text = text.replace(group, "")
        return text

    return read


def _comma_reader(field: Number) -> Read:
    """Where the decimal mark is a comma, a point is a number cell's, or groups."""
    matches = re.compile(_pattern(field, ",")).fullmatch
    groups = _GROUPS[field.grouping]
    lone_point, is_integer = field.lone_point, field.type == "integer"

    def read(text: str) -> str | Refused | None:
        if _LONE.fullmatch(text) and lone_point != "group":
            return _one_of_two(text) if lone_point == "error" else _stored(text)
        if matches(text):
            for group in groups:
                text = text.replace(group, "")
            return text.replace(",", ".")
        return None if lone_point == "group" else _stored(text)

    def _stored(text: str) -> str | None:
        if _STORED.fullmatch(text) and not (is_integer and "." in text):
            return text
        return None

    return read


def _without_currency(field: Number, read: Read) -> Read:
    """Cuts one currency, before or behind, on either side of the minus."""
    longest_first = sorted(field.currency, key=len, reverse=True)
    names = "|".join(map(re.escape, longest_first))
    around = re.compile(
        rf"(-?)(?:(?:{names})\s*(-?)(?P<before>\S.*)|(?P<behind>.*\S)\s*(?:{names}))", re.DOTALL
    )
    # Beside a currency stands a text, no number cell: there a lone point has one meaning.
    declared = {"lone_point": "group"} if field.grouping == "european" else {}
    of_text = _reader_of(field.model_copy(update=declared))

    def read_with(text: str) -> str | Refused | None:
        found = around.fullmatch(text)
        if found is None:
            return read(text)
        minus = found[1] + (found[2] or "")
        value = of_text(minus + (found["before"] or found["behind"]))
        return _one_of_two(text) if isinstance(value, Refused) else value

    return read_with


def _reader_of(field: Number) -> Read:
    return _comma_reader(field) if field.mark == "," else _point_reader(field)


# ------------------------------------------------------------------ refusals


def _one_of_two(text: str) -> Refused:
    return Refused(
        Fault.SEVERAL_READINGS,
        f"{quoted(text)} is {text.replace('.', '')} where a point groups, and {text} where it is "
        "a number cell's decimal point",
        "Declare `lone_point: group` (with `grouping: european`; a CSV, or cells of text) or "
        "`lone_point: decimal` (number cells of a workbook).",
    )


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
    spelt = rf"-?[0-9.,]+(?:{_SPACE}[0-9.,]+)+"
    if _EXPONENT.fullmatch(text):
        return "Write all digits: an exponent hides some. In Excel, give the cell a number format."
    if field.type == "integer" and re.fullmatch(rf"-?[0-9,. ]+{re.escape(field.mark)}[0-9]+", text):
        return "It has a fraction: correct the cell, or use `type: number`."
    if re.fullmatch(spelt, text):
        return "Declare `grouping: space` (1 234 567.5), or take the spaces out."
    return _advice_of_marks(text, field)


def _advice_of_marks(text: str, field: Number) -> str:
    if _COMMAS.fullmatch(text) and ("," in text or field.mark == ","):
        return _grouping_advice(field)
    if (unit := _unit_of(text)) and unit not in field.currency:
        return (
            f"Declare `currency: [{unit}]` if that is the currency of the whole column, or take it "
            "out of the cell."
        )
    mark = "comma" if field.mark == "," else "point"
    return f"Write minus, digits and one {mark} only, without currency or unit."


def _grouping_advice(field: Number) -> str:
    if field.grouping is not None:
        mark = " and its decimal mark is a comma" if field.mark == "," else ""
        return (
            f"Its commas and points do not stand where `grouping: {field.grouping}` has them{mark}."
        )
    if field.mark == ",":
        return "Declare `grouping: european` (1.234.567,5), or leave `decimal` out (1234567.5)."
    return (
        "Declare `grouping: western` (1,234,567.5), `indian` (12,34,567.5) or `european` "
        "(1.234.567,5)."
    )


def _unit_of(text: str) -> str:
    """What stands before or behind the digits; "" when it is not just that."""
    found = re.fullmatch(r"-?\s*([^\d\s,-]{1,4}?)\s*-?[\d.,]+|-?[\d.,]+\s*([^\d\s,-]{1,4})", text)
    return (found[1] or found[2]) if found else ""
