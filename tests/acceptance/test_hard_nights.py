"""What a night does to processes: killed at any moment, stopped, the clock set, two at a time.

Over all processes together the account's limit holds: the sandbox counts, and refuses nothing.
"""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.disks import OwnDisk, own_disk
from tests.acceptance.rehearsal import HAS_SIGNALS, Desk, Exit, SandboxProcess, deals
from tests.acceptance.test_kill_and_resume import (
    COLUMNS,
    MAPPING,
    Migration,
    a_sheet,
    assert_in_the_sheets_order,
    expected_state,
    true_state,
)

LONG = pytest.mark.timeout(1100)  # `make soak` begins these first
SIGNALS = pytest.mark.skipif(not HAS_SIGNALS, reason="Windows has no such signals")
LIMIT = "20/1"
PASSING = {
    "lost_before": 0.02,
    "lost_after": 0.02,
    "hang": 0.01,
    "rate429": 0.004,
    "http502": 0.01,
    "http503": 0.02,
    "truncated": 0.01,
    "mx_transient": 0.01,
}
RUN = ("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "1")
RESUME = ("resume", "--yes", "--patience", "1")


def assert_never_refused(sandbox: SandboxProcess) -> None:
    """No call was over the limit, whichever process made it."""
    over = [call for call in sandbox.calls if call["status"] == 429 and not call["fault"]]
    assert over == []


def assert_no_window_holds_more(sandbox: SandboxProcess) -> None:
    """The same, counted here: the calls of all processes together, as they arrived."""
    limit, seconds = map(int, LIMIT.split("/"))
    arrived = sorted(call["monotonic"] for call in sandbox.calls)
    shortest = min(last - first for first, last in zip(arrived, arrived[limit:], strict=False))
    assert shortest >= seconds, f"{limit + 1} calls within {shortest} s"


# ------------------------------------------------------------------ killed


@SIGNALS
@pytest.mark.parametrize(
    ("kills", "count", "mode"),
    [
        pytest.param(5, 110, "paced", id="5 kills"),
        *(
            pytest.param(
                50, 800, mode, id=f"50 kills, {mode}, {number}", marks=[pytest.mark.soak, LONG]
            )
            for number, mode in enumerate(("paced", "paced", "sure", "sure"), 1)
        ),
    ],
)
def test_killed_at_any_moment_again_and_again(
    start_sandbox: StartSandbox,
    open_desk: OpenDesk,
    record_property: Callable[[str, object], None],
    tell: Callable[[str], None],
    request: pytest.FixtureRequest,
    kills: int,
    count: int,
    mode: str,
) -> None:
    seed = sum(request.node.name.encode())
    sheet = a_sheet(count, seed=seed)
    chances = ",".join(f"{name}={chance}" for name, chance in PASSING.items())
    trouble = ("--faults", chances, "--seed", str(seed), "--hang", "3", "--latency", "0.01-0.2")
    sandbox = start_sandbox("--limit", LIMIT, *trouble)
    desk = open_desk(sandbox, limit=LIMIT)
    desk.environment["LSQ_QUOTA"] = mode
    desk.write_mapping(MAPPING)
    desk.write_sheet([row.cells for row in sheet], columns=COLUMNS)
    migration = Migration(sandbox=sandbox, desk=desk, rows=sheet, patience="1")
    chance = random.Random(seed)

    killed, command = 0, RUN
    while killed < kills:
        process = desk.start(*command)
        if chance.random() < 0.7:  # while it sends and settles, however slow the machine is
            sandbox.wait_for_updates(len(sandbox.updates) + 1, process)
            time.sleep(chance.uniform(0, 0.8))
        else:  # while it starts, or plans
            time.sleep(chance.uniform(0.2, 1.8))
        process.kill()
        ended = desk.end(process)
        assert ended.code == -signal.SIGKILL, f"it ended by itself after {killed} kills"
        killed += 1
        sandbox.wait_until_quiet()
        # A plan that was not sealed is gone, and is begun again.
        if command is RESUME or "r1" in desk.type("runs", code=None).output:
            command = RESUME
            assert desk.status()["rows_read"] == count  # in exactly one state each
        if killed % 10 == 0 and command is RESUME:
            migration.no_box_contradicts_the_log()
        tell(f"{killed} of {kills} kills, {len(sandbox.updates)} calls for {count} rows")
    before = len(sandbox.updates)
    assert before < count, "the kills were not all in the middle"
    desk.type(*command, code=None)
    sandbox.change(faults={})
    migration.settle_notes_as_a_person()
    while not set(desk.states()) <= {"succeeded", "rejected"}:
        desk.type("retry", "--yes", "--patience", "1", code=None)
        desk.type(*RESUME, code=None)

    migration.no_box_contradicts_the_log()
    assert true_state(sandbox) == expected_state(sheet)
    mappable = [row for row in sheet if row.is_mappable]
    states = Counter("succeeded" if row.is_mappable else "rejected" for row in sheet)
    assert desk.states() == dict(states)
    assert sandbox.applied() == Counter(row.remarks for row in mappable)
    assert_in_the_sheets_order(sandbox, mappable)
    assert_never_refused(sandbox)
    assert_no_window_holds_more(sandbox)
    figures = sandbox.figures(rows=count, kills=killed) | {
        "notes possibly twice": desk.status()["notes_possibly_twice"]
    }
    for name, figure in figures.items():
        record_property(name, figure)


# ------------------------------------------------------------------ stopped


@SIGNALS
@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.soak)])
@pytest.mark.parametrize("mode", ["paced", "learned"])
def test_a_process_that_stands_still_comes_back_without_a_burst(
    start_sandbox: StartSandbox,
    open_desk: OpenDesk,
    record_property: Callable[[str, object], None],
    seconds: int,
    mode: str,
) -> None:
    sandbox = start_sandbox("--limit", LIMIT, "--latency", "0.05-0.3")
    desk = open_desk(sandbox, limit=LIMIT)
    desk.write_sheet(deals(120))
    process = desk.start(*RUN, "--quota", mode)
    sandbox.wait_for_updates(30, process)

    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)  # standing still is what is tried here
    process.send_signal(signal.SIGCONT)

    ended = desk.end(process)
    assert ended.code == Exit.OK, ended.errors
    assert desk.states() == {"succeeded": 120}
    assert set(sandbox.applied().values()) == {1}
    if mode == "paced":
        assert_never_refused(sandbox)
        assert_no_window_holds_more(sandbox)
    assert len(sandbox.calls) <= 121 * 1.05
    for name, figure in sandbox.figures(rows=120).items():
        record_property(name, figure)


