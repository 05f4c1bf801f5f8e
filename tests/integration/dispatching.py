"""What tests of the dispatcher share: a plan in a real ledger, a spectator, a scripted CRM.

The scripted CRM is a `Client` without sockets, for tests in which hours pass. It imitates answers
only; over real HTTP the sandbox is the other side.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from types import TracebackType
from typing import Self, TypeVar

from migrator.dispatcher import DeliveryPolicy, Dispatch, DispatchResult
from migrator.ledger import Ledger, PlannedRow
from migrator.model import (
    Counts,
    FieldValue,
    IdKind,
    NoReply,
    NoReplyKind,
    NotesPolicy,
    Reply,
    Request,
    Run,
    Source,
    SourceRow,
    Update,
)
from migrator.ports import Client, Clock, Permit, Quota, WorkThread
from migrator.quota.local import AccountQuota

T = TypeVar("T")
FIELD = "mx_Custom_1"


def guid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def an_update(
    number: int, value: str = "x", *, note: str = "", auto: str = "", **more: str
) -> Update:
    """A row's update; ``more`` are further fields."""
    kind = IdKind.AUTO_ID if auto else IdKind.GUID
    fields = ((FIELD, value),) if value else ()
    return Update(
        auto or guid(number), kind, note, tuple(FieldValue(*f) for f in (*fields, *more.items()))
    )


def plan(
    ledger: Ledger,
    *updates: Update,
    account: str = "account",
    merge: bool = False,
    send_all: bool = False,
    notes: NotesPolicy = NotesPolicy.AT_MOST_ONCE,
) -> Run:
    """A sealed plan of rows 2, 3, …; entry 1 is row 2."""
    names = dict.fromkeys([FIELD, *(field.schema_name for u in updates for field in u.fields)])
    source = Source(
        name="deals.csv",
        mapping_name="deals.yaml",
        mapping_digest="m",
        event_code=12000,
        columns=("Id",),
        schema_names=tuple(names),
        notes=notes,
    )
    run = ledger.plans.begin(source, account=account)
    rows = [
        PlannedRow(SourceRow("deals.csv", "", n, n, ("Id",), (update[0],)), update, None)
        for n, update in enumerate(updates, 2)
    ]
    content = blake2b()
    ledger.plans.add(run, rows, first_number=1, content=content)
    if merge:
        ledger.merging.merge(run)
    ledger.plans.mark(run, send_all=send_all)
    return ledger.plans.seal(
        run, content_digest=content.hexdigest(), rows_read=len(rows), blank_rows=0
    )


def states(ledger: Ledger, run: Run) -> list[str]:
    return [record.state.value for record in ledger.records.entries(run)]


