"""What happened in a run over time, counted by SQLite: calls, outcomes, pauses, outages.

Owns no table and changes nothing. No row of a run passes through Python here: every answer is as
long as the time or the kinds that it tells of, never as the run.
"""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

import orjson

from migrator.ledger.database import Database
from migrator.model import Run, Verdict

FAULTS: Final = (Verdict.TARGET_FAULT, Verdict.UNKNOWN, Verdict.FOREIGN)
"""Verdicts of calls that LeadSquared itself did not answer."""

_TIMES: Final = """
    SELECT coalesce(min(started_at), 0), coalesce(max(started_at), 0),
        coalesce(max(max(started_at, finished_at)), 0) FROM attempts WHERE run = ?
"""
_GAPS: Final = """
    SELECT began, ended, verdict FROM (
        SELECT started_at AS ended, lag(started_at) OVER calls AS began,
            lag(verdict) OVER calls AS verdict
        FROM attempts WHERE run = ? WINDOW calls AS (ORDER BY started_at, number, attempt))
    WHERE ended - began > ? ORDER BY began
"""
_CALLS: Final = """
    SELECT CAST(started_at / ?2 AS INTEGER) AS bucket, verdict, count(*) AS n
    FROM attempts WHERE run = ?1 GROUP BY 1, 2 ORDER BY 1
"""
_ROWS: Final = """
    SELECT CAST(attempted_at / ?2 AS INTEGER) AS bucket, state, count(*) AS n
    FROM entries WHERE run = ?1 AND attempts > 0 GROUP BY 1, 2 ORDER BY 1
"""
_SPELLS: Final = """
    SELECT min(started_at) AS began, max(max(started_at, finished_at)) AS ended, count(*) AS n,
        0 AS next
    FROM (
        SELECT *, sum(is_new) OVER (ORDER BY started_at, number, attempt) AS spell FROM (
            SELECT *, started_at - lag(started_at, 1, 0) OVER
                (ORDER BY started_at, number, attempt) > ?3 AS is_new
            FROM attempts WHERE run = ?1 AND verdict = ?2))
    GROUP BY spell ORDER BY began
"""
# Calls of which no answer is known are in neither: a process that was killed is no outage.
_ISLANDS: Final = """
    SELECT min(started_at) AS began, max(max(started_at, finished_at)) AS ended, count(*) AS n,
        coalesce(max(next), 0) AS next
    FROM (
        SELECT *, n - row_number() OVER (PARTITION BY is_fault ORDER BY n) AS island FROM (
            SELECT started_at, finished_at,
                verdict IN (SELECT value FROM json_each(?2)) AS is_fault,
                row_number() OVER calls AS n, lead(started_at) OVER calls AS next
            FROM attempts WHERE run = ?1 AND verdict <> ''
            WINDOW calls AS (ORDER BY started_at, number, attempt)))
    WHERE is_fault GROUP BY island HAVING count(*) >= ?3 ORDER BY began
"""

ROWS_LOOKED_AT: Final = 5_000
_WRITTEN: Final = "(state = 'succeeded' AND attempts > 0 OR state = 'in_doubt' AND doubt = 'note')"
_WITH_IMAGES: Final = f"""
    SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM before_images b
        WHERE b.run = ?1 AND b.opportunity = w.opportunity)), 0)
    FROM (SELECT DISTINCT opportunity FROM entries WHERE run = ?1 AND {_WRITTEN}) w
"""  # noqa: S608 - constants
_FEW: Final = f"""
    SELECT count(value), count(DISTINCT value) FROM (
        SELECT json_extract(field_values, ?2) AS value FROM entries
        WHERE run = ?1 AND {_WRITTEN} LIMIT ?3)
"""  # noqa: S608 - constants
# SQLite takes the value from the row that has the greatest place.
_BEFORE_AND_AFTER: Final = f"""
    WITH written AS (
        SELECT opportunity, json_extract(field_values, ?2) AS value, max(number)
        FROM entries WHERE run = ?1 AND {_WRITTEN} AND json_extract(field_values, ?2) IS NOT NULL
        GROUP BY opportunity),
    pairs AS (
        SELECT CAST(json_extract(b.shown, ?3) AS TEXT) AS before, w.value AS after
        FROM written w JOIN before_images b ON b.run = ?1 AND b.opportunity = w.opportunity)
    SELECT value, sum(before) AS before, sum(after) AS after,
        (SELECT count(*) FROM pairs), (SELECT coalesce(sum(before IS NOT after), 0) FROM pairs),
        count(*) OVER ()
    FROM (SELECT before AS value, 1 AS before, 0 AS after FROM pairs
        UNION ALL SELECT after, 0, 1 FROM pairs)
    GROUP BY value ORDER BY max(sum(after), sum(before)) DESC, value LIMIT ?4
"""  # noqa: S608 - constants


