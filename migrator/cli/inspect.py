"""`migrator inspect`: what is in a sheet, before there is a mapping."""

import argparse

from migrator.cli.common import the_environment
from migrator.cli.reading import add_reading, reading_of, told_here
from migrator.errors import ExitCode, SourceError

EPILOG = """\
Refused rows are said, and the exit code is 0 all the same: inspect looks, `check` judges.

example:
  migrator inspect deals.xlsx
  migrator inspect deals.xlsx --sheet 2
  migrator inspect export.csv --encoding cp1252 --header-row 3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_reading(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Look at a sheet."""
    from migrator.cli.inspected import inspected_json, inspected_lines
    from migrator.cli.progress import Reading
    from migrator.cli.screen import columns_of, show
    from migrator.runs.inspecting import inspect_sheet
    from migrator.settings import memory_budget

    try:
        with Reading("reading") as look:
            inspected = inspect_sheet(
                options.sheet_file,
                **reading_of(options),
                budget=memory_budget(the_environment()),
                look=look,
            )
    except SourceError as error:
        raise told_here(error, "inspect") from error
    if options.json:
        print(inspected_json(inspected))
    else:
        for line in inspected_lines(inspected, width=columns_of()):
            show(line)
    return ExitCode.OK
