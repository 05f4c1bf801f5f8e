"""Time in buckets, and what a silence is put down to."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Verdict
from migrator.reports.run_report import CommandFacts
from migrator.reports.timeline import MOST_BUCKETS, buckets, width_for
from migrator.runs.reporting import why_silent

BEGAN = datetime(2026, 11, 29, 15, 0, tzinfo=UTC)
COUNTS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["applied", "refused"]), st.integers(1, 9)),
    unique_by=lambda one: one[:2],
)


@given(st.floats(0, 400 * 86_400))
def test_no_time_has_more_than_the_most_buckets(seconds: float) -> None:
    assert seconds / width_for(seconds) <= MOST_BUCKETS


@given(COUNTS, COUNTS, st.sampled_from([1.0, 60.0, 600.0, 43_200.0]))
def test_every_call_and_row_is_in_one_bucket_and_buckets_follow_each_other(
    calls: list[tuple[int, str, int]], rows: list[tuple[int, str, int]], width: float
) -> None:
    found = buckets(calls, rows, width=width)

    assert sum(one.calls for one in found) == sum(count for _, _, count in calls)
    assert sum(sum(one.rows.values()) for one in found) == sum(count for _, _, count in rows)
    for before, after in pairwise(found):
        step = (after.began_at - before.began_at).total_seconds()
        if before.stretch == after.stretch:
            assert step == width
        else:
            assert after.stretch == before.stretch + 1
            assert step > width


def test_a_night_between_two_evenings_takes_no_room() -> None:
    evening, next_evening = 1000, 1000 + 24 * 60

    found = buckets([(evening, "applied", 5), (next_evening, "applied", 7)], [], width=60.0)

    assert [(one.stretch, one.calls) for one in found] == [(0, 5), (1, 7)]


def test_a_short_pause_is_shown_as_empty_buckets() -> None:
    found = buckets([(10, "applied", 5), (13, "applied", 7)], [], width=60.0)

    assert [(one.stretch, one.calls) for one in found] == [(0, 5), (0, 0), (0, 0), (0, 7)]


def test_nothing_sent_has_no_bucket() -> None:
    assert buckets([], [], width=1.0) == ()


def a_command(began_at: datetime) -> CommandFacts:
    return CommandFacts(
        began_at=began_at,
        ended_at=None,
        migrator="1",
        host="host",
        limit_calls=25,
        limit_seconds=5.0,
    )


@pytest.mark.parametrize(
    ("verdict", "begins_after", "told"),
    [
        ("applied", 60, "another command"),
        (Verdict.RATE, 60, "another command"),
        (Verdict.RATE, None, "rate answer"),
        (Verdict.UNKNOWN, None, "no answer"),
        (Verdict.TARGET_FAULT, None, "no answer"),
        ("applied", None, "does not tell"),
        ("", 0, "does not tell"),
    ],
)
def test_a_silence_is_put_down_to_what_the_ledger_tells(
    verdict: str, begins_after: int | None, told: str
) -> None:
    commands = [a_command(BEGAN - timedelta(hours=1))]
    if begins_after is not None:
        commands.append(a_command(BEGAN + timedelta(seconds=begins_after)))

    assert told in why_silent(verdict, BEGAN, BEGAN + timedelta(minutes=5), commands)
