"""The thread between the event loop and SQLite: together where it can, each alone where it must."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.errors import LedgerError
from migrator.ledger import Ledger, open_ledger
from tests.integration.dispatching import an_update, plan, states


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


async def test_actions_run_in_their_order_in_one_thread_off_the_loop(ledger: Ledger) -> None:
    done: list[int] = []
    threads: set[int] = set()

    def act(number: int) -> int:
        done.append(number)
        threads.add(threading.get_ident())
        return number

    async with ledger.thread() as thread:
        results = await asyncio.gather(
            *(thread.do(lambda n=n: act(n)) for n in range(250))  # type: ignore[misc]
        )

    assert results == done == list(range(250))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_an_error_is_its_own_actions_and_loses_no_other(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(20)))
    entries = ledger.work.pick(run, after=0, limit=20, chosen=None)
    held = threading.Event()

    def intend(number: int) -> int:
        attempt = ledger.work.intend(entries[number], with_note=False, again=False, at=1.0)
        if number == 7:
            raise LedgerError("no room", advice="Make room.")
        return attempt

    async with ledger.thread() as thread:
        first = asyncio.ensure_future(thread.do(held.wait))  # so that the others wait together
        rest = [
            asyncio.ensure_future(thread.do(lambda n=n: intend(n)))  # type: ignore[misc]
            for n in range(20)
        ]
        await asyncio.sleep(0)
        held.set()
        results = await asyncio.gather(first, *rest, return_exceptions=True)

    assert isinstance(results[8], LedgerError)
    assert [result for n, result in enumerate(results[1:]) if n != 7] == [1] * 19
    assert states(ledger, run) == ["sending"] * 7 + ["planned"] + ["sending"] * 12
    assert ledger.records.balance(run).calls == 19  # nobody's attempt is counted twice


async def test_what_an_action_did_is_on_disk_when_it_returns(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1))
    (entry,) = ledger.work.pick(run, after=0, limit=1, chosen=None)

    async with ledger.thread() as thread:
        await thread.do(lambda: ledger.work.intend(entry, with_note=False, again=False, at=1.0))
        with open_ledger(ledger.path) as other:  # sees only what is committed
            assert states(other, run) == ["sending"]


async def test_an_action_is_carried_out_though_its_caller_is_gone(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1))
    (entry,) = ledger.work.pick(run, after=0, limit=1, chosen=None)
    held = threading.Event()

    async with ledger.thread() as thread:
        waiting = asyncio.ensure_future(thread.do(held.wait))
        caller = asyncio.ensure_future(
            thread.do(lambda: ledger.work.intend(entry, with_note=False, again=False, at=1.0))
        )
        await asyncio.sleep(0)
        caller.cancel()
        held.set()
        await asyncio.wait({waiting, caller})

    assert caller.cancelled()
    assert states(ledger, run) == ["sending"]


async def test_a_failure_whose_caller_is_gone_is_not_told_on_the_screen(ledger: Ledger) -> None:
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    may_fail = threading.Event()

    def fail() -> None:
        may_fail.wait()
        raise LedgerError("no room", advice="Make room.")

    async with ledger.thread() as thread:
        caller = asyncio.ensure_future(thread.do(fail))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        may_fail.set()
        await thread.do(lambda: None)  # behind the one that fails
    gc.collect()

    assert told == []
