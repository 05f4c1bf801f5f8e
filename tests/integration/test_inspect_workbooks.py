"""What only a workbook tells of its columns: numbers as text, per cent, money, and its sheets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from migrator.runs.inspecting import Inspected, inspect_sheet

Make = Callable[[list[list[Any]], dict[int, str]], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A workbook with a table, and a number format for some of its columns."""

    def write(rows: list[list[Any]], formats: dict[int, str]) -> Path:
        path = tmp_path / "deals.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("Deals")
            for at, cells in enumerate(rows):
                for place, cell in enumerate(cells):
                    shown = book.add_format({"num_format": formats.get(place, "General")})
                    if isinstance(cell, str):
                        sheet.write_string(at, place, cell)
                    else:
                        sheet.write(at, place, cell, shown)
        return path

    return write


def cautions(found: Inspected) -> dict[str, dict[str, int]]:
    return {
        column.name: {caution.code: caution.count for caution in column.cautions}
        for column in found.columns
    }


def test_numbers_that_are_stored_as_text_are_counted(make: Make) -> None:
    rows = [["Id", "Amount"], *([f"D{at}", 100 + at] for at in range(20))]
    rows[7][1], rows[9][1] = "107", "109"

    found = inspect_sheet(make(rows, {}))

    assert cautions(found)["Amount"]["numbers-as-text"] == 2
    (caution,) = (one for one in found.columns[1].cautions if one.code == "numbers-as-text")
    assert caution.text == "2 cells hold numbers as text; Excel does not calculate with them."
    assert caution.sightings[0].row == 8


def test_shares_and_money_by_format_are_said(make: Make) -> None:
    rows = [["Share", "Price", "Rest"], [0.12, 5, 1], [0.5, 7.5, 2], ["", 9, 3]]

    found = cautions(inspect_sheet(make(rows, {0: "0.0%", 1: "[$₹-4009] #,##0.00"})))

    assert found["Share"]["percent-format"] == 2
    assert found["Price"]["currency-format"] == 3
    assert not {"percent-format", "currency-format", "numbers-as-text"} & found["Rest"].keys()


def test_every_sheet_is_listed_and_letters_count_columns_without_a_name(make: Make) -> None:
    found = inspect_sheet(make([["", "", "Id"], ["", "", "1"]], {}))

    assert [(sheet.name, sheet.is_read) for sheet in found.sheets] == [("Deals", True)]
    assert found.columns[0].letter == "C"
