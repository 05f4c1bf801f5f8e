"""What a report derives from a ledger: pauses, outages, gaps, before and after."""

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from migrator.ledger import Ledger, open_ledger
from migrator.ledger.dispatches import DispatchRecord
from migrator.model import (
    Call,
    Entry,
    Failed,
    NotSent,
    Outcome,
    Reading,
    Run,
    Succeeded,
    Update,
    Verdict,
)
from migrator.reports.page import html, markdown
from migrator.reports.report_json import report_json
from migrator.reports.run_report import RunReport
from migrator.runs.reporting import Told, gather
from tests.integration.dispatching import FIELD, an_update, guid, plan

BEGAN = 1_795_965_000.0
APPLIED = Reading(verdict=Verdict.APPLIED, status=200)
RATE = Reading(verdict=Verdict.RATE, status=429, message="exceeded the limit of 25 in 5")
GONE = Reading(verdict=Verdict.TARGET_FAULT, message="no connection")
YES = Succeeded(note_confirmed=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def call(
    ledger: Ledger, run: Run, entry: Entry, outcome: Outcome, reading: Reading, at: float
) -> None:
    attempt = ledger.work.intend(entry, with_note=True, again=False, at=at)
    ledger.work.settle(
        run,
        entry,
        outcome,
        call=Call(attempt=attempt, reading=reading, at=at + 0.2),
        with_note=True,
        holds=True,
        at=at + 0.2,
    )


def entries(ledger: Ledger, run: Run) -> list[Entry]:
    return ledger.work.pick(run, after=0, limit=10_000, chosen=None)


def all_sent(ledger: Ledger, run: Run, *, apart: float = 0.2) -> None:
    for number, entry in enumerate(entries(ledger, run)):
        call(ledger, run, entry, YES, APPLIED, BEGAN + number * apart)


def report_of(ledger: Ledger, run: Run) -> RunReport:
    now = ledger.plans.run(run.number)
    return gather(ledger, now, Told(made_at=BEGAN + 90_000, next=()))


def updates(count: int, value: str = "x") -> list[Update]:
    return [an_update(number, value) for number in range(1, count + 1)]


# ------------------------------------------------------------------ over time


def test_rate_answers_close_together_are_one_spell(ledger: Ledger) -> None:
    run = plan(ledger, *updates(4))
    for number, entry in enumerate(entries(ledger, run)):
        for at in (0.0, 6.0):
            call(ledger, run, entry, NotSent(reading=RATE), RATE, BEGAN + number * 300 + at)

    course = report_of(ledger, run).course

    assert course.rate_answers == 8
    assert [spell.calls for spell in course.rate_spells] == [2, 2, 2, 2]
    assert course.outages == ()


def test_five_calls_in_a_row_without_an_answer_are_an_outage_until_the_next_answer(
    ledger: Ledger,
) -> None:
    run = plan(ledger, *updates(7))
    found = entries(ledger, run)
    call(ledger, run, found[6], YES, APPLIED, BEGAN)
    for number, entry in enumerate(found[:5], 1):
        call(ledger, run, entry, NotSent(reading=GONE), GONE, BEGAN + number)
    call(ledger, run, found[5], YES, APPLIED, BEGAN + 400)

    (outage,) = report_of(ledger, run).course.outages

    assert outage.calls == 5
    assert outage.began_at.timestamp() == BEGAN + 1
    assert outage.answered_at is not None
    assert outage.answered_at.timestamp() == BEGAN + 400


def test_four_faults_and_a_killed_process_are_no_outage(ledger: Ledger) -> None:
    run = plan(ledger, *updates(9))
    found = entries(ledger, run)
    for number, entry in enumerate(found[:4]):
        call(ledger, run, entry, NotSent(reading=GONE), GONE, BEGAN + number)
    for entry in found[4:]:  # no answer is known of these
        ledger.work.intend(entry, with_note=True, again=False, at=BEGAN + 9)

    course = report_of(ledger, run).course

    assert course.outages == ()
    assert course.verdicts == {"no answer known": 5, "target fault": 4}


def test_a_gap_is_put_down_to_the_command_that_began_in_it(ledger: Ledger) -> None:
    run = plan(ledger, *updates(2))
    for number, entry in enumerate(entries(ledger, run)):
        at = BEGAN + number * 80_000
        record = DispatchRecord(at - 1, at + 1, "0.9", "api.example", 25, 5.0)
        ledger.dispatches.keep(run, record)
        call(ledger, run, entry, YES, APPLIED, at)

    report = report_of(ledger, run)

    (gap,) = report.course.gaps
    assert gap.seconds == 80_000
    assert "another command" in gap.why
    assert [bucket.stretch for bucket in report.speed.buckets] == [0, 1]
    assert report.speed.limit_per_second == 5.0


def test_ten_hours_fit_in_the_buckets_and_nothing_is_lost(ledger: Ledger) -> None:
    run = plan(ledger, *updates(1_000))
    all_sent(ledger, run, apart=36.0)

    speed = report_of(ledger, run).speed

    assert len(speed.buckets) <= 61
    assert sum(bucket.calls for bucket in speed.buckets) == 1_000
    assert sum(bucket.rows.get("succeeded", 0) for bucket in speed.buckets) == 1_000


@pytest.mark.parametrize("rows", [0, 1])
def test_a_run_of_no_row_and_of_one_make_whole_pages(ledger: Ledger, rows: int) -> None:
    run = plan(ledger, *updates(rows))
    all_sent(ledger, run)
    ledger.work.finish(run, at=BEGAN + 5)

    report = report_of(ledger, run)

    assert report.balance.rows_read == rows
    assert ("No update was sent." in html(report)) == (rows == 0)
    assert "Sign-off" in markdown(report)
    assert orjson.loads(report_json(report))["balance"]["rows_read"] == rows


# ------------------------------------------------------------------ before and after


def test_each_opportunity_is_counted_once_before_and_once_after(ledger: Ledger) -> None:
    values = ["Won", "Lost", "Won"] * 10
    run = plan(ledger, *(an_update(n, value) for n, value in enumerate(values, 1)))
    before = {guid(n): {FIELD: "Open" if n % 2 else "Won"} for n in range(1, 31)}
    ledger.images.keep(run, before, at=BEGAN)
    all_sent(ledger, run)

    (field,) = report_of(ledger, run).before_and_after.fields

    assert {v.value: (v.before, v.after) for v in field.values} == {
        "Won": (15, 20),
        "Lost": (0, 10),
        "Open": (15, 0),
    }
    assert field.opportunities == 30
    # Of the even ones, which held "Won", a third (2, 8, …) was written "Lost".
    assert field.changed == 15 + 5


def test_of_two_rows_of_one_opportunity_the_later_counts(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n % 3 + 1, "a" if n < 3 else "b") for n in range(6)))
    ledger.images.keep(run, {guid(n): {FIELD: "z"} for n in (1, 2, 3)}, at=BEGAN)
    for at in range(2):
        for entry in entries(ledger, run)[:3]:
            call(ledger, run, entry, YES, APPLIED, BEGAN + at)

    (field,) = report_of(ledger, run).before_and_after.fields

    assert {v.value: (v.before, v.after) for v in field.values} == {"z": (3, 0), "b": (0, 3)}


