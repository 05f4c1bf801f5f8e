"""What a run wrote, as a read of the CRM is held against it, and what the read showed.

Owns the table `differences` and the times of verification. It compares nothing: it is told.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import orjson

from migrator.compare import is_digest_of
from migrator.ledger.columns import decode_values, known_of
from migrator.ledger.database import Database
from migrator.model import Run, is_guid_key

LOST: Final = "lost"  #: The kind of a difference: a read shows it otherwise than it was written.
KEPT: Final = "kept"  #: Edited since, so an undo leaves it as it is.
CONFLICT: Final = "conflict"  #: Somebody else changed it, so it is not sent.

_WRITTEN: Final = "(e.state = 'succeeded' OR e.state = 'in_doubt' AND e.doubt = 'note')"
_WRITTEN_TO: Final = f"""
    SELECT e.opportunity, e.opportunity_id, min(e.number) AS first FROM entries e
    WHERE e.run = ? AND {_WRITTEN} GROUP BY e.opportunity ORDER BY first
"""  # noqa: S608 - constants
_WITH_CONFIRMED: Final = f"""
    SELECT e.opportunity, e.number, e.field_values, c.*
    FROM entries e LEFT JOIN confirmed c ON c.account = ? AND c.opportunity = e.opportunity
    WHERE e.run = ? AND {_WRITTEN} AND e.opportunity IN (SELECT value FROM json_each(?))
    ORDER BY e.place_run, e.place_number
"""  # noqa: S608 - constants


class Named(NamedTuple):
    """An opportunity that a run wrote to."""

    opportunity: str  #: The key: the GUID where it is known.
    opportunity_id: str  #: As it was sent.

    @property
    def is_guid(self) -> bool:
        """Whether its GUID is known."""
        return is_guid_key(self.opportunity)


class Written(NamedTuple):
    """A value that a run wrote, and that none of its later rows wrote over."""

    number: int  #: Of the entry.
    schema_name: str
    value: str


@dataclass(slots=True)
class Expected:
    """What an opportunity should show by what a run wrote."""

    numbers: list[int] = field(default_factory=list)  #: Its entries.
    values: list[Written] = field(default_factory=list)
    written_over: int = 0  #: Values that a later run of this ledger wrote over.


class Difference(NamedTuple):
    """A value that a read shows otherwise."""

    number: int
    file: str
    row: int
    opportunity_id: str
    schema_name: str  #: "": LeadSquared does not show the opportunity at all.
    wanted: str
    found: str


class Findings:
    """What reads of the CRM say of the runs of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def written_to(self, run: Run) -> list[Named]:
        """The opportunities that the run wrote to, in the order of their first rows."""
        rows = self._database.rows(_WRITTEN_TO, run.number)
        return [Named(row["opportunity"], row["opportunity_id"]) for row in rows]

    def expected(self, run: Run, opportunities: Collection[str]) -> dict[str, Expected]:
        """What these should show: later rows over earlier ones, and what later runs left of it."""
        rows = self._database.rows(
            _WITH_CONFIRMED,
            run.account,
            run.number,
            orjson.dumps(list(opportunities)).decode(),
        )
        found: dict[str, Expected] = {}
        laid: dict[str, dict[str, Written]] = {}
        known: dict[str, dict[str, str]] = {}
        for row in rows:
            key = row[0]
            found.setdefault(key, Expected()).numbers.append(row["number"])
            known[key] = dict(known_of(row).values) if row["value_digests"] is not None else {}
            for name, value in decode_values(row["field_values"], run.source.schema_names):
                laid.setdefault(key, {})[name] = Written(row["number"], name, value)
        for key, values in laid.items():
            for written in values.values():
                digest = known[key].get(written.schema_name)
                if digest is None or is_digest_of(digest, written.value):
                    found[key].values.append(written)
                else:
                    found[key].written_over += 1
        return found

    def keep(
        self,
        run: Run,
        numbers: Collection[int],
        lost: Sequence[tuple[Written, str]],
        *,
        at: float,
    ) -> None:
        """Write down what a read showed of these entries: the values it shows otherwise, or none.

        Args:
            run: The run.
            numbers: The entries that were looked at.
            lost: Each value that is otherwise, and what the read shows.
            at: Wall time of the read.
        """
        otherwise = {written.number for written, _ in lost}
        database = self._database
        with database.transaction():
            database.change_many(
                "DELETE FROM differences WHERE run = ? AND number = ? AND kind = ?",
                [(run.number, number, LOST) for number in numbers],
            )
            database.change_many(
                "INSERT OR REPLACE INTO differences"
                " (run, number, schema_name, kind, wanted, found, seen_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (run.number, one.number, one.schema_name, LOST, one.value, shown, at)
                    for one, shown in lost
                ],
            )
            database.change_many(
                "UPDATE entries SET verified_at = ? WHERE run = ? AND number = ?",
                [(0.0 if n in otherwise else at, run.number, n) for n in numbers],
            )

    def lost(self, run: Run) -> Iterator[Difference]:
        """The values that a read showed otherwise, in the order of the rows."""
        return self._of_kind(run, LOST)

    def conflicts(self, run: Run) -> Iterator[Difference]:
        """The values that somebody else changed, in the order of the rows; they are not sent."""
        return self._of_kind(run, CONFLICT)

    def kept(self, run: Run) -> Iterator[Difference]:
        """The values that an undo of the run left, since somebody had changed them."""
        return self._of_kind(run, KEPT)

    def _of_kind(self, run: Run, kind: str) -> Iterator[Difference]:
        rows = self._database.rows(
            "SELECT d.*, e.file, e.row, e.opportunity_id FROM differences d"
            " JOIN entries e ON e.run = d.run AND e.number = d.number"
            " WHERE d.run = ? AND d.kind = ? ORDER BY d.number, d.schema_name",
            run.number,
            kind,
        )
        return (
            Difference(
                row["number"],
                row["file"],
                row["row"],
                row["opportunity_id"],
                row["schema_name"],
                row["wanted"],
                row["found"],
            )
            for row in rows
        )

    def last_attempt(self, run: Run) -> float:
        """Wall time of the run's last call; 0.0 where it made none."""
        return float(
            self._database.value(
                "SELECT coalesce(max(attempted_at), 0) FROM entries WHERE run = ?", run.number
            )
        )
