"""The column of ids: which are refused, of which kind they are, and which come again.

Owns the digests by which ids are told apart: a GUID is its own, another id has one of 16 bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from migrator.mapper import Mapper
from migrator.mapping import Constant, Mapping
from migrator.model import Cell, IdKind, Rejected, SourceRow, Update, opportunity_key

_ID: Final = "\0id"
_HEX: Final = str.maketrans("123456789abcdefABCDEF", "0" * 21)
_SHAPE: Final = "00000000-0000-0000-0000-000000000000"
_NO_KEY: Final = bytes(16)


class IdColumn:
    """The ids of a source.

    Args:
        mapping: The whole mapping.
        make: Compiles a mapping for a header.
    """

    def __init__(
        self, mapping: Mapping, *, make: Callable[[Mapping, tuple[str, ...]], Mapper] = Mapper
    ) -> None:
        identity = mapping.opportunity.id.model_copy(update={"column": _ID})
        opportunity = mapping.opportunity.model_copy(update={"id": identity, "note": ""})
        fields = {"Status": Constant(constant="")}
        self._mapper = make(replace(mapping, opportunity=opportunity, fields=fields), (_ID,))
        self._code = mapping.opportunity.type
        # A GUID is a GUID whatever its digits are, unless it is asked to be something else.
        self._takes_guids = mapping.opportunity.id.kind != "auto_id"
        self.first: dict[IdKind, tuple[str, int | str, str]] = {}  #: File, row and id of each kind.

    def look(
        self, cells: Sequence[Cell], rows: Sequence[int | str], file: str
    ) -> tuple[bytes, list[int]]:
        """A digest of 16 bytes for each id, equal ones for one opportunity; and who has none.

        Args:
            cells: Of the id's column; at least one.
            rows: Their rows.
            file: Whose rows they are.

        Returns:
            The digests one behind the other, and the places of the ids that are refused.
        """
        digits = self._all_guids(cells)
        if digits is not None:
            self._meet(IdKind.GUID, file, rows[0], str(cells[0]))
            return digits, []
        found = [self._key(cell, row, file) for cell, row in zip(cells, rows, strict=True)]
        refused = [place for place, key in enumerate(found) if not key]
        return b"".join(key or _NO_KEY for key in found), refused

    def _all_guids(self, cells: Sequence[Cell]) -> bytes | None:
        """The digests where every id is a GUID with nothing around it."""
        if not self._takes_guids:
            return None
        try:
            joined = "\n".join(cells)  # type: ignore[arg-type] # what is no text is told by this
        except TypeError:
            return None
        if not joined.isascii() or set(joined.translate(_HEX).split("\n")) != {_SHAPE}:
            return None
        digits = bytes.fromhex(joined.replace("-", "").replace("\n", ""))
        return digits if len(digits) == 16 * len(cells) else None

    def _key(self, cell: Cell, row: int | str, file: str) -> bytes | None:
        found = self._mapper.map(SourceRow(file, "", 1, 1, (_ID,), (cell,)))
        if isinstance(found, Rejected):
            return None
        self._meet(found.id_kind, file, row, found.opportunity_id)
        return digest(found, self._code)

    def _meet(self, kind: IdKind, file: str, row: int | str, text: str) -> None:
        if kind not in self.first:
            self.first[kind] = (file, row, text)


def digest(update: Update, code: int) -> bytes:
    """The 16 bytes by which an opportunity is known here."""
    if update.id_kind is IdKind.GUID:
        return bytes.fromhex(update.opportunity_id.replace("-", ""))
    key = opportunity_key(update.opportunity_id, update.id_kind, code)
    return blake2b(key.encode(), digest_size=16).digest()
