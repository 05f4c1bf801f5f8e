"""Before-images and `migrator undo`: what a run wrote over comes back, and nothing else."""

import json
import time
from typing import Any

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Deal, Desk, Exit, SandboxProcess, deals, guid

PATIENCE = ("--patience", "0.5")
UNDO = ("--yes", *PATIENCE)
BEFORE = {"mx_Custom_1": "Old name", "mx_Custom_6": "7", "mx_Custom_11": "West"}


def give(sandbox: SandboxProcess, count: int, **fields: str) -> None:
    """Let the opportunities exist with these fields."""
    sandbox.ask(
        "POST",
        "opportunities",
        [{"id": guid(n), "fields": fields or BEFORE} for n in range(1, count + 1)],
    )


def fields_of(sandbox: SandboxProcess) -> dict[str, dict[str, str]]:
    return {named: one["fields"] for named, one in sandbox.opportunities().items()}


def paths(sandbox: SandboxProcess) -> list[str]:
    return [call["path"].rpartition("/")[2] for call in sandbox.calls]


def test_an_undo_brings_the_state_before_back(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 5)
    before = fields_of(sandbox)
    desk.write_sheet(deals(5))
    desk.run()
    assert fields_of(sandbox) != before

    dry = desk.type("undo", "r1", "--dry-run", *UNDO, code=Exit.DIFFERENCES)
    assert "15 values of 5 opportunities would be written back" in dry.output
    assert (
        f'deals.csv, row 2, {guid(1)}: mx_Custom_1 now "Deal 1", back to "Old name"' in dry.output
    )
    assert "the notes of 5 opportunities stay" in dry.output
    assert fields_of(sandbox) != before
    assert len(json.loads(desk.type("runs", "--json").output)["runs"]) == 1

    ended = desk.type("undo", "r1", *UNDO)

    assert "Run r2-" in ended.output
    assert fields_of(sandbox) == before
    assert desk.states("r2") == {"succeeded": 5}
    again = desk.type("undo", "r1", *UNDO)
    assert "nothing to write back" in again.output
    assert fields_of(sandbox) == before


