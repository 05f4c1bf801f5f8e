"""What LeadSquared holds now, read through outages, from a sandbox over HTTP.

The clock is hurried: what a reading waits for is kept, and takes no time.
"""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migrator.clock import SystemClock
from migrator.errors import AccessError, AllowanceError, BrakeError, InterruptError, TargetError
from migrator.leadsquared_bulk import MOST_IDS
from migrator.model import Run, RunState, Source
from migrator.runs.current import read_current
from migrator.runs.reading import CallRefusedError
from migrator.runs.world import Link
from tests.integration.dispatching import FIELD, guid
from tests.integration.test_reading import Account, an_account

LONGEST = 1800.0
AGAIN = "LeadSquared answers again: reading goes on"


class HurriedClock(SystemClock):
    """A clock that jumps over each wait, and does beforehand what a test wants done there."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.at_sleep: Callable[[int], object] = lambda _count: None
        self._ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def wall(self) -> float:
        return super().wall() + self._ahead

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._ahead += max(0.0, seconds)
        self.at_sleep(len(self.slept))
        await super().sleep(0.0)


@dataclass
class Reader:
    """One who reads so many opportunities, page by page."""

    account: Account
    clock: HurriedClock = field(default_factory=HurriedClock)
    pages: list[int] = field(default_factory=list)  #: How many were found of each.
    at_page: Callable[[int], object] = lambda _count: None

    @property
    def said(self) -> list[str]:
        return self.account.operator.said

    def read(self, count: int = 1, **more: Any) -> int:
        """Read; gives how many calls were made."""
        names = [guid(number) for number in range(1, count + 1)]
        settings = self.account.settings()
        link = Link(settings=settings, operator=self.account.operator, clock=self.clock)
        return read_current(link, a_run(), names, self._take, total=count, **more)

    def _take(self, page: Sequence[str], found: Mapping[str, Mapping[str, str]]) -> None:
        self.pages.append(len(found))
        self.at_page(len(self.pages))


def a_run() -> Run:
    source = Source(
        name="deals.csv",
        mapping_name="deals.yaml",
        mapping_digest="m",
        event_code=12000,
        columns=("Id",),
        schema_names=(FIELD,),
    )
    return Run(
        id="r1-000000",
        number=1,
        kind="update",
        parent=0,
        state=RunState.OPEN,
        account="account",
        source=source,
        content_digest="",
        rows_read=1,
        blank_rows=0,
        notes_left_out=0,
        created_at=0.0,
        finished_at=0.0,
    )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with an_account(tmp_path) as account:
        yield Reader(account)


def test_an_outage_in_the_middle_is_waited_out_and_said_once(reader: Reader) -> None:
    sandbox = reader.account.sandbox
    reader.at_page = lambda count: sandbox.change(down=count == 1)
    reader.clock.at_sleep = lambda count: sandbox.change(down=count < 40)

    calls = reader.read(4 * MOST_IDS + 1, longest_outage=LONGEST)

    assert sorted(reader.pages) == [1, *[MOST_IDS] * 4]
    assert calls == len(reader.account.calls) == 5 + len(reader.clock.slept)
    assert reader.clock.slept[0] == 0.5
    assert max(reader.clock.slept) == 30.0
    first, waits, again = reader.said
    assert first == f"no answer from {reader.account.settings().host} yet; asking again"
    assert waits.startswith("LeadSquared does not answer (")
    assert "reading waits for it, at most 30 min 0 s; Ctrl-C stops" in waits
    assert again == AGAIN


@pytest.mark.parametrize("in_bulk", [True, False])
def test_an_outage_that_is_too_long_ends_the_reading(reader: Reader, *, in_bulk: bool) -> None:
    reader.account.sandbox.change(down=True)

    with pytest.raises(TargetError, match="does not come from LeadSquared"):
        reader.read(1, longest_outage=100.0, in_bulk=in_bulk)

    assert reader.clock.slept == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert AGAIN not in reader.said


def test_nobody_there_at_all_is_waited_for_too(reader: Reader) -> None:
    reader.account.sandbox.strike_next("lost_before", times=20)

    reader.read(longest_outage=LONGEST)

    assert len(reader.clock.slept) == 20


def test_an_answer_begins_the_count_of_an_outage_anew(reader: Reader) -> None:
    sandbox = reader.account.sandbox
    sandbox.change(down=True)
    reader.at_page = lambda count: sandbox.change(down=count == 1)
    reader.clock.at_sleep = lambda count: sandbox.change(down=count % 8 != 0)

    reader.read(MOST_IDS + 1, longest_outage=100.0)

    assert sum(reader.clock.slept) > 100.0
    assert reader.said.count(AGAIN) == 2


def test_without_a_longest_outage_a_call_is_tried_three_times(reader: Reader) -> None:
    reader.account.sandbox.change(down=True)

    with pytest.raises(TargetError):
        reader.read()

    assert len(reader.account.calls) == 3


# ------------------------------------------------------------------ rate answers


def test_rate_answers_are_waited_out_like_an_outage(reader: Reader) -> None:
    reader.account.sandbox.strike_next("rate429", times=12)

    reader.read(longest_outage=LONGEST)

    assert len(reader.clock.slept) == 12
    assert any("the account refuses every call (" in line for line in reader.said)
    assert reader.said[-1] == AGAIN


def test_nothing_but_rate_answers_for_too_long_is_an_allowance_error(reader: Reader) -> None:
    reader.account.sandbox.strike_next("rate429", times=1000)

    with pytest.raises(AllowanceError, match="the account refuses every call"):
        reader.read(longest_outage=100.0)

    assert 100.0 <= sum(reader.clock.slept) <= 135.0


def test_a_rate_answer_that_names_the_day_is_not_waited_for(reader: Reader) -> None:
    named = "API calls exceeded the limit of 10000 in 1 day(s)"
    reader.account.sandbox.change(daily=0, daily_message=named)

    with pytest.raises(AllowanceError, match="10,000 calls are spent"):
        reader.read(longest_outage=LONGEST)

    assert not reader.clock.slept


def test_a_rate_answer_that_asks_for_more_than_may_be_waited_ends_it(reader: Reader) -> None:
    reader.account.sandbox.change(limit=1, window=60.0, retry_after=LONGEST + 1)

    with pytest.raises(AllowanceError, match="refuses every call"):
        reader.read(MOST_IDS + 1, longest_outage=LONGEST)

    assert not reader.clock.slept


# ------------------------------------------------------------------ what is not waited for


@pytest.mark.parametrize("how", ["refused", "missing"])
def test_an_account_without_bulk_reads_is_told_at_once(reader: Reader, how: str) -> None:
    reader.account.sandbox.change(closed={"GetOpportunitiesById": how})

    with pytest.raises(CallRefusedError):
        reader.read(longest_outage=LONGEST)

    assert not reader.clock.slept


def test_refused_access_is_told_at_once(reader: Reader) -> None:
    reader.account.sandbox.change(deactivated=True)

    with pytest.raises(AccessError):
        reader.read(longest_outage=LONGEST)

    assert not reader.clock.slept


def test_an_unknown_opportunity_is_an_answer_too(reader: Reader) -> None:
    sandbox = reader.account.sandbox
    sandbox.change(unknown=[guid(1)])
    sandbox.strike_next("http503", times=5, opportunity=guid(1))

    reader.read(in_bulk=False, longest_outage=LONGEST)

    assert reader.pages == [0]
    assert reader.said[-1] == AGAIN


def test_no_call_is_made_after_the_time_that_was_given(reader: Reader) -> None:
    reader.account.sandbox.change(down=True)
    until = reader.clock.wall() + 60.0

    with pytest.raises(BrakeError, match="--until"):
        reader.read(longest_outage=LONGEST, until=until)

    assert reader.clock.slept[:6] == [0.5, 1, 2, 4, 8, 16]
    assert sum(reader.clock.slept) < 60.1


def test_a_signal_at_the_very_end_ends_it_too(reader: Reader) -> None:
    reader.at_page = lambda _count: signal.raise_signal(signal.SIGINT)

    with pytest.raises(InterruptError, match="interrupted while reading; nothing was sent"):
        reader.read()

    assert reader.pages == [1]
