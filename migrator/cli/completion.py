"""`migrator completion`: a script by which a shell completes commands, options and file names."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from migrator.errors import ExitCode

EPILOG = """\
PowerShell and fish have none.

examples:
  migrator completion bash >> ~/.bash_completion
  migrator completion zsh > ~/.zfunc/_migrator       (with fpath+=~/.zfunc in ~/.zshrc)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "shell", choices=("bash", "zsh", "tcsh"), metavar="SHELL", help="%(choices)s"
    )


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from migrator.cli import build_parser

    parser = build_parser()
    for action in _actions(parser):
        if action.type is Path or action.dest == "sheet":
            setattr(action, "complete", shtab.FILE)  # noqa: B010 - argparse does not know it
    print(shtab.complete(parser, options.shell))
    return ExitCode.OK


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Those of the parser and of its commands."""
    for action in parser._actions:  # noqa: SLF001 - argparse tells them in no other way
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for command in action.choices.values():
                yield from _actions(command)
