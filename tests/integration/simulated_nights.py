"""Nights in which everything may go wrong: real use cases, ledger and quota in simulated time.

A `Night` has a sheet on disk, a ledger file, and a CRM (`simulated_crm`) behind a `Client` without
sockets. Commands are typed into it; each meets fates drawn by a schedule and may be killed at any
durable step or call. What must hold is judged in `delivery_judge`.
"""

import asyncio
import atexit
import contextlib
import csv
import functools
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import MigratorError
from migrator.ledger import Ledger
from migrator.ledger.database import Database, open_database
from migrator.mapping import Mapping, parse_mapping
from migrator.model import NoReply, Reply, Request, Run, State
from migrator.ports import Client, Permit, Quota, WorkThread
from migrator.quota.shared import SharedPermits
from migrator.runs.retrying import RetryOptions, resume, retry
from migrator.runs.running import RunOptions, run
from migrator.runs.world import SilentOperator, World
from migrator.settings import load_settings
from tests.integration.simulated_crm import (
    LIMIT,
    WINDOW,
    Crm,
    KilledError,
    Life,
    SimulatedClock,
    Traits,
    looking_at,
)
from tests.virtual_time import VirtualTimeLoop

T = TypeVar("T")

MAPPING: Final = """\
version: 1
opportunity: {type: 12000, id: Id, note: "{Note}"}
fields: {mx_Custom_1: Value, mx_Custom_2: Stage}
"""
LEDGER: Final = "migrator.db"
QUOTA: Final = "quota.db"
HEADER: Final = ("Id", "Value", "Stage", "Note")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the sheet. Texts are few, so that rows repeat what others say."""

    opportunity: int
    value: str = "a"
    stage: str = ""  #: A blank leaves the field alone.
    note: str = ""

    @property
    def guid(self) -> str:
        return f"00000000-0000-0000-0000-{self.opportunity:012}"

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.guid, self.value, self.stage, self.note)


# ------------------------------------------------------------------ the schedule


@dataclass(frozen=True, slots=True)
class Change:
    """A person types another row over one."""

    place: int
    row: Row


@dataclass(frozen=True, slots=True)
class Insert:
    place: int
    row: Row


@dataclass(frozen=True, slots=True)
class Remove:
    place: int


@dataclass(frozen=True, slots=True)
class Swap:
    """A row and the next one."""

    place: int


@dataclass(frozen=True, slots=True)
class Wait:
    hours: int


Edit = Change | Insert | Remove | Swap


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed, and what it meets."""

    name: str  #: run, resume, retry, settle
    fates: tuple[str, ...] = ()  #: Of the first calls, reads included.
    then: str = "ok"  #: Of all others.
    kill_at: int | None = None  #: The durable step or call at which the process is no more.
    rows: tuple[int, ...] = ()  #: Of `retry`: places in the sheet that --rows names.


Step = Edit | Command | Wait


@dataclass(frozen=True, slots=True)
class Schedule:
    """One night from beginning to end."""

    rows: tuple[Row, ...]
    steps: tuple[Step, ...]
    crm: Traits = field(default_factory=Traits)


# ------------------------------------------------------------------ a process that may die


class MortalDatabase(Database):
    """A ledger's file in a process that may die before, in, or after any transaction.

    Death rolls back what is not committed and closes the file, as the kernel does: whatever the
    code does afterwards on its way out leaves no trace.
    """

    def __init__(self, opened: Database, life: Life) -> None:
        super().__init__(opened.path, opened._connection)
        # What a dead process wrote is the kernel's; a power cut is not played here.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._life = life
        life.at_the_end.append(self._connection.close)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        if self._depth:
            yield
            return
        self._life.step("before a transaction")
        with super().transaction():
            yield
            self._life.step("before its commit")
        self._life.step("after its commit")

    def change(self, sql: str, *values: object) -> int:
        with self.transaction():
            return super().change(sql, *values)


