"""Truth values, by the usual words or by declared ones.

Owns these words only.
"""

from collections.abc import Callable
from typing import Final

from migrator.cells import cell_text
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.mapping import Boolean
from migrator.model import Cell

_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")


def boolean_conversion(field: Boolean) -> Callable[[Cell], str | Refused]:
    """The conversion to ``true`` or ``false``."""
    words = dict.fromkeys((word.casefold() for word in field.true or _TRUE), "true")
    words |= dict.fromkeys((word.casefold() for word in field.false or _FALSE), "false")
    known = ", ".join([*(field.true or _TRUE), *(field.false or _FALSE)])

    def convert(cell: Cell) -> str | Refused:
        text = cell_text(cell).strip()
        return words.get(text.casefold()) or Refused(
            Fault.NOT_A_BOOLEAN,
            f"{quoted(text)} is neither yes nor no",
            f"Write one of: {known}; or declare `true: [...]` and `false: [...]`.",
        )

    return convert
