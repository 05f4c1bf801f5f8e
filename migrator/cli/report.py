"""`migrator report`: what a run did, as one document that can be signed."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrator.cli.common import add_ledger, add_run
from migrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migrator.ledger import Ledger
    from migrator.reports.run_report import RunReport

EPILOG = """\
The page loads nothing from anywhere: it can be sent by mail and kept. It names rows, ids and some
of the sheet's values, as failures need them.

examples:
  migrator report -o report.html
  migrator report r3 -o r3.md
  migrator report r3 --format json
"""
PRINTED: Final = (None, Path("-"))  #: What -o says where nothing is written to a file.
ENDINGS: Final = {".html": "html", ".htm": "html", ".json": "json", ".md": "md", ".markdown": "md"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run(parser)
    add_ledger(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="a .html, .json or .md file; - (or nothing, for json and md) prints it",
    )
    parser.add_argument(
        "--format", choices=("html", "json", "md"), help="default: by the file's ending"
    )


def run(options: argparse.Namespace) -> int:
    """Write or print a report."""
    from migrator.cli.common import latest, the_ledger, the_run

    kind = _kind(options.output, options.format)
    with the_ledger(options) as ledger:
        if options.output not in PRINTED:
            _refuse_another_file(options.output, kind, ledger)
        chosen = the_run(ledger, options.run, candidates=latest(ledger), what="in this ledger")
        report = _gathered(ledger, chosen.id)
    text = _without_keys(_writer(kind)(report))
    if options.output in PRINTED:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        return ExitCode.OK
    from migrator.cli.screen import show
    from migrator.reports.whole_file import whole_file

    with whole_file(options.output, what="the report") as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    show(f"report of run {chosen.id} in {options.output}", file=sys.stderr)
    return ExitCode.OK


def _kind(output: Path | None, named: str | None) -> str:
    """Which format: the one named, else the file's.

    Raises:
        UsageError: Neither tells, or a page has no file.
    """
    if output is None and named in (None, "html"):
        raise UsageError(
            "where shall the report be written?",
            advice="Name a file: -o report.html (or .md, .json); --format json and --format md "
            "print it.",
        )
    if named is not None:
        return named
    kind = ENDINGS.get(output.suffix.lower()) if output is not None else None
    if kind is None:
        if output in PRINTED:
            raise UsageError("which format?", advice="Say which: --format html, json or md.")
        raise UsageError(
            "a report is a .html, a .json or a .md file",
            where=str(output),
            advice="Name it so, or say which format: --format html, json or md.",
        )
    return kind


def _refuse_another_file(path: Path, kind: str, ledger: "Ledger") -> None:
    """Only a report is written over, never a sheet, a mapping or the ledger."""
    is_ledger = path.exists() and path.samefile(ledger.path)
    if is_ledger or (path.exists() and ENDINGS.get(path.suffix.lower()) != kind):
        what = "this is the ledger itself" if is_ledger else "the file is there, and no report"
        raise UsageError(
            f"{what}; it was left as it is",
            where=str(path),
            advice=f"Name another file with -o FILE, such as report.{kind}.",
        )


def _gathered(ledger: "Ledger", run_id: str) -> "RunReport":
    from migrator.cli.summary import next_commands
    from migrator.clock import SystemClock
    from migrator.runs.reporting import Told, gather

    run = ledger.records.run(run_id)
    balance = ledger.records.balance(run)
    commands = tuple(line.removeprefix("next: ") for line in next_commands(ledger, run, balance))
    return gather(ledger, run, Told(made_at=SystemClock().wall(), next=commands))


def _writer(kind: str) -> "Callable[[RunReport], str]":
    from migrator.reports.page import html, markdown
    from migrator.reports.report_json import report_json

    return {"html": html, "md": markdown, "json": report_json}[kind]


def _without_keys(text: str) -> str:
    """The last line of defence: no key is in the ledger, and none may be in what is handed on."""
    from migrator.cli import secrets_at_hand
    from migrator.redact import redact

    return redact(text, secrets_at_hand())
