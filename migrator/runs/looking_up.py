"""Asking LeadSquared for the opportunities of many leads, through the one quota.

Owns how many calls are under way, what pauses them, and when it gives up. Each answer is in the
ledger before the next progress is shown; calls under way are finished when it stops.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from migrator.dispatcher.traffic import day_is_spent
from migrator.errors import AccessError, AllowanceError, MigratorError, TargetError, UsageError
from migrator.leadsquared import is_from_leadsquared, who_am_i_request
from migrator.leadsquared_lookups import PAGE_SIZE, Page, lookup_request, read_page
from migrator.ledger import Ledger
from migrator.lookups import Answer, Found, LeadKey
from migrator.model import NoReply, Reading, Reply, Request, Verdict
from migrator.ports import Client, Clock, Permit, Quota, ReadingProgress, WorkThread
from migrator.refusals import cure, settings_to_mend, told

MOST_IN_FLIGHT: Final = 32  #: Leads asked for at once; the quota is what holds them back.
MOST_PAGES: Final = 100  #: Of one lead; ten thousand opportunities are a fault.
MOST_REFUSED: Final = 10  #: At the beginning, and none that was not: then asking on is in vain.
MOST_READS: Final = 3  #: Of one lead whose list is shorter or longer than LeadSquared's own count.
_SAME: Final = "Type the same command again: what was answered is kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long it waits, in seconds, and how often it tries."""

    first_pause: float = 0.5  #: After a call without a clear answer; doubles with each in a row.
    longest_pause: float = 30.0
    most_in_a_row: int = 8  #: Pauses without any answer between them: then the CRM is down.
    most_tries: int = 5  #: Of one lead's call while others are answered.
    longest_refusal: float = 600.0  #: Of nothing but rate answers.


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for each lead."""

    account: str
    event_code: int
    columns: tuple[str, ...]


class _StoppedError(Exception):
    """Nothing new may be begun."""


class LookingUp:
    """One asking of many leads; `stop` may come at any time."""

    def __init__(
        self,
        wanted: Wanted,
        *,
        ledger: Ledger,
        thread: WorkThread,
        client: Client,
        quota: Quota,
        clock: Clock,
        progress: ReadingProgress,
        patience: Patience,
    ) -> None:
        self.asked = 0  #: Leads answered.
        self.refused = 0  #: Of these, answered with a refusal.
        self.error: MigratorError | None = None
        self._wanted, self._ledger, self._thread = wanted, ledger, thread
        self._client, self._quota, self._clock = client, quota, clock
        self._progress, self._patience = progress, patience
        self._keys: deque[LeadKey] = deque()
        self._turn = asyncio.Lock()  # One waits for the quota, so that a stop finds no queue there.
        self._stopping = asyncio.Event()
        self._paused_until = self._pause_began = 0.0
        self._faults = self._rate_answers = 0
        self._refused_since: float | None = None

    def stop(self, error: MigratorError | None = None) -> None:
        """Begin nothing new; the first reason counts."""
        if not self._stopping.is_set():
            self.error = error
            self._stopping.set()

    async def ask(self, keys: Sequence[LeadKey]) -> None:
        """Ask for each lead once; ends early when it is stopped, and `error` may say why."""
        self._keys.extend(keys)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(MOST_IN_FLIGHT, len(keys))):
                group.create_task(self._work(len(keys)))

    async def _work(self, total: int) -> None:
        try:
            while self._keys and not self._stopping.is_set():
                key = self._keys.popleft()
                answer = await self._answer(key)
                await self._keep(key, answer)
                self.asked += 1
                self.refused += bool(answer.problem)
                self._refuse_to_ask_in_vain(answer)
                self._progress.advance(self.asked, total, thing="lead", state=self._state)
        except _StoppedError:
            return
        except MigratorError as error:
            self.stop(error)

    def _refuse_to_ask_in_vain(self, answer: Answer) -> None:
        if self.asked == self.refused >= MOST_REFUSED:
            raise UsageError(
                f"LeadSquared refused the first {self.asked} leads ({answer.problem})",
                advice="Check --type, and that --lead-id or --lead-field names the right column. "
                "To ask for these leads again at once, add --again.",
            )

    async def _keep(self, key: LeadKey, answer: Answer) -> None:
        wanted, at = self._wanted, self._clock.wall()
        await self._thread.do(
            lambda: self._ledger.lookups.keep(
                wanted.account, wanted.event_code, key, answer, columns=wanted.columns, at=at
            )
        )

    # -------------------------------------------------------------- one lead

    async def _answer(self, key: LeadKey) -> Answer:
        """What is listed of a lead: all pages, as many as LeadSquared counts."""
        problem = ""
        for _ in range(MOST_READS):
            found: dict[str, Found] = {}
            listed, count = 0, None
            for number in range(1, MOST_PAGES + 1):
                page = await self._page(key, number)
                if isinstance(page, str):
                    return Answer(problem=page)
                found |= {one.guid: one for one in page.found}
                listed += page.listed
                count = page.record_count if number == 1 else count
                if page.listed < PAGE_SIZE:
                    break
            if count in (None, listed):
                return Answer(found=tuple(found.values()))
            problem = f"LeadSquared counts {count} opportunities of the lead and lists {listed}"
        return Answer(problem=problem)

    async def _page(self, key: LeadKey, number: int) -> Page | str:
        """One page, or why this lead has none, in LeadSquared's words."""
        wanted, tries = self._wanted, 0
        request = lookup_request(
            key, event_code=wanted.event_code, columns=wanted.columns, page=number
        )
        while True:
            sent_at, reply = await self._call(request)
            page = read_page(
                reply,
                event_code=wanted.event_code,
                columns=wanted.columns,
                of_type=not key.name,
            )
            if isinstance(page, Page):
                self._answered()
                return page
            if page.verdict is Verdict.REFUSED or self._is_only_this_lead(page):
                self._answered()
                return told(page)
            self._look_at(page, sent_at)
            tries += page.verdict is not Verdict.RATE
            if tries >= self._patience.most_tries and await self._is_answering():
                self._refuse_a_foreign_host(page)
                return told(page)

    def _refuse_a_foreign_host(self, reading: Reading) -> None:
        """Who-am-I is answered, and this call by nobody of LeadSquared's: no lead is to blame."""
        if reading.verdict is Verdict.FOREIGN and self.asked == self.refused:
            raise AccessError(
                f"the look-up is not answered by LeadSquared ({reading.message})",
                advice="Check with LeadSquared's support that the account has opportunities and "
                f"this API. {_SAME}",
            )

    def _is_only_this_lead(self, reading: Reading) -> bool:
        """A refused permission is the lead's where others were answered, else the account's."""
        return reading.verdict is Verdict.NOT_PERMITTED and self.asked > self.refused

    async def _is_answering(self) -> bool:
        """Whether LeadSquared answers at all: then the trouble is with this one lead."""
        _, reply = await self._call(who_am_i_request())
        is_answering = (
            is_from_leadsquared(reply) and isinstance(reply, Reply) and reply.status < 300
        )
        if is_answering:
            self._answered()
        return is_answering

    # -------------------------------------------------------------- the traffic

    @property
    def _state(self) -> str:
        if self._paused_until > self._clock.monotonic():
            return "paused"
        return "stopping" if self._stopping.is_set() else "asking"

    async def _call(self, request: Request) -> tuple[float, Reply | NoReply]:
        permit = await self._permit()
        sent_at = self._clock.monotonic()
        return sent_at, await self._client.call(request, permit)

    async def _permit(self) -> Permit:
        async with self._turn:
            await self._wait_for_the_pause()
            permit = await self._quota.acquire()
            if self._stopping.is_set():
                permit.unused()
                raise _StoppedError
            return permit

    async def _wait_for_the_pause(self) -> None:
        while not self._stopping.is_set():
            pause = self._paused_until - self._clock.monotonic()
            if pause <= 0:
                return
            await self._clock.sleep(min(pause, 0.5))
        raise _StoppedError

    def _answered(self) -> None:
        self._faults = self._rate_answers = 0
        self._refused_since = None

    def _look_at(self, reading: Reading, sent_at: float) -> None:
        """Take note of an answer that tells nothing of the lead: pause, or give up.

        Raises:
            MigratorError: No call can succeed now.
        """
        match reading.verdict:
            case Verdict.RATE:
                self._rate_limited(reading, sent_at)
            case Verdict.ACCESS | Verdict.NOT_PERMITTED:
                raise AccessError(
                    f"LeadSquared refuses access ({told(reading)})",
                    where=settings_to_mend(reading),
                    advice=f"{cure(reading)} {_SAME}",
                )
            case _:
                self._faulted(reading, sent_at)

    def _rate_limited(self, reading: Reading, sent_at: float) -> None:
        now = self._clock.monotonic()
        if reading.is_long_limit:
            then = "type the same command again, for what was answered is kept"
            raise day_is_spent(reading, now=self._clock.wall(), then=then)
        if self._refused_since is None:
            self._refused_since = now
        if now - self._refused_since >= self._patience.longest_refusal:
            raise AllowanceError(
                f"the account refuses every call ({told(reading)})",
                advice="The day's calls may be spent, or something else uses the account. Later, "
                f"{_SAME[0].lower()}{_SAME[1:]}",
            )
        if sent_at >= self._pause_began:  # else it left before the pause, and says nothing new
            self._rate_answers += 1
        growing = self._quota.refused(reading.limit) * 2 ** min(self._rate_answers - 1, 4)
        self._pause(max(reading.retry_after, growing), f"rate answer ({reading.message})")

    def _faulted(self, reading: Reading, sent_at: float) -> None:
        if sent_at < self._pause_began:
            return
        self._faults += 1
        if self._faults >= self._patience.most_in_a_row:
            kind = AccessError if reading.verdict is Verdict.FOREIGN else TargetError
            raise kind(
                f"LeadSquared gives no answer ({reading.message})",
                advice="When LeadSquared and your network work again, type the same command "
                "again: what was answered is kept.",
            )
        doubled = self._patience.first_pause * 2 ** (self._faults - 1)
        self._pause(min(self._patience.longest_pause, doubled), "")

    def _pause(self, seconds: float, what: str) -> None:
        now = self._clock.monotonic()
        if now + seconds <= self._paused_until:
            return
        self._pause_began, self._paused_until = now, now + seconds
        if what:
            self._progress.say(f"{what}: everything pauses for {seconds:.0f} s")
        elif self._faults == 3:
            self._progress.say("LeadSquared gives no answer; asking again after growing pauses")
