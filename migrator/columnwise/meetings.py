"""What is met in a column on the way: the witnesses of a clock, doubtful cells, one value for all.

Owns the remembering; its memory does not grow with the rows.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from migrator.cells import cell_text
from migrator.model import Cell

ROWS_NAMED: Final = 20  #: Rows of which a number is kept.


class Witness(NamedTuple):
    """One cell of a datetime column, and what becomes of it."""

    row: int | str
    text: str  #: As the sheet has it.
    utc: str  #: As it is sent: YYYY-MM-DD HH:MM:SS.


@dataclass(slots=True)
class Doubtful:
    """Cells that a policy took, although they could be refused."""

    count: int = 0
    rows: list[int | str] = field(default_factory=list)  #: The first.
    example: str = ""


class Meetings:
    """What one field met.

    Args:
        is_clock: Whether the values are instants, so that witnesses are kept.
    """

    def __init__(self, *, is_clock: bool) -> None:
        self._is_clock = is_clock
        self.value: str | None = None  #: The first one sent.
        self.is_varied = False  #: Another one was met.
        self.doubts: dict[str, Doubtful] = {}  #: By code.
        self.earliest: Witness | None = None
        self.latest: Witness | None = None
        self.summer: Witness | None = None  #: The nearest to the first of July.
        self.winter: Witness | None = None  #: The nearest to the first of January.

    def meet(self, cell: Cell, value: str | None, row: int | str) -> None:
        """A cell that gives a value."""
        if value is None:
            return
        if self.value is None:
            self.value = value
        elif value != self.value:
            self.is_varied = True
        if self._is_clock and value:
            self._witness(Witness(row, cell_text(cell), value))

    def doubt(self, code: str, cell: Cell, row: int | str) -> None:
        """A cell that a policy took."""
        doubtful = self.doubts.setdefault(code, Doubtful(example=cell_text(cell)))
        doubtful.count += 1
        if len(doubtful.rows) < ROWS_NAMED:
            doubtful.rows.append(row)

    def _witness(self, found: Witness) -> None:
        if self.earliest is None or found.utc < self.earliest.utc:
            self.earliest = found
        if self.latest is None or found.utc > self.latest.utc:
            self.latest = found
        if self.summer is None or _from(found, 7) < _from(self.summer, 7):
            self.summer = found
        if self.winter is None or _from(found, 1) < _from(self.winter, 1):
            self.winter = found


def _from(found: Witness, month: int) -> int:
    """Days to the first of a month, whatever the year.

    >>> _from(Witness(2, "", "2024-12-31 00:00:00"), 1)
    1
    """
    day = date.fromisoformat(found.utc[:10]).timetuple().tm_yday
    away = abs(day - (1 if month == 1 else 182))
    return min(away, 366 - away)
