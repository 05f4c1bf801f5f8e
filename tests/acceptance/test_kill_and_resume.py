"""Killed again and again under faults: every row is there once, and no box ever lies.

What is expected is computed here from the sheet, importing nothing of migrator.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import HAS_SIGNALS, Desk, Exit, SandboxProcess, guid

MAPPING: Final = """\
version: 1
source: {timezone: Asia/Kolkata}
opportunity: {type: 12000, id: Opportunity Id, note: "{Remarks}"}
fields:
  mx_Custom_1: Name
  mx_Custom_6: {column: Amount, type: number, grouping: indian}
  mx_Custom_2: {column: Stage, type: choice, values: {won: Closed Won}, otherwise: error}
  mx_Custom_8: {column: Closing, type: datetime, formats: ["%d/%m/%Y %H:%M"]}
  mx_Custom_9: {constant: Old CRM}
"""
COLUMNS: Final = ("Opportunity Id", "Name", "Amount", "Stage", "Closing", "Remarks")
PASSING: Final = {
    "lost_before": 0.02,
    "lost_after": 0.02,
    "rate429": 0.004,
    "http500_html": 0.02,
    "http500_empty": 0.01,
    "http502": 0.01,
    "http503": 0.02,
    "http504": 0.01,
    "mx_transient": 0.01,
    "truncated": 0.02,
}
FINAL: Final = {"mx500": 0.01, "http400": 0.01, "http404_mx": 0.01}
NEVER_APPLIED: Final = {"planned", "failed", "rejected", "unchanged"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row as a person typed it; ``remarks`` names it, since no other row has the same."""

    opportunity: str
    name: str
    amount: str
    stage: str
    closing: str
    remarks: str

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.opportunity,
            self.name,
            self.amount,
            self.stage,
            self.closing,
            self.remarks,
        )

    @property
    def is_mappable(self) -> bool:
        return self.stage in ("", "won")

    @property
    def values(self) -> dict[str, str]:
        """What LeadSquared is to hold because of this row; a blank cell leaves a field alone."""
        values = {"mx_Custom_1": self.name, "mx_Custom_6": self.amount.replace(",", "")}
        values["mx_Custom_2"] = {"won": "Closed Won"}.get(self.stage, "")
        if self.closing:
            in_kolkata = datetime.strptime(f"{self.closing} +0530", "%d/%m/%Y %H:%M %z")
            values["mx_Custom_8"] = in_kolkata.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        return {name: value for name, value in values.items() if value} | {"mx_Custom_9": "Old CRM"}


def a_sheet(count: int, *, seed: int) -> list[Row]:
    """Rows in no order; about one opportunity in five occurs two to four times."""
    chance = random.Random(seed)
    named: list[str] = []
    while len(named) < count:
        times = chance.choice((2, 3, 4)) if chance.random() < 0.2 else 1
        named += [guid(len(named) + 1)] * times
    chance.shuffle(named)
    return [_a_row(chance, number, named[number]) for number in range(count)]


def _a_row(chance: random.Random, number: int, opportunity: str) -> Row:
    day = datetime(2024, 1, 1) + timedelta(minutes=chance.randrange(500_000))
    return Row(
        opportunity=opportunity,
        name=chance.choice(("Nāgpur Kabel, ", 'Über "West" ', "Deal ")) + str(number),
        amount=chance.choice(("", "200", "2,00,000", "-1,500.50")),
        stage=chance.choice(("", "won", "won", "mislaid" if number % 40 == 7 else "won")),
        closing=chance.choice(("", day.strftime("%d/%m/%Y %H:%M"))),
        remarks=f"Remark of row {number + 2}",
    )


def expected_state(rows: list[Row]) -> dict[str, tuple[dict[str, str], dict[str, int]]]:
    """Fields and notes of each opportunity: its mappable rows laid over one another in order."""
    fields: defaultdict[str, dict[str, str]] = defaultdict(dict)
    notes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.is_mappable:
            fields[row.opportunity] |= row.values
            notes[row.opportunity][row.remarks] += 1
    return {named: (fields[named], dict(notes[named])) for named in fields}


def true_state(sandbox: SandboxProcess) -> dict[str, tuple[dict[str, str], dict[str, int]]]:
    """The same, as the sandbox holds it; what no update has reached is left out."""
    return {
        named: (item["fields"], item["notes"])
        for named, item in sandbox.opportunities().items()
        if item["applied"]
    }


# ------------------------------------------------------------------ killing


