"""`migrator inspect`, typed: at a terminal, through a pipe, and for a program."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.rehearsal import HAS_TERMINALS, MIGRATOR, in_terminal

ROOT = Path(__file__).parents[2]
SHEETS = ROOT / "sample_data"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def inspect(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*MIGRATOR, "inspect", *arguments],
        cwd=SHEETS,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def inspect_json(*arguments: str) -> dict[str, Any]:
    done = inspect(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def column(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in found["columns"] if one["name"] == name)


def test_a_workbook_is_shown_with_its_columns_and_its_traps() -> None:
    done = inspect("deals.xlsx")

    assert (done.returncode, done.stderr) == (0, "")
    for shown in (
        'deals.xlsx: workbook, 25 KiB, sheet "Deals"',
        "      168  rows in 13 columns",
        "        2  refused, and in no count of a column",
        "H  Amount          integer 99 %",
        "%d/%m/%Y %H:%M (165)",
        "Row 53: ten per cent",
        "Row 10: 2,00,000 INR",
        "next: migrator check deals.xlsx -m MAPPING",
    ):
        assert shown in done.stdout


def test_a_program_gets_the_same_content() -> None:
    found = inspect_json("deals.csv")

    assert (found["rows_read"], found["refused"], found["blank_rows"]) == (40, 2, 2)
    assert found["delimiter"] == ","
    assert column(found, "Stage")["values"][0] == {"value": "won", "cells": 24}
    assert column(found, "Closing")["formats"][0] == {"pattern": "%d/%m/%Y %H:%M", "cells": 37}
    assert column(found, "Closing")["day_order"]["is_day_first"] is True
    assert column(found, "Reference")["cautions"][0]["code"] == "leading-zeros"
    assert column(found, "Reference")["cautions"][0]["sightings"][0] == {
        "row": 2,
        "value": "0008095657",
    }


def test_the_forms_of_a_workbook_are_told_to_programs() -> None:
    found = inspect_json("deals.xlsx", "--sheet", "Deals")

    assert column(found, "Created")["moments"] == 168
    assert column(found, "Opportunity Id")["kind"] == "guid"
    assert column(found, "Opportunity Id")["fits"] == 167


@pytest.mark.skipif(not HAS_TERMINALS, reason="no pseudo-terminal here")
@pytest.mark.parametrize("width", [80, 100, 120])
def test_on_a_terminal_no_line_of_the_columns_is_broken(width: int) -> None:
    command = [*MIGRATOR, "inspect", "deals.csv"]

    code, shown = in_terminal(command, SHEETS, CLEAN, columns=width)

    lines = shown.splitlines()
    assert code == 0
    assert any(line.startswith("A  Opportunity Id") for line in lines)
    assert all(len(line) <= width for line in lines)
    assert ("smallest" in shown) == (width >= 100)


def test_what_takes_effect_on_a_terminal_is_written_out(tmp_path: Path) -> None:
    sheet = tmp_path / "hostile.csv"
    sheet.write_text("Id,\x1b[31mName\n1,\x1b]0;title\x07\n2,x\u202ey\n", encoding="utf-8")

    done = inspect(str(sheet), "--encoding", "utf-8")

    assert done.returncode == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout)
    assert "\\x1b[31mName" in done.stdout


def test_a_file_that_cannot_be_read_ends_with_three() -> None:
    done = inspect("traps/page.xls")

    assert (done.returncode, done.stdout) == (3, "")
    assert "web page" in done.stderr


def test_a_sheet_that_is_not_there_is_said() -> None:
    assert inspect("deals.xlsx", "--sheet", "Dealz").returncode == 3


def test_a_row_number_below_one_is_a_wrong_command_line() -> None:
    assert inspect("deals.csv", "--header-row", "0").returncode == 2


def test_the_header_may_stand_further_down() -> None:
    assert inspect_json("traps/preamble.csv", "--header-row", "3")["columns"][0]["letter"] == "A"


@pytest.mark.parametrize("path", sorted(SHEETS.glob("traps/*")), ids=lambda path: path.name)
def test_every_sample_file_is_shown_or_refused(path: Path) -> None:
    from migrator.cli.inspected import inspected_json, inspected_lines
    from migrator.errors import SourceError
    from migrator.runs.inspecting import inspect_sheet

    try:
        inspected = inspect_sheet(path)
    except SourceError:
        return
    assert json.loads(inspected_json(inspected))["file"] == path.name
    for width in (0, 40, 120):
        assert list(inspected_lines(inspected, width=width))[-1].startswith("next: ")


def test_a_small_sheet_needs_no_numpy() -> None:
    code = (
        "import sys; from migrator.runs.inspecting import inspect_sheet; "
        "inspect_sheet('deals.csv'); print({'numpy', 'pandas'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=SHEETS,
        env=CLEAN,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "set()\n"
