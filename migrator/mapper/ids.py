"""The cell that names the opportunity.

Owns what an id may look like, and which damage to it is told from an id.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from migrator.cells import cell_text
from migrator.convert import Fault, Refused, quoted
from migrator.mapper.meaning import Meaning
from migrator.model import Cell, IdKind

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EXPONENT: Final = re.compile(r"[0-9.,]+[eE][+-]?[0-9]+")
_BLANKS: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_AROUND_ID: Final = _BLANKS + "{}\"'\u201c\u201d\u2018\u2019"
"""White space, braces and quotes, curly ones too; cut together, for they come in any order."""


class Identity(NamedTuple):
    """How the row names its opportunity."""

    text: str  #: As it is sent.
    kind: IdKind


def identity_reader(kind: str, meaning: Meaning) -> Callable[[Cell], Identity | Refused]:
    """Reads ids of a kind: ``guid``, ``auto_id`` or ``any``."""

    def read(cell: Cell) -> Identity | Refused:
        text = cell_text(cell).strip(_AROUND_ID)
        if kind != "auto_id" and GUID.fullmatch(text):
            return Identity(text, IdKind.GUID)
        if not text or meaning.of(text) is not None:
            return Refused(
                Fault.NO_ID,
                "the row names no opportunity",
                "Fill in the id, or take the row out.",
            )
        if _EXPONENT.fullmatch(text):
            return Refused(
                Fault.DAMAGED_ID,
                f"{quoted(text)} looks like an id that Excel made a number of",
                "Export again with the column as text: the lost digits cannot be found.",
            )
        if kind == "guid":
            return Refused(
                Fault.NOT_A_GUID,
                f"{quoted(text)} is not a GUID",
                "Correct the cell; or declare `kind: auto_id` for values of the AutoId field.",
            )
        return Identity(text, IdKind.AUTO_ID)

    return read
