"""`migrator undo`: what a run wrote comes back as it was, and what somebody edited stays."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import (
    HAS_SIGNALS,
    Deal,
    Desk,
    Exit,
    SandboxProcess,
    deals,
    guid,
    wait_until,
)

DIFFERENCES = 11
OLD = {"mx_Custom_1": "Old name", "mx_Custom_6": "7.25", "mx_Custom_11": "North"}


def hold(sandbox: SandboxProcess, count: int, fields: Mapping[str, str] | None = None) -> None:
    """Let LeadSquared hold values of these opportunities before anything is sent."""
    seeds = [
        {"id": guid(number), "fields": dict(OLD if fields is None else fields)}
        for number in range(1, count + 1)
    ]
    sandbox.ask("POST", "opportunities", seeds)


def edit(sandbox: SandboxProcess, number: int, **fields: str) -> None:
    """Somebody edits an opportunity in LeadSquared."""
    sandbox.ask("POST", "opportunities", [{"id": guid(number), "fields": fields}])


def held(sandbox: SandboxProcess) -> dict[str, dict[str, str]]:
    """What LeadSquared holds; a field that is blank is not in it."""
    return {
        name: {field: value for field, value in item["fields"].items() if value}
        for name, item in sandbox.opportunities().items()
    }


def reads(sandbox: SandboxProcess) -> int:
    return sum(call["path"].endswith("GetOpportunitiesById") for call in sandbox.calls)


def test_what_was_there_before_comes_back(desk: Desk, sandbox: SandboxProcess) -> None:
    hold(sandbox, 5)
    before = held(sandbox)
    desk.write_sheet(deals(5))
    desk.run()
    assert reads(sandbox) == 1
    assert held(sandbox) != before

    looked = desk.type("undo", "r1", "--dry-run", code=DIFFERENCES)

    assert f"deals.csv, row 2, opportunity {guid(1)}" in looked.output
    assert '  mx_Custom_1: "Deal 1" → "Old name"' in looked.output
    assert '  mx_Custom_6: "1.50' in looked.output
    assert "notes (5 rows sent one), ModifiedOn" in looked.output
    assert len(sandbox.updates) == 5
    assert "r2" not in desk.type("runs").output

    ended = desk.type("undo", "r1", "--yes")

    assert held(sandbox) == before
    assert len(sandbox.updates) == 10
    assert "15 values of 5 opportunities still as run r1-" in ended.errors
    assert "undo of r1-" in ended.output
    assert desk.states("r2") == {"succeeded": 5}
    assert "nothing to take back" in desk.type("undo", "r1", "--yes").output
    assert len(sandbox.updates) == 10


def test_a_dry_run_for_programs(desk: Desk, sandbox: SandboxProcess) -> None:
    hold(sandbox, 2)
    desk.write_sheet(deals(2))
    desk.run()
    edit(sandbox, 2, mx_Custom_1="Edited")

    ended = desk.type("undo", "r1", "--dry-run", "--json", code=DIFFERENCES)

    content = json.loads(ended.output)
    assert (content["opportunities"], content["values"]) == (2, 5)
    assert content["changes"][0] == {
        "file": "deals.csv",
        "row": 2,
        "opportunity": guid(1),
        "field": "mx_Custom_1",
        "from": "Deal 1",
        "to": "Old name",
    }
    (kept,) = content["kept"]
    assert (kept["row"], kept["from"], kept["reason"]) == (3, "Edited", "edited since")


def test_what_somebody_edited_since_is_kept_and_listed(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    hold(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    edit(sandbox, 2, mx_Custom_1="Edited by hand")

    ended = desk.type("undo", "r1", "--yes")

    assert held(sandbox)[guid(2)] == OLD | {"mx_Custom_1": "Edited by hand"}
    assert held(sandbox)[guid(1)] == held(sandbox)[guid(3)] == OLD
    assert f"row 3, opportunity {guid(2)}" in ended.output
    assert '"Edited by hand" kept: edited since, was "Old name"' in ended.output


def test_only_the_rows_that_are_named(desk: Desk, sandbox: SandboxProcess) -> None:
    hold(sandbox, 4)
    desk.write_sheet(deals(4))
    desk.run()

    desk.type("undo", "r1", "--yes", "--rows", "3-4")

    names = [held(sandbox)[guid(number)]["mx_Custom_1"] for number in range(1, 5)]
    assert names == ["Deal 1", "Old name", "Old name", "Deal 4"]

    desk.type("undo", "r1", "--yes")

    assert all(held(sandbox)[guid(number)] == OLD for number in range(1, 5))
    assert len(sandbox.updates) == 8


def test_a_field_that_was_blank_is_cleared_again(desk: Desk, sandbox: SandboxProcess) -> None:
    hold(sandbox, 3, {"mx_Custom_1": "Old name"})
    desk.write_sheet(deals(3))
    desk.run()

    desk.type("undo", "r1", "--yes")

    assert all(held(sandbox)[guid(n)] == {"mx_Custom_1": "Old name"} for n in (1, 2, 3))


def test_several_rows_of_one_opportunity_go_back_to_what_was_there_before_all_of_them(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    hold(sandbox, 1)
    desk.write_sheet([Deal(opportunity=guid(1), name=name, amount="3") for name in "ABC"])
    desk.run()

    desk.type("undo", "r1", "--yes")

    assert held(sandbox)[guid(1)] == OLD
    assert len(sandbox.updates) == 4


def test_an_undo_can_be_undone(desk: Desk, sandbox: SandboxProcess) -> None:
    hold(sandbox, 3)
    desk.write_sheet([replace(deal, amount="12") for deal in deals(3)])
    desk.run()
    after = held(sandbox)
    desk.type("undo", "r1", "--yes")

    desk.type("undo", "r2", "--yes")

    assert held(sandbox) == after
    assert "undo of r2-" in desk.type("status", "r3").output


def test_the_same_sheet_is_sent_again_after_an_undo_but_not_its_notes(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    hold(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    after = held(sandbox)
    desk.type("undo", "r1", "--yes")

    desk.run()

    assert held(sandbox) == after
    assert [call["note"] for call in sandbox.updates][-3:] == ["", "", ""]
    assert "nothing is sent again" in desk.run().errors


def test_other_commands_take_an_undo_as_a_run(desk: Desk, sandbox: SandboxProcess) -> None:
    hold(sandbox, 3)
    desk.write_sheet(deals(3))
    desk.run()
    sandbox.strike("mx_input", opportunity=guid(2))

    desk.type("undo", "r1", "--yes", code=Exit.ATTENTION)

    assert desk.states("r2") == {"succeeded": 2, "failed": 1}
    assert "undo of r1-" in desk.type("runs").output
    desk.type("export", "r2", "--failed", "-o", "failed.csv")
    assert [row["migrator_opportunity_id"] for row in desk.read_export("failed.csv")] == [guid(2)]
    refused = desk.run(sheet="failed.csv", code=3)
    assert "has no sheet" in refused.errors
    assert "migrator retry r2-" in refused.errors
    desk.type("export", "r2", "--all", "-o", "deals.csv", code=Exit.USAGE)
    desk.type("resume", "r2", "--yes", code=Exit.ATTENTION)
    sandbox.mend(guid(2))
    desk.type("retry", "r2", "--yes")
    assert held(sandbox)[guid(2)] == OLD


TYPES = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  mx_Custom_1: Name
  mx_Custom_6: {column: Amount, type: number}
  mx_Custom_7: {column: Day, type: date, formats: ["%Y-%m-%d"]}
  mx_Custom_8: {column: Time, type: datetime, formats: ["%Y-%m-%d %H:%M:%S"], timezone: UTC}
  mx_Custom_9: {column: Flag, type: boolean}
"""
TYPED = {
    "mx_Custom_1": "Old name",
    "mx_Custom_6": "50000.5",
    "mx_Custom_7": "2024-04-02",
    "mx_Custom_8": "2024-04-02 12:13:44",
    "mx_Custom_9": "true",
}
SCHEMA = {
    "types": [
        {
            "code": 12000,
            "fields": {
                "mx_Custom_1": {},
                "mx_Custom_6": {"data_type": "Number"},
                "mx_Custom_7": {"data_type": "Date"},
                "mx_Custom_8": {"data_type": "DateTime"},
                "mx_Custom_9": {"data_type": "Boolean"},
            },
        }
    ]
}


