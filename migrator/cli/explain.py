"""`migrator explain`: what a code means, and how to mend it."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migrator.catalogue import Kind

EPILOG = """\
Without a code it lists all of them.

examples:
  migrator explain not-a-date
  migrator explain MXInvalidEntityReferenceException
  migrator explain 10
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "code", nargs="?", metavar="CODE", help="such as not-a-date, MXXSSException or 10"
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(options: argparse.Namespace) -> int:
    """Explain one code, or list them all."""
    from migrator.cli.screen import show

    chosen = None if options.code is None else _chosen(options.code)
    if options.json:
        print(_json(chosen))
    else:
        for line in _list_lines() if chosen is None else _lines(chosen):
            show(line)
    return ExitCode.OK


def _chosen(name: str) -> "Kind":
    from migrator.catalogue import all_kinds, find
    from migrator.cli.usage import near

    kind = find(name)
    if kind is not None:
        return kind
    names = [name for one in all_kinds() for name in (one.code, *one.exceptions)]
    raise UsageError(
        f'there is no code "{name}"',
        advice=f"{near(name, names)}`migrator explain` lists them all. Of an exception of "
        "LeadSquared that is not there, no more is known than its message says.",
    )


def _lines(kind: "Kind") -> Iterator[str]:
    yield f"{kind.code}: {kind.title}"
    yield f"  {kind.means}"
    yield f"what to do: {kind.mend}"
    if kind.exceptions:
        yield f"LeadSquared says: {', '.join(kind.exceptions)}"


def _list_lines() -> Iterator[str]:
    from migrator.catalogue import CATALOGUE

    for part, kinds in CATALOGUE.items():
        yield f"{part}:"
        yield from (f"  {kind.code:<22} {kind.title}" for kind in kinds)


def _json(chosen: "Kind | None") -> str:
    import orjson

    from migrator.catalogue import all_kinds

    found: object = chosen._asdict() if chosen else [kind._asdict() for kind in all_kinds()]
    return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
