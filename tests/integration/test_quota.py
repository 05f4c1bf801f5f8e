import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.clock import SystemClock
from migrator.quota.local import PacedPermit, PacedQuota
from migrator.quota.memory import CallMemory
from tests.virtual_time import VirtualTimeLoop, run_in_virtual_time


class SetClock(SystemClock):
    """The loop's seconds, and a wall clock that a test sets."""

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self.wall_time = wall

    def wall(self) -> float:
        return self.wall_time


def now() -> float:
    return asyncio.get_running_loop().time()


def most_in_any_window(times: list[float], window: float) -> int:
    times = sorted(times)
    return max(
        (sum(first <= time < first + window for time in times) for first in times), default=0
    )


def a_quota(limit: int = 25, window: float = 5.0, **other: Any) -> PacedQuota:
    return PacedQuota(limit, window, clock=SetClock(), **other)


# ------------------------------------------------------------------ the promise


@dataclass
class Call:
    """What happens to one permit."""

    asks_at: float
    written_after: float
    ends_as: str
    cancelled_after: float | None


CALLS = st.builds(
    Call,
    asks_at=st.floats(0, 8),
    written_after=st.floats(0, 4) | st.just(0.0),
    ends_as=st.sampled_from(["written", "written", "written", "twice", "unused", "silent"]),
    cancelled_after=st.none() | st.none() | st.floats(0, 10),
)


@settings(max_examples=80, deadline=None)
@given(
    calls=st.lists(CALLS, max_size=60),
    limit=st.integers(1, 12),
    window=st.sampled_from([0.5, 1.0, 5.0]),
)
def test_no_window_ever_holds_more_calls_than_the_limit(
    calls: list[Call], limit: int, window: float
) -> None:
    writes: list[float] = []

    async def make(call: Call, quota: PacedQuota) -> None:
        await asyncio.sleep(call.asks_at)
        permit = await quota.acquire()
        try:
            await asyncio.sleep(call.written_after)
        except asyncio.CancelledError:
            permit.unused()
            raise
        if call.ends_as == "unused":
            permit.unused()
            return
        if call.ends_as == "written":
            permit.written()
        writes.append(now())
        permit.answered()  # for a silent one it says only now that a call was made

    async def main() -> None:
        quota = a_quota(limit, window)
        tasks = [asyncio.create_task(make(call, quota)) for call in calls]
        for call, task in zip(calls, tasks, strict=True):
            if call.cancelled_after is not None:
                asyncio.get_running_loop().call_later(call.cancelled_after, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)

    run_in_virtual_time(main())

    assert most_in_any_window(writes, window) <= limit


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.02])
@pytest.mark.parametrize(
    ("limit", "window"), [(25, 5.0), (10, 5.0), (72, 5.0), (2, 5.0), (25, 1.0)]
)
def test_the_rate_is_reached(limit: int, window: float, delay: float) -> None:
    writes: list[float] = []
    drawn = random.Random(7)

    async def make(permit: PacedPermit) -> None:
        await asyncio.sleep(drawn.uniform(0, delay))
        permit.written()
        writes.append(now())
        await asyncio.sleep(drawn.uniform(0.02, 3.0))
        permit.answered()

    async def main() -> None:
        quota = a_quota(limit, window)
        async with asyncio.TaskGroup() as group:
            for _ in range(limit * 20):
                group.create_task(make(await quota.acquire()))

    run_in_virtual_time(main())

    seconds = writes[-1] - writes[0]
    share_of_margin = 0.05 / window  # on a short window the margin costs a larger share
    assert (len(writes) - 1) / seconds >= (0.985 - share_of_margin) * limit / window
    if window == 5.0:
        assert (len(writes) - 1) / seconds >= 0.975 * limit / window
    assert most_in_any_window(writes, window) <= limit


def test_calls_are_evenly_spaced_and_a_pause_earns_no_burst() -> None:
    writes: list[float] = []

    async def main() -> None:
        quota = a_quota()
        for number in range(30):
            if number == 10:
                await asyncio.sleep(60)
            permit = await quota.acquire()
            permit.written()
            writes.append(now())

    run_in_virtual_time(main())

    assert min(later - earlier for earlier, later in pairwise(writes)) >= 0.2019


def test_permits_are_given_in_the_order_of_asking() -> None:
    order: list[int] = []

    async def ask(quota: PacedQuota, number: int) -> None:
        permit = await quota.acquire()
        order.append(number)
        permit.written()

    async def main() -> None:
        quota = a_quota(limit=3, window=1.0)
        tasks = [asyncio.create_task(ask(quota, number)) for number in range(12)]
        asyncio.get_running_loop().call_later(0.5, tasks[7].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)

    run_in_virtual_time(main())

    assert order == [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]


# ------------------------------------------------------------------ what becomes of a permit


def seconds_until_the_next(before: Callable[[PacedQuota], Coroutine[Any, Any, None]]) -> float:
    async def main() -> float:
        quota = a_quota(limit=2, window=5.0)
        await before(quota)
        begin = now()
        await quota.acquire()
        return now() - begin

    return run_in_virtual_time(main())


def test_a_permit_that_is_held_counts_until_its_call_is_written() -> None:
    async def hold_two(quota: PacedQuota) -> None:
        held = [await quota.acquire(), await quota.acquire()]
        for permit in held:
            asyncio.get_running_loop().call_later(20, permit.written)

    assert seconds_until_the_next(hold_two) == pytest.approx(25.05, abs=0.01)


def test_an_unused_permit_goes_back() -> None:
    async def hold_one_and_return_it(quota: PacedQuota) -> None:
        await quota.acquire()
        unused = await quota.acquire()
        asyncio.get_running_loop().call_later(3, unused.unused)

    assert seconds_until_the_next(hold_one_and_return_it) == pytest.approx(3.0, abs=0.01)


