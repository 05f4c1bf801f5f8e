"""`migrator ids`: look opportunities up by their leads, and write the sheet with their ids."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.common import add_ledger, add_quota, the_environment, the_ledger, the_world
from migrator.cli.reading import add_reading, reading_of, told_here
from migrator.errors import SourceError

if TYPE_CHECKING:
    from migrator.runs.ids_sheet import IdsFound, IdsOptions

EPILOG = """\
One call for each different lead; what is answered is kept in the ledger, so that the same command
goes on after a stop. A row gets an id only where exactly one opportunity is left; the column
migrator_ids says what was found. Nothing in LeadSquared is changed.

examples:
  migrator ids deals.xlsx --lead-id "Lead Id" --type 12000 -o with_ids.xlsx
  migrator ids deals.csv --lead-field EmailAddress=Mail --match mx_Custom_1=Deal --type 12000 \\
      -o with_ids.xlsx
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_reading(parser)
    lead = parser.add_mutually_exclusive_group(required=True)
    lead.add_argument("--lead-id", metavar="COLUMN", help="the column with the lead's id, a GUID")
    lead.add_argument(
        "--lead-field",
        type=_pair,
        metavar="SCHEMANAME=COLUMN",
        help="a unique field of the lead, and its column: EmailAddress=Mail",
    )
    parser.add_argument(
        "--match",
        type=_pair,
        action="append",
        default=[],
        metavar="SCHEMANAME=COLUMN",
        help="a field of the opportunity that has to agree with a column; several may stand",
    )
    parser.add_argument(
        "--type", type=_code, required=True, metavar="N", help="the opportunity type, such as 12000"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="a new .xlsx or .csv file"
    )
    parser.add_argument("--again", action="store_true", help="ask for every lead, kept or not")
    add_ledger(parser)
    parser.add_argument("--yes", action="store_true", help="ask LeadSquared without asking you")
    add_quota(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Look ids up."""
    from migrator.loader import open_rows
    from migrator.runs.ids import find_ids, refuse_output
    from migrator.settings import load_settings, memory_budget

    refuse_output(options.output, has_quoting=_has_quoting(options))
    environment = the_environment()
    load_settings(environment)  # before a ledger is made that would stay behind, empty
    with the_ledger(options, must_exist=False) as ledger:
        world = the_world(ledger, options)
        try:
            with world.counting("reading") as look:
                open_sheet = partial(
                    open_rows,
                    options.sheet_file,
                    **reading_of(options),
                    budget=memory_budget(environment),
                    look=look,
                )
                found = find_ids(world, open_sheet, options.output, _ids_options(options))
        except SourceError as error:
            raise told_here(error, "ids") from error
        return _report(found, options)


def _ids_options(options: argparse.Namespace) -> "IdsOptions":
    from migrator.runs.ids_sheet import IdsOptions

    name, column = options.lead_field or ("", options.lead_id)
    return IdsOptions(
        event_code=options.type,
        lead_field=name,
        lead_column=column,
        match=tuple(options.match),
        header_row=options.header_row,
        again=options.again,
    )


def _report(found: "IdsFound", options: argparse.Namespace) -> int:
    from migrator.cli.ids_found import found_json, found_lines, stopped_text
    from migrator.cli.screen import show

    stopped = stopped_text(found)
    if stopped:
        show(stopped, file=sys.stderr)
    if options.json:
        print(found_json(found))
    elif found.is_written:
        for line in found_lines(found, options):
            show(line)
    return found.exit_code


def _has_quoting(options: argparse.Namespace) -> bool:
    return options.quote is not None or options.escape is not None


def _pair(text: str) -> tuple[str, str]:
    """A SchemaName and a column.

    >>> _pair("EmailAddress=E-mail = private")
    ('EmailAddress', 'E-mail = private')
    """
    name, _, column = (part.strip() for part in text.partition("="))
    if not (name and column):
        raise argparse.ArgumentTypeError(
            f'"{text}" is no SCHEMANAME=COLUMN, such as EmailAddress=Mail'
        )
    if name.lower() == "prospectid" and name != "ProspectID":
        raise argparse.ArgumentTypeError(
            f'the lead\'s id is called "ProspectID"; by "{name}" LeadSquared finds nothing. '
            f"Or write --lead-id {column}"
        )
    return name, column


def _code(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) < 10**9):
        raise argparse.ArgumentTypeError(f'"{text}" is no code of an opportunity type, as 12000 is')
    return int(text)
