"""How the cells of a text file are told apart: delimiter, quote and escape character.

Owns the three and what they may be. It finds none of them: that is `delimiter`'s part.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from migrator.errors import SourceError

QUOTE: Final = '"'  #: Where nothing is declared.
NO_QUOTE: Final = "none"  #: What is declared for a file in which a quote is a letter like others.
_STATED: Final = re.compile(r'("?)sep=([^\r\n])\1(\r\n|\r|\n|\Z)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """What keeps a delimiter or a line end inside a cell."""

    quote: str = QUOTE  #: Stands around cells, and doubled inside them; "" for none.
    escape: str = ""  #: Takes the meaning from the character after it; "" for none.

    def reader(self, lines: Iterable[str], delimiter: str, *, is_strict: bool = True) -> Any:
        """A reader of the csv module, whose class has no public name."""
        return csv.reader(
            lines,
            delimiter=delimiter,
            quotechar=self.quote or None,
            escapechar=self.escape or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            strict=is_strict,
        )


PLAIN: Final = Quoting()


class WatchedLines:
    r"""Lines on their way to the csv module, which reads ``\N`` as "N" without a word.

    An escape character before a letter or digit means something that no rule here knows: a NULL in
    one database, a line break in another, a folder of Windows where the file has no escapes.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, quoting: Quoting) -> None:
        self.unknown = ""  #: The last such sequence since it was taken; "" for none.
        self._lines = iter(lines)
        self._escape, self._known = quoting.escape, delimiter + quoting.quote + quoting.escape
        self._sequence = re.compile(f"{re.escape(quoting.escape)}(.)", re.DOTALL)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if self._escape in line:
            for found in self._sequence.finditer(line):
                if found[1].isalnum() and found[1] not in self._known:
                    self.unknown = found[0]
        return line

    def take_unknown(self) -> str:
        """What was found since the last time."""
        found, self.unknown = self.unknown, ""
        return found


def check_quoting(quote: str | None, escape: str | None, *, where: str) -> Quoting:
    """The declared quote and escape character, if they can be such.

    Args:
        quote: One character, or "none" for a file without quoting; None is ``"``.
        escape: One character; None for none.
        where: The file, for errors.

    Raises:
        SourceError: One of them is not one character or a line end, or both are the same.
    """
    if quote not in {None, NO_QUOTE} and not _is_mark(quote or ""):
        raise SourceError(
            f"{quote!r} cannot be a quote",
            where=where,
            advice="Give one character, such as \" or ', or none for a file without quoting.",
        )
    if escape is not None and not _is_mark(escape):
        raise SourceError(
            f"{escape!r} cannot be an escape character",
            where=where,
            advice="Give one character, such as \\, or leave it out.",
        )
    found = Quoting(
        quote="" if quote == NO_QUOTE else QUOTE if quote is None else quote, escape=escape or ""
    )
    if found.escape and found.escape == found.quote:
        raise SourceError(
            f"{quote!r} is declared as quote and as escape character",
            where=where,
            advice="A quote that is doubled inside cells needs no escape: leave escape out.",
        )
    return found


def _is_mark(text: str) -> bool:
    return len(text) == 1 and text not in " \r\n\0"


def check_delimiter(declared: str, *, where: str, quoting: Quoting = PLAIN) -> str:
    """The declared delimiter, if it can be one.

    Raises:
        SourceError: It is not one character, or one that has another meaning.
    """
    taken = f"\r\n\0{quoting.quote}{quoting.escape}"
    if len(declared) == 1 and declared not in taken:
        return declared
    raise SourceError(
        f"{declared!r} cannot be a delimiter",
        where=where,
        advice='Give one character, such as "," ";" "|" or "\\t" (a tab).',
    )


def stated_delimiter(text: str) -> tuple[str, str] | None:
    r"""What the first line says about the delimiter, as Excel writes and obeys it; and that line.

    Source:
        Excel reads a first line ``sep=X`` as the delimiter and does not show it as a row.

    >>> stated_delimiter('sep=;\r\nId;Name\r\n')
    (';', 'sep=;\r\n')
    >>> stated_delimiter("Id;Name\n") is None
    True
    """
    found = _STATED.match(text)
    return (found[2], found[0]) if found else None


def sample_records(
    sample: str, delimiter: str, *, quoting: Quoting, is_whole: bool, most: int = 101
) -> list[list[str]]:
    """The first records of a text, as this delimiter splits them.

    Args:
        sample: The beginning of the file.
        delimiter: One character.
        quoting: What is obeyed.
        is_whole: Whether the sample is the whole file; else its last record is cut off.
        most: At most so many records are given.
    """
    records: list[list[str]] = []
    lines = io.StringIO(sample, newline="")
    try:
        for record in quoting.reader(lines, delimiter, is_strict=False):
            records.append(record)
            if len(records) >= most:
                return records
    except csv.Error:  # an endless cell: the reading itself will say so
        return records
    return records if is_whole or len(records) < 2 else records[:-1]
