"""What is said of a finding, and what a process ends with."""

from dataclasses import replace

import pytest

from migrator.checkup import (
    Mark,
    Switch,
    Topic,
    Trial,
    exit_code,
    failed,
    in_order,
    of_account,
    of_clock,
    of_feature,
    of_metadata,
    of_region,
    of_types,
    ok,
)
from migrator.checkup import of_trial as told_of
from migrator.errors import AccessError, ExitCode, TargetError
from migrator.leadsquared import Account
from migrator.leadsquared_types import read_enabled
from migrator.metadata import TypeInfo
from migrator.model import Reading, Reply

NOBODY = Account(organisation="", host="", user="", time_zone="")
TRIAL = Trial(opportunity="D-1", old="2024-04-02 12:13:44", switch=Switch.ON, stands=True)
NO_ANSWER = TargetError("no answer", advice="Wait.")


@pytest.mark.parametrize(
    ("ahead", "mark"),
    [(0.0, Mark.OK), (-60.0, Mark.OK), (61.0, Mark.WARNING), (None, Mark.WARNING)],
)
def test_a_clock_may_differ_by_a_minute(ahead: float | None, mark: Mark) -> None:
    assert of_clock(ahead).mark is mark


def test_what_nobody_came_to_is_not_checked_in_its_place() -> None:
    checks = in_order([ok(Topic.LIMIT, "")], left_out="gone", topics=[Topic.KEYS, Topic.LIMIT])

    assert [(one.topic, one.mark) for one in checks] == [
        (Topic.KEYS, Mark.NOT_CHECKED),
        (Topic.LIMIT, Mark.OK),
    ]


def test_the_first_failure_gives_the_exit_code() -> None:
    refused = failed(Topic.KEYS, AccessError("refused", advice="Check."))

    assert exit_code([ok(Topic.CLOCK, ""), refused, failed(Topic.TYPES, NO_ANSWER)]) is (
        ExitCode.ACCESS
    )
    assert exit_code([ok(Topic.CLOCK, "")]) is ExitCode.OK


def test_what_an_account_does_not_tell_is_a_warning() -> None:
    assert {check.mark for check in of_account(NOBODY)} == {Mark.WARNING}


def test_another_host_that_serves_the_account_is_a_warning() -> None:
    other = replace(NOBODY, host="api-us11.leadsquared.com")

    assert of_region("api.leadsquared.com", other).mark is Mark.WARNING
    assert of_region("api.leadsquared.com", NOBODY).mark is Mark.OK


def test_no_type_is_a_failure_and_no_field_a_warning() -> None:
    assert of_types([]).mark is Mark.FAILED
    assert of_metadata(TypeInfo(code=12000)).mark is Mark.WARNING


@pytest.mark.parametrize(
    ("body", "enabled"),
    [
        (b'{"OpportunityManagement": "Enabled"}', True),
        (b'{"d": {"opportunityManagement": "disabled"}}', False),
        (b'"Enabled"', True),
        (b"true", True),
        (b"OpportunityManagement: Enabled", True),
        (b'{"OpportunityManagement": "Perhaps"}', None),
        (b"{}", None),
    ],
)
def test_the_feature_is_read_in_any_shape(body: bytes, enabled: bool | None) -> None:
    assert read_enabled(Reply(status=200, body=body)) is enabled


def test_a_page_or_a_refusal_says_nothing_of_the_feature() -> None:
    assert isinstance(read_enabled(Reply(status=200, body=b"<html>")), Reading)
    assert isinstance(read_enabled(Reply(status=404, body=b"")), Reading)
    assert of_feature(None).mark is Mark.WARNING


@pytest.mark.parametrize(
    ("switch", "mark"),
    [
        (Switch.ON, Mark.OK),
        (Switch.OFF, Mark.FAILED),
        (Switch.REFUSED, Mark.FAILED),
        (Switch.UNKNOWN, Mark.WARNING),
    ],
)
def test_the_switch_is_told_where_the_old_value_stands(switch: Switch, mark: Mark) -> None:
    check = told_of(replace(TRIAL, switch=switch))

    assert check.mark is mark
    assert '"2024-04-02 12:13:44"' in check.found


@pytest.mark.parametrize("stands", [False, None])
def test_an_old_value_that_is_not_seen_again_is_a_failure(stands: bool | None) -> None:
    for trial in (TRIAL, replace(TRIAL, left=NO_ANSWER)):
        check = told_of(replace(trial, stands=stands))

        assert (check.mark, check.code) == (Mark.FAILED, ExitCode.TARGET)
        assert '"2024-04-02 12:13:44" (UTC)' in check.found