class Spectator:
    """A `Progress` that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.states: Counter[str] = Counter()

    def show(self, counts: Counts, *, state: str) -> None:
        assert counts.in_flight >= 0
        self.states[state] += 1

    def say(self, message: str) -> None:
        self.said.append(message)


def a_dispatch(
    ledger: Ledger,
    run: Run,
    *,
    client: Client,
    quota: Quota,
    clock: Clock,
    thread: WorkThread,
    policy: DeliveryPolicy | None = None,
    progress: Spectator | None = None,
    chosen: frozenset[int] | None = None,
) -> Dispatch:
    ledger.work.begin(run)
    return Dispatch(
        run,
        work=ledger.work,
        proving=ledger.proofs,
        thread=thread,
        quota=quota,
        client=client,
        clock=clock,
        policy=policy or DeliveryPolicy(),
        progress=progress or Spectator(),
        to_send=ledger.records.balance(run).unfinished,
        chosen=chosen,
    )


# ------------------------------------------------------------------ the scripted CRM


class VirtualClock:
    """The running loop's time, also on the wall."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return 1_700_000_000.0 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class SameThread:
    """A `WorkThread` for loops of virtual time: nothing from outside can arrive there."""

    async def do(self, action: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        return action()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One call, as the CRM sees it."""

    at: float
    update: bool  #: Else a read.
    opportunity: str
    note: str = ""
    fields: dict[str, str] = field(default_factory=dict)


Answering = Callable[[Arrived], str]
"""The fate of a call: a name in `ScriptedCrm.answer`."""


def always(fate: str) -> Answering:
    return lambda _call: fate


class ScriptedCrm:
    """A CRM that keeps what is applied and answers as it is told; notes are added."""

    def __init__(self, answering: Answering | None = None, *, latency: float = 0.2) -> None:
        self.answering, self.latency = answering or always("ok"), latency
        self.calls: list[Arrived] = []
        self.applied: list[Arrived] = []
        self.values: dict[str, dict[str, str]] = {}
        self.notes: dict[str, list[str]] = {}
        self.auto_ids: dict[str, str] = {}
        self.most_together: Counter[str] = Counter()
        self._together: Counter[str] = Counter()

    @property
    def updates(self) -> list[Arrived]:
        return [call for call in self.calls if call.update]

    @property
    def reads(self) -> list[Arrived]:
        return [call for call in self.calls if not call.update]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def call(self, request: Request, permit: Permit) -> Reply | NoReply:
        call = self._arrived(request)
        fate = self.answering(call)
        if fate == "unreachable":
            permit.unused()
            await asyncio.sleep(self.latency)
            return NoReply(kind=NoReplyKind.CONNECT, written=False, text="refused")
        permit.written()
        self.calls.append(call)
        if fate == "hang":
            await asyncio.sleep(60.0)
            permit.answered()
            return NoReply(kind=NoReplyKind.TIMEOUT, written=True, text="none within 60 s")
        self._together[call.opportunity] += 1
        together = self._together[call.opportunity]
        self.most_together[call.opportunity] = max(self.most_together[call.opportunity], together)
        try:
            if call.update and fate in ("ok", "lost after"):
                self._apply(call)
            await asyncio.sleep(self.latency)
            return self._answer(fate, call)
        finally:
            self._together[call.opportunity] -= 1
            permit.answered()

    def _arrived(self, request: Request) -> Arrived:
        now = asyncio.get_running_loop().time()
        if request.method == "GET":
            named = dict(request.query)["OpportunityId"]
            return Arrived(at=now, update=False, opportunity=self._guid(named))
        body = json.loads(request.body)
        return Arrived(
            at=now,
            update=True,
            opportunity=self._guid(body["ProspectOpportunityId"]),
            note=body.get("OpportunityNote", ""),
            fields={f["SchemaName"]: f["Value"] for f in body["Fields"]},
        )

    def _guid(self, named: str) -> str:
        return self.auto_ids.get(named, named.lower())

    def _apply(self, call: Arrived) -> None:
        self.applied.append(call)
        self.values.setdefault(call.opportunity, {}).update(call.fields)
        if call.note:
            self.notes.setdefault(call.opportunity, []).append(call.note)

    def _answer(self, fate: str, call: Arrived) -> Reply | NoReply:
        match fate:
            case "ok" if call.update:
                return _json(200, {"Status": "Success", "Message": {"Id": call.opportunity}})
            case "ok":
                values = self.values.get(call.opportunity, {})
                notes = self.notes.get(call.opportunity, [])
                shown = [{"SchemaName": name, "Value": value} for name, value in values.items()]
                note = notes[-1] if notes else ""
                return _json(
                    200, {"ID": call.opportunity, "OpportunityNote": note, "Fields": shown}
                )
            case "lost before" | "lost after":
                return NoReply(kind=NoReplyKind.RESET, written=True, text="reset")
            case "rate":
                return _error(
                    429,
                    "MXAPIRateLimitExceededException",
                    "API calls exceeded the limit of 25 in 5 second(s)",
                )
            case "refused":
                return _error(500, "MXInvalidInputException", "Invalid Input! Parameter Name: x")
            case "not permitted":
                return _error(500, "MXUnAuthorizedAccessException", "No permission")
            case "access":
                return _error(401, "MXInvalidAccessDetailsException", "Wrong keys")
            case "down":
                return Reply(status=503, body=b"<html>Service Unavailable</html>")
            case "foreign 404":
                return Reply(status=404, body=b"<html>Not Found</html>")
        raise AssertionError(fate)


def _json(status: int, content: object) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode())


def _error(status: int, exception: str, message: str) -> Reply:
    return _json(
        status, {"Status": "Error", "ExceptionType": exception, "ExceptionMessage": message}
    )


async def dispatched(
    ledger: Ledger,
    run: Run,
    crm: ScriptedCrm,
    *,
    policy: DeliveryPolicy | None = None,
    progress: Spectator | None = None,
    limit: int = 25,
    chosen: frozenset[int] | None = None,
) -> DispatchResult:
    """One dispatch in virtual time, under a quota of ``limit`` in 5 s."""
    clock = VirtualClock()
    dispatch = a_dispatch(
        ledger,
        run,
        client=crm,
        quota=AccountQuota(limit, 5.0, clock=clock),
        clock=clock,
        thread=SameThread(),
        policy=policy,
        progress=progress,
        chosen=chosen,
    )
    return await dispatch.run()
