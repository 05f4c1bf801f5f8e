"""What `check` calls ready is what `run` plans: the same rows, the same values."""

import csv
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.ledger import open_ledger
from migrator.mapping import Mapping, load_mapping, parse_mapping
from migrator.model import State
from migrator.runs.checking import check
from migrator.runs.planning import SheetRows, open_source, write_plan

ROOT = Path(__file__).parents[2]
MAPPING = """\
version: 1
source: {timezone: Europe/Berlin, blank_values: [NA]}
opportunity: {type: 12000, id: {column: Id, kind: any}, note: "{Text}"}
fields:
  mx_Custom_1: {column: Text, max_length: 12, too_long: truncate}
  mx_Custom_2: {column: Stage, type: choice, values: {won: Won, lost: Lost}}
  mx_Custom_6: {column: Amount, type: number, grouping: western, blank: clear}
  mx_Custom_8: {column: At, type: datetime, formats: ["%d/%m/%Y %H:%M"], ambiguous: later}
"""
COLUMNS = ("Id", "Text", "Stage", "Amount", "At")


Planned = list[tuple[int, State, str]]


def _planned(path: Path, mapping: Mapping, ledger_path: Path) -> Planned:
    """Row, state and opportunity of each entry of a plan in a real ledger."""
    with open_ledger(ledger_path) as ledger, open_source(path, mapping) as rows:
        planned = write_plan(
            ledger, SheetRows(rows), mapping, account="a", name="d", mixed_ids=True
        )
        records = ledger.records.entries(planned.run)
        return [(record.row, record.state, record.opportunity_id) for record in records]


def _compare(path: Path, mapping: Mapping, ledger_path: Path) -> None:
    checked = check(path, mapping, mixed_ids=True)
    planned = _planned(path, mapping, ledger_path)

    refused = {row for row, state, _ in planned if state is State.REJECTED}
    ready = [identity for _, state, identity in planned if state is State.PLANNED]
    assert checked.rows_read == len(planned)
    assert (checked.ready, checked.rejected) == (len(ready), len(refused))
    assert {row for group in checked.problems for row in group.rows} == refused
    bodies = [orjson.loads(sample) for sample in checked.samples]
    assert [body["ProspectOpportunityId"] for body in bodies] == ready[:3]


@pytest.mark.parametrize("name", ["deals.csv", "deals.xlsx"])
def test_the_sample_is_planned_as_it_was_checked(name: str, tmp_path: Path) -> None:
    mapping = load_mapping(ROOT / "mappings" / "deals.yaml")

    _compare(ROOT / "sample_data" / name, mapping, tmp_path / "migrator.db")


GUIDS = [f"5ca5b042-51ea-4699-b6f0-84c40ab1277{digit}" for digit in range(6)]
rows = st.tuples(
    st.sampled_from([*GUIDS, "", "OPP-1"]),
    st.sampled_from(["", "NA", "a", "longer than twelve", "two\nlines"]),
    st.sampled_from(["won", "lost ", "Won", ""]),
    st.sampled_from(["", "1,200", "12,00", "7", "-0.5"]),
    st.sampled_from(["", "27/10/2024 02:30", "31/03/2024 02:30", "01/07/2024 09:00", "soon"]),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(st.lists(rows, min_size=1, max_size=15))
def test_any_sheet_is_planned_as_it_was_checked(
    tmp_path: Path, given_rows: list[tuple[str, ...]]
) -> None:
    path = tmp_path / "deals.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *given_rows])
    ledger = tmp_path / "migrator.db"
    ledger.unlink(missing_ok=True)

    if any(any(cell.strip() for cell in row) for row in given_rows):
        _compare(path, parse_mapping(MAPPING, name="deals.yaml"), ledger)
