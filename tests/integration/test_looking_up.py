"""Asking for many leads over real HTTP: pace, faults, refusals; nobody is asked for in vain."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migrator.client import LeadSquaredClient
from migrator.clock import SystemClock
from migrator.errors import AccessError, AllowanceError, TargetError, UsageError
from migrator.ledger import Ledger, open_ledger
from migrator.lookups import Answer, LeadKey
from migrator.quota.local import AccountQuota
from migrator.runs.looking_up import LookingUp, Patience, Wanted
from migrator.sandbox import Sandbox, SandboxOptions, Seed

OF_LEAD = "GetOpportunitiesOfLead"
BY_FIELD = "GetOpportunitiesByUniqueLeadField"
QUICK = Patience(first_pause=0.01, longest_pause=0.05, longest_refusal=1.0)


def lead(number: int) -> str:
    return f"1ead0000-0000-4000-8000-{number:012}"


def guid(number: int) -> str:
    return f"5ca5b042-51ea-4699-86f0-{number:012}"


def seeds(count: int, *, of_each: int = 1) -> tuple[Seed, ...]:
    return tuple(
        Seed(
            guid=guid(number * 1000 + each),
            lead=lead(number),
            lead_fields={"Phone": f"+91-{number}"},
            fields={"mx_Custom_1": f"Deal {number}", "Status": "Open"},
        )
        for number in range(count)
        for each in range(of_each)
    )


def keys(count: int) -> list[LeadKey]:
    return [LeadKey("", lead(number)) for number in range(count)]


@dataclass
class Watcher:
    said: list[str] = field(default_factory=list)
    shown: list[tuple[int, int]] = field(default_factory=list)

    def advance(self, done: int, total: int, *, thing: str, state: str) -> None:
        self.shown.append((done, total))

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


@asynccontextmanager
async def looking_up(
    ledger: Ledger,
    sandbox: Sandbox,
    *,
    watcher: Watcher | None = None,
    patience: Patience = QUICK,
    limit: tuple[int, float] = (2000, 5.0),
    code: int = 12000,
) -> AsyncIterator[LookingUp]:
    clock = SystemClock()
    client = LeadSquaredClient(
        sandbox.url,
        access_key=sandbox.options.access_key,
        secret_key=sandbox.options.secret_key,
        clock=clock,
        call_timeout=2.0,
    )
    async with client, ledger.thread() as thread:
        yield LookingUp(
            Wanted(account="account", event_code=code, columns=("mx_Custom_1", "Status")),
            ledger=ledger,
            thread=thread,
            client=client,
            quota=AccountQuota(*limit, clock=clock),
            clock=clock,
            progress=watcher or Watcher(),
            patience=patience,
        )


def a_sandbox(**options: Any) -> Sandbox:
    return Sandbox(SandboxOptions(**({"limit": 10_000, "seeds": seeds(20)} | options)))


async def ask(ledger: Ledger, sandbox: Sandbox, wanted: list[LeadKey], **more: Any) -> LookingUp:
    async with looking_up(ledger, sandbox, **more) as asking:
        await asking.ask(wanted)
        return asking


def kept(ledger: Ledger, key: LeadKey, code: int = 12000) -> Answer | None:
    found = ledger.lookups.kept("account", code, key, columns=("Status",))
    return found.answer if found else None


def answered(sandbox: Sandbox) -> Counter[str]:
    """Lead to how often it was answered with what was asked for."""
    return Counter(record.lead for record in sandbox.log if record.lead and record.status == 200)


async def test_each_lead_is_asked_for_once_and_its_answer_kept(ledger: Ledger) -> None:
    watcher = Watcher()
    async with a_sandbox() as sandbox:
        asking = await ask(ledger, sandbox, [*keys(20), LeadKey("", lead(99))], watcher=watcher)

        assert answered(sandbox) == Counter([lead(number) for number in [*range(20), 99]])
    assert (asking.asked, asking.error) == (21, None)
    assert watcher.shown[-1] == (21, 21)
    assert [kept(ledger, key).found[0].guid for key in keys(20)] == [  # type: ignore[union-attr]
        guid(number * 1000) for number in range(20)
    ]
    assert kept(ledger, LeadKey("", lead(99))) == Answer()


async def test_a_lead_field_lists_all_types_and_this_one_is_picked(ledger: Ledger) -> None:
    from migrator.sandbox import OpportunityType

    types = (OpportunityType(code=12000), OpportunityType(code=12001))
    both = (*seeds(1), Seed(guid=guid(7), lead=lead(0), type=12001))
    key = LeadKey("Phone", "+91-0")
    async with a_sandbox(types=types, seeds=both) as sandbox:
        await ask(ledger, sandbox, [key], code=12001)

    answer = kept(ledger, key, 12001)
    assert answer is not None
    assert [one.guid for one in answer.found] == [guid(7)]


async def test_more_than_a_page_is_read_to_its_end(ledger: Ledger) -> None:
    async with a_sandbox(seeds=seeds(1, of_each=230)) as sandbox:
        asking = await ask(ledger, sandbox, keys(1))

        assert len([record for record in sandbox.log if record.lead]) == 3
    answer = kept(ledger, keys(1)[0])
    assert asking.error is None
    assert answer is not None
    assert {one.guid for one in answer.found} == {guid(each) for each in range(230)}


@pytest.mark.parametrize(
    "fault", ["lost_before", "http503", "http500_html", "mx_transient", "truncated", "rate200"]
)
async def test_what_passes_is_waited_for(ledger: Ledger, fault: str) -> None:
    async with a_sandbox() as sandbox:
        sandbox.strike_next(fault, times=3, path=OF_LEAD)
        asking = await ask(ledger, sandbox, keys(20))

    assert (asking.asked, asking.refused, asking.error) == (20, 0, None)
    assert all(kept(ledger, key).found for key in keys(20))  # type: ignore[union-attr]


async def test_a_rough_network_loses_nothing(ledger: Ledger) -> None:
    rough = {"lost_before": 0.1, "http502": 0.05, "rate403": 0.03, "truncated": 0.05}
    async with a_sandbox(seeds=seeds(60), faults=rough, seed=3) as sandbox:
        asking = await ask(ledger, sandbox, keys(60))

    assert (asking.asked, asking.refused, asking.error) == (60, 0, None)


async def test_the_account_s_limit_is_kept(ledger: Ledger) -> None:
    async with a_sandbox(limit=10, window=0.5) as sandbox:
        asking = await ask(ledger, sandbox, keys(20), limit=(10, 0.5))

        assert sandbox.stats.refused == 0
    assert asking.asked == 20


async def test_a_limit_that_others_use_up_pauses_everything(ledger: Ledger) -> None:
    watcher = Watcher()
    async with a_sandbox(limit=5, window=0.5) as sandbox:
        asking = await ask(ledger, sandbox, keys(12), watcher=watcher)

    assert (asking.asked, asking.error) == (12, None)
    assert any("everything pauses" in said for said in watcher.said)


async def test_an_account_that_refuses_every_call_ends_it(ledger: Ledger) -> None:
    async with a_sandbox(daily=5) as sandbox:
        asking = await ask(ledger, sandbox, keys(20))

    assert isinstance(asking.error, AllowanceError)
    assert "The next day of UTC begins here at" in asking.error.advice
    assert asking.asked == 5
    assert sum(kept(ledger, key) is not None for key in keys(20)) == 5


async def test_an_outage_ends_it_and_what_was_answered_is_kept(ledger: Ledger) -> None:
    slow = looking_up(ledger, sandbox := a_sandbox(latency=(0.02, 0.02)), limit=(40, 1.0))
    async with sandbox, slow as asking:
        task = asyncio.create_task(asking.ask(keys(20)))
        while asking.asked < 3:
            await asyncio.sleep(0)
        sandbox.change(down=True)
        await task

    assert isinstance(asking.error, TargetError)
    assert "type the same command again" in str(asking.error)
    assert 3 <= asking.asked == sum(kept(ledger, key) is not None for key in keys(20))


async def test_access_refused_in_the_middle_ends_it_and_blames_no_lead(ledger: Ledger) -> None:
    async with (
        a_sandbox(seeds=seeds(100), latency=(0.02, 0.02)) as sandbox,
        looking_up(ledger, sandbox) as asking,
    ):
        task = asyncio.create_task(asking.ask(keys(100)))
        while asking.asked < 3:
            await asyncio.sleep(0)
        sandbox.change(deactivated=True)
        await task

    assert isinstance(asking.error, AccessError)
    assert 3 <= asking.asked < 100
    assert all(answer.found for key in keys(100) if (answer := kept(ledger, key)) is not None)


async def test_a_stop_finishes_the_calls_under_way_and_begins_none(ledger: Ledger) -> None:
    async with (
        a_sandbox(latency=(0.05, 0.05)) as sandbox,
        looking_up(ledger, sandbox, limit=(100, 5.0)) as asking,
    ):
        task = asyncio.create_task(asking.ask(keys(20)))
        while asking.asked < 3:
            await asyncio.sleep(0)
        asking.stop()
        await task

        assert sum(answered(sandbox).values()) == asking.asked
    assert 3 <= asking.asked < 20
    assert asking.error is None


async def test_a_call_that_is_closed_to_these_keys_is_the_account_s_matter(ledger: Ledger) -> None:
    async with a_sandbox(closed={OF_LEAD: "refused"}) as sandbox:
        asking = await ask(ledger, sandbox, keys(20))

    assert isinstance(asking.error, AccessError)


async def test_a_host_without_the_call_is_told_from_a_lead_without_opportunities(
    ledger: Ledger,
) -> None:
    async with a_sandbox(closed={OF_LEAD: "missing"}) as sandbox:
        asking = await ask(ledger, sandbox, keys(2))

    assert isinstance(asking.error, AccessError)
    assert kept(ledger, keys(1)[0]) is None


async def test_one_lead_without_a_clear_answer_stops_nobody_else(ledger: Ledger) -> None:
    async with a_sandbox() as sandbox:
        await ask(ledger, sandbox, keys(5))
        sandbox.strike_next("http500_html", times=10_000, path=OF_LEAD)
        asking = await ask(ledger, sandbox, [LeadKey("", lead(7))])

    assert (asking.asked, asking.refused, asking.error) == (1, 1, None)
    answer = kept(ledger, LeadKey("", lead(7)))
    assert answer is not None
    assert "HTTP 500" in answer.problem


async def test_a_type_that_there_is_not_is_not_asked_for_in_vain(ledger: Ledger) -> None:
    async with a_sandbox(seeds=seeds(100)) as sandbox:
        asking = await ask(ledger, sandbox, keys(100), code=12999, limit=(50, 1.0))

        calls = len(sandbox.log)
    assert isinstance(asking.error, UsageError)
    assert "Check --type" in str(asking.error)
    assert calls < 50


async def test_a_list_shorter_than_leadsquared_counts_is_never_taken_for_all(
    ledger: Ledger,
) -> None:
    async with a_sandbox(list_missing=1) as sandbox:
        asking = await ask(ledger, sandbox, keys(2))
        sandbox.change(list_missing=0)
        again = await ask(ledger, sandbox, keys(2))

    assert (asking.refused, asking.error) == (2, None)
    assert again.refused == 0


async def test_a_list_that_is_whole_at_the_second_reading_counts(ledger: Ledger) -> None:
    async with (
        a_sandbox(seeds=seeds(1), list_missing=1) as sandbox,
        looking_up(ledger, sandbox, limit=(4, 1.0)) as asking,
    ):
        task = asyncio.create_task(asking.ask(keys(1)))
        while not sandbox.log:
            await asyncio.sleep(0)
        sandbox.change(list_missing=0)
        await task

    answer = kept(ledger, keys(1)[0])
    assert answer is not None
    assert len(answer.found) == 1
