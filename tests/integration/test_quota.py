import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.clock import SystemClock
from migrator.quota.local import AccountPermit, AccountQuota
from migrator.quota.modes import Mode
from migrator.quota.places import permits_of
from migrator.quota.shared import SharedPermits
from tests.virtual_time import run_in_virtual_time


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


def a_quota(limit: int = 25, window: float = 5.0, **other: Any) -> AccountQuota:
    return AccountQuota(limit, window, clock=SetClock(), **other)


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

    async def make(call: Call, quota: AccountQuota) -> None:
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

    async def make(permit: AccountPermit) -> None:
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

    assert min(later - earlier for earlier, later in pairwise(writes)) >= 0.1919


def test_permits_are_given_in_the_order_of_asking() -> None:
    order: list[int] = []

    async def ask(quota: AccountQuota, number: int) -> None:
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


def seconds_until_the_next(before: Callable[[AccountQuota], Coroutine[Any, Any, None]]) -> float:
    async def main() -> float:
        quota = a_quota(limit=2, window=5.0)
        await before(quota)
        begin = now()
        await quota.acquire()
        return now() - begin

    return run_in_virtual_time(main())


def test_a_permit_that_is_held_counts_until_its_call_is_written() -> None:
    async def hold_two(quota: AccountQuota) -> None:
        held = [await quota.acquire(), await quota.acquire()]
        for permit in held:
            asyncio.get_running_loop().call_later(20, permit.written)

    assert seconds_until_the_next(hold_two) == pytest.approx(25.05, abs=0.01)


def test_an_unused_permit_goes_back() -> None:
    async def hold_one_and_return_it(quota: AccountQuota) -> None:
        await quota.acquire()
        unused = await quota.acquire()
        asyncio.get_running_loop().call_later(3, unused.unused)

    assert seconds_until_the_next(hold_one_and_return_it) == pytest.approx(3.0, abs=0.01)


def test_unused_after_written_gives_nothing_back() -> None:
    async def write_two_at_once(quota: AccountQuota) -> None:
        for permit in [await quota.acquire(), await quota.acquire()]:
            permit.written()
            permit.unused()

    assert seconds_until_the_next(write_two_at_once) == pytest.approx(5.05, abs=0.01)


def test_a_call_written_twice_counts_twice() -> None:
    async def write_one_twice(quota: AccountQuota) -> None:
        await asyncio.sleep(1)
        permit = await quota.acquire()
        permit.written()
        permit.written()
        permit.answered()

    assert seconds_until_the_next(write_one_twice) == pytest.approx(5.05, abs=0.01)


def test_an_answered_call_that_nobody_called_written_counts() -> None:
    async def answer_two(quota: AccountQuota) -> None:
        first, second = await quota.acquire(), await quota.acquire()
        first.answered()
        second.answered()

    assert seconds_until_the_next(answer_two) == pytest.approx(5.05, abs=0.01)


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"window": 0.0}, {"share": 0.0}, {"share": 1.1}], ids=str
)
def test_a_quota_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no quota"):
        a_quota(**wrong)


# ------------------------------------------------------------------ over processes

DEAD = 2**22 + 7  #: A process that is no more: above what Linux gives out.


def until_the_first_permit(
    begin: Callable[[SharedPermits], Coroutine[Any, Any, None]], path: Path, **other: Any
) -> float:
    """Seconds that a process waits for its first permit after another one has begun."""

    async def main() -> float:
        await begin(SharedPermits(path, pid=DEAD, started=1.0))
        quota = a_quota(permits=SharedPermits(path), **other)
        asked = now()
        await quota.acquire()
        return now() - asked

    return run_in_virtual_time(main())


async def call_25_times(permits: SharedPermits, *, written: bool = True) -> None:
    quota = a_quota(permits=permits, mode=Mode.LEARNED)
    for _ in range(25):
        permit = await quota.acquire()
        if written:
            permit.written()


@pytest.mark.parametrize("mode", Mode)
def test_a_new_process_waits_for_the_calls_of_a_killed_one(tmp_path: Path, mode: Mode) -> None:
    waited = until_the_first_permit(call_25_times, tmp_path / "quota.db", mode=mode)

    assert waited == pytest.approx(5.14, abs=0.02)


