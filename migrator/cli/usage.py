"""What is wrong with a command line, in our words: argparse's differ from Python to Python.

Owns the wording only; what is right is declared where the options are.
"""

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

_CHOICE: Final = re.compile(r"argument (\S+): invalid choice: '?(.*?)'? \(choose from (.*)\)")
_REQUIRED: Final = re.compile(r"the following arguments are required: (.*)")
_REQUIRED_ONE: Final = re.compile(r"one of the arguments (.*) is required")
_ONE_OF: Final = re.compile(r"argument (\S+): not allowed with argument (\S+)")
_VALUE: Final = re.compile(r"argument (\S+): (.*)", re.DOTALL)


def advice_for(message: str, parser: argparse.ArgumentParser) -> tuple[str, str]:
    """Problem and advice for what argparse says."""
    look = f"`{parser.prog} --help` shows every option, with examples."
    if found := _CHOICE.match(message):
        known = re.findall(r"[\w-]+", found[3])
        thing = "command" if found[1] == "COMMAND" else f"value of {found[1]}"
        return f'there is no {thing} "{found[2]}"', f"{near(found[2], known)}{_known(known)} {look}"
    if missing := _missing(message):
        if missing == "COMMAND":
            return "a command is missing", look
        return f"{missing} is missing", f"{_usage(parser)} {look}"
    if found := _ONE_OF.match(message):
        return f"{found[1]} and {found[2]} exclude each other", f"Keep one of them. {look}"
    if found := _VALUE.match(message):
        return f"{found[1].replace('/', ' or ')}: {found[2]}", look
    return message, look


def _missing(message: str) -> str:
    """What argparse says is missing; "" when it says something else.

    >>> _missing("one of the arguments --lead-id --lead-field is required")
    '--lead-id or --lead-field'
    """
    if found := _REQUIRED_ONE.match(message):
        return found[1].replace(" ", " or ")
    found = _REQUIRED.match(message)
    return found[1].replace("/", " or ") if found else ""


def unknown_words(
    words: Sequence[str], command: str | None, parser: argparse.ArgumentParser
) -> tuple[str, str]:
    """Problem and advice for words that belong to no option of the command, or of none at all."""
    chosen = command_parser(parser, command)
    look = f"`{chosen.prog} --help` shows every option, with examples."
    first = words[0].partition("=")[0]
    if not first.startswith("-"):
        quotes = "A name with spaces needs quotes."
        return f'"{words[0]}" is one word too many', f"{quotes} {look}"
    known = [name for action in _actions(chosen) for name in action.option_strings]
    if command is None:
        look = f"Options stand behind the command: `{parser.prog} COMMAND --help` shows them."
    return f"{command or parser.prog} has no option {first}", f"{near(first, known)}{look}"


def command_parser(parser: argparse.ArgumentParser, command: str | None) -> argparse.ArgumentParser:
    """The parser of one command."""
    for action in _actions(parser):
        if isinstance(action.choices, dict) and command in action.choices:
            found: argparse.ArgumentParser = action.choices[command]
            return found
    return parser


def near(word: str, known: Sequence[str]) -> str:
    """The nearest of the known words as a question with a space after it, or nothing.

    >>> near("--limt", ["--limit", "--yes"])
    'Did you mean --limit? '
    >>> near("RUN", ["run", "runs"])
    'Did you mean run? '
    """
    folded = {one.casefold(): one for one in reversed(known)}
    found = get_close_matches(word.casefold(), list(folded), n=1)
    return f"Did you mean {folded[found[0]]}? " if found else ""


def _known(known: Sequence[str]) -> str:
    return f"There are: {', '.join(known)}."


def _usage(parser: argparse.ArgumentParser) -> str:
    """The shortest line that would do: the words without which the command cannot go."""
    words = [parser.prog]
    for action in _actions(parser):
        named = str(action.metavar or action.dest).upper()
        if action.option_strings and action.required:
            words.append(f"{action.option_strings[0]} {named}")
        elif not action.option_strings and action.nargs != "?":
            words.append(named)
    for group in parser._mutually_exclusive_groups:  # noqa: SLF001 - see `_actions`
        if group.required:
            first = group._group_actions[0]  # noqa: SLF001 - the same
            words.append(f"{first.option_strings[0]} {first.metavar}")
    return f"Write `{' '.join(words)}`."


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 - argparse tells them in no other way
