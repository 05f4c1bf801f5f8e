"""The page of commands, from the parsers themselves.

Owns how a parser reads as Markdown. It formats by itself: what argparse prints differs from one
Python to the next, and a page that is compared must not.
"""

import argparse
import re
from collections.abc import Iterator

from migrator.cli import build_parser

HEAD = """\
# Commands

Every command with its options, as `migrator COMMAND --help` prints them. Options stand behind the
command; a sheet, a mapping and a run are named as in the examples. What each exit code means stands
on [a page of its own](exit-codes.md).
"""


def page() -> str:
    """All commands, in the order of `migrator --help`."""
    parts = [HEAD]
    for name, parser in _commands(build_parser()):
        parts.append("\n".join(_section(name, parser)))
    return "\n".join(parts)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each parser that is a command; for one that only leads to others, those."""
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                inner = [(f"{name} {below}", found) for below, found in _commands(command)]
                yield from inner or [(name, command)]


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # argparse tells them in no other way


def _section(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{_escaped(parser.description or '')}\n"
    yield f"```text\n{_usage(name, parser)}\n```\n"
    for group in parser._action_groups:  # the same
        actions = [action for action in group._group_actions if _is_shown(action)]
        if actions:
            yield from _table(group.title or "", actions)
    epilog = (parser.epilog or "").strip("\n")
    if epilog:
        yield f"```text\n{epilog}\n```\n"


def _is_shown(action: argparse.Action) -> bool:
    is_help = isinstance(action, argparse._HelpAction)
    return not is_help and action.help is not argparse.SUPPRESS


def _usage(name: str, parser: argparse.ArgumentParser) -> str:
    """What must be said, and that more can be."""
    actions = [action for action in _actions(parser) if _is_shown(action)]
    must = [_named(action) for action in actions if action.option_strings and action.required]
    either = [
        "(" + " | ".join(map(_named, group._group_actions)) + ")"
        for group in parser._mutually_exclusive_groups
        if group.required
    ]
    places = [_place(action) for action in actions if not action.option_strings]
    free = any(action.option_strings and not action.required for action in actions)
    words = ["migrator", name, *places, *must, *either, *(["[options]"] if free else [])]
    return " ".join(words)


def _place(action: argparse.Action) -> str:
    word = str(action.metavar or action.dest.upper())
    forms = {"+": f"{word} [{word} …]", "*": f"[{word} …]", "?": f"[{word}]"}
    return forms.get(str(action.nargs), word)


def _table(title: str, actions: list[argparse.Action]) -> Iterator[str]:
    own_titles = {"positional arguments": "argument", "options": "option"}
    if title not in own_titles:
        yield f"{title[:1].upper()}{title[1:]}:\n"
    yield f"| {own_titles.get(title, 'option')} | means |"
    yield "| --- | --- |"
    for action in actions:
        yield f"| {_names(action)} | {_means(action)} |"
    yield ""


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return _code(_place(action))
    names = [_code(name) for name in action.option_strings[:-1]]
    return ", ".join([*names, _code(_named(action))])


def _named(action: argparse.Action) -> str:
    """The option's long name, with its value."""
    value = _value(action)
    value = f"[{value}]" if action.nargs == "?" else value
    return f"{action.option_strings[-1]} {value}".strip()


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.metavar is not None:
        return str(action.metavar)
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def _means(action: argparse.Action) -> str:
    text = (action.help or "") % {**vars(action), "prog": "migrator"}
    default = action.default
    is_told = "default" in text or default in (None, False, "", argparse.SUPPRESS) or default == []
    told = "" if is_told or not action.option_strings else f" (default: {_number(default)})"
    needed = " Required." if action.option_strings and action.required else ""
    return _escaped(f"{text}{told}{needed}")


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", r"\|")


def _escaped(text: str) -> str:
    """Text as Markdown shows it; what stands in backquotes stays code."""
    pieces = re.split(r"(`[^`]*`)", text)
    plain = (re.sub(r"([*_<>\[\]\\$])", r"\\\1", piece) for piece in pieces[::2])
    mixed = [piece for both in zip(plain, [*pieces[1::2], ""], strict=True) for piece in both]
    return "".join(mixed).replace("|", r"\|")
