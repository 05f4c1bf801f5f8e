"""The evidence of one column, gathered stretch by stretch in flat memory.

Owns the gathering; what it amounts to is said in `judging` and `cautions`.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from migrator.cells import cell_text
from migrator.model import Cell
from migrator.profile.days import DateEvidence
from migrator.profile.distinct import Distinct
from migrator.profile.flaws import Flaws
from migrator.profile.forms import NUMBERS, Sorter, number_reader
from migrator.profile.model import Form
from migrator.profile.sightings import Sightings, Stretch

EXAMPLES: Final = 3
MANY_DIGITS: Final = 16  #: Excel keeps 15.
_MANY_DIGITS: Final = re.compile(f"[0-9]{{{MANY_DIGITS}}}")


class ColumnEvidence:
    """All that is kept of one column."""

    def __init__(self) -> None:
        self.rows = 0
        self.blanks = 0
        self.longest = 0
        self.examples: list[str] = []
        self.has_spaces = False  #: Inside a text.
        self.forms: Counter[Form] = Counter()
        self.first_of: dict[Form, Sightings] = {}
        self.distinct = Distinct()
        self.flaws = Flaws()
        self.dates = DateEvidence()
        self.fractions = 0
        self.moments = 0
        self.leading_zeros = Sightings()
        self.many_digits = Sightings()
        self.text_range: tuple[str, str] | None = None
        self.number_range: tuple[tuple[Decimal, str], tuple[Decimal, str]] | None = None
        self._sorter = Sorter()
        self._begins_with_dates = False

    def add(self, stretch: Stretch) -> None:
        """Take in some rows."""
        self.rows += len(stretch.rows)
        self.blanks += stretch.blanks
        if not stretch.counts:
            return
        self._show_examples(stretch)
        self.distinct.add(stretch)
        if not stretch.is_all_text:
            self._add_moments(stretch)
        if stretch.texts:
            self._add_texts(stretch)

    def _show_examples(self, stretch: Stretch) -> None:
        for cell in stretch.counts:
            if len(self.examples) >= EXAMPLES:
                return
            text = cell_text(cell)
            if text not in self.examples:
                self.examples.append(text)

    # ---------------------------------------------------------- texts

    def _add_texts(self, stretch: Stretch) -> None:
        longest = max(map(len, stretch.texts))
        self.longest = max(self.longest, longest)
        self.has_spaces = self.has_spaces or " " in stretch.joined
        self.flaws.look(stretch, longest)
        self.text_range = _wider(self.text_range, min(stretch.texts), max(stretch.texts))
        for form, texts in self._by_form(stretch).items():
            self._count(form, texts, stretch)
            if form in NUMBERS:
                self._add_numbers(form, texts, stretch)
        self._begins_with_dates = self.forms[Form.DATE] + self.forms[Form.DATETIME] > 0

    def _by_form(self, stretch: Stretch) -> dict[Form, dict[str, int]]:
        """The texts of a stretch by form; in a column of dates these are tried first."""
        if self._begins_with_dates:
            by_form = self._take_dates(stretch.trimmed)
            rest = by_form.pop(Form.TEXT, None)
            return by_form | (self._sorter.sort(rest, stretch.joined) if rest else {})
        by_form = self._sorter.sort(stretch.trimmed, stretch.joined)
        rest = by_form.pop(Form.TEXT, None)
        return by_form | (self._take_dates(rest) if rest else {})

    def _take_dates(self, texts: dict[str, int]) -> dict[Form, dict[str, int]]:
        days, datetimes = self.dates.take(texts)
        if days or datetimes:
            taken = days.keys() | datetimes.keys()
            texts = {text: count for text, count in texts.items() if text not in taken}
        found = {Form.DATE: days, Form.DATETIME: datetimes, Form.TEXT: texts}
        return {form: some for form, some in found.items() if some}

    def _count(self, form: Form, texts: dict[str, int], stretch: Stretch) -> None:
        self.forms[form] += sum(texts.values())
        seen = self.first_of.setdefault(form, Sightings())
        # Only the first cells are wanted here; how many there are, the forms say.
        for text, count in texts.items():
            if seen.is_closed:
                break
            seen.see(stretch, text, count, is_trimmed=True)
        if form is Form.TEXT and _MANY_DIGITS.search(stretch.joined):
            _see(self.many_digits, texts, stretch, _MANY_DIGITS.search)

    # ---------------------------------------------------------- numbers

    def _add_numbers(self, form: Form, texts: dict[str, int], stretch: Stretch) -> None:
        names = list(texts)
        numbers = list(map(number_reader(form), names))
        smallest, largest = min(numbers), max(numbers)
        found = (
            (smallest, names[numbers.index(smallest)]),
            (largest, names[numbers.index(largest)]),
        )
        known = self.number_range or found
        self.number_range = (min(known[0], found[0]), max(known[1], found[1]))
        if form is Form.INTEGER:
            self._add_integers(texts, stretch)
        elif form is not Form.BIT:
            mark = "," if form is Form.EUROPEAN else "."
            self.fractions += sum(count for text, count in texts.items() if mark in text)

    def _add_integers(self, texts: dict[str, int], stretch: Stretch) -> None:
        if self.longest >= MANY_DIGITS:
            _see(self.many_digits, texts, stretch, _MANY_DIGITS.search)
        _see(self.leading_zeros, texts, stretch, lambda text: text[0] == "0")

    # ---------------------------------------------------------- dates and times of a workbook

    def _add_moments(self, stretch: Stretch) -> None:
        for cell, count in stretch.counts.items():
            if isinstance(cell, str):
                continue
            text = cell_text(cell)
            form = _form_of_moment(cell)
            self.moments += count
            self.longest = max(self.longest, len(text))
            self.forms[form] += count
            self.first_of.setdefault(form, Sightings()).see(stretch, cell, count)
            self.text_range = _wider(self.text_range, text, text)
            if form is not Form.TIME:
                self.dates.as_day_first.meet(text, text)
                self.dates.as_month_first.meet(text, text)


def _see(
    into: Sightings, texts: dict[str, int], stretch: Stretch, test: Callable[[str], object]
) -> None:
    for text, count in texts.items():
        if test(text):
            into.see(stretch, text, count, is_trimmed=True)


def _form_of_moment(cell: Cell) -> Form:
    if isinstance(cell, datetime):
        return Form.DATETIME
    return Form.DATE if isinstance(cell, date) else Form.TIME


def _wider(known: tuple[str, str] | None, smallest: str, largest: str) -> tuple[str, str]:
    if known is None:
        return smallest, largest
    return min(known[0], smallest), max(known[1], largest)
