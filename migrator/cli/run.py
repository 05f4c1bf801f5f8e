"""`migrator run`: plan a sheet into the ledger, ask, send."""

import argparse

from migrator.cli.common import (
    add_canary,
    add_ledger,
    add_same_account,
    add_sending,
    add_sheet,
    add_source,
    row_count,
    row_ranges,
)
from migrator.errors import UsageError

EPILOG = """\
Typing the same command twice is harmless: what LeadSquared has confirmed is not sent again.

examples:
  migrator run deals.xlsx -m mappings/deals.yaml --limit 1
  migrator run deals.xlsx -m mappings/deals.yaml --canary 10
  migrator run deals.xlsx -m mappings/deals.yaml
  migrator run --plan r3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_sheet(parser, required=False)
    parser.add_argument(
        "--plan",
        metavar="RUN",
        help="send a plan that `migrator plan` saved, as it is: no sheet, no mapping",
    )
    add_ledger(parser)
    some = parser.add_mutually_exclusive_group()
    some.add_argument("--limit", type=row_count, metavar="N", help="send only the first N rows")
    some.add_argument(
        "--rows", type=row_ranges, metavar="ROWS", help="send only these, such as 2,17,40-60"
    )
    add_canary(some)
    add_source(parser)
    parser.add_argument(
        "--again", action="store_true", help="send everything, notes too, confirmed or not"
    )
    add_same_account(parser)
    add_sending(parser)


def run(options: argparse.Namespace) -> int:
    """Run a sheet, or a saved plan."""
    _refuse_half_a_sheet(options)
    from migrator.cli.common import (
        report,
        the_environment,
        the_ledger,
        the_moved_exceptions,
        the_policy,
        the_world,
    )
    from migrator.mapping import load_mapping
    from migrator.settings import load_settings

    mapping = load_mapping(options.mapping) if options.plan is None else None
    load_settings(the_environment())  # before a ledger is made that would stay behind, empty
    the_moved_exceptions()
    from migrator.runs.running import RunOptions, run_plan
    from migrator.runs.running import run as run_sheet

    with the_ledger(options, must_exist=mapping is None) as ledger:
        world = the_world(ledger, options)
        run_options = RunOptions(
            name=options.source,
            limit=options.limit,
            rows=options.rows,
            again=options.again,
            mixed_ids=options.mixed_ids,
            new_ledger=options.new_ledger or options.ledger is not None,
            policy=the_policy(world, options),
        )
        if mapping is None:
            saved = ledger.records.run(options.plan)
            finished = run_plan(world, saved, run_options, same_account=options.same_account)
        else:
            finished = run_sheet(world, options.sheet, mapping, run_options)
        return report(world, finished, options)


def _refuse_half_a_sheet(options: argparse.Namespace) -> None:
    """A sheet needs its mapping; where a plan is named, neither may stand."""
    given = [flag for flag, is_given in _of_planning(options) if is_given]
    if options.plan is not None and given:
        raise UsageError(
            f"--plan sends what is in the ledger: {given[0]} has nothing to do with it",
            advice=f"Write `migrator run --plan {options.plan}` alone, or leave --plan out.",
        )
    missing = "" if options.plan is not None else _missing(options)
    if missing:
        raise UsageError(
            f"{missing} is missing",
            advice="Write `migrator run SHEET -m MAPPING`. `migrator run --help` shows every "
            "option, with examples.",
        )


def _of_planning(options: argparse.Namespace) -> tuple[tuple[str, bool], ...]:
    """What counts while a sheet is planned, and would be passed over in silence afterwards."""
    return (
        (str(next(iter(options.sheet), "")), bool(options.sheet)),
        (f"-m {options.mapping}", options.mapping is not None),
        ("--source", options.source is not None),
        ("--again", options.again),
        ("--mixed-ids", options.mixed_ids),
    )


def _missing(options: argparse.Namespace) -> str:
    there = (("SHEET", options.sheet), ("-m or --mapping", options.mapping))
    return ", ".join(name for name, given in there if not given)