@dataclass(slots=True, kw_only=True)
class Migration:
    """One sheet on its way, killed now and then."""

    sandbox: SandboxProcess
    desk: Desk
    rows: list[Row]
    patience: str
    may_double: bool = False  #: Reads lag by more than the patience.
    updates_at_kills: list[int] | None = None

    def send_and_kill_at(self, moments: list[int]) -> None:
        """Run, and kill at so many updates; resume each time until nothing is unfinished."""
        self.updates_at_kills = []
        options = ("--yes", "--patience", self.patience)
        process = self.desk.start("run", "deals.csv", "-m", "deals.yaml", *options)
        for moment in moments:
            self.sandbox.wait_for_updates(moment, process)
            process.kill()
            ended = self.desk.end(process)
            assert ended.code == -9 or not HAS_SIGNALS
            self.sandbox.wait_until_quiet()
            self.updates_at_kills.append(len(self.sandbox.updates))
            self.no_box_contradicts_the_log()
            process = self.desk.start("resume", *options)
        ended = self.desk.end(process)
        assert ended.code in (Exit.ATTENTION, Exit.STOPPED), ended.errors
        self.no_box_contradicts_the_log()

    def each_kill_was_in_the_middle(self) -> None:
        """The log shows calls before and after each kill."""
        assert self.updates_at_kills
        counts = [0, *self.updates_at_kills, len(self.sandbox.updates)]
        assert counts == sorted(set(counts)), counts

    def mend_and_retry(self) -> None:
        """End all faults, mend what LeadSquared refuses, and retry until nothing is failed."""
        self.sandbox.change(faults={})
        failed = [row for row in self.desk.entries() if row["migrator_state"] == "failed"]
        assert any(row["migrator_attempts"] != "0" for row in failed), "no final fault struck"
        self.sandbox.mend(*{row["migrator_opportunity_id"] for row in failed})
        options = ("--yes", "--patience", self.patience)
        for _ in range(10):
            status = self.desk.status()
            if status["unfinished"]:
                self.desk.type("resume", *options, code=None)
            elif status["states"]["failed"]:
                self.desk.type("retry", *options, code=None)
            else:
                break
            self.no_box_contradicts_the_log()

    def settle_notes_as_a_person(self) -> None:
        """Look in the CRM for each note in doubt, and say what is there."""
        applied = self.sandbox.applied()
        for row in self.desk.entries():
            if row["migrator_state"] == "in_doubt":
                seen = "--note-present" if applied[row["Remarks"]] else "--note-missing"
                named = ("--rows", row["migrator_row"])
                self.desk.type("retry", "--in-doubt", seen, *named, "--yes", code=None)

    def no_box_contradicts_the_log(self) -> None:
        """Each row's box and its attempts against what the sandbox has seen of its note."""
        sent, applied = self.sandbox.sent(), self.sandbox.applied()
        entries = self.desk.entries()
        assert [row["Remarks"] for row in entries] == [row.remarks for row in self.rows]
        for row in entries:
            note, box = row["Remarks"], row["migrator_state"]
            if box in NEVER_APPLIED:
                assert not applied[note], row
            if box == "succeeded":
                assert applied[note], row
            if row["migrator_attempts"] == "0":
                assert not sent[note], row
            if not self.may_double:
                assert applied[note] <= 1, row
            # Each call's intent was on disk before it left.
            assert sent[note] <= int(row["migrator_attempts"]), row


def prepare(
    start_sandbox: StartSandbox,
    open_desk: OpenDesk,
    *,
    rows: list[Row],
    patience: str = "1",
    read_lag: str = "0",
    faults: dict[str, float],
) -> Migration:
    chances = ",".join(f"{name}={chance}" for name, chance in faults.items())
    trouble = ("--faults", chances, "--seed", "11", "--read-lag", read_lag)
    sandbox = start_sandbox(*trouble, "--latency", "0.01-0.1")
    desk = open_desk(sandbox, limit="80/0.2")
    desk.write_mapping(MAPPING)
    desk.write_sheet([row.cells for row in rows], columns=COLUMNS)
    lag_is_longer = float(read_lag) > float(patience)
    return Migration(
        sandbox=sandbox, desk=desk, rows=rows, patience=patience, may_double=lag_is_longer
    )


