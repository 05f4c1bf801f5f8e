"""The calls of a day, counted over processes."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.clock import DAY_SECONDS
from migrator.errors import AllowanceError, SettingsError
from migrator.ports import Permit
from migrator.quota.daily import DailyQuota, DayCount
from migrator.quota.local import AccountQuota
from tests.integration.dispatching import VirtualClock
from tests.virtual_time import run_in_virtual_time

MIDNIGHT = 1_763_942_400.0  # 2025-11-24 00:00 UTC


class SetClock(VirtualClock):
    """A clock whose wall time is set by hand."""

    def __init__(self, now: float) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now


def a_count(folder: Path, clock: SetClock, *, account: str = "host/1") -> DayCount:
    return DayCount(folder, account=account, clock=clock)


async def take(quota: DailyQuota, calls: int) -> list[Permit]:
    permits: list[Permit] = []
    for _ in range(calls):
        permit = await quota.acquire()
        permit.written()
        permit.answered()
        permits.append(permit)
    return permits


def a_quota(count: DayCount, clock: SetClock, *, limit: int) -> DailyQuota:
    return DailyQuota(AccountQuota(25, 5.0, clock=VirtualClock()), count, limit=limit)


def test_the_day_has_no_more_calls_than_its_limit_whichever_process_makes_them(
    tmp_path: Path,
) -> None:
    clock = SetClock(MIDNIGHT + 10)

    async def spend() -> None:
        await take(a_quota(a_count(tmp_path, clock), clock, limit=7), 4)
        another = a_quota(a_count(tmp_path, clock), clock, limit=7)
        await take(another, 3)
        with pytest.raises(AllowanceError, match="day's 7 calls are spent"):
            await another.acquire()

    run_in_virtual_time(spend())
    assert a_count(tmp_path, clock).today() == 7


def test_the_count_begins_anew_at_midnight_of_utc(tmp_path: Path) -> None:
    clock = SetClock(MIDNIGHT + DAY_SECONDS - 1)
    count = a_count(tmp_path, clock)
    assert count.take(1)
    assert not count.take(1)

    clock.now += 1

    assert count.today() == 0
    assert count.take(1)
    assert len(list(tmp_path.glob("calls-*-2025*"))) == 1  # yesterday's file is gone


def test_each_account_has_a_day_of_its_own(tmp_path: Path) -> None:
    clock = SetClock(MIDNIGHT)
    a_count(tmp_path, clock, account="host/1").add(5)

    assert a_count(tmp_path, clock, account="host/2").today() == 0


def test_a_permit_that_is_not_used_is_not_counted(tmp_path: Path) -> None:
    clock = SetClock(MIDNIGHT)
    count = a_count(tmp_path, clock)

    async def leave_unused() -> None:
        quota = a_quota(count, clock, limit=2)
        permit = await quota.acquire()
        permit.unused()
        permit.unused()
        await take(quota, 2)

    run_in_virtual_time(leave_unused())
    assert count.today() == 2


def test_a_call_that_is_written_twice_counts_twice(tmp_path: Path) -> None:
    clock = SetClock(MIDNIGHT)
    count = a_count(tmp_path, clock)

    async def write_twice() -> None:
        permit = await a_quota(count, clock, limit=5).acquire()
        permit.written()
        permit.written()
        permit.answered()

    run_in_virtual_time(write_twice())
    assert count.today() == 2


def test_an_unused_permit_of_yesterday_takes_nothing_from_today(tmp_path: Path) -> None:
    clock = SetClock(MIDNIGHT - 1)
    count = a_count(tmp_path, clock)

    async def over_midnight() -> None:
        permit = await a_quota(count, clock, limit=5).acquire()
        clock.now = MIDNIGHT
        count.add(2)
        permit.unused()

    run_in_virtual_time(over_midnight())
    assert count.today() == 2


TAKE = """\
import sys
from pathlib import Path
from migrator.clock import SystemClock
from migrator.quota.daily import DayCount
count = DayCount(Path(sys.argv[1]), account="a", clock=SystemClock())
print(sum(count.take(60) is not None for _ in range(40)))
"""


def test_processes_at_the_same_time_do_not_cross_the_limit(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    taken = [int(process.communicate()[0]) for process in running]

    assert sum(taken) == 60 or len(list(tmp_path.glob("calls-*-2*"))) > 1  # over midnight


def test_a_count_that_cannot_be_kept_stops_the_run_and_says_why(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    clock = SetClock(MIDNIGHT)

    async def acquire() -> None:
        await a_quota(a_count(blocked, clock), clock, limit=5).acquire()

    with pytest.raises(SettingsError, match="cannot be counted"):
        asyncio.run(acquire())
