"""`migrator init`: a first mapping for a sheet."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.common import the_environment
from migrator.cli.reading import add_reading, reading_of, told_here
from migrator.errors import ExitCode, SourceError, UsageError

if TYPE_CHECKING:
    from migrator.drafting import Draft
    from migrator.metadata import Metadata

EPILOG = """\
What the cells prove is written; what they leave open stands as ???, which `check` and `run` refuse
until it is answered. With the account's metadata, columns are mapped to the fields of the same
name, and fields of a like name are suggested in comments.

examples:
  migrator init deals.xlsx                          the draft on the screen
  migrator init deals.xlsx -o mappings/deals.yaml --type 12000 --online
  migrator fields --type 12000 --save fields.json
  migrator init deals.xlsx -o mappings/deals.yaml --metadata fields.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_reading(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="the mapping; never one that is there"
    )
    parser.add_argument(
        "--type", type=_code, metavar="N", help="the opportunity type, by its number (event code)"
    )
    known = parser.add_mutually_exclusive_group()
    known.add_argument(
        "--online", action="store_true", help="read the type's fields from the account"
    )
    known.add_argument(
        "--metadata", type=Path, metavar="FILE", help="take them from `migrator fields --save FILE`"
    )
    parser.add_argument("--id", metavar="COLUMN", help="the column that holds the opportunity's id")
    parser.add_argument(
        "--timezone", metavar="ZONE", help="whose clock the sheet's times show: Asia/Kolkata"
    )


def run(options: argparse.Namespace) -> int:
    """Draft a mapping."""
    from migrator.runs.drafting import (
        draft_mapping,
        has_schema,
        refuse_place,
        write_draft,
    )
    from migrator.settings import memory_budget

    if options.output is not None:
        refuse_place(options.output)
    is_schema_new = options.output is not None and not has_schema(options.output.parent)
    try:
        drafted = draft_mapping(
            options.sheet_file,
            code=options.type,
            metadata=_metadata(options),
            timezone=options.timezone,
            id_column=options.id,
            reading=reading_of(options),
            beside=options.output,
            budget=memory_budget(the_environment()),
        )
    except SourceError as error:
        raise told_here(error, "init") from error
    if options.output is None:
        print(drafted.text, end="")
    else:
        write_draft(drafted.text, options.output)
    _tell(drafted, options, is_schema_new=is_schema_new)
    return ExitCode.OK


def _metadata(options: argparse.Namespace) -> "Metadata | None":
    """What the account says of the type, from itself or from a file."""
    if options.metadata is not None:
        from migrator.runs.metadata_files import load_metadata

        return load_metadata(options.metadata)
    if not options.online:
        return None
    if options.type is None:
        raise UsageError(
            "--online needs the opportunity type",
            advice="Add --type N. `migrator fields` lists the account's types.",
        )
    from migrator.cli.common import the_link
    from migrator.runs.reading import read_metadata

    return read_metadata(the_link(), options.type, users=True)


def _tell(drafted: "Draft", options: argparse.Namespace, *, is_schema_new: bool) -> None:
    """What the draft has come to, and what comes next; the draft itself may go to a pipe."""
    from migrator.cli.screen import show
    from migrator.reports.text import counted

    place = options.output or "the draft"
    mapped = f"{counted(drafted.mapped, 'column')} mapped"
    lines = [f"{place}: {mapped}, {counted(drafted.suggested, 'column')} to be looked at"]
    if drafted.questions:
        listed = ", ".join(map(str, drafted.questions))
        noun = "line" if len(drafted.questions) == 1 else "lines"
        lines.append(f"{counted(len(drafted.questions), 'question')} (???) in {noun} {listed}")
    if is_schema_new:
        lines.append("mapping.schema.json beside it lets an editor complete and check")
    if options.output is not None:
        sheet, mapping = shlex.quote(str(options.sheet_file)), shlex.quote(str(options.output))
        lines.append(f"next: migrator check {sheet} -m {mapping}")
    for line in lines:
        show(line, file=sys.stderr)


def _code(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 999_999_999):
        raise argparse.ArgumentTypeError(f'"{text}" is no opportunity type; it is a number')
    return int(text)