# ------------------------------------------------------------------ the clock is set

SET_CLOCK = """\
import os, time
_time = time.time
def _set():
    try:
        with open(os.environ["CLOCK_OFFSET"]) as file:
            return float(file.read() or 0)
    except OSError:
        return 0.0
time.time = lambda: _time() + _set()
"""


@SIGNALS
@pytest.mark.parametrize("is_killed", [False, True], ids=["", "and killed"])
@pytest.mark.parametrize("seconds", [-3600, 86_400], ids=["back an hour", "forward a day"])
def test_a_clock_that_is_set_changes_nothing(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path, seconds: int, is_killed: bool
) -> None:
    sandbox = start_sandbox(
        *("--limit", LIMIT, "--latency", "0.05-0.3", "--faults", "lost_after=0.05", "--seed", "4")
    )
    desk = open_desk(sandbox, limit=LIMIT)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SET_CLOCK, encoding="utf-8")
    clock = tmp_path / "offset"
    found_first = [str(tmp_path / "site"), desk.environment.get("PYTHONPATH", "")]
    desk.environment["PYTHONPATH"] = os.pathsep.join(filter(None, found_first))
    desk.environment["CLOCK_OFFSET"] = str(clock)
    desk.write_sheet(deals(80))
    process = desk.start(*RUN)
    sandbox.wait_for_updates(25, process)

    clock.write_text(str(seconds), encoding="ascii")
    if is_killed:
        sandbox.wait_for_updates(40, process)
        process.kill()
        desk.end(process)
        process = desk.start(*RESUME)

    ended = desk.end(process)
    assert ended.code == Exit.OK, ended.errors
    assert desk.states() == {"succeeded": 80}
    assert set(sandbox.applied().values()) == {1}
    assert_never_refused(sandbox)
    assert_no_window_holds_more(sandbox)