def moments_of(count: int, *, kills: int, seed: int) -> list[int]:
    """Numbers of updates between the first and the last, apart from one another."""
    chance = random.Random(seed)
    part = int(count * 0.85) // kills
    return [part * kill + chance.randrange(part // 8, part // 2) for kill in range(kills)]


# ------------------------------------------------------------------ the tests


@pytest.mark.parametrize(
    ("count", "kills"),
    [
        pytest.param(300, 4, id="300 rows, 4 kills"),
        pytest.param(
            5000,
            10,
            id="5,000 rows, 10 kills",
            marks=[pytest.mark.soak, pytest.mark.timeout(1200)],
        ),
    ],
)
def test_a_run_killed_and_resumed_under_all_faults_leaves_every_row_there_once(
    start_sandbox: StartSandbox,
    open_desk: OpenDesk,
    record_property: Callable[[str, object], None],
    count: int,
    kills: int,
) -> None:
    rows = a_sheet(count, seed=count)
    migration = prepare(start_sandbox, open_desk, rows=rows, faults=PASSING | FINAL)

    migration.send_and_kill_at(moments_of(count, kills=kills, seed=count))
    migration.mend_and_retry()
    migration.settle_notes_as_a_person()

    migration.each_kill_was_in_the_middle()
    assert true_state(migration.sandbox) == expected_state(rows)
    mappable = [row for row in rows if row.is_mappable]
    assert migration.desk.states() == {
        "succeeded": len(mappable),
        "rejected": len(rows) - len(mappable),
    }
    assert migration.sandbox.applied() == Counter(row.remarks for row in mappable)
    assert_in_the_sheets_order(migration.sandbox, mappable)
    common = {name for name, share in PASSING.items() if share >= 0.02}
    assert struck(migration.sandbox) >= common | {"rate429"}
    figures = migration.sandbox.figures(rows=count, kills=kills) | {
        "notes possibly twice": migration.desk.status()["notes_possibly_twice"]
    }
    for name, figure in figures.items():
        record_property(name, figure)


def test_reads_that_lag_longer_than_the_patience_double_no_note_without_the_balance_saying_so(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    rows = a_sheet(150, seed=3)
    lost = {"lost_after": 0.15, "lost_before": 0.05, "truncated": 0.05}
    migration = prepare(
        start_sandbox, open_desk, rows=rows, patience="0.5", read_lag="3", faults=lost
    )

    migration.send_and_kill_at(moments_of(150, kills=2, seed=3))
    migration.sandbox.change(faults={})
    while migration.desk.status()["unfinished"] or migration.desk.states().get("failed"):
        migration.desk.type("resume", "--yes", "--patience", "0.5", code=None)
        migration.desk.type("retry", "--yes", "--patience", "0.5", code=None)

    migration.no_box_contradicts_the_log()
    applied = migration.sandbox.applied()
    doubtful = {
        row["Remarks"] for row in migration.desk.entries() if row["migrator_state"] == "in_doubt"
    }
    twice = {row.remarks for row in rows if applied[row.remarks] > 1}
    never = {row.remarks for row in rows if row.is_mappable and not applied[row.remarks]}
    assert twice
    assert len(twice) <= migration.desk.status()["notes_possibly_twice"]
    assert never <= doubtful
    fields = {named: state[0] for named, state in true_state(migration.sandbox).items()}
    assert fields == {named: state[0] for named, state in expected_state(rows).items()}


def test_a_retry_that_is_killed_goes_on_with_resume_and_sends_nothing_twice(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    rows = a_sheet(120, seed=8)
    migration = prepare(start_sandbox, open_desk, rows=rows, faults={"mx500": 0.5})
    sandbox, desk = migration.sandbox, migration.desk
    desk.type("run", "deals.csv", "-m", "deals.yaml", "--yes", code=Exit.ATTENTION)
    sandbox.change(faults={})
    before = len(sandbox.updates)

    process = desk.start("retry", "--yes")
    sandbox.wait_for_updates(before + 20, process)
    process.kill()
    desk.end(process)
    sandbox.wait_until_quiet()
    migration.no_box_contradicts_the_log()
    desk.type("resume", "--yes", "--patience", "1", code=None)

    migration.no_box_contradicts_the_log()
    assert true_state(sandbox) == expected_state(rows)
    assert set(sandbox.applied().values()) == {1}
    assert_in_the_sheets_order(sandbox, [row for row in rows if row.is_mappable])


def assert_in_the_sheets_order(sandbox: SandboxProcess, rows: list[Row]) -> None:
    """No row of an opportunity was applied after a later one of it."""
    order = {row.remarks: number for number, row in enumerate(rows)}
    arrived: defaultdict[str, list[int]] = defaultdict(list)
    for update in _applied(sandbox):
        if update["note"]:
            arrived[update["guid"]].append(order[update["note"]])
    assert max(map(len, arrived.values())) > 1
    assert all(numbers == sorted(numbers) for numbers in arrived.values())


def struck(sandbox: SandboxProcess) -> set[str]:
    """The faults that struck at least one call."""
    return {call["fault"] for call in sandbox.calls} - {""}


def _applied(sandbox: SandboxProcess) -> Iterator[dict[str, Any]]:
    return (update for update in sandbox.updates if update["applied"])
