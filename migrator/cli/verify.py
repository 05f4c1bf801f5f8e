"""`migrator verify`: read back what a run wrote, and compare."""

import argparse
from typing import TYPE_CHECKING

from migrator.cli.common import (
    add_ledger,
    add_max_outage,
    add_patience,
    add_quota,
    add_run,
    add_same_account,
    add_watching,
    row_count,
)
from migrator.errors import ExitCode

if TYPE_CHECKING:
    from migrator.runs.verifying import Verified

EPILOG = """\
2,000 opportunities are read with one call. What a later run of this ledger wrote over is not
compared, nor are notes: LeadSquared shows only the newest.

examples:
  migrator verify
  migrator verify r3 --sample 500
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run(parser)
    add_ledger(parser)
    parser.add_argument(
        "--sample", type=row_count, metavar="N", help="read back N opportunities, evenly spread"
    )
    add_patience(parser, "how long after the last call a write may take to show")
    add_max_outage(parser)
    add_same_account(parser)
    parser.add_argument(
        "--yes", action="store_true", help="read one by one, too, where bulk reads are refused"
    )
    add_quota(parser)
    add_watching(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Verify a run."""
    import orjson

    from migrator.cli.common import latest, the_ledger, the_run, the_world
    from migrator.cli.screen import show
    from migrator.cli.summary import differences_json, run_json, run_lines
    from migrator.dispatcher import DeliveryPolicy
    from migrator.runs.telling import tell_standing
    from migrator.runs.verifying import verify

    with the_ledger(options) as ledger:
        chosen = the_run(ledger, options.run, candidates=latest(ledger), what="in this ledger")
        world = the_world(ledger, options)
        verified = verify(
            world,
            chosen,
            sample=options.sample,
            same_account=options.same_account,
            policy=DeliveryPolicy(
                patience=options.patience, longest_outage=options.max_outage * 60
            ),
        )
        world.operator.close()
        code = _exit_code(verified)
        run_now = verified.run
        balance = ledger.records.balance(run_now)
        tell_standing(world, run_now, balance)
        if options.json:
            content = run_json(ledger, run_now, balance) | {
                "read_back": {
                    "opportunities": verified.opportunities,
                    "rows": verified.rows,
                    "values": verified.values,
                    "otherwise": verified.otherwise,
                    "written_over": verified.written_over,
                    "settled": verified.settled,
                    "calls": verified.calls,
                },
                "differences": differences_json(ledger.findings.lost(run_now)),
                "exit_code": int(code),
            }
            print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        else:
            for line in [*_lines(verified), *run_lines(ledger, run_now, balance)]:
                show(line)
    return code


def _exit_code(verified: "Verified") -> ExitCode:
    if verified.otherwise:
        return ExitCode.DIFFERENCES
    return ExitCode.ROWS_NEED_ATTENTION if verified.still_in_doubt else ExitCode.OK


def _lines(verified: "Verified") -> list[str]:
    from migrator.reports.text import counted

    if verified.declined:
        return ["nothing was read back"]
    lines = []
    if verified.settled:
        them = "it" if verified.settled == 1 else "them"
        lines.append(f"{counted(verified.settled, 'row')} in doubt before: LeadSquared has {them}")
    if verified.written_over:
        lines.append(
            f"{counted(verified.written_over, 'value')} not compared: written over by a later run"
        )
    otherwise = "1 row reads" if verified.otherwise == 1 else f"{verified.otherwise:,} rows read"
    told = f"{otherwise} otherwise" if verified.otherwise else "all as written"
    lines.append(
        f"read back: {counted(verified.opportunities, 'opportunity')} of "
        f"{counted(verified.rows, 'row')} with {counted(verified.calls, 'call')}, "
        f"{counted(verified.values, 'value')}: {told}"
    )
    return lines
