"""The same opportunity in several rows, as a person meets it: merged, killed, failed, mended."""

import random
from collections import Counter, defaultdict

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import MAPPING, Deal, Desk, Exit, SandboxProcess, guid

MERGE = MAPPING.replace('note: "{Remarks}"', 'note: "{Remarks}", rows_per_opportunity: merge')
ERROR = MERGE.replace("merge", "error")


def a_sheet(count: int, *, opportunities: int, seed: int) -> list[Deal]:
    """Rows in no order, many cells blank."""
    chance = random.Random(seed)
    return [
        Deal(
            opportunity=guid(chance.randrange(opportunities) + 1),
            name=chance.choice(("", f"Deal {number}")),
            amount=chance.choice(("", f"{number}.50")),
            region=chance.choice(("", "South", "Nord-Süd")),
            remarks=chance.choice(("", f"Remark {number}")),
        )
        for number in range(count)
    ]


def laid_over(rows: list[Deal]) -> dict[str, tuple[dict[str, str], str]]:
    """Fields and note of each opportunity, from the sheet alone."""
    fields: defaultdict[str, dict[str, str]] = defaultdict(dict)
    notes: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        typed = {"mx_Custom_1": row.name, "mx_Custom_6": row.amount, "mx_Custom_11": row.region}
        fields[row.opportunity] |= {name: text for name, text in typed.items() if text}
        notes[row.opportunity] += [row.remarks] if row.remarks else []
    return {named: (held, "\n".join(notes[named])) for named, held in fields.items()}


def held(sandbox: SandboxProcess) -> dict[str, tuple[dict[str, str], dict[str, int]]]:
    return {
        named: (item["fields"], item["notes"])
        for named, item in sandbox.opportunities().items()
        if item["applied"]
    }


def test_a_merged_run_that_is_killed_and_resumed_sends_each_opportunity_once(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    faults = "lost_after=0.05,lost_before=0.03,http503=0.03,rate429=0.01"
    sandbox = start_sandbox("--faults", faults, "--seed", "5", "--latency", "0.01-0.05")
    desk = open_desk(sandbox, limit="60/0.2")
    desk.write_mapping(MERGE)
    rows = a_sheet(260, opportunities=120, seed=3)
    desk.write_sheet(rows)
    expected = {named: state for named, state in laid_over(rows).items() if any(state)}

    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "1")
    for moment in (25, 60):
        sandbox.wait_for_updates(moment, process)
        process.kill()
        desk.end(process)
        sandbox.wait_until_quiet()
        status = desk.status()
        assert status["states"]["merged"] == sum(status["merged"].values())
        process = desk.start("resume", "--yes", "--patience", "1")
    assert desk.end(process).code == Exit.OK

    notes = {named: {note: 1} if note else {} for named, (_, note) in expected.items()}
    fields = {named: of for named, (of, _) in expected.items()}
    assert held(sandbox) == {named: (fields[named], notes[named]) for named in expected}
    assert set(Counter(u["guid"] for u in sandbox.updates if u["applied"] and u["note"])) == {
        named for named in expected if notes[named]
    }
    assert (
        max(Counter(u["guid"] for u in sandbox.updates if u["note"] and u["applied"]).values()) == 1
    )
    the_export_names_carriers(desk, rows)


def the_export_names_carriers(desk: Desk, rows: list[Deal]) -> None:
    """Each merged row names the last row of its opportunity, and that one's state."""
    last = {row.opportunity: number for number, row in enumerate(rows, 2)}
    entries = {int(row["migrator_row"]): row for row in desk.entries()}
    assert list(entries) == list(range(2, len(rows) + 2))
    for number, row in entries.items():
        carrier = last[row["Opportunity Id"]]
        if number == carrier:
            assert row["migrator_state"] in ("succeeded", "unchanged")
            assert (row["migrator_carrier_row"], row["migrator_carrier_state"]) == ("", "")
        else:
            assert row["migrator_state"] == "merged"
            assert row["migrator_carrier_row"] == str(carrier)
            assert row["migrator_carrier_state"] == entries[carrier]["migrator_state"]


