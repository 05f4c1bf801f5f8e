"""What a night does to processes: killed at any moment, stopped, the clock set, two at a time.

Over all processes together the account's limit holds: the sandbox counts, and refuses nothing.
"""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
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

SIGNALS = pytest.mark.skipif(not HAS_SIGNALS, reason="Windows has no such signals")
LIMIT = "20/1"
PASSING = {"lost_before": 0.02, "lost_after": 0.02, "http503": 0.01, "truncated": 0.01}
RUN = ("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "1")
RESUME = ("resume", "--yes", "--patience", "1")


def assert_never_refused(sandbox: SandboxProcess) -> None:
    """No call was over the limit, whichever process made it."""
    over = [call for call in sandbox.calls if call["status"] == 429 and not call["fault"]]
    assert over == []


# ------------------------------------------------------------------ killed


@SIGNALS
@pytest.mark.parametrize(
    ("kills", "rows"),
    [
        pytest.param(6, 120, id="6 kills"),
        pytest.param(
            200, 1500, id="200 kills", marks=[pytest.mark.soak, pytest.mark.timeout(1500)]
        ),
    ],
)
def test_killed_at_any_moment_again_and_again(
    start_sandbox: StartSandbox,
    open_desk: OpenDesk,
    record_property: Callable[[str, object], None],
    kills: int,
    rows: int,
) -> None:
    sheet = a_sheet(rows, seed=kills)
    chances = ",".join(f"{name}={chance}" for name, chance in PASSING.items())
    sandbox = start_sandbox(
        *("--limit", LIMIT, "--faults", chances, "--seed", "3", "--latency", "0.01-0.2")
    )
    desk = open_desk(sandbox, limit=LIMIT)
    desk.write_mapping(MAPPING)
    desk.write_sheet([row.cells for row in sheet], columns=COLUMNS)
    migration = Migration(sandbox=sandbox, desk=desk, rows=sheet, patience="1")
    chance = random.Random(kills)

    killed, command = 0, RUN
    while killed < kills:
        process = desk.start(*command)
        time.sleep(chance.uniform(0.3, 2.0))  # any moment: start-up, planning, sending, settling
        process.kill()
        ended = desk.end(process)
        killed += ended.code == -signal.SIGKILL
        sandbox.wait_until_quiet()
        is_sealed = "r1" in desk.type("runs", code=None).output
        command = RESUME if is_sealed else RUN
        if is_sealed and killed % 10 == 0:
            migration.no_box_contradicts_the_log()
        if is_sealed and not desk.status()["unfinished"]:
            break
    sandbox.change(faults={})
    desk.type(*command, code=None)
    migration.settle_notes_as_a_person()
    for _ in range(3):
        desk.type("retry", "--yes", "--patience", "1", code=None)
        desk.type(*RESUME, code=None)

    migration.no_box_contradicts_the_log()
    assert true_state(sandbox) == expected_state(sheet)
    mappable = [row for row in sheet if row.is_mappable]
    assert desk.states()["succeeded"] == len(mappable)
    assert sandbox.applied() == Counter(row.remarks for row in mappable)
    assert_in_the_sheets_order(sandbox, mappable)
    assert_never_refused(sandbox)
    figures: dict[str, Any] = {
        "kills": killed,
        "rows": rows,
        "calls": len(sandbox.calls),
        "answers lost on purpose": sum(bool(call["fault"]) for call in sandbox.calls),
        "notes possibly twice": desk.status()["notes_possibly_twice"],
        "calls over the limit": 0,
    }
    for name, figure in figures.items():
        record_property(name, figure)


# ------------------------------------------------------------------ stopped


@SIGNALS
@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.soak)])
@pytest.mark.parametrize("mode", ["paced", "learned"])
def test_a_process_that_stands_still_comes_back_without_a_burst(
    start_sandbox: StartSandbox, open_desk: OpenDesk, seconds: int, mode: str
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
    assert len(sandbox.calls) <= 121 * 1.05


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


@pytest.mark.parametrize("seconds", [-3600, 86_400], ids=["back an hour", "forward a day"])
def test_a_clock_that_is_set_changes_nothing(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path, seconds: int
) -> None:
    sandbox = start_sandbox(
        *("--limit", LIMIT, "--latency", "0.05-0.3", "--faults", "lost_after=0.05", "--seed", "4")
    )
    desk = open_desk(sandbox, limit=LIMIT)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SET_CLOCK, encoding="utf-8")
    clock = tmp_path / "offset"
    desk.environment |= {"PYTHONPATH": str(tmp_path / "site"), "CLOCK_OFFSET": str(clock)}
    desk.write_sheet(deals(80))
    process = desk.start(*RUN)
    sandbox.wait_for_updates(25, process)

    clock.write_text(str(seconds), encoding="ascii")

    ended = desk.end(process)
    assert ended.code == Exit.OK, ended.errors
    assert desk.states() == {"succeeded": 80}
    assert set(sandbox.applied().values()) == {1}
    assert_never_refused(sandbox)


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
    late = [call for call in sandbox.updates if call["monotonic"] > killed_at + 3]
    seconds = late[-1]["monotonic"] - late[0]["monotonic"]
    assert (len(late) - 1) / seconds > 20 / 1.5 * 0.8  # all of it, a window and the latency apart


def another_desk(desk: Desk, folder: Path) -> Desk:
    """A second folder and ledger of the same person on the same machine."""
    (folder / "another").mkdir()
    other = Desk(folder / "another", dict(desk.environment))
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
