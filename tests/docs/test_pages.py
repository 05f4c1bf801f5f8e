"""Every example on the pages runs as it stands there."""

import os
import re
import sys
from pathlib import Path

import pytest

from migrator.errors import ExitCode
from migrator.mapper import compile_mapping
from migrator.mapping import parse_mapping
from migrator.model import SourceRow, Update
from tests.docs.pages import Page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    "first-migration.md",
    "real-migration.md",
    "after-an-outage.md",
    "two-runs.md",
    "ledger-proves.md",
    "doctor.md",
    "fields.md",
    "drafting.md",
    "brakes-and-outages.md",
    "connections.md",
    "verify.md",
    "report.md",
    "undo.md",
    "reconcile.md",
    "failed-rows.md",
    "several-rows.md",
    "after-a-crash.md",
    "ledger.md",
    "reference/problems.md",
    "dates-and-zones.md",
    "dropdowns.md",
    "getting-ids.md",
    "checking.md",
    "planning.md",
    "logs-and-metrics.md",
]


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are bash's")
@pytest.mark.parametrize("name", PAGES)
def test_the_page_prints_what_it_shows(name: str, tmp_path: Path) -> None:
    page = Page(DOCS / name, tmp_path / "migration")

    found = page.run()

    if os.environ.get("MIGRATOR_WRITE_PAGES"):
        page.path.write_text(found, encoding="utf-8", newline="\n")
    assert found == page.path.read_text(encoding="utf-8")


def test_every_exit_code_has_its_section_on_the_errors_page_and_a_line_in_the_readme() -> None:
    errors = (DOCS / "errors.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    for code in ExitCode:
        if code is not ExitCode.TERMINATED:
            assert re.search(rf"(?m)^## Exit {int(code)}\b", errors), code
            assert re.search(rf"(?m)^\| {int(code)}\b", readme), code


def test_every_library_that_the_program_needs_is_explained() -> None:
    page = (DOCS / "built-with.md").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.partition("dependencies = [")[2].partition("]")[0]

    for name in re.findall(r'"([a-z][a-z0-9.-]+)', listed):
        assert f"`{name}`" in page, name


GUIDE = re.findall(
    r"(?m)^\| [^|]+ \| `(\w+: [^|]+)` \| (?:`([^|]*)` )?\| `([^|]*)` \|$",
    (DOCS / "mapping.md").read_text(encoding="utf-8"),
)


#: What `{type: user}` looks addresses up in.
USERS = {"asha@example.com": "4195df09-b7f0-59da-aa07-64a1dcbe1ce6"}


@pytest.mark.parametrize(("field", "cell", "sent"), GUIDE, ids=[field for field, _, _ in GUIDE])
def test_the_field_guide_sends_what_it_says(field: str, cell: str, sent: str) -> None:
    text = f"version: 1\nopportunity: {{type: 12000, id: Id}}\nfields:\n  {field}\n"
    guid = "5ca5b042-51ea-4699-86f0-000000000001"
    row = SourceRow("deals.csv", "", 2, 2, ("Id", "Cell"), (guid, cell))

    mapping = parse_mapping(text, name="guide.yaml")

    update = compile_mapping(mapping, row.columns, users=USERS).map(row)

    assert isinstance(update, Update), update
    assert [value.value for value in update.fields] == ["" if sent == '""' else sent]


def test_the_field_guide_has_all_its_lines() -> None:
    assert len(GUIDE) == 33


def test_no_link_between_the_pages_is_broken() -> None:
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
