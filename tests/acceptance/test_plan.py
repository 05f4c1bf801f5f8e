"""`migrator plan`, and `run --plan`: what was planned is sent, whatever became of the sheet."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals

BULK = "GetOpportunitiesById"


def planned(desk: Desk, *options: str, code: int = Exit.OK) -> dict[str, Any]:
    told = desk.type("plan", "deals.csv", "-m", "deals.yaml", "--json", *options, code=code)
    content: dict[str, Any] = json.loads(told.output)
    return content


def test_a_plan_sends_nothing_and_is_sent_later_as_it_was(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet(deals(3))
    plan = planned(desk)
    assert sandbox.updates == []
    assert plan["states"]["planned"] == 3

    (desk.folder / "deals.csv").unlink()
    (desk.folder / "deals.yaml").unlink()
    desk.type("run", "--plan", plan["run"], "--yes")

    assert desk.states() == {"succeeded": 3}
    amounts = {one["fields"]["mx_Custom_6"] for one in sandbox.opportunities().values()}
    assert amounts == {"1.50", "2.50", "3.50"}


def test_the_sheet_typed_later_goes_on_with_the_plan(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))
    planned(desk)

    ended = desk.run()

    assert "are those of run r1-" in ended.errors
    assert len(sandbox.updates) == 3


def test_a_plan_typed_twice_is_one_plan(desk: Desk) -> None:
    desk.write_sheet(deals(3))

    assert planned(desk)["run"] == planned(desk)["run"]


def test_a_newer_plan_takes_the_place_of_one_that_never_began(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet(deals(3))
    planned(desk)
    desk.write_sheet(deals(2))
    plan = planned(desk)

    assert desk.states("r1") == {"superseded": 3}
    desk.type("run", "--plan", plan["run"], "--yes")
    assert len(sandbox.updates) == 2


def test_no_plan_beside_a_run_that_has_begun(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)
    desk.write_sheet(deals(2))

    ended = desk.type("plan", "deals.csv", "-m", "deals.yaml", code=Exit.USAGE)

    assert "is unfinished, and rows of it were sent" in ended.errors
    assert [run["run"][:2] for run in json.loads(desk.type("runs", "--json").output)["runs"]] == [
        "r1"
    ]
    assert len(sandbox.updates) == 1


def test_some_rows_of_a_plan_go_first(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))
    planned(desk)

    desk.type("run", "--plan", "r1", "--limit", "1", "--yes", code=Exit.STOPPED)
    assert len(sandbox.updates) == 1
    desk.type("run", "--plan", "r1", "--yes")
    assert len(sandbox.updates) == 3


@pytest.mark.parametrize(
    ("options", "calls"), [((), 4), (("--verify",), 5), (("--no-before-image",), 3)]
)
def test_the_price_is_what_the_run_then_costs(
    desk: Desk, sandbox: SandboxProcess, options: tuple[str, ...], calls: int
) -> None:
    desk.write_sheet(deals(3))

    price = planned(desk, *options)["price"]
    assert (price["updates"], price["calls"]) == (3, calls)
    before = len(sandbox.calls)
    desk.type("run", "--plan", "r1", "--yes", *options)

    made = [call["path"] for call in sandbox.calls[before:]]
    counted = [path for path in made if path.endswith(("Update", BULK))]
    assert len(counted) == calls


def test_the_time_and_the_part_of_the_day_are_told(desk: Desk) -> None:
    desk.environment |= {"LSQ_RATE_LIMIT": "1/60", "LSQ_DAILY_LIMIT": "100"}
    desk.write_sheet(deals(3))
    plan = planned(desk)

    assert plan["price"]["seconds"] == 240.0
    assert plan["price"]["day"]["part"] == 0.04
    told = desk.type("plan", "deals.csv", "-m", "deals.yaml").output
    assert "about 4 min 0 s, until 20" in told
    assert "4.0 % of a day's 100" in told


def test_rejected_rows_are_told_and_the_plan_stands(desk: Desk) -> None:
    first, second = deals(2)
    desk.write_sheet([first, replace(second, amount="a lot")])

    assert planned(desk, code=Exit.ATTENTION)["states"]["rejected"] == 1
    assert desk.states() == {"planned": 1, "rejected": 1}
