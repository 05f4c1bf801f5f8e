"""One row on its way: examined, sent, its reply read, settled.

Owns the path of a single entry through quota, intent, call and outcome. It decides nothing that a
pure function can: what a reply means, whether to try again, what a read proves.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from migrator.dispatcher.brakes import EqualRefusals, Failures
from migrator.dispatcher.first_row import FirstRow, with_guid
from migrator.dispatcher.foreign import ForeignAnswers
from migrator.dispatcher.meter import Meter
from migrator.dispatcher.policy import DeliveryPolicy
from migrator.dispatcher.reading import access_refused
from migrator.dispatcher.telling import Telling
from migrator.dispatcher.traffic import Traffic
from migrator.dispatcher.witness import Witness
from migrator.leadsquared import read_update, update_request
from migrator.model import (
    Blocked,
    Call,
    Clear,
    Counts,
    Doubt,
    DoubtfulNote,
    Entry,
    Failed,
    InDoubt,
    Known,
    NotesPolicy,
    NotKept,
    NotSent,
    Outcome,
    Proof,
    Reading,
    Run,
    Succeeded,
    Verdict,
)
from migrator.ports import Client, Clock, Picking, Settling, WorkThread
from migrator.retry import GiveUp, WaitThenRetry, decide
from migrator.settling import Judgement

_LOST = Reading(verdict=Verdict.UNKNOWN, message="the answer to an earlier call was lost")


@dataclass(slots=True)
class Sending:
    """What one delivery knows while it lasts."""

    entry: Entry
    known: Known
    with_note: bool
    uncertain: bool  #: An earlier call may have been applied.
    untold_since: float | None = None
    """Wall time of the last call that may have been applied, as long as no read has told."""
    note_in_doubt: bool = False  #: Whether the note is there cannot be told: it is not sent again.
    again: bool = False  #: The note was sent before, and seems not to be there.
    unknown: int = 0  #: Attempts whose effect is unknown, in this delivery.
    outages: int = 0  #: Those that had been when the last unknown attempt was counted.
    had_last_chance: bool = False  #: One more attempt after a probe was answered.
    faults: int = 0  #: Calls that never left.
    called: bool = False  #: The ledger says "sending".
    unproved: tuple[Proof, ...] = ()  #: To be read back before the row counts as succeeded.
    last: Reading = _LOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made."""

    call: Call
    began: float  #: Wall time before it left.
    sent_at: float  #: Monotonic time before it left.