class SameThread:
    """A `WorkThread` that does each action alone, in the caller's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def do(self, action: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        with self._database.transaction():
            return action()


@dataclass
class Calling:
    """A `Client` of one process."""

    crm: Crm
    life: Life

    async def call(self, request: Request, permit: Permit) -> Reply | NoReply:
        return await self.crm.answer(request, permit, self.life)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedWorld(World):
    """A `World` without sockets, threads and real time."""

    crm: Crm
    life: Life
    database: Database
    quota_file: Path
    process: int

    @asynccontextmanager
    async def connected(self, account: str | None) -> AsyncIterator[tuple[Client, Quota]]:
        permits = self._permits(account)
        quota = self._quota(permits)
        try:
            yield Calling(self.crm, self.life), quota
        finally:
            if not self.life.is_over:
                quota.close()
            elif permits._database is not None:
                permits._database.close()

    def _permits(self, account: str | None) -> SharedPermits:
        del account
        # A number that no process has: to all others it is gone.
        return SharedPermits(self.quota_file, pid=2**22 + self.process, started=1.0)

    @asynccontextmanager
    async def thread(self) -> AsyncIterator[WorkThread]:
        yield SameThread(self.database)

    def run_to_end(self, main: Coroutine[Any, Any, T]) -> T:
        clock = self.crm.clock
        with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock.now)) as runner:
            try:
                return runner.run(main)
            finally:
                clock.now = max(clock.now, runner.get_loop().time())


# ------------------------------------------------------------------ a night


class Night:
    """A person with a sheet, typing commands.

    Args:
        folder: For sheet, ledger and state; exists.
        rows: The sheet's first rows.
        traits: How the CRM behaves.
        ledger_of: Makes a ledger of a file; another one is a bug that is seeded.
    """

    def __init__(
        self,
        folder: Path,
        rows: Sequence[Row],
        *,
        traits: Traits | None = None,
        ledger_of: Callable[[Database], Ledger] = Ledger,
    ) -> None:
        self.rows = list(rows)
        self.clock = SimulatedClock()
        self.ended: list[str] = []  #: How each command did.
        self.kills = 0
        self.sheets: list[tuple[Row, ...]] = []  #: Each that was run, one after the other.
        self.sheet_of: dict[int, tuple[Row, ...]] = {}  #: Of each sealed run.
        self.named: dict[int, set[int]] = {}  #: By command: row numbers that --rows named.
        self.said_missing: set[tuple[int, int]] = set()
        self.ledger_file = folder / LEDGER
        for name in (LEDGER, QUOTA):
            shutil.copyfile(empty_files() / name, folder / name)
        self.crm = Crm(self.clock, traits or Traits(), self.ledger_file)
        self._folder, self._ledger_of = folder, ledger_of
        self._mapping = the_mapping()
        self._settings = load_settings(
            {
                "LSQ_API_HOST": "http://127.0.0.1:1",
                "LSQ_ACCESS_KEY": "u$rtest",
                "LSQ_SECRET_KEY": "secret",
                "LSQ_RATE_LIMIT": f"{LIMIT}/{WINDOW:g}",
                "MIGRATOR_STATE_DIR": str(folder / "state"),
            }
        )

    @property
    def commands(self) -> int:
        return len(self.ended)

    # -------------------------------------------------------------- steps

    def do(self, step: Step) -> None:
        match step:
            case Command():
                self.type(step)
            case Wait(hours=hours):
                self.clock.now += 3600.0 * hours
            case _:
                self._edit(step)

    def _edit(self, edit: Edit) -> None:
        rows, place = self.rows, edit.place % len(self.rows)
        match edit:
            case Change(row=row):
                rows[place] = row
            case Insert(row=row):
                rows.insert(place, row)
            case Remove() if len(rows) > 1:
                del rows[place]
            case Swap():
                other = (place + 1) % len(rows)
                rows[place], rows[other] = rows[other], rows[place]

    def type(self, command: Command) -> None:
        """Type one command; how it ended is in `ended`."""
        number = self.commands + 1
        life = Life(command.kill_at)
        self.crm.begin(number, command.fates, command.then)
        self.named[number] = {place % len(self.rows) + 2 for place in command.rows}
        database = MortalDatabase(open_database(self.ledger_file), life)
        try:
            self.ended.append(self._outcome(database, life, number, command))
        finally:
            database.close()
        self.clock.now += 1.0
        self._take_note_of_sheets()

    def _outcome(self, database: Database, life: Life, number: int, command: Command) -> str:
        locks: list[Path] = []
        life.at_the_end.append(lambda: locks.extend(self._folder.glob("*.lock")))
        try:
            world = self._world(database, life, number)
            ended = f"{command.name}: {self._carry_out(world, command)}"
        except MigratorError as error:
            ended = f"{command.name}: {error.problem}"
        except BaseException:  # a dead process's way out ends in all kinds of errors
            if not life.is_over:
                raise
            ended = ""
        if not life.is_over:
            return ended
        self.kills += 1
        for lock in locks:  # the kernel frees a lock, and leaves its file
            lock.touch()
        return f"{command.name}: killed {life.where}"

    def _carry_out(self, world: World, command: Command) -> str:
        policy = DeliveryPolicy()
        if command.name == "run":
            self.write_sheet()
            finished = run(world, [str(self.sheet)], self._mapping, RunOptions(policy=policy))
            return finished.exit_code.name
        runs = world.ledger.records.runs()
        if command.name == "resume":
            runs = [one for one in runs if world.ledger.records.is_unfinished(one)]
        if not runs:
            return "nothing to do"
        if command.name == "resume":
            return resume(world, runs[0], overwrite=True, policy=policy).exit_code.name
        if command.name == "settle":
            return self._settle(world, runs[0], policy)
        named = [(row, row) for row in sorted(self.named[self.commands + 1])]
        options = RetryOptions(rows=named or None, overwrite=True, policy=policy)
        return retry(world, runs[0], options).exit_code.name

    def _settle(self, world: World, newest: Run, policy: DeliveryPolicy) -> str:
        """A person looks at each note in doubt, in the CRM, and says whether it is there."""
        for entry in list(world.ledger.records.entries(newest, (State.IN_DOUBT,))):
            place = (newest.number, entry.number)
            is_there = any(seen.applied and seen.note for seen in self.crm.of_entry(place))
            if not is_there:
                self.said_missing.add(place)
            options = RetryOptions(
                in_doubt=True,
                note_present=is_there,
                rows=((entry.row, entry.row),),
                overwrite=True,
                policy=policy,
            )
            self.named[self.commands + 1].add(entry.row)
            retry(world, newest, options)
        return "settled"

    def _take_note_of_sheets(self) -> None:
        with looking_at(self.ledger_file) as ledger:
            for (number,) in ledger.execute("SELECT run FROM runs WHERE state <> 'planning'"):
                self.sheet_of.setdefault(number, self.sheets[-1])

    # -------------------------------------------------------------- files

    @property
    def sheet(self) -> Path:
        return self._folder / "deals.csv"

    def write_sheet(self) -> None:
        self.sheets.append(tuple(self.rows))
        with self.sheet.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(row.cells for row in self.rows)

    def _world(self, database: Database, life: Life, number: int) -> World:
        return SimulatedWorld(
            ledger=self._ledger_of(database),
            settings=self._settings,
            operator=SilentOperator(),
            clock=self.clock,
            crm=self.crm,
            life=life,
            database=database,
            quota_file=self._folder / QUOTA,
            process=number,
        )

    def unsettled(self) -> Collection[str]:
        """What the newest run, or an older one that is not closed, has left for a person to type.

        Gives names of commands.
        """
        with looking_at(self.ledger_file) as ledger:
            newest = ledger.execute("SELECT max(run) FROM runs").fetchone()[0]
            found = ledger.execute("SELECT run, state, doubt FROM entries").fetchall()
        names = {
            "planned": "resume",
            "sending": "resume",
            "failed": "retry",
            ("in_doubt", "all"): "resume",
            ("in_doubt", "note"): "settle",
        }
        left = set()
        for number, state, doubt in found:
            name = names.get(state) or names.get((state, doubt))
            if name and (name == "resume" or number == newest):
                left.add(name)
        return left


@functools.cache
def the_mapping() -> Mapping:
    return parse_mapping(MAPPING, name="deals.yaml")


@functools.cache
def empty_files() -> Path:
    """Ledger and quota as they are made: making them for each night would take most of the time."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_database(folder / LEDGER).close()
    with SharedPermits(folder / QUOTA, pid=2**22, started=1.0) as permits:
        permits.leave_all()
    return folder


def steps_to_the_end(night: Night, *, most: int = 12) -> None:
    """The weather clears, rows are mended, and a person types what the tool suggests."""
    night.crm.refused_values = frozenset()
    night.type(Command("run"))
    for _ in range(most):
        left = night.unsettled()
        if not left:
            return
        night.type(Command(next(name for name in ("resume", "retry", "settle") if name in left)))
    raise AssertionError(f"not settled after {most} commands: {night.ended[-most:]}")


__all__ = [
    "Change",
    "Command",
    "Edit",
    "Insert",
    "KilledError",
    "Night",
    "Remove",
    "Row",
    "Schedule",
    "Step",
    "Swap",
    "Traits",
    "Wait",
    "steps_to_the_end",
]
