"""A retry days later does not overwrite what somebody edited in LeadSquared meanwhile."""

import sqlite3

import pytest

from tests.acceptance.rehearsal import HAS_TERMINALS, Deal, Desk, Exit, SandboxProcess, deals

DAY = 86_400.0


def age(desk: Desk, seconds: float) -> None:
    """Let the ledger's times lie so long ago."""
    with sqlite3.connect(desk.folder / "migrator.db") as ledger:
        ledger.execute("UPDATE entries SET updated_at = updated_at - ?", (seconds,))
        ledger.execute("UPDATE entries SET attempted_at = attempted_at - ?", (seconds,))
        ledger.execute("UPDATE confirmed SET updated_at = updated_at - ?", (seconds,))
    ledger.close()


def fail_two_rows(desk: Desk, sandbox: SandboxProcess) -> list[Deal]:
    """Rows 3 and 4 are refused; a day later row 3's opportunity was edited by hand."""
    rows = deals(4)
    for row in rows[1:3]:
        old = {"id": row.opportunity, "modified_on": "2024-01-01 00:00:00"}
        sandbox.ask("POST", "opportunities", [old])
        sandbox.strike("mx_input", opportunity=row.opportunity)
    desk.write_sheet(rows)
    desk.run(code=Exit.ATTENTION)
    age(desk, DAY)
    edited = {"mx_Custom_1": "Edited by hand"}
    sandbox.ask("POST", "opportunities", [{"id": rows[1].opportunity, "fields": edited}])
    return rows


def names(sandbox: SandboxProcess) -> dict[str, str]:
    return {
        guid: item["fields"].get("mx_Custom_1", "")
        for guid, item in sandbox.opportunities().items()
    }


def test_rows_that_somebody_edited_are_held_and_the_others_go(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    rows = fail_two_rows(desk, sandbox)

    ended = desk.type("retry", "--yes", code=Exit.ATTENTION)

    assert "2 rows of run r1-" in ended.errors
    assert "attempted more than 12 hours ago" in ended.errors
    assert 'mx_Custom_1 is now "Edited by hand", the sheet says "Deal 2"' in ended.errors
    assert "1 row held" in ended.errors
    assert names(sandbox)[rows[1].opportunity] == "Edited by hand"
    assert names(sandbox)[rows[2].opportunity] == "Deal 3"
    assert desk.states() == {"succeeded": 3, "failed": 1}
    held = [row for row in desk.entries() if row["migrator_state"] == "failed"]
    assert held[0]["migrator_message"].endswith("held: edited in LeadSquared since")


def test_held_rows_stay_held_until_overwrite_is_said(desk: Desk, sandbox: SandboxProcess) -> None:
    rows = fail_two_rows(desk, sandbox)
    desk.type("retry", "--yes", code=Exit.ATTENTION)
    desk.type("retry", "--yes", code=Exit.ATTENTION)
    assert names(sandbox)[rows[1].opportunity] == "Edited by hand"

    desk.type("retry", "--yes", "--overwrite")

    assert names(sandbox)[rows[1].opportunity] == "Deal 2"
    assert desk.states() == {"succeeded": 4}


def test_what_was_attempted_an_hour_ago_is_not_read_back(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    rows = deals(2)
    sandbox.change(unknown=[rows[0].opportunity])
    desk.write_sheet(rows)
    desk.run(code=Exit.ATTENTION)
    age(desk, 3600.0)
    sandbox.mend(rows[0].opportunity)
    before = len(sandbox.calls)

    desk.type("retry", "--yes")

    assert len(sandbox.calls) == before + 1


def test_a_doubtful_row_that_arrived_is_settled_by_the_read_and_not_sent_again(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    rows = [Deal(opportunity=row.opportunity, name=row.name) for row in deals(2)]  # no notes
    desk.write_sheet(rows)
    sandbox.strike("lost_after", opportunity=rows[0].opportunity, path="Update")
    sandbox.strike("http503", opportunity=rows[0].opportunity, path="Update", times=9)
    desk.run(code=Exit.STOPPED)
    assert desk.states() == {"succeeded": 1, "in_doubt": 1}
    age(desk, DAY)
    before = len(sandbox.updates)

    desk.type("resume", "--yes")

    assert desk.states() == {"succeeded": 2}
    assert len(sandbox.updates) == before


def test_a_missing_note_does_not_take_an_edited_record_back(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    (row,) = deals(1)
    sandbox.ask(
        "POST", "opportunities", [{"id": row.opportunity, "modified_on": "2024-01-01 00:00:00"}]
    )
    desk.write_sheet([row])
    desk.run()
    with sqlite3.connect(desk.folder / "migrator.db") as ledger:
        ledger.execute("UPDATE entries SET state = 'in_doubt', doubt = 'note'")
    ledger.close()
    age(desk, DAY)
    edited = {"id": row.opportunity, "fields": {"mx_Custom_1": "Edited by hand"}}
    sandbox.ask("POST", "opportunities", [edited])
    missing = ("retry", "--yes", "--in-doubt", "--note-missing")

    desk.type(*missing, code=Exit.ATTENTION)
    assert names(sandbox)[row.opportunity] == "Edited by hand"
    desk.type(*missing, "--overwrite")

    assert names(sandbox)[row.opportunity] == "Deal 1"


@pytest.mark.skipif(not HAS_TERMINALS, reason="there are no pseudo-terminals there")
def test_a_person_at_the_terminal_is_asked(desk: Desk, sandbox: SandboxProcess) -> None:
    rows = fail_two_rows(desk, sandbox)

    code, shown = desk.at_terminal(
        "retry", answers=[("Overwrite it? [y/N]", "y"), ("updates? [y/N]", "y")]
    )

    assert code == Exit.OK
    assert "would overwrite what somebody edited" in shown
    assert names(sandbox)[rows[1].opportunity] == "Deal 2"
