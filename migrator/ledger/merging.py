"""Several rows of one opportunity in a plan: found, and laid over one another into one call.

Owns what DESIGN section 5 calls merging: it changes plans before they are sealed, an opportunity at
a time and in short transactions, so that memory does not grow with the rows. Which of the two is
wanted is the mapping's.
"""

import time
from collections.abc import Iterator, Sequence
from sqlite3 import Row
from typing import Final, NamedTuple

import orjson

from migrator.ledger.columns import encode_note_parts
from migrator.ledger.database import Database
from migrator.model import Place, Run, joined_notes

OPPORTUNITIES_PER_TRANSACTION: Final = 500

NoteParts = Sequence[tuple[str, bool]]
"""The notes of which an entry's note is made, each with whether it is left out."""

_SEVERAL: Final = """
    SELECT opportunity, count(*) AS n, min(number) AS first
    FROM entries INDEXED BY entries_by_opportunity
    WHERE place_run IN (?1, ?2) AND run = ?1 AND state = 'planned' AND opportunity > ?3
    GROUP BY opportunity HAVING count(*) > 1
"""
# A plan's places are of its own run, or of the one that it mends: by that, which the index has,
# the rows of all other runs are passed over without being read.

_HOW_MANY: Final = f"SELECT count(*) AS k, coalesce(sum(n), 0) AS n FROM ({_SEVERAL})"  # noqa: S608
_FIRST: Final = f"{_SEVERAL} ORDER BY first LIMIT ?4"
_NEXT: Final = f"{_SEVERAL} ORDER BY opportunity LIMIT ?4"

_MISSING: Final = """
    SELECT m.row AS missing, old.row AS given FROM entries new
    JOIN entries old ON old.run = new.place_run AND old.number = new.place_number
    JOIN entries c ON c.run = old.run
        AND c.number = iif(old.state = 'merged', old.other_number, old.number)
    JOIN entries m ON m.opportunity = c.opportunity AND m.run = c.run
        AND (m.number = c.number OR m.state = 'merged' AND m.other_number = c.number)
    WHERE new.run = ?1 AND old.run = ?2 AND c.opportunity <> ''
        AND m.number NOT IN (SELECT place_number FROM entries WHERE run = ?1 AND place_run = ?2)
    ORDER BY m.number, old.number LIMIT 1
"""


class Repeated(NamedTuple):
    """An opportunity that stands in several rows of a plan."""

    opportunity_id: str  #: As its first row writes it.
    rows: tuple[tuple[str, int], ...]  #: File and row of the first ones, in the source's order.
    total: int  #: How many rows it has.


class Repeats(NamedTuple):
    """What a plan holds of such opportunities."""

    opportunities: int
    rows: int
    first: tuple[Repeated, ...]  #: The first ones in the source's order.


class Merging:
    """The unsealed plans of one ledger, and the opportunities that stand in several of their rows.

    A rejected row has no part in it: which opportunity it means is not known.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def repeats(self, run: Run, *, shown: int, rows_shown: int) -> Repeats:
        """The opportunities with several rows: how many, and the first ``shown`` of them."""
        opportunities, rows = self._database.row(_HOW_MANY, run.number, run.parent, "") or (0, 0)
        found = self._database.rows(_FIRST, run.number, run.parent, "", shown)
        first = tuple(self._repeated(run, row, rows_shown) for row in found)
        return Repeats(opportunities, rows, first)

    def _repeated(self, run: Run, found: Row, rows_shown: int) -> Repeated:
        rows = self._database.rows(
            "SELECT opportunity_id, file, row FROM entries WHERE opportunity = ? AND run = ?"
            " AND state = 'planned' ORDER BY place_run, place_number LIMIT ?",
            found["opportunity"],
            run.number,
            rows_shown,
        )
        listed = list(rows)
        return Repeated(
            listed[0]["opportunity_id"],
            tuple((row["file"], row["row"]) for row in listed),
            found["n"],
        )

    def merge(self, run: Run) -> int:
        """Let the last row of each opportunity carry the values of its rows; gives how many merged.

        The rows are laid over one another in the source's order: a field that a later row leaves
        alone stays as an earlier one has it. Notes are joined, each text once. The other rows are
        `merged` and name their carrier.
        """
        merged = 0
        for opportunities in self._batches(run):
            with self._database.transaction():
                for opportunity in opportunities:
                    merged += self._merge(run, opportunity)
        return merged

    def _batches(self, run: Run) -> Iterator[list[str]]:
        """The opportunities with several rows; each batch is read before its rows are changed."""
        last = ""
        while True:
            found = self._database.rows(
                _NEXT, run.number, run.parent, last, OPPORTUNITIES_PER_TRANSACTION
            )
            batch = [row["opportunity"] for row in found]
            if not batch:
                return
            yield batch
            last = batch[-1]

    def _merge(self, run: Run, opportunity: str) -> int:
        values: list[str | None] = []
        notes: dict[str, None] = {}
        carrier = 0
        for row in self._database.rows(
            "SELECT number, note, field_values FROM entries WHERE opportunity = ? AND run = ?"
            " AND state = 'planned' ORDER BY place_run, place_number",
            opportunity,
            run.number,
        ):
            later = orjson.loads(row["field_values"])
            values = [
                old if new is None else new
                for old, new in zip(values or [None] * len(later), later, strict=True)
            ]
            if row["note"]:
                notes[row["note"]] = None
            carrier = row["number"]
        self._write_carrier(run, carrier, values, list(notes))
        return self._database.change(
            "UPDATE entries SET state = 'merged', other_run = ?1, other_number = ?2,"
            " updated_at = ?3 WHERE opportunity = ?4 AND run = ?1 AND state = 'planned'"
            " AND number <> ?2",
            run.number,
            carrier,
            time.time(),
            opportunity,
        )

    def _write_carrier(
        self, run: Run, number: int, values: list[str | None], notes: list[str]
    ) -> None:
        parts = encode_note_parts([(text, False) for text in notes]) if len(notes) > 1 else ""
        self._database.change(
            "UPDATE entries SET field_values = ?, note = ?, note_parts = ?, row_digest = x''"
            " WHERE run = ? AND number = ?",
            orjson.dumps(values).decode(),
            joined_notes(notes),
            parts,
            run.number,
            number,
        )

    def missing_from_mended(self, run: Run, original: Run) -> tuple[int, int] | None:
        """A row that is not in this plan, though one that went in the same call is mended by it.

        Gives both, as rows of the original; None when every group is whole.
        """
        row = self._database.row(_MISSING, run.number, original.number)
        return (row["missing"], row["given"]) if row is not None else None


def leave_notes_out(database: Database, place: Place, parts: NoteParts) -> None:
    """Send an entry without the notes that ``parts`` says are left out; a part of a transaction."""
    sent = [text for text, is_out in parts if not is_out]
    if not sent:
        database.change(
            "UPDATE entries SET leave_note_out = 1 WHERE run = ? AND number = ?", *place
        )
        return
    database.change(
        "UPDATE entries SET note = ?, note_parts = ? WHERE run = ? AND number = ?",
        joined_notes(sent),
        encode_note_parts(parts),
        *place,
    )
