"""Servers that misbehave, in front of a whole dispatch: no row is blamed, no note is doubled."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.dispatcher import DispatchResult
from migrator.errors import AccessError, TargetError
from migrator.ledger import Ledger, open_ledger
from tests.certificates import a_certificate, server_side
from tests.integration.bad_network import Manner, Relay, a_relay
from tests.integration.dispatching import an_update, guid, plan, states
from tests.integration.over_http import QUICK, a_sandbox, dispatching, updates

ROWS = 20
NOT_PASSED_ON = (Manner.STOPS_READING, Manner.CUTS)
PASSING = [manner for manner in Manner if manner is not Manner.REDIRECTS]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


@pytest.mark.parametrize("manner", PASSING, ids=lambda manner: manner.name)
@pytest.mark.parametrize("notes", [False, True], ids=["fields", "notes"])
async def test_what_misbehaves_for_a_while_costs_no_row(
    ledger: Ledger, manner: Manner, notes: bool
) -> None:
    run = plan(ledger, *(an_update(n, note=f"note {n}" if notes else "") for n in range(ROWS)))
    async with a_sandbox() as sandbox, a_relay(sandbox.url) as relay:
        relay.behave(manner, times=4)
        async with dispatching(ledger, run, sandbox, url=relay.url, call_timeout=0.5) as dispatch:
            result = await dispatch.run()

        assert relay.seen == {manner: 4}
        assert result.error is None
        assert states(ledger, run) == ["succeeded"] * ROWS
        twice = ledger.records.balance(run).notes_possibly_twice
        for number in range(ROWS):
            held = sandbox.opportunities[guid(number)]
            assert held.fields == {"mx_Custom_1": "x"}
            assert held.notes == ({f"note {number}": 1} if notes else {})
        if manner not in NOT_PASSED_ON:  # there the note is missing, and sent once more
            assert twice == 0
        if notes and manner not in NOT_PASSED_ON:
            assert len(updates(sandbox)) == ROWS


async def test_a_connection_that_was_closed_while_idle_is_no_attempt(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(ROWS)))
    async with a_sandbox() as sandbox, a_relay(sandbox.url) as relay:
        relay.behave(Manner.CLOSES_WHILE_IDLE, times=ROWS)
        async with dispatching(ledger, run, sandbox, url=relay.url) as dispatch:
            await dispatch.run()

        assert len(updates(sandbox)) == ROWS
    assert relay.connections > 1
    assert states(ledger, run) == ["succeeded"] * ROWS


async def test_a_redirect_ends_the_run_and_takes_no_key_along(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(ROWS)))
    async with a_sandbox() as sandbox, a_sandbox() as other, a_relay(sandbox.url) as relay:
        relay.elsewhere = other.url
        relay.behave(Manner.REDIRECTS, times=ROWS)
        async with dispatching(ledger, run, sandbox, url=relay.url) as dispatch:
            result = await dispatch.run()

        assert other.log == ()
    assert isinstance(result.error, AccessError)
    assert "another address" in str(result.error)
    assert states(ledger, run) == ["planned"] * ROWS


async def test_a_certificate_that_goes_wrong_sends_nothing_and_blames_no_row(
    ledger: Ledger, tmp_path: Path
) -> None:
    """In the middle of a run it is an outage, which ends it when it lasts (exit 7)."""
    certificate, strangers = a_certificate(tmp_path), a_certificate(tmp_path)
    tls = server_side(certificate)
    policy = replace(QUICK, longest_outage=2.0)
    run = plan(ledger, *(an_update(n, note=f"note {n}") for n in range(60)))
    async with a_sandbox(latency=(0.02, 0.05)) as sandbox, a_relay(sandbox.url, tls=tls) as relay:
        relay.behave(Manner.CLOSES_WHILE_IDLE, times=1000)  # each call over a new connection
        how = {"url": relay.url, "ca_file": certificate.authority}
        async with dispatching(ledger, run, sandbox, policy=policy, **how) as dispatch:
            running = asyncio.create_task(dispatch.run())
            while len(updates(sandbox)) < 20:
                await asyncio.sleep(0)
            tls.load_cert_chain(strangers.chain)
            await relay.cuts()  # a probe may have kept one from before
            result = await running
        sent = len(updates(sandbox))
        assert isinstance(result.error, TargetError)
        assert "certificate verify failed" in str(result.error)
        assert set(states(ledger, run)) <= {"planned", "succeeded", "in_doubt"}
        assert "planned" in states(ledger, run)

        tls.load_cert_chain(certificate.chain)
        async with dispatching(ledger, run, sandbox, **how) as dispatch:
            assert (await dispatch.run()).error is None

        assert sent < 60
        for number in range(60):
            assert sandbox.opportunities[guid(number)].notes == {f"note {number}": 1}
    assert states(ledger, run) == ["succeeded"] * 60


async def _gone(
    ledger: Ledger, rows: int, seconds: float
) -> tuple[DispatchResult, Relay, list[str]]:
    run = plan(ledger, *(an_update(n, note=f"note {n}") for n in range(rows)))
    async with a_sandbox(latency=(0.02, 0.05)) as sandbox, a_relay(sandbox.url) as relay:
        async with dispatching(ledger, run, sandbox, url=relay.url) as dispatch:
            running = asyncio.create_task(dispatch.run())
            while len(updates(sandbox)) < rows // 3:
                await asyncio.sleep(0)
            await relay.goes()
            await asyncio.sleep(seconds)  # being gone is what is tried here
            await relay.comes_back()
            result = await running
        for number in range(rows):
            assert sandbox.opportunities[guid(number)].notes == {f"note {number}": 1}
        return result, relay, states(ledger, run)


async def test_a_server_that_is_gone_for_a_while(ledger: Ledger) -> None:
    result, _, found = await _gone(ledger, 60, 1.5)

    assert result.error is None
    assert found == ["succeeded"] * 60


@pytest.mark.soak
async def test_a_server_that_is_gone_for_a_minute(ledger: Ledger) -> None:
    result, _, found = await _gone(ledger, 600, 60.0)

    assert result.error is None
    assert found == ["succeeded"] * 600
