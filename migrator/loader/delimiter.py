"""Which character stands between the cells of a text file.

Owns the rule only; it reads no file. The rule: every candidate splits the header and the first
records, quotes obeyed. The one whose records most often have as many cells as its header wins;
where two agree equally well, the one with more columns; then comma, semicolon, tab, pipe in
this order. `csv.Sniffer` is not used: it counts characters without regard to quotes, and is
misled by commas in amounts.
"""

import csv
import io
from typing import Final

from migrator.errors import SourceError

CANDIDATES: Final = (",", ";", "\t", "|")
_RECORDS: Final = 100  #: At most so many records are looked at.


def detect_delimiter(sample: str, *, header_row: int, is_whole: bool) -> str | None:
    r"""The delimiter of a text, or None when nothing separates its header.

    Args:
        sample: The beginning of the file.
        header_row: The row that holds the column names, from 1.
        is_whole: Whether the sample is the whole file; else its last record is cut off.

    >>> detect_delimiter('Id;"Amount, EUR"\n7;"1,5"\n', header_row=1, is_whole=True)
    ';'
    """
    best, best_score = None, (-1.0, 1)
    for candidate in CANDIDATES:
        widths = _widths(sample, candidate, is_whole=is_whole)[header_row - 1 :]
        if not widths or widths[0] < 2:
            continue
        rest = [width for width in widths[1:] if width]
        agreeing = sum(width == widths[0] for width in rest)
        # In tenths, so that one torn row in the sample does not outweigh ten more columns.
        score = (round(agreeing / len(rest), 1) if rest else 1.0, widths[0])
        if score > best_score:
            best, best_score = candidate, score
    return best


def _widths(sample: str, delimiter: str, *, is_whole: bool) -> list[int]:
    """How many cells each record has; 0 for a blank one."""
    widths: list[int] = []
    try:
        for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            widths.append(len(record) if any(cell.strip() for cell in record) else 0)
            if len(widths) > _RECORDS:
                return widths
    except csv.Error:  # an endless cell: the reading itself will say so
        return widths
    return widths if is_whole or len(widths) < 2 else widths[:-1]


def check_delimiter(declared: str, *, where: str) -> str:
    """The declared delimiter, if it can be one.

    Raises:
        SourceError: It is not one character, or one that has another meaning.
    """
    if len(declared) == 1 and declared not in '"\r\n\0':
        return declared
    raise SourceError(
        f"{declared!r} cannot be a delimiter",
        where=where,
        advice='Give one character, such as "," ";" "|" or "\\t" (a tab).',
    )
