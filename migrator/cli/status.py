"""`migrator status`: where a run stands, from the ledger alone."""

import argparse

from migrator.cli.common import add_ledger, add_run
from migrator.errors import ExitCode

HELP = "show where a run stands; makes no calls"
EPILOG = """\
example:
  migrator status
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run(parser)
    add_ledger(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Show a run's balance, the reasons, and the next command."""
    import orjson

    from migrator.cli.common import latest, the_ledger, the_run
    from migrator.cli.screen import show
    from migrator.cli.summary import run_json, run_lines

    with the_ledger(options) as ledger:
        chosen = the_run(ledger, options.run, candidates=latest(ledger), what="in this ledger")
        balance = ledger.records.balance(chosen)
        if options.json:
            content = run_json(ledger, chosen, balance)
            print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        else:
            for line in run_lines(ledger, chosen, balance):
                show(line)
    return ExitCode.OK
