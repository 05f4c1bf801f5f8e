"""`migrator ledger`: questions to the ledger itself, and what is taken out of it in the end."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from migrator.cli.common import add_ledger
from migrator.errors import ExitCode

if TYPE_CHECKING:
    from migrator.ledger.queries import Answer, Value

EPILOG = """\
examples:
  migrator ledger query "SELECT * FROM balance"
  migrator ledger prune --older-than 90d
"""
QUERY_EPILOG = """\
The views balance, failures and calls are made for people; all tables can be asked
(docs/ledger.md).

examples:
  migrator ledger query "SELECT * FROM balance"
  migrator ledger query "SELECT row, message FROM failures WHERE run LIKE 'r3-%'" --format csv
"""
PRUNE_EPILOG = """\
What stays: every row's place, id, state and times, hence the balance, and the digests by which the
same sheet typed again sends nothing twice. Runs with rows that are planned or in doubt keep all.

examples:
  migrator ledger prune --older-than 90d --dry-run
  migrator ledger prune --older-than 90d --yes
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    commands = parser.add_subparsers(dest="ledger_command", metavar="COMMAND", required=True)
    query = commands.add_parser(
        "query",
        help="print what one SELECT gives",
        description="Print what one SELECT gives.",
        epilog=QUERY_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    query.add_argument("sql", metavar="SQL", help="one SELECT; - reads it from standard input")
    query.add_argument(
        "--format", choices=("table", "csv", "json"), default="table", help="default: table"
    )
    add_ledger(query)
    prune = commands.add_parser(
        "prune",
        help="remove cells and values of runs that ended long ago",
        description="Remove cells and values of runs that ended long ago.",
        epilog=PRUNE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    prune.add_argument(
        "--older-than",
        type=_days,
        required=True,
        metavar="DAYS",
        help="how long ago a run must have ended, such as 90d",
    )
    prune.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    prune.add_argument("--yes", action="store_true", help="remove without asking")
    add_ledger(prune)


def _days(text: str) -> int:
    """Seconds from ``--older-than``.

    >>> _days("90d")
    7776000
    """
    found = re.fullmatch(r"(\d{1,5})d", text, re.ASCII)
    if not found or int(found[1]) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of days, such as 90d')
    return int(found[1]) * 86_400


def run(options: argparse.Namespace) -> int:
    """Ask the ledger, or prune it."""
    return _prune(options) if options.ledger_command == "prune" else _query(options)


def _prune(options: argparse.Namespace) -> int:
    from migrator.cli.common import the_ledger
    from migrator.cli.screen import show
    from migrator.cli.terminal import TerminalOperator
    from migrator.clock import SystemClock
    from migrator.redact import printable
    from migrator.reports.text import counted
    from migrator.runs.pruning import kept_lines, prunable, prune, rewrite_if_owed, taken_up_lines

    now = SystemClock().wall()
    before = now - options.older_than
    with the_ledger(options) as ledger:
        found = prunable(ledger, before=before)
        for line in kept_lines(found.kept):
            show(line)
        for old in found.runs:
            show(f"run {old.run.id} ({printable(old.run.source.name)}): {counted(old.rows, 'row')}")
        if found.lookups:
            show(f"answers about leads, of `migrator ids`: {found.lookups:,}")
        if not (found.runs or found.lookups):
            show("nothing that old has cells or values")
            if not options.dry_run and rewrite_if_owed(ledger):
                show("the file was rewritten: nothing of what was removed before is in it")
            return ExitCode.OK
        if options.dry_run:
            show("nothing was removed; without --dry-run all of it is")
            return ExitCode.OK
        if not TerminalOperator(yes=options.yes).removes(
            "Remove their cells and values for good? Failed rows cannot be exported or sent again "
            "then, and nothing can be undone; the balance and the digests stay."
        ):
            return ExitCode.OK
        removed = prune(ledger, found, before=before, at=now)
    for line in taken_up_lines(removed.kept):
        show(line)
    show(f"removed: cells and values of {counted(len(removed.runs), 'run')}")
    return ExitCode.OK


def _query(options: argparse.Namespace) -> int:
    from migrator.cli.common import the_ledger
    from migrator.ledger.queries import Questions

    with the_ledger(options) as ledger:
        path = ledger.path  # brought up to this version, which has the views
    sql = sys.stdin.read() if options.sql == "-" else options.sql
    with Questions(path) as questions:
        answer = questions.ask(sql)
        {"table": _table, "csv": _csv, "json": _json}[options.format](answer)
    return ExitCode.OK


def _table(answer: "Answer") -> None:
    from tabulate import tabulate

    from migrator.redact import printable

    rows = [[printable(cell) for cell in row] for row in _texts(answer)]
    text = tabulate(rows, answer.columns, tablefmt="simple", disable_numparse=True)
    for line in text.splitlines():
        print(line.rstrip())


def _csv(answer: "Answer") -> None:
    import csv

    from migrator.cells import escape_formula

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([escape_formula(text) for text in row] for row in _texts(answer))


def _json(answer: "Answer") -> None:
    import orjson

    rows = [
        dict(
            zip(
                answer.columns,
                (value.hex() if isinstance(value, bytes) else value for value in row),
                strict=True,
            )
        )
        for row in answer.rows
    ]
    print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())


def _texts(answer: "Answer") -> Iterator[Sequence[str]]:
    return ([_text(value) for value in row] for row in answer.rows)


def _text(value: "Value") -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else str(value)
