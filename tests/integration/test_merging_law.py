"""A law of merging, over real HTTP: one call for each opportunity leaves what all calls would."""

import tempfile
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from migrator import RunOptions, run
from migrator.dispatcher import DeliveryPolicy
from migrator.mapping import parse_mapping
from tests.acceptance.rehearsal import SandboxProcess
from tests.integration.dispatching import guid
from tests.integration.laid_over import Line, expected_fields, expected_notes
from tests.integration.laws_over_http import a_world, numbers, sandbox, write_sheet

__all__ = ["numbers", "sandbox"]  # fixtures

MAPPING = """\
version: 1
opportunity: {{type: 12000, id: Id, note: "{{Note}}", rows_per_opportunity: {way}}}
fields:
  mx_Custom_1: Name
  mx_Custom_2: {{column: Stage, blank: clear}}
"""
LINES = st.lists(
    st.builds(
        Line,
        opportunity=st.integers(0, 3),
        name=st.sampled_from(["", "", "007", "Nāgpur, \"GmbH\"", "0"]),
        stage=st.sampled_from(["", "Open", "Won"]),
        note=st.sampled_from(["", "called", "called again", "two\nlines"]),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip

Held = tuple[dict[str, str], dict[str, int]]


def migrated(
    sandbox: SandboxProcess, lines: list[Line], way: str, *, base: int
) -> tuple[dict[int, Held], Counter[int]]:
    """Run a sheet; gives fields and notes of each opportunity, and how many calls it took."""
    before = len(sandbox.updates)
    with tempfile.TemporaryDirectory() as folder:
        rows = ([guid(base + line.opportunity), line.name, line.stage, line.note] for line in lines)
        sheet = write_sheet(folder, ["Id", "Name", "Stage", "Note"], rows)
        mapping = parse_mapping(MAPPING.format(way=way), name="deals.yaml")
        policy = DeliveryPolicy(patience=0.1, trusted=("mx_Custom_2",))
        with a_world(folder, sandbox) as world:
            finished = run(world, sheet, mapping, RunOptions(policy=policy))
    assert finished.exit_code == 0
    assert finished.balance.is_whole
    numbers = {guid(base + number): number for number in range(4)}
    calls = Counter(numbers[update["guid"]] for update in sandbox.updates[before:])
    opportunities = sandbox.opportunities()
    held = {
        number: (
            {name: text for name, text in opportunities[named]["fields"].items() if text},
            opportunities[named]["notes"],
        )
        for named, number in numbers.items()
        if number in calls
    }
    return held, calls


@pytest.mark.no_cover
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
@example(lines=[Line(0, "007", "Open", "called"), Line(0, "", "", ""), Line(0, "", "", "called")])
def test_one_call_leaves_the_fields_that_all_calls_in_order_would_leave(
    sandbox: SandboxProcess, numbers: Iterator[int], lines: list[Line]
) -> None:
    in_order, _ = migrated(sandbox, lines, "in_order", base=next(numbers))
    merged, calls = migrated(sandbox, lines, "merge", base=next(numbers))

    fields = expected_fields(lines)
    notes = expected_notes(lines)
    assert {number: held for number, (held, _) in in_order.items()} == fields
    assert {number: held for number, (held, _) in merged.items()} == fields
    assert calls == dict.fromkeys(fields, 1)
    for number, (_, arrived) in merged.items():
        assert arrived == ({notes[number]: 1} if notes[number] else {})
