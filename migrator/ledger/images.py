"""What LeadSquared held before a run changed it, and what the run wrote over it.

Owns the table `before_images`, the column `runs.before_image`, and what was kept when a run was
undone (in `differences`). It reads no CRM, and decides nothing about values.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from sqlite3 import Row
from typing import Final, NamedTuple

import orjson

from migrator.ledger.columns import decode_values, run_of
from migrator.ledger.database import Database
from migrator.model import Doubt, FieldValue, Run, RunState, State

NAMES_PER_QUERY: Final = 2_000

_UNREAD: Final = """
    FROM entries e WHERE e.run = ?1 AND e.state = 'planned' AND NOT EXISTS (
        SELECT 1 FROM before_images b WHERE b.run = e.run AND b.opportunity = e.opportunity)
    AND NOT EXISTS (SELECT 1 FROM entries a
        WHERE a.opportunity = e.opportunity AND a.run = e.run AND a.attempts > 0)
"""
"""Planned entries whose opportunity this run has neither looked at nor written to."""

_IS_KNOWN: Final = "instr(e.opportunity, ':') = 0"  #: Else the key is type:AutoId.
_LEFT: Final = f"""
    SELECT count(DISTINCT iif({_IS_KNOWN}, e.opportunity, NULL)) AS known,
        count(DISTINCT iif({_IS_KNOWN}, NULL, e.opportunity)) AS unknown {_UNREAD}
"""
_NEXT: Final = f"""
    SELECT e.number, e.opportunity {_UNREAD} AND {_IS_KNOWN} AND e.number > ?2
    ORDER BY e.number LIMIT ?3
