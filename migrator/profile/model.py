"""What is known of a sheet's columns before any mapping: the nouns of a profile.

Owns values only: nothing here looks at a cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

ROWS_NAMED: Final = 5  #: Rows that a warning lists.
MOST_VALUES: Final = 50  #: Distinct values up to which a column lists all of them.


class Kind(StrEnum):
    """What a column holds, as far as its cells tell."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"  #: Times of day and durations, which only a workbook has as such.
    BOOLEAN = "boolean"
    GUID = "guid"
    EMAIL = "email"
    PHONE = "phone"
    BLANK = "blank"  #: Not one cell has a value.


class Form(StrEnum):
    """How one cell is written; every cell that is not blank has exactly one form."""

    TEXT = "text"
    BIT = "0 or 1"  #: A whole number, or a yes and no.
    INTEGER = "integer"  #: Digits alone, perhaps a minus.
    DECIMAL = "decimal"  #: Digits, one point, digits.
    WESTERN = "western grouping"  #: 1,234,567.5, which Indian grouping would write otherwise.
    INDIAN = "indian grouping"  #: 12,34,567.5, which western grouping would write otherwise.
    GROUPED = "western or indian grouping"  #: 12,345: both write it so.
    EUROPEAN = "decimal comma"  #: 1.234.567,5 or 12,5.
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    BOOLEAN = "boolean"  #: true, false, yes, no in any case.
    GUID = "guid"
    EMAIL = "email"
    PHONE = "phone"
    UNIT = "number with a unit"  #: A currency or a percent sign beside it.
    EXPONENT = "exponent"  #: 5E+10.
    PLACEHOLDER = "placeholder"  #: NA, null, -: words for nothing.
    ERROR = "error"  #: #N/A and other errors of a spreadsheet, as text.


class Sighting(NamedTuple):
    """A cell that a warning is about."""

    row: int  #: As Excel numbers it.
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something in a column that a person should know before mapping it."""

    code: str  #: Fixed, such as "leading-zeros"; programs go by it.
    text: str  #: A sentence.
    count: int  #: Cells it is about.
    sightings: tuple[Sighting, ...] = ()  #: The first of them, at most `ROWS_NAMED`.


class FormatCount(NamedTuple):
    """A pattern for `formats` in a mapping, and how many cells of the column it reads."""

    pattern: str
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOrder:
    """What the cells like 02/04/2024 say about which number is the day."""

    day_first: int = 0  #: Cells that can only be read day first, such as 31/01/2024.
    month_first: int = 0  #: Cells that can only be read month first.
    open: int = 0  #: Cells that can be read both ways, with two meanings.

    @property
    def is_day_first(self) -> bool | None:
        """True or False where all evidence points one way, None where none does or it differs."""
        if bool(self.day_first) == bool(self.month_first):
            return None
        return bool(self.day_first)


def settled(formats: tuple[FormatCount, ...], order: DayOrder) -> tuple[FormatCount, ...]:
    """The patterns that are left once the cells have settled which number is the day.

    >>> settled((FormatCount("%d/%m/%Y", 9), FormatCount("%m/%d/%Y", 4)), DayOrder(day_first=5))
    (FormatCount(pattern='%d/%m/%Y', cells=9),)
    """
    if order.is_day_first is None:
        return formats
    wrong = ("%m", "%d") if order.is_day_first else ("%d", "%m")
    return tuple(one for one in formats if (one.pattern[:2], one.pattern[3:5]) != wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column, looked at from its first row to its last."""

    name: str
    letter: str  #: As Excel shows it.
    kind: Kind
    fits: int  #: Cells that fit the kind.
    rows: int  #: Cells looked at, blank ones too.
    blanks: int  #: Empty or only white space.
    distinct: int  #: Different values; a lower bound unless `is_distinct_exact`.
    is_distinct_exact: bool
    longest: int  #: Characters of the longest cell.
    smallest: str | None  #: By the kind; None where there is none, or the day order is open.
    largest: str | None
    examples: tuple[str, ...]  #: The first different values.
    values: tuple[tuple[str, int], ...] | None  #: All with counts, commonest first; None: too many.
    forms: Mapping[Form, int]  #: How the cells are written; adds up to those not blank.
    formats: tuple[FormatCount, ...]  #: Of dates as text, commonest first; one cell may fit two.
    day_order: DayOrder
    fractions: int  #: Numbers with a fraction.
    moments: int  #: Cells that the workbook itself holds as dates or times.
    cautions: tuple[Caution, ...]

    @property
    def filled(self) -> int:
        """Cells that are not blank."""
        return self.rows - self.blanks

    @property
    def settled_formats(self) -> tuple[FormatCount, ...]:
        """The formats without those that the day order contradicts."""
        return settled(self.formats, self.day_order)
