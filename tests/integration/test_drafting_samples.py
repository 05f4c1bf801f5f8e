"""Every sample sheet that can be read has a draft, and the answered draft maps it."""

import re
from pathlib import Path

import pytest

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.mapper import compile_mapping
from migrator.mapping import parse_mapping
from migrator.runs.drafting import draft_mapping
from tests.unit.drafts import answered, with_suggestions

SAMPLES = Path(__file__).parents[2] / "sample_data"
SHEETS = sorted(
    path
    for path in (*SAMPLES.glob("deals.*"), *(SAMPLES / "traps").iterdir())
    if path.suffix != ".yaml"
)


@pytest.mark.parametrize("path", SHEETS, ids=[path.name for path in SHEETS])
def test_the_answered_draft_fits_the_sheet(path: Path) -> None:
    try:
        drafted = draft_mapping(path, code=12000)
    except SourceError:
        pytest.skip("the sheet cannot be read without being told how")
    with open_rows(path) as rows:
        columns = rows.columns

    text = answered(with_suggestions(drafted.text), id_column=f'"{columns[0]}"')
    mapping = parse_mapping(re.sub(r"\nfields:\n *\Z", "\n", text), name="deals.yaml")

    used = [field.column for field in mapping.fields.values() if hasattr(field, "column")]
    assert set(columns) - {mapping.opportunity.id.column} <= set(used)
    compile_mapping(mapping, columns, users={})