def test_unused_after_written_gives_nothing_back() -> None:
    async def write_two_at_once(quota: PacedQuota) -> None:
        for permit in [await quota.acquire(), await quota.acquire()]:
            permit.written()
            permit.unused()

    assert seconds_until_the_next(write_two_at_once) == pytest.approx(5.05, abs=0.01)


def test_a_call_written_twice_counts_twice() -> None:
    async def write_one_twice(quota: PacedQuota) -> None:
        await asyncio.sleep(1)
        permit = await quota.acquire()
        permit.written()
        permit.written()
        permit.answered()

    assert seconds_until_the_next(write_one_twice) == pytest.approx(5.05, abs=0.01)


def test_an_answered_call_that_nobody_called_written_counts() -> None:
    async def answer_two(quota: PacedQuota) -> None:
        first, second = await quota.acquire(), await quota.acquire()
        first.answered()
        second.answered()

    assert seconds_until_the_next(answer_two) == pytest.approx(5.05, abs=0.01)


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"window": 0.0}, {"margin": -1.0}], ids=["limit", "window", "margin"]
)
def test_a_quota_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no quota"):
        a_quota(**wrong)


# ------------------------------------------------------------------ over processes


@dataclass
class Process:
    """One start of the tool, with the wall clock it sees."""

    path: Path
    wall: float = 1_800_000_000.0
    clock: SetClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SetClock(self.wall)

    def seconds_until_first_permit(self) -> float:
        async def main() -> float:
            with CallMemory(self.path, clock=self.clock) as memory:
                quota = PacedQuota(25, 5.0, clock=self.clock, memory=memory)
                begin = now()
                await quota.acquire()
                return now() - begin

        return run_in_virtual_time(main())

    def call_once_and_be_killed(self) -> None:
        loop = VirtualTimeLoop()
        memory = CallMemory(self.path, clock=self.clock)

        async def call() -> None:
            permit = await PacedQuota(25, 5.0, clock=self.clock, memory=memory).acquire()
            permit.written()

        loop.run_until_complete(call())
        loop.close()
        memory.close()


@pytest.mark.parametrize(
    ("seconds_later", "waits"),
    [(0.0, 5.05), (4.9, 5.05), (5.2, 0.0), (86_400, 0.0), (-3600, 5.05)],
)
def test_a_new_process_waits_for_the_calls_of_a_killed_one(
    tmp_path: Path, seconds_later: float, waits: float
) -> None:
    path = tmp_path / "state" / "last_call"
    Process(path).call_once_and_be_killed()

    later = Process(path, wall=1_800_000_000.0 + seconds_later)

    assert later.seconds_until_first_permit() == pytest.approx(waits, abs=0.01)


def test_without_an_earlier_call_nobody_waits(tmp_path: Path) -> None:
    assert Process(tmp_path / "last_call").seconds_until_first_permit() < 0.01


def test_a_cancelled_first_permit_does_not_shorten_the_wait(tmp_path: Path) -> None:
    path = tmp_path / "last_call"
    Process(path).call_once_and_be_killed()

    async def main() -> float:
        clock = SetClock()
        quota = PacedQuota(25, 5.0, clock=clock, memory=CallMemory(path, clock=clock))
        begin = now()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await quota.acquire()
        await quota.acquire()
        return now() - begin

    assert run_in_virtual_time(main()) == pytest.approx(5.05, abs=0.01)


@pytest.mark.parametrize("content", [b"", b"yesterday\n", b"nan\n", b"\xff\xfe"])
def test_a_memory_that_cannot_be_read_counts_as_a_call_just_now(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "last_call"
    path.write_bytes(content)

    assert Process(path).seconds_until_first_permit() == pytest.approx(5.05, abs=0.01)


def test_the_last_of_many_calls_is_remembered_in_the_same_few_bytes(tmp_path: Path) -> None:
    clock = SetClock(1.5)
    with CallMemory(tmp_path / "last_call", clock=clock) as memory:
        for wall in (1.5, 1_800_000_000.25, 22.125):
            clock.wall_time = wall
            memory.record()

            assert float((tmp_path / "last_call").read_bytes()) == wall
        assert memory.note == ""


def test_a_folder_that_cannot_be_written_is_a_note_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder would be")
    memory = CallMemory(tmp_path / "state" / "last_call", clock=SetClock())

    async def main() -> None:
        quota = PacedQuota(25, 5.0, clock=SetClock(), memory=memory)
        for _ in range(3):
            permit = await quota.acquire()
            permit.written()

    run_in_virtual_time(main())

    assert str(tmp_path / "state" / "last_call") in memory.note
    assert "MIGRATOR_STATE_DIR" in memory.note


# ------------------------------------------------------------------ the clock


def test_the_clock_tells_the_loops_time_inside_and_the_machines_outside() -> None:
    async def main() -> tuple[float, float]:
        clock = SystemClock()
        begin = clock.monotonic()
        await clock.sleep(3600)
        await clock.sleep(-1)
        return begin, clock.monotonic()

    begin, end = run_in_virtual_time(main())

    assert end - begin == pytest.approx(3600, abs=0.001)
    assert SystemClock().monotonic() <= SystemClock().monotonic()
    assert SystemClock().wall() > 1_700_000_000


def test_a_memory_that_may_not_be_read_counts_as_a_call_just_now(tmp_path: Path) -> None:
    (tmp_path / "last_call").mkdir()

    assert Process(tmp_path / "last_call").seconds_until_first_permit() == pytest.approx(
        5.05, abs=0.01
    )
