"""A workbook in which a person mends cells: what is marked, what it says, what it offers."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from migrator.ledger import Ledger, open_ledger
from migrator.mapping import Mapping, parse_mapping
from migrator.metadata import FieldInfo, Metadata, TypeInfo, UserInfo
from migrator.model import Problem, Rejected, Run, State
from migrator.reports.mend_book import MOST_COMMENTS, MendLine, write_mend_book
from migrator.reports.table import OUR_COLUMNS
from migrator.runs.exporting import Exported, export
from migrator.runs.mended import MendedRows
from migrator.runs.mending import Hints
from migrator.runs.planning import open_source
from tests.integration.test_exports import a_record, planned_run

COLUMNS = ("Id", "Stage", "Amount", "Tags", "Active", "Owner", "Region", "First", "Last")
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  Status: {column: Stage, type: choice, values: {open: Open, won: Won, old: Gone}}
  mx_Custom_2: {column: Amount, type: number, expect: Deal value}
  mx_Custom_3: {column: Tags, type: choices, values: {hot: Hot, cold: Cold}}
  mx_Custom_4: {column: Active, type: boolean, "true": [ja], "false": [nein]}
  Owner: {column: Owner, type: user}
  mx_Custom_6: Region
  mx_Custom_7: {template: "{First} {Last}"}
"""
METADATA = Metadata(
    types=(
        TypeInfo(
            code=12000,
            fields=(
                FieldInfo(schema_name="Status", options=("Open", "Won")),
                FieldInfo(schema_name="mx_Custom_6", display_name="Sales area", options=("N", "S")),
            ),
        ),
    ),
    users=(
        UserInfo(id="u1", email="asha@example.com"),
        UserInfo(id="u2", email="gone@example.com", is_active=False),
    ),
)
CELLS = ("5ca5b042", "wonn", "many", "hot", "ja", "", "North", "Asha", "Rao")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def the_mapping() -> Mapping:
    return parse_mapping(MAPPING, name="deals.yaml")


def a_run(ledger: Ledger, *problems: Problem) -> Run:
    return planned_run(ledger, COLUMNS, CELLS, problems=problems)


def a_problem(column: str, reason: str, code: str = "not-a-choice") -> Problem:
    return Problem(code=code, column=column, value="", reason=reason, advice="Mend it.")


def exported(
    ledger: Ledger, run: Run, path: Path, **known: Any
) -> tuple[Exported, "openpyxl.worksheet.worksheet.Worksheet"]:
    done = export(ledger, run, (State.REJECTED,), path, **known)
    return done, openpyxl.load_workbook(path).worksheets[0]


# ------------------------------------------------------------------ marks


def test_a_rejected_cell_is_marked_without_colour_too_and_says_why(
    ledger: Ledger, tmp_path: Path
) -> None:
    problems = (a_problem("Amount", '"many" is no number'), a_problem("Amount", "and odd"))
    done, sheet = exported(ledger, a_run(ledger, *problems), tmp_path / "fix.xlsx")

    marked = {cell.coordinate: cell for cell in sheet[2] if cell.comment}
    assert set(marked) == {"C2"}
    assert str(marked["C2"].comment.text) == ('"many" is no number\nMend it.\n\nand odd\nMend it.')
    assert marked["C2"].fill.fill_type == "solid"
    assert marked["C2"].font.b
    assert marked["C2"].border.left.style == "medium"
    assert marked["C2"].value == "many"
    assert not sheet["B2"].font.b
    assert (done.rows, done.marked, done.comments) == (1, 1, 1)


def test_a_problem_of_the_whole_row_is_marked_at_our_message(
    ledger: Ledger, tmp_path: Path
) -> None:
    _, sheet = exported(ledger, a_run(ledger, a_problem("", "too short")), tmp_path / "fix.xlsx")

    [marked] = [cell for cell in sheet[2] if cell.comment]
    assert sheet.cell(1, marked.column).value == "migrator_message"