def test_more_than_twenty_values_are_summed(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, f"v{n % 4}") for n in range(1, 101)))
    ledger.images.keep(run, {guid(n): {FIELD: f"old {n}"} for n in range(1, 101)}, at=BEGAN)
    all_sent(ledger, run)

    (field,) = report_of(ledger, run).before_and_after.fields

    assert len(field.values) == 20
    assert field.more_values == 84
    assert sum(v.before for v in field.values) + field.more_before == 100
    assert sum(v.after for v in field.values) + field.more_after == 100


def test_without_before_images_the_page_says_so(ledger: Ledger) -> None:
    run = plan(ledger, *updates(9))
    all_sent(ledger, run)

    report = report_of(ledger, run)

    assert report.before_and_after.fields == ()
    assert "no before-images were kept" in html(report)


# ------------------------------------------------------------------ the mapping's text


def test_a_mappings_text_is_kept_once_for_all_runs_of_it(ledger: Ledger) -> None:
    source = plan(ledger, an_update(1)).source
    runs = [ledger.plans.begin(source, account="a", mapping_text="version: 1") for _ in range(2)]

    assert [ledger.history.mapping_text(run) for run in runs] == ["version: 1"] * 2
    database = ledger._database
    assert database.value("SELECT count(*) FROM mapping_texts") == 1


def test_a_run_of_an_older_migrator_says_that_no_text_was_kept(ledger: Ledger) -> None:
    report = report_of(ledger, plan(ledger, an_update(1)))

    assert report.run.mapping.text is None
    assert "Its text was not kept" in html(report)
    assert "Its text was not kept" in markdown(report)


# ------------------------------------------------------------------ hostile texts

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e|`*"


def test_no_text_of_a_cell_or_server_is_markup_or_moves_the_cursor(ledger: Ledger) -> None:
    run = plan(ledger, *updates(6, HOSTILE))
    ledger.images.keep(run, {guid(n): {FIELD: HOSTILE} for n in range(1, 6)}, at=BEGAN)
    found = entries(ledger, run)
    for entry in found[1:]:
        call(ledger, run, entry, YES, APPLIED, BEGAN)
    refused = Reading(verdict=Verdict.REFUSED, status=500, exception=HOSTILE, message=HOSTILE)
    call(ledger, run, found[0], Failed(reading=refused), refused, BEGAN)
    ledger._database.change(
        "UPDATE entries SET file = ?1, sheet = ?1, opportunity_id = ?1", HOSTILE
    )
    ledger._database.change(
        "UPDATE runs SET source_name = ?1, mapping_name = ?1, account = ?1", HOSTILE
    )
    report = report_of(ledger, run)

    for text in (html(report), markdown(report)):
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    table = [line for line in markdown(report).splitlines() if line.startswith("| ")]
    assert all("\\|" in line for line in table if "script" in line)