def test_before_images_cost_one_call_before_the_first_update(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    give(sandbox, 30)
    desk.write_sheet(deals(30))

    ended = desk.run()

    assert "        1  read before them: `migrator undo r1-" in ended.errors
    made = paths(sandbox)
    assert made.count("GetOpportunitiesById") == 1
    assert made.index("GetOpportunitiesById") < made.index("Update")


def test_what_somebody_edited_since_is_kept_and_listed(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    sandbox.ask("POST", "opportunities", [{"id": guid(2), "fields": {"mx_Custom_11": "North"}}])

    ended = desk.type("undo", "r1", *UNDO)

    assert f'{guid(2)}: mx_Custom_11 now "North", before the run "West"' in ended.output
    assert fields_of(sandbox)[guid(2)] == BEFORE | {"mx_Custom_11": "North"}
    assert fields_of(sandbox)[guid(1)] == BEFORE


def test_some_rows_alone(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 4)
    desk.write_sheet(deals(4))
    desk.run()

    desk.type("undo", "r1", "--rows", "3", *UNDO)

    changed = {named for named, fields in fields_of(sandbox).items() if fields == BEFORE}
    assert changed == {guid(2)}


def test_a_field_that_was_blank_is_cleared_again(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 2, mx_Custom_1="Old name")
    desk.write_sheet(deals(2))
    desk.run()

    desk.type("undo", "r1", *UNDO)

    for fields in fields_of(sandbox).values():
        assert fields["mx_Custom_1"] == "Old name"
        assert not fields.get("mx_Custom_6")
        assert not fields.get("mx_Custom_11")


def test_an_undo_is_undone(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    sent = fields_of(sandbox)
    desk.type("undo", "r1", *UNDO)

    desk.type("undo", "r2", *UNDO)

    assert {k: v["mx_Custom_1"] for k, v in fields_of(sandbox).items()} == {
        k: v["mx_Custom_1"] for k, v in sent.items()
    }


def test_the_same_sheet_is_sent_again_after_an_undo(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    desk.type("undo", "r1", *UNDO)

    desk.run()

    assert {fields["mx_Custom_11"] for fields in fields_of(sandbox).values()} == {"South"}
    assert set(sandbox.applied().values()) == {1, 6}, "each note once; the rest without notes"


@pytest.mark.parametrize("style", ["plain", "us", "epoch", "millis"])
def test_times_numbers_and_truths_come_back_as_leadsquared_takes_them(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Any, style: str
) -> None:
    schema = tmp_path / "schema.json"
    types = {"mx_Custom_8": "DateTime", "mx_Custom_6": "Number", "mx_Custom_9": "Boolean"}
    types["mx_Custom_12"] = "Date"
    declared = {name: {"data_type": kind} for name, kind in types.items()}
    schema.write_text(json.dumps({"types": [{"code": 12000, "fields": declared}]}), "utf-8")
    sandbox = start_sandbox("--schema", str(schema), "--date-style", style)
    desk = open_desk(sandbox)
    old = {
        "mx_Custom_8": "2023-12-31 23:59:58",
        "mx_Custom_6": "50000",
        "mx_Custom_9": "true",
        "mx_Custom_12": "2023-02-28",
    }
    sandbox.ask("POST", "opportunities", [{"id": guid(1), "fields": old}])
    desk.write_mapping(
        "version: 1\nsource: {timezone: UTC}\nopportunity: {type: 12000, id: Id}\nfields:\n"
        "  mx_Custom_8: {column: When, type: datetime}\n"
        "  mx_Custom_6: {column: Size, type: number}\n"
        "  mx_Custom_9: {column: Yes, type: boolean}\n"
        "  mx_Custom_12: {column: Day, type: date}\n"
    )
    desk.write_sheet(
        [(guid(1), "2024-04-02 12:13:44", "7.5", "false", "2024-05-01")],
        columns=("Id", "When", "Size", "Yes", "Day"),
    )
    desk.run()

    desk.type("undo", "r1", *UNDO)

    assert fields_of(sandbox)[guid(1)] == old


def test_a_run_without_before_images_cannot_be_undone(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 2)
    desk.write_sheet(deals(2))
    desk.run("--no-before-image")

    ended = desk.type("undo", "r1", *UNDO, code=Exit.USAGE)

    assert "keeps no before-images" in ended.errors
    assert "GetOpportunitiesById" not in paths(sandbox)


def test_refused_bulk_reads_stop_the_run_before_the_first_update(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--closed", "GetOpportunitiesById=refused")
    desk = open_desk(sandbox)
    give(sandbox, 2)
    desk.write_sheet(deals(2))

    ended = desk.run(code=Exit.USAGE)

    assert "--no-before-image" in ended.errors
    assert not sandbox.updates

    desk.run("--no-before-image")
    assert desk.states() == {"succeeded": 2}
    assert "keeps no before-images" in desk.type("undo", "r1", *UNDO, code=Exit.USAGE).errors


def test_an_opportunity_that_leadsquared_does_not_know_stops_no_other(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--unknown", guid(2))
    desk = open_desk(sandbox)
    give(sandbox, 1)
    desk.write_sheet(deals(3))

    desk.run(code=Exit.ATTENTION)

    assert desk.states() == {"succeeded": 2, "failed": 1}
    desk.type("undo", "r1", *UNDO)
    assert fields_of(sandbox)[guid(1)] == BEFORE


@pytest.mark.parametrize("updates", [1, 4])
def test_a_killed_undo_goes_on(
    start_sandbox: StartSandbox, open_desk: OpenDesk, updates: int
) -> None:
    sandbox = start_sandbox("--latency", "0.1")
    desk = open_desk(sandbox, limit="10/1")
    give(sandbox, 12)
    before = fields_of(sandbox)
    desk.write_sheet(deals(12))
    desk.run()
    sent = len(sandbox.updates)

    process = desk.start("undo", "r1", *UNDO)
    sandbox.wait_for_updates(sent + updates, process)
    process.kill()
    desk.end(process)
    sandbox.wait_until_quiet()
    desk.type("undo", "r1", *UNDO)

    assert fields_of(sandbox) == before
    assert desk.states("r2") == {"succeeded": 12}


def test_a_run_killed_while_it_reads_before_images_goes_on(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--latency", "0.5")
    desk = open_desk(sandbox)
    give(sandbox, 4)
    before = fields_of(sandbox)
    desk.write_sheet(deals(4))

    process = desk.start("run", "deals.csv", "-m", "deals.yaml", *UNDO)
    while "GetOpportunitiesById" not in paths(sandbox) and process.poll() is None:
        time.sleep(0.01)  # the log is another process's: it can only be looked at
    process.kill()
    desk.end(process)
    assert not sandbox.updates
    desk.type("resume", *UNDO)
    assert desk.states() == {"succeeded": 4}
    desk.type("undo", "r1", *UNDO)

    assert fields_of(sandbox) == before


def test_commands_that_show_runs_take_an_undo(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 2)
    desk.write_sheet(deals(2))
    desk.run()
    desk.type("undo", "r1", *UNDO)

    assert "undo of r1-" in desk.type("status").output
    assert "undo of r1-" in desk.type("runs").output
    desk.type("verify", *PATIENCE)
    desk.type("resume", "r2", *UNDO)
    desk.type("retry", "r2", *UNDO)
    assert len(desk.entries("r2")) == 2


def test_several_rows_go_back_to_what_was_there_before_all_of_them(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    give(sandbox, 1)
    desk.write_sheet([Deal(opportunity=guid(1), name=name, amount="3") for name in "ABC"])
    desk.run()
    sent = len(sandbox.updates)

    desk.type("undo", "r1", *UNDO)

    assert fields_of(sandbox)[guid(1)] == BEFORE
    assert len(sandbox.updates) == sent + 1


def test_a_later_row_that_was_refused_hides_nothing_of_what_an_earlier_one_wrote(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    give(sandbox, 1)
    desk.write_sheet([Deal(opportunity=guid(1), name="First"), Deal(opportunity=guid(1), name="B")])
    desk.run("--limit", "1", code=Exit.STOPPED)
    sandbox.strike("mx_input", opportunity=guid(1))
    desk.type("resume", *UNDO, code=Exit.ATTENTION)
    assert desk.states() == {"succeeded": 1, "failed": 1}

    ended = desk.type("undo", "r1", "--dry-run", *UNDO, code=Exit.DIFFERENCES)

    assert 'mx_Custom_1 now "First", back to "Old name"' in ended.output
    assert "kept" not in ended.output


def test_a_value_that_only_a_refused_row_was_to_write_is_nobodys_edit(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    give(sandbox, 2)
    desk.write_sheet(deals(2))
    sandbox.strike("mx_input", opportunity=guid(2))
    desk.run(code=Exit.ATTENTION)
    sandbox.ask("POST", "opportunities", [{"id": guid(2), "fields": {"mx_Custom_1": "By hand"}}])

    ended = desk.type("undo", "r1", *UNDO)

    assert "edited" not in ended.output
    assert fields_of(sandbox)[guid(2)]["mx_Custom_1"] == "By hand"


@pytest.mark.parametrize("style", ["us", "epoch"])
def test_a_time_that_a_run_only_cleared_comes_back_as_leadsquared_takes_it(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Any, style: str
) -> None:
    schema = tmp_path / "schema.json"
    declared = {"mx_Custom_8": {"data_type": "DateTime"}}
    schema.write_text(json.dumps({"types": [{"code": 12000, "fields": declared}]}), "utf-8")
    sandbox = start_sandbox("--schema", str(schema), "--date-style", style)
    desk = open_desk(sandbox)
    give(sandbox, 1, mx_Custom_8="2023-12-31 23:59:58")
    desk.write_mapping(
        "version: 1\nsource: {timezone: UTC}\nopportunity: {type: 12000, id: Id}\nfields:\n"
        "  mx_Custom_8: {column: When, type: datetime, blank: clear}\n"
    )
    desk.write_sheet([(guid(1), "")], columns=("Id", "When"))
    desk.run()
    assert not fields_of(sandbox)[guid(1)].get("mx_Custom_8")

    desk.type("undo", "r1", *UNDO)

    assert fields_of(sandbox)[guid(1)] == {"mx_Custom_8": "2023-12-31 23:59:58"}


def test_an_export_of_an_undo_replaces_no_sheet_and_is_no_sheet(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    give(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    sandbox.strike("mx_input", opportunity=guid(2))
    desk.type("undo", "r1", *UNDO, code=Exit.ATTENTION)
    assert desk.states("r2") == {"succeeded": 2, "failed": 1}

    desk.type("export", "r2", "--all", "-o", "deals.csv", code=Exit.USAGE)
    desk.type("export", "r2", "--failed", "-o", "failed.csv")
    refused = desk.run(sheet="failed.csv", code=3)

    assert [row["migrator_opportunity_id"] for row in desk.read_export("failed.csv")] == [guid(2)]
    assert "has no sheet" in refused.errors
    desk.type("retry", "r2", *UNDO)
    assert fields_of(sandbox)[guid(2)] == BEFORE


def test_a_dry_run_for_programs(sandbox: SandboxProcess, desk: Desk) -> None:
    give(sandbox, 2)
    desk.write_sheet(deals(2))
    desk.run()
    sandbox.ask("POST", "opportunities", [{"id": guid(2), "fields": {"mx_Custom_1": "By hand"}}])

    ended = desk.type("undo", "r1", "--dry-run", "--json", *UNDO, code=Exit.DIFFERENCES)

    content = json.loads(ended.output)
    assert content["exit_code"] == Exit.DIFFERENCES
    assert (content["opportunities"], len(content["back"])) == (2, 5)
    (kept,) = content["kept"]
    assert (kept["row"], kept["now"], kept["before"]) == (3, "By hand", "Old name")
    assert len(sandbox.updates) == 2


def test_where_bulk_reads_are_refused_an_undo_reads_one_by_one(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    give(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    sandbox.change(closed={"GetOpportunitiesById": "refused"})

    ended = desk.type("undo", "r1", *UNDO)

    assert "3 opportunities to be read one by one: 3 calls" in ended.errors
    assert all(fields == BEFORE for fields in fields_of(sandbox).values())


def test_before_images_that_cannot_be_read_leave_the_plan_and_the_way_on(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)
    sandbox.change(closed={"GetOpportunitiesById": "refused"})

    ended = desk.type("resume", "r1", *UNDO, code=Exit.USAGE)

    assert "next: migrator resume r1-" in ended.output
    assert len(sandbox.updates) == 1
    desk.type("resume", "r1", "--no-before-image", *UNDO)
    assert desk.states() == {"succeeded": 3}


def test_an_unfinished_undo_does_not_take_other_rows(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--latency", "0.1")
    desk = open_desk(sandbox, limit="10/1")
    give(sandbox, 12)
    before = fields_of(sandbox)
    desk.write_sheet(deals(12))
    desk.run()
    sent = len(sandbox.updates)
    process = desk.start("undo", "r1", *UNDO)
    sandbox.wait_for_updates(sent + 1, process)
    process.kill()
    desk.end(process)

    refused = desk.type("undo", "r1", "--rows", "2", *UNDO, code=Exit.USAGE)

    assert "undoes run r1-" in refused.errors
    assert "Let it end first: `migrator resume r2-" in refused.errors
    desk.type("resume", "r2", "--yes", "--patience", "0.5")
    assert fields_of(sandbox) == before