def test_control_characters_in_a_reason_take_no_effect(ledger: Ledger, tmp_path: Path) -> None:
    problem = a_problem("Stage", "\x1b[31m\x00 and \u202e")
    _, sheet = exported(ledger, a_run(ledger, problem), tmp_path / "fix.xlsx")

    assert "\\x1b[31m\\x00 and \\u202e" in str(sheet["B2"].comment.text)


def failed_marks(ledger: Ledger, exception: str, message: str, mapping: Mapping | None) -> set[str]:
    run = a_run(ledger, a_problem("", "x"))
    entry = a_record(run, CELLS, exception=exception, message=message)
    header = (*COLUMNS, *OUR_COLUMNS)
    return {header[place] for place in Hints(run, mapping, METADATA).marks(entry)}


@pytest.mark.parametrize(
    ("message", "columns"),
    [
        ("Invalid dropdown option for field Status", {"Stage"}),
        ("mx_Custom_7: too long; mx_Custom_2: no number", {"First", "Last", "Amount"}),
        ("The field mx_Custom_20 is wrong", {"migrator_message"}),
        ("'Deal value' is no number", {"Amount"}),
        ("Sales area is not an option", {"Region"}),
        ('"wonn" is unknown', {"Stage"}),
        ("Something went wrong", {"migrator_message"}),
    ],
)
def test_a_refusal_marks_the_columns_of_the_fields_it_names(
    ledger: Ledger, message: str, columns: set[str]
) -> None:
    assert failed_marks(ledger, "MXOdd", message, the_mapping()) == columns


def test_an_opportunity_that_is_not_known_marks_its_id(ledger: Ledger) -> None:
    unknown = ("MXUnknownProspectActivityException", "Activity does not exist.")

    assert failed_marks(ledger, *unknown, the_mapping()) == {"Id"}
    assert failed_marks(ledger, *unknown, None) == {"Id"}  # by its text


def test_a_row_that_waits_has_its_reason_at_our_message(ledger: Ledger) -> None:
    run = a_run(ledger, a_problem("", "x"))
    entry = a_record(run, CELLS, exception="", message="waits for row 2", attempts=0)

    [(place, why)] = Hints(run, the_mapping()).marks(entry).items()

    assert (*COLUMNS, *OUR_COLUMNS)[place] == "migrator_message"
    assert why.startswith("waits for row 2")


def test_comments_end_where_spreadsheet_programs_become_slow(tmp_path: Path) -> None:
    ours = ("",) * len(OUR_COLUMNS)
    lines = (
        MendLine(cells=(f"{n}",), ours=ours, marks={0: "why"}) for n in range(MOST_COMMENTS + 1)
    )

    book = write_mend_book(tmp_path / "fix.xlsx", ("Id",), lines)

    sheet = openpyxl.load_workbook(tmp_path / "fix.xlsx").worksheets[0]
    assert (book.rows, book.marked, book.comments) == (5_001, 5_001, 5_000)
    assert sheet["A5001"].comment is not None
    assert sheet["A5002"].comment is None
    assert sheet["A5002"].font.b


# ------------------------------------------------------------------ dropdowns


def offered(sheet: Any) -> dict[str, tuple[list[str], bool]]:
    """Column to what its dropdown offers, and whether it asks before another text stays."""
    found = {}
    for rule in sheet.data_validations.dataValidation:
        title, _, cells = rule.formula1.rpartition("!")
        texts = [row[0].value for row in sheet.parent[title.strip("'")][cells.replace("$", "")]]
        column = sheet[str(rule.sqref).split(":")[0]].column
        found[sheet.cell(1, column).value] = texts, rule.showErrorMessage
        assert rule.errorStyle == "warning"
    return found


def test_dropdowns_offer_what_the_mapping_takes(ledger: Ledger, tmp_path: Path) -> None:
    run = a_run(ledger, a_problem("Stage", "x"))

    done, sheet = exported(ledger, run, tmp_path / "fix.xlsx", mapping=the_mapping())

    assert offered(sheet) == {
        "Stage": (["open", "won", "old"], True),
        "Tags": (["hot", "cold"], False),
        "Active": (["ja", "nein"], False),
    }
    assert done.dropdowns == ("Stage", "Tags", "Active")
    assert sheet.parent.worksheets[1].sheet_state == "hidden"