def test_calls_that_a_killed_process_may_have_written_count_from_its_burial(
    tmp_path: Path,
) -> None:
    async def hold_25(permits: SharedPermits) -> None:
        await call_25_times(permits, written=False)
        await asyncio.sleep(20)

    waited = until_the_first_permit(hold_25, tmp_path / "quota.db")

    assert waited == pytest.approx(5.0, abs=0.01)


def test_a_killed_process_with_few_calls_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    async def call_once(permits: SharedPermits) -> None:
        permit = await a_quota(permits=permits).acquire()
        permit.written()

    assert until_the_first_permit(call_once, tmp_path / "quota.db") == pytest.approx(0.2, abs=0.01)


def test_a_process_that_ends_leaves_its_calls_and_nothing_else(tmp_path: Path) -> None:
    async def end(permits: SharedPermits) -> None:
        quota = a_quota(permits=permits, mode=Mode.LEARNED)
        for _ in range(24):
            (await quota.acquire()).unused()
        (await quota.acquire()).written()
        quota.close()

    assert until_the_first_permit(end, tmp_path / "q.db", mode=Mode.LEARNED) < 0.01


def test_the_wall_clock_changes_nothing(tmp_path: Path) -> None:
    clock = SetClock()

    async def main() -> list[float]:
        quota = AccountQuota(2, 5.0, clock=clock, permits=SharedPermits(tmp_path / "q.db"))
        times = []
        for jump in (0, -3600, 86_400, 0):
            clock.wall_time += jump
            (await quota.acquire()).written()
            times.append(now())
        return times

    times = run_in_virtual_time(main())
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx(
        [2.525] * 3, abs=0.02
    )


def test_a_file_of_another_boot_costs_a_window_at_most(tmp_path: Path) -> None:
    path = tmp_path / "q.db"

    async def before() -> None:
        await asyncio.sleep(90_000)
        await call_25_times(SharedPermits(path, pid=DEAD, started=1.0))

    async def after() -> float:
        asked = now()
        await a_quota(permits=SharedPermits(path)).acquire()
        return now() - asked

    run_in_virtual_time(before())

    assert run_in_virtual_time(after()) == pytest.approx(5.0, abs=0.01)


