"""Where the permits of an account are kept, before and after it is known which account it is.

Owns the names of the small files in the state folder. Two keys of one account share its permits as
soon as LeadSquared has told, once, whose they are.
"""

import platform
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from migrator.quota.shared import SharedPermits


def permits_of(folder: Path, *, key_name: str, account: str | None, now: float) -> SharedPermits:
    """The permits to draw from.

    Args:
        folder: The state folder; need not be there.
        key_name: Host and key, as `Settings.key_name` gives them.
        account: The account's name; None while it is being asked.
        now: Monotonic time.
    """
    whose = folder / f"quota-{_digest(key_name)}.account"
    known = _read(whose)
    if account is None:
        return SharedPermits(_file(folder, known or key_name))
    permits = SharedPermits(_file(folder, account))
    # Also where the account is known: another process may have asked before it was.
    asked_with = _file(folder, key_name)
    if asked_with.exists():
        with SharedPermits(asked_with) as earlier:
            permits.take_over(earlier.leave_all(), now=now)
    if known != account:
        with suppress(OSError):  # then it is asked again, and taken over again
            whose.write_text(account, encoding="utf-8")
    return permits


def _file(folder: Path, name: str) -> Path:
    # Another machine that shares the folder has another clock.
    return folder / f"quota-{_digest(f'{name} {platform.node()}')}.db"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") or None
    except (OSError, ValueError):
        return None
