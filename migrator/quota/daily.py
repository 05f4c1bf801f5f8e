"""The calls of a day: at most so many in an account's UTC day, whichever process makes them.

Owns the count and its small file; the pace within the day is another quota's, which this one wraps.
"""

import os
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock

from migrator.clock import local_time, next_utc_day
from migrator.errors import AllowanceError, SettingsError
from migrator.ports import Clock, Permit, Quota


class DayCount:
    """How many calls an account has had today, in a file that is one byte longer for each.

    So a killed process leaves a true count behind, whatever it was doing.

    Args:
        folder: Where the file is kept; made when it is needed.
        account: Whose calls they are.
        clock: For the wall time; the day is that of UTC.
    """

    def __init__(self, folder: Path, *, account: str, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._stem = f"calls-{blake2b(account.encode(), digest_size=8).hexdigest()}"
        self._lock = FileLock(folder / f"{self._stem}.lock")

    def today(self) -> int:
        """Calls so far.

        Raises:
            SettingsError: The file cannot be read.
        """
        try:
            return self._file().stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._useless(error) from error

    def take(self, most: int | None = None) -> Path | None:
        """Count one call more; None, and nothing counted, when the day already has ``most``.

        Returns:
            The day's file, for `give_back`.

        Raises:
            SettingsError: The file cannot be written.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock:
                if most is not None and self.today() >= most:
                    return None
                day = self._file()
                self._begin_day(day)
                with day.open("ab", buffering=0) as file:
                    file.write(b".")
        except OSError as error:
            raise self._useless(error) from error
        return day

    def add(self, calls: int) -> None:
        """Count calls that were made before the account was known."""
        for _ in range(calls):
            self.take()

    def give_back(self, day: Path) -> None:
        """A call that was counted was not made."""
        try:
            with self._lock:
                os.truncate(day, max(0, day.stat().st_size - 1))
        except FileNotFoundError:
            return  # The day is over, and its file gone.
        except OSError as error:
            raise self._useless(error) from error

    def next_day(self) -> float:
        """When the count begins anew, as wall time: the next midnight of UTC."""
        return next_utc_day(self._clock.wall())

    def _begin_day(self, day: Path) -> None:
        """The first call of a day removes the files of earlier ones."""
        if day.exists():
            return
        for old in self._folder.glob(f"{self._stem}-*"):
            old.unlink(missing_ok=True)
        day.touch(mode=0o600)

    def _file(self) -> Path:
        day = datetime.fromtimestamp(self._clock.wall(), UTC).date()
        return self._folder / f"{self._stem}-{day}"

    def _useless(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"the day's calls cannot be counted ({error.strerror})",
            where=str(self._folder),
            advice="Name a folder you may write to with MIGRATOR_STATE_DIR, or unset "
            "LSQ_DAILY_LIMIT.",
        )


class DailyQuota:
    """A quota within which a day has at most ``limit`` calls; a `migrator.ports.Quota`."""

    def __init__(self, paced: Quota, count: DayCount, *, limit: int) -> None:
        self._paced, self._count, self._limit = paced, count, limit

    async def acquire(self) -> "DailyPermit":
        """Wait for the right to make one call.

        Raises:
            AllowanceError: The day's calls are spent; the message says when the next day begins.
            SettingsError: The calls cannot be counted.
        """
        permit = await self._paced.acquire()
        try:
            day = self._count.take(self._limit)
            if day is not None:
                return DailyPermit(permit, self._count, day)
        except SettingsError:
            permit.unused()
            raise
        permit.unused()
        raise self._spent()

    def refused(self, told: tuple[int, float] | None) -> float:
        """A rate answer is the other quota's matter."""
        return self._paced.refused(told)

    def _spent(self) -> AllowanceError:
        return AllowanceError(
            f"the day's {self._limit:,} calls are spent (LSQ_DAILY_LIMIT)",
            advice="The rest is left as it is. The next day of UTC begins here at "
            f"{local_time(self._count.next_day())}: then run `migrator resume`.",
        )


class DailyPermit:
    """The right to make one call of the day; a `migrator.ports.Permit`."""

    def __init__(self, paced: Permit, count: DayCount, day: Path) -> None:
        self._paced, self._count, self._day = paced, count, day
        self._writes = 0
        self._ended = False

    def written(self) -> None:
        """The call was written; a second time counts as another call."""
        self._paced.written()
        self._writes += 1
        if self._writes > 1:
            self._count.add(1)

    def answered(self) -> None:
        """The call is over."""
        self._paced.answered()
        self._ended = True

    def unused(self) -> None:
        """No call was made: it is not counted."""
        self._paced.unused()
        if not self._writes and not self._ended:
            self._ended = True
            self._count.give_back(self._day)
