"""One process at a time on one run.

Owns the lock files beside the ledger. The kernel frees a lock when its process dies, however it
dies; the text in the ledger that names the holder is only for the message.
"""

import contextlib
import os
import platform
import time
from collections.abc import Iterator
from glob import escape
from pathlib import Path

from filelock import FileLock, Timeout

from migrator.errors import LedgerError
from migrator.ledger.database import Database
from migrator.model import Run


class RunLocks:
    """The locks of one ledger's runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextlib.contextmanager
    def hold(self, run: Run) -> Iterator[None]:
        """Hold the run.

        Raises:
            LedgerError: Another process holds it; the message names it and since when.
        """
        lock = FileLock(self._file(run))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise self._is_held(run) from None
        except OSError as error:
            raise LedgerError(
                f"the run cannot be locked ({error.strerror})",
                where=str(self._file(run)),
                advice="Check that you may write to the ledger's folder.",
            ) from error
        try:
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
            self._database.change(
                "UPDATE runs SET holder = ? WHERE run = ?",
                f"process {os.getpid()} on {platform.node()}, since {since} UTC",
                run.number,
            )
            yield
        finally:
            # Still held: whoever waits for the old file finds it gone and takes the new one. (On
            # Windows an open file cannot be removed; there filelock removes it itself.)
            with contextlib.suppress(OSError):
                self._file(run).unlink()
            lock.release()

    def is_held(self, run: Run) -> bool:
        """Whether a living process holds the run."""
        lock = FileLock(self._file(run))
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def anybody(self) -> bool:
        """Whether a living process holds any run of the ledger."""
        path = self._database.path
        for file in path.parent.glob(f"{escape(path.name)}-run*.lock"):
            try:
                with FileLock(file).acquire(timeout=0):
                    continue
            except Timeout:
                return True
        return False

    def _is_held(self, run: Run) -> LedgerError:
        holder = self._database.value("SELECT holder FROM runs WHERE run = ?", run.number)
        return LedgerError(
            f"run {run.id} is being worked on by {holder or 'another process'}",
            where=str(self._database.path),
            advice="Wait for it to end, or stop it (Ctrl-C there); nothing was sent from here.",
        )

    def _file(self, run: Run) -> Path:
        path = self._database.path
        return path.with_name(f"{path.name}-run{run.number}.lock")
