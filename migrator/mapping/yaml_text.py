"""The text of a mapping as plain dicts, lists and texts, with the line of every key.

Owns the reading of YAML: every scalar stays the text it is, so `no`, `12:30` and `0123` never
become something else; tags, duplicate keys and floods of aliases are refused. It knows nothing
of what a mapping means.
"""

import re
from typing import Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from migrator.mapping.complaints import Complaint, complain

MOST_ALIASES: Final = 32  #: A mapping repeats a value map here and there; a bomb repeats itself.
MOST_NESTING: Final = 16  #: The language needs four levels.
QUESTION: Final = "???"  #: Of a draft: a place where a person has to write the answer.
_NAME_ASKED: Final = re.compile(r"mx_Custom_\?+")  #: Of a draft: the number is not known.
_NAME_ADVICE: Final = (
    "Put the field's number in place of the ?; `migrator fields --type N` lists them. Or make the "
    "field a comment again."
)
_ANSWER: Final = "Write the answer in its place; the comments above it say what to think of."
_BEGIN: Final = (
    "Check that -m names the mapping; it begins with `version: 1`, and docs/mapping.md shows a "
    "whole one."
)
_QUOTES: Final = 'Put the text in double quotes: "…".'
_TAKE_OUT: Final = "Take the escape out, such as \\0 or \\uD800."
_UNSENDABLE: Final = re.compile("[\x00\ud800-\udfff]")  #: NUL, and halves of characters.
_ONE_DOCUMENT: Final = "Leave out the line `---`: one file, one mapping."

Plain = str | list["Plain"] | dict[str, "Plain"]
Path = tuple[str | int, ...]


class Content(NamedTuple):
    """A mapping's text, read."""

    values: dict[str, Plain]
    lines: dict[Path, int]  #: Of every key and list item; the first line is 1.
    complaints: list[Complaint]  #: What is wrong without keeping the rest from being read.
    empty: list[Path]  #: Keys without a value, which read as "".
    open: list[Path]  #: Where a draft asks: what holds `???`, or a key without its number.


def read_yaml(text: str, *, name: str) -> Content:
    """Read the text of a mapping.

    Raises:
        MappingError: The text is no YAML, or none that a mapping may be.
    """
    try:
        _refuse_what_is_unsafe(text, name=name)
        root = YAML(typ="safe", pure=True).compose(text)
    # An escape beyond Unicode and a strange %YAML line come out of the library as these.
    except (YAMLError, ValueError, OverflowError, AssertionError) as error:
        complain([_of_the_library(error, text)], name=name)
    if not isinstance(root, MappingNode):
        found = "empty" if root is None else "no list of keys with values"
        complain([Complaint(1, f"the mapping is {found}", _BEGIN)], name=name)
    builder = _Builder()
    values = builder.mapping(root, ())
    return Content(values, builder.lines, builder.complaints, builder.empty, builder.open)


def _refuse_what_is_unsafe(text: str, *, name: str) -> None:
    """Look at the events alone, before anything is built from them."""
    seen = _Seen()
    for event in YAML(typ="safe", pure=True).parse(text):
        refusal = seen.refusal(event)
        if refusal is not None:
            complain([Complaint(event.start_mark.line + 1, *refusal)], name=name)


class _Seen:
    """What went by while the events of a text are looked at."""

    def __init__(self) -> None:
        self.documents = 0
        self.aliases = 0
        self.anchors: set[str] = set()
        self.open: list[str | None] = []  #: Anchors of the collections around the next event.

    def refusal(self, event: Event) -> tuple[str, str] | None:
        """Problem and advice for what no mapping may contain."""
        tag = getattr(event, "tag", None)
        if tag is not None:
            return f'the tag "{tag}" is not allowed', "Leave it out: every value is read as text."
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                return "a second document begins", _ONE_DOCUMENT
        if isinstance(event, AliasEvent):
            return self._of_an_alias(event.anchor)
        return self._of_a_node(event)

    def _of_an_alias(self, anchor: str) -> tuple[str, str] | None:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            return f"more than {MOST_ALIASES} aliases", "Write the values out where they stand."
        if anchor in self.open:
            return f'"{anchor}" contains itself', "Write its values out."
        return None

    def _of_a_node(self, event: Event) -> tuple[str, str] | None:
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            if anchor in self.anchors:
                return f'the anchor "{anchor}" stands twice', "Give the second another name."
            self.anchors.add(anchor)
        if isinstance(event, CollectionEndEvent):
            self.open.pop()
        if isinstance(event, CollectionStartEvent):
            self.open.append(anchor)
            if len(self.open) > MOST_NESTING:
                return f"more than {MOST_NESTING} levels", "Compare it with docs/mapping.md."
        return None


