"""Reading the ledger for people and programs: runs, balances, reasons, entries.

Owns no state and changes nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from sqlite3 import Row
from typing import Final

import orjson

from migrator.catalogue import Kind, kind_of_answer, known
from migrator.errors import UsageError
from migrator.ledger.columns import decode_cells, decode_problems, record_of, run_of
from migrator.ledger.database import Database
from migrator.ledger.work import ROWS_LEFT
from migrator.model import Balance, Doubt, EntryRecord, Place, Reason, Run, RunState, State
from migrator.reasons import Reasons

_WITH_CARRIER: Final = """
    SELECT e.*, c.file AS carrier_file, c.row AS carrier_row, c.state AS carrier_state
    FROM entries e LEFT JOIN entries c
        ON e.state = 'merged' AND c.run = e.other_run AND c.number = e.other_number
"""
_ENTRY: Final = f"{_WITH_CARRIER} WHERE e.run = ? AND e.number = ?"
_ENTRIES: Final = f"""{_WITH_CARRIER} WHERE e.run = ?1
    AND (e.state IN (SELECT value FROM json_each(?2))
        OR c.state IN (SELECT value FROM json_each(?2)))
    ORDER BY e.number
"""  # noqa: S608 - constants
# As `encode_cells` writes them; what a text looks like so is sorted out when the cells are read.
_WITH_TIMES: Final = """
    SELECT cells FROM entries WHERE run = ? AND (cells LIKE '%{"date%' OR cells LIKE '%{"time"%'
        OR cells LIKE '%{"seconds"%') ORDER BY number LIMIT ?
"""
_ROWS_JUDGED: Final = 1_000
_CORRECTED: Final = """
    WITH RECURSIVE copies AS (
        SELECT c.state, c.other_run, c.other_number FROM entries m
            JOIN entries c ON c.run = m.other_run AND c.number = m.other_number
            WHERE m.run = ? AND m.state = 'corrected'
        UNION ALL
        SELECT c.state, c.other_run, c.other_number FROM copies p
            JOIN entries c ON c.run = p.other_run AND c.number = p.other_number
            WHERE p.state = 'corrected'
    )
    SELECT state, count(*) AS n FROM copies WHERE state <> 'corrected' GROUP BY state
