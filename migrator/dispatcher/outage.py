"""Whether the CRM works at all: enough faults in a row pause all calls until a probe is answered.

Owns the count of faults, the probes and their times (DESIGN decision 8). An outage is a state of
the target: no row is blamed for it, and none uses up calls while it lasts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from migrator.clock import local_clock
from migrator.dispatcher.policy import DeliveryPolicy
from migrator.errors import TargetError
from migrator.model import Entry
from migrator.ports import Clock

FIRST_PROBE_WAIT: Final = 1.0  #: Seconds.


@dataclass(slots=True)
class _Faults:
    """Faults in a row of one kind of call."""

    rows: set[int] = field(default_factory=set)
    count: int = 0  #: The same row's too: the last row of a run has no others.
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

    Faults of updates and of reads are counted apart: a CRM that answers reads alone is down for us.

    Args:
        clock: For the times.
        policy: How many faults mean an outage, and how long it may last.
        wait: Waits so many seconds; False when the run is stopping.
        probe: Reads the entry's opportunity once, through the quota; whether LeadSquared answered,
            None when the run is stopping.
        stop: Ends the run with an error.
        say: One line that stays.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        policy: DeliveryPolicy,
        wait: Callable[[float], Awaitable[bool]],
        probe: Callable[[Entry], Awaitable[bool | None]],
        stop: Callable[[TargetError], None],
        say: Callable[[str], None],
    ) -> None:
        self.is_over = asyncio.Event()  #: Set while there is no outage.
        self.is_over.set()
        self.count = 0  #: Outages so far.
        self._clock, self._policy = clock, policy
        self._wait, self._probe, self._stop, self._say = wait, probe, stop, say
        self._updates, self._reads = _Faults(), _Faults()
        self._probe_wait = FIRST_PROBE_WAIT
        self._next_probe_at = 0.0
        self._began_at = 0.0  # wall time of the first fault of the outage
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
        if update or self._updates.since is None:
            self._probe_wait = FIRST_PROBE_WAIT

    def faulted(self, entry: Entry, what: str, *, update: bool) -> None:
        """A call met no working CRM; enough of these in a row are an outage."""
        now, many = self._clock.monotonic(), self._policy.faults_to_outage
        faults = self._updates if update else self._reads
        if self.is_over.is_set():
            faults.add(entry, now)
        if (len(faults.rows) < many and faults.count < 2 * many) or not self.is_over.is_set():
            return
        down_for = now - (faults.since or now)
        if down_for >= self._policy.longest_outage:  # though its probes were answered
            self._stop(_down(down_for, what))
            return
        self.is_over.clear()
        self.count += 1
        self._began_at = self._clock.wall() - down_for
        if self._probe_wait == FIRST_PROBE_WAIT:
            self._say(
                f"the CRM does not answer ({what}): sending pauses until a probe is answered; "
                "Ctrl-C stops the run, and `migrator resume` goes on later"
            )
        self._probing = asyncio.ensure_future(self._probe_until_up(entry, faults, what))

    async def _probe_until_up(self, entry: Entry, faults: _Faults, what: str) -> None:
        """Read one opportunity at growing intervals until the CRM answers: a read harms nothing."""
        began = faults.since or self._clock.monotonic()
        while True:
            self._next_probe_at = self._clock.monotonic() + self._probe_wait
            if not await self._wait(self._probe_wait):
                return
            self._probe_wait = min(self._policy.longest_probe_wait, self._probe_wait * 2)
            is_answered = await self._probe(entry)
            if is_answered is None:
                return
            if is_answered:
                self._say("the CRM answers again: sending goes on")
                faults.rows.clear()  # its time stays: an update has to be answered, too
                faults.count = 0
                self.is_over.set()
                return
            down_for = self._clock.monotonic() - began
            if down_for >= self._policy.longest_outage:
                self._stop(_down(down_for, what))
                return

    async def close(self) -> None:
        """End the probing."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait({self._probing})


def _down(seconds: float, what: str) -> TargetError:
    return TargetError(
        f"the CRM has not answered for {seconds / 60:.0f} minutes ({what})",
        advice="No row was blamed for it; the rest is left planned. When LeadSquared and your "
        "network work again, run `migrator resume`.",
    )
