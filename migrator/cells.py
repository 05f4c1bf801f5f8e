"""A cell as text: how a cell reads, whether it is blank, and how a CSV export disguises it.

Owns the one rendering that mapping, exports and digests share. It never decides what a cell
means (`migrator.convert` does), and it reads and writes no file.
"""

from datetime import datetime, time, timedelta
from typing import Final

from migrator.model import Cell

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet program take a CSV cell for a formula; OWASP "CSV Injection", 2026."""

ESCAPE: Final = "'"
_ESCAPED_STARTS: Final = (*FORMULA_STARTS, ESCAPE)
_WRITTEN_STARTS: Final = tuple(ESCAPE + start for start in _ESCAPED_STARTS)


def cell_text(cell: Cell) -> str:
    """The cell as text, the same everywhere: in templates, choices, ids, exports and digests.

    Fractions of a second are not shown; the loader has rounded them away.

    >>> cell_text("200,000")
    '200,000'
    >>> from datetime import date
    >>> cell_text(date(2024, 4, 2)), cell_text(datetime(2024, 4, 2, 12, 13, 44))
    ('2024-04-02', '2024-04-02 12:13:44')
    >>> cell_text(time(9, 5)), cell_text(timedelta(hours=30, minutes=2))
    ('09:05:00', '30:02:00')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, time):
        return cell.isoformat("seconds")
    if isinstance(cell, timedelta):
        return _duration_text(cell)
    return cell.isoformat()


def is_blank(cell: Cell) -> bool:
    """Whether the cell is empty or only white space; a date or a time never is.

    >>> is_blank(""), is_blank("  "), is_blank("0")
    (True, True, False)
    """
    return isinstance(cell, str) and (not cell or cell.isspace())


def escape_formula(text: str) -> str:
    """The text as a CSV cell that no spreadsheet program takes for a formula.

    A text that begins like a formula, or with an apostrophe, gets one apostrophe in front;
    `unescape_formula` takes it away again, so nothing is lost on the way.

    >>> escape_formula("=1+1"), escape_formula("'tis"), escape_formula("200,000")
    ("'=1+1", "''tis", '200,000')
    """
    return ESCAPE + text if text.startswith(_ESCAPED_STARTS) else text


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given; any other text comes back as it is.

    >>> unescape_formula("'=1+1"), unescape_formula("''tis"), unescape_formula("'tis")
    ('=1+1', "'tis", "'tis")
    """
    return text[1:] if text.startswith(_WRITTEN_STARTS) else text


def _duration_text(duration: timedelta) -> str:
    sign = "-" if duration < timedelta(0) else ""
    minutes, seconds = divmod(abs(duration) // timedelta(seconds=1), 60)
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
