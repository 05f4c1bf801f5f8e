"""Why the quotes of a text file do not fit, and where that began.

Owns the search and the words. The file is read once more from its beginning: csv does not say
where a quote opened.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migrator.errors import SourceError
from migrator.loader.dialect import Quoting
from migrator.loader.text import Encoding, WatchedBytes, open_text
from migrator.redact import printable

_BEFORE: Final = 20  #: Characters shown in front of the place in a line.
_SHOWN: Final = 70  #: Characters of a line that are shown.


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record that does not parse went wrong."""

    line: int  #: On which its last quoted cell opens; else on which the record begins.
    is_quoted: bool  #: Whether a quoted cell opens in it.
    text: str  #: The line on which it shows; of a quote that is never closed, the opening one.


def find_place(
    path: Path,
    encoding: Encoding,
    *,
    delimiter: str,
    quoting: Quoting,
    first: int,
    last: int,
) -> Place:
    """Walk through a record that csv could not read, from its first line to the last one read."""
    line, opens, is_quoted, text, state = 0, first, False, "", "start"
    with open_text(WatchedBytes(path, encoding), encoding) as lines:
        for line, content in enumerate(lines, start=1):
            if line < first:
                continue
            if line > last:
                break
            for character in content:
                before, state = state, _next_state(state, character, delimiter, quoting)
                if before == "start" and state == "quoted":
                    opens, is_quoted, text = line, True, content
                if state == "stray":
                    return Place(line=opens, is_quoted=is_quoted, text=content)
    return Place(line=opens, is_quoted=is_quoted, text=text)


def _next_state(state: str, character: str, delimiter: str, quoting: Quoting) -> str:
    """One step through a record: start of a cell, plain, quoted, closing quote, or stray text.

    After an escape character, "+" stands behind the state to which the next one leads back.
    """
    if state.endswith("+"):
        return state[:-1]
    if character == quoting.escape and state != "closing":
        return "quoted+" if state == "quoted" else "plain+"
    if state == "quoted":
        return "closing" if character == quoting.quote else "quoted"
    if character == quoting.quote:
        return {"start": "quoted", "closing": "quoted"}.get(state, state)
    if character == delimiter or character in "\r\n":
        return "start"
    return "stray" if state == "closing" else "plain"


# ------------------------------------------------------------------ in words


def stray_text(place: Place, quoting: Quoting, *, now: int, where: str) -> SourceError:
    """Text after the quote that closes a cell; ``now`` is the line on which it stands."""
    quote = quoting.quote
    return SourceError(
        f"a quoted cell ends on line {now}, but text follows the closing quote",
        where=f"{where}: line {place.line}",
        advice=_backslashes(place, quoting)
        or f"A quote inside a cell must be doubled ({quote}{quote}), and one that opens a cell "
        "must close it. Correct the line, or export the file again.",
    )


def never_closed(place: Place, quoting: Quoting, *, where: str) -> SourceError:
    """The end of the file, or an endless cell, inside quotes."""
    return SourceError(
        "a quote opens a cell here and is never closed",
        where=f"{where}: line {place.line}",
        advice=_backslashes(place, quoting)
        or "Close the quote on this line, or export the file again; what follows cannot be "
        "read safely.",
    )


def nothing_escaped(place: Place, quoting: Quoting, *, where: str) -> SourceError:
    """An escape character with nothing behind it."""
    return SourceError(
        f"the file ends with the escape character {quoting.escape}",
        where=f"{where}: line {place.line}",
        advice="The file is cut off, or escape is not declared rightly in the mapping's source.",
    )


def _backslashes(place: Place, quoting: Quoting) -> str:
    r"""What to do when the line writes a quote as ``\"``; "" when it does not."""
    written = f"\\{quoting.quote}"
    at = place.text.find(written)
    if quoting.escape or at < 0:
        return ""
    start = max(0, at - _BEFORE) if len(place.text.rstrip()) > _SHOWN else 0
    shown = place.text.rstrip()[start : start + _SHOWN]
    return (
        f"A quote inside a cell seems to be written as {written} here:\n"
        f"    {printable(shown)}\n"
        "  If so, declare it in the mapping, `source: {escape: '\\'}`; if not, correct the line: a "
        f"quote inside a cell must be doubled ({quoting.quote}{quoting.quote})."
    )
