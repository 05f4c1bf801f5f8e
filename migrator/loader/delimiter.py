"""Which character stands between the cells of a text file.

Owns the rule only; it reads no file. The rule: every candidate splits the header and the first
records, quotes obeyed. The one whose records most often have as many cells as its header wins;
where two agree equally well, the one that tears fewer quoted cells apart, then the one with
more columns, then comma, semicolon, tab, pipe in this order. `csv.Sniffer` is not used: it
counts characters without regard to quotes, and is misled by commas in amounts.

A rare delimiter is looked for only where none of the four splits the header, and found only where
all records of the sample agree. The colon is left out: a column of times or of web addresses
would agree, too.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from migrator.loader.dialect import PLAIN, Quoting, sample_records

CANDIDATES: Final = (",", ";", "\t", "|")
RARE: Final = ("^", "~", "¦", "§", "\x1f", "\x01")


def detect_delimiter(
    sample: str, *, header_row: int | None, is_whole: bool, quoting: Quoting = PLAIN
) -> str | None:
    r"""The delimiter of a text, or None when nothing separates its header.

    Args:
        sample: The beginning of the file.
        header_row: The row that holds the column names, from 1; None: the first that is not blank.
        is_whole: Whether the sample is the whole file; else its last record is cut off.
        quoting: What keeps a delimiter inside a cell.

    >>> detect_delimiter('Id;"Amount, EUR"\n7;"1,5"\n', header_row=1, is_whole=True)
    ';'
    """

    def records(delimiter: str) -> list[list[str]]:
        found = sample_records(sample, delimiter, quoting=quoting, is_whole=is_whole)
        return found[_header_at(found, header_row) :]

    taken = quoting.quote + quoting.escape
    usual = {one: records(one) for one in CANDIDATES if one not in taken}
    return _likeliest(usual, quoting.quote) or _agreed(
        {one: records(one) for one in RARE if one in sample and one not in taken}
    )


def _header_at(records: Sequence[Sequence[str]], header_row: int | None) -> int:
    if header_row is not None:
        return header_row - 1
    filled = (at for at, record in enumerate(records) if any(cell.strip() for cell in record))
    return next(filled, len(records))


def _likeliest(candidates: dict[str, list[list[str]]], quote: str) -> str | None:
    best, best_score = None, (-1.0, -1.0, 0)
    for candidate, records in candidates.items():
        if not records or len(records[0]) < 2:
            continue
        score = (
            _share(len(record) == len(records[0]) for record in records[1:] if any(record)),
            _share(not _has_torn_quotes(record, quote) for record in records),
            len(records[0]),
        )
        if score > best_score:
            best, best_score = candidate, score
    return best


def _agreed(candidates: dict[str, list[list[str]]]) -> str | None:
    """The rare delimiter that splits every record alike, into the most columns."""
    best, most = None, 1
    for candidate, records in candidates.items():
        widths = [len(record) for record in records if any(cell.strip() for cell in record)]
        if len(widths) >= 2 and min(widths) == max(widths) > most:
            best, most = candidate, widths[0]
    return best


def _has_torn_quotes(record: list[str], quote: str) -> bool:
    """Whether a quoted cell seems cut in two, as by a wrong delimiter inside it."""
    return bool(quote) and any(cell.count(quote) % 2 for cell in record)


def _share(facts: Iterable[bool]) -> float:
    """How many of the facts hold, in tenths, so that one torn row in the sample decides nothing."""
    counted = list(facts)
    return round(sum(counted) / len(counted), 1) if counted else 1.0
