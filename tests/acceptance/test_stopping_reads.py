"""How a command stops that reads or plans: at once, in words, with nothing sent."""

import json
import signal

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import HAS_SIGNALS, Desk, Exit, SandboxProcess, deals, wait_until

pytestmark = pytest.mark.skipif(not HAS_SIGNALS, reason="signals to processes are POSIX's")


def bulk_reads(sandbox: SandboxProcess) -> int:
    return sum(call["path"].endswith("GetOpportunitiesById") for call in sandbox.calls)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, Exit.INTERRUPTED, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, Exit.TERMINATED, id="SIGTERM"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "resume", "undo"])
def test_a_signal_while_it_reads_ends_a_command_at_once_with_nothing_sent(
    sandbox: SandboxProcess, desk: Desk, command: str, number: signal.Signals, code: Exit
) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)
    before = bulk_reads(sandbox)
    sandbox.change(latency=60, latency_before=0)  # in the log at once, answered late
    process = desk.start(command, "r1", *(() if command == "verify" else ("--yes",)))
    wait_until(lambda: bulk_reads(sandbox) > before or process.poll() is not None)

    process.send_signal(number)
    ended = desk.end(process, within=10)

    assert ended.code == code, ended.errors
    assert "migrator: interrupted while reading; nothing was sent\n" in ended.errors
    assert "Traceback" not in ended.errors
    assert len(sandbox.updates) == 1
    assert ("next: migrator resume" in ended.output) is (command == "resume")

    sandbox.change(latency=0)
    assert "r2" not in desk.type("runs").output
    desk.type("resume", "--yes", "--patience", "0.5")
    assert desk.states() == {"succeeded": 3}


def test_a_signal_while_it_waits_for_an_outage_ends_a_command_at_once(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(3))
    desk.run()
    sandbox.change(down=True)
    process = desk.start("verify")
    assert process.stderr is not None
    while "reading waits for it" not in process.stderr.readline():
        assert process.poll() is None

    process.send_signal(signal.SIGTERM)
    ended = desk.end(process, within=10)

    assert ended.code == Exit.TERMINATED
    assert "interrupted while reading; nothing was sent" in ended.errors


def test_a_signal_while_reads_lag_says_that_the_rows_were_sent(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--read-lag", "60")
    desk = open_desk(sandbox)
    desk.write_sheet(deals(3))
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes", "--verify")
    assert process.stderr is not None
    while "reads may lag" not in process.stderr.readline():
        assert process.poll() is None

    process.send_signal(signal.SIGTERM)
    ended = desk.end(process, within=10)

    assert ended.code == Exit.TERMINATED
    assert "interrupted while what was sent was read back\n  `migrator verify r1-" in ended.errors
    assert desk.states() == {"succeeded": 3}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, Exit.INTERRUPTED, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, Exit.TERMINATED, id="SIGTERM"),
    ],
)
@pytest.mark.parametrize("command", ["run", "reconcile"])
def test_a_signal_while_a_sheet_is_planned_ends_a_command_in_words(
    sandbox: SandboxProcess, desk: Desk, command: str, number: signal.Signals, code: Exit
) -> None:
    desk.write_sheet(deals(60_000))  # some seconds of planning
    process = desk.start(command, "deals.csv", "-m", "deals.yaml", "--yes")
    wait_until(lambda: any(desk.folder.glob("*run1.lock")) or process.poll() is not None)

    process.send_signal(number)
    ended = desk.end(process, within=10)

    assert ended.code == code, ended.errors
    assert "\nmigrator: interrupted; nothing more was sent\n" in ended.errors
    assert not sandbox.updates
    assert json.loads(desk.type("runs", "--json").output)["runs"] == []
