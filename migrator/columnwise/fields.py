"""The cells of one column, for one field: which of them are refused, and what was met.

Owns the three ways to know a cell without asking: it was asked before; it has the shape of a number
that was (digits make no difference to whether it is one); its day and its time of day each were.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from itertools import repeat
from typing import Final
from zoneinfo import ZoneInfo

from migrator.cells import is_blank
from migrator.columnwise.meetings import Meetings
from migrator.columnwise.trial import Answer, Trial
from migrator.convert.dates import reader
from migrator.convert.day_table import Cut, cut_of, offset_of_day
from migrator.convert.memory import LONGEST_REMEMBERED
from migrator.mapping import ColumnField, DateTime, Mapping, Number, Text
from migrator.model import Cell
from migrator.zones import zone

_MOST_KNOWN: Final = 8_192  #: Answers kept per field.
_MOST_SHAPES: Final = 1_024
_MOST_DAYS: Final = 40_000
_MOST_CLOCKS: Final = 90_000  #: More than a day has seconds.
_NO_DIGITS: Final = str.maketrans("123456789", "000000000")
_EDGE: Final = 1
"""Days after the first and before the last one on which a cell may be the earliest or the latest in
UTC: no zone ever moved its clocks back by more than one day."""


Row = int | str
"""A row's number; with its file where the rows are of several."""


class FieldColumn:
    """A field that takes any cell as it comes, asked once for each different one.

    Args:
        trial: Answers for a cell.
        is_clock: Whether its values are instants.
    """

    def __init__(self, trial: Trial, *, is_clock: bool = False) -> None:
        self._trial = trial
        self._known: dict[Hashable, Answer] = {}
        self.met = Meetings(is_clock=is_clock)

    def refused(self, cells: Sequence[Cell], rows: Sequence[Row]) -> list[int]:
        """The places whose cells refuse their row.

        Args:
            cells: Of one column.
            rows: Their row numbers.
        """
        return self._asked(cells, rows, range(len(cells)))

    def left_alone(self, cells: Sequence[Cell], places: Sequence[int]) -> list[int]:
        """Those of the places for whose cells nothing is sent."""
        return [place for place in places if self._is_left_alone(cells[place])]

    def _is_left_alone(self, cell: Cell) -> bool:
        answer = self._answer(cell)
        return answer.value is None and not answer.is_refused

    # -------------------------------------------------------------- asking

    def _asked(
        self, cells: Sequence[Cell], rows: Sequence[Row], places: Iterable[int]
    ) -> list[int]:
        """The same for some places, each looked up or asked."""
        refused, met = [], self.met
        for place in places:
            cell = cells[place]
            answer = self._known.get(cell) or self._answer(cell)
            if answer.is_refused:
                refused.append(place)
                continue
            met.meet(cell, answer.value, rows[place])
            if answer.doubt:
                met.doubt(answer.doubt, cell, rows[place])
        return refused

    def _answer(self, cell: Cell) -> Answer:
        answer = self._known.get(cell)
        if answer is None:
            answer = self._trial(cell)
            if not isinstance(cell, str) or len(cell) <= LONGEST_REMEMBERED:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[cell] = answer
        return answer

    def _ask_until_varied(self, cells: Sequence[Cell], rows: Sequence[Row]) -> None:
        """Look at values only as long as the field seems to have but one."""
        if self.met.is_varied:
            return
        asked = set()
        for place, cell in enumerate(cells):
            if cell not in asked:
                asked.add(cell)
                self.met.meet(cell, self._answer(cell).value, rows[place])
                if self._is_varied():
                    return

    def _is_varied(self) -> bool:
        return self.met.is_varied


class Repeated(FieldColumn):
    """A column in which few different cells come again and again."""

    def refused(self, cells: Sequence[Cell], rows: Sequence[Row]) -> list[int]:
        """The places whose cells refuse their row."""
        known, fresh = self._known, set(cells)
        if len(fresh) * 2 > len(cells):
            return self._asked(cells, rows, range(len(cells)))
        self._ask_until_varied(cells, rows)
        odd = {
            cell
            for cell in fresh
            if (answer := known.get(cell) or self._answer(cell)).is_refused or answer.doubt
        }
        if not odd:
            return []
        return self._asked(cells, rows, [at for at, cell in enumerate(cells) if cell in odd])


