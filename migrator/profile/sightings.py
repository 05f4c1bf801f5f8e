"""A stretch of one column, and where in it something was seen.

Owns the finding of row numbers, which is done only for the few cells that are shown.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

from migrator.cells import cell_text
from migrator.model import Cell
from migrator.profile.model import ROWS_NAMED, Sighting


class Stretch:
    """Some rows of one column, with each different value counted."""

    def __init__(self, rows: Sequence[int], cells: Sequence[Cell]) -> None:
        self.rows = rows
        self.cells = cells
        self.counts: Counter[Cell] = Counter(cells)  #: In the order of their first rows.
        self.blanks = self._take_blanks()

    def _take_blanks(self) -> int:
        blanks = self.counts.pop("", 0)
        for cell in [c for c in self.counts if isinstance(c, str) and c.isspace()]:
            blanks += self.counts.pop(cell)
        return blanks

    @cached_property
    def is_all_text(self) -> bool:
        """Whether no cell is a date or a time."""
        return set(map(type, self.counts)) <= {str}

    @cached_property
    def texts(self) -> dict[str, int]:
        """The values as they stand, without the cells that are dates or times."""
        return {cell: count for cell, count in self.counts.items() if isinstance(cell, str)}

    @cached_property
    def joined(self) -> str:
        """All texts, each on a line: many questions are answered by one look at it."""
        return "\n".join(self.texts)

    @cached_property
    def originals(self) -> dict[str, list[str]]:
        """A text without the white space around it, to the texts it was."""
        found: dict[str, list[str]] = {}
        for text in self.texts:
            found.setdefault(text.strip(), []).append(text)
        return found

    @cached_property
    def trimmed(self) -> dict[str, int]:
        """The texts without the white space around them: all types but text are read so."""
        if not self._may_have_edges():
            return self.texts
        return {
            text: sum(self.texts[original] for original in originals)
            for text, originals in self.originals.items()
        }

    def _may_have_edges(self) -> bool:
        # Whatever white space but the blank there is, no text of an ordinary column has it.
        joined = self.joined
        return (
            not (joined.isascii() and joined.isprintable())
            and any(text != text.strip() for text in self.texts)
        ) or "\n " in f"\n{joined}" or " \n" in f"{joined}\n"

    def rows_of(self, cell: Cell, *, is_trimmed: bool = False) -> list[int]:
        """The first rows that hold this value."""
        wanted = self.originals.get(str(cell), [cell]) if is_trimmed else [cell]
        rows: list[int] = []
        for one in wanted:
            rows += islice(self._each_row_of(one), ROWS_NAMED)
        return sorted(rows)[:ROWS_NAMED]

    def first_row_of(self, cell: Cell) -> int:
        """The first row that holds this value, which must be among the cells."""
        return self.rows[self.cells.index(cell)]

    def _each_row_of(self, cell: Cell) -> Iterator[int]:
        at = -1
        try:
            while True:
                at = self.cells.index(cell, at + 1)
                yield self.rows[at]
        except ValueError:
            return


class Sightings:
    """How many cells something was seen in, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[Sighting] = []
        self.is_closed = False  #: No later cell can be among the first.

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def first(self) -> tuple[Sighting, ...]:
        """The first cells, in the order of their rows."""
        return tuple(self._first)

    def see(self, stretch: Stretch, cell: Cell, count: int, *, is_trimmed: bool = False) -> None:
        """Count cells with this value; values come in the order of their first rows."""
        self.count += count
        if self.is_closed:
            return
        self.place(stretch.rows_of(cell, is_trimmed=is_trimmed), cell)

    def place(self, rows: Sequence[int], cell: Cell) -> None:
        """Keep the first rows; a value whose first row comes too late ends the search for good."""
        if not rows:
            return
        if len(self._first) == ROWS_NAMED and rows[0] > self._first[-1].row:
            self.is_closed = True
            return
        value = cell_text(cell)
        self._first = sorted([*self._first, *(Sighting(row, value) for row in rows)])[:ROWS_NAMED]
