"""Working through a sealed plan: what may be sent, the intent before a call, the outcome after it.

Owns the changes of state after the seal, and what is confirmed per opportunity. Each method is one
durable transaction. It decides nothing about replies.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from sqlite3 import Row
from typing import Final

import orjson

from migrator.ledger.columns import entry_of, note_parts, notes_of
from migrator.ledger.confirmed import Confirmed
from migrator.ledger.database import Database
from migrator.ledger.merging import leave_notes_out
from migrator.model import (
    NEXT_STATES,
    Blocked,
    Call,
    Clear,
    Doubt,
    DoubtfulNote,
    Entry,
    Failed,
    InDoubt,
    NotKept,
    NotSent,
    Outcome,
    Place,
    Reading,
    Run,
    RunState,
    State,
    Succeeded,
    Verdict,
)

_STEP_INTO: Final = {
    state: tuple(sorted(old for old, new in NEXT_STATES.items() if state in new)) for state in State
}
"""The states from which each state may be entered: the table of `migrator.model`, turned round."""


ROWS_LEFT: Final = """
    SELECT EXISTS (SELECT 1 FROM entries WHERE run = ?
        AND (state IN ('planned', 'sending') OR state = 'in_doubt' AND doubt = 'all'))
"""
"""Whether a run has rows left to send or to settle."""


class IllegalStepError(Exception):
    """An entry was to take a step that the table of states does not allow: a fault of ours."""


class WorkLedger:
    """The sealed plans of one ledger, as they are dispatched."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._confirmed = Confirmed(database)

    # -------------------------------------------------------------- picking

    def begin(self, run: Run) -> int:
        """Open a run. A call that was under way when an earlier process died is in doubt now.

        Gives how many entries that concerns.
        """
        with self._database.transaction():
            self._database.change(
                "UPDATE runs SET state = ?, finished_at = 0 WHERE run = ?",
                RunState.OPEN,
                run.number,
            )
            # A call whose answer was written down had no effect, or the row would be settled.
            self._database.change(
                "UPDATE entries AS e SET state = 'planned' WHERE run = ? AND state = 'sending'"
                " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.run = e.run"
                " AND a.number = e.number AND a.verdict IN ('', ?))",
                run.number,
                Verdict.UNKNOWN,
            )
            return self._database.change(
                "UPDATE entries SET state = 'in_doubt', doubt = 'all',"
                " message = 'the process ended while the call was under way'"
                " WHERE run = ? AND state = 'sending'",
                run.number,
            )

    def pick(
        self, run: Run, *, after: int, limit: int, chosen: Collection[int] | None
    ) -> list[Entry]:
        """The next entries to send or to settle, in the source's order, from number ``after``."""
        rows = self._database.rows(
            "SELECT * FROM entries WHERE run = ? AND number > ?"
            " AND (state = 'planned' OR state = 'in_doubt' AND doubt = 'all') ORDER BY number",
            run.number,
            after,
        )
        mine = (row for row in rows if chosen is None or row["number"] in chosen)
        source = run.source
        return [
            entry_of(row, source.schema_names, source.event_code) for row in islice(mine, limit)
        ]

    def examine(
        self, run: Run, entry: Entry, *, allow_older: bool, regardless: bool, at: float
    ) -> Clear | Blocked:
        """Whether an entry may be sent now; one that may not is marked so.

        Args:
            run: The run of the entry.
            entry: Picked, and nothing else of its opportunity under way.
            allow_older: Send it even when a later place has succeeded.
            regardless: Send it even when an earlier row of its opportunity is unsettled.
            at: Wall time.
        """
        with self._database.transaction():
            row = self._database.row(
                "SELECT * FROM entries WHERE run = ? AND number = ?", entry.run, entry.number
            )
            if row is None or row["state"] != entry.state:
                return Blocked(since_picked=True)
            entry = entry_of(row, run.source.schema_names, run.source.event_code)
            known = self._confirmed.known(run.account, entry.opportunity)
            if known.place > entry.place and not allow_older:
                self._supersede(entry, known.place, at)
                return Blocked()
            if self._is_behind_a_doubt(run, entry) and not allow_older:
                return Blocked()
            # One in doubt was sent before: it waits for none.
            waits = not regardless and entry.state is State.PLANNED
            earlier = self._unsettled_earlier(run, entry) if waits else None
            if earlier is not None:
                self._let_wait(entry.run, (entry.number,), earlier, at)
                return Blocked()
            return Clear(entry=entry, known=known, doubtful_notes=self._doubtful_notes(run, entry))

    def _is_behind_a_doubt(self, run: Run, entry: Entry) -> bool:
        """Whether a later row of its opportunity, sent without waiting, may have been applied.

        That one is settled first: this one, sent now, would overwrite it.
        """
        return bool(
            self._database.value(
                "SELECT EXISTS (SELECT 1 FROM entries e JOIN runs r ON r.run = e.run"
                " WHERE e.opportunity = ? AND (e.place_run, e.place_number) > (?, ?)"
                " AND r.account = ? AND e.state = 'in_doubt' AND e.doubt = 'all')",
                entry.opportunity,
                *entry.place,
                run.account,
            )
        )

    def _unsettled_earlier(self, run: Run, entry: Entry) -> Row | None:
        return self._database.row(
            "SELECT e.run, e.number, e.row FROM entries e JOIN runs r ON r.run = e.run"
            " WHERE e.opportunity = ? AND e.place_run = ? AND e.place_number < ?"
            " AND r.account = ? AND r.state <> 'planning'"
            " AND (e.state IN ('planned', 'sending', 'failed')"
            "      OR e.state = 'in_doubt' AND e.doubt = 'all')"
            " ORDER BY e.place_number LIMIT 1",
            entry.opportunity,
            *entry.place,
            run.account,
        )

    def _doubtful_notes(self, run: Run, entry: Entry) -> tuple[DoubtfulNote, ...]:
        rows = self._database.rows(
            "SELECT e.run, e.number, e.note, e.note_parts, e.attempted_at, e.doubt FROM entries e"
            " JOIN runs r ON r.run = e.run"
            " WHERE e.opportunity = ? AND e.state = 'in_doubt' AND r.account = ?"
            " AND e.note <> '' AND NOT e.leave_note_out AND NOT (e.run = ? AND e.number = ?)"
            " ORDER BY e.place_run, e.place_number",
            entry.opportunity,
            run.account,
            entry.run,
            entry.number,
        )
        return tuple(
            DoubtfulNote(
                place=(row["run"], row["number"]),
                notes=notes_of(row),
                attempted_at=row["attempted_at"],
                doubt=Doubt(row["doubt"]),
            )
            for row in rows
        )

    def leave_notes_out(self, entry: Entry, notes: Collection[str]) -> Entry:
        """Send the entry without some of its notes from now on; gives it as it is then."""
        parts = [(text, text in notes) for text in entry.notes]
        with self._database.transaction():
            leave_notes_out(self._database, (entry.run, entry.number), parts)
            self._database.change(
                "UPDATE runs SET notes_left_out = notes_left_out + ? WHERE run = ?",
                sum(is_out for _, is_out in parts),
                entry.run,
            )
        return replace(entry, notes=tuple(text for text, is_out in parts if not is_out))

    # -------------------------------------------------------------- sending

    def intend(self, entry: Entry, *, with_note: bool, again: bool, at: float) -> int:
        """Write down that a call leaves now; gives the number of the attempt.

        ``again``: the note was sent before and seems not to be there, so that it is possibly there
        twice.
        """
        database = self._database
        with database.transaction():
            self._step(entry, State.PLANNED, at, only_from=State.IN_DOUBT)
            self._step(entry, State.SENDING, at, only_from=State.PLANNED)
            self._confirmed.doubt(entry)
            database.change(
                "UPDATE entries SET attempts = attempts + 1, attempted_at = ?1,"
                " note_twice = note_twice OR ?2, doubt = NULL WHERE run = ?3 AND number = ?4",
                at,
                again and with_note,
                entry.run,
                entry.number,
            )
            attempt = int(
                database.value(
                    "SELECT attempts FROM entries WHERE run = ? AND number = ?",
                    entry.run,
                    entry.number,
                )
            )
            database.change(
                "INSERT INTO attempts (run, number, attempt, started_at, with_note)"
                " VALUES (?, ?, ?, ?, ?)",
                entry.run,
                entry.number,
                attempt,
                at,
                with_note,
            )
        return attempt

    def note_call(self, entry: Entry, call: Call) -> None:
        """Write down what an attempt brought; the entry's state stays."""
        self._database.change(
            "UPDATE attempts SET finished_at = ?, verdict = ?, http_status = ?, exception = ?,"
            " message = ? WHERE run = ? AND number = ? AND attempt = ?",
            call.at,
            call.reading.verdict,
            call.reading.status,
            call.reading.exception,
            call.reading.message,
            entry.run,
            entry.number,
            call.attempt,
        )

    def settle(
        self,
        run: Run,
        entry: Entry,
        outcome: Outcome,
        *,
        call: Call | None,
        with_note: bool,
        holds: bool,
        at: float,
    ) -> int:
        """Make an outcome durable; what waits for a row that is not settled is marked so.

        Args:
            run: The run of the entry.
            entry: As `examine` gave it.
            outcome: What became of it.
            call: The call that led to it, where it is not written down yet.
            with_note: Whether the note was in the call that the outcome speaks of.
            holds: Whether a failure or a doubt makes the later rows of its opportunity wait.
            at: Wall time.

        Returns:
            How many later entries of its opportunity, in this run, wait for it.
        """
        with self._database.transaction():
            if call is not None:
                self.note_call(entry, call)
            match outcome:
                case Succeeded(guid=guid, note_confirmed=note_confirmed):
                    self._step(entry, State.SUCCEEDED, at)
                    self._write_reading(entry, None)
                    self._confirmed.confirm(
                        run,
                        entry,
                        with_note=note_confirmed and with_note,
                        is_whole=note_confirmed or not entry.notes,
                        at=at,
                    )
                    self._confirmed.join(run, entry, guid, at=at)
                case NotSent(reading=reading):
                    self._step(entry, State.PLANNED, at)
                    self._write_reading(entry, reading)
                    self._free_waiting(entry, at)
                case InDoubt(doubt=doubt, reading=reading, guid=guid):
                    self._step(entry, State.IN_DOUBT, at)
                    self._write_reading(entry, reading, doubt)
                    if doubt is Doubt.NOTE:
                        self._confirmed.confirm(run, entry, with_note=False, at=at)
                        self._confirmed.join(run, entry, guid, at=at)
                case Failed(reading=reading):
                    self._step(entry, State.FAILED, at)
                    self._write_reading(entry, reading)
                case NotKept():
                    self._step(entry, State.FAILED, at)
                    self._write_reading(entry, outcome.reading)
                    self._confirm_what_was_kept(run, entry, outcome, with_note=with_note, at=at)
            stands = isinstance(outcome, InDoubt) and outcome.doubt is Doubt.ALL
            if holds and (stands or isinstance(outcome, Failed | NotKept)):
                return self._hold_later(run, entry, at)
            return 0

    def _confirm_what_was_kept(
        self, run: Run, entry: Entry, outcome: NotKept, *, with_note: bool, at: float
    ) -> None:
        lost = {loss.schema_name for loss in outcome.losses}
        kept = tuple(field for field in entry.fields if field.schema_name not in lost)
        self._confirmed.confirm(run, replace(entry, fields=kept), with_note=with_note, at=at)
        self._confirmed.join(run, entry, outcome.guid, at=at)
        if with_note:
            self._database.change(
                "UPDATE entries SET leave_note_out = 1 WHERE run = ? AND number = ?",
                entry.run,
                entry.number,
            )

    def _free_waiting(self, entry: Entry, at: float) -> None:
        self._database.change(
            "UPDATE entries SET state = 'planned', waits_for = 0, message = '', updated_at = ?"
            " WHERE run = ? AND waits_for = ? AND state = 'failed'",
            at,
            entry.run,
            entry.number,
        )

    def _hold_later(self, run: Run, entry: Entry, at: float) -> int:
        rows = self._database.rows(
            "SELECT number FROM entries WHERE run = ? AND opportunity = ? AND state = 'planned'"
            " AND place_run = ? AND place_number > ?",
            run.number,
            entry.opportunity,
            *entry.place,
        )
        later = [row["number"] for row in rows]
        itself = self._database.row(
            "SELECT number, row FROM entries WHERE run = ? AND number = ?", entry.run, entry.number
        )
        if later and itself is not None:
            self._let_wait(entry.run, later, itself, at)
        return len(later)

    def _let_wait(self, run: int, numbers: Sequence[int], earlier: Row, at: float) -> None:
        self._database.change_many(
            "UPDATE entries SET state = 'failed', waits_for = ?, message = ?, http_status = 0,"
            " exception = '', updated_at = ? WHERE run = ? AND number = ? AND state = 'planned'",
            [
                (earlier["number"], f"waits for row {earlier['row']}", at, run, number)
                for number in numbers
            ],
        )

    def _supersede(self, entry: Entry, by: Place, at: float) -> None:
        self._step(entry, State.SUPERSEDED, at)
        self._database.change(
            "UPDATE entries SET doubt = NULL, other_run = ?, other_number = ?, message = ?"
            " WHERE run = ? AND number = ?",
            *by,
            "a later row of its opportunity stands in its place",
            entry.run,
            entry.number,
        )

    def _step(
        self, entry: Entry, state: State, at: float, *, only_from: State | None = None
    ) -> None:
        """Take one step of the table of states; without ``only_from`` it must be possible."""
        allowed = (only_from,) if only_from else (*_STEP_INTO[state], state)
        changed = self._database.change(
            "UPDATE entries SET state = ?, updated_at = ? WHERE run = ? AND number = ?"
            " AND state IN (SELECT value FROM json_each(?))",
            state,
            at,
            entry.run,
            entry.number,
            orjson.dumps(allowed).decode(),
        )
        if not changed and only_from is None:
            raise IllegalStepError(f"entry {entry.run}/{entry.number} cannot become {state}")

    def _write_reading(
        self, entry: Entry, reading: Reading | None, doubt: Doubt | None = None
    ) -> None:
        self._database.change(
            "UPDATE entries SET doubt = ?, http_status = ?, exception = ?, message = ?,"
            " waits_for = 0 WHERE run = ? AND number = ?",
            doubt,
            reading.status if reading else 200,
            reading.exception if reading else "",
            reading.message if reading else "",
            entry.run,
            entry.number,
        )

    def finish(self, run: Run, *, at: float) -> RunState:
        """Say what a run has come to after a dispatch."""
        left = self._database.value(ROWS_LEFT, run.number)
        state = RunState.OPEN if left else RunState.FINISHED
        self._database.change(
            "UPDATE runs SET state = ?, finished_at = ? WHERE run = ?",
            state,
            0.0 if left else at,
            run.number,
        )
        return state

    # -------------------------------------------------------------- notes in doubt

    def settle_doubtful_note(
        self, run: Run, entry: Entry, doubtful: DoubtfulNote, *, is_there: bool, at: float
    ) -> None:
        """A read of the CRM told whether a doubtful note is there, before ``entry`` is sent.

        One that is there: its entry has succeeded, and a later row of another run that was planned
        with the same note, since it was not confirmed then, goes without. One that is not (or that
        is sent again all the same), of a closed run, whose note ``entry`` brings: ``entry`` stands
        in its place. Any other stays in doubt.
        """
        run_number, number = doubtful.place
        row = self._database.row(
            "SELECT e.*, r.schema_names, r.event_code, r.state AS run_state FROM entries e"
            " JOIN runs r ON r.run = e.run WHERE e.run = ? AND e.number = ?",
            run_number,
            number,
        )
        if row is None or row["state"] != State.IN_DOUBT:
            return
        old = entry_of(row, orjson.loads(row["schema_names"]), row["event_code"])
        with self._database.transaction():
            if is_there:
                self._confirm_doubtful_note(run, old, doubtful, at)
                if old.run != entry.run:
                    self._leave_out_of_later(entry, set(doubtful.notes) - set(entry.notes))
            elif row["run_state"] == RunState.CLOSED and set(doubtful.notes) <= set(entry.notes):
                self._supersede(old, (entry.run, entry.number), at)
                # Nothing else will tell that the note was sent before.
                self._database.change(
                    "UPDATE entries SET note_twice = 1 WHERE run = ? AND number = ?",
                    entry.run,
                    entry.number,
                )

    def _leave_out_of_later(self, entry: Entry, notes: Collection[str]) -> None:
        left = set(notes)
        rows = self._database.rows(
            "SELECT * FROM entries WHERE run = ? AND opportunity = ? AND state = 'planned'"
            " AND number <> ? AND note <> '' AND NOT leave_note_out ORDER BY number",
            entry.run,
            entry.opportunity,
            entry.number,
        )
        for row in list(rows):
            parts = [(text, is_out or text in left) for text, is_out in note_parts(row)]
            found = left & set(notes_of(row))
            if found:
                leave_notes_out(self._database, (entry.run, row["number"]), parts)
                self._database.change(
                    "UPDATE runs SET notes_left_out = notes_left_out + ? WHERE run = ?",
                    len(found),
                    entry.run,
                )
                left -= found

    def _confirm_doubtful_note(
        self, run: Run, old: Entry, doubtful: DoubtfulNote, at: float
    ) -> None:
        self._step(old, State.SUCCEEDED, at)
        self._write_reading(old, None)
        if doubtful.doubt is Doubt.ALL:
            self._confirmed.confirm(run, old, with_note=True, at=at)
        else:
            self._confirmed.confirm_notes(run, old.opportunity, doubtful.notes, at=at)
