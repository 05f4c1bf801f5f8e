"""A simulated hour: a quota, a network and a server that counts in one of the known ways.

In virtual time, through the dispatcher's own `Traffic`, so that pauses are part of it. The judge is
the sandbox's, which shares no code with the quota.
"""

import asyncio
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from migrator.dispatcher.policy import DeliveryPolicy
from migrator.dispatcher.traffic import Traffic
from migrator.model import Entry, Reading, Verdict
from migrator.ports import Permit
from migrator.quota.local import AccountQuota
from migrator.quota.modes import Mode
from migrator.quota.shared import SharedPermits
from migrator.sandbox.limits import Counting, judge_for
from tests.integration.dispatching import VirtualClock
from tests.virtual_time import run_in_virtual_time

OUTLIERS = 0.02  #: Of the calls, the part that is three times as late.


@dataclass(frozen=True, kw_only=True)
class Network:
    """How long calls take; seconds."""

    up: float = 0.01  #: On the way, before the server counts the call.
    jitter: float = 0.0  #: Up to so much more on the way; three times for outliers.
    think: tuple[float, float] = (0.0, 0.0)  #: Between counting and the answer's arrival.

    def way(self, drawn: random.Random) -> float:
        late = drawn.uniform(0.0, self.jitter)
        return self.up + (3 * late if drawn.random() < OUTLIERS else late)


def steady(latency: float) -> Network:
    """The up-link takes always the same; answers take from half to one and a half as long."""
    return Network(up=latency * 0.2, think=(latency * 0.4, latency * 1.2))


def jittery(latency: float) -> Network:
    """The up-link differs by 15 per cent of the latency, and three times that for outliers."""
    return Network(up=latency * 0.2, jitter=latency * 0.15, think=(latency * 0.4, latency * 1.2))


@dataclass(kw_only=True)
class Server:
    """Counts calls as they arrive."""

    counting: Counting = Counting.LOG
    limit: int = 25
    window: float = 5.0
    phase: float = 0.0
    refused_count: bool = False
    under_way: list[tuple[float, int, int]] = field(default_factory=list)
    admitted: dict[int, bool] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    calls_by: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._judge = judge_for(
            self.counting,
            limit=self.limit,
            window=self.window,
            phase=self.phase,
            refused_count=self.refused_count,
        )

    def is_sent(self, arrives: float, *, process: int) -> int:
        """A call is on its way; gives its number."""
        self.calls_by[process] = self.calls_by.get(process, 0) + 1
        number = sum(self.calls_by.values())
        heapq.heappush(self.under_way, (arrives, number, process))
        return number

    def admits(self, number: int, *, now: float) -> bool:
        """Whether the call, which has arrived by now, was admitted.

        Counted by the times of arrival: a network does not stand still while our loop does.
        """
        while self.under_way and self.under_way[0][0] <= now:
            arrived, other, _process = heapq.heappop(self.under_way)
            self.arrivals.append(arrived)
            self.admitted[other] = self._judge.admit(arrived)
            if not self.admitted[other]:
                self.refused.append(arrived)
        return self.admitted.pop(number)

    def share_of_the_rate(self, *, since: float, until: float) -> float:
        admitted = sum(since <= now < until for now in self.arrivals) - sum(
            since <= now < until for now in self.refused
        )
        return admitted / (until - since) / (self.limit / self.window)

    def refused_per_thousand(self, *, since: float, until: float) -> float:
        calls = sum(since <= now < until for now in self.arrivals)
        return 1000 * sum(since <= now < until for now in self.refused) / max(1, calls)


@dataclass(frozen=True, kw_only=True)
class Process:
    """One command that sends as fast as it may."""

    mode: Mode = Mode.PACED
    share: float = 1.0
    begins: float = 0.0  #: Seconds.
    ends: float = 3600.0
    limit: int = 25
    window: float = 5.0


def simulate(
    server: Server,
    network: Network,
    processes: Sequence[Process],
    *,
    path: Path | None = None,
    seed: int = 0,
    stalls: Sequence[tuple[float, float]] = (),
    said: list[str] | None = None,
) -> None:
    """Send until every process has ended; what came of it is in ``server``.

    Args:
        server: Counts.
        network: Delays.
        processes: Who sends; on one machine.
        path: The shared file; None: only for a single process.
        seed: Of the network.
        stalls: The event loop stands still: when, and for how many seconds.
        said: Gets what operators were told.
    """
    run_in_virtual_time(_simulate(server, network, processes, path, seed, stalls, said))


async def _simulate(
    server: Server,
    network: Network,
    processes: Sequence[Process],
    path: Path | None,
    seed: int,
    stalls: Sequence[tuple[float, float]],
    said: list[str] | None,
) -> None:
    loop = asyncio.get_running_loop()
    for at, seconds in stalls:
        loop.call_later(at, loop.pass_time, seconds)  # type: ignore[attr-defined]
    async with asyncio.TaskGroup() as group:
        for number, process in enumerate(processes):
            group.create_task(
                _send(
                    server, network, process, number, path, random.Random(f"{seed} {number}"), said
                )
            )


async def _send(
    server: Server,
    network: Network,
    process: Process,
    number: int,
    path: Path | None,
    drawn: random.Random,
    said: list[str] | None,
) -> None:
    clock = VirtualClock()
    began = clock.monotonic()
    say = said.append if said is not None else lambda _line: None
    await asyncio.sleep(process.begins)
    quota = AccountQuota(
        process.limit,
        process.window,
        clock=clock,
        mode=process.mode,
        share=process.share,
        permits=SharedPermits(path),
        say=say,
    )

    async def probe(_entry: Entry, _permit: Permit) -> str:
        raise AssertionError("nothing is down")

    traffic = Traffic(quota=quota, clock=clock, policy=DeliveryPolicy(), say=say, probe=probe)
    under_way = asyncio.Semaphore(64)

    async def call(permit: Permit, sent_at: float) -> None:
        try:
            permit.written()
            way = network.way(drawn)
            sent = server.is_sent(clock.monotonic() + way, process=number)
            await asyncio.sleep(way + 1e-9)
            is_admitted = server.admits(sent, now=clock.monotonic())
            await asyncio.sleep(drawn.uniform(*network.think))
            permit.answered()
            if is_admitted:
                traffic.answered(sent_at=sent_at, update=True)
            else:
                told = (server.limit, server.window)
                traffic.rate_limited(
                    Reading(verdict=Verdict.RATE, status=429, limit=told),
                    sent_at=sent_at,
                    update=True,
                )
        finally:
            under_way.release()

    async with asyncio.TaskGroup() as calls:
        while clock.monotonic() - began < process.ends:
            await under_way.acquire()
            permit = await traffic.permit()
            if permit is None:
                break
            await asyncio.sleep(drawn.uniform(0.0005, 0.003))  # the intent becomes durable
            calls.create_task(call(permit, clock.monotonic()))
    quota.close()


def shortest_span(times: Sequence[float], calls: int) -> float:
    """Seconds from the first to the last of so many calls in a row, at least."""
    return min(
        (later - earlier for earlier, later in zip(times, times[calls - 1 :], strict=False)),
        default=float("inf"),
    )


def gaps(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]