@pytest.mark.parametrize("content", [b"yesterday\n" * 100, b"\xff\xfe" * 600])
def test_a_damaged_file_is_replaced_and_counts_as_a_full_window(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "q.db"
    path.write_bytes(content)

    async def main() -> tuple[float, str]:
        permits = SharedPermits(path)
        quota = a_quota(permits=permits)
        asked = now()
        await quota.acquire()
        return now() - asked, permits.note

    waited, note = run_in_virtual_time(main())
    assert waited == pytest.approx(5.0, abs=0.01)
    assert note == ""
    assert path.read_bytes()[:15] == b"SQLite format 3"


def test_a_folder_that_cannot_be_written_is_a_note_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder would be")
    permits = SharedPermits(tmp_path / "state" / "q.db")

    async def main() -> float:
        quota = a_quota(permits=permits)
        asked = now()
        for _ in range(3):
            (await quota.acquire()).written()
        return now() - asked

    assert run_in_virtual_time(main()) == pytest.approx(5.4, abs=0.02)
    assert str(tmp_path / "state" / "q.db") in permits.note
    assert "MIGRATOR_STATE_DIR" in permits.note


class OnASmallDisk(SharedPermits):
    """Its file may not grow beyond what an empty one takes."""

    def _open(self) -> sqlite3.Connection:
        database = super()._open()
        if self.path is not None:
            database.execute("pragma max_page_count = 1")  # SQLite takes what there is already
        return database


def test_a_disk_that_fills_up_is_a_note_and_the_window_counts_as_full(tmp_path: Path) -> None:
    permits = OnASmallDisk(tmp_path / "q.db")
    times: list[float] = []

    async def main() -> None:
        quota = a_quota(limit=1000, permits=permits, mode=Mode.LEARNED)
        for _ in range(2500):
            (await quota.acquire()).written()
            times.append(now())

    run_in_virtual_time(main())

    assert "disk is full" in permits.note
    assert most_in_any_window(times[::10], 5.0) <= 100


def test_two_processes_have_half_each_and_keep_the_limit_together(tmp_path: Path) -> None:
    writes: list[tuple[float, int]] = []

    async def send(name: int, begins: float) -> None:
        await asyncio.sleep(begins)
        quota = a_quota(permits=SharedPermits(tmp_path / "q.db"))
        ends = now() + 60
        while now() < ends:
            permit = await quota.acquire()
            permit.written()
            writes.append((now(), name))
        quota.close()

    async def main() -> None:
        await asyncio.gather(send(1, 0.0), send(2, 13.37))

    run_in_virtual_time(main())

    together = [name for at, name in writes if 1020 <= at < 1055]
    assert together.count(1) == pytest.approx(len(together) / 2, abs=4)
    assert most_in_any_window([at for at, _ in writes], 5.0) <= 25
    alone = [at for at, _ in writes if 1062 <= at < 1072]
    assert len(alone) == pytest.approx(10 * 4.95, abs=2)  # the other one has ended


def test_two_keys_of_one_account_share_its_permits(tmp_path: Path) -> None:
    async def begin(key: str) -> AccountQuota:
        asking = a_quota(permits=permits_of(tmp_path, key_name=key, account=None, now=now()))
        (await asking.acquire()).written()  # who am I?
        asking.close()
        permits = permits_of(tmp_path, key_name=key, account="host/22824", now=now())
        return a_quota(permits=permits, mode=Mode.LEARNED)

    async def main() -> float:
        asked = now()
        one, other = await begin("host/key:a"), await begin("host/key:b")
        for number in range(24):
            (await (one, other)[number % 2].acquire()).written()
        return now() - asked

    # The two calls that asked count, too.
    assert run_in_virtual_time(main()) == pytest.approx(5.06, abs=0.02)

    again = permits_of(tmp_path, key_name="host/key:b", account=None, now=2000.0)
    assert again.path == permits_of(tmp_path, key_name="x", account="host/22824", now=2000.0).path


def test_a_call_that_asked_while_another_process_was_told_counts(tmp_path: Path) -> None:
    """Both ask whose account it is at the same time, and the first is told before the second."""

    async def main() -> float:
        asked = now()
        keys: dict[str, Any] = {"folder": tmp_path, "key_name": "host/key:a"}
        one = a_quota(permits=permits_of(**keys, account=None, now=now()), mode=Mode.SURE)
        other = a_quota(permits=permits_of(**keys, account=None, now=now()), mode=Mode.SURE)
        first, second = await one.acquire(), await other.acquire()
        for permit in (first, second):
            permit.written()
        first.answered()
        one.close()
        permits_of(**keys, account="host/22824", now=now())
        second.answered()
        other.close()
        permits = permits_of(**keys, account="host/22824", now=now())
        quota = a_quota(limit=2, permits=permits, mode=Mode.SURE)
        await quota.acquire()
        return now() - asked

    assert run_in_virtual_time(main()) >= 5.0


TAKE_SOME = """
import sys, time
from pathlib import Path
from migrator.quota.learning import Learner
from migrator.quota.modes import Mode
from migrator.quota.shared import SharedPermits

permits = SharedPermits(Path(sys.argv[1]))
learner = Learner(limit=1000, window=60.0, mode=Mode.LEARNED)
sys.stdin.readline()
taken = [permits.take(learner, now=time.monotonic(), wall=time.time())[0] for _ in range(20)]
print(permits.note or sum(len(one.permits) for one in taken))
"""


def test_processes_that_make_the_file_at_the_same_moment_share_it(tmp_path: Path) -> None:
    path = str(tmp_path / "state" / "q.db")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE_SOME, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0].strip() for process in processes]

    assert all(text.isdecimal() for text in told), told
    with sqlite3.connect(path) as database:
        assert database.execute("select count(*) from lease").fetchone() == (sum(map(int, told)),)
    database.close()


def test_a_fast_account_takes_permits_in_blocks(tmp_path: Path) -> None:
    writes: list[float] = []

    async def main() -> int:
        permits = SharedPermits(tmp_path / "q.db")
        quota = a_quota(limit=5000, window=5.0, permits=permits)
        for _ in range(5000):
            permit = await quota.acquire()
            permit.written()
            writes.append(now())
        taken = quota.rate
        quota.close()
        return taken[0]

    assert run_in_virtual_time(main()) == 5000
    assert 4990 / (writes[-1] - writes[0]) >= 970
    assert most_in_any_window(writes[::5], 5.0) <= 1000


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
