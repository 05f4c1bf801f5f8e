"""Nights in which everything may go wrong: real use cases, ledger and quota in simulated time.

A `Night` has a sheet on disk, a ledger file, and a CRM that is the sandbox's own account code
behind a `Client` without sockets. Commands are typed into it; each meets fates drawn by a schedule
and may be killed at any durable step or call. What is expected is judged in `delivery_judge`.
"""

import asyncio
import contextlib
import csv
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import MigratorError
from migrator.ledger import Ledger, open_ledger
from migrator.mapping import Mapping, parse_mapping
from migrator.model import NoReply, NoReplyKind, Reply, Request, Run, State
from migrator.ports import Client, Permit, Quota, WorkThread
from migrator.quota.local import AccountQuota
from migrator.quota.shared import SharedPermits
from migrator.runs.retrying import RetryOptions, resume, retry
from migrator.runs.running import RunOptions, run
from migrator.runs.world import SilentOperator, World
from migrator.sandbox.account import ENDPOINTS
from migrator.sandbox.answers import foreign, over_the_limit, refused
from migrator.sandbox.calls import Account, understood
from migrator.sandbox.options import SandboxOptions
from migrator.sandbox.state import Opportunities
from migrator.settings import load_settings
from tests.virtual_time import VirtualTimeLoop

T = TypeVar("T")

MAPPING: Final = """\
version: 1
opportunity: {type: 12000, id: Id, note: "{Note}"}
fields: {mx_Custom_1: Value}
"""
LATENCY: Final = 0.2  #: Seconds.
FATES: Final = (
    "ok", "lost before", "lost after", "rate", "transient", "transient applied", "down",
    "truncated", "foreign 404", "unreachable", "hang before", "hang after",
)  # fmt: skip
APPLIED: Final = frozenset({"ok", "lost after", "transient applied", "truncated", "hang after"})


class KilledError(BaseException):
    """The process is no more; nothing of it may run on, so nothing in it may catch this."""


@dataclass(slots=True)
class Row:
    """A row of the sheet; value and note are like those of no other row, edited ones included."""

    opportunity: int
    value: str
    note: str

    @property
    def guid(self) -> str:
        return f"00000000-0000-0000-0000-{self.opportunity:012}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One update, as the CRM saw it."""

    at: float
    guid: str
    value: str
    note: str
    applied: bool
    command: int  #: Number of the command that sent it.


# ------------------------------------------------------------------ the schedule


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person does to the sheet between two commands."""

    kind: str  #: value, note, add, remove, swap
    place: int


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed, and what it meets."""

    name: str  #: run, resume, retry, settle
    fates: tuple[str, ...] = ()  #: Of the first updates; the rest goes well.
    kill_at: int | None = None  #: The durable step or call after which the process is no more.


Step = Edit | Command


# ------------------------------------------------------------------ the world


@dataclass
class SimulatedClock:
    """The loop's seconds in a loop, those at its end outside; the wall goes along."""

    now: float = 1000.0

    def monotonic(self) -> float:
        with contextlib.suppress(RuntimeError):
            self.now = max(self.now, asyncio.get_running_loop().time())
        return self.now

    def wall(self) -> float:
        return 1_700_000_000.0 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


@dataclass
class Life:
    """Of one process: it ends after so many durable steps and calls."""

    left: int | None
    is_over: bool = False

    def step(self) -> None:
        if self.is_over:
            raise KilledError
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.is_over = True
                raise KilledError


