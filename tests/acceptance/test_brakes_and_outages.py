"""Brakes and outages as a person meets them: a server that is gone, rows that fail in numbers."""

import pytest

from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals, guid, wait_until


def test_too_many_failed_rows_stop_the_run(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(80))
    for number in range(1, 80, 4):
        sandbox.strike("mx_input", opportunity=guid(number))

    ended = desk.run("--max-failures", "5", code=Exit.STOPPED)

    assert "rows failed (--max-failures 5); the most frequent reason (" in ended.errors
    assert "MXInvalidInputException" in ended.errors
    states = desk.states()
    assert 5 <= states["failed"] < 20  # calls under way are settled
    assert states["planned"] > 0

    desk.type("resume", "--yes", code=Exit.ATTENTION)
    desk.type("retry", "--yes")
    assert desk.states() == {"succeeded": 80}


def test_a_part_of_the_rows_is_a_limit_too(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(200))
    for number in range(1, 200, 5):
        sandbox.strike("mx_input", opportunity=guid(number))

    ended = desk.run("--max-failures", "10%", code=Exit.STOPPED)

    assert "--max-failures 10%" in ended.errors
    assert desk.states()["planned"] > 100


def test_an_outage_is_waited_out_and_told(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(300))
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "0.5")
    sandbox.wait_for_updates(40, process)
    sandbox.change(down=True)
    before = len(sandbox.calls)
    while not any(call["path"].endswith("Details") for call in sandbox.calls[before:]):
        assert process.poll() is None
    sandbox.change(down=False)

    ended = desk.end(process)

    assert ended.code == Exit.OK, ended.errors
    assert "the CRM does not answer" in ended.errors
    assert "the CRM answers again: sending goes on" in ended.errors
    assert desk.states() == {"succeeded": 300}


def test_an_outage_that_is_too_long_ends_the_run_with_its_rows(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(50))
    process = desk.start(*("run", "deals.csv", "-m", "deals.yaml", "--yes", "--max-outage", "0.05"))
    sandbox.wait_for_updates(5, process)
    sandbox.change(down=True)

    ended = desk.end(process)

    assert ended.code == Exit.TARGET
    assert "the CRM has not answered for" in ended.errors
    assert "migrator resume" in ended.errors
    assert set(desk.states()) <= {"succeeded", "planned", "in_doubt"}

    sandbox.change(down=False)
    desk.type("resume", "--yes", "--patience", "0.5")
    assert desk.states() == {"succeeded": 50}


@pytest.mark.parametrize(
    "command",
    [("verify",), ("resume", "--yes"), ("undo", "r1", "--yes")],
    ids=lambda words: words[0],
)
def test_bulk_reads_wait_an_outage_out_and_tell_it(
    sandbox: SandboxProcess, desk: Desk, command: tuple[str, ...]
) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)
    sandbox.change(down=True)
    before = len(sandbox.calls)

    process = desk.start(*command, "--patience", "0.5")
    wait_until(lambda: len(sandbox.calls) >= before + 4 or process.poll() is not None)
    sandbox.change(down=False)
    ended = desk.end(process)

    assert ended.code == Exit.OK, ended.errors
    assert ended.errors.count("LeadSquared does not answer") == 1
    assert ended.errors.count("LeadSquared answers again: reading goes on") == 1


@pytest.mark.parametrize(
    "command",
    [("verify",), ("resume", "--yes"), ("undo", "r1", "--yes")],
    ids=lambda words: words[0],
)
def test_bulk_reads_wait_no_longer_than_they_may(
    sandbox: SandboxProcess, desk: Desk, command: tuple[str, ...]
) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)
    sandbox.change(down=True)

    desk.type(*command, "--max-outage", "0.02", code=Exit.TARGET)

    assert len(sandbox.updates) == 1
    sandbox.change(down=False)
    desk.type("resume", "--yes", "--patience", "0.5")
    assert desk.states() == {"succeeded": 3}
