"""`migrator ids` as a person types it: the export without ids, and the sheet that `run` takes."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import (
    HAS_SIGNALS,
    HAS_TERMINALS,
    LONGEST_COMMAND,
    Desk,
    Exit,
    SandboxProcess,
    guid,
)

MAPPING = """\
version: 1
source: {timezone: Asia/Kolkata}
opportunity: {type: 12000, id: ProspectOpportunityId}
fields:
  mx_Custom_11: Region
"""
COLUMNS = ("Mail", "Deal", "Region")
IDS = ("ids", "deals.csv", "--lead-field", "EmailAddress=Mail", "--type", "12000")

Open = Callable[..., tuple[SandboxProcess, Desk]]


def mail(number: int) -> str:
    return f"buyer{number}@example.com"


def opportunity(number: int, *, lead: int = 0, **fields: str) -> dict[str, Any]:
    lead = lead or number
    return {
        "id": guid(number),
        "lead": f"1ead0000-0000-4000-8000-{lead:012}",
        "lead_fields": {"EmailAddress": mail(lead)},
        "fields": {"mx_Custom_1": f"Deal {number}", "Status": "Open"} | fields,
    }


@pytest.fixture
def open_account(tmp_path: Path, start_sandbox: StartSandbox, open_desk: OpenDesk) -> Open:
    """A sandbox that holds these opportunities, and a desk in front of it."""

    def open_(
        opportunities: Iterable[dict[str, Any]], *options: str, limit: str = "100/0.2"
    ) -> tuple[SandboxProcess, Desk]:
        file = tmp_path / "opportunities.json"
        file.write_text(json.dumps(list(opportunities)))
        sandbox = start_sandbox("--opportunities", str(file), *options)
        desk = open_desk(sandbox, limit=limit)
        desk.write_mapping(MAPPING)
        return sandbox, desk

    return open_


def sheet(desk: Desk, rows: Iterable[tuple[str, ...]], *columns: str) -> None:
    desk.write_sheet(rows, columns=columns or COLUMNS)


def many(desk: Desk, count: int) -> None:
    sheet(desk, [(mail(number), f"Deal {number}", "South") for number in range(1, count + 1)])


def leads_asked(sandbox: SandboxProcess) -> Counter[str]:
    return Counter(call["lead"] for call in sandbox.calls if call["lead"])


def wait_for_leads(sandbox: SandboxProcess, count: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + LONGEST_COMMAND
    while leads_asked(sandbox).total() < count:
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.01)  # the log is a file of another process: it can only be looked at


def kept_leads(desk: Desk) -> int:
    import sqlite3

    with sqlite3.connect(f"file:{desk.folder / 'migrator.db'}?mode=ro", uri=True) as ledger:
        (count,) = ledger.execute("SELECT count(*) FROM lookups").fetchone()
    return int(count)


# ------------------------------------------------------------------ from the export to the update


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_sheet_with_ids_goes_straight_into_run(open_account: Open, kind: str) -> None:
    sandbox, desk = open_account(opportunity(number) for number in range(1, 41))
    many(desk, 40)

    ended = desk.type(*IDS, "-o", f"with_ids.{kind}", "--yes")
    desk.run(sheet=f"with_ids.{kind}")

    assert "40  found: exactly one opportunity" in ended.output
    assert all(one["fields"]["mx_Custom_11"] == "South" for one in sandbox.opportunities().values())
    assert len(sandbox.updates) == 40


def test_a_workbook_keeps_its_sheet_its_dates_and_its_texts(open_account: Open) -> None:
    _, desk = open_account([opportunity(1)])
    book = openpyxl.Workbook()
    book.active.title = "Deals"  # type: ignore[union-attr]
    book.active.append(["Mail", "Created", "Code"])  # type: ignore[union-attr]
    book.active.append([mail(1), datetime(2024, 4, 2, 12, 13, 44), "007"])  # type: ignore[union-attr]
    book.save(desk.folder / "deals.xlsx")
    desk.write_mapping(
        "version: 1\nsource: {sheet: Deals, timezone: Asia/Kolkata}\n"
        "opportunity: {type: 12000, id: ProspectOpportunityId}\n"
        "fields: {CreatedOn: {column: Created, type: datetime}, mx_Custom_3: Code}\n"
    )

    desk.type("ids", "deals.xlsx", *IDS[2:], "-o", "with_ids.xlsx", "--yes")
    checked = desk.type("check", "with_ids.xlsx", "-m", "deals.yaml")

    assert '"2024-04-02 06:43:44"' in checked.output
    assert '"007"' in checked.output


def test_by_the_lead_s_own_id(open_account: Open) -> None:
    sandbox, desk = open_account([opportunity(1), opportunity(2)])
    lead = opportunity(2)["lead"]
    sheet(desk, [(f"{{{lead.upper()}}}", "x")], "Lead", "Region")

    desk.type("ids", "deals.csv", "--lead-id", "Lead", "--type", "12000", "-o", "o.csv", "--yes")

    assert [row["ProspectOpportunityId"] for row in desk.read_export("o.csv")] == [guid(2)]
    assert leads_asked(sandbox) == {lead: 1}


# ------------------------------------------------------------------ never guessed


def test_every_row_is_counted_and_what_was_found_is_told(open_account: Open) -> None:
    _, desk = open_account([opportunity(1), opportunity(2, lead=2), opportunity(3, lead=2)])
    rows = [(mail(1), "a", "N"), (mail(2), "b", "S"), (mail(9), "c", "E"), (" ", "d", "W")]
    sheet(desk, rows)

    ended = desk.type(*IDS, "-o", "with_ids.csv", "--yes", code=Exit.ATTENTION)

    written = desk.read_export("with_ids.csv")
    assert [row["ProspectOpportunityId"] for row in written] == [guid(1), "", "", ""]
    assert [row["migrator_ids"].partition(":")[0] for row in written] == [
        "found",
        "several",
        "none found",
        "no lead key",
    ]
    assert guid(2) in written[1]["migrator_ids"]
    assert guid(3) in written[1]["migrator_ids"]
    assert [(row["Deal"], row["Region"]) for row in written] == [row[1:] for row in rows]
    assert "= 4 rows read" in ended.output
    assert "lags" in ended.output


def test_fields_that_have_to_agree_tell_several_apart(open_account: Open) -> None:
    _, desk = open_account(
        [
            opportunity(2, lead=2, mx_Custom_6="120000.000"),
            opportunity(3, lead=2, mx_Custom_6="7500.000"),
        ]
    )
    rows = [(mail(2), "120,000"), (mail(2), "7500"), (mail(2), "1")]
    sheet(desk, rows, "Mail", "Amount")

    desk.type(*IDS, "--match", "mx_Custom_6=Amount", "-o", "o.csv", "--yes", code=Exit.ATTENTION)

    written = desk.read_export("o.csv")
    assert [row["ProspectOpportunityId"] for row in written] == [guid(2), guid(3), ""]
    assert written[2]["migrator_ids"].startswith("none agrees: ")


def test_a_match_field_that_no_opportunity_shows_is_said(
    open_account: Open, tmp_path: Path
) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"mx_Custom_1": {}, "Status": {}}')
    _, desk = open_account([opportunity(1)], "--schema", str(schema))
    many(desk, 1)

    ended = desk.type(
        *IDS, "--match", "mx_Cusom_1=Deal", "-o", "o.csv", "--yes", code=Exit.ATTENTION
    )

    assert "No opportunity showed a field mx_Cusom_1" in ended.output


def test_ids_that_the_sheet_has_are_never_overwritten(open_account: Open) -> None:
    _, desk = open_account(
        [opportunity(1), opportunity(2), opportunity(3, lead=3), opportunity(4, lead=3)]
    )
    sheet(
        desk,
        [(mail(1), ""), (mail(2), guid(77)), (mail(3), guid(4).upper()), (mail(8), guid(8))],
        "Mail",
        "ProspectOpportunityId",
    )

    desk.type(*IDS, "-o", "o.csv", "--yes", code=Exit.ATTENTION)

    written = desk.read_export("o.csv")
    assert list(written[0]) == ["migrator_ids", "Mail", "ProspectOpportunityId"]
    assert [row["ProspectOpportunityId"] for row in written] == [
        guid(1), guid(77), guid(4).upper(), guid(8),
    ]  # fmt: skip
    assert [row["migrator_ids"] for row in written] == [
        "found",
        f'the id in the row is kept; found was: {guid(2)} (mx_Custom_1 "Deal 2", Status "Open")',
        "found (one of 2, chosen in the sheet)",
        "none found; the id in the row is kept",
    ]


def test_a_broken_row_keeps_no_id_that_could_be_sent(open_account: Open) -> None:
    sandbox, desk = open_account([opportunity(1), opportunity(2)])
    text = f"ProspectOpportunityId,Mail,Region\n{guid(1)},{mail(1)}\n,{mail(2)},South\n"
    (desk.folder / "deals.csv").write_text(text)

    desk.type(*IDS, "-o", "o.xlsx", "--yes", code=Exit.ATTENTION)
    desk.run(sheet="o.xlsx", code=Exit.ATTENTION)

    assert [call["guid"] for call in sandbox.updates] == [guid(2)]


def test_its_own_output_is_taken_again_and_its_column_written_anew(open_account: Open) -> None:
    sandbox, desk = open_account([opportunity(1)], "--index-lag", "0")
    sheet(desk, [(mail(1), "a", "N"), (mail(2), "b", "S")])
    desk.type(*IDS, "-o", "first.xlsx", "--yes", code=Exit.ATTENTION)
    sandbox.ask("POST", "opportunities", [opportunity(2)])

    desk.type("ids", "first.xlsx", *IDS[2:], "--again", "-o", "second.csv", "--yes")

    written = desk.read_export("second.csv")
    assert list(written[0]) == ["ProspectOpportunityId", "migrator_ids", *COLUMNS]
    assert [row["ProspectOpportunityId"] for row in written] == [guid(1), guid(2)]


# ------------------------------------------------------------------ asked once


def test_what_is_known_costs_no_call_and_none_found_is_asked_for_again_only_later(
    open_account: Open,
) -> None:
    sandbox, desk = open_account([opportunity(1)])
    many(desk, 2)
    desk.type(*IDS, "-o", "a.csv", "--yes", code=Exit.ATTENTION)
    calls = len(sandbox.calls)

    desk.type(*IDS, "-o", "b.csv", code=Exit.ATTENTION)  # nobody has to be asked

    assert len(sandbox.calls) == calls
    assert desk.read_export("a.csv") == desk.read_export("b.csv")


@pytest.mark.skipif(not HAS_SIGNALS, reason="signals to processes are POSIX's")
def test_after_a_kill_the_same_command_asks_nobody_twice_who_was_answered(
    open_account: Open,
) -> None:
    sandbox, desk = open_account(
        [opportunity(number) for number in range(1, 121)], "--latency", "0.05", limit="20/0.2"
    )
    many(desk, 120)
    process = desk.start(*IDS, "-o", "o.csv", "--yes")
    wait_for_leads(sandbox, 40, process)
    process.kill()
    process.communicate()
    sandbox.wait_until_quiet()
    kept, asked = kept_leads(desk), leads_asked(sandbox).total()

    ended = desk.type(*IDS, "-o", "o.csv", "--yes")

    assert 0 < kept <= asked < 120
    assert f"({kept} leads known from before)" in ended.errors
    assert leads_asked(sandbox).total() == asked + 120 - kept
    again = [lead for lead, times in leads_asked(sandbox).items() if times > 1]
    assert len(again) == asked - kept  # those whose answer the kill took along
    assert len({row["ProspectOpportunityId"] for row in desk.read_export("o.csv")}) == 120


@pytest.mark.skipif(not HAS_SIGNALS, reason="signals to processes are POSIX's")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, Exit.INTERRUPTED, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, Exit.TERMINATED, id="SIGTERM"),
    ],
)
def test_after_a_signal_the_same_command_asks_nobody_twice(
    open_account: Open, number: signal.Signals, code: Exit
) -> None:
    sandbox, desk = open_account(
        [opportunity(number) for number in range(1, 121)], "--latency", "0.05", limit="20/0.2"
    )
    many(desk, 120)
    process = desk.start(*IDS, "-o", "o.csv", "--yes")
    wait_for_leads(sandbox, 40, process)
    process.send_signal(number)
    ended = desk.end(process)

    assert ended.code == code
    assert "type the same command again" in ended.errors.lower()
    assert not (desk.folder / "o.csv").exists()

    desk.type(*IDS, "-o", "o.csv", "--yes")

    assert set(leads_asked(sandbox).values()) == {1}
    assert leads_asked(sandbox).total() == 120


def test_keys_refused_in_the_middle_and_mended_go_on(open_account: Open) -> None:
    sandbox, desk = open_account(
        [opportunity(number) for number in range(1, 81)], "--latency", "0.05", limit="20/0.2"
    )
    many(desk, 80)
    process = desk.start(*IDS, "-o", "o.csv", "--yes")
    wait_for_leads(sandbox, 20, process)
    sandbox.change(deactivated=True)
    ended = desk.end(process)
    sandbox.change(deactivated=False)

    assert ended.code == Exit.ACCESS
    assert "Answered and kept: " in ended.errors

    desk.type(*IDS, "-o", "o.csv", "--yes")

    answered = Counter(call["lead"] for call in sandbox.calls if call["status"] == 200)
    assert {answered[f"EmailAddress={mail(number)}"] for number in range(1, 81)} == {1}


# ------------------------------------------------------------------ the question


def test_without_a_terminal_and_yes_nobody_is_asked(open_account: Open) -> None:
    sandbox, desk = open_account([opportunity(1)])
    many(desk, 1)

    ended = desk.type(*IDS, "-o", "o.csv", code=Exit.USAGE)

    assert "Add --yes" in ended.errors
    assert sandbox.calls == []


@pytest.mark.skipif(not HAS_TERMINALS, reason="pseudo-terminals are POSIX's")
@pytest.mark.parametrize(("answer", "calls"), [("n", 0), ("y", 41)])
def test_at_a_terminal_the_price_is_told_and_agreed_to(
    open_account: Open, answer: str, calls: int
) -> None:
    sandbox, desk = open_account([opportunity(number) for number in range(1, 41)], limit="25/5")
    many(desk, 40)
    desk.environment["LSQ_RATE_LIMIT"] = "100/0.2"

    code, shown = desk.at_terminal(*IDS, "-o", "o.csv", answers=[("[y/N]", answer)])

    assert code == Exit.OK
    assert "40 distinct leads: 40 calls, about 0 s at 100 per 0.2 s" in shown
    assert "Make 40 calls? [y/N]" in shown
    assert len(sandbox.calls) == calls
    assert (desk.folder / "o.csv").exists() == (answer == "y")


def test_the_day_s_calls_bound_it_and_the_next_day_goes_on(open_account: Open) -> None:
    sandbox, desk = open_account(opportunity(number) for number in range(1, 11))
    many(desk, 10)
    desk.environment["LSQ_DAILY_LIMIT"] = "6"

    ended = desk.type(*IDS, "-o", "o.csv", "--yes", code=9)

    assert "type the same command again" in ended.errors
    assert "resume" not in ended.errors
    del desk.environment["LSQ_DAILY_LIMIT"]
    desk.type(*IDS, "-o", "o.csv", "--yes")
    assert set(leads_asked(sandbox).values()) == {1}


def test_the_result_for_programs(open_account: Open) -> None:
    _, desk = open_account([opportunity(1)])
    many(desk, 2)

    ended = desk.type(*IDS, "-o", "o.csv", "--yes", "--json", code=Exit.ATTENTION)

    content = json.loads(ended.output)
    assert content["rows"]["found"] == content["rows"]["none"] == 1
    assert content["rows_read"] == content["leads"] == content["answered"] == 2
    assert content["listed"]["none"] == [
        {"row": 3, "lead": 'EmailAddress "buyer2@example.com"', "told": "none found"}
    ]


def test_no_key_is_in_anything_that_is_said_or_kept(open_account: Open) -> None:
    _, desk = open_account([opportunity(1)])
    many(desk, 2)
    desk.type(*IDS, "-o", "o.csv", "--yes", code=Exit.ATTENTION)

    kept = b"".join(path.read_bytes() for path in desk.folder.iterdir() if path.is_file())
    for secret in ("u$rRehearsal+4711", "sEcret/Rehearsal+0815=="):
        assert secret not in "".join(desk.said)
        assert secret.encode() not in kept
