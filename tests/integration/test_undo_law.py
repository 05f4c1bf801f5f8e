"""The law of verify and undo, over real HTTP: what is told, what comes back, and what stays.

For random states, sheets and edits by others. The expectations are worked out from these alone.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from migrator import RunOptions, run
from migrator.dispatcher import DeliveryPolicy
from migrator.mapping import parse_mapping
from migrator.runs.undoing import UndoOptions, undo
from migrator.runs.verifying import verify
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

OPPORTUNITIES = 3
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id, rows_per_opportunity: WAY}
fields:
  mx_Custom_1: Name
  mx_Custom_2: {column: Stage, blank: clear}
  mx_Custom_6: {column: Size, type: number}
"""


@dataclass(frozen=True)
class Scene:
    before: list[Fields]  #: Of each opportunity.
    lines: list[tuple[int, Fields]]  #: Opportunity and cells.
    edits: list[tuple[int, str, str]]  #: Opportunity, SchemaName, text; after the run.
    way: str


SCENES = st.builds(
    Scene,
    before=st.lists(some_fields(), min_size=OPPORTUNITIES, max_size=OPPORTUNITIES),
    lines=st.lists(
        st.tuples(st.integers(0, OPPORTUNITIES - 1), some_fields()),
        min_size=1,
        max_size=6,
    ),
    edits=st.lists(
        st.sampled_from(NAMES).flatmap(
            lambda name: st.tuples(
                st.integers(0, OPPORTUNITIES - 1), st.just(name), st.sampled_from(TEXTS[name])
            )
        ),
        max_size=3,
        unique_by=lambda edit: edit[:2],
    ),
    way=st.sampled_from(["in_order", "merge"]),
)


def written_by(lines: list[tuple[int, Fields]]) -> dict[tuple[int, str], str]:
    """What a run leaves in each field that it writes; "" where it clears one."""
    written: dict[tuple[int, str], str] = {}
    for opportunity, cells in lines:
        written |= {(opportunity, name): text for name, text in cells.items()}
        written[opportunity, "mx_Custom_2"] = cells.get("mx_Custom_2", "")
    return written


def give(sandbox: SandboxProcess, fields: dict[int, Fields]) -> None:
    seeds = [{"id": guid(number), "fields": held} for number, held in fields.items()]
    sandbox.ask("POST", "opportunities", seeds)


def held(sandbox: SandboxProcess, base: int) -> dict[tuple[int, str], str]:
    """Every field of the opportunities; "" for one that is blank."""
    all_of_them = sandbox.opportunities()
    return {
        (number, name): all_of_them[guid(base + number)]["fields"].get(name, "")
        for number in range(OPPORTUNITIES)
        for name in NAMES
    }


@pytest.mark.no_cover
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scene=SCENES)
def test_an_undo_brings_back_the_state_before_except_what_others_edited_since(
    sandbox: SandboxProcess, numbers: Iterator[int], scene: Scene
) -> None:
    base = next(numbers)
    give(sandbox, {base + number: fields for number, fields in enumerate(scene.before)})
    before, written = held(sandbox, base), written_by(scene.lines)
    with tempfile.TemporaryDirectory() as folder:
        rows = (
            [guid(base + number), *(cells.get(name, "") for name in NAMES)]
            for number, cells in scene.lines
        )
        sheet = write_sheet(folder, ["Id", "Name", "Stage", "Size"], rows)
        mapping = parse_mapping(MAPPING.replace("WAY", scene.way), name="deals.yaml")
        policy = DeliveryPolicy(patience=0.0, trusted=NAMES)
        with a_world(folder, sandbox) as world:
            sent = run(world, sheet, mapping, RunOptions(policy=policy))
            assert sent.exit_code == 0
            assert held(sandbox, base) == before | written

            edited = {(number, name): text for number, name, text in scene.edits}
            for (number, name), text in edited.items():
                give(sandbox, {base + number: {name: text}})
            now = held(sandbox, base)
            assert now == before | written | edited

            verify(world, sent.run, policy=policy)
            told = {
                (int(one.opportunity_id[-12:], 16) - int(guid(base)[-12:], 16), one.schema_name)
                for one in world.ledger.findings.lost(sent.run)
            }
            assert told == {place for place in written if now[place] != written[place]}

            undoing = undo(world, sent.run, UndoOptions(policy=policy))
            assert undoing.finished is None or undoing.finished.exit_code == 0

    back = {place: before[place] for place in written if now[place] == written[place]}
    assert held(sandbox, base) == now | back
    event("somebody edited what was written" if told else "nobody edited what was written")
