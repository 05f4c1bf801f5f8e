"""Entries as a pandas data frame: the columns of an export, every value a text.

Owns the one place where pandas goes out. It reads no ledger.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from migrator.model import EntryRecord
from migrator.reports.table import header_of, values_of


def frame_of(
    columns: Sequence[str], entries: Iterable[EntryRecord], *, run_id: str
) -> pd.DataFrame:
    """The entries in their order; nothing is escaped, and nothing is a number.

    Args:
        columns: The source's.
        entries: What is to be shown.
        run_id: The run as it is written.
    """
    rows = [values_of(entry, len(columns), run_id=run_id) for entry in entries]
    return pd.DataFrame(rows, columns=list(header_of(columns)), dtype=str)
