"""`migrator runs`: the runs of a ledger, the newest first; makes no calls."""

import argparse
import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from migrator.cli.common import add_ledger
from migrator.errors import ExitCode

if TYPE_CHECKING:
    from migrator.ledger import Ledger
    from migrator.model import Balance, Run

EPILOG = """\
example:
  migrator runs
"""
NARROWEST = 40  #: Columns; a narrower terminal breaks the lines by itself.


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_ledger(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """List the runs."""
    import orjson

    from migrator.cli.common import the_ledger

    with the_ledger(options) as ledger:
        runs = [(found, ledger.records.balance(found)) for found in ledger.records.runs()]
        if options.json:
            content = {"ledger": str(ledger.path), "runs": [_as_json(*each) for each in runs]}
            print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        else:
            for line in _lines(ledger, runs):
                print(line)
    return ExitCode.OK


def _lines(ledger: "Ledger", runs: "list[tuple[Run, Balance]]") -> Iterator[str]:
    if not runs:
        yield f"There are no runs yet in {ledger.path}"
        yield "`migrator run SHEET -m MAPPING` begins one."
    width = max(shutil.get_terminal_size().columns, NARROWEST)
    for found, balance in runs:
        yield f"{found.id}  {_when(found.created_at)}  {_standing(found, balance)}"
        yield textwrap.fill(
            _what(found, balance),
            width,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _what(found: "Run", balance: "Balance") -> str:
    from migrator.redact import printable
    from migrator.reports.text import counted

    source = printable(f"{found.source.name} with {found.source.mapping_name}")
    boxes = [f"{count:,} {box.replace('_', ' ')}" for box, count in _boxes(balance) if count]
    return f"{source}: {', '.join([counted(found.rows_read, 'row'), *boxes])}"


def _boxes(balance: "Balance") -> Iterator[tuple[str, int]]:
    from migrator.model import State

    for state in State:
        yield state.value, balance.states.get(state, 0)


def _when(at: float) -> str:
    """Wall time as the clock of this machine shows it, with its distance from UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(" ", "minutes")


def _standing(found: "Run", balance: "Balance") -> str:
    from migrator.model import RunState

    if found.state is RunState.CLOSED:
        return "closed"
    if balance.unfinished:
        from migrator.reports.text import counted

        return f"{counted(balance.unfinished, 'row')} left"
    return "needs attention" if balance.needs_attention else "finished"


def _as_json(found: "Run", balance: "Balance") -> dict[str, Any]:
    from datetime import UTC, datetime

    return {
        "run": found.id,
        "created_at": datetime.fromtimestamp(found.created_at, UTC).isoformat(" ", "seconds"),
        "source": found.source.name,
        "mapping": found.source.mapping_name,
        "account": found.account,
        "state": found.state,
        "standing": _standing(found, balance),
        "rows": found.rows_read,
        "unfinished": balance.unfinished,
        **dict(_boxes(balance)),
    }
