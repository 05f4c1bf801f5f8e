"""`migrator status --watch`: how far another process is."""

import signal
import subprocess

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import HAS_SIGNALS, Desk, Exit, SandboxProcess, deals


def under_way(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> tuple[SandboxProcess, Desk, "subprocess.Popen[str]"]:
    """A run of sixty rows at ten a second that has had time for its rate to be measured."""
    sandbox = start_sandbox("--latency", "0.1")
    desk = open_desk(sandbox, limit="10/1")
    desk.write_sheet(deals(60))
    running = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(20, running)  # more than a second
    return sandbox, desk, running


def test_a_run_is_watched_until_it_has_ended(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox, desk, running = under_way(start_sandbox, open_desk)

    watched = desk.type("status", "--watch")

    assert len(sandbox.updates) == 60
    assert "60  succeeded" in watched.output
    assert "of 60 rows, sending: ok " in watched.errors
    assert "calls/s" in watched.errors
    assert desk.end(running).code == Exit.OK


def test_watching_ends_where_nobody_works_on_the_run(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    _, desk, running = under_way(start_sandbox, open_desk)
    watching = desk.start("status", "--watch")
    assert watching.stderr is not None
    first = watching.stderr.readline()

    running.kill()
    desk.end(running)
    ended = desk.end(watching)

    assert "of 60 rows" in first
    assert ended.code == Exit.OK
    assert "next: migrator resume r1-" in ended.output


@pytest.mark.skipif(not HAS_SIGNALS, reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_ends_the_watching_and_says_that_the_run_goes_on(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox, desk, running = under_way(start_sandbox, open_desk)
    watching = desk.start("status", "--watch")
    assert watching.stderr is not None
    watching.stderr.readline()

    watching.send_signal(signal.SIGINT)
    ended = desk.end(watching)

    assert ended.code == Exit.INTERRUPTED
    assert "is not watched any more; it goes on" in ended.errors
    assert "nothing more was sent" not in ended.errors
    assert desk.end(running).code == Exit.OK
    assert len(sandbox.updates) == 60


def test_a_run_that_has_ended_is_shown_at_once(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(2))
    desk.run()

    assert "2  succeeded" in desk.type("status", "--watch").output
