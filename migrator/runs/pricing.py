"""What a plan costs: calls by kind, time at the account's limit, its part of the day's calls.

Owns the arithmetic only; the words are the command line's.
"""

from dataclasses import dataclass

from migrator.dispatcher import DeliveryPolicy
from migrator.model import Run
from migrator.runs.before import calls_of_images
from migrator.runs.canary import calls_of_canary
from migrator.runs.current import bulk_calls
from migrator.runs.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class DayShare:
    """The account's day, as far as this machine counted it."""

    limit: int  #: Calls per day.
    used: int  #: Today, so far.
    next_day: float  #: Wall time at which the count begins anew.


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The calls of a plan, if nothing has to be sent twice."""

    updates: int
    reads_first: int  #: Bulk reads of the before-images.
    reads_of_canary: int  #: One by one, before the rest is sent.
    reads_afterwards: int  #: Bulk reads that prove what was written.
    verifies: bool  #: Whether those are asked for.
    limit: str  #: Such as "25 per 5 s".
    seconds: float  #: At this limit.
    ends_at: float  #: Wall time, if it begins now.
    day: DayShare | None  #: None: the day's calls are not counted.

    @property
    def calls(self) -> int:
        """All calls that will be made."""
        before = self.reads_first + self.reads_of_canary
        return self.updates + before + self.verifies * self.reads_afterwards


def price_of(world: World, run: Run, *, updates: int, policy: DeliveryPolicy) -> Price:
    """What so many of the run's updates cost now."""
    rate, whole = world.rate(), world.settings.rate
    first = calls_of_images(world, run, updates=updates) if policy.before_images else 0
    canary = calls_of_canary(world, run, policy)
    # What the run wrote before this command is read back as well.
    written = len(world.ledger.findings.written_to(run))
    to_send = min(updates, world.ledger.records.opportunities_to_send(run))
    afterwards = bulk_calls(written + to_send)
    calls = updates + first + canary + policy.verifies * afterwards
    seconds = calls / rate.per_second
    return Price(
        updates=updates,
        reads_first=first,
        reads_of_canary=canary,
        reads_afterwards=afterwards,
        verifies=policy.verifies,
        limit=str(rate) if rate == whole else f"{rate} (of {whole})",
        seconds=seconds,
        ends_at=world.clock.wall() + seconds,
        day=_day(world, run),
    )


def _day(world: World, run: Run) -> DayShare | None:
    daily = world.settings.daily_limit
    if daily is None:
        return None
    count = world.day_count(run.account)
    return DayShare(limit=daily, used=count.today(), next_day=count.next_day())
