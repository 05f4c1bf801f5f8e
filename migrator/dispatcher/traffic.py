"""The one traffic state of a run: sending, paused, probing an outage, or stopping.

Owns when calls may leave, and why none may any more; what an outage is, `outage` knows. It reads no
replies: it is told what they meant.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from migrator.clock import DAY_SECONDS, local_time, next_utc_day
from migrator.dispatcher.outage import Outage
from migrator.dispatcher.policy import DeliveryPolicy
from migrator.dispatcher.telling import Telling
from migrator.dispatcher.trial import Trial
from migrator.errors import AllowanceError, BrakeError, MigratorError
from migrator.events import EventName
from migrator.model import Entry, Reading
from migrator.ports import Clock, Permit, Quota

T = TypeVar("T")

UNTIL_MARGIN: Final = 1.0
"""Seconds before the end that was given: a permit's call leaves a moment after the permit."""
LONGEST_SLEEP: Final = 30.0  #: Seconds.
SENDING: Final = "sending"


class Traffic:
    """Whether calls may leave; every part of a dispatch asks it first."""

    def __init__(
        self,
        *,
        quota: Quota,
        clock: Clock,
        policy: DeliveryPolicy,
        say: Callable[[str], None],
        probe: Callable[[Entry, Permit], Awaitable[str]],
        telling: Telling | None = None,
    ) -> None:
        self.error: MigratorError | None = None  #: Why it stops, where that is an error.
        self._quota, self._clock, self._policy = quota, clock, policy
        self._say, self._probe = say, probe
        self._told = (telling or Telling("")).traffic
        self._stopping = asyncio.Event()
        self._trial = Trial(clock=clock, longest_gap=policy.longest_probe_wait)
        self._outage = Outage(
            clock=clock,
            policy=policy,
            trial=self._trial,
            wait=self.wait,
            probe=self._probe_once,
            stop=self.stop,
            say=say,
            tell=self._told,
        )
        self._paused_until = 0.0
        self._paused_since: float | None = None  # until that is told to be over
        self._pause_began = 0.0
        self._rate_answers = 0  # in a row, one a pause
        self._only_refused_since: float | None = None
        self._watching: asyncio.Task[None] | None = None

    # -------------------------------------------------------------- asking

    def is_stopping(self) -> bool:
        """Whether nothing new may be begun."""
        return self._stopping.is_set()

    @property
    def outages(self) -> int:
        """How often the CRM did not work, so far."""
        return self._outage.count

    @property
    def state(self) -> str:
        """The state in a few words; what stands before a comma tells it by itself."""
        if self.is_stopping():
            return "parked" if isinstance(self.error, AllowanceError) else "stopping"
        if self._outage.state:
            return self._outage.state
        left = self._paused_until - self._clock.monotonic()
        if left > 0:
            return f"paused {math.ceil(left)} s, rate answer"
        return SENDING

    @property
    def is_in_question(self) -> bool:
        """Whether the CRM is down, or is being probed for it."""
        return not self._outage.is_over.is_set()

    async def was_down(self, *, since: int) -> bool:
        """Whether there were outages after so many; an open question is waited for."""
        if not self._outage.is_over.is_set():
            await self._unless_stopping(self._outage.is_over.wait())
        return self._outage.count != since

    async def permit(self, *, update: bool = False) -> Permit | None:
        """The right to make one call now; None when the run is stopping.

        What comes of the call has to be told: `answered`, `rate_limited`, `faulted` or `heard`.
        """
        while await self._clear():
            permit = await self._acquire()
            if permit is None:
                return None
            if self._is_time_up():
                permit.unused()
                return None
            is_clear = self.state == SENDING
            if is_clear and self._trial.take(update=update):
                return permit
            permit.unused()
            if is_clear:
                await self._unless_stopping(self._trial.wait())
        return None

    async def _acquire(self) -> Permit | None:
        try:
            return await self._unless_stopping(self._quota.acquire())
        except MigratorError as error:  # the day's calls are spent
            self.stop(error)
            return None

    async def _clear(self) -> bool:
        while not self.is_stopping():
            pause = self._paused_until - self._clock.monotonic()
            if not self._outage.is_over.is_set():
                await self._unless_stopping(self._outage.is_over.wait())
            elif pause > 0:
                await self.wait(pause)
            else:
                self._tell_resumed()
                return True
        return False

    async def wait(self, seconds: float) -> bool:
        """Wait, but not beyond the moment the run is stopping; whether it is not."""
        if seconds > 0:
            await self._unless_stopping(self._clock.sleep(seconds))
        return not self.is_stopping()

    async def _unless_stopping(self, awaited: Awaitable[T]) -> T | None:
        task = asyncio.ensure_future(awaited)
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            return None
        finally:
            stop.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    # -------------------------------------------------------------- the time that was given

    def watch_the_time(self) -> None:
        """From now on stop when the policy's ``until`` has come, whatever is being waited for."""
        if self._policy.until is not None and not self._is_time_up():
            self._watching = asyncio.ensure_future(self._wait_until(self._policy.until))

    async def _wait_until(self, until: float) -> None:
        # Asked again and again: the wall clock may be set while it waits.
        while not self._is_time_up():
            left = until - UNTIL_MARGIN - self._clock.wall()
            if not await self.wait(min(max(left, 0.01), LONGEST_SLEEP)):
                return

    def _is_time_up(self) -> bool:
        until = self._policy.until
        if until is None or self._clock.wall() < until - UNTIL_MARGIN:
            return False
        self.stop(time_is_up(until))
        return True

    # -------------------------------------------------------------- being told

    def stop(self, error: MigratorError | None = None) -> None:
        """Begin nothing new; the first reason counts."""
        if not self.is_stopping():
            self.error = error
            self._stopping.set()
            self._told(EventName.RUN_STOPPING, message="" if error is None else error.problem)

    def answered(self, *, sent_at: float, update: bool) -> None:
        """The CRM answered a call, and not with a rate limit."""
        self._trial.heard(sent_at=sent_at, update=update)
        self._outage.answered(update=update)
        if sent_at >= self._pause_began:
            self._rate_answers = 0
            self._only_refused_since = None

    def rate_limited(self, reading: Reading, *, sent_at: float, update: bool) -> None:
        """The account's limit was crossed: everybody pauses."""
        now = self._clock.monotonic()
        self._trial.heard(sent_at=sent_at, update=update)
        self._outage.answered(update=update)
        if reading.is_long_limit:
            self.stop(day_is_spent(reading, now=self._clock.wall(), then="run `migrator resume`"))
            return
        if self._only_refused_since is None:
            self._only_refused_since = now
        if now - self._only_refused_since >= self._policy.longest_refusal:
            self.stop(_only_rate_answers(now - self._only_refused_since))
            return
        pause = self._quota.refused(reading.limit)
        if pause and sent_at >= self._pause_began:  # else it left before the pause: nothing new
            self._rate_answers += 1
            self._pause_began = now
        growing = pause * 2 ** max(0, self._rate_answers - 1)
        seconds = max(reading.retry_after, min(self._policy.longest_pause, growing))
        if seconds and now + seconds > self._paused_until:
            is_news = now + seconds > self._paused_until + 1.0  # not the others that were under way
            self._paused_until = now + seconds
            if self._paused_since is None:
                self._paused_since = now
            if is_news:
                self._told(EventName.TRAFFIC_PAUSED, message=reading.message, seconds=seconds)
                self._say(f"rate answer ({reading.message}): everything pauses for {seconds:.0f} s")

    def faulted(self, entry: Entry, what: str, *, sent_at: float, update: bool) -> None:
        """A call met no working CRM."""
        self._trial.heard(sent_at=sent_at, update=update)
        self._outage.faulted(entry, what, sent_at=sent_at, update=update)

    def heard(self, *, sent_at: float, update: bool) -> None:
        """Something came back that tells nothing of the target's health."""
        self._trial.heard(sent_at=sent_at, update=update)

    async def _probe_once(self, entry: Entry) -> str | None:
        permit = await self._acquire()
        return None if permit is None else await self._probe(entry, permit)

    def _tell_resumed(self) -> None:
        if self._paused_since is not None:
            seconds = self._clock.monotonic() - self._paused_since
            self._paused_since = None
            self._told(EventName.TRAFFIC_RESUMED, seconds=seconds)

    async def close(self) -> None:
        """End what is waiting beside the calls."""
        self._tell_resumed()
        await self._outage.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})