class MortalThread:
    """A `WorkThread` whose process may die before or after an action is durable."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def do(self, action: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        self._life.step()
        result = action()
        self._life.step()
        return result


class Crm:
    """The account: the sandbox's endpoints, without its server."""

    def __init__(self, clock: SimulatedClock, opportunities: int) -> None:
        self.clock = clock
        self.seen: list[Seen] = []
        self.calls: list[float] = []
        self.refused_values: set[str] = set()  #: Refused each time, until somebody mends them.
        self.most_together = 0
        self.fates: list[str] = []
        self.command = 0
        self._together: Counter[str] = Counter()
        self._account = Account(options=SandboxOptions(), opportunities=Opportunities())
        self._opportunities = opportunities

    def opportunity(self, guid: str) -> Any:
        return self._account.opportunities.find(guid)

    async def answer(self, request: Request, permit: Permit, life: Life) -> Reply | NoReply:
        life.step()
        update = self._update_of(request)
        fate = self.fates.pop(0) if update is not None and self.fates else "ok"
        if fate == "unreachable":
            permit.unused()
            await asyncio.sleep(LATENCY)
            return NoReply(kind=NoReplyKind.CONNECT, written=False, text="refused")
        permit.written()
        self.calls.append(self.clock.monotonic())
        guid = update[0] if update else ""
        self._together[guid] += 1
        if update is not None:
            self.most_together = max(self.most_together, self._together[guid])
        try:
            await asyncio.sleep(LATENCY / 2)
            reply = self._decide(request, update, fate)
            life.step()  # the call may have been applied, and nobody is told
            await asyncio.sleep(60.0 if fate.startswith("hang") else LATENCY / 2)
            life.step()
            return reply
        finally:
            self._together[guid] -= 1
            permit.answered()

    def _update_of(self, request: Request) -> tuple[str, str, str] | None:
        if not request.path.endswith("/Update"):
            return None
        body = json.loads(request.body)
        values = {item["SchemaName"]: item["Value"] for item in body["Fields"]}
        named = body["ProspectOpportunityId"].lower()
        return named, values.get("mx_Custom_1", ""), body.get("OpportunityNote", "")

    def _decide(
        self, request: Request, update: tuple[str, str, str] | None, fate: str
    ) -> Reply | NoReply:
        if update is None:
            return self._serve(request)
        guid, value, note = update
        is_refused = value in self.refused_values and fate in APPLIED
        applied = fate in APPLIED and not is_refused
        self.seen.append(
            Seen(
                at=self.clock.monotonic(),
                guid=guid,
                value=value,
                note=note,
                applied=applied,
                command=self.command,
            )
        )
        proper = self._serve(request) if applied else None
        if is_refused:
            answer = refused("MXInvalidInputException", "Invalid Input! Parameter Name: x")
            proper = Reply(status=answer.status, body=answer.body)
        match fate:
            case "ok":
                assert proper is not None
                return proper
            case "rate":
                answer = over_the_limit(25, 5.0)
            case "transient" | "transient applied":
                answer = refused("MXException", "The operation timed out. Please try again.")
            case "down":
                answer = foreign(503)
            case "foreign 404":
                answer = foreign(404)
            case "truncated":
                return Reply(status=200, body=(proper.body if proper else b"{")[:20])
            case _:
                kind = NoReplyKind.TIMEOUT if fate.startswith("hang") else NoReplyKind.RESET
                return NoReply(kind=kind, written=True, text=fate)
        return Reply(status=answer.status, body=answer.body)

    def _serve(self, request: Request) -> Reply:
        path = f"/v2/{request.path}"
        endpoint = ENDPOINTS[path]
        call = understood(
            endpoint,
            query=dict(request.query),
            body=request.body,
            content_type="application/json; charset=utf-8",
            now=self.clock.monotonic(),
            wall=self.clock.wall(),
            host="127.0.0.1:1",
        )
        answer = endpoint.serve(self._account, call).answer
        return Reply(status=answer.status, body=answer.body)


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
    quota_file: Path
    process: int

    @asynccontextmanager
    async def connected(self, account: str | None) -> AsyncIterator[tuple[Client, Quota]]:
        del account
        # Of a process that is gone as soon as another asks.
        permits = SharedPermits(self.quota_file, pid=2**22 + self.process, started=1.0)
        quota = AccountQuota(25, 5.0, clock=self.clock, permits=permits)
        yield Calling(self.crm, self.life), quota
        quota.close()

    @asynccontextmanager
    async def thread(self) -> AsyncIterator[WorkThread]:
        yield MortalThread(self.life)

    def run_to_end(self, main: Coroutine[Any, Any, T]) -> T:
        clock = self.crm.clock
        with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock.now)) as runner:
            try:
                return runner.run(main)
            finally:
                clock.now = max(clock.now, runner.get_loop().time())


# ------------------------------------------------------------------ a night


