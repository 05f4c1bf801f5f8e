"""Before-images: what LeadSquared held of an opportunity before a run's first call to it.

Owns the table `before_images`, and what an undo has to know of a run. It compares nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Final

import orjson

from migrator.ledger.columns import decode_values
from migrator.ledger.database import Database
from migrator.ledger.findings import KEPT
from migrator.model import Doubt, Run, State

_TOUCHED: Final = "(e.state IN ('succeeded', 'in_doubt') OR e.state = 'failed' AND e.attempts > 0)"
_WANTED: Final = """
    SELECT e.opportunity, e.number FROM entries e
    WHERE e.run = ?1 AND e.state = 'planned' AND e.attempts = 0
        AND instr(e.opportunity, ':') = 0
        AND NOT EXISTS (SELECT 1 FROM before_images b WHERE b.run = ?1
            AND b.opportunity = e.opportunity)
        AND NOT EXISTS (SELECT 1 FROM entries o WHERE o.opportunity = e.opportunity AND o.run = ?1
            AND o.attempts > 0)
    ORDER BY e.number
"""
_TOUCHED_BY: Final = f"""
    SELECT e.opportunity, e.number FROM entries e WHERE e.run = ? AND {_TOUCHED} ORDER BY e.number
"""  # noqa: S608 - constants
_ENTRIES_OF: Final = f"""
    SELECT e.* FROM entries e WHERE e.run = ? AND {_TOUCHED}
        AND e.opportunity IN (SELECT value FROM json_each(?))
    ORDER BY e.attempted_at, e.number
"""  # noqa: S608 - constants


@dataclass(slots=True)
class Touched:
    """An opportunity that a run wrote to, or may have."""

    opportunity: str  #: The key.
    number: int = 0  #: Of its last entry, by which it is named.
    file: str = ""
    sheet: str = ""
    row: int = 0
    line: int = 0
    written: dict[str, list[str]] = field(default_factory=dict)
    """SchemaName to what the run may have left there: the last value that is sure, and later ones
    of calls that were refused or in doubt."""
    changed: set[str] = field(default_factory=set)  #: Written by a call that was not refused.
    before: Mapping[str, str] | None = None  #: None: no before-image.
    is_there: bool = True  #: False: LeadSquared did not know it then.
    brought_note: bool = False


class Images:
    """The before-images of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wanted(self, run: Run, chosen: Collection[int] | None) -> list[str]:
        """GUIDs of which an image is to be kept before the run's first call, each once."""
        return self._opportunities(_WANTED, run, chosen)

    def nameless(self, run: Run) -> int:
        """How many planned rows name an opportunity of which no GUID is known."""
        return int(
            self._database.value(
                "SELECT count(*) FROM entries WHERE run = ? AND state = 'planned' AND attempts = 0"
                " AND instr(opportunity, ':') > 0",
                run.number,
            )
        )

    def keep(self, run: Run, images: Mapping[str, Mapping[str, str] | None], *, at: float) -> None:
        """Keep what a read showed; None for an opportunity that LeadSquared does not know."""
        with self._database.transaction():
            self._database.change_many(
                "INSERT OR IGNORE INTO before_images (run, opportunity, shown, read_at)"
                " VALUES (?, ?, ?, ?)",
                [
                    (run.number, guid, orjson.dumps(values).decode(), at)
                    for guid, values in images.items()
                ],
            )

    def decline(self, run: Run) -> None:
        """None are kept for this run, as a person said."""
        self._database.change("UPDATE runs SET before_image = 'none' WHERE run = ?", run.number)

    def count(self, run: Run) -> int:
        """How many the run has."""
        return int(
            self._database.value("SELECT count(*) FROM before_images WHERE run = ?", run.number)
        )

    # ------------------------------------------------------------------ for an undo

    def touched(self, run: Run, chosen: Collection[int] | None) -> list[str]:
        """The opportunities that the run, or its chosen entries, wrote to, or may have.

        In the order of their rows, each once.
        """
        return self._opportunities(_TOUCHED_BY, run, chosen)

    def _opportunities(self, sql: str, run: Run, chosen: Collection[int] | None) -> list[str]:
        rows = self._database.rows(sql, run.number)
        mine = (row for row in rows if chosen is None or row["number"] in chosen)
        return list(dict.fromkeys(row["opportunity"] for row in mine))

    def details(self, run: Run, opportunities: Collection[str]) -> dict[str, Touched]:
        """What the run wrote to these, and what they held before."""
        listed = orjson.dumps(list(opportunities)).decode()
        found: dict[str, Touched] = {}
        for row in self._database.rows(_ENTRIES_OF, run.number, listed):
            one = found.setdefault(row["opportunity"], Touched(row["opportunity"]))
            one.number, one.file, one.sheet = row["number"], row["file"], row["sheet"]
            one.row, one.line = row["row"], row["line"]
            one.brought_note = one.brought_note or bool(row["note"] and not row["leave_note_out"])
            _add(one, row, run.source.schema_names)
        for row in self._database.rows(
            "SELECT opportunity, shown FROM before_images WHERE run = ?"
            " AND opportunity IN (SELECT value FROM json_each(?))",
            run.number,
            listed,
        ):
            one = found[row["opportunity"]]
            one.before = orjson.loads(row["shown"]) or {}
            one.is_there = row["shown"] != "null"
        return found

    def examples(self, run: Run) -> dict[str, str]:
        """For each SchemaName a value that the run sent: it tells how the field is written."""
        found: dict[str, str] = {}
        names = run.source.schema_names
        rows = self._database.rows(
            "SELECT field_values FROM entries WHERE run = ? AND attempts > 0", run.number
        )
        for row in rows:
            for name, value in decode_values(row["field_values"], names):
                if value:
                    found.setdefault(name, value)
            if len(found) == len(names):
                break
        return found

    def keep_kept(
        self, run: Run, kept: Collection[tuple[int, str, str, str]], *, at: float
    ) -> None:
        """Write down what an undo of the run leaves: number, SchemaName, before, and now."""
        with self._database.transaction():
            self._database.change_many(
                "INSERT OR REPLACE INTO differences"
                " (run, number, schema_name, kind, wanted, found, seen_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(run.number, n, name, KEPT, old, now, at) for n, name, old, now in kept],
            )

    def undos(self, run: Run) -> Iterator[int]:
        """The sealed runs that undo this one, the newest first."""
        rows = self._database.rows(
            "SELECT run FROM runs WHERE kind = 'undo' AND parent = ? AND state <> 'planning'"
            " ORDER BY run DESC",
            run.number,
        )
        return (row["run"] for row in rows)


def _add(one: Touched, row: Row, schema_names: Sequence[str]) -> None:
    """Lay a call over what the run's earlier calls may have left."""
    is_sure = row["state"] == State.SUCCEEDED or row["doubt"] == Doubt.NOTE
    for name, value in decode_values(row["field_values"], schema_names):
        values = one.written.setdefault(name, [])
        if is_sure:
            values.clear()
        values.append(value)
        if row["state"] != State.FAILED:
            one.changed.add(name)
