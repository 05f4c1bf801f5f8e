"""The mapping language over HTTP: users by e-mail, field sets, texts that are cut."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"
FIRST = "5fefe911-ff22-427b-82c7-bff261b339ff"  #: The opportunity in row 2 of deals.csv.
NORTH = "0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b01"


@pytest.fixture
def account(start_sandbox: StartSandbox) -> SandboxProcess:
    return start_sandbox("--schema", str(SAMPLES / "schema.json"))


@pytest.fixture
def desk(account: SandboxProcess, open_desk: OpenDesk) -> Desk:
    return open_desk(account)


def test_the_legacy_mapping_fills_the_sample_account(account: SandboxProcess, desk: Desk) -> None:
    desk.write_mapping((ROOT / "mappings" / "legacy-crm.yaml").read_text(encoding="utf-8"))
    typed = desk.run(sheet=str(SAMPLES / "deals.csv"), code=Exit.ATTENTION)

    assert desk.states() == {"succeeded": 37, "rejected": 3}
    fields = account.opportunities()[FIRST]["fields"]
    assert fields["Owner"] == NORTH
    assert fields["mx_Custom_14"] == "+91-7898094332"
    assert "asked LeadSquared with 1 call that changes nothing: Users.Get" in typed.errors


def test_an_owner_who_is_not_active_is_refused_before_any_call(
    account: SandboxProcess, desk: Desk
) -> None:
    desk.write_mapping(
        "version: 1\nopportunity: {type: 12000, id: Id}\n"
        "fields:\n  Owner: {column: Mail, type: user}\n"
    )
    sheet = desk.folder / "owners.csv"
    sheet.write_text(f"Id,Mail\n{FIRST},west@example.com\n", encoding="utf-8")
    desk.run(sheet=str(sheet), code=Exit.ATTENTION)

    assert desk.states() == {"rejected": 1}
    assert account.updates == []


def test_a_member_of_a_field_set_arrives_in_its_set_and_a_cut_is_said(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    account = start_sandbox()
    desk = open_desk(account)
    desk.write_mapping(
        "version: 1\nopportunity: {type: 12000, id: Id}\nfields:\n"
        "  mx_Custom_1: {column: Name, max_length: 5, too_long: truncate}\n"
        "  mx_Custom_17: {fields: {mx_CustomObject_1: City, mx_CustomObject_2: Name}}\n"
    )
    sheet = desk.folder / "sets.csv"
    sheet.write_text(f"Id,Name,City\n{FIRST},Asha North,Pune\n", encoding="utf-8")

    typed = desk.run(sheet=str(sheet), code=Exit.OK)
    again = desk.run(sheet=str(sheet), code=Exit.OK)

    fields = account.opportunities()[FIRST]["fields"]
    assert fields["mx_Custom_1"] == "Asha "
    assert json.loads(fields["mx_Custom_17"])["mx_CustomObject_1"] == "Pune"
    assert "mx_Custom_1 is cut to its max_length in 1 row" in typed.errors
    assert "nothing is sent again" in again.errors
