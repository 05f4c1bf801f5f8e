"""`ledger prune`: what rows held is gone from the file; what proves and protects is there."""

import json
import sqlite3
from dataclasses import replace

import pytest

from migrator.ledger import open_ledger
from migrator.runs.pruning import prunable, prune
from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals

PRUNE = ("ledger", "prune", "--older-than", "90d")
SECRETS_OF_ROWS = ("Deal 1", "Remark 1", "a lot of money", "South", "before them")


def grow_old(desk: Desk, days: int = 100) -> None:
    """As if all runs had ended so long ago."""
    with sqlite3.connect(desk.folder / "migrator.db") as ledger:
        ledger.execute(
            "UPDATE runs SET created_at = created_at - ?1, finished_at = finished_at - ?1",
            (days * 86_400,),
        )
    ledger.close()


def in_the_file(desk: Desk) -> set[str]:
    """The texts of rows that can still be read anywhere in the ledger's files."""
    content = b"".join(path.read_bytes() for path in desk.folder.glob("migrator.db*"))
    return {text for text in SECRETS_OF_ROWS if text.encode() in content}


@pytest.fixture
def old_run(desk: Desk, sandbox: SandboxProcess) -> Desk:
    """A run of four rows: two succeeded, one failed, one rejected."""
    rows = deals(4)
    rows[3] = replace(rows[3], amount="a lot of money")
    desk.write_sheet(rows)
    sandbox.strike("mx_input", opportunity=rows[2].opportunity, path="Update")
    desk.run(code=Exit.ATTENTION)
    with sqlite3.connect(desk.folder / "migrator.db") as ledger:
        ledger.execute('UPDATE before_images SET shown = \'{"mx_Custom_1":"before them"}\'')
    ledger.close()
    grow_old(desk)
    return desk


def test_values_are_gone_and_the_balance_stays(old_run: Desk) -> None:
    before = old_run.status()
    assert in_the_file(old_run) == set(SECRETS_OF_ROWS)

    ended = old_run.type(*PRUNE, "--yes")

    assert "removed: cells and values of 1 run" in ended.output
    assert in_the_file(old_run) == set()
    after = old_run.status()
    assert after["states"] == before["states"]
    assert after["calls"] == before["calls"]
    codes = [reason["code"] for reason in after["reasons"]]
    assert codes == [reason["code"] for reason in before["reasons"]]
    assert "removed by `ledger prune`" in old_run.type("status").output


def test_the_same_sheet_typed_again_sends_only_what_is_not_confirmed(
    old_run: Desk, sandbox: SandboxProcess
) -> None:
    sent = len(sandbox.updates)
    old_run.type(*PRUNE, "--yes")

    old_run.run(code=Exit.ATTENTION)

    assert old_run.states("r2") == {"unchanged": 2, "succeeded": 1, "rejected": 1}
    assert len(sandbox.updates) == sent + 1
    notes = [note for one in sandbox.opportunities().values() for note in one["notes"]]
    assert sorted(notes) == ["Remark 1", "Remark 2", "Remark 3"]


@pytest.mark.parametrize(
    "command",
    [
        ("retry", "r1", "--yes"),
        ("undo", "r1", "--yes"),
        ("verify", "r1", "--yes"),
        ("export", "r1", "--failed", "-o", "fix.csv"),
    ],
    ids=lambda command: command[0],
)
def test_what_needs_the_values_says_that_they_are_gone(
    old_run: Desk, command: tuple[str, ...]
) -> None:
    old_run.type(*PRUNE, "--yes")

    ended = old_run.type(*command, code=Exit.USAGE)

    assert "were removed by `migrator ledger prune` on 20" in ended.errors


def test_an_export_made_before_is_refused(old_run: Desk) -> None:
    old_run.type("export", "r1", "--failed", "-o", "fix.csv")
    old_run.type(*PRUNE, "--yes")

    ended = old_run.run(sheet="fix.csv", code=Exit.USAGE)

    assert "fix.csv is an export of it" in ended.errors


def test_a_dry_run_and_no_answer_remove_nothing(old_run: Desk) -> None:
    told = old_run.type(*PRUNE, "--dry-run").output
    assert "(deals.csv): 4 rows" in told
    ended = old_run.type(*PRUNE, code=Exit.USAGE)

    assert "nobody can be asked" in ended.errors
    assert in_the_file(old_run) == set(SECRETS_OF_ROWS)


