"""`migrator export`: rows of a run as CSV or XLSX, to be mended and given back to `run`."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.common import add_ledger, add_run
from migrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migrator.mapping import Mapping
    from migrator.metadata import Metadata
    from migrator.runs.exporting import Exported

EPILOG = """\
Mend cells in the file and give it back: `migrator run fix.xlsx -m MAPPING` sends only its rows.

In an XLSX the cells to mend are marked, each with a comment that says why, and columns whose values
are known have a dropdown: from the mapping (the run's own is found in this folder and in mappings/;
-m names one) and, with --metadata, from the account. Dates stay dates; all other cells are text, so
that nothing runs and Excel changes none (in a CSV it drops leading zeros).

In a CSV a cell that begins with = + - @ (or an apostrophe) gets an apostrophe in front, so that
Excel does not run it; reading the file back takes it away again.

examples:
  migrator export --failed --rejected -o fix.xlsx
  migrator export --failed --rejected -m deals.yaml --metadata type-12000.json -o fix.xlsx
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
    parser.add_argument(
        "-m",
        "--mapping",
        type=Path,
        metavar="MAPPING",
        help="the mapping, for the marks and dropdowns of an .xlsx (default: the run's, if it is "
        "in this folder or in mappings/)",
    )
    parser.add_argument(
        "--metadata",
        type=Path,
        metavar="FILE",
        help="the options of dropdowns, from what `migrator fields --save FILE` wrote",
    )


def run(options: argparse.Namespace) -> int:
    """Export rows."""
    from migrator.cli.common import latest, the_ledger, the_run
    from migrator.cli.progress import Reading
    from migrator.runs.exporting import CHOICES, export

    chosen = [name for name in STATES if getattr(options, name.replace("-", "_"))]
    if not chosen:
        raise UsageError(
            "which rows?", advice="Name them: --" + ", --".join(STATES) + " (several may stand)."
        )
    states = tuple(dict.fromkeys(state for name in chosen for state in CHOICES[name]))
    mapping, metadata = _mapping(options), _metadata(options)
    with the_ledger(options) as ledger:
        source = the_run(ledger, options.run, candidates=latest(ledger), what="in this ledger")
        with Reading("exporting") as look:
            exported = export(
                ledger,
                source,
                states,
                options.output,
                mapping=mapping,
                metadata=metadata,
                look=look,
            )
    for line in _lines(exported, source.id, options.output):
        print(line, file=sys.stderr)
    return ExitCode.OK


def _mapping(options: argparse.Namespace) -> "Mapping | None":
    if options.mapping is None:
        return None
    from migrator.mapping import load_mapping

    return load_mapping(options.mapping)


def _metadata(options: argparse.Namespace) -> "Metadata | None":
    if options.metadata is None:
        return None
    from migrator.runs.metadata_files import load_metadata

    return load_metadata(options.metadata)


def _lines(exported: "Exported", run_id: str, path: Path) -> Iterator[str]:
    """What was written, and what a person finds in it."""
    from migrator.redact import printable
    from migrator.reports.text import counted

    yield f"{counted(exported.rows, 'row')} of run {run_id} in {path}"
    if path.suffix.lower() != ".xlsx" or not exported.rows:
        return
    if exported.marked:
        marked = counted(exported.marked, "cell")
        if exported.comments == exported.marked:
            yield f"{marked} to mend: marked, with a comment that says why"
        else:
            yield (
                f"{marked} to mend: marked; the first {exported.comments:,} have a comment that "
                "says why, the others their reason in migrator_message (Excel is slow with more)"
            )
    if exported.dropdowns:
        yield f"dropdowns: {printable(', '.join(exported.dropdowns))}"
    elif not exported.mapping_name:
        yield "no dropdowns: name the mapping with -m MAPPING"
