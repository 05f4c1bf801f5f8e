"""The sample sheets on the sample account: `migrator sandbox --schema sample_data/schema.json`."""

from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"
FIRST = "5fefe911-ff22-427b-82c7-bff261b339ff"  #: The opportunity in row 2 of deals.csv: won.


@pytest.fixture
def account(start_sandbox: StartSandbox) -> SandboxProcess:
    return start_sandbox("--schema", str(SAMPLES / "schema.json"))


@pytest.fixture
def desk(account: SandboxProcess, open_desk: OpenDesk) -> Desk:
    desk = open_desk(account)
    desk.write_mapping((ROOT / "mappings" / "deals.yaml").read_text(encoding="utf-8"))
    return desk


def refusals(account: SandboxProcess) -> Counter[str]:
    return Counter(call["exception"] for call in account.updates if call["exception"])


def test_all_good_rows_of_the_workbook_fit_but_one_amount(
    account: SandboxProcess, desk: Desk
) -> None:
    desk.run(sheet=str(SAMPLES / "deals.xlsx"), code=Exit.ATTENTION)

    assert desk.states() == {"succeeded": 160, "failed": 1, "rejected": 9}
    [refused] = [call for call in account.updates if not call["applied"]]
    assert refused["fields"]["mx_Custom_6"] == "2,00,000 INR"
    assert refusals(account) == {"MXInvalidDataTypeException": 1}


def test_a_stage_that_does_not_stand_under_the_status_is_refused(
    account: SandboxProcess, desk: Desk
) -> None:
    account.ask("POST", "opportunities", {"id": FIRST, "fields": {"Status": "Open"}})
    desk.run(sheet=str(SAMPLES / "deals.csv"), code=Exit.ATTENTION)

    assert desk.states() == {"succeeded": 35, "failed": 1, "rejected": 4}
    assert refusals(account) == {"MXInvalidEntityReferenceException": 1}
    assert account.opportunities()[FIRST]["fields"] == {"Status": "Open"}
