"""The lasting record of runs and entries: one SQLite file.

Owns what was planned, sent and answered. `open_ledger` is the way in; the parts say what they own.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.ledger.accounts import Accounts
from migrator.ledger.choices import Attempted, Choices
from migrator.ledger.comparing import Comparing
from migrator.ledger.database import Database, open_database
from migrator.ledger.dispatches import Dispatches
from migrator.ledger.findings import Findings
from migrator.ledger.history import History
from migrator.ledger.images import Images
from migrator.ledger.locks import RunLocks
from migrator.ledger.lookups import Lookups
from migrator.ledger.merging import Merging
from migrator.ledger.plans import Marks, PlanLedger, PlannedRow
from migrator.ledger.proofs import Proofs
from migrator.ledger.pruning import Pruning
from migrator.ledger.records import Records
from migrator.ledger.sightings import Sightings
from migrator.ledger.thread import LedgerThread
from migrator.ledger.work import WorkLedger

__all__ = ["Attempted", "Ledger", "LedgerThread", "Marks", "PlannedRow", "open_ledger"]


class Ledger:
    """An open ledger; a context manager that closes it."""

    def __init__(self, database: Database) -> None:
        self.path = database.path  #: Absolute.
        self.tag = str(database.value("SELECT tag FROM ledger"))  #: Names it in run ids.
        self.plans = PlanLedger(database, self.tag)
        self.merging = Merging(database)
        self.work = WorkLedger(database)
        self.choices = Choices(database)
        self.records = Records(database, self.tag)
        self.accounts = Accounts(database)
        self.proofs = Proofs(database)
        self.lookups = Lookups(database)
        self.images = Images(database)
        self.findings = Findings(database)
        self.dispatches = Dispatches(database)
        self.history = History(database, self.tag)
        self.sightings = Sightings(database, self.tag)
        self.comparing = Comparing(database)
        self.pruning = Pruning(database, self.tag)
        self.locks = RunLocks(database)
        self._database = database

    def thread(self) -> LedgerThread:
        """The thread that works on it while calls are under way."""
        return LedgerThread(self._database)

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_ledger(path: str | Path, *, must_exist: bool = False) -> Ledger:
    """Open the ledger at ``path``, making it where there is none.

    Raises:
        LedgerError: There is none and ``must_exist``; or it cannot be used: the message says why.
    """
    return Ledger(open_database(Path(path), must_exist=must_exist))
