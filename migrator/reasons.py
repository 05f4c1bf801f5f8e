"""Reasons without the values in them, so that equal reasons are counted together.

Owns the masking only; it counts nothing and prints nothing.
"""

import re
from typing import Final

_MASKS: Final = (
    (re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "<id>"),
    (re.compile(r"\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']*'(?!\w)"), "<value>"),
    # Not the number of a SchemaName: mx_Custom_2 and mx_Custom_3 are two reasons.
    (re.compile(r"(?<![\w_])\d[\d.,:/-]*"), "<number>"),
)


def masked(text: str) -> str:
    """The text with ids, quoted values and numbers replaced.

    >>> masked('mx_Custom_2: "won " is not an option (row 17)')
    'mx_Custom_2: <value> is not an option (row <number>)'
    """
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return text
