"""The catalogue: every kind of trouble that a person can meet, by its code.

Owns how a kind is found. Its layer lies low, so that whoever reports can use it.
"""

from collections.abc import Iterator
from typing import Final

from migrator.catalogue.answers import ANSWERS, OUTCOMES
from migrator.catalogue.kind import Kind, Part
from migrator.catalogue.remarks import CAUTIONS, ENDS, FACTS
from migrator.catalogue.sheets import FITTING, MAPPING, READING

__all__ = ["CATALOGUE", "Kind", "Part", "all_kinds", "find", "kind_of_answer", "known"]

CATALOGUE: Final = {
    Part.READING: READING,
    Part.MAPPING: MAPPING,
    Part.FITTING: FITTING,
    Part.ANSWERS: ANSWERS,
    Part.OUTCOMES: OUTCOMES,
    Part.FACTS: FACTS,
    Part.CAUTIONS: CAUTIONS,
    Part.ENDS: ENDS,
}


def all_kinds() -> Iterator[Kind]:
    """Every kind, in the order of the catalogue."""
    for kinds in CATALOGUE.values():
        yield from kinds


_BY_CODE: Final = {kind.code: kind for kind in all_kinds()}
_BY_EXCEPTION: Final = {
    exception.casefold(): kind for kind in ANSWERS for exception in kind.exceptions
}


def find(name: str) -> Kind | None:
    """The kind with this code, ExceptionType or exit code, in whatever case of letters.

    >>> [found.code for name in ("Not-A-Date", "MXXSSException", "7") if (found := find(name))]
    ['not-a-date', 'looks-like-markup', 'exit-7']
    """
    said = name.strip().casefold()
    return _BY_CODE.get(said) or _BY_EXCEPTION.get(said) or _BY_CODE.get(f"exit-{said}")


def known(code: str) -> Kind:
    """The kind with a code that the program itself gives.

    Raises:
        KeyError: The catalogue lacks it.
    """
    return _BY_CODE[code]


def kind_of_answer(exception: str) -> Kind:
    """The kind of a refusal by LeadSquared.

    Args:
        exception: The ExceptionType; "" where the answer had none.

    >>> [kind_of_answer(name).code for name in ("MXInvalidDataTypeException", "MXNew", "")]
    ['refused-data-type', 'other-refusal', 'other-answer']
    """
    if not exception:
        return known("other-answer")
    return _BY_EXCEPTION.get(exception.casefold(), known("other-refusal"))
