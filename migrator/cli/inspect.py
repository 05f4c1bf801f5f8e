"""`migrator inspect`: what is in a sheet, before there is a mapping."""

import argparse
from pathlib import Path
from typing import Any

from migrator.cli.common import the_environment
from migrator.errors import ExitCode, SourceError

_MOST_DIGITS = 3

HELP = "show what is in a sheet, column by column; sends nothing"
EPILOG = """\
Refused rows are said, and the exit code is 0 all the same: inspect looks, `check` judges.

example:
  migrator inspect deals.xlsx
  migrator inspect deals.xlsx --sheet 2
  migrator inspect export.csv --encoding cp1252 --header-row 3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("sheet_file", type=Path, metavar="FILE", help="a CSV or a workbook")
    add_reading(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How a file is read, where no mapping says it."""
    parser.add_argument(
        "--sheet",
        type=_sheet,
        metavar="NAME|N",
        help="the sheet of a workbook, by name or number (default: the first that is not hidden)",
    )
    parser.add_argument("--encoding", help="of a text file, such as cp1252")
    parser.add_argument("--delimiter", help="of a text file, where it is not found by itself")
    parser.add_argument("--quote", help='of a text file, instead of "; or none')
    parser.add_argument("--escape", help="of a text file, such as a backslash")
    parser.add_argument(
        "--header-row", type=_row, metavar="N", help="the row that holds the column names"
    )


def reading_of(options: argparse.Namespace) -> dict[str, Any]:
    """The options of `add_reading`, as `open_rows` and `inspect_sheet` take them."""
    from migrator.settings import memory_budget

    names = ("sheet", "encoding", "delimiter", "quote", "escape", "header_row")
    budget = memory_budget(the_environment())
    return {name: getattr(options, name) for name in names} | {"budget": budget}


def run(options: argparse.Namespace) -> int:
    """Look at a sheet."""
    from migrator.cli.inspected import inspected_json, inspected_lines
    from migrator.cli.screen import columns_of, show
    from migrator.runs.inspecting import inspect_sheet

    try:
        inspected = inspect_sheet(options.sheet_file, **reading_of(options))
    except SourceError as error:
        raise told_here(error, command="inspect") from error
    if options.json:
        print(inspected_json(inspected))
    else:
        for line in inspected_lines(inspected, width=columns_of()):
            show(line)
    return ExitCode.OK


def told_here(error: SourceError, *, command: str) -> SourceError:
    """The same refusal; where it speaks of the mapping, the options here say the same."""
    advice = error.advice
    if "source" in advice:
        advice += (
            f" `{command}` takes the same as options: --sheet, --encoding, --delimiter, --quote, "
            "--escape, --header-row."
        )
    return SourceError(error.problem, where=error.where, advice=advice)


def _sheet(text: str) -> str | int:
    """A name, or a number of up to three digits: sheets are called 2024 more often than counted so.

    >>> _sheet("2"), _sheet("2024"), _sheet("Deals")
    (2, '2024', 'Deals')
    """
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else text


def _row(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 1_048_576):
        raise argparse.ArgumentTypeError(f'"{text}" is no row number; the first row is 1')
    return int(text)