"""

_WRITTEN: Final = "e.attempts > 0 AND e.opportunity <> '' AND e.state <> 'merged'"


class Written(NamedTuple):
    """A call of a run to an opportunity, as the ledger has it."""

    number: int
    file: str
    sheet: str
    row: int
    line: int
    fields: tuple[FieldValue, ...]
    is_sure: bool  #: LeadSquared said that it has the values.
    is_refused: bool  #: LeadSquared said that it does not take them, or was never understood.


class Kept(NamedTuple):
    """A value that an undo leaves as it is."""

    number: int  #: Of the entry that wrote the opportunity last; an undo's entry has the same.
    schema_name: str
    wanted: str  #: What was there before; "" where that is not known, too.
    found: str  #: What is there now.


class Images:
    """The before-images of one ledger's runs."""

    def __init__(self, database: Database, tag: str) -> None:
        self._database = database
        self._tag = tag

    # -------------------------------------------------------------- keeping them

    def is_wanted(self, run: Run) -> bool:
        """Whether before-images are to be kept."""
        found = self._database.value("SELECT before_image FROM runs WHERE run = ?", run.number)
        return bool(found == "wanted")

    def give_up(self, run: Run) -> None:
        """Keep no more of them: a person said so."""
        self._database.change("UPDATE runs SET before_image = 'none' WHERE run = ?", run.number)

    def left(self, run: Run) -> tuple[int, int]:
        """How many opportunities are still to be read, and of how many the GUID is not known."""
        row = self._database.row(_LEFT, run.number)
        return (row["known"], row["unknown"]) if row is not None else (0, 0)

    def unread(self, run: Run, chosen: Collection[int] | None) -> Iterator[str]:
        """The GUIDs that are still to be read, each once; of the ``chosen`` entries where some are.

        A page of them is looked up at a time, so that a plan of any size streams.
        """
        after, seen = 0, set[str]()
        while rows := list(self._database.rows(_NEXT, run.number, after, NAMES_PER_QUERY)):
            after = rows[-1]["number"]
            for row in rows:
                name = row["opportunity"]
                if name not in seen and (chosen is None or row["number"] in chosen):
                    seen.add(name)
                    yield name

    def keep(
        self, run: Run, names: Sequence[str], found: Mapping[str, Mapping[str, str]], *, at: float
    ) -> None:
        """Make a page of images durable; of a name that was not found: that it was not."""
        wanted = run.source.schema_names
        with self._database.transaction():
            self._database.change_many(
                "INSERT OR IGNORE INTO before_images (run, opportunity, shown, read_at)"
                " VALUES (?, ?, ?, ?)",
                [(run.number, name, _encoded(found.get(name), wanted), at) for name in names],
            )

    # -------------------------------------------------------------- taking a run back

    def has_any(self, run: Run) -> bool:
        """Whether an image of the run was kept at all."""
        return bool(
            self._database.value(
                "SELECT EXISTS (SELECT 1 FROM before_images WHERE run = ?)", run.number
            )
        )

    def image(self, run: Run, opportunity: str) -> dict[str, str] | None:
        """What was there before the run; None where that is not known."""
        row = self._database.row(
            "SELECT shown FROM before_images WHERE run = ? AND opportunity = ?",
            run.number,
            opportunity,
        )
        return orjson.loads(row["shown"]) if row is not None else None

    def written_opportunities(self, run: Run) -> Iterator[str]:
        """The opportunities that the run may have written to, each once."""
        after = ""
        while True:
            rows = list(
                self._database.rows(
                    f"SELECT DISTINCT e.opportunity FROM entries e WHERE e.run = ? AND {_WRITTEN}"  # noqa: S608 - constants
                    " AND e.opportunity > ? ORDER BY e.opportunity LIMIT ?",
                    run.number,
                    after,
                    NAMES_PER_QUERY,
                )
            )
            if not rows:
                return
            after = rows[-1]["opportunity"]
            yield from (row["opportunity"] for row in rows)

    def opportunities_of(self, run: Run, numbers: Collection[int]) -> frozenset[str]:
        """The opportunities of some entries."""
        rows = (
            self._database.row(
                "SELECT opportunity FROM entries WHERE run = ? AND number = ?", run.number, number
            )
            for number in numbers
        )
        return frozenset(row["opportunity"] for row in rows if row is not None)

    def written(self, run: Run, opportunity: str) -> list[Written]:
        """The run's calls to an opportunity, in the order in which they were made."""
        rows = self._database.rows(
            f"SELECT e.* FROM entries e WHERE e.opportunity = ? AND e.run = ? AND {_WRITTEN}"  # noqa: S608 - constants
            " ORDER BY e.attempted_at, e.number",
            opportunity,
            run.number,
        )
        return [_written(row, run.source.schema_names) for row in rows]

    def examples(self, run: Run) -> dict[str, str]:
        """Of each field a value that is not blank, as the run wrote it; where there is one."""
        found: dict[str, str] = {}
        missing = set(run.source.schema_names)
        rows = self._database.rows(
            "SELECT field_values FROM entries WHERE run = ? AND attempts > 0", run.number
        )
        for row in rows:
            for name, value in decode_values(row["field_values"], run.source.schema_names):
                if value and name in missing:
                    found[name] = value
                    missing.discard(name)
            if not missing:
                break
        return found

    def notes_sent(self, run: Run) -> int:
        """How many rows of the run sent a note that LeadSquared has, or may have."""
        return int(
            self._database.value(
                "SELECT count(*) FROM entries e WHERE run = ? AND state IN ('succeeded',"
                " 'in_doubt', 'sending') AND EXISTS (SELECT 1 FROM attempts a"
                " WHERE a.run = e.run AND a.number = e.number AND a.with_note)",
                run.number,
            )
        )

    def note_kept(self, run: Run, kept: Sequence[Kept], *, at: float) -> None:
        """Write down what the undo ``run`` leaves as it is."""
        with self._database.transaction():
            self._database.change_many(
                "INSERT OR REPLACE INTO differences (run, number, schema_name, kind, wanted, found,"
                " seen_at) VALUES (?, ?, ?, 'kept', ?, ?, ?)",
                [
                    (run.number, one.number, one.schema_name, one.wanted, one.found, at)
                    for one in kept
                ],
            )

    def undoings(self, run: Run) -> list[Run]:
        """The sealed runs that take this one back, the newest first."""
        rows = self._database.rows(
            "SELECT * FROM runs WHERE kind = 'undo' AND parent = ? AND state NOT IN (?, ?)"
            " ORDER BY run DESC",
            run.number,
            RunState.PLANNING,
            RunState.CLOSED,
        )
        return [run_of(row, self._tag) for row in rows]


def _encoded(values: Mapping[str, str] | None, wanted: Sequence[str]) -> str:
    if values is None:
        return "null"
    return orjson.dumps({name: values[name] for name in wanted if name in values}).decode()


def _written(row: Row, schema_names: Sequence[str]) -> Written:
    state = State(row["state"])
    is_doubtful = state in (State.IN_DOUBT, State.SENDING)
    return Written(
        number=row["number"],
        file=row["file"],
        sheet=row["sheet"],
        row=row["row"],
        line=row["line"],
        fields=decode_values(row["field_values"], schema_names),
        is_sure=state is State.SUCCEEDED or row["doubt"] == Doubt.NOTE,
        is_refused=state is not State.SUCCEEDED and not is_doubtful,
    )