class FileRows(NamedTuple):
    """A file, or a sheet of it, from which the run's rows are."""

    file: str
    sheet: str
    rows: int  #: That the ledger keeps.
    first: int
    last: int


class CallTimes(NamedTuple):
    """When a run's calls left; 0.0 where it made none."""

    first: float
    last: float
    last_answer: float


class GapBetween(NamedTuple):
    """A time in which no call left."""

    began: float
    ended: float
    verdict: str  #: Of the last call before it.


class Counted(NamedTuple):
    """So many of a kind in one bucket of time."""

    bucket: int  #: Times the width it is the wall time at which the bucket begins.
    kind: str  #: A verdict, or a state.
    number: int


class SpellOf(NamedTuple):
    """Calls of one kind, close together."""

    began: float
    ended: float
    calls: int
    next: float  #: When the next call left that was answered; 0.0 where none was, or none asked.


class BeforeAfter(NamedTuple):
    """One value of a field."""

    value: str | None  #: None: the read before the run did not show the field.
    before: int
    after: int
    opportunities: int  #: All that were counted.
    changed: int  #: Of those: they held another value before.
    values: int  #: Different values, listed or not.


class History:
    """The course of one ledger's runs."""

    def __init__(self, database: Database, tag: str) -> None:
        self._database = database
        self._tag = tag

    def mapping_text(self, run: Run) -> str | None:
        """The mapping by which the run was planned; None where its text was not kept."""
        row = self._database.row(
            "SELECT t.text FROM runs r JOIN mapping_texts t"
            " ON t.text_digest = r.mapping_text_digest WHERE r.run = ?",
            run.number,
        )
        return None if row is None else str(row[0])

    def files(self, run: Run) -> list[FileRows]:
        """Where its rows are from, in the order of the source."""
        rows = self._database.rows(
            "SELECT file, sheet, count(*), min(row), max(row) FROM entries WHERE run = ?"
            " GROUP BY file, sheet ORDER BY min(number)",
            run.number,
        )
        return [FileRows(*row) for row in rows]

    def relatives(self, run: Run) -> list[tuple[str, str]]:
        """Kind and id of the sealed runs that were made from this one."""
        rows = self._database.rows(
            "SELECT kind, run FROM runs WHERE parent = ? AND state <> 'planning' ORDER BY run",
            run.number,
        )
        return [(row["kind"], self.id_of(row["run"])) for row in rows]

    def id_of(self, number: int) -> str:
        """The id of a run of this ledger."""
        return f"r{number}-{self._tag}"

    # ------------------------------------------------------------------ over time

    def call_times(self, run: Run) -> CallTimes:
        """When the calls left."""
        return CallTimes(*self._database.row(_TIMES, run.number) or (0.0, 0.0, 0.0))

    def gaps(self, run: Run, *, longer_than: float) -> list[GapBetween]:
        """The times of more than so many seconds in which no call left."""
        return [GapBetween(*row) for row in self._database.rows(_GAPS, run.number, longer_than)]

    def calls(self, run: Run, *, width: float) -> list[Counted]:
        """Calls by their verdict in buckets of so many seconds; empty buckets are left out."""
        return [Counted(*row) for row in self._database.rows(_CALLS, run.number, width)]

    def rows(self, run: Run, *, width: float) -> list[Counted]:
        """Rows by the state they have now, in the bucket of their last call."""
        return [Counted(*row) for row in self._database.rows(_ROWS, run.number, width)]

    def verdicts(self, run: Run) -> list[tuple[str, int]]:
        """What the calls brought, the commonest first; "" where no answer is known."""
        rows = self._database.rows(
            "SELECT verdict, count(*) AS n FROM attempts WHERE run = ? GROUP BY verdict"
            " ORDER BY n DESC, verdict",
            run.number,
        )
        return [(row[0], row[1]) for row in rows]

    def spells(self, run: Run, verdict: Verdict, *, apart: float) -> list[SpellOf]:
        """Calls with one verdict, those together that are not so many seconds apart."""
        rows = self._database.rows(_SPELLS, run.number, verdict, apart)
        return [SpellOf(*row) for row in rows]

    def outages(self, run: Run, *, at_least: int) -> list[SpellOf]:
        """So many calls or more, one after the other, that LeadSquared did not answer."""
        faults = orjson.dumps([fault.value for fault in FAULTS]).decode()
        return [
            SpellOf(*row) for row in self._database.rows(_ISLANDS, run.number, faults, at_least)
        ]

    # ------------------------------------------------------------------ rows

    def attempts(self, run: Run) -> list[tuple[int, int, int]]:
        """Calls of a row, how many rows had so many, and how many of those succeeded."""
        rows = self._database.rows(
            "SELECT attempts, count(*), sum(state = 'succeeded') FROM entries WHERE run = ?"
            " AND attempts > 0 GROUP BY attempts ORDER BY attempts",
            run.number,
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def notes_twice(self, run: Run, *, limit: int) -> list[tuple[str, int, str]]:
        """File, row and opportunity of the first rows whose note is possibly there twice."""
        rows = self._database.rows(
            "SELECT file, row, opportunity_id FROM entries WHERE run = ? AND note_twice = 1"
            " ORDER BY number LIMIT ?",
            run.number,
            limit,
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def values_otherwise(self, run: Run, kinds: Collection[str]) -> dict[str, int]:
        """How many values reads showed otherwise, by the kind of difference."""
        rows = self._database.rows(
            "SELECT kind, count(*) FROM differences WHERE run = ?"
            " AND kind IN (SELECT value FROM json_each(?)) GROUP BY kind",
            run.number,
            orjson.dumps(list(kinds)).decode(),
        )
        return {row[0]: row[1] for row in rows}

    # ------------------------------------------------------------------ before and after

    def images(self, run: Run) -> tuple[int, int]:
        """Opportunities that the run wrote to, and of how many it kept a before-image."""
        row = self._database.row(_WITH_IMAGES, run.number)
        return (0, 0) if row is None else (row[0], row[1])

    def looked_at(self, run: Run, field: int) -> tuple[int, int]:
        """Of the first rows written: how many have a value of the field, how many different ones.

        ``field`` is its place among the run's SchemaNames.
        """
        row = self._database.row(_FEW, run.number, f"$[{field}]", ROWS_LOOKED_AT)
        return (0, 0) if row is None else (row[0], row[1])

    def before_and_after(self, run: Run, field: int, *, most: int) -> Iterator[BeforeAfter]:
        """Each value of a field with how many opportunities held it before and after the run.

        Only opportunities that have a before-image and to which the run wrote the field. The
        commonest values first, at most so many.
        """
        name = orjson.dumps(run.source.schema_names[field]).decode()
        rows = self._database.rows(_BEFORE_AND_AFTER, run.number, f"$[{field}]", f"$.{name}", most)
        return (BeforeAfter(*row) for row in rows)
