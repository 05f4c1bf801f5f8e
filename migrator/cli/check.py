"""`migrator check`: read and map every row, send nothing."""

import argparse

from migrator.cli.common import add_sheet, the_environment
from migrator.errors import ExitCode

HELP = "read and map every row of a sheet; sends nothing"
EPILOG = """\
example:
  migrator check deals.xlsx -m mappings/deals.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_sheet(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Check a sheet against a mapping."""
    from migrator.cli.checked import checked_json, checked_lines
    from migrator.cli.screen import show
    from migrator.mapping import load_mapping
    from migrator.runs.checking import check
    from migrator.settings import memory_budget, quota_settings

    environment = the_environment()
    rate = quota_settings(environment)
    checked = check(
        options.sheet,
        load_mapping(options.mapping),
        mixed_ids=options.mixed_ids,
        budget=memory_budget(environment),
    )
    if options.json:
        print(checked_json(checked))
    else:
        for line in checked_lines(checked, rate):
            show(line)
    return ExitCode.ROWS_NEED_ATTENTION if checked.rejected else ExitCode.OK
