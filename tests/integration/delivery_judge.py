"""What must hold of any night, whatever happened: the CRM's log and state against the ledger.

It imports nothing of migrator: the ledger is read by SQL, the CRM by what it saw.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.integration.simulated_crm import LIMIT, WINDOW, Seen, looking_at
from tests.integration.simulated_nights import Night

STATES = frozenset(
    {"planned", "sending", "succeeded", "failed", "in_doubt", "unchanged", "superseded"}
)
"""Those in which a row of these nights can be: none is rejected, merged or mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the ledger's table."""

    place: tuple[int, int]  #: Run and number.
    row: int
    cells: tuple[str, ...]
    guid: str
    note: str
    is_left_out: bool  #: The note, since LeadSquared has confirmed it before.
    fields: dict[str, str]
    state: str
    doubt: str | None
    note_twice: bool
    other: tuple[int | None, int | None]  #: What stands in its place.

    def __str__(self) -> str:
        doubt = f" ({self.doubt})" if self.doubt else ""
        return f"row {self.row} of run {self.place[0]}, {self.state}{doubt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The ledger's file, as SQL shows it."""

    rows_read: dict[int, int]  #: Of each sealed run.
    closed: frozenset[int]
    entries: list[Entry]  #: Of sealed runs, by place.


def read_ledger(path: Path) -> Account:
    with looking_at(path) as ledger:
        runs = ledger.execute("SELECT * FROM runs WHERE state <> 'planning'").fetchall()
        names = {run["run"]: json.loads(run["schema_names"]) for run in runs}
        rows = ledger.execute("SELECT * FROM entries ORDER BY run, number").fetchall()
    return Account(
        rows_read={run["run"]: run["rows_read"] for run in runs},
        closed=frozenset(run["run"] for run in runs if run["state"] == "closed"),
        entries=[_entry(row, names[row["run"]]) for row in rows if row["run"] in names],
    )


def _entry(row: sqlite3.Row, names: list[str]) -> Entry:
    values = json.loads(row["field_values"])
    return Entry(
        place=(row["run"], row["number"]),
        row=row["row"],
        cells=tuple(json.loads(row["cells"])),
        guid=row["opportunity"],
        note=row["note"],
        is_left_out=bool(row["leave_note_out"]),
        fields={name: value for name, value in zip(names, values, strict=False) if value},
        state=row["state"],
        doubt=row["doubt"],
        note_twice=bool(row["note_twice"]),
        other=(row["other_run"], row["other_number"]),
    )


# ------------------------------------------------------------------ after any command


def judge(night: Night) -> None:
    """After any command, killed ones included."""
    account = read_ledger(night.ledger_file)
    _limit(night)
    _every_row_is_there_once(night, account)
    _intents(night)
    _order(night)
    for entry in account.entries:
        _outcome(night, entry)
        _superseded(night, entry)
    _notes(night, account)


def _limit(night: Night) -> None:
    assert night.crm.most_together <= 1, "two calls of one opportunity were under way together"
    times = sorted(night.crm.calls)
    for first, last in zip(times, times[LIMIT:], strict=False):
        assert last - first >= WINDOW, f"{LIMIT + 1} calls within {last - first:.3f} s"


def _every_row_is_there_once(night: Night, account: Account) -> None:
    for run, rows_read in account.rows_read.items():
        entries = [entry for entry in account.entries if entry.place[0] == run]
        sheet = night.sheet_of[run]
        assert rows_read == len(entries) == len(sheet), f"run {run} has not every row once"
        for number, (row, entry) in enumerate(zip(sheet, entries, strict=True), 1):
            assert entry.place == (run, number)
            assert (entry.row, entry.cells) == (number + 1, row.cells), f"{entry}: another row"
            assert entry.state in STATES, entry


def _intents(night: Night) -> None:
    for seen in night.crm.seen:
        assert seen.intent is not None, f"no intent in the ledger for {_told(seen)}"
        assert seen.intent.state == "sending", f"{seen.intent.state} before sent: {_told(seen)}"


def _order(night: Night) -> None:
    """Rows go in the source's order, over all commands; only rows that are named wait for none."""
    last: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for seen in night.crm.seen:
        if seen.intent is None:
            continue
        # In doubt after that, a row that was named goes on without waiting.
        named = {
            row for number, rows in night.named.items() if number <= seen.command for row in rows
        }
        if seen.intent.row not in named:
            waited_for = f"rows {seen.intent.earlier_rows}"
            assert not seen.intent.earlier_rows, f"sent before {waited_for}: {_told(seen)}"
        if seen.applied:
            assert seen.intent.entry >= last[seen.guid], f"after a later row: {_told(seen)}"
            last[seen.guid] = seen.intent.entry