class Plain(FieldColumn):
    """A column of text that goes as it is; only blanks and long texts can be anything else.

    Args:
        trial: Answers for a cell.
        longest: Characters that any value may have; None for no bound.
        asks_blanks: Whether a blank may refuse its row.
        special: Texts that mean something else.
    """

    def __init__(
        self, trial: Trial, *, longest: int | None, asks_blanks: bool, special: Collection[str]
    ) -> None:
        super().__init__(trial)
        self._longest, self._asks_blanks = longest, asks_blanks
        self._special = frozenset(special)

    def refused(self, cells: Sequence[Cell], rows: Sequence[Row]) -> list[int]:
        """The places whose cells refuse their row."""
        self._ask_until_varied(cells, rows)
        odd: list[int] = []
        if self._asks_blanks:
            odd = [at for at, cell in enumerate(cells) if self._means_another(cell)]
        longest = self._longest
        if longest is not None:
            odd += [
                at
                for at, cell in enumerate(cells)
                if not isinstance(cell, str) or len(cell) > longest
            ]
        return sorted(set(self._asked(cells, rows, odd))) if odd else []

    def left_alone(self, cells: Sequence[Cell], places: Sequence[int]) -> list[int]:
        """Those of the places for whose cells nothing is sent."""
        if not self._special and _has_no_blank(cells):
            return []
        return super().left_alone(cells, [at for at in places if self._means_another(cells[at])])

    def _means_another(self, cell: Cell) -> bool:
        return isinstance(cell, str) and (is_blank(cell) or cell.strip() in self._special)


