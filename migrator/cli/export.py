"""`migrator export`: rows of a run as CSV or XLSX, to be mended and given back to `run`."""

import argparse
import sys
from pathlib import Path

from migrator.cli.common import add_ledger, add_run
from migrator.errors import ExitCode, UsageError

HELP = "write rows of a run as CSV or XLSX, with their source columns and what became of them"
EPILOG = """\
Mend cells in the file and give it back: `migrator run failed.xlsx -m MAPPING` sends only its rows.
In an XLSX every cell is text, so that Excel changes none (in a CSV it drops leading zeros). In a
CSV a cell that begins with = + - @ (or an apostrophe) gets an apostrophe in front, so that Excel
does not run it; reading the file back takes it away again.

examples:
  migrator export --failed --rejected -o attention.xlsx
  migrator export r3 --all -o everything.csv
"""
STATES = ("failed", "succeeded", "rejected", "in-doubt", "not-sent", "all")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run(parser)
    add_ledger(parser)
    for name in STATES:
        parser.add_argument(f"--{name}", action="store_true", help=f"{name.replace('-', ' ')} rows")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="a .csv or an .xlsx file"
    )


def run(options: argparse.Namespace) -> int:
    """Export rows."""
    from migrator.cli.common import latest, the_ledger, the_run
    from migrator.cli.progress import Reading
    from migrator.reports.text import counted
    from migrator.runs.exporting import CHOICES, export

    chosen = [name for name in STATES if getattr(options, name.replace("-", "_"))]
    if not chosen:
        raise UsageError(
            "which rows?", advice="Name them: --" + ", --".join(STATES) + " (several may stand)."
        )
    states = tuple(dict.fromkeys(state for name in chosen for state in CHOICES[name]))
    with the_ledger(options) as ledger:
        source = the_run(ledger, options.run, candidates=latest(ledger), what="in this ledger")
        with Reading("exporting") as look:
            count = export(ledger, source, states, options.output, look=look)
    print(f"{counted(count, 'row')} of run {source.id} in {options.output}", file=sys.stderr)
    return ExitCode.OK
