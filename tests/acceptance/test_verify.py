"""`migrator verify` and `--verify`: what a run wrote is read back and compared."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Deal, Desk, Exit, SandboxProcess, deals, guid, wait_until

PATIENCE = ("--patience", "0.5")
WITHOUT_NOTES = (
    "version: 1\nopportunity: {type: 12000, id: Opportunity Id}\nfields: {mx_Custom_1: Name}\n"
)


def edit(sandbox: SandboxProcess, number: int, **fields: str) -> None:
    """Somebody else changes an opportunity."""
    sandbox.ask("POST", "opportunities", [{"id": guid(number), "fields": fields}])


def bulk_reads(sandbox: SandboxProcess) -> int:
    return sum(call["path"].endswith("GetOpportunitiesById") for call in sandbox.calls)


def details(sandbox: SandboxProcess) -> int:
    return sum(call["path"].endswith("GetOpportunityDetails") for call in sandbox.calls)


def as_json(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    return content


def test_what_a_run_wrote_is_verified_with_one_call(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(60))
    desk.run()
    before = len(sandbox.calls)

    ended = desk.type("verify", *PATIENCE)

    assert "60 opportunities of 60 rows with 1 call, 180 values: all as written" in ended.output
    assert "60  succeeded (of these 60 verified)" in ended.output
    assert [call["path"].rpartition("/")[2] for call in sandbox.calls[before:]] == [
        "GetOpportunitiesById"
    ]
    assert desk.status()["verified"] == 60


def test_an_edited_value_is_told_by_row_and_field(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(5))
    desk.run()
    edit(sandbox, 3, mx_Custom_11="North", mx_Custom_6="9")

    ended = desk.type("verify", *PATIENCE, code=Exit.DIFFERENCES)

    assert (
        f'deals.csv, row 4, {guid(3)}: mx_Custom_11 was written as "South" and reads "North"'
        in ended.output
    )
    assert "5  succeeded (of these 4 verified, 1 read otherwise)" in ended.output
    found = as_json(desk.type("verify", *PATIENCE, "--json", code=Exit.DIFFERENCES).output)
    assert [(one["row"], one["schema_name"]) for one in found["differences"]] == [
        (4, "mx_Custom_11"),
        (4, "mx_Custom_6"),
    ]
    assert found["read_back"]["values"] == 15

    edit(sandbox, 3, mx_Custom_11="South", mx_Custom_6="3.5")
    assert "all as written" in desk.type("verify", *PATIENCE).output
    assert desk.status()["otherwise"] == 0


@pytest.mark.parametrize("style", ["plain", "millis", "us", "epoch"])
def test_each_style_in_which_reads_write_a_time_is_understood(
    start_sandbox: StartSandbox, open_desk: OpenDesk, style: str
) -> None:
    desk = open_desk(start_sandbox("--date-style", style))
    desk.write_mapping(
        "version: 1\nsource: {timezone: Asia/Kolkata}\n"
        "opportunity: {type: 12000, id: Opportunity Id}\n"
        "fields:\n  mx_Custom_8: {column: Name, type: datetime}\n"
    )
    desk.write_sheet([Deal(opportunity=guid(1), name="2024-04-02 17:43:44")])
    desk.run()

    assert "1 value: all as written" in desk.type("verify", *PATIENCE).output


def test_reads_that_lag_are_waited_for(start_sandbox: StartSandbox, open_desk: OpenDesk) -> None:
    sandbox = start_sandbox("--read-lag", "5")
    desk = open_desk(sandbox)
    desk.write_sheet(deals(5))
    desk.run()

    ended = desk.type("verify", "--patience", "20")

    assert "reads may lag" in ended.errors
    assert "all as written" in ended.output
    assert bulk_reads(sandbox) >= 3  # the before-images, and what was written until it was there


def test_a_sample_is_spread_over_the_run(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(50))
    desk.run()
    edit(sandbox, 1, mx_Custom_11="North")
    edit(sandbox, 2, mx_Custom_11="North")

    found = as_json(desk.type("verify", *PATIENCE, "--sample", "5", "--json", code=11).output)

    assert found["read_back"]["opportunities"] == 5
    assert [one["row"] for one in found["differences"]] == [2]


def test_later_rows_stand_over_earlier_ones(sandbox: SandboxProcess, desk: Desk) -> None:
    rows = [
        Deal(opportunity=guid(1), name="First", region="South"),
        Deal(opportunity=guid(1), name="Second"),
    ]
    desk.write_sheet(rows)
    desk.run()

    ended = desk.type("verify", *PATIENCE)

    assert "1 opportunity of 2 rows with 1 call, 2 values: all as written" in ended.output
    assert sandbox.opportunities()[guid(1)]["fields"]["mx_Custom_1"] == "Second"


def test_what_a_later_run_wrote_over_is_not_held_against_the_first(desk: Desk) -> None:
    desk.write_sheet(deals(3))
    desk.run()
    desk.write_sheet([Deal(opportunity=guid(2), name="Renamed")], name="more.csv")
    desk.run(sheet="more.csv")

    ended = desk.type("verify", "r1", *PATIENCE)

    assert "1 value not compared: written over by a later run" in ended.output
    assert "all as written" in ended.output


def test_an_opportunity_that_is_gone_is_told(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox()
    desk = open_desk(sandbox)
    desk.write_sheet(deals(3))
    desk.run()
    sandbox.change(unknown=[guid(2)])

    ended = desk.type("verify", *PATIENCE, code=Exit.DIFFERENCES)

    assert f"{guid(2)}: LeadSquared does not know the opportunity any more" in ended.output


@pytest.mark.parametrize("how", ["refused", "missing"])
def test_refused_bulk_reads_are_priced_and_each_is_read(
    start_sandbox: StartSandbox, open_desk: OpenDesk, how: str
) -> None:
    sandbox = start_sandbox("--closed", f"GetOpportunitiesById={how}")
    desk = open_desk(sandbox)
    desk.write_sheet(deals(7))
    desk.run("--no-before-image")

    refused = desk.type("verify", *PATIENCE, code=Exit.USAGE)
    before = details(sandbox)
    assert before <= 1, "whether LeadSquared answers at all"
    ended = desk.type("verify", *PATIENCE, "--yes")

    assert "7 opportunities to be read one by one: 7 calls, about" in refused.errors
    assert "--yes" in refused.errors
    assert details(sandbox) - before in (7, 8)
    assert "7 opportunities of 7 rows" in ended.output
    assert "all as written" in ended.output


def test_rows_in_doubt_are_settled_by_the_read(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_mapping(WITHOUT_NOTES)
    desk.write_sheet(deals(2)[1:])  # alone: nothing else is under way when it is killed
    sandbox.strike("hang", opportunity=guid(2), applied=True)
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    wait_until(lambda: "mx_Custom_1" in sandbox.opportunities().get(guid(2), {}).get("fields", {}))
    process.kill()
    desk.end(process)

    ended = desk.type("verify", *PATIENCE)

    assert "1 row in doubt before: LeadSquared has it" in ended.output
    assert desk.states() == {"succeeded": 1}
    assert desk.status()["verified"] == 1


def test_a_run_verifies_itself_and_counts_it_in_the_balance(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(4))

    ended = desk.run("--verify")

    assert "4  succeeded (of these 4 verified)" in ended.output
    assert bulk_reads(sandbox) >= 1


def test_a_value_that_the_account_cut_ends_the_run_with_a_code_of_its_own(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path
) -> None:
    fields = {"mx_Custom_1": {"max_length": 20}, "mx_Custom_6": {}, "mx_Custom_11": {}}
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"types": [{"code": 12000, "fields": fields}]}), encoding="utf-8")
    desk = open_desk(start_sandbox("--schema", str(schema), "--too-long", "truncated"))
    desk.write_sheet([Deal(opportunity=guid(1), name="A name that is longer than others")])

    ended = desk.run("--verify", code=Exit.DIFFERENCES)

    assert 'written as "A name that is longer than others" and reads "A name that is longe"' in (
        ended.output
    )


def test_a_killed_verification_is_typed_again(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--latency", "0.3")
    desk = open_desk(sandbox)
    desk.write_sheet(deals(4))
    desk.run()
    edit(sandbox, 1, mx_Custom_11="North")

    process = desk.start("verify", *PATIENCE)
    seen = len(sandbox.calls)
    while len(sandbox.calls) == seen and process.poll() is None:
        time.sleep(0.01)  # the log is another process's: it can only be looked at
    process.kill()
    process.communicate()
    ended = desk.type("verify", *PATIENCE, code=Exit.DIFFERENCES)

    assert "4  succeeded (of these 3 verified, 1 read otherwise)" in ended.output


def test_another_accounts_keys_are_refused(
    start_sandbox: StartSandbox, open_desk: OpenDesk, desk: Desk
) -> None:
    desk.write_sheet(deals(2))
    desk.run()
    stranger = start_sandbox("--organisation", "99999")
    desk.environment["LSQ_API_HOST"] = stranger.url
    desk.environment["LSQ_ACCESS_KEY"] = "u$rOther"

    ended = desk.type("verify", *PATIENCE, code=None)

    assert ended.code in (Exit.USAGE, Exit.ACCESS)
    assert "Traceback" not in ended.errors