# ------------------------------------------------------------------ disks


@pytest.mark.parametrize("times", [2, pytest.param(15, marks=[pytest.mark.soak, LONG])])
def test_a_disk_that_is_full_again_and_again(
    start_sandbox: StartSandbox,
    open_desk: OpenDesk,
    record_property: Callable[[str, object], None],
    tell: Callable[[str], None],
    times: int,
) -> None:
    """The ledger and the account's permits lie on it, as on a machine with one disk."""
    rows = deals(times * 50 + 50)
    sandbox = start_sandbox("--limit", LIMIT, "--latency", "0.02-0.1")
    desk = open_desk(sandbox, limit=LIMIT)
    desk.write_sheet(rows)
    with own_disk(desk.folder / "small") as disk:
        on_the_disk(desk, disk)
        command = RUN
        for time_ in range(times):
            process = desk.start(*command)
            sandbox.wait_for_updates(len(sandbox.updates) + 25, process)
            disk.fill()
            ended = desk.end(process)
            assert ended.code == Exit.LEDGER, ended.errors
            assert "there is no room left on the disk" in ended.errors
            disk.fill()  # the end of the command has made some room: its write-ahead log is gone
            desk.type(*RESUME, code=Exit.LEDGER)
            sent = len(sandbox.updates)
            disk.make_room()
            intended = {row["Remarks"] for row in desk.entries() if row["migrator_attempts"] != "0"}
            assert set(sandbox.sent()) <= intended, "a call left without being written down"
            command = RESUME
            tell(f"{time_ + 1} of {times} times full, {sent} of {len(rows)} rows sent")
        desk.type(*RESUME)
        assert desk.states() == {"succeeded": len(rows)}

    assert set(sandbox.applied().values()) == {1}
    assert len(sandbox.applied()) == len(rows)
    assert_never_refused(sandbox)
    for name, figure in sandbox.figures(rows=len(rows)).items():
        record_property(name, figure)


@pytest.mark.parametrize("how", ["a fresh run", "a run that was killed"])
def test_a_read_only_disk_ends_the_command_with_nothing_sent(
    start_sandbox: StartSandbox, open_desk: OpenDesk, how: str
) -> None:
    sandbox = start_sandbox("--limit", LIMIT, "--latency", "0.02-0.1")
    desk = open_desk(sandbox, limit=LIMIT)
    desk.write_sheet(deals(80))
    with own_disk(desk.folder / "small") as disk:
        on_the_disk(desk, disk)
        command = RUN
        if how != "a fresh run":
            process = desk.start(*RUN)
            sandbox.wait_for_updates(20, process)
            process.kill()
            desk.end(process)
            sandbox.wait_until_quiet()
            command = RESUME
        before = len(sandbox.updates)
        disk.set_writable(False)

        ended = desk.type(*command, code=Exit.LEDGER)

        assert "small/migrator.db" in ended.errors
        assert len(sandbox.updates) == before
        disk.set_writable(True)
        desk.type(*command)
        assert desk.states() == {"succeeded": 80}

    assert set(sandbox.applied().values()) == {1}
    assert_never_refused(sandbox)


