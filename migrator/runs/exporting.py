"""`export`: entries of a run as a file.

Owns which states each choice means.
"""

from pathlib import Path
from typing import Final

from migrator.ledger import Ledger
from migrator.model import Run, State
from migrator.reports.csv_export import write_csv

CHOICES: Final = {
    "failed": (State.FAILED,),
    "succeeded": (State.SUCCEEDED,),
    "rejected": (State.REJECTED,),
    "in-doubt": (State.IN_DOUBT,),
    "not-sent": (State.PLANNED, State.SENDING, State.SUPERSEDED, State.UNCHANGED, State.MERGED),
    "all": tuple(State),
}


def export(ledger: Ledger, run: Run, states: tuple[State, ...], path: Path) -> int:
    """Write the entries in ``states`` to ``path`` as CSV; gives how many.

    Raises:
        SourceError: The file cannot be written.
    """
    entries = ledger.records.entries(run, states)
    return write_csv(path, run.source.columns, entries, run_id=run.id)
