"""Plans that are compared before they are sealed: entries are cut down to what differs.

Owns these changes of unsealed plans, and what a dry run reads of them. It compares nothing: it is
told.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from migrator.ledger.columns import decode_values, encode_problems, encode_values, known_of
from migrator.ledger.confirmed import Confirmed
from migrator.ledger.database import Database
from migrator.ledger.findings import CONFLICT
from migrator.model import FieldValue, Place, Problem, Run, is_guid_key

_AT_ONCE: Final = 2_000

_NAMED: Final = """
    SELECT number, opportunity, opportunity_id FROM entries
    WHERE run = ? AND number > ? AND state = 'planned' ORDER BY number LIMIT ?
"""
_PLANNED: Final = """
    SELECT e.number, e.opportunity, e.field_values, c.value_digests, c.note_counts, c.last_note,
        c.place_run, c.place_number
    FROM json_each(?3) k
    CROSS JOIN entries e INDEXED BY entries_by_opportunity ON e.opportunity = k.value AND e.run = ?2
    LEFT JOIN confirmed c ON c.account = ?1 AND c.opportunity = e.opportunity
    WHERE e.state = 'planned'
"""
_DOUBTFUL: Final = """
    SELECT e.opportunity, e.field_values, r.schema_names
    FROM json_each(?2) k
    CROSS JOIN entries e INDEXED BY entries_in_doubt
        ON e.opportunity = k.value AND e.state = 'in_doubt'
    JOIN runs r ON r.run = e.run AND r.account = ?1
    WHERE e.doubt = 'all'
    UNION ALL
    SELECT e.opportunity, e.field_values, r.schema_names
    FROM json_each(?2) k
    CROSS JOIN entries e INDEXED BY entries_under_way
        ON e.opportunity = k.value AND e.state = 'sending'
    JOIN runs r ON r.run = e.run AND r.account = ?1
"""
# What is being sent may be there already: its process may have died before it could say so.
_DIFFERING: Final = """
    SELECT e.number, e.file, e.row, e.opportunity_id, e.note, e.leave_note_out, e.field_values,
        e.state = 'planned' AS is_planned, b.shown
    FROM entries e LEFT JOIN before_images b ON b.run = e.run AND b.opportunity = e.opportunity
    WHERE e.run = ? AND (e.state = 'planned' OR EXISTS (SELECT 1 FROM differences d
        WHERE d.run = e.run AND d.number = e.number AND d.kind = 'conflict'))
    ORDER BY e.number
"""
_UNCHANGED: Final = """
    DELETE FROM entries WHERE run = ?1 AND (state = 'unchanged' OR state = 'merged'
        AND (SELECT c.state FROM entries c WHERE c.run = entries.other_run
            AND c.number = entries.other_number) = 'unchanged')
"""
_OVERTAKEN: Final = """
    SELECT f.run, f.number FROM entries e
    CROSS JOIN entries f INDEXED BY entries_by_opportunity ON f.opportunity = e.opportunity
    WHERE e.run = ?1 AND e.opportunity <> '' AND e.state IN ('unchanged', 'rejected')
        AND f.state = 'failed'
        AND f.run IN (SELECT r.run FROM runs r JOIN runs n ON n.run = ?1 AND r.run < n.run
            AND r.account = n.account AND r.source_name = n.source_name
            AND r.mapping_name = n.mapping_name)
"""


class Named(NamedTuple):
    """A planned row's opportunity."""

    number: int
    opportunity: str  #: The key.
    opportunity_id: str  #: As it is sent.

    @property
    def read_as(self) -> str:
        """The name under which it is read."""
        return self.opportunity if is_guid_key(self.opportunity) else self.opportunity_id


class Wanted(NamedTuple):
    """What a planned row would send, and what is confirmed of these fields."""

    number: int
    opportunity: str
    fields: tuple[FieldValue, ...]
    base: Mapping[str, str]  #: SchemaName to digest of the newest confirmed value.
    is_known: bool  #: Whether anything is confirmed of the opportunity.


class Conflict(NamedTuple):
    """A value that somebody changed."""

    schema_name: str
    wanted: str
    found: str


