"""One reconcile at a time of one account and mapping, so that two nights never overlap.

Owns the lock files in the state folder. The kernel frees a lock when its process dies, however it
dies; the text beside it only names the holder.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from migrator.clock import local_time
from migrator.errors import LedgerError
from migrator.model import text_digest
from migrator.reports.text import duration
from migrator.runs.world import Link

_NOT_AT_ALL: Final = 0.0
FOR_EVER: Final = -1.0  #: As filelock's timeout.


@contextmanager
def hold_mapping(link: Link, account: str, mapping_name: str, *, wait: float) -> Iterator[None]:
    """Hold an account's mapping.

    Args:
        link: Whose state folder.
        account: The account.
        mapping_name: The mapping's file name.
        wait: Seconds to wait for another process that holds it; 0.0: none; `FOR_EVER`.

    Raises:
        LedgerError: Another process holds it, or the file cannot be made.
    """
    folder = link.settings.state_folder / "reconcile"
    file = folder / f"{text_digest(f'{account} {mapping_name}')}.lock"
    holder = file.with_suffix(".holder")
    lock = FileLock(file)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=_NOT_AT_ALL)
        except Timeout:
            if wait == _NOT_AT_ALL:
                raise
            link.operator.say(f"{_told(holder, mapping_name)}: waiting for it to end")
            lock.acquire(timeout=wait, poll_interval=1.0)
    except Timeout:
        after = f" after {duration(wait)}" if wait else ""
        raise LedgerError(
            f"{_told(holder, mapping_name)}{after}",
            where=mapping_name,
            advice="Nothing was read or sent. Wait for it to end: --wait does that by itself, "
            "--wait 60 for an hour at most.",
        ) from None
    except OSError as error:
        raise LedgerError(
            f"the lock of this mapping cannot be made ({error.strerror})",
            where=str(file),
            advice="Check that you may write to the state folder (MIGRATOR_STATE_DIR names it).",
        ) from error
    try:
        with suppress(OSError):
            since = local_time(link.clock.wall())
            holder.write_text(f"process {os.getpid()} on {platform.node()}, since {since}", "utf-8")
        yield
    finally:
        lock.release()


def _told(holder: Path, mapping_name: str) -> str:
    try:
        who = holder.read_text(encoding="utf-8")
    except OSError:
        who = "another process"
    return f"a reconcile of {mapping_name} for this account is under way ({who})"
