"""E-mail addresses: checked in their form by the email-validator library, sent as they stand.

Owns the words for what is refused. Nobody is asked whether the address exists, and nothing of it
is changed but the white space around it: not even the case of its domain.
"""

import re
from collections.abc import Callable
from typing import Final

from migrator.cells import cell_text
from migrator.convert.memory import remembering
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.model import Cell

_LONGEST: Final = 254  #: RFC 5321; the library's own bound, too.
_MOST_LOOKED_AT: Final = 1024  #: Characters; the library's patterns are not for whole letters.
_PLAIN_LOCAL: Final = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*", re.ASCII)
_BETWEEN: Final = re.compile(r"[;,\s/|]")


def email_conversion() -> Callable[[Cell], str | Refused]:
    """The conversion of an e-mail address."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - as it loads idna

    @remembering
    def fault_of(text: str) -> str:
        try:
            validate_email(text, check_deliverability=False)
        except EmailNotValidError as error:
            return str(error)
        return ""

    def convert(cell: Cell) -> str | Refused:
        text = cell_text(cell).strip()
        local, _, domain = text.rpartition("@")
        # Domains come again and again, and a plain name before them needs no second look.
        if len(text) > _MOST_LOOKED_AT:
            fault = "it is far too long"
        elif len(text) <= _LONGEST and len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local):
            fault = fault_of(f"a@{domain}")
        else:
            fault = fault_of(text)
        return _refused(text, fault) if fault else text

    return convert


def _refused(text: str, fault: str) -> Refused:
    if text.count("@") > 1 and _BETWEEN.search(text):
        fault, advice = "the cell holds more than one", "Keep one address in the cell."
    else:
        advice = "Correct the cell; map the column as text to send it as it stands."
    said = " ".join(fault.split()).rstrip(".")
    return Refused(Fault.NOT_AN_EMAIL, f"{quoted(text)} is not an e-mail address: {said}", advice)
