"""A header that stands further down, below a title or the description of a report.

Owns the rule only; it reads no file, and never moves the header by itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

_AGREED: Final = 0.9  #: Of the rows from the header on, so many must be as wide as it.


def likely_header_row(records: Sequence[Sequence[str]]) -> int | None:
    """The first row that is as wide as most rows of two cells and more, counted from 1.

    None when there are not two such rows, or when what follows has other widths: free text is no
    table. Among rows of one length (a sheet saved as CSV, or padded), a title is told by its
    blank cells.

    >>> likely_header_row([["Report"], [], ["Id", "Name"], ["1", "Ana"], ["2", ""]])
    3
    >>> likely_header_row([["Report", "", ""], ["Id", "Name", "Note"], ["1", "Ana", "x"]])
    2
    """
    rows = [(len(record), _filled(record)) for record in records]
    table = [(width, filled) for width, filled in rows if filled > 1]
    if len(table) < 2:
        return None
    usual = _commonest(width for width, _ in table)
    least = _commonest(filled for width, filled in table if width == usual)
    fits = (at for at, (width, filled) in enumerate(rows) if width == usual and filled >= least)
    first = next(fits)
    below = [width == usual for width, filled in rows[first:] if filled]
    agree = len(below) > 1 and sum(below) >= _AGREED * len(below)
    return first + 1 if agree else None


def _filled(record: Sequence[str]) -> int:
    """The cells up to the last one that is not blank."""
    return max((at for at, cell in enumerate(record, 1) if cell.strip()), default=0)


def _commonest(numbers: Iterable[int]) -> int:
    """The number that occurs most often, the greatest of several."""
    counts = Counter(numbers)
    return max(counts, key=lambda number: (counts[number], number))
