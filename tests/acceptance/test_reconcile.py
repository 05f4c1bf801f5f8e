"""`migrator reconcile`: the sheet comes again, and only what differs is sent."""

import csv
import json
import signal
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import (
    MAPPING,
    Deal,
    Desk,
    Ended,
    Exit,
    SandboxProcess,
    deals,
    guid,
    wait_until,
)

NO_NOTES = MAPPING.replace(', note: "{Remarks}"', "")
HELD = {"mx_Custom_1": "Deal", "mx_Custom_6": "1.500", "mx_Custom_11": "South"}


def give(sandbox: SandboxProcess, rows: Iterable[Deal], **fields: str) -> None:
    """Let LeadSquared hold what the rows say, as reads show it, but for ``fields``."""
    held = [
        {
            "id": row.opportunity,
            "fields": {
                "mx_Custom_1": row.name,
                "mx_Custom_6": f"{float(row.amount):.3f}",
                "mx_Custom_11": row.region,
            }
            | fields,
        }
        for row in rows
    ]
    sandbox.ask("POST", "opportunities", held)


def reconcile(desk: Desk, *options: str, code: int | None = Exit.OK) -> Ended:
    sheet_and_mapping = ("reconcile", "deals.csv", "-m", "deals.yaml")
    return desk.type(*sheet_and_mapping, "--yes", "--patience", "0.5", *options, code=code)


def found(desk: Desk, *options: str, code: int | None = Exit.OK) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(reconcile(desk, "--json", *options, code=code).output)
    return content


def boxes(found: dict[str, Any]) -> dict[str, int]:
    names = ("changed", "unchanged", "unknown", "conflicts", "not_comparable", "vanished")
    return {name: found["reconciled"][name] for name in names if found["reconciled"][name]}


def sent(sandbox: SandboxProcess) -> list[tuple[str, dict[str, str]]]:
    return [(update["opportunity"], update["fields"]) for update in sandbox.updates]


def pages(sandbox: SandboxProcess) -> int:
    return sum(call["path"].endswith("/GetOpportunitiesById") for call in sandbox.calls)


@pytest.fixture
def night(desk: Desk) -> Desk:
    """A desk whose mapping sends no notes."""
    desk.write_mapping(NO_NOTES)
    return desk


# ------------------------------------------------------------------ what is sent


def test_only_what_differs_is_sent(start_sandbox: StartSandbox, open_desk: OpenDesk) -> None:
    sandbox = start_sandbox("--unknown", guid(99))
    night = open_desk(sandbox)
    night.write_mapping(NO_NOTES)
    rows = deals(6)
    give(sandbox, rows)
    give(sandbox, rows[2:3], mx_Custom_11="North")
    rows.append(Deal(opportunity=guid(99), name="Nobody's"))
    night.write_sheet(rows)

    first = found(night, code=Exit.ATTENTION)

    assert boxes(first) == {"changed": 1, "unchanged": 5, "unknown": 1}
    assert first["reconciled"]["first_time"] == 7
    assert sent(sandbox) == [(guid(3), {"mx_Custom_11": "South"})]
    assert night.states() == {"succeeded": 1, "unchanged": 5, "rejected": 1}
    assert pages(sandbox) == 1  # the before-images are of the same read
    reason = first["reasons"][0]
    assert (reason["title"], reason["rows"]) == ("unknown-opportunity", [8])

    second = found(night, code=Exit.ATTENTION)

    assert boxes(second) == {"unchanged": 6, "unknown": 1}
    assert second["reconciled"]["first_time"] == 0
    assert len(sandbox.updates) == 1


