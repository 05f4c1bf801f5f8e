"""Which character stands between the cells of a text file.

Owns the rule only; it reads no file. The rule: every candidate splits the header and the first
records, quotes obeyed. The one whose records most often have as many cells as its header wins;
where two agree equally well, the one that tears fewer quoted cells apart, then the one with
more columns, then comma, semicolon, tab, pipe in this order. `csv.Sniffer` is not used: it
counts characters without regard to quotes, and is misled by commas in amounts.
"""

import csv
import io
from collections.abc import Iterable
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
    best, best_score = None, (-1.0, -1.0, 0)
    for candidate in CANDIDATES:
        records = _records(sample, candidate, is_whole=is_whole)[header_row - 1 :]
        if not records or len(records[0]) < 2:
            continue
        score = (
            _share(len(record) == len(records[0]) for record in records[1:] if any(record)),
            _share(not _has_torn_quotes(record) for record in records),
            len(records[0]),
        )
        if score > best_score:
            best, best_score = candidate, score
    return best


def _records(sample: str, delimiter: str, *, is_whole: bool) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            records.append(record)
            if len(records) > _RECORDS:
                return records
    except csv.Error:  # an endless cell: the reading itself will say so
        return records
    return records if is_whole or len(records) < 2 else records[:-1]


def _has_torn_quotes(record: list[str]) -> bool:
    """Whether a quoted cell seems cut in two, as by a wrong delimiter inside it."""
    return any(cell.count('"') % 2 for cell in record)


def _share(facts: Iterable[bool]) -> float:
    """How many of the facts hold, in tenths, so that one torn row in the sample decides nothing."""
    counted = list(facts)
    return round(sum(counted) / len(counted), 1) if counted else 1.0


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
