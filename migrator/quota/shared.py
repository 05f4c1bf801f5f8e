"""The permits of one account, shared by all processes of this machine that use it.

Owns the small SQLite file that holds them and the rules by which processes take them: first what
the terms allow, then fairness. All times in it are those of the machine's monotonic clock, which
its processes have in common and no setting of the clock moves. It never waits: it says how long.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import orjson
import psutil

from migrator.quota.learning import ANOTHER_BOOT, Learner, Lesson, Lessons
from migrator.quota.modes import Terms

T = TypeVar("T")

_SCHEMA: Final = """
create table if not exists holder (
  id integer primary key, pid integer not null, started real not null,
  wants_until real not null default 0);
create table if not exists lease (
  id integer primary key, holder integer not null, taken_at real not null, until real);
create index if not exists lease_until on lease (until);
create table if not exists known (name text primary key, value text not null);
"""

_BUSY_SECONDS: Final = 2.0  #: A transaction takes far less than a millisecond.
_TRIES_WHILE_LOCKED: Final = 20
_WAIT_WHILE_LOCKED: Final = 0.05  #: Seconds.
_LOOK_AGAIN: Final = 0.25  #: Seconds, when nobody can say when a permit comes back.
_YIELD: Final = 0.02  #: Seconds that a process with more permits leaves to one with fewer.
_STILL_ASKING: Final = 0.1  #: Seconds for which a process counts as asking after its turn came.
_SAME_START: Final = 2.0  #: Seconds.
_LATENESS: Final = 0.01  #: Seconds that a timer may be late without a cost for the rate.
_SUSPICIOUS: Final = 2.0  #: Seconds that a permit is out unwritten before its holder is looked at.
_LONGEST_CALL: Final = 900.0  #: Seconds after which no permit is believed to be in use any more.
_LONGEST: Final = 2.0  #: Windows; what is out for longer is of another boot of the machine.


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Permits that are out now, or how long to wait before asking again."""

    lessons: Lessons
    permits: tuple[int, ...] = ()
    wait: float = 0.0  #: Seconds after which asking again makes sense.


