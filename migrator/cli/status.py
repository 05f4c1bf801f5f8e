"""`migrator status`: where a run stands, from the ledger alone."""

import argparse
from typing import TYPE_CHECKING

from migrator.cli.common import add_ledger, add_run
from migrator.errors import ExitCode, InterruptError

if TYPE_CHECKING:
    from migrator.ledger import Ledger
    from migrator.model import Run

EPILOG = """\
examples:
  migrator status
  migrator status r3 --watch
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run(parser)
    add_ledger(parser)
    parser.add_argument(
        "--watch",
        action="store_true",
        help="show the progress until the run has ended, or nobody works on it",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Show a run's balance, the reasons, and the next command."""
    import orjson

    from migrator.cli.common import latest, the_ledger, the_run
    from migrator.cli.screen import show
    from migrator.cli.summary import run_json, run_lines

    with the_ledger(options) as ledger:
        chosen = the_run(ledger, options.run, candidates=latest(ledger), what="in this ledger")
        if options.watch:
            _watch(ledger, chosen)
        balance = ledger.records.balance(chosen)
        if options.json:
            content = run_json(ledger, chosen, balance)
            print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        else:
            for line in run_lines(ledger, chosen, balance):
                show(line)
    return ExitCode.OK


def _watch(ledger: "Ledger", run: "Run") -> None:
    from migrator.cli.terminal import TerminalOperator
    from migrator.clock import SystemClock
    from migrator.runs.watching import watch

    operator = TerminalOperator(yes=False)
    try:
        watch(
            ledger,
            run,
            lambda counts, state: operator.show(counts, state=state),
            clock=SystemClock(),
        )
    except KeyboardInterrupt as interrupt:
        raise InterruptError(
            f"run {run.id} is not watched any more; it goes on where it was begun",
            advice="Ctrl-C in its own terminal stops it.",
        ) from interrupt
    finally:
        operator.close()
