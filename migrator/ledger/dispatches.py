"""Each time that a command sent rows of a run: when, by which migrator, at which limit.

Owns the table `dispatches`. It sends nothing and knows no rows.
"""

from typing import NamedTuple

from migrator.ledger.database import Database
from migrator.model import Run


class DispatchRecord(NamedTuple):
    """One time that rows were sent."""

    began_at: float  #: Wall time.
    ended_at: float  #: Wall time; 0.0: it goes on, or the process died.
    version: str  #: Of migrator.
    host: str
    calls: int  #: The account's limit as it was known at the end: so many calls
    seconds: float  #: in so many seconds.


class Dispatches:
    """The dispatches of one ledger's runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, run: Run, dispatch: DispatchRecord) -> None:
        """Write one down, at its beginning and once more at its end."""
        self._database.change(
            "INSERT OR REPLACE INTO dispatches"
            " (run, began_at, ended_at, version, host, calls, seconds)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            run.number,
            *dispatch,
        )

    def of(self, run: Run) -> list[DispatchRecord]:
        """Those of a run, the oldest first."""
        rows = self._database.rows(
            "SELECT began_at, ended_at, version, host, calls, seconds FROM dispatches"
            " WHERE run = ? ORDER BY began_at",
            run.number,
        )
        return [DispatchRecord(*row) for row in rows]
