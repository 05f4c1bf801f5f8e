"""Taking cells and values of old runs out of the ledger; what proves and protects stays.

Owns which runs may be pruned and what of them goes. Kept are every row's place, id, state and
times, hence the balance, and the digests by which a repeated command sends nothing twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

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

    def prune(self, run: Run, *, at: float) -> None:
        """Remove the run's cells and values; the caller holds its lock."""
        with self._database.transaction():
            for removal in _REMOVALS:
                self._database.change(removal, run.number)
            self._database.change("UPDATE runs SET pruned_at = ? WHERE run = ?", at, run.number)

    def lookups_before(self, moment: float) -> int:
        """How many answers about leads are older than ``moment``."""
        sql = "SELECT count(*) FROM lookups WHERE asked_at < ?"
        return int(self._database.value(sql, moment))

    def forget_lookups(self, moment: float) -> None:
        """Remove what LeadSquared listed of leads before ``moment``."""
        self._database.change("DELETE FROM lookups WHERE asked_at < ?", moment)

    def compact(self) -> None:
        """Rewrite the file, so that nothing of what was removed stays in its free pages.

        Raises:
            LedgerError: Another process uses the ledger, or there is no room for a copy.
        """
        self._database.change("VACUUM")
        self._database.change("PRAGMA wal_checkpoint(TRUNCATE)")
