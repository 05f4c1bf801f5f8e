"""Reasons without the values in them, so that equal reasons are counted together.

Owns the masking and the counting; it prints nothing.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from migrator.model import Reason

ROWS_NAMED: Final = 20  #: Row numbers that a reason lists.

_MASKS: Final = (
    (re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "<id>"),
    (re.compile(r"\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']*'(?!\w)"), "<value>"),
    # Not the number of a SchemaName: mx_Custom_2 and mx_Custom_3 are two reasons.
    (re.compile(r"(?<![\w_])\d[\d.,:/-]*"), "<number>"),
)

_FROM_QUOTE_TO_QUOTE: Final = (
    re.compile(r"(?s)[\"“].*…\Z|[\"“].*[\"”]|[\"“].*"),
    re.compile(r"(?s)(?<!\w)'.*…\Z|(?<!\w)'.*'(?!\w)|(?<!\w)'.*"),
)
"""The greatest stretch that may be a value; where it is cut off, all the rest."""


def masked(text: str) -> str:
    """The text with ids, quoted values and numbers replaced.

    >>> masked('mx_Custom_2: "won " is not an option (row 17)')
    'mx_Custom_2: <value> is not an option (row <number>)'
    """
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return text


def without_values(text: str) -> str:
    """As `masked`, for what must show no value: from the first quote to the last all is hidden.

    A value may hold quotes itself, and where it ends is then nobody's to tell.

    >>> without_values('Amount: "5" pipe of Miller" is not a number (row 17)')
    'Amount: <value> is not a number (row <number>)'
    """
    for pattern in _FROM_QUOTE_TO_QUOTE:
        text = pattern.sub("<value>", text)
    return masked(text)


class Reasons:
    """Counts reasons by code, title and masked text.

    Args:
        most: Reasons kept apart; a further text is counted under code and title alone. None: all.
        names_files: Whether rows are named with their file, as of several files they must be.
    """

    def __init__(self, *, most: int | None = None, names_files: bool = False) -> None:
        self._most, self._names_files = most, names_files
        self._groups: dict[tuple[str, str, str], _Group] = {}

    def add(
        self, title: str, text: str, advice: str, *, code: str, row: int, file: str = ""
    ) -> None:
        """Count one row's reason, as it came; the row is one of this file's."""
        key = (code, title, masked(text))
        if key not in self._groups:
            if self._most is not None and len(self._groups) >= self._most:
                key = (code, title, "")
            self._groups.setdefault(key, _Group(example=text, advice=advice))
        group = self._groups[key]
        group.count += 1
        if len(group.rows) < ROWS_NAMED:
            group.rows.append(f"{file}:{row}" if self._names_files else row)

    def listed(self) -> list[Reason]:
        """The commonest first."""
        return [
            Reason(
                code=code,
                title=title,
                text=text,
                count=group.count,
                rows=tuple(group.rows),
                example=group.example,
                advice=group.advice,
            )
            for (code, title, text), group in sorted(
                self._groups.items(), key=lambda g: -g[1].count
            )
        ]


@dataclass(slots=True, kw_only=True)
class _Group:
    example: str
    advice: str
    count: int = 0
    rows: list[int | str] = field(default_factory=list)
