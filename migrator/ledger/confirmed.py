"""What is confirmed per opportunity: newest values, notes and how often, the latest place.

Owns the tables `confirmed` and `auto_ids`, and which source row is confirmed as a whole: any change
of what is confirmed makes that uncertain again. Confirmed means a success or a read of the CRM,
never what was merely planned. Its methods are parts of the caller's transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import orjson

from migrator.compare import is_digest_of, value_digest
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

_UPSERT: Final = """
    INSERT INTO opportunities (account, opportunity, row_digest) VALUES (?, ?, ?)
    ON CONFLICT (account, opportunity) DO UPDATE SET row_digest = excluded.row_digest
"""
_UNSURE: Final = """
    UPDATE entries SET row_digest = x'' WHERE opportunity = ?1 AND run <> ?2
        AND row_digest <> x'' AND state <> 'succeeded'
        AND (SELECT account FROM runs r WHERE r.run = entries.run)
            = (SELECT account FROM runs WHERE run = ?2)
"""
"""Rows of other runs that are still to be sent were compared with what was confirmed before: what
was cut from them as unchanged may be something else by now."""

_WRITE: Final = """
    INSERT OR REPLACE INTO confirmed (account, opportunity, value_digests, note_counts, last_note,
        place_run, place_number, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


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

    def confirm(
        self, run: Run, entry: Entry, *, with_note: bool, is_whole: bool = False, at: float
    ) -> None:
        """The entry's fields are there, and with ``with_note`` its note.

        ``is_whole``: nothing of its source row is missing.
        """
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
        digest = self._database.value(
            "SELECT row_digest FROM entries WHERE run = ? AND number = ?", entry.run, entry.number
        )
        self._write(
            run.account, entry.opportunity, confirmed, at, row_digest=digest if is_whole else b""
        )
        self._database.change(_UNSURE, entry.opportunity, run.number)

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

    def confirm_read(self, run: Run, shown: Mapping[str, Mapping[str, str]], *, at: float) -> None:
        """A read shows these values, as texts of any writing; what is known already is left.

        Args:
            run: The run that reads.
            shown: Opportunity to SchemaName to value.
            at: Wall time of the read.
        """
        known = {
            row["opportunity"]: known_of(row)
            for row in self._database.rows(
                "SELECT c.* FROM json_each(?) k CROSS JOIN confirmed c"
                " ON c.account = ? AND c.opportunity = k.value",
                orjson.dumps(sorted(shown)).decode(),
                run.account,
            )
        }
        written: list[tuple[str, Known]] = []
        otherwise: list[tuple[object, ...]] = []
        for opportunity, values in sorted(shown.items()):
            before = known.get(opportunity, NOTHING_KNOWN)
            new = {
                name: value_digest(value)
                for name, value in values.items()
                if name not in before.values or not is_digest_of(before.values[name], value)
            }
            if new:
                confirmed = replace(before, values={**before.values, **new})
                written.append((opportunity, confirmed))
            if new.keys() & before.values.keys():
                otherwise.append((opportunity, run.number))
        account = run.account
        self._database.change_many(
            _UPSERT, [(account, opportunity, b"") for opportunity, _ in written]
        )
        self._database.change_many(
            _WRITE, [_values_of(account, opportunity, one, at) for opportunity, one in written]
        )
        self._database.change_many(_UNSURE, otherwise)

    def doubt(self, entry: Entry) -> None:
        """A call for it leaves: until it is answered, no row of the opportunity is confirmed."""
        self._database.change(
            "UPDATE opportunities SET row_digest = x'' WHERE opportunity = ?"
            " AND account = (SELECT account FROM runs WHERE run = ?)",
            entry.opportunity,
            entry.run,
        )
        self._database.change(_UNSURE, entry.opportunity, entry.run)

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
        digest = database.row(
            "SELECT row_digest FROM opportunities WHERE account = ? AND opportunity = ?",
            run.account,
            auto_key,
        )
        self._write(run.account, guid, joined, at, row_digest=digest[0] if digest else b"")
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

    def _write(
        self, account: str, opportunity: str, known: Known, at: float, *, row_digest: bytes = b""
    ) -> None:
        self._database.change(_UPSERT, account, opportunity, row_digest)
        self._database.change(_WRITE, *_values_of(account, opportunity, known, at))


def _values_of(account: str, opportunity: str, known: Known, at: float) -> tuple[object, ...]:
    return (
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
