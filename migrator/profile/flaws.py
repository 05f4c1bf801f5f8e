"""What is wrong with texts whatever they mean: spaces at the ends, control characters, mojibake.

Owns the looking, done quickly: an ordinary stretch of texts is cleared as a whole.
"""

import re
from collections.abc import Callable
from typing import Final

from migrator.profile.sightings import Sightings, Stretch, is_ordinary

LONG_TEXT: Final = 200
"""Characters that an ordinary text field of LeadSquared takes; accounts differ."""

_BREAK: Final = re.compile("[\n\r\v\f\x85\u2028\u2029]")
_CONTROL: Final = re.compile(
    "[\x00-\x09\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060"
    "\u2066-\u2069\ufeff]"
)
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


def is_mojibake(text: str) -> bool:
    """Whether UTF-8 was read as if it were something else, or a character is lost already.

    >>> is_mojibake("JosÃ©"), is_mojibake("José"), is_mojibake("Jos\ufffd")
    (True, False, True)
    """
    if text.isascii():
        return False
    return "\ufffd" in text or any(_is_utf8_as(text, wrong) for wrong in ("cp1252", "latin-1"))


def _is_utf8_as(text: str, encoding: str) -> bool:
    try:
        meant = text.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return len(meant) < len(text) and not _UNSEEN.search(meant.translate(_BREAKS_GONE))


_BREAKS_GONE: Final = {ord(character): None for character in "\n\r\t"}

_TESTS: Final[dict[str, Callable[[str], object]]] = {
    "spaces-around": lambda text: text != text.strip(),
    "line-break": _BREAK.search,
    "control-character": _CONTROL.search,
    "mojibake": is_mojibake,
    "long-text": lambda text: len(text) > LONG_TEXT,
}


class Flaws:
    """What was seen in one column, by code."""

    def __init__(self) -> None:
        self.seen: dict[str, Sightings] = {code: Sightings() for code in _TESTS}

    def look(self, stretch: Stretch, longest: int) -> None:
        """Look at the texts of some rows, of which the longest has so many characters."""
        if longest <= LONG_TEXT and stretch.is_ordinary:
            return
        for text, count in stretch.texts.items():
            if len(text) > LONG_TEXT or not is_ordinary(text, 1):
                self._look_at(stretch, text, count)

    def _look_at(self, stretch: Stretch, text: str, count: int) -> None:
        for code, test in _TESTS.items():
            if test(text):
                self.seen[code].see(stretch, text, count)
