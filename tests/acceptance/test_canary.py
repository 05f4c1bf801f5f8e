"""`--canary`: some rows are sent and read back before the rest leaves."""

import json
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Deal, Desk, Exit, SandboxProcess, deals, guid

LONGEST = 37  #: The row with the longest name; Excel's numbering.
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


def sheet() -> list[Deal]:
    rows = deals(60)
    rows[LONGEST - 2] = Deal(
        opportunity=guid(LONGEST - 1), name="A name that is longer than others"
    )
    return rows


def short_names(folder: Path) -> Path:
    """An account whose names are cut at twenty letters, in silence."""
    path = folder / "schema.json"
    fields = {"mx_Custom_1": {"max_length": 20}, "mx_Custom_6": {}, "mx_Custom_11": {}}
    path.write_text(json.dumps({"types": [{"code": 12000, "fields": fields}]}), encoding="utf-8")
    return path


def test_rows_over_the_whole_file_go_first_and_the_rest_follows(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(sheet())

    ended = desk.run("--canary", "5")

    assert desk.states() == {"succeeded": 60}
    reads = [n for n, call in enumerate(sandbox.calls) if call["path"].endswith("Details")]
    first = [call for call in sandbox.calls[: reads[0]] if call["path"].endswith("Update")]
    notes = {call["note"] for call in first}
    assert {"Remark 1", "Remark 60"} <= notes
    assert guid(LONGEST - 1) in {call["opportunity"] for call in first}
    assert 5 < len(first) == len(reads) <= 5 + 5
    assert f"canary: {len(first)} rows read back" in ended.errors
    assert "all as sent" in ended.errors
    assert set(sandbox.sent().values()) - {1} == set()


def test_a_value_that_the_account_cut_stops_the_run(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path
) -> None:
    sandbox = start_sandbox("--schema", str(short_names(tmp_path)), "--too-long", "truncated")
    desk = open_desk(sandbox)
    desk.write_sheet(sheet())

    ended = desk.run("--canary", "3", code=Exit.STOPPED)

    assert f"row {LONGEST}: mx_Custom_1 was sent as" in ended.errors
    assert 'found as "A name that is longe"' in ended.errors
    assert "migrator resume r1" in ended.errors
    sent = len(sandbox.updates)
    assert desk.states() == {"succeeded": sent, "planned": 60 - sent}
    assert sent < 10

    desk.type("resume", "--yes")

    assert desk.states() == {"succeeded": 60}
    assert len(sandbox.updates) == 60


def test_a_row_that_is_refused_stops_the_run(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(sheet())
    sandbox.strike("mx500", opportunity=guid(60))

    ended = desk.run("--canary", "2", code=Exit.STOPPED)

    assert "row 61" in ended.errors
    assert "a row of the canary ended failed" in ended.errors
    assert desk.states()["planned"] > 50


def test_more_rows_than_there_are_means_all(desk: Desk) -> None:
    desk.write_sheet(deals(3))

    ended = desk.run("--canary", "50")

    assert desk.states() == {"succeeded": 3}
    assert "canary: 3 rows read back" in ended.errors


def test_earlier_rows_of_the_same_opportunity_go_along(sandbox: SandboxProcess, desk: Desk) -> None:
    rows = [*deals(20), Deal(opportunity=guid(1), name="Deal 1 again", remarks="Again")]
    desk.write_sheet(rows)

    desk.run("--canary", "1")

    assert desk.states() == {"succeeded": 21}
    first = [call["note"] for call in sandbox.updates if call["opportunity"] == guid(1)]
    assert first == ["Remark 1", "Again"]


@POSIX
def test_at_a_terminal_it_asks_and_no_leaves_the_rest(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(sheet())
    answers = [("Send 60 updates?", "y"), ("Send the other ", "n")]

    code, shown = desk.at_terminal(
        "run", "deals.csv", "-m", "deals.yaml", "--canary", "4", answers=answers
    )

    assert code == Exit.STOPPED
    assert "all as sent" in shown
    assert "`migrator resume` sends it" in shown
    assert len(sandbox.updates) < 15
    desk.type("resume", "--yes")
    assert desk.states() == {"succeeded": 60}


def test_a_canary_and_a_choice_of_rows_exclude_each_other(desk: Desk) -> None:
    desk.write_sheet(deals(3))

    ended = desk.run("--canary", "1", "--limit", "2", code=Exit.USAGE)

    assert "--canary" in ended.errors


def test_a_row_that_another_run_has_overtaken_is_no_difference(desk: Desk) -> None:
    desk.write_sheet(deals(20))
    desk.run("--limit", "1", code=Exit.STOPPED)
    desk.write_sheet([Deal(opportunity=guid(20), name="Newer")], name="june.csv")
    desk.run(sheet="june.csv")

    ended = desk.type("resume", "r1", "--yes", "--patience", "0.5", "--canary", "2")

    assert "all as sent" in ended.errors
    assert desk.states("r1") == {"succeeded": 19, "superseded": 1}


def test_where_nothing_is_left_there_is_no_canary(desk: Desk) -> None:
    desk.write_sheet(deals(3))
    desk.run()

    ended = desk.run("--canary", "2")

    assert "canary" not in ended.errors
