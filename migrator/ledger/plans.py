"""Writing a plan: streamed in, marked against what is confirmed, sealed in one transaction.

Owns runs until they are sealed, and how a newer plan takes an older one's place. Sends nothing.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import groupby
from sqlite3 import Row
from typing import Final, NamedTuple

import orjson

from migrator.compare import is_digest_of
from migrator.ledger.columns import (
    decode_values,
    encode_cells,
    encode_problems,
    encode_values,
    known_of,
    note_parts,
    run_of,
)
from migrator.ledger.confirmed import Confirmed
from migrator.ledger.database import Database
from migrator.ledger.merging import NoteParts, leave_notes_out
from migrator.ledger.sightings import joined_guids, number_opportunities
from migrator.model import (
    IdKind,
    Known,
    Place,
    Rejected,
    Run,
    RunState,
    Source,
    SourceRow,
    State,
    Update,
    opportunity_key,
    text_digest,
)

ROWS_PER_TRANSACTION: Final = 1000
CELLS: Final = 6  #: The position of the cells among the values of an entry.

_INSERT: Final = """
    INSERT INTO entries (run, number, file, sheet, row, line, cells, opportunity, opportunity_id,
        id_kind, note, field_values, place_run, place_number, state, problems, updated_at,
        row_digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_WITH_CONFIRMED: Final = """
    SELECT e.number, e.opportunity, e.note, e.note_parts, e.field_values,
        c.value_digests, c.note_counts, c.last_note, c.place_run, c.place_number
    FROM entries e JOIN confirmed c ON c.account = ? AND c.opportunity = e.opportunity
    WHERE e.run = ? AND e.state IN ('planned', 'unchanged')
    ORDER BY e.opportunity, e.number
"""


# An entry that was mended before names its copy: when that needs mending, too, it is corrected.
_CORRECT: Final = """
    WITH RECURSIVE mended (by, run, number) AS (
        SELECT number, place_run, place_number FROM entries WHERE run = ?2 AND place_run <> ?2
        UNION ALL
        SELECT m.by, e.other_run, e.other_number FROM mended m
        JOIN entries e ON e.run = m.run AND e.number = m.number
        WHERE e.state = 'corrected' AND e.other_run IS NOT NULL)
    UPDATE entries AS old SET state = 'corrected', updated_at = ?1,
        other_run = ?2, other_number = m.by
    FROM mended m WHERE old.run = m.run AND old.number = m.number
        AND old.state IN ('failed', 'rejected')
"""


class PlannedRow(NamedTuple):
    """A source row and what the mapping made of it."""

    row: SourceRow
    result: Update | Rejected
    place: Place | None  #: Of the entry that this one is a mended copy of.
    digest: bytes = b""  #: Of the cells that are mapped, seeded with the mapping; b"": none.


class Marks(NamedTuple):
    """What `PlanLedger.mark` found."""

    unchanged: int
    notes_left_out: int


class PlanLedger:
    """Plans of one ledger."""

    def __init__(self, database: Database, tag: str) -> None:
        self._database = database
        self._tag = tag

    def begin(
        self,
        source: Source,
        *,
        account: str,
        kind: str = "update",
        parent: int = 0,
        keeps_images: bool = False,
        mapping_text: str = "",
    ) -> Run:
        """Make a run that is being planned; the mapping's text holds no key (`without_keys`)."""
        database = self._database
        with database.transaction():
            number = 1 + database.value("SELECT coalesce(max(run), 0) FROM runs")
            database.change(
                "INSERT INTO runs (run, kind, parent, state, account, source_name, mapping_name,"
                " mapping_digest, event_code, columns, schema_names, notes, before_image,"
                " created_at, mapping_text_digest)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                number,
                kind,
                parent,
                RunState.PLANNING,
                account,
                source.name,
                source.mapping_name,
                source.mapping_digest,
                source.event_code,
                orjson.dumps(source.columns).decode(),
                orjson.dumps(source.schema_names).decode(),
                source.notes,
                "wanted" if keeps_images else "none",
                time.time(),
                self._keep_text(mapping_text),
            )
        return self.run(number)

    def _keep_text(self, text: str) -> str:
        """Keep a mapping's text once, whatever the number of its runs; gives its digest."""
        if not text:
            return ""
        digest = text_digest(text)
        self._database.change(
            "INSERT OR IGNORE INTO mapping_texts (text_digest, text) VALUES (?, ?)", digest, text
        )
        return digest

    def run(self, number: int) -> Run:
        """The run as it stands."""
        row = self._database.row("SELECT * FROM runs WHERE run = ?", number)
        if row is None:
            raise LookupError(number)
        return run_of(row, self._tag)

    def add(
        self,
        run: Run,
        rows: Sequence[PlannedRow],
        *,
        first_number: int,
        content: blake2b | None = None,
    ) -> None:
        """Write entries, numbered from ``first_number``, in one short transaction.

        ``content`` takes in their cells: it becomes the digest by which a source is recognised.
        """
        now = time.time()
        auto_ids = self._guids(run, rows)
        values = [
            _entry(run, number, planned, auto_ids, now)
            for number, planned in enumerate(rows, first_number)
        ]
        if content is not None:
            for value in values:
                content.update(str(value[CELLS]).encode())
        with self._database.transaction():
            self._database.change_many(_INSERT, values)

    def _guids(self, run: Run, rows: Sequence[PlannedRow]) -> dict[str, str]:
        """The GUIDs that are known for the AutoIds among the rows."""
        keys = {
            opportunity_key(p.result.opportunity_id, p.result.id_kind, run.source.event_code)
            for p in rows
            if isinstance(p.result, Update) and p.result.id_kind is IdKind.AUTO_ID
        }
        return joined_guids(self._database, run.account, keys) if keys else {}

    def mark(self, run: Run, *, send_all: bool, by_values: bool = True) -> Marks:
        """Mark what need not be sent (DESIGN section 5, "Confirmed"); may be called again.

        Per opportunity the longest beginning of its rows that gives exactly what is confirmed is
        `unchanged`; of the rest, a note already confirmed as often is left out. A row with nothing
        to send is `unchanged`, too. With ``send_all`` only the last is marked. Merged rows stay
        merged: their carrier is what may be unchanged. Without ``by_values`` only notes are looked
        at: the fields were compared before.
        """
        database = self._database
        with database.transaction():
            database.change(
                "UPDATE entries SET state = 'planned', leave_note_out = 0"
                " WHERE run = ? AND (state = 'unchanged' OR leave_note_out)",
                run.number,
            )
            unchanged, known_notes = (
                ([], []) if send_all else self._confirmed_entries(run, by_values=by_values)
            )
            _set(database, run, unchanged, "state = 'unchanged'")
            for number, parts in known_notes:
                leave_notes_out(database, (run.number, number), parts)
            left_out = sum(is_out for _, parts in known_notes for _, is_out in parts)
            nothing_to_send = database.change(
                "UPDATE entries SET state = 'unchanged' WHERE run = ? AND state = 'planned'"
                " AND (note = '' OR leave_note_out) AND field_values = ?",
                run.number,
                encode_values((), run.source.schema_names),
            )
            database.change(
                "UPDATE runs SET notes_left_out = ? WHERE run = ?", left_out, run.number
            )
        return Marks(len(unchanged) + nothing_to_send, left_out)

    def _confirmed_entries(
        self, run: Run, *, by_values: bool
    ) -> tuple[list[int], list[tuple[int, NoteParts]]]:
        unchanged: list[int] = []
        known_notes: list[tuple[int, NoteParts]] = []
        rows = self._database.rows(_WITH_CONFIRMED, run.account, run.number)
        for _, group in groupby(rows, key=lambda row: row["opportunity"]):
            entries = list(group)
            known = known_of(entries[0])
            names = run.source.schema_names
            length = _confirmed_beginning(entries, known, names) if by_values else 0
            unchanged += [row["number"] for row in entries[:length]]
            known_notes += _confirmed_notes(entries, known, length)
        return unchanged, known_notes

    def seal(self, run: Run, *, content_digest: str, rows_read: int, blank_rows: int) -> Run:
        """Make the plan binding, and mark the entries that it mends as corrected."""
        database = self._database
        with database.transaction():
            number_opportunities(database, run)
            database.change(
                "UPDATE entries SET needs_call = 1 WHERE run = ? AND state = 'planned'", run.number
            )
            database.change(_CORRECT, time.time(), run.number)
            database.change(
                "UPDATE runs SET state = ?, content_digest = ?, rows_read = ?, blank_rows = ?"
                " WHERE run = ?",
                RunState.READY,
                content_digest,
                rows_read,
                blank_rows,
                run.number,
            )
        return self.run(run.number)

    def discard(self, run: Run) -> None:
        """Remove a plan that was not sealed."""
        with self._database.transaction():
            for table in ("entries", "before_images", "differences"):
                self._database.change(
                    f"DELETE FROM {table} WHERE run ="  # noqa: S608 - three names
                    " (SELECT run FROM runs WHERE run = ? AND state = ?)",
                    run.number,
                    RunState.PLANNING,
                )
            self._database.change(
                "DELETE FROM runs WHERE run = ? AND state = ?", run.number, RunState.PLANNING
            )

    def unsealed(self) -> list[Run]:
        """Plans that were begun and not sealed: a process writes them, or died doing so."""
        rows = self._database.rows("SELECT * FROM runs WHERE state = ?", RunState.PLANNING)
        return [run_of(row, self._tag) for row in rows]

    def close(self, old: Run, *, by: Run) -> int:
        """Let ``by`` stand in the place of ``old``: what is left of it is superseded.

        A note that may or may not be there stays in doubt, so that it is looked up before its
        opportunity's next row. What a call in doubt may have written is not known any more. Gives
        how many entries were superseded.
        """
        database = self._database
        now = time.time()
        with database.transaction():
            self._forget_what_is_in_doubt(old)
            database.change(
                "UPDATE entries SET doubt = 'note', updated_at = ? WHERE run = ?"
                " AND state = 'in_doubt' AND doubt = 'all' AND note <> '' AND NOT leave_note_out",
                now,
                old.number,
            )
            superseded = database.change(
                "UPDATE entries SET state = 'superseded', doubt = NULL, other_run = ?,"
                " message = ?, updated_at = ? WHERE run = ? AND (state IN ('planned', 'failed')"
                " OR state = 'in_doubt' AND doubt = 'all')",
                by.number,
                f"run {by.id} stands in its place",
                now,
                old.number,
            )
            database.change(
                "UPDATE runs SET state = ?, finished_at = ? WHERE run = ?",
                RunState.CLOSED,
                now,
                old.number,
            )
        return superseded

    def _forget_what_is_in_doubt(self, run: Run) -> None:
        doubtful = self._database.rows(
            "SELECT opportunity, field_values FROM entries"
            " WHERE run = ? AND state = 'in_doubt' AND doubt = 'all'",
            run.number,
        )
        confirmed = Confirmed(self._database)
        for row in list(doubtful):
            names = [
                name for name, _ in decode_values(row["field_values"], run.source.schema_names)
            ]
            confirmed.forget_values(run, row["opportunity"], names)

    def shared_with_open_runs(self, run: Run) -> int:
        """How many opportunities of this plan are still to be sent by another run, too."""
        return int(
            self._database.value(
                "SELECT count(DISTINCT e.opportunity) FROM entries e JOIN entries o"
                " ON o.opportunity = e.opportunity AND o.run <> e.run"
                " AND o.state IN ('planned', 'sending') JOIN runs r ON r.run = o.run"
                " WHERE e.run = ? AND e.state = 'planned' AND r.account = ?"
                " AND r.state IN ('ready', 'open')",
                run.number,
                run.account,
            )
        )

    def same_names(self, source: Source, *, account: str) -> Iterator[Run]:
        """Sealed runs of this account, source name and mapping name, the newest first."""
        rows = self._database.rows(
            "SELECT * FROM runs WHERE account = ? AND source_name = ? AND mapping_name = ?"
            " AND state NOT IN ('planning', 'closed') ORDER BY run DESC",
            account,
            source.name,
            source.mapping_name,
        )
        return (run_of(row, self._tag) for row in rows)


def _entry(
    run: Run, number: int, planned: PlannedRow, auto_ids: dict[str, str], now: float
) -> tuple[object, ...]:
    row, result, place, digest = planned
    place_run, place_number = place or (run.number, number)
    head = (run.number, number, row.file, row.sheet, row.row, row.line, encode_cells(row.cells))
    tail = (place_run, place_number)
    if isinstance(result, Rejected):
        problems = encode_problems(result.problems)
        return (*head, "", "", IdKind.GUID, "", "[]", *tail, State.REJECTED, problems, now, b"")
    key = opportunity_key(result.opportunity_id, result.id_kind, run.source.event_code)
    values = encode_values(result.fields, run.source.schema_names)
    return (
        *head,
        auto_ids.get(key, key),
        result.opportunity_id,
        result.id_kind,
        result.note,
        values,
        *tail,
        State.PLANNED,
        "",
        now,
        digest,
    )


def _set(database: Database, run: Run, numbers: Iterable[int], assignment: str) -> None:
    """``assignment`` is one of this module's constants."""
    database.change_many(
        f"UPDATE entries SET {assignment} WHERE run = ? AND number = ?",  # noqa: S608 - constants
        [(run.number, number) for number in numbers],
    )


def _confirmed_beginning(rows: list[Row], known: Known, schema_names: Sequence[str]) -> int:
    """How many of an opportunity's first rows, laid over one another, give what is confirmed."""
    differing: set[str] = set()
    notes: Counter[str] = Counter()
    longest = 0
    for position, row in enumerate(rows, 1):
        for name, value in decode_values(row["field_values"], schema_names):
            if is_digest_of(known.values.get(name, ""), value):
                differing.discard(name)
            else:
                differing.add(name)
        digests = [text_digest(text) for text, _ in note_parts(row)]
        notes.update(digests)
        if any(notes[digest] > known.notes.get(digest, 0) for digest in digests):
            break
        if not differing:
            longest = position
    return longest


def _confirmed_notes(
    rows: list[Row], known: Known, sent_from: int
) -> Iterator[tuple[int, NoteParts]]:
    """The rows, from position ``sent_from``, with a note that is confirmed as often."""
    notes: Counter[str] = Counter()
    for position, row in enumerate(rows):
        parts = []
        for text, _ in note_parts(row):
            digest = text_digest(text)
            notes[digest] += 1
            parts.append((text, notes[digest] <= known.notes.get(digest, 0)))
        if position >= sent_from and any(is_out for _, is_out in parts):
            yield row["number"], parts
