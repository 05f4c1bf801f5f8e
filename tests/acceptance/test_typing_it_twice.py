"""Typing the same command twice is harmless (DESIGN section 5), as the sandbox's log shows."""

from dataclasses import replace

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import MAPPING, Deal, Desk, Exit, SandboxProcess, deals, guid


def test_the_same_file_again_makes_no_call(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(12))
    desk.run()
    before = len(sandbox.calls)

    again = desk.run()

    assert len(sandbox.calls) == before
    assert "nothing is sent again" in again.errors
    assert desk.states() == {"succeeded": 12}


def test_the_same_file_after_refusals_makes_no_call_and_names_retry(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    sandbox.change(unknown=[guid(3)])
    desk.write_sheet(deals(5))
    desk.run(code=Exit.ATTENTION)
    before = len(sandbox.calls)

    again = desk.run(code=Exit.ATTENTION)

    assert len(sandbox.calls) == before
    assert "next: migrator retry r1" in again.output


def test_one_changed_cell_makes_one_update(sandbox: SandboxProcess, desk: Desk) -> None:
    rows = deals(12)
    desk.write_sheet(rows)
    desk.run()
    before = len(sandbox.updates)
    rows[4] = replace(rows[4], name="Renamed")
    desk.write_sheet(rows)

    desk.run()

    (call,) = sandbox.updates[before:]
    assert call["opportunity"] == rows[4].opportunity
    assert call["fields"]["mx_Custom_1"] == "Renamed"
    assert not call["note"]
    assert desk.states("r2") == {"succeeded": 1, "unchanged": 11}


def test_a_cell_changed_and_changed_back_is_sent_both_times(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    rows = deals(3)
    for name in ("Deal 2", "Renamed", "Deal 2"):
        rows[1] = replace(rows[1], name=name)
        desk.write_sheet(rows)
        desk.run()

    names = [
        update["fields"]["mx_Custom_1"]
        for update in sandbox.updates
        if update["opportunity"] == rows[1].opportunity
    ]
    assert names == ["Deal 2", "Renamed", "Deal 2"]
    assert len(sandbox.updates) == 5
    assert set(sandbox.opportunities()[guid(2)]["notes"].values()) == {1}


def test_a_mapping_mended_after_a_stop_half_way_sends_no_confirmed_row_again(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    rows = [
        replace(deal, region="" if number % 3 else "N/A") for number, deal in enumerate(deals(12))
    ]
    sandbox.change(unknown=[row.opportunity for row in rows if row.region])
    desk.write_sheet(rows)
    desk.run("--limit", "6", code=Exit.STOPPED)
    assert desk.states() == {"succeeded": 4, "failed": 2, "planned": 6}
    confirmed = {row.opportunity for row in rows[:6] if not row.region}
    before = len(sandbox.updates)

    sandbox.change(unknown=[])
    mended = "mx_Custom_11: {column: Region, type: choice, values: {N/A: None}, otherwise: error}"
    desk.write_mapping(MAPPING.replace("mx_Custom_11: Region", mended))
    desk.run()

    later = sandbox.updates[before:]
    assert len(later) == 8
    assert not confirmed & {update["opportunity"] for update in later}
    assert desk.states("r2") == {"succeeded": 8, "unchanged": 4}
    assert desk.states("r1") == {"succeeded": 4, "superseded": 8}
    assert all(item["notes"] == {f"Remark {n}": 1} for n, item in _by_number(sandbox))


def test_a_line_that_changes_a_field_of_all_rows_sends_each_once_and_no_note_again(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(10))
    desk.run()
    before = len(sandbox.updates)

    desk.write_mapping(MAPPING + "  mx_Custom_9: {constant: Old CRM}\n")
    desk.run()

    later = sandbox.updates[before:]
    assert sorted(call["opportunity"] for call in later) == [guid(n) for n in range(1, 11)]
    assert not any(call["note"] for call in later)
    assert desk.status("r2")["notes_left_out"] == 10
    assert all(item["notes"] == {f"Remark {n}": 1} for n, item in _by_number(sandbox))


def test_an_old_runs_failed_rows_are_not_sent_over_a_newer_success(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    sandbox.change(unknown=[guid(1), guid(2)])
    desk.write_sheet(deals(3))
    desk.run(code=Exit.ATTENTION)
    sandbox.change(unknown=[])
    desk.write_sheet([Deal(opportunity=guid(1), name="Newer")], name="june.csv")
    desk.run(sheet="june.csv")
    before = len(sandbox.updates)

    desk.type("retry", "r1", "--yes")

    (later,) = sandbox.updates[before:]
    assert later["opportunity"] == guid(2)
    assert desk.states("r1") == {"succeeded": 2, "superseded": 1}
    assert sandbox.opportunities()[guid(1)]["fields"]["mx_Custom_1"] == "Newer"


def test_again_sends_everything_notes_too(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(3))
    desk.run()

    desk.run("--again")

    assert set(sandbox.sent().values()) == {2}
    assert desk.states("r2") == {"succeeded": 3}


@pytest.mark.parametrize(
    "choice", [("--limit", "3"), ("--rows", "2,4,6")], ids=["a limit", "row numbers"]
)
def test_a_choice_typed_again_chooses_the_same_and_the_command_without_it_goes_on(
    sandbox: SandboxProcess, desk: Desk, choice: tuple[str, str]
) -> None:
    desk.write_sheet(deals(8))
    desk.run(*choice, code=Exit.STOPPED)
    first = [update["opportunity"] for update in sandbox.updates]
    desk.run(*choice, code=Exit.STOPPED)
    assert [update["opportunity"] for update in sandbox.updates] == first
    assert len(first) == 3

    desk.run()

    assert sorted(update["opportunity"] for update in sandbox.updates) == [
        guid(number) for number in range(1, 9)
    ]


def test_a_chosen_row_takes_the_earlier_rows_of_its_opportunity_along(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    rows = [*deals(3), Deal(opportunity=guid(2), name="Again")]
    desk.write_sheet(rows)

    ended = desk.run("--rows", "5", code=Exit.STOPPED)

    assert [update["fields"]["mx_Custom_1"] for update in sandbox.updates] == ["Deal 2", "Again"]
    assert "included: their order is kept" in ended.errors


def test_a_mended_export_sends_its_rows_only_and_the_first_run_shows_them_corrected(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    rows = deals(6)
    rows[1] = replace(rows[1], amount="twelve", name="=SUM(1)")
    rows[3] = replace(rows[3], amount="many")
    sandbox.change(unknown=[guid(5)])
    desk.write_sheet(rows)
    desk.run(code=Exit.ATTENTION)
    assert desk.states() == {"succeeded": 3, "rejected": 2, "failed": 1}
    before = len(sandbox.updates)
    desk.type("export", "--rejected", "--failed", "-o", "mend.csv")
    mended = desk.read_export("mend.csv")
    assert mended[0]["Name"] == "'=SUM(1)"
    for row, amount in zip(mended[:2], ("12", "13"), strict=True):
        row["Amount"] = amount
    desk.rewrite_export("mend.csv", mended)
    sandbox.change(unknown=[])

    said = desk.run(sheet="mend.csv").errors
    desk.run(sheet="mend.csv")

    assert "export of run r1" in said
    later = {call["opportunity"]: call["fields"] for call in sandbox.updates[before:]}
    assert len(sandbox.updates) - before == 3
    assert later.keys() == {guid(2), guid(4), guid(5)}
    assert later[guid(2)]["mx_Custom_1"] == "=SUM(1)"
    assert later[guid(4)]["mx_Custom_6"] == "13"
    assert desk.states("r1") == {"succeeded": 3, "corrected": 3}


def test_later_rows_of_an_opportunity_wait_and_retry_takes_them_in_order(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    later = [Deal(opportunity=guid(2), name=name, remarks=name) for name in ("second", "third")]
    sandbox.change(unknown=[guid(2)])
    desk.write_sheet([*deals(3), *later])
    desk.run(code=Exit.ATTENTION)
    waiting = [row for row in desk.entries() if row["migrator_message"] == "waits for row 3"]
    assert [row["migrator_attempts"] for row in waiting] == ["0", "0"]
    assert desk.status()["waiting"] == 2
    assert not {"second", "third"} & sandbox.sent().keys()

    sandbox.change(unknown=[])
    desk.type("retry", "--yes")

    applied = [
        update["fields"]["mx_Custom_1"]
        for update in sandbox.updates
        if update["applied"] and update["opportunity"] == guid(2)
    ]
    assert applied == ["Deal 2", "second", "third"]
    assert desk.states() == {"succeeded": 5}


def test_a_held_row_that_is_named_goes_without_waiting_and_the_earlier_one_is_superseded(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    sandbox.change(unknown=[guid(2)])
    desk.write_sheet([*deals(3), Deal(opportunity=guid(2), name="second")])
    desk.run(code=Exit.ATTENTION)
    sandbox.change(unknown=[])

    desk.type("retry", "--rows", "5", "--yes", code=Exit.ATTENTION)
    desk.type("retry", "--yes")

    names = [update["fields"]["mx_Custom_1"] for update in sandbox.updates if update["applied"]]
    assert "Deal 2" not in names
    assert names[-1] == "second"
    assert desk.states() == {"succeeded": 3, "superseded": 1}


def test_a_run_over_a_lost_answer_of_an_older_one_settles_it_and_adds_no_note(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--latency", "0.3")
    desk = open_desk(sandbox, limit="20/0.2")
    rows = deals(100)
    desk.write_sheet(rows)
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(20, process)
    process.kill()
    desk.end(process)
    sandbox.wait_until_quiet()
    rows[99] = replace(rows[99], name="Renamed")
    desk.write_sheet(rows)

    desk.run()

    assert all(item["notes"] == {f"Remark {n}": 1} for n, item in _by_number(sandbox))
    assert len(sandbox.opportunities()) == 100
    assert desk.states("r1").keys() == {"succeeded", "superseded"}


def _by_number(sandbox: SandboxProcess) -> list[tuple[int, dict[str, object]]]:
    found = sandbox.opportunities()
    return [(int(named[-12:], 16), item) for named, item in found.items()]


def test_a_row_that_failed_is_not_sent_after_a_newer_sheet_needs_nothing_of_it(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(2))
    desk.run()
    slip, right = replace(deals(2)[0], region="Slip"), deals(2)[0]
    sandbox.strike("mx_input", opportunity=guid(1), path="Update")
    desk.write_sheet([slip, deals(2)[1]])
    desk.run(code=Exit.ATTENTION)
    assert desk.states("r2")["failed"] == 1

    desk.write_sheet([right, deals(2)[1]])
    desk.run()
    retried = desk.type("retry", "r2", "--yes", "--patience", "0.5")

    assert "has no failed row to send again" in retried.errors
    assert desk.states("r2")["superseded"] == 1
    assert sandbox.opportunities()[guid(1)]["fields"]["mx_Custom_11"] == "South"
