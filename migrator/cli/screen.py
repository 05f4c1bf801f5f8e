"""Lines on a screen: broken at words where the terminal is narrow, and as they are elsewhere.

Owns the breaking, and how wide a text is and how it is cut for a table; what goes to a file or a
pipe is never broken.
"""

import os
import re
import sys
from typing import Final, TextIO

NARROWEST: Final = 30  #: Columns; below, the terminal may break lines itself.
_BEGINS: Final = re.compile(r" *(?:\d[\d,]* {2})?")
_COMMAND: Final = re.compile(r"`[^`]*`")
_NO_BREAK: Final = "\x00"
_WHOLE: Final = ("next: ", "ledger")  #: Commands and paths, to be copied in one piece.


class Whole(str):
    """A line to be copied in one piece, whatever the width."""

    __slots__ = ()


def show(text: str, *, file: TextIO | None = None) -> None:
    """Print lines so that they fit the terminal, where there is one."""
    stream = file or sys.stdout
    columns = 0 if isinstance(text, Whole) else columns_of(stream)
    print(fitted(text, columns) if columns else text, file=stream)


def fitted(text: str, columns: int) -> str:
    """The text with every line broken at words; commands stay whole, to be copied.

    >>> print(fitted("        2  rejected (never sent) by us", 30))
            2  rejected (never
               sent) by us
    """
    import textwrap

    def broken(line: str) -> str:
        if len(line) <= columns or line.lstrip().startswith(_WHOLE):
            return line
        begins = _BEGINS.match(line)
        indent = " " * len(begins.group() if begins else "")
        joined = _COMMAND.sub(lambda found: found.group().replace(" ", _NO_BREAK), line)
        lines = textwrap.wrap(
            joined[len(indent) :],
            columns,
            initial_indent=line[: len(indent)],
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return "\n".join(lines).replace(_NO_BREAK, " ")

    return "\n".join(map(broken, text.split("\n")))


def columns_of(stream: TextIO | None = None) -> int:
    """The terminal's width; 0 where there is none and lines are left alone."""
    stream = stream or sys.stdout
    try:
        columns = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0
    return columns if columns >= NARROWEST else 0


def cut(text: str, width: int) -> str:
    r"""A value in so many columns of the screen, with nothing in it that takes effect.

    White space at its ends is made visible by quotes.

    >>> cut("two\nlines", 24), cut("田中さくら", 7), cut("won ", 24)
    ('two\\nlines', '田中さ…', '"won "')
    """
    from migrator.redact import printable

    has_edges = text != text.strip()
    text = printable(text[: 4 * width]).replace("\xa0", "\\xa0")
    text = f'"{text}"' if has_edges else text
    if width_of(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        used += width_of(character)
        if used >= width:
            break
        kept += character
    return f"{kept}…"


def width_of(text: str) -> int:
    """Columns on the screen; a text of which nobody can tell counts by its characters."""
    from wcwidth import wcswidth

    width = wcswidth(text)
    return len(text) if width < 0 else width