def test_young_runs_and_runs_with_rows_left_keep_all(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)
    assert desk.type(*PRUNE, "--yes").output == "nothing that old has cells or values\n"
    grow_old(desk)

    told = desk.type(*PRUNE, "--yes").output

    assert "2 of its rows are planned or in doubt" in told
    assert "Deal 1" in in_the_file(desk)
    desk.type("resume", "--yes")
    assert len(sandbox.updates) == 3


def test_a_report_of_what_is_left_says_what_is_gone(old_run: Desk) -> None:
    old_run.type(*PRUNE, "--yes")

    for name in ("report.html", "report.md"):
        old_run.type("report", "r1", "-o", name)
        page = (old_run.folder / name).read_text(encoding="utf-8")
        assert "Invalid Input" not in page
        assert "MXInvalidInputException" in page
        assert "Cells and values of this run were removed" in page
        assert "no before-images were kept" not in page
        assert "export" not in page
    printed = old_run.type("report", "r1", "--format", "json").output
    assert json.loads(printed)["run"]["pruned_at"].startswith("20")


def test_a_reader_that_keeps_the_old_file_is_told_of_and_the_next_time_makes_good(
    old_run: Desk,
) -> None:
    reader = sqlite3.connect(old_run.folder / "migrator.db", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM entries").fetchone() == (4,)

    ended = old_run.type(*PRUNE, "--yes", code=Exit.LEDGER)

    assert "another program is reading it" in ended.errors
    assert "parts of them may still be read in it" in ended.errors
    # It goes as it came: a program that dies leaves the log where it is.
    log = (old_run.folder / "migrator.db-wal").read_bytes()
    content = (old_run.folder / "migrator.db").read_bytes()
    reader.close()
    (old_run.folder / "migrator.db").write_bytes(content)
    (old_run.folder / "migrator.db-wal").write_bytes(log)
    assert in_the_file(old_run) == set(SECRETS_OF_ROWS)
    assert "the file was rewritten" in old_run.type(*PRUNE, "--yes").output
    assert in_the_file(old_run) == set()
    assert old_run.type(*PRUNE, "--yes").output == "nothing that old has cells or values\n"


def test_a_run_that_was_worked_on_while_the_question_stood_keeps_all(
    old_run: Desk, sandbox: SandboxProcess
) -> None:
    with open_ledger(old_run.folder / "migrator.db") as ledger:
        before = ledger.records.run("r1").finished_at + 1
        found = prunable(ledger, before=before)
        assert [old.run.id for old in found.runs]
        with sqlite3.connect(old_run.folder / "migrator.db") as other:  # as a stopped retry does
            other.execute("UPDATE entries SET state = 'planned' WHERE state = 'failed'")
        other.close()

        removed = prune(ledger, found, before=before, at=before)

    assert not removed.runs
    assert removed.kept
    assert "Deal 3" in {row["Name"] for row in old_run.entries()}


def test_a_run_that_another_process_holds_keeps_all_and_the_others_do_not(old_run: Desk) -> None:
    old_run.write_sheet(deals(2), name="more.csv")
    old_run.run(sheet="more.csv")
    grow_old(old_run)
    with (
        open_ledger(old_run.folder / "migrator.db") as ledger,
        ledger.locks.hold(ledger.records.run("r1")),
    ):
        ended = old_run.type(*PRUNE, "--yes", code=Exit.LEDGER)

    assert "is being worked on" in ended.errors
    assert "a lot of money" in in_the_file(old_run)
    assert old_run.type("export", "r2", "--all", "-o", "out.csv", code=Exit.USAGE)


def test_a_run_under_way_is_not_disturbed_by_a_rewriting_that_is_owed(old_run: Desk) -> None:
    old_run.type(*PRUNE, "--yes")
    with sqlite3.connect(old_run.folder / "migrator.db") as other:  # leaves free pages
        other.execute("CREATE TABLE filler AS SELECT zeroblob(100000)")
        other.execute("DROP TABLE filler")
    other.close()
    with open_ledger(old_run.folder / "migrator.db") as ledger:
        with ledger.locks.hold(ledger.records.run("r1")):
            told = old_run.type(*PRUNE, "--yes").output
        assert told == "nothing that old has cells or values\n"

    assert "the file was rewritten" in old_run.type(*PRUNE, "--yes").output
