"""The CRM of a simulated night: the sandbox's own account code, without its server.

It takes each call at once, does with it what the schedule says, and keeps a log: what was said,
whether it was applied, and which entry's intent the ledger's file held at that moment, read through
a connection of its own. Of migrator it knows requests and replies, and nothing of the dispatcher.
"""

import asyncio
import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from migrator.model import NoReply, NoReplyKind, Reply, Request
from migrator.ports import Permit
from migrator.sandbox.account import ENDPOINTS
from migrator.sandbox.answers import over_the_limit
from migrator.sandbox.calls import Account, Done, understood
from migrator.sandbox.faults import Ending, strike
from migrator.sandbox.options import SandboxOptions
from migrator.sandbox.state import Opportunities

LIMIT: Final = 5
WINDOW: Final = 2.0  #: Seconds.
LATENCIES: Final = (0.1, 0.6, 0.2, 2.5, 0.05)  #: Seconds; calls take them in turn.
RATE: Final = {"rate": 429, "rate 200": 200}
STRUCK: Final = {
    "lost before": ("lost_before", False),
    "lost after": ("lost_after", True),
    "refused": ("mx_input", False),
    "transient": ("mx_transient", False),
    "transient applied": ("mx_transient", True),
    "down": ("http503", False),
    "gateway applied": ("http504", True),
    "truncated": ("truncated", True),
    "foreign 404": ("foreign404", False),
    "hang before": ("hang", False),
    "hang after": ("hang", True),
}
"""Fate to the sandbox's fault, and whether an update is applied."""

FATES: Final = (*STRUCK, *RATE, "unreachable")


class KilledError(BaseException):
    """The process is no more; nothing of it may run on, so nothing in it may catch this."""


