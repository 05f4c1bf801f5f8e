"""The workbook of problems: every one a line, text alone, linked to its cell."""

from pathlib import Path

import openpyxl
import pytest

from migrator.errors import SourceError
from migrator.mapping import load_mapping, parse_mapping
from migrator.runs.checking import check

ROOT = Path(__file__).parents[2]
MAPPING = load_mapping(ROOT / "mappings" / "deals.yaml")


def test_every_problem_is_a_line_that_leads_to_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "lists" / "problems.xlsx"
    path.parent.mkdir()

    checked = check(ROOT / "sample_data" / "deals.xlsx", MAPPING, problems=path)

    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    header, *lines = sheet.iter_rows()
    assert len(lines) == checked.problem_lines == sum(one.count for one in checked.problems)
    assert {cell.data_type for line in lines for cell in line} <= {"s", "n"}
    assert all(cell.value is None for line in lines for cell in line if cell.data_type == "n")
    found = {line[4].value: line for line in lines}
    stage = found["G42"]
    assert [cell.value for cell in stage[:8]] == [
        "deals.xlsx", "Deals", "42", "42", "G42", "Stage", "mx_Custom_2", "negotiation",
    ]  # fmt: skip
    link = stage[4].hyperlink
    assert link is not None
    assert link.location == "'Deals'!G42"
    assert (path.parent / str(link.target)).resolve() == ROOT / "sample_data" / "deals.xlsx"
    assert [cell.value for cell in header][-1] == "what to do"


def test_a_formula_in_a_bad_cell_stays_a_text(tmp_path: Path) -> None:
    sheet = tmp_path / "deals.csv"
    sheet.write_text('Id,A\n,"=HYPERLINK(""http://x"")"\n', encoding="utf-8")
    text = "version: 1\nopportunity: {type: 1, id: Id}\nfields: {Owner: {column: A, type: number}}"
    path = tmp_path / "problems.xlsx"

    check(sheet, parse_mapping(text, name="m.yaml"), problems=path)

    book = openpyxl.load_workbook(path)
    values = [cell for row in book["problems"].iter_rows(min_row=2) for cell in row]
    assert "f" not in {cell.data_type for cell in values}
    assert '=HYPERLINK("http://x")' in [cell.value for cell in values]
    assert all(cell.hyperlink is None for cell in values)


def test_a_list_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    sheet, path = tmp_path / "deals.csv", tmp_path / "problems.xlsx"
    sheet.write_text('Opportunity Id,A\nx,1\nx,"never closed\n', encoding="utf-8")
    path.write_bytes(b"the old list")
    text = "version: 1\nopportunity: {type: 1, id: Opportunity Id}\nfields: {mx_Custom_1: A}"

    with pytest.raises(SourceError, match="quote"):
        check(sheet, parse_mapping(text, name="m.yaml"), problems=path)

    assert path.read_bytes() == b"the old list"
    assert {one.name for one in tmp_path.iterdir()} == {"deals.csv", "problems.xlsx"}
