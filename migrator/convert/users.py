"""Users by e-mail address: sent is the user's GUID, as LeadSquared wants it.

Owns the look-up; the list is handed in, and holds active users only.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from migrator.cells import cell_text
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.metadata import UserInfo
from migrator.model import Cell

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST_NEAR: Final = 3


def by_email(users: Iterable[UserInfo]) -> dict[str, str]:
    """GUIDs of the active users by e-mail address: what a mapping with users is compiled with.

    >>> by_email([UserInfo(id="1", email="Asha@example.com"), UserInfo(id="2", is_active=False)])
    {'Asha@example.com': '1'}
    """
    return {user.email: user.id for user in users if user.is_active and user.email}


def user_conversion(users: Mapping[str, str]) -> Callable[[Cell], str | Refused]:
    """The conversion of a user's address to the GUID; a GUID passes as it is.

    Args:
        users: GUIDs of the active users by e-mail address, in any case of letters.
    """
    known = {email.strip().casefold(): guid for email, guid in users.items()}

    def convert(cell: Cell) -> str | Refused:
        text = cell_text(cell).strip()
        guid = known.get(text.casefold())
        if guid is not None:
            return guid
        return text if _GUID.fullmatch(text) else _refused(text, known)

    return convert


def _refused(text: str, known: Mapping[str, str]) -> Refused:
    near = get_close_matches(text.casefold(), known, n=_MOST_NEAR, cutoff=0.75)
    hint = f"Near: {', '.join(near)}. " if near else ""
    return Refused(
        Fault.NOT_A_USER,
        f"{quoted(text)} is no active user of the account",
        f"{hint}Correct the cell, or let the user be activated in LeadSquared; a field of "
        "`type: choice` can name somebody else instead.",
    )
