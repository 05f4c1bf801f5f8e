"""Rows read together, cell beside cell of one column.

Owns the noun, and the way from single rows to blocks. What looks at whole columns at once takes a
fraction of the time that row after row takes; a row of a block is the same row.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, islice
from operator import attrgetter
from typing import Final

from migrator.model import Cell, Rejected, SourceRow

MOST_ROWS: Final = 512  #: Of one block: what fits into the processor's memory goes fastest.


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some rows of one file, in its order."""

    file: str
    numbers: Sequence[int]  #: Of the rows, as `SourceRow.row`.
    by_column: Sequence[Sequence[Cell]]  #: For each column its cells, one for each row.
    row: Callable[[int], SourceRow]  #: The row at a place of the block, from 0.
    rejected: Sequence[Rejected] = ()  #: What the loader refused among these rows.
    is_clean: bool = False  #: All cells are known to be text that can be sent.

    def part(self, places: Sequence[int]) -> "Block":
        """The rows at these places, as a block."""
        return Block(
            file=self.file,
            numbers=[self.numbers[place] for place in places],
            by_column=[[cells[place] for place in places] for cells in self.by_column],
            row=lambda at: self.row(places[at]),
            is_clean=self.is_clean,
        )


def blocks_of(rows: Iterable[SourceRow | Rejected], width: int) -> Iterator[Block]:
    """The same rows as blocks.

    Args:
        rows: In the source's order.
        width: How many columns they have.
    """
    iterator = iter(rows)
    while some := list(islice(iterator, MOST_ROWS)):
        for _, alike in groupby(some, key=_file):
            yield _block(list(alike), width)


def plain_block(
    file: str, columns: tuple[str, ...], records: Sequence[list[str]], *, row: int, line: int
) -> Block:
    """Records of a text file as a block.

    Args:
        file: The file's name.
        columns: The header; each record has a cell for each.
        records: At least one, none of them blank, with cells that can be sent.
        row: The number of the first of them.
        line: The line at which it begins.
    """
    begins: list[int] = []  # the line of each record, once one is asked for

    def row_at(place: int) -> SourceRow:
        if not begins:
            begins.extend(accumulate(map(lines_of, records), initial=line))
        return SourceRow(file, "", row + place, begins[place], columns, tuple(records[place]))

    return Block(
        file=file,
        numbers=range(row, row + len(records)),
        by_column=list(zip(*records, strict=True)),
        row=row_at,
        is_clean=True,
    )


def lines_of(record: Sequence[str]) -> int:
    r"""Lines of the file that a record takes; a line ends at LF, CR or CRLF.

    >>> lines_of(["a", "two\r\nlines", "three\n\n"])
    4
    """
    text = "|".join(record)
    return 1 + text.count("\n") + text.count("\r") - text.count("\r\n")


def _file(row: SourceRow | Rejected) -> str:
    return row.row.file if isinstance(row, Rejected) else row.file


def _block(rows: Sequence[SourceRow | Rejected], width: int) -> Block:
    good = [row for row in rows if isinstance(row, SourceRow)]
    return Block(
        file=_file(rows[0]),
        numbers=list(map(attrgetter("row"), good)),
        by_column=list(zip(*(row.cells for row in good), strict=True)) or [()] * width,
        row=good.__getitem__,
        rejected=[row for row in rows if isinstance(row, Rejected)],
    )
