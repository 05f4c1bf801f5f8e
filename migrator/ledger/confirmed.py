"""What is confirmed per opportunity: newest values, notes and how often, the latest place.

Owns the tables `confirmed` and `auto_ids`. Confirmed means a success or a read of the CRM, never
what was merely planned. Its methods are parts of the caller's transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import orjson

from migrator.compare import value_digest
from migrator.ledger.columns import known_of
from migrator.ledger.database import Database
from migrator.model import (
    NOTHING_KNOWN,
    Entry,
    IdKind,
    Known,
    Run,
    joined_notes,
    text_digest,
)


class Confirmed:
    """What is confirmed of the opportunities of every account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, account: str, opportunity: str) -> Known:
        """What is confirmed of one opportunity; `NOTHING_KNOWN` where nothing is."""
        row = self._database.row(
            "SELECT * FROM confirmed WHERE account = ? AND opportunity = ?", account, opportunity
        )
        return known_of(row) if row is not None else NOTHING_KNOWN

    def confirm(self, run: Run, entry: Entry, *, with_note: bool, at: float) -> None:
        """The entry's fields are there, and with ``with_note`` its note."""
        known = self.known(run.account, entry.opportunity)
        notes, last_note = known.notes, known.last_note
        if with_note and entry.notes:
            last_note = text_digest(entry.note)
            notes = _one_more(notes, entry.notes)
        confirmed = Known(
            values={**known.values, **{name: value_digest(value) for name, value in entry.fields}},
            notes=notes,
            last_note=last_note,
            place=max(known.place, entry.place),
        )
        self._write(run.account, entry.opportunity, confirmed, at)

    def confirm_notes(
        self, run: Run, opportunity: str, notes: tuple[str, ...], *, at: float
    ) -> None:
        """A call's notes are there; its fields were confirmed before, and may be others by now."""
        known = self.known(run.account, opportunity)
        confirmed = Known(
            values=known.values,
            notes=_one_more(known.notes, notes),
            last_note=text_digest(joined_notes(notes)),
            place=known.place,
        )
        self._write(run.account, opportunity, confirmed, at)

    def forget_values(self, run: Run, opportunity: str, names: Iterable[str]) -> None:
        """These fields may hold something else by now: nobody knows which of two values."""
        row = self._database.row(
            "SELECT * FROM confirmed WHERE account = ? AND opportunity = ?",
            run.account,
            opportunity,
        )
        if row is None:
            return
        known = known_of(row)
        values = {name: value for name, value in known.values.items() if name not in set(names)}
        self._write(run.account, opportunity, replace(known, values=values), row["updated_at"])

    def join(self, run: Run, entry: Entry, guid: str, *, at: float) -> None:
        """A success told the GUID of an AutoId: from now on both name one opportunity."""
        if entry.id_kind is not IdKind.AUTO_ID or not guid or entry.opportunity == guid:
            return
        database, auto_key = self._database, entry.opportunity
        database.change(
            "INSERT OR REPLACE INTO auto_ids (account, auto_key, guid) VALUES (?, ?, ?)",
            run.account,
            auto_key,
            guid,
        )
        pair = (self.known(run.account, auto_key), self.known(run.account, guid))
        older, newer = sorted(pair, key=lambda known: known.place)
        joined = Known(
            values={**older.values, **newer.values},
            notes={
                digest: older.notes.get(digest, 0) + newer.notes.get(digest, 0)
                for digest in older.notes.keys() | newer.notes.keys()
            },
            last_note=newer.last_note or older.last_note,
            place=newer.place,
        )
        self._write(run.account, guid, joined, at)
        database.change(
            "DELETE FROM confirmed WHERE account = ? AND opportunity = ?", run.account, auto_key
        )
        database.change(
            "UPDATE entries SET opportunity = ? WHERE opportunity = ?"
            " AND run IN (SELECT run FROM runs WHERE account = ?)",
            guid,
            auto_key,
            run.account,
        )

    def _write(self, account: str, opportunity: str, known: Known, at: float) -> None:
        self._database.change(
            "INSERT OR REPLACE INTO confirmed (account, opportunity, value_digests, note_counts,"
            " last_note, place_run, place_number, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            account,
            opportunity,
            orjson.dumps(known.values).decode(),
            orjson.dumps(known.notes).decode(),
            known.last_note,
            *known.place,
            at,
        )


def _one_more(counts: Mapping[str, int], notes: Iterable[str]) -> dict[str, int]:
    # Each row's note by itself: it is known again when the next sheet joins it with others.
    return {**counts, **{d: counts.get(d, 0) + 1 for d in map(text_digest, notes)}}
