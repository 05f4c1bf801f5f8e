"""A stretch of one column, and where in it something was seen.

Owns the finding of row numbers, which is done only for the few cells that are shown.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Final, cast

from migrator.cells import cell_text
from migrator.model import Cell
from migrator.profile.model import ROWS_NAMED, Sighting

_PRINTABLE: Final = bytes(range(0x20, 0x7F)) + b"\n"


class Stretch:
    """Some rows of one column, with each different value counted."""

    def __init__(self, rows: Sequence[int], cells: Sequence[Cell]) -> None:
        self.rows = rows
        self.cells = cells
        self.counts: Counter[Cell] = Counter(cells)  #: In the order of their first rows.
        self.blanks = self._take_blanks()

    def _take_blanks(self) -> int:
        blanks = self.counts.pop("", 0)
        if self.is_all_text and not any(map(str.isspace, self.texts)):
            return blanks
        for cell in [c for c in self.counts if isinstance(c, str) and c.isspace()]:
            blanks += self.counts.pop(cell)
        self.__dict__.pop("texts", None)
        return blanks

    @cached_property
    def is_all_text(self) -> bool:
        """Whether no cell is a date or a time."""
        return set(map(type, self.counts)) <= {str}

    @cached_property
    def texts(self) -> dict[str, int]:
        """The values as they stand, without the cells that are dates or times."""
        if self.is_all_text:
            return cast("dict[str, int]", self.counts)
        return {cell: count for cell, count in self.counts.items() if isinstance(cell, str)}

    @cached_property
    def joined(self) -> str:
        """All texts, each on a line: many questions are answered by one look at it."""
        return "\n".join(self.texts)

    @cached_property
    def is_ordinary(self) -> bool:
        """Whether all texts are printable ASCII without blanks at their ends."""
        return is_ordinary(self.joined, len(self.texts))

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
        if self.is_ordinary or all(text == text.strip() for text in self.texts):
            return self.texts
        return {
            text: sum(self.texts[original] for original in originals)
            for text, originals in self.originals.items()
        }

    def rows_of(self, cell: Cell, *, is_trimmed: bool = False) -> list[int]:
        """The first rows that hold this value."""
        wanted = self.originals.get(str(cell), [cell]) if is_trimmed else [cell]
        rows: list[int] = []
        for one in wanted:
            rows += islice(self._each_row_of(one), ROWS_NAMED)
        return sorted(rows)[:ROWS_NAMED]

    @cached_property
    def first_rows(self) -> dict[Cell, int]:
        """Each value to the first row that holds it."""
        return dict(zip(reversed(self.cells), reversed(self.rows), strict=True))

    def _each_row_of(self, cell: Cell) -> Iterator[int]:
        at = -1
        try:
            while True:
                at = self.cells.index(cell, at + 1)
                yield self.rows[at]
        except ValueError:
            return


def is_ordinary(joined: str, count: int) -> bool:
    r"""Whether so many texts, joined by line feeds, are printable ASCII without blanks at the ends.

    >>> is_ordinary("won", 1), is_ordinary("won\nlost ", 2), is_ordinary("two\nlines", 1)
    (True, False, False)
    """
    if not joined.isascii() or joined.count("\n") != max(count - 1, 0):
        return False
    if "\n " in joined or " \n" in joined or joined[:1] == " " or joined[-1:] == " ":
        return False
    return not joined.encode().translate(None, _PRINTABLE)


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
