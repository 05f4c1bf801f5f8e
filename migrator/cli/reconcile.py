"""`migrator reconcile`: the sheet comes again; send only what differs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.common import (
    add_canary,
    add_ledger,
    add_sending,
    add_sheet,
    add_source,
    minutes,
    rows_or_part,
)
from migrator.errors import UsageError

if TYPE_CHECKING:
    from migrator.runs.nightly_brakes import MostChanges

EPILOG = """\
2,000 opportunities are read with one call; only fields that differ are sent. Meant for every night:
typed again it goes on with what was begun, and two of them never overlap.

examples:
  migrator reconcile deals.xlsx -m mappings/deals.yaml --dry-run
  migrator reconcile deals.xlsx -m mappings/deals.yaml --dry-run -o differences.xlsx
  migrator reconcile deals-2026-11-29.csv -m mappings/deals.yaml --source deals --yes
"""
ENDINGS = (".csv", ".xlsx", ".json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_sheet(parser)
    add_ledger(parser)
    parser.add_argument(
        "--against",
        choices=("crm", "ledger"),
        default="crm",
        help="crm: what LeadSquared holds (default); ledger: what it confirmed last, without a "
        "reading call",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what differs (exit 11 where something does); send nothing",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=_output,
        metavar="FILE",
        help="with --dry-run: write every difference there, as .csv, .xlsx or .json",
    )
    parser.add_argument(
        "--conflicts",
        choices=("ours", "theirs", "report"),
        default="report",
        help="values that somebody changed in LeadSquared: report and leave them (default, exit "
        "10), send ours, or leave theirs",
    )
    parser.add_argument(
        "--max-changes",
        type=rows_or_part,
        metavar="N|P%",
        help="send nothing when more than N opportunities, or more than P %% and at least 50, "
        "would change (exit 12; default: 30%%)",
    )
    parser.add_argument(
        "--allow-blank",
        action="append",
        default=[],
        metavar="COLUMN",
        help="this mapped column may be blank in every row, though it was not the last time",
    )
    parser.add_argument(
        "--wait",
        nargs="?",
        type=minutes,
        const=-1.0,
        metavar="MINUTES",
        help="wait for another reconcile of this mapping to end (default: refuse, exit 6)",
    )
    add_source(parser)
    add_canary(parser)
    add_sending(parser)


def run(options: argparse.Namespace) -> int:
    """Reconcile a sheet."""
    from migrator.cli.common import (
        report,
        the_environment,
        the_ledger,
        the_moved_exceptions,
        the_policy,
        the_world,
    )
    from migrator.cli.reconciled import Found, dry_run_code, reconciled_json
    from migrator.mapping import load_mapping
    from migrator.runs.reconciling import ReconcileOptions, reconcile
    from migrator.settings import load_settings

    if options.output is not None and not options.dry_run:
        raise UsageError(
            "-o lists what would be sent, and this is no dry run",
            advice="Add --dry-run; after sending, `migrator export` writes the rows.",
        )
    mapping = load_mapping(options.mapping)
    load_settings(the_environment())  # before a ledger is made that would stay behind, empty
    the_moved_exceptions()
    with the_ledger(options, must_exist=False) as ledger:
        world = the_world(ledger, options)
        shown = Found(world.operator, options.output, as_json=options.json)
        found = reconcile(
            world,
            options.sheet,
            mapping,
            ReconcileOptions(
                against=options.against,
                conflicts=options.conflicts,
                dry_run=options.dry_run,
                name=options.source,
                mixed_ids=options.mixed_ids,
                new_ledger=options.new_ledger or options.ledger is not None,
                most_changes=_most_changes(options),
                may_be_blank=frozenset(options.allow_blank),
                wait=(options.wait or 0.0) * (1.0 if options.wait == -1.0 else 60.0),
                policy=the_policy(world, options),
                show=shown.show,
            ),
        )
        world.operator.close()
        if found.finished is None:
            return dry_run_code(found)
        # None: an unfinished night of the same sheet went on, and nothing was compared.
        more = {"reconciled": reconciled_json(found) if found.rows_read else None}
        return report(world, found.finished, options, more=more)


def _most_changes(options: argparse.Namespace) -> "MostChanges":
    from migrator.runs.nightly_brakes import MostChanges

    if options.max_changes is None:
        return MostChanges()
    count, percent = options.max_changes
    return MostChanges(count=count) if percent is None else MostChanges(percent=percent)


def _output(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in ENDINGS:
        raise argparse.ArgumentTypeError(
            f'"{text}" is no .csv, .xlsx or .json file, such as differences.xlsx'
        )
    return path