def _outcome(night: Night, entry: Entry) -> None:
    applied = [seen for seen in night.crm.of_entry(entry.place) if seen.applied]
    match entry.state:
        case "succeeded" if applied:
            complete = [seen for seen in applied if seen.fields == entry.fields]
            assert complete, f"{entry}: applied with other values"
        case "succeeded":
            # A read that shows the fields will do, where no note goes with them.
            shown = any(
                entry.fields.items() <= values.items()
                for values in night.crm.values.get(entry.guid, ())
            )
            assert shown, f"{entry}: never applied"
            is_there = entry.is_left_out and any(
                seen.applied and (seen.guid, seen.note) == (entry.guid, entry.note)
                for seen in night.crm.seen
            )
            assert not entry.note or is_there, f"{entry}: its note was never applied"
        case "failed":
            is_told = entry.place in night.said_missing  # its fields were known to be there
            assert not applied or is_told, f"{entry}: it was applied by {_told(applied[-1])}"


def _superseded(night: Night, entry: Entry) -> None:
    """Within a run only a row that a person named stands in an earlier one's place."""
    if entry.state != "superseded" or entry.other[0] != entry.place[0]:
        return
    if entry.place in night.said_missing:  # a note alone is not sent over a later row
        return
    later = entry.other[1] or 0
    named = set().union(*night.named.values())
    assert later + 1 in named, f"{entry}: superseded, and nobody named a later row"


def _notes(night: Night, account: Account) -> None:
    """A note is there once for each row that has it, except where twice is said."""
    sent: Counter[tuple[str, str]] = Counter()
    said: Counter[tuple[str, str]] = Counter()
    for entry in account.entries:
        notes = [seen for seen in night.crm.of_entry(entry.place) if seen.applied and seen.note]
        sent[entry.guid, entry.note] += len(notes)
        if entry.note_twice:
            said[entry.guid, entry.note] += len(notes)
        else:
            assert len(notes) <= 1, f"{entry}: its note was sent {len(notes)} times"
    for (guid, note), times in sent.items():
        wanted = max(
            sum((row.guid, row.note) == (guid, note) for row in sheet) for sheet in night.sheets
        )
        most = wanted + said[guid, note]
        assert times <= most, f"{note} of {guid[-2:]} is there {times} times, and not {most}"


def _told(seen: Seen) -> str:
    note = f" and {seen.note}" if seen.note else ""
    values = "/".join(seen.fields.values())
    entry = seen.intent.entry if seen.intent else None
    return f"{values}{note} for {seen.guid[-2:]} (entry {entry}, fate: {seen.fate})"


# ------------------------------------------------------------------ after the last


def judge_the_end(night: Night) -> None:
    """After the weather has cleared and all suggested commands were typed."""
    judge(night)
    account = read_ledger(night.ledger_file)
    newest = max(account.rows_read)
    assert night.sheet_of[newest] == tuple(night.rows), f"run {newest} is of an older sheet"
    settled = {"succeeded", "unchanged", "superseded"}
    for entry in account.entries:
        run = entry.place[0]
        assert entry.state not in ("planned", "sending"), f"{entry}: left"
        assert run != newest or entry.state in settled, f"{entry}: not settled"
        assert run in account.closed or entry.doubt != "all", f"{entry}: not settled"
    _values_are_the_sheets(night, [entry for entry in account.entries if entry.place[0] == newest])
    _typed_again_it_sends_nothing(night)


def _values_are_the_sheets(night: Night, entries: list[Entry]) -> None:
    expected: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in entries:
        if entry.state != "superseded":
            expected[entry.guid].update(entry.fields)
    for guid, values in expected.items():
        found = night.crm.opportunity(guid).fields
        assert values.items() <= found.items(), f"{guid[-2:]} has {found}, the sheet says {values}"


def _typed_again_it_sends_nothing(night: Night) -> None:
    from tests.integration.simulated_nights import Command

    before = len(night.crm.seen)
    night.type(Command("run"))
    sent = night.crm.seen[before:]
    assert not sent, f"typed again, it sends {_told(sent[0])}"
