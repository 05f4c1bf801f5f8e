r"""The text of a draft: texts quoted so that they load as they are, entries, comments.

Owns the writing; what is written is decided elsewhere. Lines that begin with ``##`` explain, lines
with one ``#`` are suggestions: taking ``# `` away from any of them leaves a mapping.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from migrator.drafting.model import Entry, Item, Key
from migrator.mapping.yaml_scalar import scalar
from migrator.redact import printable

QUESTION: Final = "???"
UNKNOWN: Final = "mx_Custom_?"  #: Stands where no SchemaName is known.
_WIDTH: Final = 100
_LONGEST_SHOWN: Final = 40  #: Characters of a cell that a comment shows.
_WHOLE: Final = ("type", "header_row", "max_length")
_UNSENDABLE: Final = re.compile("[\x00\ud800-\udfff]")


def can_stand(text: str) -> bool:
    """Whether a mapping can hold the text: NUL and half characters cannot be written in one."""
    return not _UNSENDABLE.search(text)


def shown(text: str) -> str:
    """A cell for a comment: short, white space at its ends made visible.

    >>> shown("won "), shown("x" * 50)
    ('"won "', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…')
    """
    cut = text[:_LONGEST_SHOWN] + ("…" if len(text) > _LONGEST_SHOWN else "")
    return f'"{cut}"' if text != text.strip() else cut


def commented(text: str, *, indent: int = 0) -> Iterator[str]:
    """An explanation as lines, broken at words."""
    # A long word without a blank would be cut nowhere: comments have no end of line to keep.
    yield from textwrap.wrap(
        _harmless(text),
        _WIDTH,
        initial_indent=f"{'':{indent}}## ",
        subsequent_indent=f"{'':{indent}}##   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _harmless(text: str) -> str:
    """Without what no YAML may contain, not even in a comment."""
    return re.sub("[\ufff0-\uffff]", lambda found: f"\\u{ord(found.group()):04x}", printable(text))


# ------------------------------------------------------------------ entries


def entry_lines(entry: Entry) -> Iterator[str]:
    """The lines of a field; commented out where it is a suggestion."""
    name = entry.schema_name or UNKNOWN
    short = _in_one_line(name, entry.keys)
    if short is not None and len(short) + 4 <= _WIDTH:
        lines: Iterable[str] = [short]
    else:
        lines = [f"{name}:", *(line for key in entry.keys for line in key_lines(key, indent=2))]
    for line in lines:
        yield f"  {line}" if entry.is_live else f"  # {line}"


def _in_one_line(name: str, keys: tuple[Key, ...]) -> str | None:
    """The short form, where nothing has to be explained."""
    if any(key.items or key.hints or key.asks for key in keys):
        return None
    return f"{name}: {{{', '.join(f'{key.name}: {_value(key)}' for key in keys)}}}"


def key_lines(key: Key, *, indent: int) -> Iterator[str]:
    """A key with its explanations above it."""
    for hint in key.hints:
        yield from commented(hint, indent=indent)
    if not key.name:
        return
    has_lines = key.items and not key.asks
    yield f"{'':{indent}}{key.name}:{'' if has_lines else f' {_value(key)}'}"
    yield from _items(key.items, indent=indent + 2)


def _value(key: Key) -> str:
    if key.pairs:
        return f"{{{', '.join(f'{name}: {scalar(value)}' for name, value in key.pairs)}}}"
    if key.value is None:
        return QUESTION
    if isinstance(key.value, str):
        return key.value if _is_whole(key) else scalar(key.value)
    return f"[{', '.join(map(scalar, key.value))}]"


def _is_whole(key: Key) -> bool:
    """Whether the value is a number in the language itself, which needs no quotes."""
    return key.name in _WHOLE and key.value is not None and str(key.value).isdecimal()


def _item(item: Item) -> str:
    value = QUESTION if item.value is None else scalar(item.value)
    return f"{'' if item.is_live else '# '}{scalar(item.key)}: {value}"


def _items(items: Iterable[Item], *, indent: int) -> Iterator[str]:
    lines = [(_item(item), item.remark) for item in items]
    widest = max((len(text) for text, _ in lines if len(text) <= _LONGEST_SHOWN), default=0)
    for text, remark in lines:
        yield f"{'':{indent}}{text:<{widest}}  # {_harmless(remark)}"
