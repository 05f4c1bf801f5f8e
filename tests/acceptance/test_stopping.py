"""How a command stops: what it settles, what it prints, and the exit code it leaves."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import (
    ACCESS_KEY,
    HAS_SIGNALS,
    Desk,
    Exit,
    SandboxProcess,
    deals,
    guid,
)

SLOW = "40/0.2"
"""A limit that leaves time to meet a run in its middle."""


@pytest.fixture
def slow(start_sandbox: StartSandbox, open_desk: OpenDesk) -> tuple[SandboxProcess, Desk]:
    """A sandbox that thinks, and a desk with a sheet that takes a while."""
    sandbox = start_sandbox("--latency", "0.2")
    desk = open_desk(sandbox, limit=SLOW)
    desk.write_sheet(deals(200))
    return sandbox, desk


@pytest.mark.skipif(not HAS_SIGNALS, reason="signals to processes are POSIX's")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, Exit.INTERRUPTED, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, Exit.TERMINATED, id="SIGTERM"),
    ],
)
def test_a_signal_settles_what_is_under_way_and_the_printed_command_goes_on(
    slow: tuple[SandboxProcess, Desk], number: signal.Signals, code: Exit
) -> None:
    sandbox, desk = slow
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(40, process)

    process.send_signal(number)
    ended = desk.end(process)

    applied = sum(sandbox.applied().values())
    assert ended.code == code
    assert "stopping" in ended.errors
    assert 40 <= applied < 200
    assert desk.states() == {"succeeded": applied, "planned": 200 - applied}
    assert "= 200 rows read" in ended.output

    printed = ended.output.partition("next: migrator ")[2].splitlines()[0]
    assert printed.startswith("resume r1-")
    desk.type(*printed.split(), "--yes")
    assert desk.states() == {"succeeded": 200}
    assert set(sandbox.applied().values()) == {1}


@pytest.mark.skipif(not HAS_SIGNALS, reason="signals to processes are POSIX's")
def test_a_signal_while_an_answer_is_lost_leaves_the_row_in_doubt_for_resume(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--read-lag", "2")
    desk = open_desk(sandbox)
    desk.write_sheet(deals(30))
    sandbox.strike("lost_after", opportunity=guid(7))
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "30")
    sandbox.wait_for_updates(30, process)

    process.send_signal(signal.SIGINT)
    ended = desk.end(process)

    assert ended.code == Exit.INTERRUPTED
    assert desk.states() == {"succeeded": 29, "in_doubt": 1}
    assert desk.status()["unfinished"] == 1

    desk.type("resume", "--yes", "--patience", "30")
    assert desk.states() == {"succeeded": 30}
    assert sandbox.applied() == {f"Remark {n}": 1 for n in range(1, 31)}


@pytest.mark.skipif(not HAS_SIGNALS, reason="signals to processes are POSIX's")
def test_a_second_ctrl_c_leaves_at_once_and_the_ledger_still_tells_the_truth(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(10))
    sandbox.strike("hang", times=10, path="Update", applied=True)
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(10, process)

    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "stopping" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    ended = desk.end(process, within=5)

    assert ended.code == Exit.INTERRUPTED
    assert desk.states() == {"sending": 10}
    desk.type("resume", "--yes", "--patience", "0.5")
    assert desk.states() == {"succeeded": 10}
    assert set(sandbox.applied().values()) == {1}


@pytest.mark.parametrize("command", ["resume", "retry", "run"])
def test_a_second_process_on_the_same_run_is_refused_and_told_of_the_first(
    slow: tuple[SandboxProcess, Desk], command: str
) -> None:
    sandbox, desk = slow
    desk.environment["LSQ_RATE_LIMIT"] = "5/0.5"  # the first is under way for twenty seconds
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(5, process)
    sheet = ("deals.csv", "-m", "deals.yaml") if command == "run" else ()

    refused = desk.type(command, *sheet, "--yes", code=Exit.LEDGER)

    assert f"process {process.pid} on " in refused.errors
    assert process.poll() is None
    process.kill()
    desk.end(process)
    assert set(sandbox.sent().values()) == {1}


@pytest.mark.parametrize("command", ["resume", "run"])
def test_a_killed_run_keeps_nobody_out_and_goes_on(
    slow: tuple[SandboxProcess, Desk], command: str
) -> None:
    sandbox, desk = slow
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(5, process)
    process.kill()
    desk.end(process)

    sheet = ("deals.csv", "-m", "deals.yaml") if command == "run" else ()
    desk.type(command, *sheet, "--yes", "--patience", "0.5")

    assert desk.states() == {"succeeded": 200}
    assert set(sandbox.applied().values()) == {1}


@pytest.mark.skipif(not HAS_SIGNALS, reason="signals to processes are POSIX's")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGKILL if HAS_SIGNALS else 9, -9, id="killed"),
        pytest.param(signal.SIGINT, Exit.INTERRUPTED, id="Ctrl-C"),
    ],
)
def test_a_plan_that_was_not_finished_is_never_sent(
    sandbox: SandboxProcess, desk: Desk, number: int, code: int
) -> None:
    desk.write_sheet(deals(20_000))
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    wait_for_size(desk.folder / "migrator.db-wal", 500_000, process)

    process.send_signal(number)
    ended = desk.end(process)

    assert ended.code == code, ended.errors
    assert not sandbox.updates
    assert "there is no run unfinished" in desk.type("resume", code=Exit.USAGE).errors
    desk.write_sheet(deals(5), name="small.csv")
    desk.run(sheet="small.csv")
    assert len(sandbox.updates) == 5
    assert desk.states("r1") == {"succeeded": 5}  # the number was free again


@pytest.mark.parametrize(
    ("name", "value"), [("LSQ_ACCESS_KEY", f"{ACCESS_KEY}x"), ("LSQ_SECRET_KEY", "another")]
)
def test_a_wrong_key_is_refused_before_anything_is_planned(
    sandbox: SandboxProcess, desk: Desk, name: str, value: str
) -> None:
    desk.write_sheet(deals(3))
    desk.environment[name] = value

    ended = desk.run(code=Exit.ACCESS)

    assert "LSQ_ACCESS_KEY and LSQ_SECRET_KEY" in ended.errors
    assert "Nothing was sent" in ended.errors
    assert not sandbox.updates
    assert "there is no run" in desk.type("status", code=Exit.USAGE).errors


def test_a_user_deactivated_in_the_middle_blames_no_row_and_resume_goes_on(
    slow: tuple[SandboxProcess, Desk],
) -> None:
    sandbox, desk = slow
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(40, process)

    sandbox.change(deactivated=True)
    ended = desk.end(process)

    applied = sum(sandbox.applied().values())
    assert ended.code == Exit.ACCESS
    assert desk.states() == {"succeeded": applied, "planned": 200 - applied}
    sandbox.change(deactivated=False)
    desk.type("resume", "--yes")
    assert set(sandbox.applied().values()) == {1}
    assert desk.states() == {"succeeded": 200}


def test_a_host_that_cannot_be_reached_ends_the_command_with_nothing_sent(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(3))
    desk.environment["LSQ_API_HOST"] = f"http://127.0.0.1:{closed_port()}"

    ended = desk.run(code=Exit.TARGET)

    assert "could not be reached" in ended.errors
    assert desk.environment["LSQ_API_HOST"].removeprefix("http://") in ended.errors
    assert not sandbox.calls


def test_nobody_to_ask_and_no_yes_sends_nothing_and_leaves_no_run(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(3))

    ended = desk.type("run", "deals.csv", "-m", "deals.yaml", code=Exit.USAGE)

    assert "--yes" in ended.errors
    assert not sandbox.updates
    assert "there is no run" in desk.type("status", code=Exit.USAGE).errors


def test_twenty_equal_refusals_in_a_row_stop_the_run_and_leave_the_rest_planned(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--faults", "mx500=1", "--latency", "0.02")
    desk = open_desk(sandbox, limit=SLOW)
    desk.write_sheet(deals(60))

    ended = desk.run(code=Exit.STOPPED)

    states = desk.states()
    assert "20 rows in a row were refused for the same reason" in ended.errors
    assert 20 <= states["failed"] < 40
    assert states == {"failed": states["failed"], "planned": 60 - states["failed"]}
    assert len(sandbox.updates) == states["failed"]

    sandbox.change(faults={})
    desk.type("retry", "--yes")
    assert desk.states() == {"succeeded": 60}


def test_refusals_with_a_success_between_them_stop_nothing(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    sandbox.change(unknown=[guid(number) for number in range(1, 61) if number % 12])
    desk.write_sheet(deals(60))
    desk.environment["LSQ_RATE_LIMIT"] = SLOW

    desk.run(code=Exit.ATTENTION)

    assert desk.states() == {"succeeded": 5, "failed": 55}


def wait_for_size(file: Path, size: int, process: "subprocess.Popen[str]") -> None:
    """Wait until a file that ``process`` writes is so large."""
    deadline = time.monotonic() + 30
    while not file.exists() or file.stat().st_size < size:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
