"""Notes that travel together, of which an earlier call may have brought one: over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.clock import SystemClock
from migrator.ledger import Ledger, open_ledger
from migrator.model import Doubt, InDoubt, Reading, Run, Verdict
from migrator.sandbox import Seed
from tests.integration.dispatching import Spectator, an_update, guid, plan, states
from tests.integration.over_http import UPDATE, a_sandbox, send, updates

LOST = Reading(verdict=Verdict.UNKNOWN, status=503, message="Service Unavailable")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def merged_after_a_doubt(ledger: Ledger) -> tuple[Run, Run]:
    """A run whose note "A" nobody knows to be there, and the one that brings "A" and "B"."""
    old = plan(ledger, an_update(1, note="A"))
    (entry,) = ledger.work.pick(old, after=0, limit=1, chosen=None)
    at = SystemClock().wall()
    ledger.work.intend(entry, with_note=True, again=False, at=at)
    doubt = InDoubt(doubt=Doubt.ALL, reading=LOST)
    ledger.work.settle(old, entry, doubt, call=None, with_note=True, holds=True, at=at)
    new = plan(ledger, an_update(1, note="A"), an_update(1, note="B"), merge=True)
    ledger.plans.close(old, by=new)
    return old, new


async def test_a_note_that_has_arrived_is_left_out_and_the_others_go(ledger: Ledger) -> None:
    old, new = merged_after_a_doubt(ledger)
    spectator = Spectator()

    async with a_sandbox(seeds=(Seed(guid=guid(1), note="A"),)) as sandbox:
        await send(ledger, new, sandbox, progress=spectator)

        assert sandbox.opportunities[guid(1)].notes == {"A": 1, "B": 1}
    assert states(ledger, old) == ["succeeded"]
    assert states(ledger, new) == ["merged", "succeeded"]
    assert any("a part of its note is left out" in line for line in spectator.said)


async def test_a_note_that_may_have_arrived_is_left_out_too(ledger: Ledger) -> None:
    old, new = merged_after_a_doubt(ledger)

    async with a_sandbox(seeds=(Seed(guid=guid(1), note="typed by somebody"),)) as sandbox:
        await send(ledger, new, sandbox)

        assert sandbox.opportunities[guid(1)].notes == {"typed by somebody": 1, "B": 1}
    assert states(ledger, old) == ["in_doubt"]
    assert states(ledger, new) == ["merged", "succeeded"]


async def test_a_note_that_is_not_there_is_sent_with_the_others(ledger: Ledger) -> None:
    old, new = merged_after_a_doubt(ledger)

    async with a_sandbox() as sandbox:
        await send(ledger, new, sandbox)

        assert sandbox.opportunities[guid(1)].notes == {"A\nB": 1}
    assert states(ledger, old) == ["superseded"]
    assert ledger.records.balance(new).notes_possibly_twice == 1


async def test_a_merged_call_whose_answer_is_lost_is_settled_by_its_joined_note(
    ledger: Ledger,
) -> None:
    run = plan(ledger, *(an_update(1, note=note) for note in "ABC"), merge=True)

    async with a_sandbox() as sandbox:
        sandbox.strike_next("lost_after", path=UPDATE)
        await send(ledger, run, sandbox)

        assert sandbox.opportunities[guid(1)].notes == {"A\nB\nC": 1}
        assert len(updates(sandbox)) == 1
    assert states(ledger, run) == ["merged", "merged", "succeeded"]
