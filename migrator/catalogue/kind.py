"""What a kind of trouble is: a code, what it means, how to mend it.

Owns the form of an entry. The entries stand in the modules beside it.
"""

from enum import StrEnum
from typing import NamedTuple


class Part(StrEnum):
    """Where a kind is met; the headings of the catalogue."""

    READING = "Reading the sheet"
    MAPPING = "Mapping a cell"
    FITTING = "Fitting LeadSquared's fields"
    ANSWERS = "What LeadSquared answers"
    OUTCOMES = "What became of a row"
    FACTS = "What `check` tells of a sheet"
    CAUTIONS = "What `inspect` tells of a column"
    ENDS = "How a command ends"


class Kind(NamedTuple):
    """One kind of trouble."""

    code: str  #: Short and fixed, such as "not-a-date".
    title: str  #: In a few words, without a full stop.
    means: str  #: What it means, in whole sentences.
    mend: str  #: How to mend it, in whole sentences.
    exceptions: tuple[str, ...] = ()  #: LeadSquared's ExceptionTypes of this kind.