@dataclass(slots=True, kw_only=True)
class Cut:
    """What is left of a planned row."""

    number: int
    fields: Sequence[FieldValue] = ()  #: What is sent.
    conflicts: Sequence[Conflict] = ()
    is_certain: bool = True  #: Whether the rest of the row is known to be there.
    problem: Problem | None = None  #: Why it is not sent at all.


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A value, or a note, that differs."""

    number: int
    file: str
    row: int
    opportunity_id: str
    schema_name: str
    found: str | None  #: What the CRM holds; None: not known.
    wanted: str
    is_conflict: bool = False


class Comparing:
    """The unsealed plans of one ledger, as they are compared."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._confirmed = Confirmed(database)

    def named(self, run: Run) -> Iterator[Named]:
        """The opportunities of the planned rows, while these change."""
        after = 0
        while found := [
            Named(*row) for row in self._database.rows(_NAMED, run.number, after, _AT_ONCE)
        ]:
            yield from found
            after = found[-1].number

    def wanted(self, run: Run, opportunities: Collection[str]) -> list[Wanted]:
        """What the planned rows of these opportunities would send.

        What a call in doubt, or under way, may have written counts as not confirmed.
        """
        listed = orjson.dumps(sorted(opportunities)).decode()
        doubtful: dict[str, set[str]] = {}
        for row in self._database.rows(_DOUBTFUL, run.account, listed):
            names = orjson.loads(row["schema_names"])
            written = decode_values(row["field_values"], names)
            doubtful.setdefault(row["opportunity"], set()).update(name for name, _ in written)
        found = []
        for row in self._database.rows(_PLANNED, run.account, run.number, listed):
            is_known = row["value_digests"] is not None
            base = known_of(row).values if is_known else {}
            unsure = doubtful.get(row["opportunity"], ())
            found.append(
                Wanted(
                    row["number"],
                    row["opportunity"],
                    decode_values(row["field_values"], run.source.schema_names),
                    {name: digest for name, digest in base.items() if name not in unsure},
                    is_known,
                )
            )
        return found

    def cut(self, run: Run, cuts: Collection[Cut], *, at: float) -> None:
        """Leave of planned rows what differs, keep conflicts, set aside what cannot be sent."""
        names = run.source.schema_names
        database = self._database
        with database.transaction():
            database.change_many(
                "UPDATE entries SET field_values = ?1, row_digest = iif(?2, row_digest, x''),"
                " state = iif(?3 = '', state, 'rejected'), problems = ?3"
                " WHERE run = ?4 AND number = ?5",
                [
                    (
                        encode_values(cut.fields, names),
                        cut.is_certain,
                        "" if cut.problem is None else encode_problems([cut.problem]),
                        run.number,
                        cut.number,
                    )
                    for cut in cuts
                ],
            )
            database.change_many(
                "INSERT OR REPLACE INTO differences"
                " (run, number, schema_name, kind, wanted, found, seen_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (run.number, cut.number, one.schema_name, CONFLICT, one.wanted, one.found, at)
                    for cut in cuts
                    for one in cut.conflicts
                ],
            )

    def confirm_read(self, run: Run, shown: Mapping[str, Mapping[str, str]], *, at: float) -> None:
        """A read shows what the sheet says, too: these values are confirmed."""
        with self._database.transaction():
            self._confirmed.confirm_read(run, shown, at=at)

    def drop_unchanged(self, run: Run, *, passed_over: int, remembers: bool) -> int:
        """Take the unchanged rows out of a plan; of them the count is kept.

        Args:
            run: An unsealed run, marked.
            passed_over: Rows that were known to be unchanged without an entry.
            remembers: Whether the next reconcile against the ledger may pass them over.
        """
        database = self._database
        with database.transaction():
            if remembers:
                database.change(
                    "UPDATE opportunities AS o SET row_digest = e.row_digest FROM entries e"
                    " WHERE e.run = ?1 AND e.state = 'unchanged' AND o.account = ?2"
                    " AND o.opportunity = e.opportunity AND o.row_digest <> e.row_digest",
                    run.number,
                    run.account,
                )
            dropped = database.change(_UNCHANGED, run.number)
            database.change(
                "UPDATE runs SET unchanged_rows = ? WHERE run = ?",
                dropped + passed_over,
                run.number,
            )
        return dropped + passed_over

    def overtaken(self, run: Run) -> list[Place]:
        """Failed rows of older runs of the same names, whose opportunities get nothing now.

        Sent again, they would bring back what an older sheet said.
        """
        return [(row[0], row[1]) for row in self._database.rows(_OVERTAKEN, run.number)]

    def supersede(self, overtaken: Collection[Place], *, by: Run, at: float) -> None:
        """Let a newer run stand in the place of failed rows."""
        message = f"run {by.id} has a newer row of its opportunity"
        with self._database.transaction():
            self._database.change_many(
                "UPDATE entries SET state = 'superseded', other_run = ?, message = ?,"
                " updated_at = ? WHERE run = ? AND number = ? AND state = 'failed'",
                [(by.number, message, at, *place) for place in overtaken],
            )

    def planned_numbers(self, run: Run) -> Iterator[int]:
        """The entries that would be sent."""
        rows = self._database.rows(
            "SELECT number FROM entries WHERE run = ? AND state = 'planned' ORDER BY number",
            run.number,
        )
        return (number for (number,) in rows)

    def differing(self, run: Run) -> Iterator[Differing]:
        """What differs, in the order of the rows: what would be sent, and what is in conflict."""
        names = run.source.schema_names
        for row in self._database.rows(_DIFFERING, run.number):
            place = {name: row[name] for name in ("number", "file", "row", "opportunity_id")}
            shown = orjson.loads(row["shown"]) if row["shown"] is not None else {}
            fields = decode_values(row["field_values"], names) if row["is_planned"] else ()
            for name, value in fields:
                yield Differing(**place, schema_name=name, found=shown.get(name), wanted=value)
            if row["is_planned"] and row["note"] and not row["leave_note_out"]:
                yield Differing(
                    **place, schema_name="OpportunityNote", found=None, wanted=row["note"]
                )
            for one in self._database.rows(
                "SELECT schema_name, found, wanted FROM differences"
                " WHERE run = ? AND number = ? AND kind = ? ORDER BY schema_name",
                run.number,
                row["number"],
                CONFLICT,
            ):
                yield Differing(
                    **place,
                    schema_name=one["schema_name"],
                    found=one["found"],
                    wanted=one["wanted"],
                    is_conflict=True,
                )
