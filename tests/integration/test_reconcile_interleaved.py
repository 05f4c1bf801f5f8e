"""Reconciles between other runs of one ledger, over real HTTP: no row is passed over wrongly."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.dispatcher import DeliveryPolicy
from migrator.mapping import parse_mapping
from migrator.model import Run
from migrator.runs.reconciling import Against, Reconciled, ReconcileOptions, reconcile
from migrator.runs.retrying import RetryOptions, resume, retry
from migrator.runs.running import RunOptions, run
from migrator.runs.world import World
from tests.acceptance.rehearsal import SandboxProcess
from tests.integration.dispatching import guid
from tests.integration.laws_over_http import a_world, numbers, sandbox, write_sheet

__all__ = ["numbers", "sandbox"]  # fixtures

MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  mx_Custom_1: Name
  mx_Custom_11: Region
"""
POLICY = DeliveryPolicy(patience=0.0)
STOPPED = replace(POLICY, until=1.0)  #: Plans, and sends nothing: its time is over.


class Night:
    """One opportunity, a ledger, and sheets of one row."""

    def __init__(self, sandbox: SandboxProcess, world: World, folder: str, number: int) -> None:
        self.sandbox, self.world, self.folder, self.id = sandbox, world, folder, guid(number)

    def give(self, **fields: str) -> None:
        self.sandbox.ask("POST", "opportunities", [{"id": self.id, "fields": fields}])

    def held(self) -> dict[str, str]:
        fields: dict[str, str] = self.sandbox.opportunities()[self.id]["fields"]
        return fields

    def _sheet(self, name: str, region: str) -> Path:
        return write_sheet(self.folder, ["Id", "Name", "Region"], [[self.id, name, region]])

    def run(self, name: str, region: str, *, mapping: str, policy: DeliveryPolicy = POLICY) -> Run:
        sheet = self._sheet(name, region)
        plan = parse_mapping(MAPPING, name=mapping)
        return run(self.world, sheet, plan, RunOptions(policy=policy)).run

    def reconcile(
        self,
        name: str,
        region: str,
        *,
        against: Against = "crm",
        mapping: str = "deals.yaml",
        policy: DeliveryPolicy = POLICY,
        dry_run: bool = False,
    ) -> Reconciled:
        options = ReconcileOptions(against=against, policy=policy, dry_run=dry_run)
        text = MAPPING.replace("Region", "{column: Region, type: number}")
        plan = parse_mapping(text if mapping == "number.yaml" else MAPPING, name=mapping)
        return reconcile(self.world, self._sheet(name, region), plan, options)


@pytest.fixture
def night(sandbox: SandboxProcess, numbers: Iterator[int]) -> Iterator[Night]:
    with tempfile.TemporaryDirectory() as folder, a_world(folder, sandbox) as world:
        yield Night(sandbox, world, folder, next(numbers))


def test_an_older_run_that_is_sent_in_between_makes_a_row_that_was_cut_uncertain(
    night: Night,
) -> None:
    night.give(mx_Custom_1="Acme", mx_Custom_11="South")
    older = night.run("Old", "South", mapping="other.yaml", policy=STOPPED)
    stopped = night.reconcile("Acme", "North", policy=STOPPED).run  # the region alone is left of it
    resume(night.world, older, policy=POLICY)
    resume(night.world, stopped, policy=POLICY)
    assert night.held() == {"mx_Custom_1": "Old", "mx_Custom_11": "North"}

    night.reconcile("Acme", "North", against="ledger")

    assert night.held() == {"mx_Custom_1": "Acme", "mx_Custom_11": "North"}


def test_a_read_in_between_that_shows_something_else_makes_a_row_that_was_cut_uncertain(
    night: Night,
) -> None:
    night.give(mx_Custom_1="Acme", mx_Custom_11="South")
    stopped = night.reconcile("Acme", "North", policy=STOPPED).run
    night.give(mx_Custom_1="Edited")
    night.reconcile("Edited", "South", mapping="other.yaml")
    resume(night.world, stopped, policy=POLICY)
    assert night.held() == {"mx_Custom_1": "Edited", "mx_Custom_11": "North"}

    night.reconcile("Acme", "North", against="ledger")

    assert night.held() == {"mx_Custom_1": "Acme", "mx_Custom_11": "North"}


@pytest.mark.parametrize("against", ["crm", "ledger"])
def test_a_failed_row_of_an_earlier_night_is_not_sent_over_what_a_later_one_found_unchanged(
    night: Night, against: Against
) -> None:
    night.give(mx_Custom_1="Old", mx_Custom_11="South")
    night.reconcile("Acme", "South")
    night.sandbox.strike("mx_input", opportunity=night.id)
    failed = night.reconcile("Slip", "South").run
    night.sandbox.mend(night.id)

    night.reconcile("Acme", "South", against=against)
    retry(night.world, failed, RetryOptions(policy=POLICY))

    assert night.held() == {"mx_Custom_1": "Acme", "mx_Custom_11": "South"}


def test_a_failed_row_of_an_earlier_night_is_not_sent_over_what_a_later_one_left_in_conflict(
    night: Night,
) -> None:
    night.give(mx_Custom_1="Old", mx_Custom_11="South")
    night.reconcile("Acme", "South")
    night.sandbox.strike("mx_input", opportunity=night.id)
    failed = night.reconcile("Slip", "South").run
    night.sandbox.mend(night.id)
    night.give(mx_Custom_1="Edited")

    assert night.reconcile("Bharat", "South").conflicts == 1
    retry(night.world, failed, RetryOptions(policy=POLICY))

    assert night.held()["mx_Custom_1"] == "Edited"


@pytest.mark.parametrize("against", ["crm", "ledger"])
def test_a_row_that_the_mapping_refuses_has_not_vanished(night: Night, against: Against) -> None:
    night.give(mx_Custom_1="Acme", mx_Custom_11="South")
    night.reconcile("Acme", "1", mapping="number.yaml")

    refused = night.reconcile("Acme", "South", mapping="number.yaml", against=against)

    assert (refused.refused_rows, refused.opportunities, refused.vanished) == (1, 0, 0)
    assert night.reconcile("Acme", "1", mapping="number.yaml", against=against).first_time == 0


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_a_killed_run_of_another_mapping_wrote_is_no_conflict(
    night: Night, dry_run: bool
) -> None:
    night.give(mx_Custom_1="Acme", mx_Custom_11="South")
    night.reconcile("Acme", "South")
    killed = night.run("Other", "South", mapping="other.yaml", policy=STOPPED)
    work = night.world.ledger.work
    (entry,) = work.pick(killed, after=0, limit=1, chosen=None)
    work.intend(entry, with_note=False, again=False, at=night.world.clock.wall())
    night.give(mx_Custom_1="Other")

    found = night.reconcile("Acme", "South", dry_run=dry_run)

    assert (found.conflicts, found.changed) == (0, 1)
    assert night.held()["mx_Custom_1"] == ("Other" if dry_run else "Acme")
