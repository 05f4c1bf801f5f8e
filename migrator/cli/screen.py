"""Lines on a screen: broken at words where the terminal is narrow, and as they are elsewhere.

Owns the breaking only; what goes to a file or a pipe is never touched.
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


def show(text: str, *, file: TextIO | None = None) -> None:
    """Print lines so that they fit the terminal, where there is one."""
    stream = file or sys.stdout
    columns = columns_of(stream)
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