@pytest.mark.parametrize("style", ["plain", "millis", "us", "epoch"])
def test_dates_numbers_and_truths_come_back_as_leadsquared_takes_them(
    style: str, start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path
) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    sandbox = start_sandbox("--schema", str(schema), "--date-style", style)
    desk = open_desk(sandbox)
    desk.write_mapping(TYPES)
    hold(sandbox, 2, TYPED)
    columns = ("Id", "Name", "Amount", "Day", "Time", "Flag")
    row = ("New", "7", "2025-01-01", "2025-01-01 01:02:03", "no")
    desk.write_sheet([(guid(n), *row) for n in (1, 2)], columns=columns)
    desk.run()
    assert held(sandbox)[guid(1)] != TYPED

    desk.type("undo", "r1", "--yes")

    assert held(sandbox) == {guid(1): TYPED, guid(2): TYPED}


def test_a_run_without_before_images_cannot_be_undone(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet(deals(2))
    desk.run("--no-before-image")
    assert reads(sandbox) == 0

    ended = desk.type("undo", "r1", "--yes", code=Exit.USAGE)

    assert "kept no before-images" in ended.errors
    assert "--no-before-image" in ended.errors


def test_where_bulk_reads_are_refused_nothing_is_sent_until_a_person_says_so(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--closed", "GetOpportunitiesById=refused")
    desk = open_desk(sandbox)
    desk.write_sheet(deals(2))

    ended = desk.run(code=Exit.USAGE)

    assert "--no-before-image" in ended.errors
    assert not sandbox.updates
    assert desk.states() == {"planned": 2}

    desk.run("--no-before-image")

    assert desk.states() == {"succeeded": 2}


def test_an_opportunity_that_leadsquared_does_not_know_holds_nothing_up(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    hold(sandbox, 3)
    sandbox.change(unknown=[guid(2)])
    desk.write_sheet(deals(3))
    desk.run(code=Exit.ATTENTION)
    assert desk.states() == {"succeeded": 2, "failed": 1}

    ended = desk.type("undo", "r1", "--yes")

    assert "no before-image: rows 3" in ended.output
    assert held(sandbox)[guid(1)] == held(sandbox)[guid(3)] == OLD


