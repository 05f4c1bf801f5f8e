"""A run that relies on something the account may not do stops after one row, and goes on after."""

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Exit, deals

MAPPING = """\
version: 1
source: {timezone: UTC}
opportunity: {type: 12000, id: Opportunity Id, note: "{Remarks}"}
fields:
  mx_Custom_1: Name
  mx_Custom_6: {column: Amount, type: number, blank: clear}
  CreatedOn: {constant: "2019-04-02 12:13:44"}
"""


def test_a_created_on_that_is_ignored_stops_the_run_and_support_and_retry_mend_it(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--created-on", "ignored")
    desk = open_desk(sandbox)
    desk.write_mapping(MAPPING)
    desk.write_sheet(deals(12))

    ended = desk.run(code=Exit.STOPPED)

    assert "CreatedOn is written only where LeadSquared's support has switched that on" in (
        ended.errors
    )
    assert 'CreatedOn was sent as "2019-04-02 12:13:44" and found as "' in ended.errors
    assert "deals.csv, row 2" in ended.errors
    assert len(sandbox.updates) == 1
    assert desk.states() == {"failed": 1, "planned": 11}

    sandbox.change(created_on="enabled")
    desk.type("retry", "--yes")

    assert desk.states() == {"succeeded": 12}
    for opportunity in sandbox.opportunities().values():
        assert opportunity["fields"]["CreatedOn"] == "2019-04-02 12:13:44"
        assert list(opportunity["notes"].values()) == [1]


def test_an_account_is_proved_once_for_all_its_runs(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox()
    desk = open_desk(sandbox)
    desk.write_mapping(MAPPING)
    rows = deals(6)
    desk.write_sheet(rows[:3])
    desk.run()
    reads = [call for call in sandbox.calls if call["path"].endswith("GetOpportunityDetails")]
    assert len(reads) == 2  # before and after the first row

    desk.write_sheet(rows[3:], name="more.csv")
    desk.run(sheet="more.csv")

    again = [call for call in sandbox.calls if call["path"].endswith("GetOpportunityDetails")]
    assert len(again) == 2


def test_a_field_that_the_account_does_not_clear_stops_the_run(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--blank", "ignored")
    desk = open_desk(sandbox)
    desk.write_mapping(MAPPING.replace("  CreatedOn", "  # CreatedOn"))
    rows = deals(4)
    desk.write_sheet(rows)
    desk.run()
    blanked = [(row.opportunity, row.name, "", row.region, row.remarks) for row in rows]
    desk.write_sheet(blanked)

    ended = desk.run(code=Exit.STOPPED)

    assert 'mx_Custom_6 was sent as "" and found as "1.50"' in ended.errors
    assert "take `blank: clear` out of the mapping" in ended.errors
    assert len(sandbox.updates) == 5


def test_a_person_who_has_looked_may_say_so(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--created-on", "ignored")
    desk = open_desk(sandbox)
    desk.write_mapping(MAPPING)
    desk.write_sheet(deals(4))

    desk.run("--trust", "CreatedOn")

    assert desk.states() == {"succeeded": 4}
    assert len(sandbox.updates) == 4