class Delivery:
    """Delivers entries, any number of them at the same time."""

    def __init__(
        self,
        run: Run,
        *,
        picking: Picking,
        settling: Settling,
        thread: WorkThread,
        client: Client,
        clock: Clock,
        traffic: Traffic,
        witness: Witness,
        foreign: ForeignAnswers,
        first_row: FirstRow,
        policy: DeliveryPolicy,
        counts: Counts,
        meter: Meter,
        called: Callable[[Entry], None],
        changed: Callable[[], None],
        say: Callable[[str], None],
        telling: Telling,
    ) -> None:
        self._telling = telling
        self._run, self._picking, self._settling, self._thread = run, picking, settling, thread
        self._client, self._clock, self._traffic = client, clock, traffic
        self._witness, self._foreign, self._policy = witness, foreign, policy
        self._first_row = first_row
        self._counts, self._meter, self._say = counts, meter, say
        self._tell_called, self._changed = called, changed
        self._in_flight = asyncio.Semaphore(policy.most_in_flight)
        self._brake = EqualRefusals(policy.equal_refusals)
        self._at_least_once = run.source.notes is NotesPolicy.AT_LEAST_ONCE
        self._failures = Failures(policy.most_failures)

    async def deliver(self, picked: Entry) -> str:
        """Bring one entry as far as it goes; gives the GUID of its opportunity, "" if unknown."""
        policy = self._policy
        standing: Clear | Blocked = await self._thread.do(
            lambda: self._picking.examine(
                self._run,
                picked,
                allow_older=policy.allow_older,
                regardless=picked.number in policy.regardless,
                at=self._clock.wall(),
            )
        )
        if isinstance(standing, Blocked):
            self._counts.skipped += not standing.since_picked
            self._telling.held(picked)
            self._changed()
            return ""
        entry = standing.entry
        sending = Sending(
            entry=entry,
            known=standing.known,
            with_note=bool(entry.note),
            uncertain=entry.is_uncertain,
            untold_since=entry.attempted_at if entry.is_uncertain else None,
        )
        for doubtful in standing.doubtful_notes:
            await self._look_up(sending, doubtful)
        if not self._first_row.unproved(entry):
            return await self._deliver(sending)
        async with self._first_row.turn:
            sending.unproved = await self._first_row.provable(entry)
            if sending.unproved:
                return await self._deliver(sending)
        return await self._deliver(sending)

    async def _deliver(self, sending: Sending) -> str:
        if sending.uncertain and sending.with_note:
            settled = await self._settle_by_reading(sending, sending.entry.attempted_at)
            if settled is not None:
                return settled
        return await self._send_until_settled(sending)

    async def _look_up(self, sending: Sending, doubtful: DoubtfulNote) -> None:
        """Look an earlier doubtful note up before this row's note could cover it."""
        entry = sending.entry
        judgement = await self._witness.judge(
            entry,
            note=doubtful.note,
            fields=(),
            known=sending.known,
            attempted_at=doubtful.attempted_at,
        )
        if judgement is None:
            return
        same = set(entry.notes) & set(doubtful.notes) if sending.with_note else set()
        is_told = judgement in (Judgement.APPLIED, Judgement.NOT_THERE)
        goes_again = judgement is Judgement.NOT_THERE or (not is_told and self._at_least_once)
        if is_told or (same and goes_again):
            is_there = judgement is Judgement.APPLIED
            await self._thread.do(
                lambda: self._settling.settle_doubtful_note(
                    self._run, entry, doubtful, is_there=is_there, at=self._clock.wall()
                )
            )
        if same and goes_again:
            sending.again = True
        elif same:
            sending.entry = await self._thread.do(
                lambda: self._picking.leave_notes_out(entry, same)
            )
            which = "a part of its note" if sending.entry.notes else "its note"
            self._say(
                f"row {entry.row}: {which} is left out: a call of an earlier run with the same "
                f"note {'has arrived' if judgement is Judgement.APPLIED else 'may have arrived'}"
            )
            sending.with_note = bool(sending.entry.notes)

    # -------------------------------------------------------------- sending

    async def _send_until_settled(self, sending: Sending) -> str:
        settled = None
        while settled is None:
            if not sending.with_note and not sending.entry.fields:
                return await self._settle(sending, self._without_note(sending, guid=""), None)
            made = await self._call(sending)
            if made is None:
                return await self._leave(sending)
            settled = await self._take(sending, made)
        return settled

    async def _call(self, sending: Sending) -> "Made | None":
        """Make one call, its intent durable before it leaves; None when the run is stopping."""
        entry = sending.entry
        async with self._in_flight:
            permit = await self._traffic.permit(update=True)
            if permit is None:
                return None
            began, sent_at = self._clock.wall(), self._clock.monotonic()
            try:
                attempt = await self._thread.do(
                    lambda: self._settling.intend(
                        entry, with_note=sending.with_note, again=sending.again, at=began
                    )
                )
            except BaseException:
                permit.unused()
                self._traffic.heard(sent_at=sent_at, update=True)
                raise
            self._count_call(sending, sent_at)
            self._telling.sent(sending.entry, with_note=sending.with_note)
            note = entry.note if sending.with_note else ""
            request = update_request(entry.opportunity_id, note, entry.fields)
            self._counts.in_flight += 1
            try:
                reply = await self._client.call(request, permit)
            finally:
                self._counts.in_flight -= 1
        reading = read_update(
            reply,
            opportunity_id=entry.opportunity_id,
            id_kind=entry.id_kind,
            moved=self._policy.moved,
        )
        call = Call(attempt=attempt, reading=reading, at=self._clock.wall())
        seconds = self._clock.monotonic() - sent_at
        self._telling.answered(sending.entry, reading, seconds=seconds)
        return Made(call=call, began=began, sent_at=sent_at)

    def _count_call(self, sending: Sending, sent_at: float) -> None:
        self._meter.call(sent_at)
        self._tell_called(sending.entry)
        if sending.entry.attempts:
            self._counts.retried += 1
        sending.entry = replace(sending.entry, attempts=sending.entry.attempts + 1)
        sending.called = True

    async def _take(self, sending: Sending, made: "Made") -> str | None:
        """Act on a reply; None when the row goes on."""
        call, reading = made.call, made.call.reading
        sending.last = reading
        if reading.verdict is not Verdict.FOREIGN:
            self._foreign.other_answer()
        verdict = reading.verdict
        if verdict is Verdict.NOT_PERMITTED:
            verdict = Verdict.REFUSED if self._counts.succeeded else Verdict.ACCESS
        match verdict:
            case Verdict.APPLIED:
                self._traffic.answered(sent_at=made.sent_at, update=True)
                return await self._settle(sending, self._applied(sending, reading), call)
            case Verdict.REFUSED:
                self._traffic.answered(sent_at=made.sent_at, update=True)
                return await self._take_refusal(sending, call)
            case Verdict.ACCESS:
                self._traffic.stop(access_refused(reading))
                return await self._leave(sending, call)
            case Verdict.FOREIGN:
                self._traffic.heard(sent_at=made.sent_at, update=True)
                return await self._take_foreign(sending, call)
            case Verdict.UNKNOWN:
                self._traffic.faulted(
                    sending.entry, reading.message, sent_at=made.sent_at, update=True
                )
                return await self._take_unknown(sending, made)
            case Verdict.RATE | Verdict.TARGET_FAULT:
                await self._note(sending, call)
                await self._wait_for_target(sending, made)
        return None

    async def _wait_for_target(self, sending: Sending, made: "Made") -> None:
        """Nothing was applied, and the row is not to blame: no attempt is used up."""
        if made.call.reading.verdict is Verdict.RATE:
            self._traffic.rate_limited(made.call.reading, sent_at=made.sent_at, update=True)
            self._changed()
            return
        self._traffic.faulted(
            sending.entry, made.call.reading.message, sent_at=made.sent_at, update=True
        )
        self._changed()
        sending.faults += 1
        decision = self._decide(made.call.reading, sending.faults)
        if isinstance(decision, WaitThenRetry):
            await self._traffic.wait(decision.seconds)

    def _decide(self, reading: Reading, attempt: int) -> WaitThenRetry | GiveUp:
        return decide(
            reading.verdict,
            attempt=attempt,
            retry_after=reading.retry_after,
            jitter=random.random(),  # noqa: S311 - no secret
            policy=self._policy.retry,
        )

    async def _take_foreign(self, sending: Sending, call: Call) -> str | None:
        failed, planned_again = await self._foreign.speaks_of_row(sending.entry, call.reading)
        for entry in planned_again:
            await self._write(entry, NotSent(reading=call.reading), None, holds=False)
            self._counts.failed -= 1
        if failed:
            return await self._take_refusal(sending, call)
        return await self._leave(sending, call)

    async def _take_refusal(self, sending: Sending, call: Call) -> str:
        """The row has failed, unless an earlier call, whose answer was lost, was applied."""
        if sending.untold_since is None:
            return await self._settle(sending, Failed(reading=call.reading), call)
        await self._note(sending, call)
        judgement = await self._witness.judge_fields(
            sending.entry, attempted_at=sending.untold_since
        )
        if judgement is None:
            return await self._leave(sending)
        outcome: Outcome = Failed(reading=call.reading)
        if judgement is Judgement.APPLIED and not sending.with_note:
            outcome = self._without_note(sending, guid="")
        elif judgement is not Judgement.NOT_THERE:  # or its note is still to be sent
            outcome = InDoubt(doubt=Doubt.ALL, reading=call.reading)
        return await self._settle(sending, outcome, None)

    async def _take_unknown(self, sending: Sending, made: "Made") -> str | None:
        call = made.call
        sending.uncertain, sending.untold_since = True, made.began
        if sending.outages != self._traffic.outages:  # the row was not to blame for those before
            sending.outages, sending.unknown = self._traffic.outages, 0
        sending.unknown += 1
        await self._note(sending, call)
        if sending.with_note:
            settled = await self._settle_by_reading(sending, made.began)
            if settled is not None:
                return settled
        decision = self._decide(call.reading, sending.unknown)
        if isinstance(decision, GiveUp):
            is_open = self._traffic.is_in_question
            if await self._traffic.was_down(since=sending.outages):
                return None
            if self._traffic.is_stopping():
                return await self._leave(sending)
            if is_open and not sending.had_last_chance:  # it may have been down until this moment
                sending.had_last_chance = True
                return None
            in_doubt = InDoubt(doubt=Doubt.ALL, reading=call.reading)
            return await self._settle(sending, in_doubt, None)
        await self._traffic.wait(decision.seconds)
        return None

    async def _settle_by_reading(self, sending: Sending, attempted_at: float) -> str | None:
        """Let the note bear witness; None when the row is to be sent again."""
        entry = sending.entry
        judgement = await self._witness.judge(
            entry,
            note=entry.note,
            fields=entry.fields,
            known=sending.known,
            attempted_at=attempted_at,
        )
        match judgement:
            case None:
                return await self._leave(sending)
            case Judgement.APPLIED:
                return await self._settle(sending, Succeeded(note_confirmed=True), None)
            case Judgement.NOT_THERE:
                sending.again, sending.untold_since = True, None
            case _ if self._at_least_once:
                sending.again = True
                self._say(
                    f"row {entry.row}: whether its note has arrived cannot be told: it is sent "
                    "again (notes: at_least_once)"
                )
            case _:
                sending.with_note, sending.note_in_doubt = False, True
        return None

    # -------------------------------------------------------------- settling

    def _applied(self, sending: Sending, reading: Reading) -> Outcome:
        if sending.note_in_doubt:
            return self._without_note(sending, guid=reading.guid)
        return Succeeded(guid=reading.guid, note_confirmed=True)

    def _without_note(self, sending: Sending, *, guid: str) -> Outcome:
        if not sending.note_in_doubt:
            return Succeeded(guid=guid, note_confirmed=False)
        text = "the fields are there; whether its note is, a read of the CRM could not tell"
        reading = replace(sending.last, message=text)
        return InDoubt(doubt=Doubt.NOTE, reading=reading, guid=guid)

    async def _note(self, sending: Sending, call: Call) -> None:
        entry = sending.entry
        await self._thread.do(lambda: self._settling.note_call(entry, call))
        self._changed()

    async def _leave(self, sending: Sending, call: Call | None = None) -> str:
        """The run is stopping: the row stays planned, or in doubt where a call may have arrived."""
        if sending.called:
            outcome: Outcome = NotSent(reading=sending.last)
            if sending.uncertain:
                outcome = InDoubt(doubt=Doubt.ALL, reading=sending.last)
            await self._write(sending.entry, outcome, call, holds=False)
        return ""

    async def _settle(self, sending: Sending, outcome: Outcome, call: Call | None) -> str:
        await self._leave_doubtful_note_out(sending, outcome)
        if isinstance(outcome, Succeeded) and sending.unproved:
            outcome = await self._read_back(sending, outcome, call)
            if isinstance(outcome, InDoubt):  # the run is stopping
                await self._write(sending.entry, outcome, call, holds=False)
                return ""
        waiting = await self._write(
            sending.entry, outcome, call, with_note=sending.with_note, holds=True
        )
        self._counts.skipped += waiting
        match outcome:
            case Succeeded():
                self._counts.succeeded += 1
                self._brake.succeeded()
            case Failed(reading=reading):
                self._counts.failed += 1
                error = self._brake.refused(reading)
                if error is not None:
                    self._traffic.stop(error)
            case NotKept():
                self._counts.failed += 1
            case InDoubt():
                self._counts.in_doubt += 1
            case NotSent():
                pass
        failed = outcome.reading if isinstance(outcome, Failed | NotKept) else None
        error = self._failures.settled(failed)
        if error is not None:
            self._traffic.stop(error)
        self._changed()
        return getattr(outcome, "guid", "")

    async def _leave_doubtful_note_out(self, sending: Sending, outcome: Outcome) -> None:
        """A retry of a failed row could not know that its note may be there already."""
        if not (sending.note_in_doubt and isinstance(outcome, Failed)):
            return
        entry = sending.entry
        sending.entry = await self._thread.do(
            lambda: self._picking.leave_notes_out(entry, set(entry.notes))
        )
        self._say(f"row {entry.row}: its note is left out: an earlier call may have brought it")

    async def _read_back(self, sending: Sending, outcome: Succeeded, call: Call | None) -> Outcome:
        """Whether the fields that nobody has seen yet are there, too."""
        entry = with_guid(sending.entry, outcome.guid)
        reading = call.reading if call is not None else sending.last
        lost = await self._first_row.read_back(
            entry, sending.unproved, known=sending.known, with_note=sending.with_note
        )
        if lost is None:
            told = "applied, but not read back yet: it is the first row that needs it"
            return InDoubt(doubt=Doubt.ALL, reading=replace(reading, message=told))
        if not lost:
            return outcome
        names = ", ".join(loss.schema_name for loss in lost)
        told = f"LeadSquared said Success, but a read shows another value: {names}"
        return NotKept(losses=lost, reading=replace(reading, message=told), guid=outcome.guid)

    async def _write(
        self,
        entry: Entry,
        outcome: Outcome,
        call: Call | None,
        *,
        with_note: bool = False,
        holds: bool,
    ) -> int:
        waiting = await self._thread.do(
            lambda: self._settling.settle(
                self._run,
                entry,
                outcome,
                call=call,
                with_note=with_note,
                holds=holds,
                at=self._clock.wall(),
            )
        )
        self._telling.settled(entry, outcome, call, waiting=waiting)
        return waiting
