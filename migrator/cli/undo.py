"""`migrator undo`: write back what a run wrote over, where nobody changed it since."""

import argparse
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from migrator.cli.common import add_canary, add_ledger, add_same_account, add_sending, row_ranges
from migrator.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.runs.undoing import Change, Undoing

SHOWN: Final = 50  #: Values listed; --json lists all.

EPILOG = """\
An undo is a run of its own: it is asked, paced, resumed, verified and undone like any other. Notes
stay, ModifiedOn becomes now, and what automations did stays done.

examples:
  migrator undo r3 --dry-run
  migrator undo r3 --rows 8,9
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", metavar="RUN", help="id of the run, such as r3")
    add_ledger(parser)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would be written back (exit 11 where that is something); send nothing",
    )
    parser.add_argument(
        "--rows",
        type=row_ranges,
        metavar="ROWS",
        help="only what these rows of the run wrote, such as 2,17,40-60",
    )
    add_same_account(parser)
    add_canary(parser)
    add_sending(parser)


def run(options: argparse.Namespace) -> int:
    """Undo a run."""
    import orjson

    from migrator.cli.common import report, the_ledger, the_policy, the_world
    from migrator.cli.screen import show
    from migrator.runs.undoing import UndoOptions, undo

    with the_ledger(options) as ledger:
        original = ledger.records.run(options.run)
        world = the_world(ledger, options)
        undoing = undo(
            world,
            original,
            UndoOptions(
                rows=options.rows,
                dry_run=options.dry_run,
                same_account=options.same_account,
                policy=the_policy(world, options),
            ),
        )
        world.operator.close()
        code = ExitCode.DIFFERENCES if options.dry_run and undoing.back else ExitCode.OK
        if options.json and undoing.finished is None:
            content = _json(undoing) | {"exit_code": int(code)}
            print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        elif not options.json:
            for line in _lines(undoing):
                show(line)
        if undoing.finished is not None:
            # None: an undo that was begun before went on, and nothing was read.
            more = {"undo": _json(undoing) if undoing.opportunities else None}
            return report(world, undoing.finished, options, more=more)
    return code


def _lines(undoing: "Undoing") -> Iterator[str]:
    from migrator.reports.text import counted
    from migrator.runs.undoing import undo_notes

    if undoing.declined:
        yield "nothing was read, and nothing is written back"
        return
    if not undoing.opportunities:
        return  # an undo that was begun before went on
    if undoing.finished is None:
        yield from _found_lines(undoing)
    if undoing.kept:
        yield f"{counted(len(undoing.kept), 'value')} kept, edited since the run:"
        yield from _listed(undoing.kept, "now", "before the run")
    if undoing.finished is None:  # else the question has told it
        yield from (f"note: {note}" for note in undo_notes(undoing))


def _found_lines(undoing: "Undoing") -> Iterator[str]:
    """What a dry run would write back."""
    from migrator.redact import printable
    from migrator.reports.text import counted

    original = undoing.original
    read, name = counted(undoing.calls, "call"), printable(original.source.name)
    yield f"Undo of run {original.id} ({name}), read with {read}:"
    rows = len({one.opportunity for one in undoing.back})
    if undoing.back:
        values = counted(len(undoing.back), "value")
        yield f"{values} of {counted(rows, 'opportunity')} would be written back:"
        yield from _listed(undoing.back, "now", "back to")
    else:
        yield "nothing to write back"


def _listed(changes: "Sequence[Change]", now: str, back: str) -> Iterator[str]:
    from migrator.redact import printable
    from migrator.reports.text import counted

    for one in islice(changes, SHOWN):
        yield (
            f"  {one.file}, row {one.row}, {one.opportunity}: {one.schema_name} "
            f'{now} "{printable(one.now)}", {back} "{printable(one.back)}"'
        )
    if len(changes) > SHOWN:
        yield f"  and {counted(len(changes) - SHOWN, 'value')} more; --dry-run --json lists all"


def _json(undoing: "Undoing") -> dict[str, Any]:
    from migrator.runs.undoing import undo_notes

    def listed(changes: "Sequence[Change]") -> list[dict[str, Any]]:
        return [
            {
                "file": one.file,
                "row": one.row,
                "opportunity_id": one.opportunity,
                "schema_name": one.schema_name,
                "now": one.now,
                "before": one.back,
            }
            for one in changes
        ]

    return {
        "run": undoing.original.id,
        "opportunities": undoing.opportunities,
        "back": listed(undoing.back),
        "kept": listed(undoing.kept),
        "already": undoing.already,
        "without_image": undoing.imageless,
        "not_shown": undoing.not_shown,
        "gone": undoing.gone,
        "notes": undo_notes(undoing),
        "calls": undoing.calls,
    }
