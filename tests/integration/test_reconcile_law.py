"""The law of two nights, over real HTTP: what LeadSquared holds after reconcile, verify and undo.

For random states, sheets and edits by others. The expectations are worked out from these alone.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from migrator.dispatcher import DeliveryPolicy
from migrator.mapping import parse_mapping
from migrator.runs.reconciling import Reconciled, ReconcileOptions, reconcile
from migrator.runs.undoing import UndoOptions, undo
from migrator.runs.verifying import verify
from migrator.runs.world import World
from tests.acceptance.rehearsal import SandboxProcess
from tests.integration.dispatching import guid
from tests.integration.laws_over_http import (
    NAMES,
    TEXTS,
    Fields,
    a_world,
    numbers,
    sandbox,
    some_fields,
    write_sheet,
)

__all__ = ["numbers", "sandbox"]  # fixtures

UNMAPPED = "mx_Custom_9"
OPPORTUNITIES = 2  #: Few, so that sheets and edits meet.
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  mx_Custom_1: Name
  mx_Custom_2: {column: Stage, blank: clear}
  mx_Custom_6: {column: Size, type: number}
"""
Lines = list[tuple[int, Fields]]  #: Opportunity and cells.
Edits = list[tuple[int, str, str]]  #: Opportunity, SchemaName, text.
State = dict[tuple[int, str], str]  #: Every field of every opportunity; "" for one that is blank.


LINES = st.lists(
    st.tuples(st.integers(0, OPPORTUNITIES - 1), some_fields()), min_size=1, max_size=6
)
EDITS = st.lists(
    st.sampled_from(NAMES).flatmap(
        lambda name: st.tuples(
            st.integers(0, OPPORTUNITIES - 1), st.just(name), st.sampled_from(TEXTS[name])
        )
    ),
    max_size=4,
    unique_by=lambda edit: edit[:2],
)


@dataclass(frozen=True)
class Scene:
    before: list[Fields]  #: Of each opportunity.
    first: Lines  #: The first night's sheet.
    edits: Edits  #: Between the nights.
    second: Lines
    later: Edits  #: After the second night.
    against: Literal["crm", "ledger"]  #: In the second night.
    conflicts: Literal["ours", "theirs", "report"]


SCENES = st.builds(
    Scene,
    before=st.lists(some_fields(), min_size=OPPORTUNITIES, max_size=OPPORTUNITIES),
    first=LINES,
    edits=EDITS.filter(bool),
    second=LINES,
    later=EDITS,
    against=st.sampled_from(["crm", "crm", "crm", "ledger"]),
    conflicts=st.sampled_from(["report", "theirs", "ours"]),
)


def meant_by(lines: Lines) -> State:
    """What a sheet says of each field: later rows over earlier ones; "" clears."""
    meant: State = {}
    for opportunity, cells in lines:
        meant |= {(opportunity, name): text for name, text in cells.items()}
        meant[opportunity, "mx_Custom_2"] = cells.get("mx_Custom_2", "")
    return meant


@dataclass
class Night:
    """What a reconcile should come to."""

    after: State
    sent: State  #: What it should have written.
    conflicts: set[tuple[int, str]]


def night_of(scene: Scene, now: State, meant: State, base: State) -> Night:
    """The second night, worked out from what there is, what is meant and what was confirmed."""
    sent: State = {}
    conflicts = set()
    for place, text in meant.items():
        if scene.against == "ledger":
            if base.get(place) != text:
                sent[place] = text
        elif now[place] == text:
            continue
        elif place in base and now[place] != base[place]:
            conflicts.add(place)
        else:
            sent[place] = text
    if scene.conflicts == "ours":
        sent |= {place: meant[place] for place in conflicts}
    return Night(after=now | sent, sent=sent, conflicts=conflicts)


class Account:
    """The opportunities of one example."""

    def __init__(self, sandbox: SandboxProcess, base: int) -> None:
        self._sandbox, self._base = sandbox, base

    def give(self, state: State) -> None:
        seeds = [
            {"id": guid(self._base + number), "fields": {name: text}}
            for (number, name), text in state.items()
        ]
        self._sandbox.ask("POST", "opportunities", seeds)

    def held(self) -> State:
        all_of_them = self._sandbox.opportunities()
        return {
            (number, name): all_of_them[guid(self._base + number)]["fields"].get(name, "")
            for number in range(OPPORTUNITIES)
            for name in (*NAMES, UNMAPPED)
        }

    def reconcile(self, world: World, folder: str, lines: Lines, scene: Scene) -> Reconciled:
        rows = (
            [guid(self._base + number), *(cells.get(name, "") for name in NAMES)]
            for number, cells in lines
        )
        return reconcile(
            world,
            write_sheet(folder, ["Id", "Name", "Stage", "Size"], rows),
            parse_mapping(MAPPING, name="deals.yaml"),
            ReconcileOptions(
                against=scene.against,
                conflicts=scene.conflicts,
                may_be_blank=frozenset({"Name", "Stage", "Size"}),
                policy=POLICY,
            ),
        )


POLICY = DeliveryPolicy(patience=0.0, trusted=NAMES)


@pytest.mark.no_cover
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scene=SCENES)
def test_two_nights_and_an_undo_leave_what_the_sheets_and_the_others_meant(
    sandbox: SandboxProcess, numbers: Iterator[int], scene: Scene
) -> None:
    account = Account(sandbox, next(numbers))
    account.give({(number, UNMAPPED): "stays" for number in range(OPPORTUNITIES)})
    account.give({(n, name): v for n, f in enumerate(scene.before) for name, v in f.items()})
    before, base = account.held(), meant_by(scene.first)
    with tempfile.TemporaryDirectory() as folder, a_world(folder, sandbox) as world:
        first = Scene([], [], [], [], [], "crm", "report")
        account.reconcile(world, folder, scene.first, first)
        assert account.held() == before | base

        account.give({(number, name): text for number, name, text in scene.edits})
        now, meant = account.held(), meant_by(scene.second)
        night = night_of(scene, now, meant, base)

        found = account.reconcile(world, folder, scene.second, scene)
        verified = verify(world, found.run, policy=POLICY)

        assert account.held() == night.after
        assert verified.otherwise == 0
        assert found.finished is not None
        reported = night.conflicts if scene.conflicts == "report" else set()
        assert found.finished.balance.conflicts == len({number for number, _ in reported})
        assert found.finished.exit_code == (10 if reported else 0)
        assert found.vanished == len({n for n, _ in scene.first} - {n for n, _ in scene.second})

        # The same sheet once more: nothing is left to send.
        again = account.reconcile(world, folder, scene.second, scene)
        assert again.finished is not None
        assert again.finished.balance.calls == 0

        account.give({(number, name): text for number, name, text in scene.later})
        then = account.held()
        undo(world, found.run, UndoOptions(policy=POLICY))

    back = {place: now[place] for place, text in night.sent.items() if then[place] == text}
    assert account.held() == then | back
    event(f"against {scene.against}: {'something' if night.sent else 'nothing'} sent")
    event(f"conflicts {scene.conflicts}: {'some' if night.conflicts else 'none'}")