def time_is_up(until: float) -> BrakeError:
    """The error for a command that was to make no call after ``until``, a wall time."""
    return BrakeError(
        f"it is {local_time(until)}: no call leaves any more (--until)",
        advice="The rest is left as it is; `migrator resume` goes on with it.",
    )


def day_is_spent(reading: Reading, *, now: float, then: str) -> AllowanceError:
    """The error for a rate answer whose limit is one of hours or days: no pause helps.

    LeadSquared does not say when its day begins; that of UTC is taken for it.

    Args:
        reading: With a limit that `is_long_limit`.
        now: Wall time.
        then: What to do when the time is over.
    """
    limit, seconds = reading.limit or (0, DAY_SECONDS)
    if seconds < DAY_SECONDS:
        anew = f"The time it names is over here at {local_time(now + seconds)} at the latest"
    else:
        anew = f"The next day of UTC begins here at {local_time(next_utc_day(now))}"
    return AllowanceError(
        f"the account's {limit:,} calls are spent ({reading.message})",
        advice=f"The rest is left as it is. {anew}: then {then}.",
    )


def _only_rate_answers(seconds: float) -> AllowanceError:
    return AllowanceError(
        f"the account has answered every call for {seconds / 60:.0f} minutes with a rate limit",
        advice="The day's calls may be spent, or something else uses the account. The rest is left "
        "planned: run `migrator resume` later.",
    )
