"""How a sheet is read, as options: for the commands that have no mapping yet to say it.

Owns the options and the refusal's last sentence; the reading is the loader's.
"""

import argparse
from pathlib import Path
from typing import Any, Final

from migrator.errors import SourceError

_MOST_DIGITS: Final = 3
NAMES: Final = ("sheet", "encoding", "delimiter", "quote", "escape", "header_row")
"""The same as keys of `source` in a mapping, and as parameters of the loader."""


def add_reading(parser: argparse.ArgumentParser) -> None:
    """The sheet, and how it is read."""
    parser.add_argument("sheet_file", type=Path, metavar="FILE", help="a CSV or a workbook")
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
    """The loader's parameters that the options name."""
    return {name: getattr(options, name) for name in NAMES}


def told_here(error: SourceError, command: str) -> SourceError:
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