class Shapes(FieldColumn):
    """A column of numbers: whether a text is one, no digit of it decides."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial)
        self._good: set[str] = set()

    def refused(self, cells: Sequence[Cell], rows: Sequence[Row]) -> list[int]:
        """The places whose cells refuse their row."""
        self._ask_until_varied(cells, rows)
        try:
            joined = "\n".join(cells)  # type: ignore[arg-type] # what is no text is told by this
        except TypeError:
            return self._asked(cells, rows, range(len(cells)))
        shapes = joined.translate(_NO_DIGITS).split("\n")
        if len(shapes) != len(cells):
            return self._asked(cells, rows, range(len(cells)))
        if self._good.issuperset(shapes):
            return []
        return self._learn(cells, rows, shapes)

    def _learn(self, cells: Sequence[Cell], rows: Sequence[Row], shapes: list[str]) -> list[int]:
        refused = []
        for place, shape in enumerate(shapes):
            if shape not in self._good:
                refused += self._asked(cells, rows, [place])
                answer = self._answer(cells[place])
                if answer.value and not answer.doubt and len(self._good) < _MOST_SHAPES:
                    self._good.add(shape)
        return refused

    def left_alone(self, cells: Sequence[Cell], places: Sequence[int]) -> list[int]:
        """Those of the places for whose cells nothing is sent."""
        return super().left_alone(cells, [at for at in places if _has_no_digit(cells[at])])


class Clocks(FieldColumn):
    """A column of days with times of day.

    A day is known once a cell of it was asked and its zone had one offset all day, a time of day
    once a cell was asked that had it on such a day. Then every cell with both has a value, and its
    local time exists once.

    Args:
        trial: Answers for a cell.
        field: The field.
        cut: How its texts fall into a day and a time of day.
        where: Its zone.
    """

    def __init__(self, trial: Trial, field: DateTime, cut: Cut, *, where: ZoneInfo) -> None:
        super().__init__(trial, is_clock=True)
        self._read, self._cut, self._where = reader(field.formats), cut, where
        # The same cut, without a call of Python for each cell.
        self._halves = str.partition if cut.halves("1 2 3")[0] == "1" else str.rpartition
        self._days: dict[str, int] = {}  #: Each day's number in the calendar.
        self._names: set[str] = set()  #: Of the days.
        self._clocks: set[str] = set()
        self._first, self._last = date.max.toordinal(), 0
        self._edge: set[str] = set()  #: Days on which a cell may be the earliest or the latest.

    def refused(self, cells: Sequence[Cell], rows: Sequence[Row]) -> list[int]:
        """The places whose cells refuse their row."""
        try:
            halves = map(self._halves, cells, repeat(" "))  # type: ignore[arg-type] # it may fail
            days, _, clocks = zip(*halves, strict=True)
        except TypeError:
            return self._asked(cells, rows, range(len(cells)))
        if self._names.issuperset(days) and self._clocks.issuperset(clocks):
            self._ask_until_varied(cells, rows)
            edge = self._edge
            if edge.isdisjoint(days):
                return []
            return self._asked(cells, rows, [at for at, day in enumerate(days) if day in edge])
        return self._look(cells, rows, days, clocks)

    def _look(
        self, cells: Sequence[Cell], rows: Sequence[Row], days: Sequence[str], clocks: Sequence[str]
    ) -> list[int]:
        refused = []
        for place, (day, clock) in enumerate(zip(days, clocks, strict=True)):
            is_known = day in self._names and clock in self._clocks
            if is_known and day not in self._edge:
                continue
            refused += self._asked(cells, rows, [place])
            if not is_known:
                self._learn(cells[place], day, clock)
        return refused

    def _learn(self, cell: Cell, day: str, clock: str) -> None:
        answer = self._answer(cell)
        if not answer.value or answer.doubt or not self._cut.is_clean(day, clock):
            return
        readings = self._read(cell) if isinstance(cell, str) else ()
        if len(readings) != 1 or not _is_one_day(readings[0].moment.date(), self._where):
            return
        if len(self._days) < _MOST_DAYS and len(self._clocks) < _MOST_CLOCKS:
            self._days[day] = number = readings[0].moment.toordinal()
            self._names.add(day)
            self._clocks.add(clock)
            self._move_edge(day, number)

    def _move_edge(self, day: str, number: int) -> None:
        if self._first <= number <= self._last:
            if number <= self._first + _EDGE or number >= self._last - _EDGE:
                self._edge.add(day)
            return
        self._first, self._last = min(self._first, number), max(self._last, number)
        low, high = self._first + _EDGE, self._last - _EDGE
        self._edge = {day for day, other in self._days.items() if other <= low or other >= high}


def _has_no_blank(cells: Sequence[Cell]) -> bool:
    """Whether all are texts, and none of them blank."""
    try:
        return all(map(str.strip, cells))  # type: ignore[arg-type] # it tells by failing
    except TypeError:
        return False


def _has_no_digit(cell: Cell) -> bool:
    return not isinstance(cell, str) or not any(map(str.isdigit, cell))


@lru_cache(maxsize=4096)
def _is_one_day(day: date, where: ZoneInfo) -> bool:
    """Whether the zone has one offset all day long."""
    if day.toordinal() in {1, date.max.toordinal()}:
        return False
    return offset_of_day(datetime.combine(day, time()), where) is not None


# ------------------------------------------------------------------ which one


def field_column(trial: Trial, field: ColumnField, mapping: Mapping) -> FieldColumn:
    """The quickest way to know the cells of a field."""
    special = list(_special(field, mapping))
    has_digits = any(map(str.isdigit, "".join(special)))
    match field:
        case Text():
            asks = bool(field.required or field.blank == "error")
            return Plain(trial, longest=field.max_length, asks_blanks=asks, special=special)
        case Number() if not has_digits:
            return Shapes(trial)
        case DateTime():
            cut = cut_of(field.formats)
            if cut is None or has_digits:
                return FieldColumn(trial, is_clock=True)
            where = zone(field.timezone or mapping.source.timezone or "UTC")
            return Clocks(trial, field, cut, where=where)
        case _:
            return Repeated(trial)


def _special(field: ColumnField, mapping: Mapping) -> Iterator[str]:
    """Texts that the field or its file takes for blank, or for the wish to clear."""
    for part in (field, mapping.source):
        yield from part.blank_values or ()
        if part.clear_value is not None:
            yield part.clear_value
