"""The profile of a whole sheet: rows in, columns out.

Owns the budget of memory over all columns. The rows are handed in some thousand at a time and
are forgotten at once.
"""

from collections.abc import Sequence
from typing import Final

from migrator.cells import cell_text
from migrator.model import Cell
from migrator.profile.cautions import cautions_of
from migrator.profile.column import ColumnEvidence
from migrator.profile.judging import judge
from migrator.profile.model import MOST_VALUES, ColumnProfile, Kind
from migrator.profile.sightings import Stretch

MOST_NUMBERS: Final = 5_000_000  #: Kept for distinct values by all columns together; 8 bytes each.


class Profiler:
    """Looks at a sheet once, from the first row to the last.

    Args:
        columns: The name and the letter of each column.
        most_numbers: How many different values may be remembered, all columns together.

    >>> profiler = Profiler([("Amount", "A")])
    >>> profiler.add([2, 3, 4], [("12",), ("7",), ("",)])
    >>> (amount,) = profiler.profiles()
    >>> amount.kind, amount.fits, amount.blanks, amount.smallest, amount.largest
    (<Kind.INTEGER: 'integer'>, 2, 1, '7', '12')
    """

    def __init__(
        self, columns: Sequence[tuple[str, str]], *, most_numbers: int = MOST_NUMBERS
    ) -> None:
        self._columns = tuple(columns)
        self._most_numbers = most_numbers
        self._evidence = tuple(ColumnEvidence() for _ in columns)

    def add(self, rows: Sequence[int], cells: Sequence[Sequence[Cell]]) -> None:
        """Take in some rows.

        Args:
            rows: Their numbers, ascending over all calls.
            cells: The cells of each, one for each column.
        """
        for evidence, column in zip(self._evidence, zip(*cells, strict=True), strict=False):
            evidence.add(Stretch(rows, column))
        self._keep_within_budget()

    def _keep_within_budget(self) -> None:
        """Give up counting where values repeat most: ids are the last of which that is said."""
        while sum(evidence.distinct.held for evidence in self._evidence) > self._most_numbers:
            counting = [evidence for evidence in self._evidence if evidence.distinct.held]
            repeats = [_repetition(evidence) for evidence in counting]
            counting[repeats.index(max(repeats))].distinct.give_up()

    def profiles(self) -> tuple[ColumnProfile, ...]:
        """What was found, one profile per column."""
        return tuple(
            _profile(name, letter, evidence)
            for (name, letter), evidence in zip(self._columns, self._evidence, strict=True)
        )


def _repetition(evidence: ColumnEvidence) -> float:
    return (evidence.rows - evidence.blanks) / evidence.distinct.count


def _profile(name: str, letter: str, evidence: ColumnEvidence) -> ColumnProfile:
    kind, fits = judge(name, evidence)
    smallest, largest = _range(kind, evidence)
    return ColumnProfile(
        name=name,
        letter=letter,
        kind=kind,
        fits=fits,
        rows=evidence.rows,
        blanks=evidence.blanks,
        distinct=evidence.distinct.count,
        is_distinct_exact=evidence.distinct.is_exact,
        longest=evidence.longest,
        smallest=smallest,
        largest=largest,
        examples=tuple(evidence.examples),
        values=_values(evidence),
        forms=dict(evidence.forms.most_common()),
        formats=evidence.dates.formats,
        day_order=evidence.dates.order,
        fractions=evidence.fractions,
        moments=evidence.moments,
        cautions=cautions_of(name, kind, fits, evidence),
    )


def _values(evidence: ColumnEvidence) -> tuple[tuple[str, int], ...] | None:
    kept = evidence.distinct.kept
    if kept is None or len(kept) > MOST_VALUES:
        return None
    return tuple(sorted(((cell_text(c), n) for c, n in kept.items()), key=lambda v: (-v[1], v[0])))


def _range(kind: Kind, evidence: ColumnEvidence) -> tuple[str | None, str | None]:
    """Smallest and largest value by the kind, as they stand in the sheet."""
    if kind in (Kind.INTEGER, Kind.NUMBER) and evidence.number_range:
        smallest, largest = evidence.number_range
        return smallest[1], largest[1]
    if kind in (Kind.DATE, Kind.DATETIME):
        return _range_of_days(evidence)
    return evidence.text_range or (None, None)


def _range_of_days(evidence: ColumnEvidence) -> tuple[str | None, str | None]:
    order = evidence.dates.order
    if order.is_day_first is None and order.open:
        return None, None
    is_month_first = order.is_day_first is False
    found = evidence.dates.as_month_first if is_month_first else evidence.dates.as_day_first
    return found.smallest, found.largest