def on_the_disk(desk: Desk, disk: OwnDisk) -> None:
    """Let the ledger and the state folder lie there."""
    desk.before = disk.before
    desk.environment["MIGRATOR_LEDGER"] = str(disk.folder / "migrator.db")
    desk.environment["MIGRATOR_STATE_DIR"] = str(disk.folder / "state")


# ------------------------------------------------------------------ two at a time


@pytest.mark.parametrize("mode", ["paced", "learned", "sure"])
def test_two_runs_at_once_share_the_limit(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path, mode: str
) -> None:
    sandbox = start_sandbox("--limit", LIMIT, "--latency", "0.02-0.1")
    one = open_desk(sandbox, limit=LIMIT)
    other = another_desk(one, tmp_path)
    rows = deals(180)
    one.write_sheet(rows[:90])
    other.write_sheet(rows[90:], name="others.csv")

    processes = [
        one.start(*RUN, "--quota", mode),
        other.start("run", "others.csv", "-m", "deals.yaml", "--yes", "--quota", mode),
    ]
    for desk, process in zip((one, other), processes, strict=True):
        ended = desk.end(process)
        assert ended.code == Exit.OK, ended.errors

    if mode == "learned":  # a refusal now and then is its price, the more so on a busy machine
        assert len(sandbox.calls) <= 182 * 1.05
    else:
        assert_never_refused(sandbox)
        assert_no_window_holds_more(sandbox)
    mine = {row.remarks for row in rows[:90]}
    middle = sandbox.updates[60:120]
    assert 20 <= sum(call["note"] in mine for call in middle) <= 40
    updates = sorted(call["monotonic"] for call in sandbox.updates)
    least = 0.75 if mode == "learned" else 0.85  # its allowance is large for so short a window
    assert 175 / (updates[-1] - updates[0]) > least * 20


@SIGNALS
def test_what_a_killed_process_has_left_goes_to_the_others(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path
) -> None:
    sandbox = start_sandbox("--limit", LIMIT, "--latency", "0.3-0.5")
    one = open_desk(sandbox, limit=LIMIT)
    other = another_desk(one, tmp_path)
    rows = deals(200)
    one.write_sheet(rows[:100])
    other.write_sheet(rows[100:], name="others.csv")
    first = one.start(*RUN, "--quota", "sure")
    second = other.start("run", "others.csv", "-m", "deals.yaml", "--yes", "--quota", "sure")
    sandbox.wait_for_updates(60, second)

    first.send_signal(signal.SIGKILL)
    one.end(first)
    killed_at = sandbox.updates[-1]["monotonic"]

    assert other.end(second).code == Exit.OK
    assert_never_refused(sandbox)
    assert_no_window_holds_more(sandbox)
    late = [call for call in sandbox.updates if call["monotonic"] > killed_at + 3]
    seconds = late[-1]["monotonic"] - late[0]["monotonic"]
    assert (len(late) - 1) / seconds > 20 / 1.5 * 0.8  # all of it, a window and the latency apart


def another_desk(desk: Desk, folder: Path) -> Desk:
    """A second folder and ledger of the same person on the same machine."""
    (folder / "another").mkdir()
    other = Desk(folder / "another", dict(desk.environment))
    other.started = desk.started  # they end with the test
    other.write_mapping((desk.folder / "deals.yaml").read_text(encoding="utf-8"))
    return other


def test_a_second_run_while_one_works_is_refused_by_its_ledger(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--limit", LIMIT, "--latency", "0.05")
    desk = open_desk(sandbox, limit=LIMIT)
    desk.write_sheet(deals(60))
    process: subprocess.Popen[str] = desk.start(*RUN)
    sandbox.wait_for_updates(10, process)

    refused = desk.type(*RUN, code=Exit.LEDGER)

    assert str(process.pid) in refused.errors
    assert desk.end(process).code == Exit.OK
    assert set(sandbox.applied().values()) == {1}
