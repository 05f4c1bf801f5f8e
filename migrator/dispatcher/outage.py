"""Whether the CRM works at all: enough faults in a row pause all calls until a probe is answered.

Owns the count of faults, the probes and their times (DESIGN decision 8). An outage is a state of
the target: no row is blamed for it, and none uses up calls while it lasts.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from migrator.clock import local_clock
from migrator.dispatcher.policy import DeliveryPolicy
from migrator.dispatcher.trial import Trial
from migrator.errors import TargetError
from migrator.events import EventName
from migrator.model import Entry
from migrator.ports import Clock

FIRST_PROBE_WAIT: Final = 1.0  #: Seconds.
LEAST_OF_WAIT: Final = 0.75
"""The least part of an interval that is waited: a CRM that comes and goes by the clock could
otherwise be missed for ever."""


class TellOutage(Protocol):
    """Is told of an event of the outage."""

    def __call__(
        self,
        name: EventName,
        *,
        message: str = "",
        verdict: str = "",
        seconds: float | None = None,
    ) -> None:
        """Take it; never raises."""


@dataclass(slots=True)
class _Faults:
    """Faults in a row of one kind of call."""

    rows: set[int] = field(default_factory=set)
    count: int = 0  #: The same row's too: the last rows of a run have few others.
    since: float | None = None  #: Monotonic time of the first.

    def clear(self) -> None:
        self.rows.clear()
        self.count, self.since = 0, None

    def add(self, entry: Entry, now: float) -> None:
        self.rows.add(entry.number)
        self.count += 1
        if self.since is None:
            self.since = now


class Outage:
    """Pauses all calls while the CRM does not work, and probes it.

    Faults of updates and of reads are counted apart: a CRM that answers reads alone is down for us,
    where enough different rows say so. Fewer rows than that may be to blame themselves: then the
    first probe decides, and when it is answered, there was no outage.

    Args:
        clock: For the times.
        policy: How many faults mean an outage, and how long it may last.
        trial: What may leave when a probe was answered and no update yet.
        wait: Waits so many seconds; False when the run is stopping.
        probe: Reads the entry's opportunity once, through the quota; what came instead of
            LeadSquared's answer, "" when that came, None when the run is stopping.
        stop: Ends the run with an error.
        say: One line that stays.
        tell: Is told of each event of it.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        policy: DeliveryPolicy,
        trial: Trial,
        wait: Callable[[float], Awaitable[bool]],
        probe: Callable[[Entry], Awaitable[str | None]],
        stop: Callable[[TargetError], None],
        say: Callable[[str], None],
        tell: TellOutage,
    ) -> None:
        self.is_over = asyncio.Event()  #: Set while there is no outage.
        self.is_over.set()
        self.count = 0  #: Outages so far, each return that did not last among them.
        self._clock, self._policy, self._trial = clock, policy, trial
        self._wait, self._probe, self._stop, self._say = wait, probe, stop, say
        self._tell = tell
        self._updates, self._reads = _Faults(), _Faults()
        self._probe_wait = FIRST_PROBE_WAIT
        self._next_probe_at = 0.0
        self._tried_at = 0.0  # monotonic: the last probe, or the call that went on trial
        self._up_since = 0.0  # monotonic: the last probe that was answered
        self._began_at = 0.0  # wall time of the first fault of the outage
        self._is_said = False
        self._probing: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """The outage in a few words; "" when there is none."""
        if self.is_over.is_set():
            return ""
        left = max(0.0, self._next_probe_at - self._clock.monotonic())
        next_probe = f"next probe in {left:.0f} s" if left >= 0.5 else "probing"
        return f"target down since {local_clock(self._began_at)}, {next_probe}"

    def answered(self, *, update: bool) -> None:
        """The CRM answered a call, whatever it said."""
        (self._updates if update else self._reads).clear()
        if update:
            self._trial.end()
        if update or self._updates.since is None:
            self._probe_wait = FIRST_PROBE_WAIT
            self._is_said = False

    def faulted(self, entry: Entry, what: str, *, sent_at: float, update: bool) -> None:
        """A call met no working CRM; enough of these in a row are an outage."""
        if not self.is_over.is_set() or sent_at < self._up_since:  # says nothing new
            return
        now, many = self._clock.monotonic(), self._policy.faults_to_outage
        faults = self._updates if update else self._reads
        faults.add(entry, now)
        is_sure = len(faults.rows) >= many or (update and self._trial.is_on)
        if not is_sure and faults.count < many:
            return
        began = now if faults.since is None else faults.since
        if now - began >= self._policy.longest_outage:  # though its probes were answered
            self._stop(_down(now - began, what))
            return
        self.is_over.clear()
        self._began_at = self._clock.wall() - (now - began)
        self._tried_at = sent_at if self._trial.is_on else now
        if is_sure:
            self._count_it(what)
        self._probing = asyncio.ensure_future(
            self._probe_until_up(entry, faults, what, began=began, is_sure=is_sure)
        )

    def _count_it(self, what: str) -> None:
        self.count += 1
        self._tell(EventName.OUTAGE_BEGAN, message=what)
        if not self._is_said:
            self._is_said = True
            self._say(
                f"the CRM does not answer ({what}): sending pauses until a probe is answered; "
                "Ctrl-C stops the run, and `migrator resume` goes on later"
            )

    async def _probe_until_up(
        self, entry: Entry, faults: _Faults, what: str, *, began: float, is_sure: bool
    ) -> None:
        """Read one opportunity at growing intervals until the CRM answers: a read harms nothing."""
        while True:
            if not await self._wait_for_probe():
                return
            met = await self._probe(entry)
            if met is None:
                return
            told = "no answer" if met else "answered"
            self._tell(EventName.OUTAGE_PROBED, message=met, verdict=told)
            if not met:
                self._go_on(faults, is_sure=is_sure)
                return
            what = met  # the newest: a line that comes back may show another trouble behind it
            if not is_sure:
                is_sure = True
                self._count_it(what)
            down_for = self._clock.monotonic() - began
            if down_for >= self._policy.longest_outage:
                self._stop(_down(down_for, what))
                return

    async def _wait_for_probe(self) -> bool:
        """Intervals count from call to call: one that hangs for a minute has waited already."""
        interval = self._probe_wait * random.uniform(LEAST_OF_WAIT, 1.0)  # noqa: S311 - no secret
        self._probe_wait = min(self._policy.longest_probe_wait, self._probe_wait * 2)
        now = self._clock.monotonic()
        self._next_probe_at = max(now + LEAST_OF_WAIT, self._tried_at + interval)
        if not await self._wait(self._next_probe_at - now):
            return False
        self._tried_at = self._clock.monotonic()
        return True

    def _go_on(self, faults: _Faults, *, is_sure: bool) -> None:
        self._up_since = self._clock.monotonic()
        if faults is self._reads:
            faults.clear()
        else:
            faults.rows.clear()  # its time stays: an update has to be answered, too
            faults.count = 0
            if is_sure:
                self._trial.begin()
        if is_sure:
            seconds = self._clock.wall() - self._began_at
            self._tell(EventName.OUTAGE_ENDED, verdict="answered", seconds=seconds)
            self._say("the CRM answers again: sending goes on")
        self.is_over.set()

    async def close(self) -> None:
        """End the probing."""
        if not self.is_over.is_set():
            seconds = self._clock.wall() - self._began_at
            self._tell(EventName.OUTAGE_ENDED, verdict="no answer", seconds=seconds)
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait({self._probing})


def _down(seconds: float, what: str) -> TargetError:
    return TargetError(
        f"the CRM has not answered for {seconds / 60:.0f} minutes ({what})",
        advice="No row was blamed for it; the rest is left planned. When LeadSquared and your "
        "network work again, run `migrator resume`.",
    )
