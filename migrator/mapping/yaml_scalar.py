"""A text as YAML that the mapping's reader, and every other, gives back as it is.

Owns the quoting of single texts, for whoever writes parts of a mapping; `yaml_text` reads them.
"""

import re
from typing import Final

_PLAIN: Final = re.compile(r"[^\W\d_](?:[\w().%+/-]|[ ](?![ ]|$))*")
_BY_QUOTES_ONLY: Final = frozenset(
    ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none")
)
"""Plain, other readers of YAML would take these for something else."""

_ESCAPED: Final = re.compile(
    '["\\\\\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ud800-\udfff'
    "\ufeff\ufff0-\uffff]"
)
"""What cannot stand in double quotes, or could not be seen there."""


def scalar(text: str) -> str:
    r"""A text as it can stand anywhere in a mapping.

    >>> scalar("First name"), scalar("no"), scalar("12:30"), scalar("a: b")
    ('First name', '"no"', '"12:30"', '"a: b"')
    >>> scalar('say "x"\n'), scalar("")
    ('"say \\"x\\"\\x0a"', '""')
    """
    if _PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in _BY_QUOTES_ONLY:
        return text
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if character in '"\\':
        return f"\\{character}"
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
