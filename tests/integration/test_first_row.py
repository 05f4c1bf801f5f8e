"""What an account may ignore in silence is read back once before the second row relies on it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import BrakeError
from migrator.ledger import Ledger, open_ledger
from migrator.model import Proof, ProofKind, Run, Update
from migrator.sandbox import Sandbox, Seed
from migrator.sandbox.schema import Breaches, OnBreach
from tests.integration.dispatching import (
    ScriptedCrm,
    always,
    an_update,
    dispatched,
    guid,
    plan,
    states,
)
from tests.integration.over_http import a_sandbox, send, updates
from tests.virtual_time import run_in_virtual_time

CREATED = "2019-04-02 12:13:44"
IGNORED = Breaches(created_on=OnBreach.IGNORE)
WRITTEN = Proof("CreatedOn", ProofKind.WRITTEN)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def migrated(number: int, *, note: str = "") -> Update:
    return an_update(number, f"deal {number}", note=note, CreatedOn=CREATED)


def reads(sandbox: Sandbox) -> int:
    return sum(record.path.endswith("GetOpportunityDetails") for record in sandbox.log)


async def test_one_row_is_read_back_before_the_second_leaves(ledger: Ledger) -> None:
    run = plan(ledger, *(migrated(n) for n in range(20)))

    async with a_sandbox(latency=(0.02, 0.02)) as sandbox:
        await send(ledger, run, sandbox)

        paths = [record.path.rpartition("/")[2] for record in sandbox.log]
    before_and_after = ["GetOpportunityDetails", "Update", "GetOpportunityDetails"]
    assert paths[:4] == [*before_and_after, "Update"]
    assert paths.count("GetOpportunityDetails") == 2
    assert states(ledger, run) == ["succeeded"] * 20
    assert ledger.proofs.proved(run) == {WRITTEN}


async def test_what_was_proved_once_is_not_read_back_again(ledger: Ledger) -> None:
    async with a_sandbox() as sandbox:
        await send(ledger, plan(ledger, migrated(1)), sandbox)
        await send(ledger, plan(ledger, migrated(2), migrated(3)), sandbox)

        assert reads(sandbox) == 2


async def test_rows_that_rely_on_nothing_are_not_read_back(ledger: Ledger) -> None:
    async with a_sandbox() as sandbox:
        await send(ledger, plan(ledger, an_update(1), an_update(2)), sandbox)

        assert reads(sandbox) == 0


async def test_a_created_on_that_is_ignored_stops_the_run_after_one_row(ledger: Ledger) -> None:
    run = plan(ledger, *(migrated(n, note=f"note {n}") for n in range(20)))

    async with a_sandbox(breaches=IGNORED) as sandbox:
        result = await send(ledger, run, sandbox)

        assert updates(sandbox) == [guid(0)]
    assert isinstance(result.error, BrakeError)
    told = str(result.error)
    assert f"deals.csv, row 2, opportunity {guid(0)}" in told
    assert f'CreatedOn was sent as "{CREATED}" and found as ' in told
    assert "LeadSquared's support" in told
    assert states(ledger, run) == ["failed"] + ["planned"] * 19
    assert ledger.proofs.proved(run) == frozenset()


async def test_the_row_that_was_not_kept_is_retried_without_its_note(ledger: Ledger) -> None:
    run = plan(ledger, migrated(1, note="only once"), migrated(2, note="second"))
    async with a_sandbox(breaches=IGNORED) as sandbox:
        await send(ledger, run, sandbox)
        sandbox._account.options = replace(sandbox.options, breaches=Breaches())
        ledger.choices.plan_failed_again(run, None, at=1.0)
        await send(ledger, run, sandbox)

        assert sandbox.opportunities[guid(1)].notes == {"only once": 1}
        assert sandbox.opportunities[guid(1)].fields["CreatedOn"] == CREATED
        assert sandbox.opportunities[guid(2)].notes == {"second": 1}
    assert states(ledger, run) == ["succeeded", "succeeded"]


def with_old_values(*numbers: int) -> tuple[Seed, ...]:
    return tuple(Seed(guid=guid(n), fields={"mx_Custom_9": "old"}) for n in numbers)


async def test_a_field_that_is_cleared_is_read_back_once(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, "x", mx_Custom_9="") for n in range(5)))

    async with a_sandbox(seeds=with_old_values(*range(5))) as sandbox:
        await send(ledger, run, sandbox)

        assert reads(sandbox) == 2
    assert ledger.proofs.proved(run) == {Proof("mx_Custom_9", ProofKind.CLEARED)}


async def test_a_field_that_was_blank_before_proves_nothing_and_holds_nobody(
    ledger: Ledger,
) -> None:
    run = plan(ledger, *(an_update(n, "x", mx_Custom_9="") for n in range(3)))

    async with a_sandbox() as sandbox:
        await send(ledger, run, sandbox)

        assert reads(sandbox) == 3
    assert states(ledger, run) == ["succeeded"] * 3
    assert ledger.proofs.proved(run) == frozenset()


async def test_the_first_row_with_something_to_clear_tells_an_account_that_does_not(
    ledger: Ledger,
) -> None:
    run = plan(ledger, *(an_update(n, "x", mx_Custom_9="") for n in range(20)))
    seeds = tuple(Seed(guid=guid(n)) for n in range(12)) + with_old_values(*range(12, 20))

    async with a_sandbox(seeds=seeds, breaches=Breaches(blank=OnBreach.IGNORE)) as sandbox:
        result = await send(ledger, run, sandbox)

        assert updates(sandbox).count(guid(13)) == 0
    assert isinstance(result.error, BrakeError)
    assert states(ledger, run)[:13] == ["succeeded"] * 12 + ["failed"]
    assert set(states(ledger, run)[13:]) == {"planned"}


def test_a_clearing_that_does_nothing_stops_the_run(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, "x", mx_Custom_9="") for n in range(5)))
    crm = CrmThatClearsNothing()

    result = run_in_virtual_time(dispatched(ledger, run, crm))

    assert isinstance(result.error, BrakeError)
    assert 'mx_Custom_9 was sent as "" and found as "kept"' in str(result.error)
    assert "`blank: clear`" in str(result.error)
    assert len(crm.updates) == 1
    assert states(ledger, run) == ["failed"] + ["planned"] * 4


def test_a_read_that_lags_is_waited_for(ledger: Ledger) -> None:
    run = plan(ledger, migrated(1), migrated(2))
    crm = LaggingCrm(shows_after=20.0)

    result = run_in_virtual_time(dispatched(ledger, run, crm))

    assert result.error is None
    assert states(ledger, run) == ["succeeded", "succeeded"]
    first, second = crm.updates
    assert second.at - first.at > 20.0


def test_a_difference_counts_at_once_when_the_new_note_is_seen_beside_it(ledger: Ledger) -> None:
    run = plan(ledger, migrated(1, note="new"), migrated(2, note="new"))
    crm = ForgetfulCrm()

    result = run_in_virtual_time(dispatched(ledger, run, crm))

    assert isinstance(result.error, BrakeError)
    assert crm.reads[-1].at - crm.updates[0].at < 5.0
    assert states(ledger, run) == ["failed", "planned"]


def test_a_first_row_that_cannot_be_read_stops_the_run_and_names_the_way_on(
    ledger: Ledger,
) -> None:
    run = plan(ledger, migrated(1), migrated(2))
    crm = ScriptedCrm(lambda call: "ok" if call.update else "refused")

    result = run_in_virtual_time(dispatched(ledger, run, crm))

    assert isinstance(result.error, BrakeError)
    assert "could not be read back" in str(result.error)
    assert "--trust CreatedOn" in str(result.error)
    assert states(ledger, run) == ["succeeded", "planned"]


def test_what_a_person_has_seen_is_not_read_back(ledger: Ledger) -> None:
    run = plan(ledger, migrated(1), migrated(2))
    ledger.proofs.trust(run, ["CreatedOn"], at=1.0)
    crm = ScriptedCrm(always("ok"))

    run_in_virtual_time(dispatched(ledger, run, crm))

    assert not crm.reads
    assert states(ledger, run) == ["succeeded", "succeeded"]


def test_a_stop_before_the_read_leaves_the_row_in_doubt_and_resume_proves_it(
    ledger: Ledger,
) -> None:
    run = plan(ledger, migrated(1, note="n"), migrated(2, note="n"))
    crm = LaggingCrm(shows_after=40.0)

    run_in_virtual_time(dispatched(ledger, run, crm, policy=until(20.0)))
    assert states(ledger, run) == ["in_doubt", "planned"]
    run_in_virtual_time(dispatched(ledger, run, crm))

    assert states(ledger, run) == ["succeeded", "succeeded"]
    assert [call.opportunity for call in crm.updates] == [guid(1), guid(2)]
    assert ledger.proofs.proved(run) == {WRITTEN}


def test_a_new_key_of_the_same_account_keeps_what_was_proved(ledger: Ledger) -> None:
    old = ledger.accounts.remember("host", "one", organisation="")
    run = plan(ledger, migrated(1), account=old)
    ledger.proofs.prove(run, [WRITTEN], at=1.0)
    new = ledger.accounts.remember("host", "two", organisation="7")

    ledger.accounts.join("host", "one", account=new)

    assert ledger.proofs.proved(_again(ledger, run)) == {WRITTEN}


def _again(ledger: Ledger, run: Run) -> Run:
    return ledger.plans.run(run.number)


def until(seconds: float) -> DeliveryPolicy:
    return DeliveryPolicy(until=1_700_000_000.0 + 1000.0 + seconds)


class LaggingCrm(ScriptedCrm):
    """Reads show nothing of an opportunity until some time after its first write."""

    def __init__(self, *, shows_after: float) -> None:
        super().__init__()
        self._shows_after = shows_after

    def _answer(self, fate, call):  # type: ignore[no-untyped-def]
        first = next((c.at for c in self.applied if c.opportunity == call.opportunity), 0.0)
        if call.update or asyncio.get_running_loop().time() - first >= self._shows_after:
            return super()._answer(fate, call)
        hidden, self.values = self.values, {}
        notes, self.notes = self.notes, {}
        try:
            return super()._answer(fate, call)
        finally:
            self.values, self.notes = hidden, notes


class ForgetfulCrm(ScriptedCrm):
    """Says Success to a CreatedOn and keeps another one."""

    def _apply(self, call):  # type: ignore[no-untyped-def]
        super()._apply(call)
        self.values[call.opportunity]["CreatedOn"] = "2026-11-24 10:00:00"


class CrmThatClearsNothing(ScriptedCrm):
    """Says Success to an empty value and keeps the old one."""

    def _answer(self, fate, call):  # type: ignore[no-untyped-def]
        self.values.setdefault(call.opportunity, {})["mx_Custom_9"] = "kept"
        return super()._answer(fate, call)
