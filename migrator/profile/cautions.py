"""What a person should know about a column before mapping it, in sentences.

Owns codes, conditions and wording. It looks at no cell: all is said from the evidence.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from migrator.cells import cell_text
from migrator.model import Cell
from migrator.profile.column import ColumnEvidence
from migrator.profile.flaws import LONG_TEXT
from migrator.profile.judging import forms_of
from migrator.profile.model import ROWS_NAMED, Caution, Form, Kind, Sighting, settled

_NEARLY_ALL: Final = 0.9  #: Share of different values from which a column looks like ids.
_FEW_ROWS: Final = 10  #: Below, a value that occurs twice says nothing.
_ID_NAME: Final = re.compile(
    r"(?i:\b(id|ids|guid|uuid|key|code|ref|reference|number|no)\b)|[a-z]I[dD]\b"
)
_APART: Final = (Form.UNIT, Form.EXPONENT, Form.EUROPEAN, Form.PLACEHOLDER, Form.ERROR)
"""Forms that have a caution of their own, and are no misfits besides."""

_THINGS: Final = {
    Kind.INTEGER: "whole numbers",
    Kind.NUMBER: "numbers",
    Kind.DATE: "dates",
    Kind.DATETIME: "dates with times",
    Kind.TIME: "times",
    Kind.BOOLEAN: "yes or no",
    Kind.GUID: "GUIDs",
    Kind.EMAIL: "e-mail addresses",
    Kind.PHONE: "phone numbers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column, judged."""

    name: str
    kind: Kind
    fits: int
    evidence: ColumnEvidence

    @property
    def filled(self) -> int:
        return self.evidence.rows - self.evidence.blanks


def cautions_of(name: str, kind: Kind, fits: int, evidence: ColumnEvidence) -> tuple[Caution, ...]:
    """Everything to be said about a column; the gravest first."""
    column = _Column(name=name, kind=kind, fits=fits, evidence=evidence)
    if kind is Kind.BLANK:
        blank = Caution(code="blank-column", text="No row has a value.", count=evidence.rows)
        return (blank,) if evidence.rows else ()
    parts = (_of_types, _of_days, _of_numbers, _of_words, _of_flaws, _of_values)
    return tuple(caution for part in parts for caution in part(column))


# ------------------------------------------------------------------ types and dates


def _of_types(column: _Column) -> Iterator[Caution]:
    fitting = {*forms_of(column.kind), *_APART}
    misfits = {form: count for form, count in column.evidence.forms.items() if form not in fitting}
    if column.kind is not Kind.TEXT and (count := sum(misfits.values())):
        share = _percent(column.fits, column.filled)
        yield Caution(
            code="mixed-types",
            text=f"{share} are {_THINGS[column.kind]}, {_cells(count, 'is', 'are')} not.",
            count=count,
            sightings=_first_of(column, misfits),
        )


def _of_days(column: _Column) -> Iterator[Caution]:
    order = column.evidence.dates.order
    if order.day_first and order.month_first:
        yield Caution(
            code="both-orders",
            text=f"Both orders occur: {_cells(order.day_first)} can only be day first, "
            f"{_cells(order.month_first)} only month first.",
            count=order.day_first + order.month_first + order.open,
        )
        return
    if order.open and order.is_day_first is None:
        yield Caution(
            code="day-or-month",
            text=f"{_cells(order.open)} may be day first or month first, and no cell tells which.",
            count=order.open,
        )
    if column.kind in (Kind.DATE, Kind.DATETIME):
        yield from _of_formats(column)


def _of_formats(column: _Column) -> Iterator[Caution]:
    evidence = column.evidence
    formats = settled(evidence.dates.formats, evidence.dates.order)
    texts = evidence.forms[Form.DATE] + evidence.forms[Form.DATETIME] - evidence.moments
    if formats and formats[0].cells < texts:
        yield Caution(
            code="mixed-formats",
            text=f"Dates are written in several ways: {_cells(formats[0].cells)} as "
            f"{formats[0].pattern}.",
            count=texts - formats[0].cells,
        )


# ------------------------------------------------------------------ numbers


def _of_numbers(column: _Column) -> Iterator[Caution]:
    evidence, forms = column.evidence, column.evidence.forms
    if zeros := evidence.leading_zeros:
        yield Caution(
            code="leading-zeros",
            text=f"{_cells(zeros.count, 'begins', 'begin')} with zeros: map as text, "
            "since numbers lose them.",
            count=zeros.count,
            sightings=zeros.first,
        )
    if digits := evidence.many_digits:
        yield Caution(
            code="many-digits",
            text=f"{_cells(digits.count, 'has', 'have')} more than 15 digits in a row: map as "
            "text; Excel keeps 15 and makes zeros of the rest.",
            count=digits.count,
            sightings=digits.first,
        )
    for form in (Form.EXPONENT, Form.UNIT, Form.EUROPEAN):
        yield from _of_form(column, form)
    if forms[Form.WESTERN] and forms[Form.INDIAN]:
        yield Caution(
            code="mixed-grouping",
            text=f"{_cells(forms[Form.WESTERN])} grouped as 1,234,567, "
            f"{_cells(forms[Form.INDIAN])} as 12,34,567.",
            count=min(forms[Form.WESTERN], forms[Form.INDIAN]),
            sightings=_first_of(column, (Form.WESTERN, Form.INDIAN)),
        )