@dataclass(frozen=True, slots=True)
class Traits:
    """How a CRM behaves."""

    notes: str = "add"  #: Or "overwrite".
    read_lag: float = 0.0  #: Seconds until a read shows a write.
    refused: frozenset[str] = frozenset()  #: Values that it refuses until somebody mends them.


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
    """Of one process: it ends at a durable step or a call."""

    left: int | None
    is_over: bool = False
    where: str = ""  #: Where it ended.
    at_the_end: list[Callable[[], object]] = field(default_factory=list)

    def step(self, where: str) -> None:
        """Go on, or die here."""
        if self.is_over:
            raise KilledError
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.is_over, self.where = True, where
            for action in self.at_the_end:
                action()
            raise KilledError


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the ledger's file says of the call that arrives."""

    entry: tuple[int, int]  #: Run and number.
    row: int
    state: str
    earlier_rows: tuple[int, ...]  #: Rows of its opportunity that should have been settled first.


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One update, as the CRM saw it."""

    at: float
    command: int  #: Number of the command that sent it.
    guid: str
    fields: dict[str, str]
    note: str
    fate: str
    applied: bool
    intent: Intent | None  #: None: the ledger knows nothing of the call.


class Crm:
    """The account: the sandbox's endpoints, without its server."""

    def __init__(self, clock: SimulatedClock, traits: Traits, ledger_file: Path) -> None:
        self.clock = clock
        self.seen: list[Seen] = []
        self.calls: list[float] = []  #: When each was written.
        self.values: dict[str, list[dict[str, str]]] = {}  #: An opportunity's, after each update.
        self.refused_values = traits.refused
        self.most_together = 0
        self._fates: list[str] = []
        self._then = "ok"
        self._command = 0
        self._under_way: Counter[str] = Counter()
        self._ledger_file = ledger_file
        options = SandboxOptions(notes=traits.notes, read_lag=traits.read_lag)  # type: ignore[arg-type]
        self._account = Account(options=options, opportunities=Opportunities())

    def begin(self, command: int, fates: Sequence[str], then: str) -> None:
        """Another command is typed; what was under way has died with the last one."""
        self._command, self._fates, self._then = command, list(fates), then
        self._under_way.clear()

    def opportunity(self, guid: str) -> Any:
        return self._account.opportunities.find(guid)

    def of_entry(self, entry: tuple[int, int]) -> list[Seen]:
        return [seen for seen in self.seen if seen.intent and seen.intent.entry == entry]

    # -------------------------------------------------------------- a call

    async def answer(self, request: Request, permit: Permit, life: Life) -> Reply | NoReply:
        life.step("before a call")
        latency = LATENCIES[len(self.calls) % len(LATENCIES)]
        update = self._update_of(request)
        fate = self._fate(request)
        if fate == "unreachable":
            permit.unused()
            await asyncio.sleep(latency)
            return NoReply(kind=NoReplyKind.CONNECT, written=False, text="refused")
        permit.written()
        self.calls.append(self.clock.monotonic())
        guid = update[0] if update else dict(request.query).get("OpportunityId", "")
        self._under_way[guid] += 1
        if update is not None:
            self.most_together = max(self.most_together, self._under_way[guid])
        try:
            reply, is_silent = self._take(request, update, fate)
            life.step(f"with a call under way, fate: {fate}")
            await asyncio.sleep(60.0 if is_silent else latency)
            life.step(f"at an answer, fate: {fate}")
            return reply
        finally:
            self._under_way[guid] -= 1
            if not life.is_over:
                permit.answered()

    def _fate(self, request: Request) -> str:
        if "OpportunityManagement" not in request.path:
            return "ok"
        fate = self._fates.pop(0) if self._fates else self._then
        # LeadSquared refuses no read of what it has.
        return "ok" if fate == "refused" and request.method == "GET" else fate

    def _update_of(self, request: Request) -> tuple[str, dict[str, str], str] | None:
        if not request.path.endswith("/Update"):
            return None
        body = json.loads(request.body)
        values = {item["SchemaName"]: item["Value"] for item in body["Fields"]}
        return body["ProspectOpportunityId"].lower(), values, body.get("OpportunityNote", "")

    def _take(
        self, request: Request, update: tuple[str, dict[str, str], str] | None, fate: str
    ) -> tuple[Reply | NoReply, bool]:
        """Apply and answer a call; and whether the answer never comes."""
        if update and update[1].get("mx_Custom_1") in self.refused_values:
            fate = "refused" if fate == "ok" else fate
            is_applied = False
        else:
            is_applied = fate == "ok" or (fate in STRUCK and STRUCK[fate][1])
        intent = intent_for(self._ledger_file, update[0]) if update else None
        done = self._serve(request) if is_applied else None
        if update is not None:
            self._keep(update, fate, intent, applied=done is not None and done.applied)
        return self._reply(fate, done)

    def _keep(
        self,
        update: tuple[str, dict[str, str], str],
        fate: str,
        intent: Intent | None,
        *,
        applied: bool,
    ) -> None:
        guid, fields, note = update
        self.seen.append(
            Seen(
                at=self.clock.monotonic(),
                command=self._command,
                guid=guid,
                fields=fields,
                note=note,
                fate=fate,
                applied=applied,
                intent=intent,
            )
        )
        if applied:
            self.values.setdefault(guid, []).append(dict(self.opportunity(guid).fields))

    def _reply(self, fate: str, done: Done | None) -> tuple[Reply | NoReply, bool]:
        if fate in RATE:
            answer = over_the_limit(LIMIT, WINDOW, status=RATE[fate])
        elif fate == "ok" and done is not None:
            answer = done.answer
        else:
            fault = strike(STRUCK[fate][0]).fault
            if fault.ending is not Ending.ANSWER:
                is_silent = fault.ending is Ending.SILENCE
                kind = NoReplyKind.TIMEOUT if is_silent else NoReplyKind.RESET
                return NoReply(kind=kind, written=True, text=fate), is_silent
            answer = fault.answer(done.answer if done else None, "mx_Custom_1")
        return Reply(status=answer.status, body=answer.body), False

    def _serve(self, request: Request) -> Done:
        endpoint = ENDPOINTS[f"/v2/{request.path}"]
        call = understood(
            endpoint,
            query=dict(request.query),
            body=request.body,
            content_type="application/json; charset=utf-8",
            now=self.clock.monotonic(),
            wall=self.clock.wall(),
            host="127.0.0.1:1",
        )
        return endpoint.serve(self._account, call)


@contextlib.contextmanager
def looking_at(ledger_file: Path) -> Iterator[sqlite3.Connection]:
    """The file as another process sees it; what is not committed does not show."""
    with contextlib.closing(sqlite3.connect(ledger_file)) as ledger:
        ledger.execute("PRAGMA synchronous = OFF")  # the last to close it writes its WAL back
        ledger.row_factory = sqlite3.Row
        yield ledger


def intent_for(ledger_file: Path, guid: str) -> Intent | None:
    """The entry that the ledger's file says is being sent for an opportunity."""
    with looking_at(ledger_file) as ledger:
        found = ledger.execute(
            "SELECT e.run, e.number, e.row, e.state FROM attempts a"
            " JOIN entries e ON e.run = a.run AND e.number = a.number"
            " WHERE e.opportunity = ? AND a.verdict = ''"
            " ORDER BY a.started_at DESC, a.run DESC, a.number DESC, a.attempt DESC LIMIT 1",
            (guid,),
        ).fetchone()
        if found is None:
            return None
        run, number, row, state = found
        earlier = ledger.execute(
            "SELECT row FROM entries WHERE run = ? AND opportunity = ? AND number < ?"
            " AND (state IN ('planned', 'sending', 'failed')"
            "      OR state = 'in_doubt' AND doubt = 'all') ORDER BY number",
            (run, guid, number),
        ).fetchall()
    rows = tuple(found[0] for found in earlier)
    return Intent(entry=(run, number), row=row, state=state, earlier_rows=rows)
