"""Many rows at once: their cells read column by column, their updates put together.

Owns speed, and no rule: rows with a refusal, a cut or a damaged cell are only named here, and
mapped one by one by the caller. A million rows are a matter of seconds because of this module.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Final

from migrator.convert import Refused
from migrator.mapper.fields import Column, Field, OfRow
from migrator.mapper.ids import GUID, Identity
from migrator.mapper.meaning import Value
from migrator.model import Cell, FieldValue, IdKind, Rejected, SourceRow, Update

_CELLS: Final = attrgetter("cells")
_USUAL: Final[frozenset[type]] = frozenset({str, type(None)})
_FIELD_VALUE: Final = partial(tuple.__new__, FieldValue)  # a third of the time of FieldValue(...)
_UPDATE: Final = partial(tuple.__new__, Update)


class Batch:
    """Rows with as many cells as columns."""

    def __init__(self, rows: Sequence[SourceRow], *, positions: Iterable[int]) -> None:
        self.unusual: set[int] = set()  #: Which rows are to be mapped one by one.
        self._rows: list[tuple[Cell, ...]] = list(map(_CELLS, rows))
        turned = list(zip(*self._rows, strict=True))
        self._columns = {at: self._column(turned[at]) for at in positions} if turned else {}

    def updates(
        self,
        fields: Sequence[Field],
        *,
        note: OfRow | None,
        id_at: int,
        identity: Callable[[Cell], Identity | Refused],
        takes_guids: bool,
    ) -> list[Update | Rejected]:
        """The update of every row; worth nothing for the unusual ones."""
        if not self._rows:
            return []
        ids, kinds = self._ids(self._columns[id_at], identity, takes_guids=takes_guids)
        notes = repeat("") if note is None else self._notes(note)
        parts = zip(ids, kinds, notes, self._fields(fields), repeat(()), strict=False)
        return list(map(_UPDATE, parts))

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

    def _ids(
        self, column: Column, read: Callable[[Cell], Identity | Refused], *, takes_guids: bool
    ) -> tuple[Iterable[str], Iterable[IdKind]]:
        """Text and kind of every id."""
        cells = column.cells
        if takes_guids and column.is_text and all(map(GUID.fullmatch, cells)):  # type: ignore[arg-type]
            return cells, repeat(IdKind.GUID)  # type: ignore[return-value]
        found = [read(cell) for cell in cells]
        self._set_aside(found, usual=frozenset({Identity}))
        texts, kinds = zip(*[(identity[0], identity[1]) for identity in found], strict=True)
        return texts, kinds

    def _notes(self, make: OfRow) -> list[str]:
        notes = [make(cells) for cells in self._rows]
        self._set_aside(notes, usual=_USUAL)
        return [note if isinstance(note, str) else "" for note in notes]

    def _fields(self, fields: Sequence[Field]) -> Iterable[tuple[FieldValue, ...]]:
        """What each row sends: only as many objects are made as are kept."""
        if not fields:
            return repeat(())
        named: list[Iterable[FieldValue | None]] = []
        is_whole = True
        for field in fields:
            values = self._values(field)
            if self._set_aside(values, usual=_USUAL):
                named.append(map(_FIELD_VALUE, zip(repeat(field.name), values)))
            else:
                is_whole = False
                named.append(_some(field.name, values))
        rows = zip(*named, strict=True)
        return rows if is_whole else [tuple(filter(None, row)) for row in rows]

    def _values(self, field: Field) -> Sequence[Value]:
        if field.of_column is not None:
            return field.of_column(self._columns[field.at])
        return [field.of_row(cells) for cells in self._rows]

    def _set_aside(self, values: Sequence[object], *, usual: frozenset[type]) -> bool:
        """Note the rows whose value is of another kind; tells whether every value is a text."""
        kinds = set(map(type, values))
        if not kinds <= usual:
            self.unusual.update(
                position for position, value in enumerate(values) if type(value) not in usual
            )
        return kinds == {str}


def _some(name: str, values: Sequence[Value]) -> list[FieldValue | None]:
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