# ------------------------------------------------------------------ from nodes to plain values


class _Builder:
    """Builds the plain values of one text."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.complaints: list[Complaint] = []
        self.empty: list[Path] = []
        self.open: list[Path] = []
        self._built: dict[int, Plain] = {}  #: By the node: what an alias names is built once.

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Plain]:
        """A node's keys and values."""
        built: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._complain(line, "a key is a list or a mapping", _QUOTES)
                continue
            key = self._text(key_node, line)
            here = (*path, key)
            if _NAME_ASKED.fullmatch(key):
                self._complain(line, f'"{key}" is an open question of the draft', _NAME_ADVICE)
                self.open.append(path)
                continue
            if key in built:
                advice = f"It stands in line {self.lines.get(here, line)} too; keep one."
                self._complain(line, f'"{key}" stands twice', advice)
                continue
            self.lines[here] = line
            built[key] = self._plain(value_node, here)
        return built

    def _plain(self, node: Node, path: Path) -> Plain:
        if isinstance(node, ScalarNode):
            if not node.value and node.style is None:
                self.empty.append(path)
            if node.value == QUESTION and node.style is None:
                self.open.append(path)
                problem = f"{dotted(path)} is an open question of the draft"
                self._complain(node.start_mark.line + 1, problem, _ANSWER)
            return self._text(node, node.start_mark.line + 1)
        if id(node) not in self._built:
            self._built[id(node)] = (
                self.mapping(node, path)
                if isinstance(node, MappingNode)
                else self._items(node, path)
            )
        return self._built[id(node)]

    def _text(self, node: ScalarNode, line: int) -> str:
        text = str(node.value)
        if _UNSENDABLE.search(text):
            self._complain(line, "a character that no text can hold is written here", _TAKE_OUT)
        return text

    def _items(self, node: Node, path: Path) -> list[Plain]:
        items = []
        for number, item in enumerate(node.value):
            self.lines[*path, number] = item.start_mark.line + 1
            items.append(self._plain(item, (*path, number)))
        return items

    def _complain(self, line: int, problem: str, advice: str) -> None:
        self.complaints.append(Complaint(line, problem, advice))


def dotted(path: Path) -> str:
    """A place in the mapping as a person would say it.

    >>> dotted(("fields", "mx_Custom_8", "formats", 0))
    'fields.mx_Custom_8.formats[1]'
    """
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


# ------------------------------------------------------------------ the library's own errors

_COLON: Final = "mapping values are not allowed"
_CLOSE: Final = "Close the quote or bracket that is opened there."
_ADVICE: Final = (
    (_COLON, f"A text with a colon and a space needs quotes. {_QUOTES}"),
    ("character '\\t'", "Indent with spaces; a tab is not allowed."),
    ("cannot start any token", f"A text cannot begin with this character as it is. {_QUOTES}"),
    ("but found '{'", f"A text with braces needs quotes. {_QUOTES}"),
    ("end of stream", _CLOSE),
    ("<stream end>", _CLOSE),
    ("undefined alias", f"A text that begins with * needs quotes. {_QUOTES}"),
    ("another document", _ONE_DOCUMENT),
)


def _has_two_colons(text: str, line: int) -> bool:
    """Whether a line has a colon in its value, too, and is not just indented wrongly."""
    lines = text.splitlines()
    return line < len(lines) and len(re.findall(r":(?:\s|$)", lines[line])) > 1


def _of_the_library(error: Exception, text: str) -> Complaint:
    """What ruamel.yaml found, with our advice."""
    if not isinstance(error, YAMLError):
        advice = "Look for a wrong escape such as \\UFFFFFFFF, or a line that begins with %YAML."
        return Complaint(1, f"this is not YAML ({error})", advice)
    if not isinstance(error, MarkedYAMLError):
        # A ReaderError knows the place of a control character but no line.
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        return Complaint(line, "a control character stands here", "Take it out.")
    said = re.sub(r"\s+", " ", f"{error.context or ''}: {error.problem or error}").strip(": ")
    mark = error.problem_mark or error.context_mark
    advice = next((advice for part, advice in _ADVICE if part in said), "")
    if advice is _CLOSE:
        mark = error.context_mark or mark  # the file's end helps nobody
    elif mark is not None and said.startswith(_COLON) and not _has_two_colons(text, mark.line):
        advice = "Indent this line as those of its level are, with spaces."
    return Complaint(
        mark.line + 1 if mark is not None else 1,
        f"this is not YAML ({said})",
        advice or "Check indentation, quotes and brackets; docs/mapping.md shows a whole mapping.",
    )
