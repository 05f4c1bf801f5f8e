"""`migrator plan`, and `run --plan`: what was planned is sent, whatever became of the sheet."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals, guid

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


def test_a_plan_that_a_newer_one_has_replaced_is_not_taken_for_sent(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet(deals(3))
    older = planned(desk)
    desk.write_sheet(deals(2))
    newer = planned(desk)

    ended = desk.type("run", "--plan", older["run"], "--yes", code=Exit.USAGE)

    assert f"the plan {older['run']} is closed" in ended.errors
    assert f"`migrator run --plan {newer['run']}`" in ended.errors
    assert sandbox.updates == []


def test_the_next_command_sends_the_plan_as_it_was_priced(desk: Desk) -> None:
    desk.write_sheet(deals(3))
    options = ("--until", "6:05", "--verify", "--no-before-image", "--share", "0.8")

    plan = planned(desk, "--ledger", "other.db", *options)

    ledger = (desk.folder / "other.db").resolve()
    (command,) = plan["next"]
    priced = "--until 06:05 --no-before-image --verify --share 0.8"
    assert command == f"migrator run --plan {plan['run']} --ledger {ledger} {priced}"
    desk.type(*command.split()[1:], "--yes")
    status = json.loads(desk.type("status", "--ledger", "other.db", "--json").output)
    (next_command,) = status["next"]
    assert next_command.endswith(f"--ledger {ledger} -o report.html")


@pytest.mark.parametrize("option", ["--again", "--mixed-ids"])
def test_what_counts_while_planning_is_not_passed_over_later(
    desk: Desk, sandbox: SandboxProcess, option: str
) -> None:
    desk.write_sheet(deals(1))
    planned(desk)

    ended = desk.type("run", "--plan", "r1", option, "--yes", code=Exit.USAGE)

    assert f"{option} has nothing to do with it" in ended.errors
    assert sandbox.updates == []


def test_a_plan_of_a_sheet_that_was_sent_tells_of_its_failed_rows(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet(deals(2))
    sandbox.strike("mx500", opportunity=guid(2))
    desk.run(code=Exit.ATTENTION)

    told = desk.type("plan", "deals.csv", "-m", "deals.yaml", code=Exit.ATTENTION).output

    assert "these rows were sent by run r1-" in told
    assert "next: migrator retry r1-" in told
    assert "updates to send" not in told


def test_rejected_rows_are_told_again_where_the_question_was_not_answered(desk: Desk) -> None:
    first, second = deals(2)
    desk.write_sheet([first, replace(second, amount="a lot")])
    planned(desk, code=Exit.ATTENTION)

    for _ in range(2):
        ended = desk.type("run", "--plan", "r1", code=Exit.USAGE)
        assert "rejected rows, by reason" in ended.errors


def test_the_price_counts_the_canary(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(30))
    planned(desk)
    before = len(sandbox.calls)

    told = desk.type("run", "--plan", "r1", "--yes", "--canary", "3").errors

    made = [call["path"] for call in sandbox.calls[before:]]
    reads = sum(path.endswith("Details") for path in made)
    assert reads >= 3
    assert f"{reads:>9}  reads of the canary" in told
    assert f"{30 + 1 + reads:>9}  = calls" in told
