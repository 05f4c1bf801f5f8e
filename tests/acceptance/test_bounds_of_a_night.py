"""What ends a night early: the day's calls, and the time that was given."""

import time

import pytest

from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals

SPENT = 9


def test_the_days_calls_are_counted_over_runs_and_ledgers(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    desk.environment["LSQ_DAILY_LIMIT"] = "20"
    desk.write_sheet(deals(30))

    ended = desk.run(code=SPENT)

    assert "the day's 20 calls are spent (LSQ_DAILY_LIMIT)" in ended.errors
    assert "The next day of UTC begins here at" in ended.errors
    assert "next: migrator resume" in ended.output
    # One of them asked whose keys these are, one read what was there before.
    assert len(sandbox.calls) == 20
    assert desk.states() == {"succeeded": 18, "planned": 12}

    desk.write_sheet(deals(3), name="other.csv")
    desk.run("--ledger", "other.db", sheet="other.csv", code=SPENT)
    assert len(sandbox.updates) == 18

    desk.environment["LSQ_DAILY_LIMIT"] = "100"
    desk.type("resume", "--yes")
    assert desk.states() == {"succeeded": 30}


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="TZ does not name a zone there")
def test_the_time_that_is_given_is_shown_with_its_zone(desk: Desk) -> None:
    desk.environment["TZ"] = "Asia/Kolkata"
    desk.write_sheet(deals(3))

    ended = desk.run("--until", "06:00")

    assert " 06:00 IST (UTC+05:30): at the limit, 3 of 3 updates go before it" in ended.errors


def test_what_is_no_time_of_day_is_refused(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))

    ended = desk.run("--until", "25:00", code=Exit.USAGE)

    assert '"25:00" is no time of day, such as 06:00' in ended.errors
    assert not sandbox.calls
