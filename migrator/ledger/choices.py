"""Choosing entries of a sealed plan, and taking failed or doubtful ones up again.

Owns which rows a command speaks of; it sends nothing and reads no replies.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import orjson

from migrator.ledger.columns import entry_of, notes_of
from migrator.ledger.confirmed import Confirmed
from migrator.ledger.database import Database
from migrator.model import Doubt, Entry, Run, State
from migrator.reasons import masked
from migrator.redact import printable


class Attempted(NamedTuple):
    """An entry that was attempted, and until when its opportunity is known to be ours."""

    entry: Entry
    since: float  #: Wall time of what the ledger knows last of the opportunity.


class Choices:
    """The sealed plans of one ledger, as a person picks rows from them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._confirmed = Confirmed(database)

    def numbers_of_rows(self, run: Run, rows: Sequence[tuple[int, int]]) -> list[int]:
        """The entries whose row lies in one of the ranges; for a merged one its carrier."""
        numbers: dict[int, None] = {}
        for first, last in rows:
            found = self._database.rows(
                "SELECT iif(state = 'merged', other_number, number) AS chosen FROM entries"
                " WHERE run = ? AND row BETWEEN ? AND ? ORDER BY number",
                run.number,
                first,
                last,
            )
            numbers |= dict.fromkeys(row["chosen"] for row in found)
        return list(numbers)

    def carried(self, run: Run, rows: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The merged rows in the ranges, each with the row of its carrier."""
        for first, last in rows:
            found = self._database.rows(
                "SELECT m.row, c.row AS carrier_row FROM entries m JOIN entries c"
                " ON c.run = m.other_run AND c.number = m.other_number WHERE m.run = ?"
                " AND m.row BETWEEN ? AND ? AND m.state = 'merged' ORDER BY m.number",
                run.number,
                first,
                last,
            )
            yield from ((row["row"], row["carrier_row"]) for row in found)

    def first_numbers(self, run: Run, count: int) -> list[int]:
        """The first ``count`` entries that needed a call when the plan was sealed."""
        rows = self._database.rows(
            "SELECT number FROM entries WHERE run = ? AND needs_call ORDER BY number LIMIT ?",
            run.number,
            count,
        )
        return [row["number"] for row in rows]

    def with_earlier(self, run: Run, numbers: Collection[int]) -> frozenset[int]:
        """The chosen entries, and the earlier planned rows of their opportunities."""
        chosen = set(numbers)
        for number in numbers:
            rows = self._database.rows(
                "SELECT earlier.number FROM entries e JOIN entries earlier"
                " ON earlier.opportunity = e.opportunity AND earlier.run = e.run"
                " AND earlier.number < e.number WHERE e.run = ? AND e.number = ?"
                " AND e.opportunity <> '' AND (earlier.state = 'planned'"
                " OR earlier.state = 'in_doubt' AND earlier.doubt = 'all')",
                run.number,
                number,
            )
            chosen.update(row["number"] for row in rows)
        return frozenset(chosen)

    def attempted_before(
        self,
        run: Run,
        states: Collection[State],
        numbers: Collection[int] | None,
        *,
        doubt: Doubt,
        before: float,
    ) -> list[Attempted]:
        """Entries in ``states``, all or those named, that nothing was written of since ``before``.

        Of those in doubt, the ones in doubt about ``doubt``.
        """
        rows = self._database.rows(
            "SELECT e.*, max(e.updated_at, coalesce(c.updated_at, 0)) AS since FROM entries e"
            " LEFT JOIN confirmed c ON c.account = ?1 AND c.opportunity = e.opportunity"
            " WHERE e.run = ?2 AND e.state IN (SELECT value FROM json_each(?3))"
            " AND (e.doubt IS NULL OR e.doubt = ?5) AND e.updated_at < ?4 ORDER BY e.number",
            run.account,
            run.number,
            orjson.dumps(list(states)).decode(),
            before,
            doubt,
        )
        source = run.source
        return [
            Attempted(entry_of(row, source.schema_names, source.event_code), row["since"])
            for row in rows
            if numbers is None or row["number"] in numbers
        ]

    def note_held(self, run: Run, numbers: Collection[int], reason: str) -> None:
        """Say of entries why they are not sent, behind what was said of them before.

        The time of their last change stays: by it they are looked at again the next time.
        """
        with self._database.transaction():
            self._database.change_many(
                "UPDATE entries SET message = message || ?1 WHERE run = ?2"
                " AND number = ?3 AND message NOT LIKE '%' || ?1",
                [(f"; held: {reason}", run.number, number) for number in numbers],
            )

    def failed_for(
        self, run: Run, reasons: Sequence[str], numbers: Collection[int] | None
    ) -> list[int]:
        """The failed entries, of all or of those named, that have one of the reasons.

        An entry that waits for one of them comes with it.
        """
        rows = self._database.rows(
            "SELECT number, opportunity, waits_for, exception, message FROM entries"
            " WHERE run = ? AND state = 'failed' ORDER BY number",
            run.number,
        )
        named = None if numbers is None else frozenset(numbers)
        found: dict[int, str] = {}
        for row in rows:
            if named is not None and row["number"] not in named:
                continue
            # By the opportunity, too: what a mended copy waits for may be numbered in another run.
            waits = row["opportunity"] and found.get(row["waits_for"]) == row["opportunity"]
            if waits or any(
                has_reason(row["exception"], row["message"], reason) for reason in reasons
            ):
                found[row["number"]] = row["opportunity"]
        return list(found)

    def plan_failed_again(
        self,
        run: Run,
        numbers: Collection[int] | None,
        *,
        held: Collection[int] = (),
        at: float,
    ) -> int:
        """Let failed entries, all or those named, step back to planned; gives how many."""
        rows = self._database.rows(
            "SELECT number FROM entries WHERE run = ? AND state = 'failed'", run.number
        )
        named = None if numbers is None else frozenset(numbers)
        failed = [
            row["number"]
            for row in rows
            if (named is None or row["number"] in named) and row["number"] not in held
        ]
        with self._database.transaction():
            self._database.change_many(
                "UPDATE entries SET state = 'planned', waits_for = 0, updated_at = ?"
                " WHERE run = ? AND number = ? AND state = 'failed'",
                [(at, run.number, number) for number in failed],
            )
        return len(failed)

    def settle_notes(
        self,
        run: Run,
        numbers: Collection[int] | None,
        *,
        present: bool,
        held: Collection[int] = (),
        at: float,
    ) -> int:
        """What a person says of notes in doubt: there (succeeded), or missing (planned again)."""
        rows = self._database.rows(
            "SELECT number, opportunity, note, note_parts FROM entries"
            " WHERE run = ? AND state = 'in_doubt' AND doubt = 'note'",
            run.number,
        )
        settled = [
            row
            for row in rows
            if (numbers is None or row["number"] in numbers) and row["number"] not in held
        ]
        state = "succeeded" if present else "planned"
        with self._database.transaction():
            self._database.change_many(
                "UPDATE entries SET state = ?, doubt = NULL, leave_note_out = 0, message = ?,"
                " updated_at = ? WHERE run = ? AND number = ?",
                [
                    (
                        state,
                        f"a person said that its note is {'there' if present else 'missing'}",
                        at,
                        run.number,
                        row["number"],
                    )
                    for row in settled
                ],
            )
            for row in settled if present else ():
                self._confirmed.confirm_notes(run, row["opportunity"], notes_of(row), at=at)
        return len(settled)


def has_reason(exception: str, message: str, text: str) -> bool:
    """Whether a failure has a reason: its exception by name, or a part of its message.

    The message counts as it came, with its values masked, and as reports print both.

    >>> has_reason("MXInput", "Invalid Input! (row 7)", "mxinput")
    True
    >>> has_reason("MXInput", "Invalid Input! (row 7)", "MXInput: invalid input! (row <number>)")
    True
    >>> has_reason("MXInput", "Invalid Input! (row 7)", "MX")
    False
    """
    wanted, title = text.casefold(), exception.casefold()
    if wanted == title:
        return True
    # A reason copied whole from a report has the exception in front.
    wanted = wanted.removeprefix(f"{title}: ")
    forms = {message, masked(message)}
    forms |= {printable(form) for form in forms}
    return any(wanted in form.casefold() for form in forms)
