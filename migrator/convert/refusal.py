"""Why a cell gives no value.

Owns the names by which problems are grouped: every code that mapping a row can give stands here.
It decides nothing.
"""

from enum import StrEnum
from typing import Final, NamedTuple

_MOST_SHOWN: Final = 60  #: Characters of a value in a reason; the whole one is in the problem.


class Fault(StrEnum):
    """What is wrong with a cell or a row, as `Problem.code`; the loader has codes of its own."""

    NOT_A_NUMBER = "not-a-number"
    NOT_AN_INTEGER = "not-an-integer"
    NOT_A_BOOLEAN = "not-a-boolean"
    NOT_A_DATE = "not-a-date"
    NOT_A_DATETIME = "not-a-datetime"
    NOT_A_CHOICE = "not-a-choice"
    NOT_A_PHONE = "not-a-phone"
    NOT_AN_EMAIL = "not-an-email"
    NOT_A_USER = "not-a-user"  #: Of the account, or not an active one.
    SEVERAL_READINGS = "several-readings"  #: Two dates, or two numbers, by what is declared.
    HAS_TIME = "has-time"  #: A day is wanted, and the cell has a time besides.
    NO_TIME = "no-time"  #: A datetime is wanted, and the cell has a day alone.
    NO_ZONE = "no-zone"  #: An Excel datetime, and nobody says in which zone.
    NONEXISTENT_TIME = "nonexistent-time"
    AMBIGUOUS_TIME = "ambiguous-time"
    OUT_OF_RANGE = "out-of-range"
    BLANK = "blank"  #: Where the mapping asks for a value.
    CLEAR_VALUE = "clear-value"  #: The clear value where nothing can be cleared.
    OVER_MAX_LENGTH = "over-max-length"
    NO_ID = "no-id"
    NOT_A_GUID = "not-a-guid"
    DAMAGED_ID = "damaged-id"  #: Excel made a number of it.
    DAMAGED_TEXT = "damaged-text"  #: A NUL or half a character, which cannot be sent.
    CELL_COUNT = "cell-count"  #: Not as many cells as columns.


class Refused(NamedTuple):
    """A cell that cannot be read as its field says."""

    fault: Fault
    reason: str  #: Without a full stop at the end.
    advice: str  #: In whole sentences.


def quoted(text: str) -> str:
    r"""The text in double quotes, shortened, with no other double quotes in it.

    >>> quoted('5" pipe')
    '"5\' pipe"'
    """
    shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    return '"' + shown.replace('"', "'") + '"'