def test_metadata_adds_options_and_users_and_leaves_out_what_leadsquared_would_refuse(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = a_run(ledger, a_problem("Stage", "x"))
    known = {"mapping": the_mapping(), "metadata": METADATA}

    _, sheet = exported(ledger, run, tmp_path / "fix.xlsx", **known)

    found = offered(sheet)
    assert found["Stage"] == (["open", "won"], True)  # "old" means "Gone", which is no option
    assert found["Owner"] == (["asha@example.com"], True)
    assert found["Region"] == (["N", "S"], True)


def test_a_long_list_is_offered_whole(ledger: Ledger, tmp_path: Path) -> None:
    options = tuple(f"Option, number {n}" for n in range(1_000))
    fields = (FieldInfo(schema_name="mx_Custom_6", options=options),)
    metadata = Metadata(types=(TypeInfo(code=12000, fields=fields),))
    run = a_run(ledger, a_problem("Stage", "x"))
    known = {"mapping": the_mapping(), "metadata": metadata}

    _, sheet = exported(ledger, run, tmp_path / "fix.xlsx", **known)

    assert offered(sheet)["Region"] == ([*options], True)


def test_without_a_mapping_there_is_no_dropdown(ledger: Ledger, tmp_path: Path) -> None:
    done, sheet = exported(ledger, a_run(ledger, a_problem("Stage", "x")), tmp_path / "fix.xlsx")

    assert offered(sheet) == {}
    assert len(sheet.parent.worksheets) == 1
    assert done.mapping_name == ""


@pytest.mark.parametrize("folder", [".", "mappings"])
def test_the_mapping_that_the_run_had_is_found(
    ledger: Ledger, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / folder / "deals.yaml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"# a comment changes nothing\n{MAPPING}", encoding="utf-8")
    digest = the_mapping().digest
    run = planned_run(ledger, COLUMNS, CELLS, mapping_digest=digest)

    done, _ = exported(ledger, run, tmp_path / "fix.xlsx")
    place.write_text(MAPPING.replace("won: Won", "won: Lost"), encoding="utf-8")
    other, _ = exported(ledger, run, tmp_path / "other.xlsx")

    assert (done.mapping_name, other.mapping_name) == ("deals.yaml", "")


# ------------------------------------------------------------------ it reads back


@pytest.mark.parametrize("source", ["{sheet: 2}", "{sheet: migrator options}"])
def test_the_sheet_of_options_is_never_read(ledger: Ledger, tmp_path: Path, source: str) -> None:
    path = tmp_path / "fix.xlsx"
    run = a_run(ledger, a_problem("Stage", "x"))
    exported(ledger, run, path, mapping=the_mapping())
    mapping = parse_mapping(MAPPING.replace("oppor", f"source: {source}\noppor"), name="d.yaml")

    with open_source(path, mapping) as rows:
        back = [row for row, _ in MendedRows(rows, ledger, account="account").linked()]

    assert [row.cells for row in back if not isinstance(row, Rejected)] == [CELLS]


@pytest.mark.parametrize(("typed", "is_rejected"), [(None, True), ("12", False)])
def test_what_the_reader_refused_is_refused_until_its_cell_is_changed(
    ledger: Ledger, tmp_path: Path, typed: str | None, is_rejected: bool
) -> None:
    path = tmp_path / "fix.xlsx"
    problem = a_problem("Amount", "the cell shows the error #N/A", code="error-cell")
    exported(ledger, a_run(ledger, problem), path)
    book = openpyxl.load_workbook(path)
    if typed:
        book.worksheets[0]["C2"].value = typed
    book.save(path)

    with open_source(path, the_mapping()) as rows:
        [(row, _)] = MendedRows(rows, ledger, account="account").linked()

    assert isinstance(row, Rejected) is is_rejected


def test_digits_that_are_texts_are_not_pointed_out(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "fix.xlsx"
    exported(ledger, a_run(ledger, a_problem("Stage", "x")), path)

    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()

    assert '<ignoredError sqref="A1:X2" numberStoredAsText="1"' in sheet