class SharedPermits:
    """One process's way to the account's permits.

    Args:
        path: The file, one per account; it and its folder are made when needed. None: kept in
            memory, for this object alone.
        pid: Of the process that holds what is taken here.
        started: When that process was started, as psutil tells; tells a later one of the same
            number from it.
    """

    def __init__(
        self, path: Path | None = None, *, pid: int | None = None, started: float | None = None
    ) -> None:
        self.path = path
        self.note = ""  #: Why processes do not share, and what that means; "" when they do.
        self._pid = os.getpid() if pid is None else pid
        self._started = _start_of(self._pid) if started is None else started
        self._me: int | None = None
        self._database: sqlite3.Connection | None = None
        self._waiting: list[tuple[int, float | None]] = []  # settled, and not in the file yet
        self._assume_full = False  # what was in the file cannot be read

    # -------------------------------------------------------------- taking

    def take(self, learner: Learner, *, now: float, wall: float) -> tuple[Taken, str]:
        """Take a block of permits, or learn how long to wait.

        Returns:
            What was taken, and what the learner has changed on the way, for the operator.
        """

        def take(do: sqlite3.Connection) -> tuple[Taken, str]:
            self._write_settled(do)
            old = self._lessons(do)
            lessons, said = learner.eased(learner.current(old, now=now, wall=wall), now=now)
            terms = learner.terms(lessons)
            me = self._register(do, now, terms.window)
            self._drop_old(do, now, terms)
            if self._assume_full:
                self._assume_full = False
                full = [(me, now, now + terms.window)] * terms.permits
                do.executemany("insert into lease (holder, taken_at, until) values (?, ?, ?)", full)
            taken = self._take(do, me, lessons, terms, now)
            for _ in taken.permits:
                lessons = learner.called(lessons)
            if lessons != old:
                self._keep(do, lessons)
            asks_until = now + taken.wait + _STILL_ASKING
            do.execute("update holder set wants_until = ? where id = ?", (asks_until, me))
            return taken, said

        return self._in_a_transaction(take)

    def _take(
        self, do: sqlite3.Connection, me: int, lessons: Lessons, terms: Terms, now: float
    ) -> Taken:
        out = _one(do, "select count(*) from lease")
        free = terms.permits - out
        if free <= 0:
            self._look_after_the_dead(do, now, terms.window)
            next_back = _one(do, "select min(until) from lease where until > ?", now)
            wait = _LOOK_AGAIN if next_back is None else next_back - now
            return Taken(lessons=lessons, wait=min(max(wait, 1e-4), _LOOK_AGAIN))
        last = self._last(do, now)
        if terms.step and last + terms.step > now + 5e-4:
            return Taken(lessons=lessons, wait=min(last + terms.step - now, terms.step))
        if self._must_yield(do, me, now):
            return Taken(lessons=lessons, wait=_YIELD)
        count = min(free, terms.block)
        permits = tuple(
            do.execute("insert into lease (holder, taken_at) values (?, ?)", (me, now)).lastrowid
            or 0
            for _ in range(count)
        )
        begins = max(now - min(_LATENESS, terms.step / 10), last + terms.step)
        _set(do, "last", begins + terms.step * (count - 1))
        return Taken(lessons=lessons, permits=permits)

    def _must_yield(self, do: sqlite3.Connection, me: int, now: float) -> bool:
        """Whether another process asks that has fewer permits out: each gets its half."""
        others = do.execute(
            "select (select count(*) from lease where holder = holder.id) from holder"
            " where id != ? and wants_until >= ?",
            (me, now),
        ).fetchall()
        if not others:
            return False
        mine = _one(do, "select count(*) from lease where holder = ?", me)
        return any(theirs[0] < mine for theirs in others)

    def _last(self, do: sqlite3.Connection, now: float) -> float:
        """When the last permit was given; a time to come is of another boot."""
        last = _get(do, "last")
        return float(last) if last is not None and float(last) <= now + ANOTHER_BOOT else -1e9

    def _drop_old(self, do: sqlite3.Connection, now: float, terms: Terms) -> None:
        do.execute("delete from lease where until <= ?", (now,))
        do.execute(
            "update lease set until = ? where until > ?",
            (now + terms.window, now + terms.window * _LONGEST + 1.0),
        )
        do.execute(
            "delete from lease where until is null and not taken_at between ? and ?",
            (now - _LONGEST_CALL, now + ANOTHER_BOOT),
        )

    # -------------------------------------------------------------- settling

    def settle(self, permit: int, *, until: float | None, soon: bool = True) -> None:
        """A permit comes back at ``until``; None: at once, since no call was made.

        Args:
            permit: Its number.
            until: Monotonic time.
            soon: False: with the next permits that are taken; until then it counts as out.
        """
        self._waiting.append((permit, until))
        if soon:
            self._in_a_transaction(self._write_settled)

    def add(self, *, now: float, until: float) -> None:
        """A call was made without a permit of its own."""

        def add(do: sqlite3.Connection) -> None:
            me = self._register(do, now, until - now)
            do.execute(
                "insert into lease (holder, taken_at, until) values (?, ?, ?)", (me, now, until)
            )

        self._in_a_transaction(add)

    def _write_settled(self, do: sqlite3.Connection) -> None:
        settled, self._waiting = self._waiting, []
        do.executemany(
            "update lease set until = ? where id = ?",
            [(until, permit) for permit, until in settled if until is not None],
        )
        do.executemany(
            "delete from lease where id = ?",
            [(permit,) for permit, until in settled if until is None],
        )

    def leave_all(self) -> list[float]:
        """When each call that was made here stops counting; they are kept elsewhere from now on.

        What is out and not written yet stays: its process takes it along itself.
        """

        def leave(do: sqlite3.Connection) -> list[float]:
            found = do.execute("select until from lease where until is not null").fetchall()
            do.execute("delete from lease where until is not null")
            return [until for (until,) in found]

        return self._in_a_transaction(leave)

    def take_over(self, until: Sequence[float], *, now: float) -> None:
        """Count permits that were taken elsewhere."""
        for moment in until:
            self.add(now=now, until=moment)

    # -------------------------------------------------------------- learning

    def refused(
        self, learner: Learner, told: tuple[int, float] | None, *, now: float, wall: float
    ) -> Lesson:
        """A rate answer came to one of the processes; all of them learn from it."""

        def learn(do: sqlite3.Connection) -> Lesson:
            lessons = learner.current(self._lessons(do), now=now, wall=wall)
            lesson = learner.refused(lessons, told, now=now, wall=wall)
            self._keep(do, lesson.lessons)
            if lesson.lessons.limit != lessons.limit:  # calls count for another time than thought
                until = now + learner.terms(lesson.lessons).window
                do.execute("update lease set until = max(until, ?) where until > 0", (until,))
            return lesson

        return self._in_a_transaction(learn)

    def lessons(self, learner: Learner, *, now: float, wall: float) -> Lessons:
        """What is known of the account."""
        kept = self._in_a_transaction(self._lessons)
        return learner.current(kept, now=now, wall=wall)

    @staticmethod
    def _lessons(do: sqlite3.Connection) -> Lessons:
        text = _get(do, "lessons")
        if text is None:
            return Lessons()
        try:
            kept = orjson.loads(text)
            if kept.get("adopted_from"):
                kept["adopted_from"] = tuple(kept["adopted_from"])
            return Lessons(**kept)
        except (ValueError, TypeError, AttributeError):  # written by another version
            return Lessons()

    @staticmethod
    def _keep(do: sqlite3.Connection, lessons: Lessons) -> None:
        _set(do, "lessons", orjson.dumps(asdict(lessons)).decode())

    # -------------------------------------------------------------- who holds what

    def _register(self, do: sqlite3.Connection, now: float, window: float) -> int:
        if self._me is None:
            self._bury(do, now, window)
            self._me = do.execute(
                "insert into holder (pid, started) values (?, ?)", (self._pid, self._started)
            ).lastrowid
        return self._me or 0

    def _look_after_the_dead(self, do: sqlite3.Connection, now: float, window: float) -> None:
        suspicious = _one(
            do,
            "select count(*) from lease where until is null and holder != ? and taken_at < ?",
            self._me,
            now - _SUSPICIOUS,
        )
        if suspicious:
            self._bury(do, now, window)

    def _bury(self, do: sqlite3.Connection, now: float, window: float) -> None:
        """A process that is gone has written its calls by now: they count from now."""
        for number, pid, started in do.execute("select id, pid, started from holder").fetchall():
            if number == self._me or _is_alive(pid, started):
                continue
            do.execute(
                "update lease set until = ? where holder = ? and until is null",
                (now + window, number),
            )
            do.execute("delete from holder where id = ?", (number,))

    # -------------------------------------------------------------- the file

    def close(self) -> None:
        """Leave: nothing is out that was not settled; what is counts until a window after now."""
        if self._database is None:
            return

        def leave(do: sqlite3.Connection) -> None:
            self._write_settled(do)
            do.execute("delete from holder where id = ?", (self._me,))

        if self._me is not None:
            self._in_a_transaction(leave)
        self._me = None
        if self._database is not None:
            self._database.close()
            self._database = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _in_a_transaction(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """What an action gives; where the file cannot be used, in memory from then on."""
        tries = _TRIES_WHILE_LOCKED
        while True:  # as it is, with a new file, in memory
            try:
                database = self._database = self._database or self._open()
                database.execute("begin immediate")
                result = action(database)
                database.execute("commit")
            except (sqlite3.Error, OSError) as error:
                if "locked" in str(error) and tries > 0:  # several that make the file at once
                    tries -= 1
                    time.sleep(_WAIT_WHILE_LOCKED)
                    continue
                self._give_up(error)
            else:
                return result

    def _open(self) -> sqlite3.Connection:
        if self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
        database = sqlite3.connect(
            self.path or ":memory:",
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        # Nothing here outlives the machine: a killed process loses no transaction, and that is all.
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = off")
        database.executescript(_SCHEMA)
        return database

    def _give_up(self, error: Exception) -> None:
        if self._database is not None:
            self._database.close()
        self._database, self._me, self._assume_full = None, None, True
        if self.path is None:
            raise error
        if _is_damaged(error) and self._removed():
            return
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self.note = (
            f"{self.path}: the account's calls cannot be shared with other processes ({reason}). "
            "Run one command at a time, and after a crash wait some seconds before you start "
            "again; MIGRATOR_STATE_DIR names another folder."
        )
        self.path = None

    def _removed(self) -> bool:
        """Whether a damaged file is out of the way; a new one begins as if the window were full."""
        try:
            for ending in ("", "-wal", "-shm"):
                Path(f"{self.path}{ending}").unlink(missing_ok=True)
        except OSError:
            return False
        return True


def _is_damaged(error: Exception) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )


def _one(do: sqlite3.Connection, statement: str, *values: Any) -> Any:
    return do.execute(statement, values).fetchone()[0]


def _get(do: sqlite3.Connection, name: str) -> str | None:
    found = do.execute("select value from known where name = ?", (name,)).fetchone()
    return found[0] if found else None


def _set(do: sqlite3.Connection, name: str, value: object) -> None:
    do.execute("insert or replace into known (name, value) values (?, ?)", (name, str(value)))


def _start_of(pid: int) -> float:
    try:
        # Seconds after the boot: a clock that is set moves both.
        return float(psutil.Process(pid).create_time() - psutil.boot_time())
    except psutil.Error:
        return 0.0


def _is_alive(pid: int, started: float) -> bool:
    """Whether the process of that number is still the one that was started then."""
    return psutil.pid_exists(pid) and abs(_start_of(pid) - started) < _SAME_START
