"""A table as CSV, such that no spreadsheet program runs a cell.

Owns the form of the file. It knows no entries.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from migrator.cells import escape_formula
from migrator.reports.whole_file import whole_file


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows of text to ``path``; gives how many. The file appears whole or not at all.

    UTF-8 with a byte-order mark, so that Excel reads it as UTF-8. What begins like a formula gets
    an apostrophe in front (`escape_formula`).

    Raises:
        SourceError: The file cannot be written.
    """
    count = 0
    with whole_file(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(escape_formula, header))
        for count, row in enumerate(rows, 1):  # noqa: B007 - the last is the result
            writer.writerow(map(escape_formula, row))
    return count