def test_the_ledger_keeps_only_the_rows_of_a_night_that_were_not_unchanged(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(5)
    give(sandbox, rows)
    give(sandbox, rows[:1], mx_Custom_1="Old")
    night.write_sheet(rows)

    reconcile(night)

    assert [entry["migrator_row"] for entry in night.entries()] == ["2"]
    assert "5  = 5 rows read" in night.type("status", "r1").output


def test_a_night_against_the_ledger_makes_no_call_where_nothing_changed(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(40)
    give(sandbox, rows)
    night.write_sheet(rows)
    night.run()
    calls = len(sandbox.calls)

    unchanged = found(night, "--against", "ledger")
    assert boxes(unchanged) == {"unchanged": 40}
    assert len(sandbox.calls) == calls

    # A value that is written otherwise means the same; the row is looked at, and nothing is sent.
    rows[3] = Deal(opportunity=guid(4), name="Deal 4", amount="4.5", region="South")
    rows[4] = Deal(opportunity=guid(5), name="Deal 5", amount="5.75", region="South")
    night.write_sheet([*rows, Deal(opportunity=guid(50), name="New", amount="1")])
    sandbox.mend(guid(50))
    changed = found(night, "--against", "ledger", "--no-before-image")

    assert boxes(changed) == {"changed": 1, "unchanged": 39}
    assert changed["reconciled"]["first_time"] == 1
    assert sent(sandbox)[40:] == [
        (guid(5), {"mx_Custom_6": "5.75"}),
        (guid(50), {"mx_Custom_1": "New", "mx_Custom_6": "1"}),
    ]
    assert len(sandbox.calls) == calls + 2


def test_a_row_is_not_passed_over_after_somebody_else_s_sheet_changed_its_opportunity(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(3)
    give(sandbox, rows)
    night.write_sheet(rows)
    night.run()
    night.write_sheet([Deal(opportunity=guid(2), name="Other", amount="2.5")], name="other.csv")
    night.run(sheet="other.csv")

    changed = found(night, "--against", "ledger")

    assert boxes(changed) == {"changed": 1, "unchanged": 2}
    assert sent(sandbox)[-1] == (guid(2), {"mx_Custom_1": "Deal 2"})


@pytest.mark.parametrize("against", ["crm", "ledger"])
def test_several_rows_of_an_opportunity_are_laid_over_one_another(
    sandbox: SandboxProcess, night: Desk, against: str
) -> None:
    rows = deals(3)
    give(sandbox, rows)
    night.write_sheet(rows)
    night.run()
    night.write_sheet([*rows, Deal(opportunity=guid(1), name="Deal 1", region="East"), rows[1]])

    first = found(night, "--against", against)

    assert boxes(first) == {"changed": 1, "unchanged": 2}
    assert sent(sandbox)[3:] == [(guid(1), {"mx_Custom_11": "East"})]
    assert boxes(found(night, "--against", against)) == {"unchanged": 3}
    # The order of the two rows turned: the first night's value is the last again.
    night.write_sheet([Deal(opportunity=guid(1), name="Deal 1", region="East"), *rows])
    assert boxes(found(night, "--against", against)) == {"changed": 1, "unchanged": 2}
    assert sent(sandbox)[4:] == [(guid(1), {"mx_Custom_11": "South"})]


def test_a_mapping_that_wants_one_row_each_refuses_several(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(2)
    give(sandbox, rows)
    night.write_sheet(rows)
    night.write_mapping(
        NO_NOTES.replace("id: Opportunity Id", "id: Opportunity Id, rows_per_opportunity: error")
    )
    night.run()
    night.write_sheet([*rows, rows[0]])

    refused = reconcile(night, "--against", "ledger", code=4)

    assert f"{guid(1)}: rows 2, 4" in refused.errors


def test_a_note_is_a_difference_until_it_is_confirmed(sandbox: SandboxProcess, desk: Desk) -> None:
    rows = deals(2)
    give(sandbox, rows)
    desk.write_sheet(rows)

    dry = reconcile(desk, "--dry-run", code=Exit.DIFFERENCES)
    assert "OpportunityNote" in dry.output
    reconcile(desk)
    again = found(desk)

    assert sandbox.sent() == {"Remark 1": 1, "Remark 2": 1}
    assert all(fields == {} for _, fields in sent(sandbox))
    assert boxes(again) == {"unchanged": 2}


def test_a_stage_takes_its_status_along(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_mapping(
        "version: 1\nopportunity: {type: 12000, id: Id}\nfields:\n  Status: Status\n"
        "  mx_Custom_2: Stage\n  mx_Custom_1: Name\n"
    )
    held = {"Status": "Open", "mx_Custom_2": "Prospecting", "mx_Custom_1": "A"}
    sandbox.ask("POST", "opportunities", [{"id": guid(1), "fields": held}])
    columns = ("Id", "Status", "Stage", "Name")
    desk.write_sheet([(guid(1), "Open", "Negotiation", "A")], columns=columns)

    reconcile(desk)

    assert sent(sandbox) == [(guid(1), {"Status": "Open", "mx_Custom_2": "Negotiation"})]


# ------------------------------------------------------------------ conflicts


@pytest.fixture
def conflict(sandbox: SandboxProcess, night: Desk) -> Desk:
    """Three opportunities were written; somebody changed one value, the sheet another as well."""
    rows = deals(3)
    give(sandbox, rows, mx_Custom_11="West")
    night.write_sheet(rows)
    night.run()
    sandbox.ask(
        "POST", "opportunities", [{"id": guid(2), "fields": {"mx_Custom_11": "By somebody"}}]
    )
    rows[1] = Deal(opportunity=guid(2), name="Renamed", amount="2.50", region="South")
    night.write_sheet(rows)
    return night


def region(sandbox: SandboxProcess) -> str:
    fields: dict[str, str] = sandbox.opportunities()[guid(2)]["fields"]
    return fields["mx_Custom_11"]


def test_a_conflict_is_reported_and_the_rest_of_its_row_is_sent(
    sandbox: SandboxProcess, conflict: Desk
) -> None:
    told = found(conflict, code=Exit.ATTENTION)

    assert boxes(told) == {"unchanged": 2, "conflicts": 1}
    assert told["conflicts"] == 1
    assert sent(sandbox)[3:] == [(guid(2), {"mx_Custom_1": "Renamed"})]
    assert region(sandbox) == "By somebody"

    # It stays one, and now its row has nothing else to say.
    again = reconcile(conflict, code=Exit.ATTENTION)
    assert "changed in LeadSquared by somebody since it was confirmed last: mx_Custom_11" in (
        again.output
    )
    assert len(sandbox.updates) == 4


def test_ours_stands_over_a_conflict(sandbox: SandboxProcess, conflict: Desk) -> None:
    reconcile(conflict, "--conflicts", "ours")

    assert region(sandbox) == "South"
    assert boxes(found(conflict)) == {"unchanged": 3}


def test_theirs_is_left(sandbox: SandboxProcess, conflict: Desk) -> None:
    told = found(conflict, "--conflicts", "theirs")

    assert told["reconciled"]["left"] == 1
    assert region(sandbox) == "By somebody"
    # Nothing of it is confirmed: the next night that only reports tells it.
    assert boxes(found(conflict, code=Exit.ATTENTION)) == {"unchanged": 2, "conflicts": 1}


def test_without_a_confirmed_value_there_is_no_conflict(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(1)
    give(sandbox, rows, mx_Custom_11="By somebody")
    night.write_sheet(rows)

    assert boxes(found(night)) == {"changed": 1}


# ------------------------------------------------------------------ a dry run


def test_a_dry_run_prints_what_differs_and_changes_nothing(
    sandbox: SandboxProcess, conflict: Desk
) -> None:
    before = sandbox.opportunities()

    shown = reconcile(conflict, "--dry-run", code=Exit.DIFFERENCES).output
    lines = [line.split() for line in shown.splitlines() if guid(2) in line]

    assert lines == [
        ["3", guid(2), "mx_Custom_1", "Deal", "2", "Renamed"],
        ["3", guid(2), "mx_Custom_11", "By", "somebody", "South", "conflict"],
    ]
    content = json.loads(reconcile(conflict, "--dry-run", "--json", code=Exit.DIFFERENCES).output)
    expected = [
        ("mx_Custom_1", "Deal 2", "Renamed", "change"),
        ("mx_Custom_11", "By somebody", "South", "conflict"),
    ]
    assert [
        (one["schema_name"], one["from"], one["to"], one["kind"]) for one in content["differences"]
    ] == expected
    for ending in ("csv", "xlsx", "json"):
        reconcile(conflict, "--dry-run", "-o", f"all.{ending}", code=Exit.DIFFERENCES)
    with (conflict.folder / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [tuple(row) for row in csv.reader(file)]
    assert [row[3:] for row in written[1:]] == expected
    sheet = openpyxl.load_workbook(conflict.folder / "all.xlsx").active
    assert sheet is not None
    assert list(sheet.iter_rows(values_only=True)) == written
    assert json.loads((conflict.folder / "all.json").read_text(encoding="utf-8")) == content

    assert sandbox.opportunities() == before
    assert [
        run["run"][:2] for run in json.loads(conflict.type("runs", "--json").output)["runs"]
    ] == ["r1"]


def test_a_dry_run_without_differences_ends_with_0(sandbox: SandboxProcess, night: Desk) -> None:
    rows = deals(2)
    give(sandbox, rows)
    night.write_sheet(rows)

    assert "nothing differs" in reconcile(night, "--dry-run").output


def test_a_dry_run_with_rows_for_a_person_alone_ends_with_10(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(2)
    give(sandbox, rows)
    night.write_sheet([*rows, Deal(opportunity=guid(9), name="Refused", amount="much")])

    refused = found(night, "--dry-run", code=Exit.ATTENTION)

    assert (refused["exit_code"], refused["refused_rows"]) == (10, 1)


# ------------------------------------------------------------------ brakes


def test_a_sheet_without_rows_is_refused(sandbox: SandboxProcess, night: Desk) -> None:
    night.write_sheet([])

    refused = reconcile(night, code=Exit.STOPPED)

    assert "the sheet has no rows" in refused.errors
    assert not sandbox.updates


def test_too_many_changes_are_refused_until_a_person_allows_them(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(100)
    give(sandbox, rows)
    give(sandbox, rows[:50], mx_Custom_11="North")
    night.write_sheet(rows)

    refused = reconcile(night, code=Exit.STOPPED)
    assert "50 of 100 opportunities would change, and --max-changes allows 30 %" in refused.errors
    assert "--max-changes 50" in refused.errors
    assert not sandbox.updates
    reconcile(night, "--max-changes", "49", code=Exit.STOPPED)
    dry = reconcile(night, "--dry-run", code=Exit.DIFFERENCES)
    assert "without --dry-run nothing would be sent" in dry.output

    reconcile(night, "--max-changes", "50%")
    assert len(sandbox.updates) == 50


def test_few_changes_are_never_too_many(sandbox: SandboxProcess, night: Desk) -> None:
    rows = deals(49)
    give(sandbox, rows, mx_Custom_11="North")
    night.write_sheet(rows)

    reconcile(night)

    assert len(sandbox.updates) == 49


@pytest.mark.parametrize("against", ["crm", "ledger"])
def test_a_column_that_is_suddenly_blank_is_refused_until_a_person_allows_it(
    sandbox: SandboxProcess, night: Desk, against: str
) -> None:
    rows = deals(3)
    give(sandbox, rows)
    night.write_sheet(rows)
    reconcile(night)
    blank = [Deal(opportunity=row.opportunity, name=row.name, amount=row.amount) for row in rows]
    night.write_sheet(blank)

    refused = reconcile(night, "--against", against, code=Exit.STOPPED)
    assert 'mapped column is suddenly blank in every row: "Region"' in refused.errors
    assert "--allow-blank 'Region'" in refused.errors

    reconcile(night, "--against", against, "--allow-blank", "Region")
    reconcile(night, "--against", against)  # it is no news any more


# ------------------------------------------------------------------ nights


def test_rows_none_of_which_can_be_read_are_told_for_what_they_are(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(2)
    give(sandbox, rows)
    night.write_sheet(rows)
    reconcile(night)
    night.write_sheet([(*row.cells, "one", "more") for row in rows])

    refused = reconcile(night, code=Exit.ATTENTION)

    assert "suddenly blank" not in refused.output + refused.errors
    assert "rows 2, 3" in refused.output

    # Nor are the columns of the night before forgotten over it.
    night.write_sheet([replace(row, region="") for row in rows])
    assert "suddenly blank" in reconcile(night, code=Exit.STOPPED).errors


def test_what_vanished_is_told_beside_the_last_night_that_finished(
    sandbox: SandboxProcess, night: Desk
) -> None:
    rows = deals(4)
    give(sandbox, rows)
    night.write_sheet(rows)
    reconcile(night)
    night.write_sheet([*rows[1:], Deal(opportunity=guid(7), name="New", amount="1")])
    give(sandbox, [Deal(opportunity=guid(7), name="New", amount="1")])

    told = found(night)

    assert boxes(told) == {"unchanged": 4, "vanished": 1}
    assert told["reconciled"]["vanished_ids"] == [guid(1)]
    assert told["reconciled"]["first_time"] == 1
    assert told["reconciled"]["last_run"] == night.status("r1")["run"]
    assert "vanished" not in boxes(found(night))


def test_a_killed_night_goes_on_and_a_newer_sheet_takes_its_place(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--latency", "0.05")
    night = open_desk(sandbox, limit="10/0.2")
    night.write_mapping(NO_NOTES)
    rows = deals(40)
    give(sandbox, rows, mx_Custom_11="North")
    night.write_sheet(rows)
    command = ("reconcile", "deals.csv", "-m", "deals.yaml", "--yes")
    process = night.start(*command)
    sandbox.wait_for_updates(5, process)
    process.kill()
    night.end(process)
    sandbox.wait_until_quiet()

    killed = night.start(*command)
    before = len(sandbox.updates)
    sandbox.wait_for_updates(before + 5, killed)
    killed.kill()
    night.end(killed)
    sandbox.wait_until_quiet()
    assert [run["run"][:2] for run in json.loads(night.type("runs", "--json").output)["runs"]] == [
        "r1"
    ]

    rows[0] = Deal(opportunity=guid(1), name="Deal 1", amount="1.50", region="East")
    night.write_sheet(rows)
    ended = reconcile(night)

    assert "takes its place" in ended.errors
    held = sandbox.opportunities()
    assert [held[row.opportunity]["fields"]["mx_Custom_11"] for row in rows] == [
        "East",
        *["South"] * 39,
    ]
    assert boxes(found(night)) == {"unchanged": 40}


def test_a_night_killed_while_it_reads_begins_anew(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--latency", "0.3")
    night = open_desk(sandbox)
    night.write_mapping(NO_NOTES)
    rows = deals(4500)
    give(sandbox, rows)
    give(sandbox, rows[4400:4402], mx_Custom_11="North")
    night.write_sheet(rows)
    process = night.start("reconcile", "deals.csv", "-m", "deals.yaml", "--yes")
    wait_until(lambda: pages(sandbox) > 1)  # the first page is answered
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    night.end(process)

    told = found(night)

    assert boxes(told) == {"changed": 2, "unchanged": 4498}
    assert [named for named, _ in sent(sandbox)] == [guid(4401), guid(4402)]
    assert night.states("r1") == {"succeeded": 2, "unchanged": 4498}


def test_two_nights_never_overlap(start_sandbox: StartSandbox, open_desk: OpenDesk) -> None:
    sandbox = start_sandbox("--latency", "4")
    night = open_desk(sandbox)
    night.write_mapping(NO_NOTES)
    rows = deals(3)
    give(sandbox, rows, mx_Custom_11="North")
    night.write_sheet(rows)
    first = night.start("reconcile", "deals.csv", "-m", "deals.yaml", "--yes")
    wait_until(lambda: pages(sandbox) > 0)

    refused = reconcile(night, code=Exit.LEDGER)
    assert "a reconcile of deals.yaml for this account is under way (process" in refused.errors
    waited = reconcile(night, "--wait", "1")

    assert night.end(first).code == Exit.OK
    assert "waiting for it to end" in waited.errors
    assert "3  unchanged" in waited.output
    assert len(sandbox.updates) == 3


def test_an_undo_takes_a_night_back(sandbox: SandboxProcess, night: Desk) -> None:
    rows = deals(3)
    give(sandbox, rows, mx_Custom_11="North")
    before = sandbox.opportunities()
    night.write_sheet(rows)
    reconcile(night, "--verify")
    assert night.status()["verified"] == 3

    night.type("undo", "r1", "--yes")

    assert {named: one["fields"] for named, one in sandbox.opportunities().items()} == {
        named: one["fields"] for named, one in before.items()
    }


def test_rows_that_need_a_person_are_mended_by_an_export(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--unknown", guid(1002))
    night = open_desk(sandbox)
    night.write_mapping(NO_NOTES)
    rows = deals(2)
    give(sandbox, rows)
    night.write_sheet([rows[0], Deal(opportunity=guid(1002), name="Deal 2", amount="9")])
    reconcile(night, code=Exit.ATTENTION)
    night.type("export", "r1", "--rejected", "-o", "fix.csv")
    path = night.folder / "fix.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace(guid(1002), guid(2), 1), encoding="utf-8"
    )

    night.run(sheet="fix.csv")

    assert sent(sandbox) == [(guid(2), {"mx_Custom_1": "Deal 2", "mx_Custom_6": "9"})]
    assert night.states("r1") == {"unchanged": 1, "corrected": 1}
    refused = night.type("reconcile", "fix.csv", "-m", "deals.yaml", "--yes", code=Exit.USAGE)
    assert "Give it to `migrator run`" in refused.errors


# ------------------------------------------------------------------ accounts and ids


def test_where_bulk_reads_are_refused_the_price_is_said(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--closed", "GetOpportunitiesById=refused")
    night = open_desk(sandbox)
    night.write_mapping(NO_NOTES)
    rows = deals(3)
    give(sandbox, rows)
    give(sandbox, rows[:1], mx_Custom_11="North")
    night.write_sheet(rows)

    refused = night.type("reconcile", "deals.csv", "-m", "deals.yaml", code=Exit.USAGE)
    assert "3 opportunities to be read one by one: 3 calls" in refused.errors
    ended = found(night)

    assert boxes(ended) == {"changed": 1, "unchanged": 2}
    assert len(sandbox.updates) == 1


def test_auto_ids_are_read_by_the_guid_of_a_success_else_one_by_one(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_mapping(
        "version: 1\nopportunity: {type: 12000, id: {column: Id, kind: auto_id}}\n"
        "fields:\n  mx_Custom_1: Name\n"
    )
    sandbox.ask(
        "POST",
        "opportunities",
        [
            {"id": guid(n), "auto_id": f"OPP-{n}", "fields": {"mx_Custom_1": f"Deal {n}"}}
            for n in (1, 2)
        ],
    )
    desk.write_sheet(
        [("OPP-1", "Renamed"), ("OPP-2", "Deal 2"), ("OPP-9", "x")], columns=("Id", "Name")
    )

    first = found(desk, code=Exit.ATTENTION)
    assert boxes(first) == {"changed": 1, "unchanged": 1, "not_comparable": 1}
    assert sent(sandbox) == [("OPP-1", {"mx_Custom_1": "Renamed"})]
    assert pages(sandbox) == 0

    second = found(desk, code=Exit.ATTENTION)
    assert boxes(second) == {"unchanged": 2, "not_comparable": 1}
    assert pages(sandbox) == 1  # the GUID of OPP-1 is known now
    assert second["reconciled"]["first_time"] == 0  # and its name is no news


def test_an_opportunity_named_by_an_auto_id_vanishes_by_its_guid(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_mapping(
        "version: 1\nopportunity: {type: 12000, id: {column: Id, kind: auto_id}}\n"
        "fields:\n  mx_Custom_1: Name\n"
    )
    held = [{"id": guid(n), "auto_id": f"OPP-{n}", "fields": {}} for n in (1, 2)]
    sandbox.ask("POST", "opportunities", held)
    rows = [("OPP-1", "Acme"), ("OPP-2", "Bharat")]
    desk.write_sheet(rows, columns=("Id", "Name"))
    reconcile(desk)  # both GUIDs are told by its successes

    desk.write_sheet(rows[1:], columns=("Id", "Name"))

    assert found(desk)["reconciled"]["vanished_ids"] == [guid(1)]


def test_a_file_that_is_asked_for_without_a_dry_run_is_refused(night: Desk) -> None:
    night.write_sheet(deals(1))

    refused = reconcile(night, "-o", "all.csv", code=Exit.USAGE)

    assert "Add --dry-run" in refused.errors


def test_a_column_that_may_be_blank_has_to_be_one_of_the_mapping_s(
    sandbox: SandboxProcess, night: Desk
) -> None:
    give(sandbox, deals(1))
    night.write_sheet(deals(1))

    refused = reconcile(night, "--allow-blank", "Regoin", code=Exit.USAGE)

    assert '"Regoin", and the mapping uses no such column' in refused.errors
