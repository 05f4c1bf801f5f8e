"""`migrator undo`: take back what a run wrote."""

import argparse
import sys
from typing import TYPE_CHECKING

from migrator.cli.common import add_canary, add_ledger, add_sending, row_ranges

if TYPE_CHECKING:
    from migrator.errors import ExitCode
    from migrator.runs.undoing import Undone
    from migrator.runs.world import World

HELP = "take back what a run wrote, where nobody has edited it since"
EPILOG = """\
A run of its own writes the old values back: it is asked about, resumed, and undone like any other.
Notes, ModifiedOn and automations that fired cannot be taken back.

examples:
  migrator undo r3 --dry-run          what would be written back, and what is kept; exit code 11
  migrator undo r3
  migrator undo r3 --rows 2,17,40-60
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", metavar="RUN", help="id of the run to take back, such as r3")
    add_ledger(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="only show what would be written back"
    )
    some = parser.add_mutually_exclusive_group()
    some.add_argument(
        "--rows",
        type=row_ranges,
        metavar="ROWS",
        help="only the opportunities of these rows, such as 2,17,40-60",
    )
    add_canary(some)
    parser.add_argument(
        "--same-account", action="store_true", help="these keys belong to the run's account"
    )
    add_sending(parser)


def run(options: argparse.Namespace) -> int:
    """Undo a run."""
    from migrator.cli.common import the_ledger, the_policy, the_world
    from migrator.runs.undoing import UndoOptions, undo

    with the_ledger(options) as ledger:
        taken_back = ledger.records.run(options.run)
        world = the_world(ledger, options)
        undo_options = UndoOptions(
            rows=options.rows,
            dry_run=options.dry_run,
            same_account=options.same_account,
            policy=the_policy(world, options),
        )
        return _report(world, undo(world, taken_back, undo_options), options)


def _report(world: "World", undone: "Undone", options: argparse.Namespace) -> "ExitCode":
    from migrator.cli.common import report
    from migrator.cli.screen import show
    from migrator.cli.undone import undone_json, undone_lines

    world.operator.close()
    if options.json and undone.finished is None:
        print(undone_json(undone))
        return undone.exit_code
    for line in undone_lines(undone, dry_run=options.dry_run):
        show(line, file=sys.stderr if options.json else sys.stdout)
    if undone.finished is not None:
        report(world, undone.finished, options)
    return undone.exit_code
