"""`migrator resume`: go on with a run that was stopped."""

import argparse

from migrator.cli.common import add_canary, add_ledger, add_run, add_same_account, add_sending

EPILOG = """\
Neither the sheet nor the mapping is needed: the plan is in the ledger.

example:
  migrator resume
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run(parser)
    add_ledger(parser)
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="send rows, too, whose opportunity somebody edited since they were attempted",
    )
    add_same_account(parser)
    add_canary(parser)
    add_sending(parser)


def run(options: argparse.Namespace) -> int:
    """Resume a run."""
    from migrator.cli.common import (
        latest,
        report,
        the_ledger,
        the_policy,
        the_run,
        the_world,
        unfinished,
    )
    from migrator.runs.retrying import resume

    with the_ledger(options) as ledger:
        candidates = unfinished(ledger) or latest(ledger)
        chosen = the_run(ledger, options.run, candidates=candidates, what="unfinished")
        world = the_world(ledger, options)
        finished = resume(
            world,
            chosen,
            same_account=options.same_account,
            overwrite=options.overwrite,
            policy=the_policy(world, options),
        )
        return report(world, finished, options)
