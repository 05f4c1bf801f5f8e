"""What a person does after a run: look at the runs, mend a workbook, retry one kind of failure."""

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from tests.acceptance.rehearsal import (
    COLUMNS,
    HAS_TERMINALS,
    MAPPING,
    Deal,
    Desk,
    Exit,
    SandboxProcess,
    deals,
    guid,
)

ODD = ("007", "=SUM(1)", "'=1+1", "1e5", "12345678901234567890", "_x0041_", "a\r\nb", "-1", "@x")


def write_workbook(path: Path, rows: list[Deal], when: datetime) -> None:
    """A workbook as people keep it: another sheet first, a date that Excel knows as one."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["not here"])
    sheet = book.create_sheet("Deals")
    sheet.append([*COLUMNS, "Closed"])
    for row in rows:
        sheet.append(["", "", "", "", "", when])
        for cell, text in zip(sheet[sheet.max_row], row.cells, strict=False):
            cell.value = text.replace("_x", "_x005F_x").replace("\r", "_x000D_")
            cell.data_type = "s"
    book.save(path)


def test_a_mended_workbook_sends_its_rows_only_and_no_other_cell_has_changed(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    rows = [replace(row, name=odd) for row, odd in zip(deals(len(ODD)), ODD, strict=True)]
    rows = [replace(row, amount="many") for row in rows]
    rows.append(Deal(opportunity=guid(50), name="good", amount="1"))
    write_workbook(desk.folder / "deals.xlsx", rows, datetime(2024, 4, 2, 12, 13, 44))
    desk.write_mapping(
        MAPPING.replace("opportunity:", "source: {sheet: Deals, timezone: UTC}\nopportunity:")
        + "  mx_Custom_8: {column: Closed, type: datetime}\n"
    )
    desk.run(sheet="deals.xlsx", code=Exit.ATTENTION)
    assert desk.states() == {"rejected": len(ODD), "succeeded": 1}
    before = len(sandbox.updates)
    desk.type("export", "--rejected", "-o", "mend.xlsx")

    type_amounts(desk.folder / "mend.xlsx", "12")
    desk.run(sheet="mend.xlsx")

    sent = {call["opportunity"]: call["fields"] for call in sandbox.updates[before:]}
    assert {fields["mx_Custom_1"] for fields in sent.values()} == set(ODD)
    assert {fields["mx_Custom_6"] for fields in sent.values()} == {"12"}
    assert {fields["mx_Custom_8"] for fields in sent.values()} == {"2024-04-02 12:13:44"}
    assert desk.states("r1") == {"corrected": len(ODD), "succeeded": 1}
    assert "nothing is sent again" in desk.run(sheet="mend.xlsx").errors
    assert len(sandbox.updates) - before == len(ODD)


def type_amounts(path: Path, text: str) -> None:
    """Type over a column and save the workbook, as a spreadsheet program does."""
    book = openpyxl.load_workbook(path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        row[2].value = text
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # openpyxl takes "=" for a formula
    book.save(path)


def test_another_suffix_than_the_two_is_a_wrong_command_line(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(1))
    desk.run()

    refused = desk.type("export", "--all", "-o", "out.xls", code=Exit.USAGE)

    assert "-o FILE.csv or -o FILE.xlsx" in refused.errors


def test_an_export_never_replaces_the_sheet_that_the_run_was_made_from(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(1))
    desk.run()
    before = (desk.folder / "deals.csv").read_bytes()

    desk.type("export", "--all", "-o", "deals.csv", code=Exit.USAGE)

    assert (desk.folder / "deals.csv").read_bytes() == before


def test_retry_takes_the_rows_of_one_reason_and_those_that_wait_for_them(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    later = [Deal(opportunity=guid(number), name=f"later {number}") for number in (2, 4)]
    sandbox.change(unknown=[guid(2)])
    sandbox.strike("mx_input", opportunity=guid(4), times=1)
    desk.write_sheet([*deals(5), *later])
    desk.run(code=Exit.ATTENTION)
    assert desk.states() == {"succeeded": 3, "failed": 4}
    sandbox.change(unknown=[])
    before = len(sandbox.updates)

    refused = desk.type("retry", "--yes", "--reason", "MXNoSuchThing", code=Exit.USAGE)
    assert "1  MXUnknownProspectActivityException: " in refused.errors
    assert "1  MXInvalidInputException: Invalid Input!" in refused.errors
    assert len(sandbox.updates) == before

    desk.type("retry", "--yes", "--reason", "invalid input!", code=Exit.ATTENTION)
    assert [update["opportunity"] for update in sandbox.updates[before:]] == [guid(4), guid(4)]
    assert [update["fields"]["mx_Custom_1"] for update in sandbox.updates[before:]] == [
        "Deal 4",
        "later 4",
    ]
    assert desk.states() == {"succeeded": 5, "failed": 2}

    desk.type("retry", "--yes", "--reason", "MXUnknownProspectActivityException")
    assert desk.states() == {"succeeded": 7}


def test_a_held_row_that_its_reason_names_is_not_sent_over_its_earlier_one(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    sandbox.change(unknown=[guid(1)])
    desk.write_sheet([*deals(2), Deal(opportunity=guid(1), name="later")])
    desk.run(code=Exit.ATTENTION)
    sandbox.change(unknown=[])
    before = len(sandbox.updates)

    held = ("retry", "--yes", "--reason", "waits for row 2")
    desk.type(*held, code=Exit.ATTENTION)
    desk.type(*held, "--rows", "4", code=Exit.ATTENTION)

    assert len(sandbox.updates) == before
    assert desk.states() == {"succeeded": 1, "failed": 2}


# ------------------------------------------------------------------ runs


def test_runs_lists_the_newest_first_with_what_is_left_of_each(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(5))
    desk.run("--limit", "2", code=Exit.STOPPED)
    desk.write_sheet([replace(deals(2)[1], amount="many"), deals(3)[2]], name="other.csv")
    desk.run(sheet="other.csv", code=Exit.ATTENTION)
    desk.write_sheet(deals(4))
    desk.run()

    listed = desk.type("runs").output
    content = json.loads(desk.type("runs", "--json").output)

    heads = re.findall(r"(?m)^(r\d)-\w{6}  ([\d-]{10} [\d:]{5}[+-][\d:]{5})  (.*)$", listed)
    assert [(run, standing) for run, _, standing in heads] == [
        ("r3", "finished"),
        ("r2", "needs attention"),
        ("r1", "closed"),
    ]
    assert "\n  other.csv with deals.yaml: 2 rows, 1 succeeded, 1 rejected\n" in listed
    assert [run["standing"] for run in content["runs"]] == [standing for *_, standing in heads]
    assert (content["runs"][1]["rows"], content["runs"][1]["rejected"]) == (2, 1)


def test_runs_says_how_many_rows_are_left_and_fits_a_narrow_terminal(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    name = "an export of the deals that were closed last year.csv"
    sandbox.change(unknown=[guid(1)])
    desk.write_sheet([replace(deals(3)[2], amount="many"), *deals(6)], name=name)
    desk.run("--limit", "2", sheet=name, code=Exit.STOPPED)
    desk.environment["COLUMNS"] = "60"

    lines = desk.type("runs").output.splitlines()

    assert max(map(len, lines)) <= 60
    assert lines[0].endswith("  4 rows left")
    assert "7 rows, 4 planned, 1 succeeded, 1 failed, 1 rejected" in " ".join(map(str.strip, lines))


def test_runs_of_an_empty_ledger_says_what_to_do(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(1))
    desk.type("run", "deals.csv", "-m", "deals.yaml", code=Exit.USAGE)  # nobody says yes

    assert "`migrator run SHEET -m MAPPING` begins one" in desk.type("runs").output
    assert json.loads(desk.type("runs", "--json").output)["runs"] == []


@pytest.mark.skipif(not HAS_TERMINALS, reason="pseudo-terminals are POSIX's")
def test_a_long_export_shows_how_far_it_is_and_a_short_one_does_not(desk: Desk) -> None:
    desk.write_sheet([replace(row, amount="many") for row in deals(5_000)])
    desk.run(code=Exit.ATTENTION)

    code, long = desk.at_terminal("export", "--rejected", "-o", "fix.xlsx")
    _, short = desk.at_terminal("export", "--failed", "-o", "none.xlsx")

    assert code == Exit.OK
    assert "100%" in long
    assert "exporting: 5,000 rows" in long
    assert "the first 5,000" not in long
    assert "%" not in short


def half_mended(desk: Desk) -> list[dict[str, str]]:
    """The export of two rejected rows, of which a person has mended the first."""
    rows = deals(3)
    bad = [replace(row, amount="lots") for row in rows[1:]]
    desk.write_sheet([rows[0], *bad])
    desk.run(code=Exit.ATTENTION)
    desk.type("export", "--rejected", "-o", "fix.csv")
    mended = desk.read_export("fix.csv")
    mended[0]["Amount"] = "20"
    return mended


def test_a_file_may_be_mended_bit_by_bit_and_given_each_time(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    mended = half_mended(desk)
    desk.rewrite_export("fix.csv", mended)
    desk.run(sheet="fix.csv", code=Exit.ATTENTION)
    assert desk.states("r2") == {"succeeded": 1, "rejected": 1}
    assert "(their mended copies: 1 succeeded, 1 rejected)" in desk.type("status", "r1").output
    mended[1]["Amount"] = "30"
    desk.rewrite_export("fix.csv", mended)

    ended = desk.run(sheet="fix.csv")

    assert f"row 3 is succeeded in run {desk.status('r2')['run']}" in ended.errors
    assert desk.states("r3") == {"succeeded": 1}
    assert desk.states("r2") == {"succeeded": 1, "corrected": 1}
    assert desk.status("r1")["corrected"] == {"succeeded": 2}
    assert sandbox.sent() == {"Remark 1": 1, "Remark 2": 1, "Remark 3": 1}


def test_rows_of_one_call_may_be_mended_bit_by_bit_too(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_mapping(MAPPING.replace('Remarks}"', 'Remarks}", rows_per_opportunity: merge'))
    rows = [*deals(1), replace(deals(1)[0], name="Again", remarks="More")]
    desk.write_sheet(rows)
    sandbox.strike("mx_input", opportunity=guid(1), path="Update")
    desk.run(code=Exit.ATTENTION)
    desk.type("export", "--failed", "-o", "fix.csv")
    mended = desk.read_export("fix.csv")
    mended[1]["Name"] = "Still wrong"
    sandbox.strike("mx_input", opportunity=guid(1), path="Update")
    desk.rewrite_export("fix.csv", mended)
    desk.run(sheet="fix.csv", code=Exit.ATTENTION)
    sandbox.mend(guid(1))
    mended[1]["Name"] = "Right"
    desk.rewrite_export("fix.csv", mended)

    desk.run(sheet="fix.csv")

    assert desk.states("r3") == {"succeeded": 1, "merged": 1}
    (held,) = sandbox.opportunities().values()
    assert held["fields"]["mx_Custom_1"] == "Right"
    assert held["notes"] == {"Remark 1\nMore": 1}


def test_a_row_that_is_in_the_mended_file_twice_is_sent_once(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    mended = half_mended(desk)
    other = mended[0] | {"Name": "Another name"}
    desk.rewrite_export("fix.csv", [mended[0], other])
    told = desk.run(sheet="fix.csv", code=3).errors
    assert "rows 2 and 3 both mend row 3 of deals.csv" in told

    desk.rewrite_export("fix.csv", [mended[0], mended[0]])
    ended = desk.run(sheet="fix.csv")

    assert "row 3 of this file is its row 2 once more" in ended.errors
    assert sandbox.sent() == {"Remark 1": 1, "Remark 2": 1}


def test_a_cell_that_a_program_wrote_otherwise_is_no_change(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet([Deal(opportunity=guid(1), name="Café 😀 पम्प?", amount="x", remarks="a\r\nb")])
    desk.run(code=Exit.ATTENTION)
    desk.type("export", "--rejected", "-o", "fix.csv")
    (mended,) = desk.read_export("fix.csv")
    # LibreOffice ends lines in one way; a CSV in an old encoding has no other letters, and an
    # emoji may be two units there.
    old = {"Name": "Caf? ?? ?????", "Remarks": "a\nb", "Amount": "7"}
    desk.rewrite_export("fix.csv", [mended | old])

    desk.run(sheet="fix.csv")

    (held,) = sandbox.opportunities().values()
    assert held["fields"]["mx_Custom_1"] == "Café 😀 पम्प?"
    assert held["notes"] == {"a\r\nb": 1}


def test_an_export_without_one_of_the_two_columns_is_no_new_sheet(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    mended = half_mended(desk)
    cut = [{name: row[name] for name in row if name != "migrator_entry"} for row in mended]
    desk.rewrite_export("fix.csv", cut)

    told = desk.run(sheet="fix.csv", code=3).errors

    assert 'fix.csv: the export has lost the column "migrator_entry"' in told
    assert len(sandbox.updates) == 1
