"""The ledger where people expect it: its path is shown, and a second one asks first."""

import shutil
from pathlib import Path

import pytest

from tests.acceptance.rehearsal import HAS_TERMINALS, Desk, Exit, SandboxProcess, deals


@pytest.fixture
def other(desk: Desk, tmp_path: Path) -> Desk:
    """Another folder of the same person, after a run in the first one."""
    desk.write_sheet(deals(4))
    desk.run()
    folder = tmp_path / "other"
    folder.mkdir()
    other = Desk(folder, desk.environment)
    other.write_mapping((desk.folder / "deals.yaml").read_text(encoding="utf-8"))
    other.write_sheet(deals(4))
    return other


def test_the_absolute_path_is_shown_at_the_start_and_at_the_end(desk: Desk) -> None:
    desk.write_sheet(deals(2))

    ended = desk.run()

    path = (desk.folder / "migrator.db").resolve()
    assert f"ledger  {path}" in ended.errors
    assert f"ledger: {path}" in ended.output


def test_a_new_ledger_for_a_known_source_is_refused_and_both_ways_on_are_named(
    other: Desk, desk: Desk, sandbox: SandboxProcess
) -> None:
    before = len(sandbox.updates)

    ended = other.run(code=Exit.USAGE)

    known = (desk.folder / "migrator.db").resolve()
    assert f"{known} holds run r1-" in ended.errors
    assert "4 of 4 rows succeeded" in ended.errors
    assert f"--ledger {known}" in ended.errors
    assert "--new-ledger" in ended.errors
    assert len(sandbox.updates) == before


def test_the_other_ledger_may_be_named(other: Desk, desk: Desk, sandbox: SandboxProcess) -> None:
    before = len(sandbox.updates)

    other.run("--ledger", str(desk.folder / "migrator.db"))

    assert len(sandbox.updates) == before  # everything is known there


def test_a_new_ledger_may_be_meant(other: Desk, sandbox: SandboxProcess) -> None:
    other.run("--new-ledger")
    other.run()  # from now on it knows the source itself

    assert len(sandbox.updates) == 8


def test_another_source_begins_a_ledger_without_a_question(other: Desk) -> None:
    other.write_sheet(deals(2), name="accounts.csv")

    other.run(sheet="accounts.csv")


def test_a_known_ledger_that_is_gone_is_no_reason_to_ask(other: Desk, desk: Desk) -> None:
    (desk.folder / "migrator.db").unlink()

    other.run()


@pytest.mark.skipif(not HAS_TERMINALS, reason="there are no pseudo-terminals there")
def test_a_person_at_the_terminal_is_asked_and_may_say_no(
    other: Desk, sandbox: SandboxProcess
) -> None:
    before = len(sandbox.updates)

    code, shown = other.at_terminal(
        "run", "deals.csv", "-m", "deals.yaml", answers=[("all the same? [y/N]", "n")]
    )

    assert code == Exit.USAGE
    assert "would be sent again" in shown
    assert len(sandbox.updates) == before


def test_a_copy_of_a_ledger_does_not_send_what_the_other_one_sent(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet(deals(3))
    desk.type("plan", "deals.csv", "-m", "deals.yaml")
    shutil.copy(desk.folder / "migrator.db", desk.folder / "copy.db")
    desk.type("run", "--plan", "r1", "--yes", "--ledger", "copy.db")

    ended = desk.type("run", "--plan", "r1", "--yes", code=Exit.USAGE)

    assert "has sent 3 calls more of run r1-" in ended.errors
    assert len(sandbox.updates) == 3
    (desk.folder / "copy.db").unlink()  # this one is right, after all
    desk.type("run", "--plan", "r1", "--yes")
    assert len(sandbox.updates) == 6


def test_a_copy_that_is_behind_disturbs_nobody(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)
    shutil.copy(desk.folder / "migrator.db", desk.folder / "backup.db")
    desk.type("status", "--ledger", "backup.db")

    desk.type("resume", "--yes")

    assert len(sandbox.updates) == 3
