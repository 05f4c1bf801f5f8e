"""`migrator plan`: a sheet as a plan in the ledger, with what it will cost; sent later."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.cli.common import (
    add_ledger,
    add_price,
    add_sheet,
    add_source,
    add_watching,
)
from migrator.errors import ExitCode

if TYPE_CHECKING:
    from migrator.ledger import Ledger
    from migrator.runs.running import SavedPlan
    from migrator.runs.world import PlanSummary

EPILOG = """\
The plan holds every row as it was read: `run --plan` reads neither the sheet nor the mapping again.

examples:
  migrator plan deals.xlsx -m mappings/deals.yaml --until 06:00
  migrator run --plan r3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_sheet(parser)
    add_ledger(parser)
    add_source(parser)
    parser.add_argument(
        "--again", action="store_true", help="plan everything, notes too, confirmed or not"
    )
    add_price(parser)
    add_watching(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(yes=False)  # nothing is sent that could be asked about


def run(options: argparse.Namespace) -> int:
    """Plan a sheet; 10 where rows need a person, and the plan is there all the same."""
    from migrator.cli.common import the_environment, the_ledger, the_until, the_world
    from migrator.dispatcher import DeliveryPolicy
    from migrator.mapping import load_mapping
    from migrator.runs.running import RunOptions, plan
    from migrator.settings import load_settings

    mapping = load_mapping(options.mapping)
    load_settings(the_environment())  # before a ledger is made that would stay behind, empty
    with the_ledger(options, must_exist=False) as ledger:
        world = the_world(ledger, options)
        policy = DeliveryPolicy(
            before_images=not options.no_before_image,
            verifies=options.verify,
            until=the_until(world, options),
        )
        run_options = RunOptions(
            name=options.source,
            again=options.again,
            mixed_ids=options.mixed_ids,
            new_ledger=options.new_ledger or options.ledger is not None,
            policy=policy,
        )
        saved = plan(world, options.sheet, mapping, run_options)
        world.operator.close()
        _show(ledger, saved, options)
    needs_attention = saved.summary.balance.needs_attention
    return ExitCode.ROWS_NEED_ATTENTION if needs_attention else ExitCode.OK


def _show(ledger: "Ledger", saved: "SavedPlan", options: argparse.Namespace) -> None:
    from migrator.cli.planned import summary_json, summary_lines
    from migrator.cli.screen import show

    summary = saved.summary
    following = list(_next(ledger, summary, options))
    if options.json:
        import orjson

        from migrator.cli.summary import run_json

        content = run_json(ledger, summary.run, summary.balance) | summary_json(summary)
        content["next"] = [line.removeprefix("next: ") for line in following]
        print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        return
    for line in summary_lines(summary):
        show(line)
    show(_ending(saved))
    for line in following:
        show(line)


def _ending(saved: "SavedPlan") -> str:
    if saved.summary.price.updates:
        known = " before; nothing was planned anew" if saved.is_known else ""
        return f"planned{known}, nothing was sent"
    if saved.is_known:
        return f"these rows were sent by run {saved.summary.run.id}: nothing is to be sent"
    return "nothing is to be sent"


def _next(ledger: "Ledger", summary: "PlanSummary", options: argparse.Namespace) -> Iterator[str]:
    """The command that sends the plan as it was priced; or what takes the failed rows further."""
    if not summary.price.updates:
        from migrator.cli.summary import next_commands

        yield from next_commands(ledger, summary.run, summary.balance)
        return
    from migrator.cli.common import ledger_option

    until = "" if options.until is None else " --until {:02}:{:02}".format(*options.until)
    share = "" if options.share is None else f" --share {options.share:g}"
    quota = "" if options.quota is None else f" --quota {options.quota}"
    images = " --no-before-image" if options.no_before_image else ""
    verify = " --verify" if options.verify else ""
    priced = f"{until}{images}{verify}{quota}{share}"
    yield f"next: migrator run --plan {summary.run.id}{ledger_option(ledger)}{priced}"
