"""`migrator fields`, typed: in a pipe, at terminals of two widths, and for a program."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import HAS_TERMINALS, Desk, Exit, SandboxProcess

SETTINGS = 5  #: The exit code for a file that may not be replaced.
SCHEMA = Path(__file__).parents[2] / "sample_data" / "schema.json"


@pytest.fixture
def account(start_sandbox: StartSandbox) -> SandboxProcess:
    return start_sandbox("--schema", str(SCHEMA))


@pytest.fixture
def desk(account: SandboxProcess, open_desk: OpenDesk) -> Desk:
    return open_desk(account)


def saved(desk: Desk, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((desk.folder / name).read_text(encoding="utf-8"))
    return content


def test_the_types_are_listed_and_the_next_command_is_named(
    account: SandboxProcess, desk: Desk
) -> None:
    ended = desk.type("fields")

    assert "127.0.0.1: 2 opportunity types\n" in ended.output
    assert "    12000  Opportunity\n    12001  Service Contract\n" in ended.output
    assert "next: migrator fields --type 12000" in ended.output
    assert ended.errors == (
        "asked LeadSquared with 1 call that changes nothing: GetOpportunityTypes\n"
    )
    assert not account.updates


def test_the_fields_of_a_type_are_a_table(account: SandboxProcess, desk: Desk) -> None:
    ended = desk.type("fields", "--type", "12000")

    lines = [line.split() for line in ended.output.splitlines()]
    assert lines[0] == ["Opportunity", "(12000):", "24", "fields", "on", "127.0.0.1"]
    assert ["SchemaName", "name", "type", "needs", "takes"] in lines
    for shown in (
        "mx_Custom_1         Opportunity Name       String              mandatory  200 characters",
        "6 under Status: Prospecting, Proposal Sent, Negotiation, …",
        "5: Website, Trade Fair, google_lp, Google_lp, Recommendation",
        "3, several: Licence, Training, Support",
        "3, others too: Retail, Schools, Hospitals",
        "AutoId              read-only",
    ):
        assert shown in ended.output
    assert [call["path"].rpartition("/")[2] for call in account.calls] == [
        "GetOpportunityTypeMetadata"
    ]


def test_no_ledger_is_made(desk: Desk) -> None:
    desk.type("fields", "--type", "12000", "--users", "--save", "deals.json")

    made = {file.name for file in desk.folder.iterdir()} - {"deals.yaml", "state"}
    assert made == {"deals.json"}


def test_a_program_gets_the_same_content(desk: Desk) -> None:
    found = json.loads(desk.type("fields", "--type", "12000", "--users", "--json").output)

    [one] = found["types"]
    assert (found["host"], one["code"], len(one["fields"])) == ("127.0.0.1", 12000, 24)
    stage = next(field for field in one["fields"] if field["schema_name"] == "mx_Custom_2")
    assert stage["options_under"]["Won"] == ["Closed Won"]
    assert [user["is_active"] for user in found["users"]] == [True, True, False]


def test_what_is_saved_is_what_is_shown(desk: Desk) -> None:
    ended = desk.type("fields", "--save", "account.json")

    assert [len(one["fields"]) for one in saved(desk, "account.json")["types"]] == [24, 8]
    assert "saved as account.json" in ended.errors
    assert "next: migrator check SHEET -m MAPPING --metadata account.json" in ended.output
    assert "Service Contract (12001): 8 fields" in ended.output


def test_a_saved_file_is_replaced_only_by_as_much(desk: Desk) -> None:
    desk.type("fields", "--save", "account.json")
    before = saved(desk, "account.json")

    ended = desk.type("fields", "--type", "12000", "--save", "account.json", code=SETTINGS)
    assert "other types besides (12001)" in ended.errors
    assert saved(desk, "account.json") == before

    desk.type("fields", "--type", "12000", "--save", "account.json", "--force")
    assert [one["code"] for one in saved(desk, "account.json")["types"]] == [12000]


def test_nothing_is_asked_when_the_file_cannot_be_replaced(
    account: SandboxProcess, desk: Desk
) -> None:
    ended = desk.type("fields", "--type", "12000", "--save", "deals.yaml", code=SETTINGS)

    assert "it is no saved metadata" in ended.errors
    assert account.calls == []


@pytest.mark.skipif(not HAS_TERMINALS, reason="pseudo-terminals are POSIX's")
@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
def test_every_width_of_a_terminal_has_whole_lines(desk: Desk, columns: int) -> None:
    code, shown = desk.at_terminal("fields", "--type", "12000", "--users", columns=columns)

    assert code == Exit.OK
    lines = shown.replace("\r", "").splitlines()
    # Commands are not broken: they are there to be copied.
    assert max(len(line) for line in lines if not line.startswith("next: ")) <= columns
    is_table = any(line.startswith("SchemaName") for line in lines)
    assert is_table == (columns >= 100)
    assert any("Opportunity Name" in line for line in lines)


def test_wrong_keys_are_refused_after_one_call_and_are_in_no_text(
    account: SandboxProcess, desk: Desk
) -> None:
    desk.environment["LSQ_SECRET_KEY"] = "mIstyped/Secret=="

    ended = desk.type("fields", "--type", "12000", code=Exit.ACCESS)

    assert "LeadSquared refuses access" in ended.errors
    assert "mIstyped" not in ended.errors + ended.output
    assert len(account.calls) == 1
