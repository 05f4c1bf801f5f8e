"""What a workbook stores besides the cells' values: numbers as text, shares and money by format.

Owns the cautions about it; they need how many cells of a column the workbook stores in which way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from migrator.profile.judging import forms_of
from migrator.profile.model import Caution, ColumnProfile, Kind, Sighting

_NUMBERS: Final = ("number", "percent", "currency")


class Stored(NamedTuple):
    """Cells of one column that a workbook stores in one way."""

    times: int
    row: int  #: The first of them.


def with_stored(profile: ColumnProfile, stored: Mapping[str, Stored]) -> ColumnProfile:
    """The profile with the cautions that the workbook's own kinds of cells call for.

    Args:
        profile: What the cells of a column tell.
        stored: By kind ("text", "number", "percent", "currency", "date"): the cells of it.
    """
    return replace(profile, cautions=(*profile.cautions, *_cautions(profile, stored)))


def _cautions(profile: ColumnProfile, stored: Mapping[str, Stored]) -> Iterator[Caution]:
    if profile.kind in (Kind.INTEGER, Kind.NUMBER) and "text" in stored:
        read = sum(profile.forms.get(form, 0) for form in forms_of(profile.kind))
        as_text = read - sum(stored[kind].times for kind in _NUMBERS if kind in stored)
        if as_text > 0:
            yield Caution(
                code="numbers-as-text",
                text=f"{_cells(as_text)} numbers as text; Excel does not calculate with them.",
                count=as_text,
                sightings=(Sighting(stored["text"].row, ""),),
            )
    if "percent" in stored:
        yield Caution(
            code="percent-format",
            text=f"{_cells(stored['percent'].times, 'shows', 'show')} per cent: "
            "what is shown as 12 % is read as 0.12.",
            count=stored["percent"].times,
            sightings=(Sighting(stored["percent"].row, ""),),
        )
    if "currency" in stored:
        yield Caution(
            code="currency-format",
            text=f"{_cells(stored['currency'].times, 'shows', 'show')} a currency by their format; "
            "the plain number is read.",
            count=stored["currency"].times,
            sightings=(Sighting(stored["currency"].row, ""),),
        )


def _cells(count: int, one: str = "holds", several: str = "hold") -> str:
    return f"{count:,} cell{'' if count == 1 else 's'} {one if count == 1 else several}"
