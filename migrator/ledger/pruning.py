"""Taking cells and values of old runs out of the ledger; what proves and protects stays.

Owns which runs may be pruned and what of them goes. Kept are every row's place, id, state and
times, hence the balance, and the digests by which a repeated command sends nothing twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migrator.errors import LedgerError
from migrator.ledger.columns import run_of
from migrator.ledger.database import Database
from migrator.model import Run

_OLD: Final = """
    SELECT *, (SELECT count(*) FROM entries e WHERE e.run = r.run
        AND e.state IN ('planned', 'sending', 'in_doubt')) AS open_rows,
        (SELECT count(*) FROM entries e WHERE e.run = r.run) AS all_rows
    FROM runs r WHERE r.state <> 'planning' AND r.pruned_at = 0
        AND max(r.finished_at, r.created_at) < ? ORDER BY r.run
"""
_ONE_OLD: Final = f"SELECT * FROM ({_OLD}) WHERE run = ?"  # noqa: S608 - constants
_EMPTY_ENTRIES: Final = """
    UPDATE entries SET cells = '[]', note = '', note_parts = '',
        message = iif(message = '', '', '(removed)'),
        problems = iif(problems = '', '', (SELECT json_group_array(json_object(
            'code', p.value ->> 'code', 'column', p.value ->> 'column', 'value', '',
            'reason', '(removed)', 'advice', '',
            'schema_name', coalesce(p.value ->> 'schema_name', ''))) FROM json_each(problems) p)),
        field_values = (SELECT json_group_array(NULL) FROM runs r, json_each(r.schema_names)
            WHERE r.run = ?1)
    WHERE run = ?1
"""
_REMOVALS: Final = (
    _EMPTY_ENTRIES,
    "UPDATE attempts SET message = iif(message = '', '', '(removed)') WHERE run = ?1",
    "UPDATE differences SET wanted = '', found = '' WHERE run = ?1",
    "DELETE FROM before_images WHERE run = ?1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRun:
    """A run that ended long enough ago."""

    run: Run
    rows: int  #: Its entries.
    open_rows: int  #: Those that are still to be sent or settled: with one, nothing is removed.


class Pruning:
    """What `ledger prune` does."""

    def __init__(self, database: Database, tag: str) -> None:
        self._database, self._tag = database, tag

    def older_than(self, moment: float) -> Iterator[OldRun]:
        """Runs that ended before ``moment``, as wall time, and have their cells and values yet."""
        for row in self._database.rows(_OLD, moment):
            run = run_of(row, self._tag)
            yield OldRun(run=run, rows=row["all_rows"], open_rows=row["open_rows"])

    def prune(self, run: Run, *, before: float, at: float) -> bool:
        """Remove the run's cells and values, unless it is not that old or not settled by now.

        The caller holds its lock: since it was listed, another process may have worked on it.
        """
        # What is removed is overwritten at once, so that a process that dies before `compact`
        # leaves it in the log alone, which the next program that closes the ledger clears.
        self._database.change("PRAGMA secure_delete = ON")
        with self._database.transaction():
            row = self._database.row(_ONE_OLD, before, run.number)
            if row is None or row["open_rows"]:
                return False
            for removal in _REMOVALS:
                self._database.change(removal, run.number)
            self._database.change("UPDATE runs SET pruned_at = ? WHERE run = ?", at, run.number)
        return True

    def lookups_before(self, moment: float) -> int:
        """How many answers about leads are older than ``moment``."""
        sql = "SELECT count(*) FROM lookups WHERE asked_at < ?"
        return int(self._database.value(sql, moment))

    def forget_lookups(self, moment: float) -> None:
        """Remove what LeadSquared listed of leads before ``moment``."""
        self._database.change("DELETE FROM lookups WHERE asked_at < ?", moment)

    def is_compact(self) -> bool:
        """Whether nothing that was removed can be in the file: no free pages, no log beside it."""
        log = Path(f"{self._database.path}-wal")
        return not (
            self._database.value("SELECT EXISTS (SELECT 1 FROM runs WHERE pruned_at > 0)")
            and (
                self._database.value("PRAGMA freelist_count")
                or (log.exists() and log.stat().st_size)
            )
        )

    def compact(self) -> None:
        """Rewrite the file, so that nothing of what was removed stays in its free pages.

        Raises:
            LedgerError: Another process uses the ledger, or there is no room for a copy.
        """
        self._database.change("VACUUM")
        # The copy is in the log, and the file is as it was, as long as somebody reads the old one:
        # SQLite then waits, and says so in its answer, not as an error.
        if self._database.value("PRAGMA wal_checkpoint(TRUNCATE)"):
            raise LedgerError(
                "another program is reading it",
                where=str(self._database.path),
                advice="Close the program that has the file open; then try again.",
            )
