"""Which opportunities stand in several rows: exactly, in little memory.

Owns the digests of all rows, in a temporary file where they are many, and the search among them.
"""

import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DIGEST: Final = 16  #: Bytes.
FEW: Final = 50_000
_IN_MEMORY: Final = 4 * 1024**2  #: Bytes of digests; more go to a file.
_GROUPS_NAMED: Final = 20


class Duplicates:
    """The digests of rows, one for each; close it, or use it in a ``with``.

    Args:
        few: Rows up to which they are compared without numpy, which takes a moment to load.
    """

    def __init__(self, *, few: int = FEW) -> None:
        self._few_rows = few
        self._digests = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._rows = array("I")
        self._starts: list[int] = []  #: Where the rows of each file begin.
        self._files: list[str] = []
        self.opportunities = 0  #: That stand in several rows.
        self.rows = 0  #: In which they stand.
        self.first: list[tuple[tuple[str, int], ...]] = []  #: The first of them: file and row.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._digests.close()

    def add(
        self, digests: bytes, rows: Sequence[int], file: str, *, without: Collection[int] = ()
    ) -> None:
        """Take in rows of a file.

        Args:
            digests: Of 16 bytes, one behind the other.
            rows: Their numbers.
            file: The file's name.
            without: Places among them that are left out.
        """
        if not self._files or self._files[-1] != file:
            self._files.append(file)
            self._starts.append(len(self._rows))
        if without:
            kept = [place for place in range(len(rows)) if place not in without]
            each = (digests[_DIGEST * place : _DIGEST * (place + 1)] for place in kept)
            digests, rows = b"".join(each), [rows[place] for place in kept]
        self._digests.write(digests)
        self._rows.extend(rows)

    def search(self) -> None:
        """Find them; once, after the last row."""
        groups = self._few() if len(self._rows) <= self._few_rows else self._many()
        self.opportunities, self.rows = len(groups), sum(map(len, groups))
        named = sorted(groups, key=lambda group: group[0])[:_GROUPS_NAMED]
        self.first = [tuple(map(self._named, group[:_GROUPS_NAMED])) for group in named]

    def _named(self, place: int) -> tuple[str, int]:
        return self._files[bisect_right(self._starts, place) - 1], self._rows[place]

    def _few(self) -> list[list[int]]:
        self._digests.seek(0)
        places: dict[bytes, list[int]] = {}
        for place in range(len(self._rows)):
            places.setdefault(self._digests.read(_DIGEST), []).append(place)
        return [group for group in places.values() if len(group) > 1]

    def _many(self) -> list[list[int]]:
        """Those of equal short digests first: they are few, as a rule, and then looked at whole."""
        import numpy as np  # noqa: PLC0415 - small sheets do without it

        ordered = self._short()
        ordered.sort()
        doubled = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered
        if not len(doubled):
            return []
        places = np.flatnonzero(np.isin(self._short(), doubled))
        whole = self._whole(places)
        order = np.lexsort((whole[:, 1], whole[:, 0]))  # stable: places stay in their order
        whole, places = whole[order], places[order]
        cuts = np.flatnonzero((whole[1:] != whole[:-1]).any(axis=1)) + 1
        return [group.tolist() for group in np.split(places, cuts) if len(group) > 1]

    def _short(self) -> "NDArray[np.uint64]":
        import numpy as np  # noqa: PLC0415

        found = np.empty(len(self._rows), dtype=np.uint64)
        self._digests.seek(0)
        at = 0
        while data := self._digests.read(1024 * _DIGEST):
            halves = np.frombuffer(data, dtype=np.uint64).reshape(-1, 2)
            # Ids that count up differ in some bytes only: both halves must have their say.
            found[at : at + len(halves)] = (
                halves[:, 0] * np.uint64(0x9E3779B97F4A7C15) + halves[:, 1]
            )
            at += len(halves)
        return found

    def _whole(self, places: "NDArray[np.intp]") -> "NDArray[np.uint64]":
        import numpy as np  # noqa: PLC0415

        found = np.empty((len(places), 2), dtype=np.uint64)
        self._digests.seek(0)
        at = start = 0
        while data := self._digests.read(1024 * _DIGEST):
            halves = np.frombuffer(data, dtype=np.uint64).reshape(-1, 2)
            last = int(np.searchsorted(places, start + len(halves)))
            found[at:last] = halves[places[at:last] - start]
            at, start = last, start + len(halves)
        return found
