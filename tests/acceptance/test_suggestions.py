"""The end of a run proposes lines for dropdown values that failed, and they do what they say."""

import json
from dataclasses import replace
from pathlib import Path

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import Deal, Desk, Exit, SandboxProcess, deals

MAPPING = """\
version: 1
opportunity: {type: 12000, id: Opportunity Id, note: "{Remarks}"}
fields:
  mx_Custom_1: Name
  mx_Custom_2:
    type: choice
    column: Region
    values: {south: South, north: North}
"""


def some_deals(*regions: str) -> list[Deal]:
    return [
        replace(deal, region=region)
        for deal, region in zip(deals(len(regions)), regions, strict=True)
    ]


def test_pasted_into_the_mapping_the_lines_let_the_rows_through(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_mapping(MAPPING)
    desk.write_sheet(some_deals("south", "soth", "north", "nortth"))
    ended = desk.run(code=Exit.ATTENTION)
    assert "to paste into deals.yaml in place of mx_Custom_2 (line 5)" in ended.output

    (snippet,) = desk.status()["snippets"]
    assert f"\n{snippet['yaml']}\n" in ended.output
    lines = MAPPING.splitlines()
    kept = lines[: snippet["line"] - 1]
    desk.write_mapping("\n".join([*kept, snippet["yaml"]]) + "\n")
    desk.run()

    assert desk.states("r2") == {"unchanged": 2, "succeeded": 2}
    sent = [one["fields"]["mx_Custom_2"] for one in sandbox.opportunities().values()]
    assert sorted(sent) == ["North", "North", "South", "South"]


def test_what_leadsquared_refused_is_proposed_from_what_it_took(
    start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Path
) -> None:
    schema = tmp_path / "schema.json"
    known = {"mx_Custom_1": {}, "Status": {"options": ["Won", "Lost"]}}
    schema.write_text(json.dumps(known), encoding="utf-8")
    sandbox = start_sandbox("--schema", str(schema))
    desk = open_desk(sandbox)
    desk.write_mapping(MAPPING.partition("  mx_Custom_2")[0] + "  Status: Region\n")
    desk.write_sheet(some_deals("Won", "Wonn", "Lost", "Lostt"))
    desk.run(code=Exit.ATTENTION)
    assert len(sandbox.updates) == 4

    (snippet,) = desk.status()["snippets"]

    assert "Wonn: Won  # 1 row" in snippet["yaml"]
    assert "Lostt: Lost  # 1 row" in snippet["yaml"]


def test_without_a_dropdown_among_the_reasons_nothing_is_proposed(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.write_sheet(deals(2))
    sandbox.strike("mx_input", opportunity=deals(2)[0].opportunity, path="Update")
    desk.run(code=Exit.ATTENTION)

    assert desk.status()["snippets"] == []
