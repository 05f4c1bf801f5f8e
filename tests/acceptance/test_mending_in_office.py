"""The round trip of failed rows through a real spreadsheet program."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.acceptance import office
from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, guid

pytestmark = pytest.mark.skipif(bool(office.missing()), reason=office.missing() or "installed")

MAPPING = """\
version: 1
source: {timezone: Asia/Kolkata, sheet: Deals}
opportunity: {type: 12000, id: Opportunity Id, note: "{Remarks}"}
fields:
  mx_Custom_1: Name
  mx_Custom_2: Code
  Status: {column: Stage, type: choice, values: {open: Open, won: Won, lost: Lost, old: Gone}}
  mx_Custom_6: {column: Amount, type: number}
  mx_Custom_8: {column: Closed, type: datetime}
  mx_Custom_9: Meeting
  mx_Custom_10: Length
"""
COLUMNS = (
    "Opportunity Id", "Name", "Code", "Stage", "Amount", "Closed", "Meeting", "Length", "Remarks",
)  # fmt: skip
CLOSED = datetime(2024, 4, 2, 12, 13, 44)
SENT_CLOSED = "2024-04-02 06:43:44"
ROWS: list[tuple[Any, ...]] = [
    (guid(1), "fine", "007", "open", "1.50", CLOSED, time(9, 5), timedelta(hours=30), "first"),
    (guid(2), "=1+1", "0042", "wonn", "2", CLOSED, time(0, 0), timedelta(0), "+49 170 1234567"),
    (guid(3), "@SUM(A1)", "12345678901234567890", "won", "many", CLOSED, "", "", "'quoted"),
    (guid(4), "date", "1e5", "won", "4", "soon", "", timedelta(hours=100), "a\nb"),
    (guid(5), "refused", "-1", "old", "5", CLOSED, time(23, 59, 59), "", "Zoë अनिता 😀"),
    (guid(6), "left", "TRUE", "old", "6", CLOSED, "", "", "2024-04-02"),
    (guid(7), "away", "#N/A", "old", "7", CLOSED, "", "", "seventh"),
]


def write_deals(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Deals"
    sheet.append(list(COLUMNS))
    for row in ROWS:
        sheet.append([None] * len(COLUMNS))
        for cell, value in zip(sheet[sheet.max_row], row, strict=True):
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s" if value else "n"
    book.save(path)


@pytest.fixture
def refusing(start_sandbox: StartSandbox, tmp_path: Path) -> SandboxProcess:
    """A sandbox that knows three stages."""
    schema = tmp_path / "schema.json"
    texts = ", ".join(f'"mx_Custom_{n}": {{"max_length": 200}}' for n in (1, 2, 6, 8, 9, 10))
    schema.write_text(f'{{{texts}, "Status": {{"options": ["Open", "Won", "Lost"]}}}}')
    return start_sandbox("--schema", str(schema))


@pytest.fixture
def mending(refusing: SandboxProcess, open_desk: OpenDesk) -> Desk:
    """A desk where a run has left rows to be mended."""
    desk = open_desk(refusing)
    desk.write_mapping(MAPPING)
    write_deals(desk.folder / "deals.xlsx")
    desk.run(sheet="deals.xlsx", code=Exit.ATTENTION)
    assert desk.states() == {"succeeded": 1, "rejected": 3, "failed": 3}
    desk.type("export", "--failed", "--rejected", "-o", "fix.xlsx")
    return desk


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_rows_mended_in_libreoffice_arrive_and_nothing_else_has_changed(
    kind: str, refusing: SandboxProcess, mending: Desk, tmp_path: Path
) -> None:
    before = len(refusing.updates)
    office.typed(
        mending.folder / "fix.xlsx",
        mending.folder / f"fixed.{kind}",
        profile=tmp_path / "profile",
        cells=[
            [2, "Stage", "won"],
            [3, "Amount", "12.50"],
            [4, "Closed", "2024-05-01 10:20:30"],
            [5, "Stage", "lost"],
        ],
        sort="Name",
        delete_rows=[7],
        delete_columns=["migrator_message", "migrator_advice", "migrator_row"],
    )

    mending.run(sheet=f"fixed.{kind}", code=Exit.ATTENTION)

    sent = {call["opportunity"]: call for call in refusing.updates[before:]}
    assert set(sent) == {guid(2), guid(3), guid(4), guid(5), guid(6)}
    fields = {named: call["fields"] for named, call in sent.items()}
    for number in range(2, 7):
        row = ROWS[number - 1]
        assert fields[guid(number)]["mx_Custom_1"] == row[1]
        assert fields[guid(number)]["mx_Custom_2"] == row[2]
        assert sent[guid(number)]["note"] == row[8]
    assert [fields[guid(n)]["mx_Custom_8"] for n in (2, 3, 5, 6)] == [SENT_CLOSED] * 4
    assert fields[guid(4)]["mx_Custom_8"] == "2024-05-01 04:50:30"
    assert fields[guid(2)]["Status"] == "Won"
    assert fields[guid(3)]["mx_Custom_6"] == "12.50"
    assert fields[guid(5)]["Status"] == "Lost"
    assert fields[guid(2)]["mx_Custom_9"] == "00:00:00"
    assert fields[guid(2)]["mx_Custom_10"] == "0:00:00"
    assert fields[guid(4)]["mx_Custom_10"] == "100:00:00"
    assert fields[guid(5)]["mx_Custom_9"] == "23:59:59"
    assert mending.states("r1") == {"succeeded": 1, "corrected": 5, "failed": 1}
    assert mending.states("r2") == {"succeeded": 4, "failed": 1}


def test_an_export_that_libreoffice_only_saved_is_unchanged(
    refusing: SandboxProcess, mending: Desk, tmp_path: Path
) -> None:
    fix, saved = mending.folder / "fix.xlsx", mending.folder / "saved.xlsx"
    office.typed(fix, saved, profile=tmp_path / "profile")

    mending.run(sheet="saved.xlsx", code=Exit.ATTENTION)

    entries = {entry["Opportunity Id"]: entry for entry in mending.entries("r2")}
    before = {entry["Opportunity Id"]: entry for entry in mending.entries("r1")}
    for named, entry in entries.items():
        assert {name: entry[name] for name in COLUMNS} == {
            name: before[named][name] for name in COLUMNS
        }


def test_libreoffice_keeps_the_marks_the_reasons_and_the_dropdown(
    mending: Desk, tmp_path: Path
) -> None:
    saved = mending.folder / "saved.xlsx"
    office.typed(mending.folder / "fix.xlsx", saved, profile=tmp_path / "profile")

    sheet = openpyxl.load_workbook(saved).worksheets[0]

    marked = {cell.coordinate: cell for row in sheet.iter_rows() for cell in row if cell.comment}
    assert set(marked) == {"D2", "E3", "F4", "D5", "D6", "D7"}
    assert all(cell.font.b and cell.border.left.style for cell in marked.values())
    assert '"wonn" is not among the values' in str(marked["D2"].comment.text)
    assert "LeadSquared says" in str(marked["D5"].comment.text)
    [rule] = sheet.data_validations.dataValidation
    assert str(rule.sqref).startswith("D2:D7")
