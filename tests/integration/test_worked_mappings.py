"""The worked mappings read the sample data as their comments say."""

from pathlib import Path

import pytest

from migrator.loader import open_rows
from migrator.mapper import compile_mapping
from migrator.mapping import load_mapping
from migrator.model import Rejected, SourceRow, Update

ROOT = Path(__file__).parents[2]
USERS = {
    "north@example.com": "0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b01",
    "south@example.com": "0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b02",
}


def mapped(name: str, sheet: str) -> tuple[list[Update], list[Rejected]]:
    mapping = load_mapping(ROOT / "mappings" / f"{name}.yaml")
    source = mapping.source
    with open_rows(
        ROOT / "sample_data" / sheet,
        sheet=source.sheet,
        encoding=source.encoding,
        delimiter=source.delimiter,
    ) as rows:
        mapper = compile_mapping(mapping, rows.columns, users=USERS)
        read = list(rows)
    results = mapper.map_all([row for row in read if isinstance(row, SourceRow)])
    updates = [result for result in results if isinstance(result, Update)]
    return updates, [result for result in results if isinstance(result, Rejected)]


@pytest.mark.parametrize(
    ("name", "sheet", "ready", "codes"),
    [
        ("minimal", "deals.csv", 38, set()),
        ("legacy-crm", "deals.csv", 37, {"not-a-datetime"}),
        ("nightly", "deals.csv", 37, {"not-a-datetime"}),
        (
            "legacy-crm",
            "deals.xlsx",
            None,
            {"no-id", "no-time", "not-a-choice", "not-a-datetime", "not-a-number"},
        ),
    ],
)
def test_a_worked_mapping_reads_its_sample(
    name: str, sheet: str, ready: int | None, codes: set[str]
) -> None:
    updates, rejected = mapped(name, sheet)

    assert ready is None or len(updates) == ready
    assert {problem.code for row in rejected for problem in row.problems} == codes


def test_the_legacy_mapping_sends_what_its_comments_promise() -> None:
    updates, _ = mapped("legacy-crm", "deals.csv")

    assert dict(updates[0].fields) == {
        "mx_Custom_1": "0008095657 Nair",
        "mx_Custom_6": "604000",
        "mx_Custom_7": "0",
        "Status": "Won",
        "mx_Custom_2": "Closed Won",
        "mx_Custom_8": "2022-11-17 03:31:00",
        "mx_Custom_9": "Old CRM",
        "mx_Custom_10": "Priya Nair",
        "mx_Custom_14": "+91-7898094332",
        "Owner": "0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b01",
        "CreatedOn": "2022-01-30 21:33:35",
    }
    # Remarks of NA are no remarks.
    assert {update.note for update in updates if "NA" in update.note} == set()


def test_the_nightly_mapping_names_only_what_the_other_system_owns() -> None:
    updates, _ = mapped("nightly", "deals.csv")
    mapping = load_mapping(ROOT / "mappings" / "nightly.yaml")

    assert mapping.opportunity.rows_per_opportunity == "error"
    assert all(not update.note for update in updates)
    assert dict(updates[0].fields)["mx_Custom_8"] == "2022-11-17 09:01:00"
