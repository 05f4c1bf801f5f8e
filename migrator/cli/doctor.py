"""`migrator doctor`: whether host, keys and account have what a run needs."""

import argparse
from typing import TYPE_CHECKING

from migrator.cli.common import add_patience, add_quota

if TYPE_CHECKING:
    from migrator.errors import MigratorError
    from migrator.runs.doctor import Report
    from migrator.settings import Settings
    from migrator.verdicts import MovedExceptions

EPILOG = """\
One line for each check: ok, warning, failed or not checked, and what to do. It makes reading calls
only and needs no ledger. --created-on alone changes something: it sends one opportunity's CreatedOn
a day earlier, reads it back, and puts the old value back.

example:
  migrator doctor                                     every check that changes nothing
  migrator doctor --type 12000                        with this opportunity type
  migrator doctor --created-on GUID                   whether the account writes CreatedOn
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from migrator.cli.fields import code

    parser.add_argument(
        "--type", type=code, metavar="N", help="opportunity type (default: the first listed)"
    )
    parser.add_argument(
        "--created-on",
        type=_id,
        metavar="ID",
        help="try CreatedOn of this GUID or AutoId",
    )
    parser.add_argument("--yes", action="store_true", help="try CreatedOn without asking")
    add_patience(parser, "how long to look until a read shows what was written")
    add_quota(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Look at everything and say what was found."""
    from migrator.cli.doctored import report_json, report_lines, stated
    from migrator.cli.screen import show

    report, settings = _examined(options)
    rows = stated(settings, options)
    if options.json:
        print(report_json(report, rows))
    else:
        for line in report_lines(report, rows):
            show(line)
    return report.exit_code


def _examined(options: argparse.Namespace) -> "tuple[Report, Settings | None]":
    from migrator.cli.common import the_environment, with_quota
    from migrator.cli.terminal import TerminalOperator
    from migrator.errors import MigratorError
    from migrator.redact import guard_logging
    from migrator.runs.doctor import Wanted, examine
    from migrator.runs.world import the_link
    from migrator.settings import load_settings, unknown_names

    wanted = Wanted(
        type_code=options.type, created_on=options.created_on or "", patience=options.patience
    )
    moved = _moved()
    try:
        environ = the_environment()
        settings = with_quota(load_settings(environ), options)
    except MigratorError as error:
        return examine(error, wanted, moved=moved, unknown={}), None
    guard_logging(settings.secrets)
    link = the_link(settings, TerminalOperator(yes=options.yes))
    return examine(link, wanted, moved=moved, unknown=unknown_names(environ)), settings


def _moved() -> "MovedExceptions | MigratorError":
    from migrator.cli.common import the_moved_exceptions
    from migrator.errors import MigratorError

    try:
        return the_moved_exceptions()
    except MigratorError as error:
        return error


def _id(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty text is no id of an opportunity")
    return text.strip().strip("{}")
