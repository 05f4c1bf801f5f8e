"""What a conversion remembers: bounded in number and in length.

Owns the bounds. Cells repeat, so remembering pays; a hostile sheet must not fill the memory by it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

MOST_REMEMBERED: Final = 16_384  #: Texts per field.
LONGEST_REMEMBERED: Final = 128  #: Characters; no date, address or number is longer.

Result = TypeVar("Result")


def remembering(convert: Callable[[str], Result]) -> Callable[[str], Result]:
    """The same function, which computes a short text once.

    >>> asked = []
    >>> length = remembering(lambda text: asked.append(text) or len(text))
    >>> length("a"), length("a"), asked
    (1, 1, ['a'])
    """
    kept = lru_cache(maxsize=MOST_REMEMBERED)(convert)

    def remembered(text: str) -> Result:
        return kept(text) if len(text) <= LONGEST_REMEMBERED else convert(text)

    return remembered
