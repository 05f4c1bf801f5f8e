"""`migrator ledger`: questions to the ledger itself."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from migrator.cli.common import add_ledger
from migrator.errors import ExitCode

if TYPE_CHECKING:
    from migrator.ledger.queries import Answer, Value

HELP = "ask the ledger in SQL; makes no calls and changes nothing"
EPILOG = """\
The views balance, failures and calls are made for people; all tables can be asked
(docs/ledger.md).

examples:
  migrator ledger query "SELECT * FROM balance"
  migrator ledger query "SELECT row, message FROM failures WHERE run LIKE 'r3-%'" --format csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    commands = parser.add_subparsers(dest="ledger_command", metavar="COMMAND", required=True)
    query = commands.add_parser(
        "query",
        help="print what one SELECT gives",
        description="Print what one SELECT gives.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    query.add_argument("sql", metavar="SQL", help="one SELECT; - reads it from standard input")
    query.add_argument(
        "--format", choices=("table", "csv", "json"), default="table", help="default: table"
    )
    add_ledger(query)


def run(options: argparse.Namespace) -> int:
    """Ask the ledger."""
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