"""


class Records:
    """What the ledger holds, as it is shown."""

    def __init__(self, database: Database, tag: str) -> None:
        self._database = database
        self._tag = tag

    def runs(self) -> list[Run]:
        """All sealed runs, the newest first."""
        rows = self._database.rows(
            "SELECT * FROM runs WHERE state <> ? ORDER BY run DESC", RunState.PLANNING
        )
        return [run_of(row, self._tag) for row in rows]

    def run(self, run_id: str) -> Run:
        """The run with an id, in full ("r3-9f2c1a") or by its number ("r3").

        Raises:
            UsageError: There is none, or the id is another ledger's.
        """
        for run in self.runs():
            if run_id in (run.id, f"r{run.number}"):
                return run
        known = ", ".join(run.id for run in self.runs()) or "none yet"
        raise UsageError(
            f'there is no run "{run_id}" in this ledger',
            where=str(self._database.path),
            advice=f"Its runs are: {known}. `migrator status` shows the latest.",
        )

    def is_unfinished(self, run: Run) -> bool:
        """Whether rows are left to send or to settle."""
        return bool(self._database.value(ROWS_LEFT, run.number))

    def balance(self, run: Run) -> Balance:
        """Every source row of the run in exactly one box."""
        states = {
            State(row["state"]): row["n"]
            for row in self._database.rows(
                "SELECT state, count(*) AS n FROM entries WHERE run = ? GROUP BY state", run.number
            )
        }
        if run.unchanged_rows:
            states[State.UNCHANGED] = states.get(State.UNCHANGED, 0) + run.unchanged_rows
        row = self._database.row(
            "SELECT coalesce(sum(state = 'in_doubt' AND doubt = 'note'), 0) AS note_only,"
            " coalesce(sum(state = 'failed' AND waits_for > 0), 0) AS waiting,"
            " coalesce(sum(note_twice), 0) AS twice, coalesce(sum(attempts), 0) AS calls,"
            " coalesce(sum(state = 'succeeded' AND verified_at > 0), 0) AS verified,"
            " (SELECT count(DISTINCT number) FROM differences WHERE run = ?1 AND kind = 'lost')"
            " AS otherwise,"
            " (SELECT count(DISTINCT number) FROM differences WHERE run = ?1"
            " AND kind = 'conflict') AS conflicts FROM entries WHERE run = ?1",
            run.number,
        )
        if row is None:
            raise LookupError(run.id)
        merged = self._merged(run) if State.MERGED in states else {}
        corrected = self._corrected(run) if State.CORRECTED in states else {}
        return Balance(
            rows_read=run.rows_read,
            blank_rows=run.blank_rows,
            states=states,
            in_doubt_note_only=row["note_only"],
            waiting=row["waiting"],
            notes_possibly_twice=row["twice"],
            calls=row["calls"],
            verified=row["verified"],
            otherwise=row["otherwise"],
            conflicts=row["conflicts"],
            merged=merged,
            corrected=corrected,
        )

    def opportunities_to_send(self, run: Run) -> int:
        """How many opportunities the run's planned rows are about."""
        return int(
            self._database.value(
                "SELECT count(DISTINCT opportunity) FROM entries WHERE run = ?"
                " AND state = 'planned'",
                run.number,
            )
        )

    def values_taken(self, run: Run, schema_name: str, *, most: int = 500) -> list[str]:
        """Different values of a field that LeadSquared took in the run, at most so many."""
        if schema_name not in run.source.schema_names:
            return []
        rows = self._database.rows(
            "SELECT DISTINCT field_values ->> ? FROM entries WHERE run = ? AND state = 'succeeded'"
            " AND field_values ->> ?1 <> '' LIMIT ?",
            f"$[{run.source.schema_names.index(schema_name)}]",
            run.number,
            most,
        )
        return [str(row[0]) for row in rows]

    def calls_per_second(self, run: Run, *, now: float, seconds: float) -> float:
        """How fast the run's calls left in the last ``seconds``, or since its last beginning.

        0.0 until a second has passed; ``now`` is wall time.
        """
        row = self._database.row(
            "SELECT count(*), coalesce(min(started_at), 0) FROM attempts"
            " WHERE run = ? AND started_at > ?",
            run.number,
            now - seconds,
        )
        count, first = row or (0, 0.0)
        return count / (now - first) if count and now - first >= 1.0 else 0.0

    def _corrected(self, run: Run) -> dict[State, int]:
        """The corrected rows, by the state of the newest of their mended copies."""
        rows = self._database.rows(_CORRECTED, run.number)
        return {State(row["state"]): row["n"] for row in rows}

    def _merged(self, run: Run) -> dict[State, int]:
        """The merged rows, by the state of their carrier."""
        rows = self._database.rows(
            "SELECT c.state, count(*) AS n FROM entries m JOIN entries c"
            " ON c.run = m.other_run AND c.number = m.other_number"
            " WHERE m.run = ? AND m.state = 'merged' GROUP BY c.state",
            run.number,
        )
        return {State(row["state"]): row["n"] for row in rows}

    def reasons(self, run: Run, states: Collection[State]) -> list[Reason]:
        """Why rows stand in ``states``, the commonest reason first; values are masked."""
        several = self._database.value(
            "SELECT MIN(file) <> MAX(file) FROM entries WHERE run = ?", run.number
        )
        reasons = Reasons(names_files=bool(several))
        for row in self._rows_in(run, states):
            problems = decode_problems(row["problems"])
            for one in problems:
                title = f'{one.code} in "{one.column}"' if one.column else one.code
                told = (title, one.reason, one.advice)
                reasons.add(*told, code=one.code, row=row["row"], file=row["file"])
            if not problems:
                kind = _kind_of(row)
                told = (row["exception"], row["message"], kind.mend)
                reasons.add(*told, code=kind.code, row=row["row"], file=row["file"])
        return reasons.listed()

    def entries(self, run: Run, states: Collection[State] | None = None) -> Iterator[EntryRecord]:
        """The run's entries in the source's order, streamed; all, or those in ``states``.

        A merged row is also where its carrier is: its values were sent, or failed, with it.
        """
        rows = self._database.rows(
            _ENTRIES, run.number, orjson.dumps(list(states or State)).decode()
        )
        return map(record_of, rows)

    def kinds_of_columns(self, run: Run) -> dict[int, type]:
        """The columns, by place, that hold dates or times, each with the commonest kind of them.

        Judged by the first rows that have some.
        """
        counts: Counter[tuple[int, type]] = Counter()
        for row in self._database.rows(_WITH_TIMES, run.number, _ROWS_JUDGED):
            cells = enumerate(decode_cells(row["cells"]))
            counts.update((at, type(cell)) for at, cell in cells if not isinstance(cell, str))
        return {at: kind for (at, kind), _ in sorted(counts.items(), key=lambda item: item[1])}

    def _rows_in(self, run: Run, states: Collection[State]) -> Iterator[Row]:
        return self._database.rows(
            "SELECT * FROM entries WHERE run = ?"
            " AND state IN (SELECT value FROM json_each(?)) ORDER BY number",
            run.number,
            orjson.dumps(list(states)).decode(),
        )

    def copies_in(self, run: int) -> dict[Place, int]:
        """The mended copies of a run: the place of the entry that each mends, to its number."""
        rows = self._database.rows(
            "SELECT place_run, place_number, number FROM entries"
            " WHERE run = ? AND place_run <> run",
            run,
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def entry(self, place: Place) -> EntryRecord | None:
        """One entry by run and number."""
        row = self._database.row(_ENTRY, *place)
        return record_of(row) if row is not None else None


def _kind_of(row: Row) -> Kind:
    """Of an entry without problems of its own: what LeadSquared said, or what keeps it."""
    if row["state"] == State.IN_DOUBT:
        return known("note-in-doubt" if row["doubt"] == Doubt.NOTE else "in-doubt")
    if row["waits_for"]:
        return known("waits-for-earlier-row")
    return kind_of_answer(row["exception"])