def test_typed_again_with_more_rows_only_what_is_new_is_sent(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_mapping(MERGE)
    rows = [
        Deal(opportunity=guid(1), name="Acme", remarks="First"),
        Deal(opportunity=guid(1), name="", amount="5", remarks="Second"),
        Deal(opportunity=guid(2), name="Bharat", remarks="Other"),
    ]
    desk.write_sheet(rows)
    desk.run()
    assert desk.states() == {"succeeded": 2, "merged": 1}

    desk.run()
    assert len(sandbox.updates) == 2
    desk.write_sheet([*rows, Deal(opportunity=guid(1), name="", region="South", remarks="Third")])
    ended = desk.run()

    assert "2 rows without their note" in ended.errors
    assert desk.states("r2") == {"succeeded": 1, "merged": 2, "unchanged": 1}
    assert sandbox.opportunities()[guid(1)]["notes"] == {"First\nSecond": 1, "Third": 1}
    assert sandbox.opportunities()[guid(1)]["fields"] == {
        "mx_Custom_1": "Acme",
        "mx_Custom_6": "5",
        "mx_Custom_11": "South",
    }


def refused(start_sandbox: StartSandbox, open_desk: OpenDesk) -> tuple[SandboxProcess, Desk]:
    """A merged run whose first opportunity LeadSquared does not know."""
    sandbox = start_sandbox("--unknown", guid(1))
    desk = open_desk(sandbox)
    desk.write_mapping(MERGE)
    desk.write_sheet(
        [
            Deal(opportunity=guid(1), name="Acme", remarks="First"),
            Deal(opportunity=guid(2), name="Bharat"),
            Deal(opportunity=guid(1), name="", amount="5"),
        ]
    )
    ended = desk.run(code=Exit.ATTENTION)
    assert "1  merged (their values travel with another row; of these 1 failed)" in ended.output
    return sandbox, desk


def test_a_failed_carrier_is_retried_by_the_number_of_any_of_its_rows(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox, desk = refused(start_sandbox, open_desk)
    sandbox.mend(guid(1))

    ended = desk.type("retry", "--rows", "2", "--yes")

    assert "row 2 with row 4" in ended.errors
    assert desk.status()["merged"] == {"succeeded": 1}
    assert sandbox.opportunities()[guid(1)]["fields"] == {"mx_Custom_1": "Acme", "mx_Custom_6": "5"}
    assert sandbox.opportunities()[guid(1)]["notes"] == {"First": 1}


def test_rows_that_failed_together_are_mended_together(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox, desk = refused(start_sandbox, open_desk)
    desk.type("export", "--failed", "-o", "mend.csv")
    rows = desk.read_export("mend.csv")
    assert [(row["migrator_row"], row["migrator_state"]) for row in rows] == [
        ("2", "merged"),
        ("4", "failed"),
    ]
    assert "keep both rows" in rows[0]["migrator_advice"]

    desk.rewrite_export("part.csv", rows[1:])
    before = len(sandbox.updates)
    ended = desk.run(sheet="part.csv", code=None)
    assert (ended.code, len(sandbox.updates)) == (3, before)
    assert "row 2 of run" in ended.errors

    desk.rewrite_export("mend.csv", [row | {"Opportunity Id": guid(3)} for row in rows])
    desk.run(sheet="mend.csv")

    assert desk.states("r2") == {"succeeded": 1, "merged": 1}
    assert desk.status("r1")["merged"] == {"corrected": 1}
    assert sandbox.opportunities()[guid(3)]["fields"] == {"mx_Custom_1": "Acme", "mx_Custom_6": "5"}
    assert sandbox.opportunities()[guid(3)]["notes"] == {"First": 1}


def test_choosing_rows_and_limits_takes_whole_opportunities(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_mapping(MERGE)
    desk.write_sheet(
        [Deal(opportunity=guid(n), name=f"Deal {row}") for row, n in enumerate((1, 2, 1, 2, 3), 2)]
    )

    ended = desk.run("--rows", "2", code=Exit.STOPPED)
    assert "row 2 with row 4" in ended.errors
    assert [update["guid"] for update in sandbox.updates] == [guid(1)]
    desk.run("--limit", "2", code=Exit.STOPPED)

    assert [update["guid"] for update in sandbox.updates] == [guid(1), guid(2)]
    assert sandbox.opportunities()[guid(2)]["fields"] == {"mx_Custom_1": "Deal 5"}


def test_one_row_each_is_demanded_before_anything_is_sent(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_mapping(ERROR)
    desk.write_sheet([Deal(opportunity=guid(n), name="x") for n in (1, 2, 1)])

    ended = desk.run(code=None)

    assert (ended.code, sandbox.updates) == (4, [])
    assert "rows 2, 4" in ended.errors
    assert "no runs yet" in desk.type("runs").output
    desk.write_sheet([Deal(opportunity=guid(n), name="x") for n in (1, 2)])
    desk.run()
    assert desk.states() == {"succeeded": 2}
