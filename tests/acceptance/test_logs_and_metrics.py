"""What `--log` and `--metrics` leave behind of commands that nobody sits at."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as as_prometheus

from migrator.events import EventName
from migrator.reports.event_log import FIELDS
from migrator.reports.metrics import METRICS
from tests.acceptance.rehearsal import (
    ACCESS_KEY,
    SECRET_KEY,
    Deal,
    Desk,
    Exit,
    SandboxProcess,
    deals,
    guid,
)

TO_FILES = ("--log", "log.jsonl", "--metrics", "night.prom")
Samples = dict[tuple[str, str], float]


def events(desk: Desk, name: str = "log.jsonl") -> list[dict[str, Any]]:
    text = (desk.folder / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def metrics(desk: Desk, name: str = "night.prom") -> Samples:
    """By name and own label: the values; the parser refuses what is no OpenMetrics."""
    text = (desk.folder / name).read_text(encoding="utf-8")
    return {
        (sample.name, sample.labels.get(METRICS[sample.name][0], "")): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def labels(desk: Desk) -> dict[str, str]:
    text = (desk.folder / "night.prom").read_text(encoding="utf-8")
    (line,) = re.findall(r"(?m)^migrator_exit_code(\{.*\}) ", text)
    return dict(re.findall(r'(\w+)="([^"]*)"', line))


@pytest.fixture
def bad_night(sandbox: SandboxProcess, desk: Desk) -> Desk:
    """A run with rows that fail, one that is rejected, a rate answer and an outage."""
    rows = [*deals(120), Deal(opportunity=guid(121), name="Odd", amount="about five")]
    desk.write_sheet(rows)
    for number in (2, 7):
        sandbox.strike("mx500", opportunity=guid(number))
    process = desk.start(
        *("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "0.5", "--verify"),
        *TO_FILES,
    )
    sandbox.wait_for_updates(20, process)
    sandbox.strike("rate429")
    sandbox.wait_for_updates(60, process)
    sandbox.change(down=True)
    before = len(sandbox.calls)
    while not any(call["path"].endswith("Details") for call in sandbox.calls[before:]):
        assert process.poll() is None
    sandbox.change(down=False)
    ended = desk.end(process)
    assert ended.code == Exit.ATTENTION, ended.errors
    return desk


def test_a_log_tells_a_bad_night_from_begin_to_end(bad_night: Desk) -> None:
    told = events(bad_night)

    names = [event["event"] for event in told]
    never = {EventName.RUN_COMPARED, EventName.ROW_HELD, EventName.RUN_STOPPING}
    may_be = {EventName.ROW_IN_DOUBT, EventName.ROW_PLANNED_AGAIN}
    assert set(EventName) - never - may_be <= set(names) <= set(EventName) - never
    assert (names[0], names[-1]) == ("command.began", "command.finished")
    assert told[-1]["exit_code"] == Exit.ATTENTION
    assert {key for event in told for key in event} <= set(FIELDS)
    times = [event["time"] for event in told]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    assert times == sorted(times)


def test_the_rows_of_a_log_are_the_rows_of_the_ledger(bad_night: Desk) -> None:
    ended = {
        (event["row"], event["event"].removeprefix("row."))
        for event in events(bad_night)
        if event["event"] in ("row.succeeded", "row.failed", "row.rejected")
    }

    assert ended == {
        (int(row["migrator_row"]), row["migrator_state"]) for row in bad_night.entries()
    }


def test_a_log_holds_no_key_and_no_value_of_a_cell(bad_night: Desk) -> None:
    text = (bad_night.folder / "log.jsonl").read_text(encoding="utf-8")

    for value in (ACCESS_KEY, SECRET_KEY, "Deal 2", "Remark 2", "South", "about five"):
        assert value not in text
    (failed,) = [e for e in events(bad_night) if e["event"] == "row.failed" and e["row"] == 3]
    assert failed["exception"].startswith("MX")
    assert failed["opportunity_id"] == guid(2)


def test_a_value_that_holds_quotes_does_not_show_in_a_log(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    amounts = ('5" pipe of Miller', 'say "Miller" now', "O'Miller 'Miller' so")
    rows = [Deal(opportunity=guid(n), name="Odd", amount=text) for n, text in enumerate(amounts, 1)]
    desk.write_sheet([*rows, Deal(opportunity=guid(4), name="Miller")])
    sandbox.strike("truncated", opportunity=guid(4))

    desk.run(*TO_FILES, code=Exit.ATTENTION)

    text = (desk.folder / "log.jsonl").read_text(encoding="utf-8")
    assert "row.rejected" in text
    assert "Miller" not in text


def test_the_metrics_of_a_bad_night_agree_with_its_log_and_its_ledger(bad_night: Desk) -> None:
    found, told = metrics(bad_night), events(bad_night)

    assert {name for name, _ in found} == set(METRICS) - {"migrator_reconciled_opportunities"}
    states = bad_night.states()
    assert {of: n for (name, of), n in found.items() if name == "migrator_rows" and n} == states
    answered = [event for event in told if event["event"] == "call.answered"]
    assert sum(n for (name, _), n in found.items() if name == "migrator_calls") == len(answered)
    assert found["migrator_calls", "rate_limit"] == 1
    assert found["migrator_pauses", ""] == 1
    assert found["migrator_pause_seconds", ""] > 0
    assert found["migrator_outages", ""] >= 1
    assert found["migrator_outage_seconds", ""] > 0
    assert found["migrator_exit_code", ""] == Exit.ATTENTION
    assert found["migrator_read_back_rows", "verified"] == states["succeeded"]
    assert found["migrator_limit_calls", ""] == 100
    text = (bad_night.folder / "night.prom").read_text(encoding="utf-8")
    assert {family.type for family in as_prometheus(text)} == {"gauge"}  # type: ignore[no-untyped-call]
    assert labels(bad_night)["mapping"] == "deals.yaml"
    assert labels(bad_night)["source"] == "deals.csv"


def test_values_are_logged_where_that_is_asked_for(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet([Deal(opportunity=guid(1), name="Tea\x9b31m \u202e", remarks="A remark")])

    desk.run("--log", "log.jsonl", "--log-values")

    (sent,) = [e for e in events(desk) if e["event"] == "call.sent" and e["call"] == "Update"]
    assert sent["note"] == "A remark"
    assert sent["fields"]["mx_Custom_1"] == "Tea\x9b31m \u202e"
    text = (desk.folder / "log.jsonl").read_text(encoding="utf-8")
    assert not {"\x9b", "\u202e"} & set(text)
    assert ACCESS_KEY not in text


def test_commands_add_to_one_log_also_behind_a_line_that_was_cut_off(desk: Desk) -> None:
    desk.write_sheet(deals(2))
    (desk.folder / "log.jsonl").write_text('{"event": "cut o', encoding="utf-8")

    desk.run("--log", "log.jsonl")
    desk.type("verify", "--log", "log.jsonl")

    cut, *lines = (desk.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert cut == '{"event": "cut o'
    begun = [e["command"] for e in map(json.loads, lines) if e["event"] == "command.began"]
    assert begun == ["run", "verify"]


def test_a_reconcile_and_an_undo_tell_what_they_found(desk: Desk) -> None:
    desk.write_sheet(deals(3))
    night = ("reconcile", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "0.5")

    desk.type(*night, *TO_FILES)
    first = metrics(desk)
    desk.type(*night, *TO_FILES)
    second = metrics(desk)
    desk.type("undo", "r1", "--yes", "--patience", "0.5", *TO_FILES, code=None)

    assert first["migrator_reconciled_opportunities", "changed"] == 3
    assert second["migrator_reconciled_opportunities", "changed"] == 0
    assert second["migrator_reconciled_opportunities", "unchanged"] == 3
    compared = [e["counts"] for e in events(desk) if e["event"] == "run.compared"]
    assert [counts["changed"] for counts in compared] == [3, 0]


def test_a_stop_is_told_with_its_reason(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(40))
    for number in range(1, 41):
        sandbox.strike("mx_input", opportunity=guid(number))

    desk.run("--max-failures", "3", *TO_FILES, code=Exit.STOPPED)

    (stop,) = [event for event in events(desk) if event["event"] == "run.stopping"]
    assert "settled rows failed" in stop["message"]
    assert metrics(desk)["migrator_exit_code", ""] == Exit.STOPPED


def test_rows_that_wait_are_told(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet([deals(1)[0], Deal(opportunity=guid(1), name="Later")])
    sandbox.strike("mx_input", opportunity=guid(1))

    desk.run("--log", "log.jsonl", code=Exit.ATTENTION)

    told = [event for event in events(desk) if event["event"].startswith("row.")]
    assert any(e["event"] == "row.held" or e.get("counts") == {"waiting": 1} for e in told)


def test_a_night_that_fails_before_it_sends_keeps_the_last_success(desk: Desk) -> None:
    desk.write_sheet(deals(2))
    desk.run(*TO_FILES)
    good = metrics(desk)
    known = labels(desk)
    desk.write_mapping("version: 1\nopportunity: {}\n")

    desk.run(*TO_FILES, code=4)

    failed = metrics(desk)
    success = ("migrator_last_success_timestamp_seconds", "")
    finish = ("migrator_last_finish_timestamp_seconds", "")
    assert failed["migrator_exit_code", ""] == 4
    assert failed[success] == good[success]
    assert failed[finish] > good[finish]
    assert labels(desk) == known
    assert events(desk)[-1]["exit_code"] == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk that is always there")
def test_a_full_disk_does_not_stop_a_run(desk: Desk) -> None:
    desk.write_sheet(deals(5))

    ended = desk.run("--log", "/dev/full")

    assert ended.errors.count("cannot be written any more") == 1
    assert desk.states() == {"succeeded": 5}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk that is always there")
@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_a_full_disk_under_standard_output_is_no_fault_of_ours(
    desk: Desk, json_too: tuple[str, ...]
) -> None:
    desk.write_sheet(deals(5))
    desk.before = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]

    ended = desk.run(*json_too, code=Exit.SHEET)

    assert "Traceback" not in ended.errors
    assert "migrator: what there was to say could not be written" in ended.errors
    desk.before = []
    assert desk.states() == {"succeeded": 5}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are POSIX's")
def test_what_is_no_file_is_never_replaced(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(1))
    os.mkfifo(desk.folder / "figures")  # as /dev/null, which root would replace for everybody
    os.mkfifo(desk.folder / "all.csv")

    ended = desk.run("--metrics", "figures", code=Exit.USAGE)
    assert "this is no file, but a device or a pipe" in ended.errors
    assert sandbox.calls == []

    desk.run()
    desk.type("export", "r1", "--all", "-o", "all.csv", code=Exit.SHEET)
    assert (desk.folder / "all.csv").is_fifo()
    assert (desk.folder / "figures").is_fifo()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_metrics_may_be_read_by_who_collects_them(desk: Desk) -> None:
    desk.write_sheet(deals(1))
    desk.before = ["sh", "-c", 'umask 077; exec "$@"', "sh"]

    desk.run(*TO_FILES)

    assert (desk.folder / "night.prom").stat().st_mode & 0o777 == 0o644
    assert (desk.folder / "log.jsonl").stat().st_mode & 0o777 == 0o600
    assert list(desk.folder.glob(".*.part")) == []
