"""How many different values a column has: exactly, as long as memory allows.

Owns the memory for it. Few values are kept as they are, many as numbers of 64 bits (Python's own
hash): among a million of them two are mistaken for one with a chance of 1 in 30 million.
"""

from collections.abc import Sequence
from itertools import compress
from typing import TYPE_CHECKING, Final

from migrator.model import Cell
from migrator.profile.sightings import Sightings, Stretch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.int64]

MOST_KEPT: Final = 2_000  #: Values of a column that are kept with their counts.
LONGEST_KEPT: Final = 200  #: Characters; a column with longer texts keeps numbers from there on.


class Distinct:
    """The different values of one column."""

    def __init__(self) -> None:
        self.kept: dict[Cell, int] | None = {}  #: Value to count; None: too many, or too long.
        self.first_rows: dict[Cell, int] = {}  #: Of the values that are kept.
        self.is_exact = True
        self.repeats = Sightings()  #: Cells whose value stood in a row before.
        self._hashes = _Hashes()
        self._count = 0

    @property
    def count(self) -> int:
        """Different values so far; a lower bound once given up."""
        return self._count if self.kept is None else len(self.kept)

    @property
    def held(self) -> int:
        """Numbers kept in memory."""
        return len(self._hashes)

    def give_up(self) -> None:
        """Free the memory; the count stays as a lower bound."""
        self.is_exact = False
        self._hashes = _Hashes()

    def add(self, stretch: Stretch) -> None:
        """Take in the values of some rows."""
        if self.kept is not None:
            self._keep(stretch, self.kept)
        elif self.is_exact:
            self._remember(stretch)

    def _keep(self, stretch: Stretch, kept: dict[Cell, int]) -> None:
        fresh = [cell for cell in stretch.counts if cell not in kept]
        for cell, count in stretch.counts.items():
            before = kept.get(cell, 0)
            kept[cell] = before + count
            if before or count > 1:
                self._repeat(stretch, cell, count, is_known=bool(before))
        if len(kept) > MOST_KEPT or any(map(_is_long, fresh)):
            self._hashes.add(list(kept))
            self._count, self.kept = len(kept), None
            self.first_rows.clear()
        elif fresh:
            self.first_rows.update((cell, stretch.first_rows[cell]) for cell in fresh)

    def _remember(self, stretch: Stretch) -> None:
        cells = list(stretch.counts)
        is_known = self._hashes.add(cells)
        self._count += len(cells) - sum(is_known)
        known = set(compress(cells, is_known))
        if not known and len(cells) == len(stretch.rows) - stretch.blanks:
            return
        for cell, count in stretch.counts.items():
            if count > 1 or cell in known:
                self._repeat(stretch, cell, count, is_known=cell in known)

    def _repeat(self, stretch: Stretch, cell: Cell, count: int, *, is_known: bool) -> None:
        repeats = self.repeats
        repeats.count += count if is_known else count - 1
        if not repeats.is_closed:
            repeats.place(stretch.rows_of(cell)[0 if is_known else 1 :], cell)


def _is_long(cell: Cell) -> bool:
    return isinstance(cell, str) and len(cell) > LONGEST_KEPT


class _Hashes:
    """A growing set of numbers, as sorted arrays of which each is far smaller than the last."""

    def __init__(self) -> None:
        self._levels: list[Hashes] = []

    def __len__(self) -> int:
        return sum(map(len, self._levels))

    def add(self, cells: Sequence[Cell]) -> Sequence[bool]:
        """Take in different cells; tells of each whether it was there before."""
        import numpy as np  # noqa: PLC0415 - small sheets do without it

        found = np.fromiter(map(hash, cells), dtype=np.int64, count=len(cells))
        sought = np.sort(found)  # a search in ascending order stays near in memory
        is_known = np.zeros(len(sought), dtype=bool)
        for level in self._levels:
            places = np.searchsorted(level, sought)
            is_known |= level.take(places, mode="clip") == sought
        fresh, known = sought[~is_known], sought[is_known]
        if len(fresh):
            self._levels.append(fresh)
        while len(self._levels) > 1 and 2 * len(self._levels[-1]) > len(self._levels[-2]):
            last = self._levels.pop()
            # Two sorted runs: the stable sort merges them.
            self._levels[-1] = np.concatenate((self._levels[-1], last))
            self._levels[-1].sort(kind="stable")
        return np.isin(found, known).tolist() if len(known) else [False] * len(found)
