"""Many rows at once: their cells read column by column, their updates put together.

Owns speed, and no rule: rows with a refusal, a cut or a damaged cell are only named here, and
mapped one by one by the caller. A million rows are a matter of seconds because of this module.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Final

from migrator.convert import Refused
from migrator.mapper.fields import Column, Field, OfRow
from migrator.mapper.ids import GUID, Identity
from migrator.model import Cell, FieldValue, IdKind, Rejected, SourceRow, Update

_CELLS: Final = attrgetter("cells")
_IDENTITY: Final[frozenset[type]] = frozenset({Identity})
_USUAL: Final[frozenset[type]] = frozenset({str, type(None)})
_FIELD_VALUE: Final = partial(tuple.__new__, FieldValue)  # a third of the time of FieldValue(...)
_UPDATE: Final = partial(tuple.__new__, Update)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedColumns:
    """What some rows send, column by column."""

    count: int  #: Of the rows.
    ids: Sequence[str]
    kinds: Sequence[IdKind]
    notes: Sequence[str] | None  #: "" where none is sent; None: the mapping has no note.
    fields: Sequence[tuple[str, Sequence[str | None]]]  #: SchemaName and values; None: left alone.
    unusual: Mapping[int, Update | Rejected]
    """Rows that were mapped one by one (refused, cut, of another length), by their position. What
    stands in the columns at these positions is worth nothing."""

    def results(self) -> list[Update | Rejected]:
        """The update of every row, or the row that was refused."""
        notes = repeat("") if self.notes is None else self.notes
        parts = zip(self.ids, self.kinds, notes, self._rows(), repeat(()), strict=False)
        results: list[Update | Rejected] = list(map(_UPDATE, parts))
        for position, result in self.unusual.items():
            results[position] = result
        return results

    def _rows(self) -> Iterable[tuple[FieldValue, ...]]:
        """What each row sends: only as many objects are made as are kept."""
        if not self.fields:
            return repeat((), self.count)
        is_whole = True
        named: list[Iterable[FieldValue | None]] = []
        for name, values in self.fields:
            if None in values:
                is_whole = False
                named.append(_some(name, values))
            else:
                named.append(map(_FIELD_VALUE, zip(repeat(name), values)))
        rows = zip(*named, strict=True)
        return rows if is_whole else [tuple(filter(None, row)) for row in rows]


class Batch:
    """Rows with as many cells as columns, while they are read."""

    def __init__(self, rows: Sequence[SourceRow], *, positions: Iterable[int]) -> None:
        self.unusual: set[int] = set()  #: Which rows are to be mapped one by one.
        self._rows: list[tuple[Cell, ...]] = list(map(_CELLS, rows))
        turned = list(zip(*self._rows, strict=True))
        self._columns = {at: self._column(turned[at]) for at in positions}

    def _column(self, cells: Sequence[Cell]) -> Column:
        try:
            joined, is_text = "".join(cells), True  # type: ignore[arg-type] # it tells by failing
        except TypeError:
            joined, is_text = "".join([cell for cell in cells if isinstance(cell, str)]), False
        if not is_sendable(joined):
            self.unusual.update(
                position
                for position, cell in enumerate(cells)
                if isinstance(cell, str) and not is_sendable(cell)
            )
        return Column(cells, is_text)

    def ids(
        self, at: int, read: Callable[[Cell], Identity | Refused], *, takes_guids: bool
    ) -> tuple[Sequence[str], Sequence[IdKind]]:
        """Text and kind of every id."""
        column = self._columns[at]
        cells = column.cells
        if takes_guids and column.is_text and all(map(GUID.fullmatch, cells)):  # type: ignore[arg-type]
            return cells, [IdKind.GUID] * len(cells)  # type: ignore[return-value]
        found = [read(cell) for cell in cells]
        self._set_aside(found, usual=_IDENTITY)
        # A refusal has reason and advice in these places, which nobody reads.
        return [identity[0] for identity in found], [identity[1] for identity in found]  # type: ignore[misc]

    def notes(self, make: OfRow) -> list[str]:
        """The note of every row."""
        notes = [make(cells) for cells in self._rows]
        self._set_aside(notes, usual=_USUAL)
        return [note if isinstance(note, str) else "" for note in notes]

    def field(self, field: Field) -> tuple[str, Sequence[str | None]]:
        """A field's name and its values."""
        if field.of_column is not None:
            values = field.of_column(self._columns[field.at])
        else:
            values = [field.of_row(cells) for cells in self._rows]
        self._set_aside(values, usual=_USUAL)
        return field.name, values  # type: ignore[return-value]

    def _set_aside(self, values: Sequence[object], *, usual: frozenset[type]) -> None:
        """Note the rows whose value is of another kind."""
        if not set(map(type, values)) <= usual:
            self.unusual.update(
                position for position, value in enumerate(values) if type(value) not in usual
            )


def _some(name: str, values: Sequence[str | None]) -> list[FieldValue | None]:
    """A field that not every row sends."""
    return [None if value is None else _FIELD_VALUE((name, value)) for value in values]


def is_sendable(text: str) -> bool:
    """Whether it has no NUL, which no CRM stores, and no half character, which has no UTF-8."""
    if text.isascii():  # known to the text itself
        return "\0" not in text
    try:
        text.encode()  # Several times faster than a pattern, and every row comes here.
    except UnicodeEncodeError:
        return False
    return "\0" not in text
