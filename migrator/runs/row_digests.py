"""Digests of source rows: two rows with the same one give the same update.

Owns what goes into them: the cells that the mapping uses, the mapping, the users that it looks up,
and this program's version, since a newer one may read a cell otherwise.
"""

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import orjson

from migrator import __version__
from migrator.ledger.columns import cells_json
from migrator.mapper import Mapper
from migrator.mapping import Mapping
from migrator.model import Cell

DIGEST_SIZE: Final = 16  #: Bytes: as `migrator.model.text_digest`.


class RowDigests:
    """The digests of one sheet's rows by one mapping.

    Args:
        mapping: The mapping.
        mapper: The same, compiled for the sheet.
        users: What it looks users up in; None for nothing.
    """

    def __init__(
        self, mapping: Mapping, mapper: Mapper, *, users: ReadOnly[str, str] | None = None
    ) -> None:
        seed = orjson.dumps([__version__, mapping.digest, users], option=orjson.OPT_SORT_KEYS)
        self._begun = blake2b(seed, digest_size=DIGEST_SIZE)
        self._places = mapper.places

    def of(self, cells: Sequence[Cell]) -> bytes:
        """A row's digest; b"" for one that cannot be mapped."""
        try:
            return self._digest(tuple(cells[place] for place in self._places))
        except (IndexError, TypeError):  # too few cells, or half a character
            return b""

    def of_columns(self, by_column: Sequence[Sequence[Cell]]) -> list[bytes]:
        """The digests of many rows, given by their columns."""
        rows = list(zip(*(by_column[place] for place in self._places), strict=True))
        try:
            return list(map(self._digest, rows))
        except TypeError:
            return [self.of(cells) for cells in zip(*by_column, strict=True)]

    def _digest(self, cells: tuple[Cell, ...]) -> bytes:
        digest = self._begun.copy()
        digest.update(cells_json(cells))
        return digest.digest()
