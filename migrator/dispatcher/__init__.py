"""Works through a sealed plan: picks rows, keeps each opportunity's order, delivers them.

Owns the loop and its lanes: one lane per opportunity, so that no two calls for one opportunity are
ever under way together. It builds no part of its world: everything is handed in.
"""

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from migrator.dispatcher.brakes import MostFailures
from migrator.dispatcher.delivery import Delivery
from migrator.dispatcher.first_row import FirstRow
from migrator.dispatcher.foreign import ForeignAnswers
from migrator.dispatcher.meter import Meter
from migrator.dispatcher.policy import DeliveryPolicy
from migrator.dispatcher.reading import Reader
from migrator.dispatcher.telling import Telling
from migrator.dispatcher.traffic import Traffic
from migrator.dispatcher.witness import Witness
from migrator.errors import MigratorError
from migrator.events import Tell, to_nobody
from migrator.model import Counts, Entry, Run
from migrator.ports import Client, Clock, Permit, Progress, Proving, Quota, Work, WorkThread

__all__ = ["DeliveryPolicy", "Dispatch", "DispatchResult", "MostFailures"]

TICK_SECONDS = 1.0
ENTRIES_PER_PICK = 500
MOST_WAITING = 10_000  #: Picked entries that wait in lanes; bounds memory.
MOST_STARTING = 8
"""Rows that wait for their first call: few, so that retries and reads need not queue behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchResult:
    """How a dispatch ended."""

    counts: Counts
    error: MigratorError | None  #: Why it stopped, where that is an error.
    interrupted: bool  #: Somebody asked it to stop.


class Dispatch:
    """One dispatch of one run; `interrupt` may come at any time."""

    def __init__(
        self,
        run: Run,
        *,
        work: Work,
        proving: Proving,
        thread: WorkThread,
        quota: Quota,
        client: Client,
        clock: Clock,
        policy: DeliveryPolicy,
        progress: Progress,
        to_send: int,
        chosen: Collection[int] | None = None,
        limit_per_second: float = 0.0,
        tell: Tell = to_nobody,
    ) -> None:
        self._run, self._work, self._thread, self._clock = run, work, thread, clock
        self._policy, self._progress, self._chosen = policy, progress, chosen
        self._counts = Counts(to_send=to_send, limit_per_second=limit_per_second)
        self._meter = Meter()
        self._lanes: dict[str, deque[Entry]] = {}
        self._lane_of_guid: dict[str, str] = {}  # an AutoId whose GUID was told meanwhile
        self._waiting = 0
        self._starting: set[int] = set()  # entries that head a lane and have made no call yet
        self._moved = asyncio.Event()
        self._interrupted = False

        telling = Telling(run.id, tell)

        async def probe(entry: Entry, permit: Permit) -> str:
            return await self.reader.trouble(entry, permit)

        self._traffic = Traffic(
            quota=quota,
            clock=clock,
            policy=policy,
            say=progress.say,
            probe=probe,
            telling=telling,
        )
        self.reader = Reader(client=client, clock=clock, traffic=self._traffic, telling=telling)
        self.witness = Witness(
            reader=self.reader, traffic=self._traffic, clock=clock, patience=policy.patience
        )
        self._delivery = Delivery(
            run,
            picking=work,
            settling=work,
            thread=thread,
            client=client,
            clock=clock,
            traffic=self._traffic,
            witness=self.witness,
            foreign=ForeignAnswers(
                reader=self.reader, traffic=self._traffic, clock=clock, policy=policy
            ),
            first_row=FirstRow(
                run,
                proving=proving,
                thread=thread,
                reader=self.reader,
                traffic=self._traffic,
                clock=clock,
                patience=policy.patience,
                say=progress.say,
            ),
            policy=policy,
            counts=self._counts,
            meter=self._meter,
            called=self._has_started,
            changed=self._show,
            say=progress.say,
            telling=telling,
        )

    @property
    def error(self) -> MigratorError | None:
        """Why it stopped, where that is an error."""
        return self._traffic.error

    def interrupt(self) -> None:
        """Begin nothing new, settle what is under way, and return."""
        self._interrupted = True
        self._traffic.stop()
        self._moved.set()

    async def run(self) -> DispatchResult:
        """Dispatch until nothing is left to send, or something stops it.

        Raises:
            LedgerError: The ledger cannot be written; no call left without its intent.
        """
        self._show()
        self._traffic.watch_the_time()
        ticking = asyncio.ensure_future(self._tick())
        try:
            async with asyncio.TaskGroup() as lanes:
                await self._pick_all(lanes)
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            ticking.cancel()
            await self._traffic.close()
        await self._thread.do(lambda: self._work.finish(self._run, at=self._clock.wall()))
        return DispatchResult(
            counts=self._counts, error=self._traffic.error, interrupted=self._interrupted
        )

    async def _pick_all(self, lanes: asyncio.TaskGroup) -> None:
        after = 0
        while not self._traffic.is_stopping():
            entries = await self._thread.do(
                lambda after=after: self._work.pick(  # type: ignore[misc]
                    self._run, after=after, limit=ENTRIES_PER_PICK, chosen=self._chosen
                )
            )
            if not entries:
                return
            for entry in entries:
                after = entry.number
                if entry.number in self._policy.held:
                    continue
                await self._room()
                if self._traffic.is_stopping():
                    return
                self._put(entry, lanes)

    async def _room(self) -> None:
        """Wait until another entry may be taken up: picked rows are kept in memory."""
        while not self._traffic.is_stopping() and (
            len(self._starting) >= MOST_STARTING
            or len(self._lanes) >= self._policy.most_open
            or self._waiting >= MOST_WAITING
        ):
            self._moved.clear()
            await self._moved.wait()

    def _put(self, entry: Entry, lanes: asyncio.TaskGroup) -> None:
        key = self._lane_of_guid.get(entry.opportunity, entry.opportunity)
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append(entry)
            self._waiting += 1
            return
        self._lanes[key] = deque((entry,))
        self._starting.add(entry.number)
        self._waiting += 1
        lanes.create_task(self._work_lane(key))

    async def _work_lane(self, key: str) -> None:
        lane = self._lanes[key]
        try:
            while lane and not self._traffic.is_stopping():
                entry = lane.popleft()
                self._waiting -= 1
                guid = await self._delivery.deliver(entry)
                self._has_started(entry)
                if guid and guid != key:
                    self._lane_of_guid[guid] = key
        finally:
            self._waiting -= len(lane)
            self._starting.difference_update(entry.number for entry in lane)
            del self._lanes[key]
            self._moved.set()

    def _has_started(self, entry: Entry) -> None:
        self._starting.discard(entry.number)
        self._moved.set()

    async def _tick(self) -> None:
        """Show the state while nothing else changes: in a pause, in an outage."""
        while True:
            await self._clock.sleep(TICK_SECONDS)
            self._show()

    def _show(self) -> None:
        self._counts.looked_up = self.witness.looked_up
        self._counts.calls_per_second = self._meter.rate(self._clock.monotonic())
        self._progress.show(self._counts, state=self._traffic.state)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show: one of ours before any other."""
    found = [
        _first(error) if isinstance(error, BaseExceptionGroup) else error
        for error in group.exceptions
    ]
    return next((error for error in found if isinstance(error, MigratorError)), found[0])