def _of_words(column: _Column) -> Iterator[Caution]:
    for form in (Form.PLACEHOLDER, Form.ERROR):
        yield from _of_form(column, form)


_SAID_OF_FORMS: Final = {
    Form.EXPONENT: (
        "exponent", "is", "are", "written with an exponent: Excel may have destroyed digits",
    ),
    Form.UNIT: (
        "unit", "has", "have", "a currency or percent sign, with which it is no number",
    ),
    Form.EUROPEAN: (
        "decimal-comma", "has", "have", "a comma where the mapping reads a point",
    ),
    Form.PLACEHOLDER: (
        "placeholder", "holds", "hold", "a word for nothing (NA, null, -), which is not blank",
    ),
    Form.ERROR: ("error-text", "holds", "hold", "an error of a spreadsheet as text"),
}  # fmt: skip


def _of_form(column: _Column, form: Form) -> Iterator[Caution]:
    count = column.evidence.forms[form]
    if count:
        code, one, several, what = _SAID_OF_FORMS[form]
        yield Caution(
            code=code,
            text=f"{_cells(count, one, several)} {what}.",
            count=count,
            sightings=_first_of(column, (form,)),
        )


# ------------------------------------------------------------------ texts


_FLAWS: Final = {
    "spaces-around": ("has", "have", "spaces at the beginning or the end"),
    "line-break": ("has", "have", "line breaks"),
    "control-character": ("has", "have", "control characters or others that nobody sees"),
    "mojibake": (
        "looks", "look", "decoded wrongly (Ã© for é): export anew, or declare the encoding",
    ),
    "long-text": (
        "has", "have", f"more than {LONG_TEXT} characters, LeadSquared's usual limit for a text",
    ),
}  # fmt: skip


def _of_flaws(column: _Column) -> Iterator[Caution]:
    for code, (one, several, what) in _FLAWS.items():
        seen = column.evidence.flaws.seen[code]
        if seen:
            yield Caution(
                code=code,
                text=f"{_cells(seen.count, one, several)} {what}.",
                count=seen.count,
                sightings=seen.first,
            )


# ------------------------------------------------------------------ values


def _of_values(column: _Column) -> Iterator[Caution]:
    distinct = column.evidence.distinct
    if distinct.count == 1 and column.filled > 1:
        yield Caution(
            code="single-value", text="All cells have the same value.", count=column.filled
        )
    if distinct.kept is not None:
        yield from _of_variants(distinct.kept, distinct.first_rows)
    if distinct.is_exact and distinct.repeats and _looks_like_ids(column):
        count = distinct.repeats.count
        yield Caution(
            code="duplicates",
            text=f"{_cells(count, 'repeats', 'repeat')} an earlier value; nearly all others "
            "differ, as ids do.",
            count=count,
            sightings=distinct.repeats.first,
        )


def _of_variants(kept: dict[Cell, int], first_rows: dict[Cell, int]) -> Iterator[Caution]:
    groups: dict[str, list[Cell]] = {}
    for cell in kept:
        groups.setdefault(" ".join(cell_text(cell).casefold().split()), []).append(cell)
    several = [group for group in groups.values() if len(group) > 1]
    rarer = [
        cell for group in several for cell in group if cell != max(group, key=kept.__getitem__)
    ]
    if rarer:
        shown = sorted(
            Sighting(first_rows[cell], cell_text(cell)) for group in several for cell in group
        )
        count = sum(kept[cell] for cell in rarer)
        yield Caution(
            code="variants",
            text=f"{_cells(count, 'differs', 'differ')} from a commoner value only in case or "
            "spaces.",
            count=count,
            sightings=tuple(shown[:ROWS_NAMED]),
        )


def _looks_like_ids(column: _Column) -> bool:
    distinct = column.evidence.distinct
    if column.filled < _FEW_ROWS or distinct.count < _NEARLY_ALL * column.filled:
        return False
    if column.kind in (Kind.GUID, Kind.EMAIL):
        return True
    may_be = column.kind in (Kind.TEXT, Kind.INTEGER) and not column.evidence.has_spaces
    return may_be and _ID_NAME.search(column.name) is not None


# ------------------------------------------------------------------ words


def _first_of(column: _Column, forms: Iterable[Form]) -> tuple[Sighting, ...]:
    seen = (column.evidence.first_of[form].first for form in forms if column.evidence.forms[form])
    return tuple(sorted(one for some in seen for one in some)[:ROWS_NAMED])


def _cells(count: int, one: str = "", several: str = "") -> str:
    """So many cells, with the verb that fits.

    >>> _cells(1, "has", "have"), _cells(1200, "has", "have")
    ('1 cell has', '1,200 cells have')
    """
    verb = one if count == 1 else several
    return f"{count:,} cell{'' if count == 1 else 's'}{' ' if verb else ''}{verb}"


def _percent(part: int, whole: int) -> str:
    """A share that says 100 % only of all.

    >>> _percent(999_999, 1_000_000), _percent(4, 5)
    ('99 %', '80 %')
    """
    return f"{100 * part // whole} %"
