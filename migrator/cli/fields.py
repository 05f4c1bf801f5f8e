"""`migrator fields`: the account's opportunity types, and the fields of one."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migrator.metadata import Metadata

EPILOG = """\
Host and keys are those of `run`. It makes reading calls only, and says which; it needs no ledger.
The saved file serves `check --metadata` and `init --metadata` without an account. Without --type
it holds every type.

example:
  migrator fields                                   the opportunity types
  migrator fields --type 12000                      the fields of one
  migrator fields --type 12000 --save deals.json    the same, kept in a file
  migrator fields --users                           the users, for Owner
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--type", type=code, metavar="N", help="event code of an opportunity type, such as 12000"
    )
    parser.add_argument("--users", action="store_true", help="list the account's users, too")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep what was read in a file")
    parser.add_argument(
        "--force", action="store_true", help="replace the file of --save, whatever it holds"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Read and show what the account says of itself."""
    from migrator.cli.described import described_json, described_lines
    from migrator.cli.screen import columns_of, show

    if options.force and options.save is None:
        raise UsageError("--force is for --save alone", advice="Name a file: --save FILE.")
    found = _read(options)
    if options.json:
        print(described_json(found))
    else:
        for line in described_lines(found, width=columns_of(), saved=options.save):
            show(line)
    return ExitCode.OK


def _read(options: argparse.Namespace) -> "Metadata":
    from migrator.cli.common import the_link
    from migrator.runs.metadata_files import refuse_overwriting, save_metadata
    from migrator.runs.reading import read_metadata

    link = the_link()
    save, event, users = options.save, options.type, options.users
    if save is not None and not options.force:
        refuse_overwriting(save, host=link.settings.account_host, code=event, users=users)
    found = read_metadata(link, event, users=users, every_field=save is not None)
    if save is not None:
        save_metadata(save, found)
        link.operator.say(f"saved as {save}")
    return found


def code(text: str) -> int:
    """An event code from ``--type``."""
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 9 and int(text)):
        raise argparse.ArgumentTypeError(
            f'"{text}" is no event code, a number such as 12000; `migrator fields` lists them'
        )
    return int(text)
