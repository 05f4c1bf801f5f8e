"""How a column of numbers is to be read, as far as its cells prove it."""

import re
from collections.abc import Iterator
from typing import Final

from migrator.drafting.dates import cells
from migrator.drafting.model import Key
from migrator.profile import ColumnProfile, Form

_MONEY: Final = re.compile(r"[A-Z]{3}|US\$|Rs\.?|[$€£¥₹]")
_FEW: Final = 0.1  #: Share of cells with a currency up to which they are taken for mistakes.


def number_keys(column: ColumnProfile) -> Iterator[Key]:
    """`decimal`, `grouping` and `currency`."""
    forms = column.forms
    points = sum(forms.get(form, 0) for form in (Form.DECIMAL, Form.WESTERN, Form.INDIAN))
    commas = forms.get(Form.EUROPEAN, 0)
    if commas and points:
        asked = (
            f"Which is the decimal mark? {cells(commas)} a comma for it, {points:,} a point. "
            'Write "," or "."; the other cells will be refused.'
        )
        yield Key(name="decimal", hints=(asked,))
    elif commas:
        yield Key(name="decimal", value=",")
        yield Key(name="grouping", value="european")
    else:
        yield from _grouping(column)
    yield from _currency(column)


def _grouping(column: ColumnProfile) -> Iterator[Key]:
    western, indian = column.forms.get(Form.WESTERN, 0), column.forms.get(Form.INDIAN, 0)
    both = column.forms.get(Form.GROUPED, 0)
    if western and indian:
        asked = (
            f"western or indian? {western:,} cells are grouped as 1,234,567 and {indian:,} as "
            "12,34,567; those of the other kind will be refused."
        )
        yield Key(name="grouping", hints=(asked,))
    elif indian:
        yield Key(name="grouping", value="indian")
    elif western or both:
        yield Key(name="grouping", value="western")


def _currency(column: ColumnProfile) -> Iterator[Key]:
    units = column.forms.get(Form.UNIT, 0)
    if not units or units <= _FEW * column.filled:
        return
    marks = {mark for text in _with_units(column) for mark in _MONEY.findall(text)}
    if marks:
        yield Key(name="currency", value=tuple(sorted(marks)))


def _with_units(column: ColumnProfile) -> Iterator[str]:
    yield from column.examples
    for caution in column.cautions:
        if caution.code == "unit":
            yield from (seen.value for seen in caution.sightings)
