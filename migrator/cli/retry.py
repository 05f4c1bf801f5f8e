"""`migrator retry`: send failed rows again, or settle notes in doubt."""

import argparse

from migrator.cli.common import add_ledger, add_run, add_same_account, add_sending, row_ranges
from migrator.errors import UsageError

EPILOG = """\
examples:
  migrator retry                                    all failed rows of the latest run
  migrator retry r3 --rows 8,9                      only these, without waiting for earlier rows
  migrator retry --reason MXInvalidInputException   only rows that failed with this exception,
  migrator retry --reason "is not an option"        or for a reason that contains this
  migrator retry --in-doubt --note-present          the notes in doubt are there: rows 40 to 60
  migrator retry --in-doubt --note-missing --rows 5  row 5's note is missing: send it again
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run(parser)
    add_ledger(parser)
    parser.add_argument(
        "--rows", type=row_ranges, metavar="ROWS", help="only these, such as 2,17,40-60"
    )
    parser.add_argument(
        "--reason",
        type=_reason,
        action="append",
        default=[],
        metavar="TEXT",
        help="only rows that failed so: an exception's name, or a part of a reason that `status` "
        "shows; may stand several times; rows that wait for one go with it, and the order of an "
        "opportunity's rows is kept, also with --rows",
    )
    parser.add_argument(
        "--in-doubt", action="store_true", help="rows in doubt about their note, not failed ones"
    )
    note = parser.add_mutually_exclusive_group()
    note.add_argument("--note-present", action="store_true", help="the notes are in LeadSquared")
    note.add_argument("--note-missing", action="store_true", help="the notes are not there")
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="send rows, too, whose opportunity somebody edited since they were attempted",
    )
    add_same_account(parser)
    add_sending(parser)


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a reason is blank; `migrator status` shows them")
    return text.strip()


def run(options: argparse.Namespace) -> int:
    """Retry a run."""
    from migrator.cli.common import latest, report, the_ledger, the_policy, the_run, the_world
    from migrator.runs.retrying import RetryOptions, retry

    if options.in_doubt != (options.note_present or options.note_missing):
        raise UsageError(
            "--in-doubt needs --note-present or --note-missing, and these need --in-doubt",
            advice="Look in LeadSquared whether the notes are there, then say which it is.",
        )
    if options.in_doubt and options.reason:
        raise UsageError(
            "--reason speaks of failed rows, --in-doubt of others",
            advice="Name rows in doubt with --rows.",
        )
    with the_ledger(options) as ledger:
        chosen = the_run(ledger, options.run, candidates=latest(ledger), what="to retry")
        world = the_world(ledger, options)
        retry_options = RetryOptions(
            rows=options.rows,
            reasons=tuple(options.reason),
            in_doubt=options.in_doubt,
            note_present=options.note_present,
            same_account=options.same_account,
            overwrite=options.overwrite,
            policy=the_policy(world, options),
        )
        return report(world, retry(world, chosen, retry_options), options)
