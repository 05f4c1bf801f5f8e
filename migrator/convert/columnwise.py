"""A conversion that reads the texts of a column together.

Owns the pair of ways only. Both give the same for every text; the second is there for speed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from migrator.convert.refusal import Refused
from migrator.model import Cell


@dataclass(frozen=True, slots=True)
class Columnwise:
    """One cell to a value, or many texts to many values."""

    one: Callable[[Cell], str | Refused]
    many: Callable[[Sequence[str]], Sequence[str | Refused] | None]
    """Values of texts, "" for a blank one; None where these texts must be read one by one."""

    def __call__(self, cell: Cell) -> str | Refused:
        """As `one`."""
        return self.one(cell)
