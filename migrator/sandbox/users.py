"""The account's users: whom `Users.Get` tells and who may own an opportunity.

Owns their form in a file; it decides nothing about opportunities.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from migrator.sandbox.state import GUID, guid_of

_MEMBERS: Final = frozenset(
    {"ID", "FirstName", "LastName", "EmailAddress", "Role", "StatusCode"}
)  #: "Users.Get".


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user of the account."""

    id: str  #: GUID.
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    role: str = "Sales_User"
    active: bool = True

    def as_json(self) -> dict[str, object]:
        """In the shape of `Users.Get`; StatusCode 0 is active, 1 is not."""
        return {
            "ID": self.id,
            "FirstName": self.first_name,
            "LastName": self.last_name,
            "EmailAddress": self.email_address,
            "Role": self.role,
            "StatusCode": 0 if self.active else 1,
        }


SANDBOX_USER: Final = User(
    id=guid_of("user"),
    first_name="Sandbox",
    last_name="User",
    email_address="sandbox@example.com",
    role="Administrator",
)
"""To whom the keys belong; the only user where none are declared."""

SOMEBODY_ELSE: Final = guid_of("somebody else")
"""Who changes what is changed over ``/sandbox/opportunities``."""


def read_users(items: Any) -> tuple[User, ...]:
    """Users from parsed JSON in the shape of `Users.Get`.

    Raises:
        ValueError: It has another form.
    """
    if not isinstance(items, Iterable) or isinstance(items, str | dict):
        raise ValueError("users are a list of objects")  # noqa: TRY004
    return tuple(_user(item) for item in items)


def active_users(users: Iterable[User]) -> frozenset[str] | None:
    """GUIDs, in lower case, of those who may own an opportunity; None where none are declared."""
    declared = tuple(users)
    return frozenset(user.id.lower() for user in declared if user.active) if declared else None


def _user(item: Any) -> User:
    if not isinstance(item, dict):
        raise ValueError("a user is not an object")  # noqa: TRY004
    unknown = item.keys() - _MEMBERS
    if unknown:
        raise ValueError(f"a user has no {', '.join(sorted(unknown))}")
    if not GUID.fullmatch(str(item.get("ID", ""))):
        raise ValueError(f'a user\'s ID is a GUID, not "{item.get("ID", "")}"')
    if item.get("StatusCode", 0) not in (0, 1):
        raise ValueError("a user's StatusCode is 0 (active) or 1")
    return User(
        id=str(item["ID"]),
        first_name=str(item.get("FirstName") or ""),
        last_name=str(item.get("LastName") or ""),
        email_address=str(item.get("EmailAddress") or ""),
        role=str(item.get("Role") or "Sales_User"),
        active=item.get("StatusCode", 0) == 0,
    )