@dataclass
class Night:
    """A person with a sheet, typing commands."""

    folder: Path
    rows: list[Row]
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    ended: list[str] = field(default_factory=list)  #: How each command did.
    places: list[dict[tuple[str, str], tuple[int, int]]] = field(default_factory=lambda: [{}])
    """After each command, by its number: run and entry of each opportunity's value."""

    def __post_init__(self) -> None:
        self.crm = Crm(self.clock, opportunities=4)
        self._mapping: Mapping = parse_mapping(MAPPING, name="deals.yaml")
        self._versions = len(self.rows)
        self._commands = 0

    def new_value(self) -> str:
        self._versions += 1
        return f"v{self._versions}"

    def new_note(self) -> str:
        self._versions += 1
        return f"n{self._versions}"

    # -------------------------------------------------------------- steps

    def do(self, step: Step) -> None:
        if isinstance(step, Edit):
            self._edit(step)
        else:
            self.type(step)

    def _edit(self, edit: Edit) -> None:
        rows, place = self.rows, edit.place % len(self.rows)
        match edit.kind:
            case "value":
                rows[place] = replace(rows[place], value=self.new_value())
            case "note":
                rows[place] = replace(rows[place], note=self.new_note())
            case "add":
                rows.insert(place, Row(edit.place % 4 + 1, self.new_value(), self.new_note()))
            case "remove" if len(rows) > 1:
                del rows[place]
            case "swap":
                other = (place + 1) % len(rows)
                rows[place], rows[other] = rows[other], rows[place]

    def type(self, command: Command) -> None:
        """Type one command; how it ended is in `ended`."""
        self._commands += 1
        self.crm.command = self._commands
        self.crm.fates = list(command.fates)
        life = Life(command.kill_at)
        with self.ledger() as ledger:
            world = self._world(ledger, life)
            try:
                code = self._carry_out(world, command)
                self.ended.append(f"{command.name}: {code}")
            except KilledError:
                self.ended.append(f"{command.name}: killed")
            except BaseExceptionGroup as group:
                if group.split(KilledError)[1] is not None:
                    raise
                self.ended.append(f"{command.name}: killed")
            except MigratorError as error:
                self.ended.append(f"{command.name}: {error.problem}")
            self.places.append(_places(ledger))
        self.clock.now += 1.0

    def _carry_out(self, world: World, command: Command) -> str:
        runs = world.ledger.records.runs()
        policy = DeliveryPolicy()
        if command.name == "run":
            self.write_sheet()
            finished = run(world, [str(self.sheet)], self._mapping, RunOptions(policy=policy))
            return finished.exit_code.name
        if not runs:
            return "nothing to do"
        if command.name == "resume":
            open_runs = [one for one in runs if world.ledger.records.is_unfinished(one)]
            codes = [resume(world, one, policy=policy).exit_code.name for one in open_runs[:1]]
            return codes[0] if codes else "nothing to do"
        if command.name == "settle":
            return self._settle(world, runs[0], policy)
        return retry(world, runs[0], RetryOptions(policy=policy)).exit_code.name

    def _settle(self, world: World, newest: Run, policy: DeliveryPolicy) -> str:
        """A person looks at each note in doubt, in the CRM, and says whether it is there."""
        applied = {seen.note for seen in self.crm.seen if seen.applied}
        for entry in list(world.ledger.records.entries(newest, (State.IN_DOUBT,))):
            options = RetryOptions(
                in_doubt=True,
                note_present=entry.cells[2] in applied,
                rows=((entry.row, entry.row),),
                policy=policy,
            )
            retry(world, newest, options)
        return "settled"

    # -------------------------------------------------------------- files

    @property
    def sheet(self) -> Path:
        return self.folder / "deals.csv"

    def write_sheet(self) -> None:
        with self.sheet.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("Id", "Value", "Note"))
            writer.writerows((row.guid, row.value, row.note) for row in self.rows)

    @contextlib.contextmanager
    def ledger(self) -> Iterator[Ledger]:
        with open_ledger(self.folder / "migrator.db") as opened:
            yield opened

    def _world(self, ledger: Ledger, life: Life) -> World:
        settings = load_settings(
            {
                "LSQ_API_HOST": "http://127.0.0.1:1",
                "LSQ_ACCESS_KEY": "u$rtest",
                "LSQ_SECRET_KEY": "secret",
                "MIGRATOR_STATE_DIR": str(self.folder / "state"),
            }
        )
        return SimulatedWorld(
            ledger=ledger,
            settings=settings,
            operator=SilentOperator(),
            clock=self.clock,
            crm=self.crm,
            life=life,
            quota_file=self.folder / "quota.db",
            process=self._commands,
        )


def _places(ledger: Ledger) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (str(entry.cells[0]), str(entry.cells[1])): (run.number, entry.number)
        for run in reversed(ledger.records.runs())  # the newest run's places count
        for entry in ledger.records.entries(run)
    }


def steps_to_the_end(night: Night, *, most: int = 12) -> None:
    """The weather clears, rows are mended, and a person types what the tool suggests."""
    night.crm.refused_values.clear()
    night.type(Command("run"))
    for _ in range(most):
        with night.ledger() as ledger:
            open_runs = [one for one in ledger.records.runs() if ledger.records.is_unfinished(one)]
            counts = ledger.records.balance(ledger.records.runs()[0]).states
        if open_runs:
            night.type(Command("resume"))
        elif counts.get(State.FAILED):
            night.type(Command("retry"))
        elif counts.get(State.IN_DOUBT):
            night.type(Command("settle"))
        else:
            return


def a_night(folder: Path, opportunities: Sequence[int]) -> Night:
    """A sheet with a row for each of these opportunities, in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        Row(opportunity, f"v{number}", f"n{number}" if number % 3 else "")
        for number, opportunity in enumerate(opportunities)
    ]
    return Night(folder, rows)
