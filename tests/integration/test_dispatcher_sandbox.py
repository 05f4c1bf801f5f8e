"""The dispatcher with a real client, quota, ledger and thread against the sandbox, over HTTP."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import AccessError, BrakeError
from migrator.ledger import Ledger, open_ledger
from migrator.retry import RetryPolicy
from migrator.sandbox import Seed
from tests.integration.dispatching import Spectator, an_update, guid, plan, states
from tests.integration.over_http import UPDATE, a_sandbox, dispatching, send, updates


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


# ------------------------------------------------------------------ the good way


async def test_every_row_arrives_and_is_sent_once(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, f"value {n}", note=f"note {n}") for n in range(60)))

    async with a_sandbox() as sandbox:
        result = await send(ledger, run, sandbox)

        assert states(ledger, run) == ["succeeded"] * 60
        assert Counter(updates(sandbox)) == Counter(guid(n) for n in range(60))
        for n in range(60):
            assert sandbox.opportunities[guid(n)].fields == {"mx_Custom_1": f"value {n}"}
            assert sandbox.opportunities[guid(n)].notes == {f"note {n}": 1}
    assert (result.counts.succeeded, result.counts.done, result.counts.in_flight) == (60, 60, 0)
    assert ledger.records.balance(run).calls == 60


async def test_rows_of_one_opportunity_arrive_in_the_sources_order(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n % 2, f"{n}") for n in range(20)))

    async with a_sandbox(latency=(0.0, 0.02)) as sandbox:
        await send(ledger, run, sandbox)

        for number in range(2):
            arrived = [r.fields["mx_Custom_1"] for r in sandbox.log if r.guid == guid(number)]
            assert arrived == [str(n) for n in range(number, 20, 2)]


async def test_only_the_chosen_rows_are_sent(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(5)))

    async with a_sandbox() as sandbox:
        await send(ledger, run, sandbox, chosen=frozenset({2, 4}))

        assert set(updates(sandbox)) == {guid(1), guid(3)}
    assert states(ledger, run) == ["planned", "succeeded", "planned", "succeeded", "planned"]


async def test_an_auto_id_is_joined_to_the_guid_that_the_answer_tells(ledger: Ledger) -> None:
    run = plan(ledger, an_update(0, "a", auto="OPP-7"), an_update(0, "b", auto="OPP-7"))

    async with a_sandbox(seeds=(Seed(guid=guid(7), auto_id="OPP-7"),)) as sandbox:
        await send(ledger, run, sandbox)

        assert sandbox.opportunities[guid(7)].fields == {"mx_Custom_1": "b"}
    assert states(ledger, plan(ledger, an_update(7, "b"))) == ["unchanged"]


# ------------------------------------------------------------------ answers that are lost


@pytest.mark.parametrize("fault", ["lost_after", "truncated"])
async def test_the_note_settles_what_was_applied_without_sending_twice(
    ledger: Ledger, fault: str
) -> None:
    run = plan(ledger, an_update(1, note="hello"))

    async with a_sandbox() as sandbox:
        sandbox.strike_next(fault, path=UPDATE)
        await send(ledger, run, sandbox)

        assert sandbox.opportunities[guid(1)].notes == {"hello": 1}
        assert len(updates(sandbox)) == 1
    assert states(ledger, run) == ["succeeded"]
    assert ledger.records.balance(run).notes_possibly_twice == 0


async def test_what_was_not_applied_is_sent_again_after_the_patience(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"))

    async with a_sandbox() as sandbox:
        sandbox.strike_next("lost_before", path=UPDATE)
        await send(ledger, run, sandbox)

        assert sandbox.opportunities[guid(1)].notes == {"hello": 1}
    assert states(ledger, run) == ["succeeded"]
    assert ledger.records.balance(run).notes_possibly_twice == 1


async def test_a_read_that_lags_longer_than_the_patience_is_owned_up_to(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"))

    async with a_sandbox(read_lag=30.0) as sandbox:
        sandbox.strike_next("lost_after", path=UPDATE)
        await send(ledger, run, sandbox)

        twice = sandbox.opportunities[guid(1)].notes["hello"] - 1
    assert twice == 1
    assert ledger.records.balance(run).notes_possibly_twice == 1


# ------------------------------------------------------------------ answers that pass


@pytest.mark.parametrize("fault", ["rate429", "rate403", "rate200"])
async def test_a_rate_answer_uses_up_no_attempt_in_any_disguise(ledger: Ledger, fault: str) -> None:
    run = plan(ledger, an_update(1, note="hello"))
    policy = DeliveryPolicy(retry=RetryPolicy(attempts=1), patience=0.2)

    async with a_sandbox() as sandbox:
        sandbox.strike_next(fault, times=1, path=UPDATE)
        await send(ledger, run, sandbox, policy=policy)

        assert sandbox.opportunities[guid(1)].notes == {"hello": 1}
    assert states(ledger, run) == ["succeeded"]


async def test_an_outage_is_waited_for_and_blames_no_row(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(30)))
    spectator = Spectator()

    async with a_sandbox(down=True) as sandbox:
        async with dispatching(ledger, run, sandbox, progress=spectator) as dispatch:
            running = asyncio.ensure_future(dispatch.run())
            while not any("does not answer" in line for line in spectator.said):
                await asyncio.sleep(0.01)
            sandbox.change(down=False)
            result = await running

        assert all(opportunity.applied for opportunity in sandbox.opportunities)
        assert len(list(sandbox.opportunities)) == 30
    assert states(ledger, run) == ["succeeded"] * 30
    assert result.error is None
    assert any("answers again" in line for line in spectator.said)


# ------------------------------------------------------------------ answers that end it


async def test_a_row_that_is_refused_fails_alone(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1), an_update(2), an_update(3))

    async with a_sandbox(unknown=(guid(2),)) as sandbox:
        result = await send(ledger, run, sandbox)

    assert states(ledger, run) == ["succeeded", "failed", "succeeded"]
    assert result.error is None
    record = ledger.records.entry((run.number, 2))
    assert record is not None
    assert (record.http_status, record.exception) == (500, "MXUnknownProspectActivityException")


async def test_wrong_keys_stop_the_run_and_leave_every_row_planned(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(20)))

    async with a_sandbox(deactivated=True) as sandbox:
        result = await send(ledger, run, sandbox)

    assert isinstance(result.error, AccessError)
    assert states(ledger, run) == ["planned"] * 20


async def test_twenty_equal_refusals_leave_the_rest_planned(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(60)))

    async with a_sandbox(faults={"mx_input": 1.0}) as sandbox:
        result = await send(ledger, run, sandbox)

    assert isinstance(result.error, BrakeError)
    found = Counter(states(ledger, run))
    assert found["failed"] >= 20
    assert found["failed"] + found["planned"] == 60
    assert found["planned"] > 20


async def test_a_foreign_404_of_one_row_is_its_own_where_leadsquared_answers(
    ledger: Ledger,
) -> None:
    run = plan(ledger, *(an_update(n) for n in range(4)))

    async with a_sandbox() as sandbox:
        sandbox.strike_next("foreign404", opportunity=guid(1), path=UPDATE)
        result = await send(ledger, run, sandbox)

    assert states(ledger, run) == ["succeeded", "failed", "succeeded", "succeeded"]
    assert result.error is None


async def test_a_foreign_404_of_every_path_is_the_wrong_host(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(20)))

    async with a_sandbox(faults={"foreign404": 1.0}) as sandbox:
        result = await send(ledger, run, sandbox)

    assert isinstance(result.error, AccessError)
    assert states(ledger, run) == ["planned"] * 20


async def test_an_interrupt_waits_for_the_answers_and_leaves_the_rest_planned(
    ledger: Ledger,
) -> None:
    run = plan(ledger, *(an_update(n) for n in range(200)))

    async with (
        a_sandbox(latency=(0.1, 0.1)) as sandbox,
        dispatching(ledger, run, sandbox) as dispatch,
    ):
        running = asyncio.ensure_future(dispatch.run())
        while len(sandbox.log) < 5:
            await asyncio.sleep(0.005)
        dispatch.interrupt()
        result = await running

        assert result.interrupted
        found = Counter(states(ledger, run))
        assert found == {"succeeded": len(sandbox.log), "planned": 200 - len(sandbox.log)}


async def test_a_second_dispatch_goes_on_where_the_first_was_cut_down(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(40)))

    async with a_sandbox(latency=(0.05, 0.05)) as sandbox:
        async with dispatching(ledger, run, sandbox) as dispatch:
            running = asyncio.ensure_future(dispatch.run())
            while len(sandbox.log) < 5:
                await asyncio.sleep(0.005)
            running.cancel()  # no outcome of what is under way is written
            await asyncio.wait({running})
        assert "sending" in states(ledger, run)

        await send(ledger, run, sandbox)

        assert states(ledger, run) == ["succeeded"] * 40
        assert all(o.notes == {"n": 1} for o in sandbox.opportunities)
