"""`migrator explain`, and the codes that a run gives to look up with it."""

import json

from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals


def test_a_code_is_explained_with_what_to_do(desk: Desk) -> None:
    told = desk.type("explain", "not-a-date").output

    assert told.startswith("not-a-date: No date\n")
    assert "what to do: Correct the cell" in told


def test_an_exception_and_an_exit_code_are_explained(desk: Desk) -> None:
    of_exception = json.loads(desk.type("explain", "mxxssexception", "--json").output)

    assert of_exception["code"] == "looks-like-markup"
    assert desk.type("explain", "12").output.startswith("exit-12: Stopped by a brake")


def test_without_a_code_all_are_listed(desk: Desk) -> None:
    listed = json.loads(desk.type("explain", "--json").output)
    lines = desk.type("explain").output.splitlines()

    codes = {line.split()[0] for line in lines if line.startswith("  ")}
    assert codes == {kind["code"] for kind in listed}


def test_a_near_code_is_named(desk: Desk) -> None:
    ended = desk.type("explain", "not-a-dat", code=Exit.USAGE)

    assert "Did you mean not-a-date?" in ended.errors


def test_a_run_names_the_codes_of_its_failures(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))
    sandbox.strike("mx_input", opportunity=deals(3)[1].opportunity, path="Update")
    ended = desk.run(code=Exit.ATTENTION)

    assert "invalid-input: Read the message" in ended.output
    assert "`migrator explain CODE` tells more: invalid-input" in ended.output
    (reason,) = json.loads(desk.type("status", "--json").output)["reasons"]
    assert (reason["code"], reason["title"]) == ("invalid-input", "MXInvalidInputException")
