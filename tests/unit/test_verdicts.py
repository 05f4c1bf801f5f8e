"""The table of verdicts as a table: one verdict for every reply, no rule that nothing reaches."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from migrator.leadsquared import read_details, read_update
from migrator.model import IdKind, NoReply, NoReplyKind, Reading, Reply, Verdict
from migrator.retry import GiveUp, RetryPolicy, WaitThenRetry, decide
from migrator.verdicts import (
    NOTHING_MOVED,
    REFUSALS,
    RULES,
    Fate,
    MovedExceptions,
    Rule,
    case_of,
    refusal_of,
    rule_of,
)

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
MOVED = MovedExceptions(retry=("MXConcurrencyException",), final=("MXTimeoutException",))

STATUSES = st.sampled_from([0, 100, 200, 201, 204, 301, 304, 400, 401, 403, 404, 405, 408, 413, 429,
                            500, 502, 503, 504, 600, 999])  # fmt: skip
TYPES = st.sampled_from([
    None, "", "MXAPIRateLimitExceededException", "mxinvalidaccessdetailsexception",
    "MXUnauthorizedRequestException", "MXInvalidInputException", "MXConcurrencyException",
    "MXTimeoutException", "System.NullReferenceException",
])  # fmt: skip
MESSAGES = st.sampled_from([
    None, "", "no such option", "Please try again later", "'Timeout' is no option",
    "API calls exceeded the limit of 25 in 5 second(s)",
    "API calls exceeded the limit of 10000 in 1 day(s)",
    "API calls exceeded the daily limit of 10000",
])  # fmt: skip
BODIES = st.builds(
    lambda content: json.dumps({k: v for k, v in content.items() if v is not None}).encode(),
    st.fixed_dictionaries(
        {
            "Status": st.sampled_from([None, "Success", "Error", 0]),
            "ExceptionType": TYPES,
            "ExceptionMessage": MESSAGES,
            "IsMXException": st.sampled_from([None, True]),
            "Message": st.sampled_from([None, {"Id": GUID}, {"Id": "OPP-17"}, {}, "text"]),
        }
    ),
) | st.sampled_from([b"", b"[1]", b"<html>", b"API calls exceeded the limit of 9 in 1 hour(s)"])
REPLIES: st.SearchStrategy[Reply | NoReply] = st.builds(
    Reply, status=STATUSES, body=BODIES
) | st.builds(
    NoReply, kind=st.sampled_from(NoReplyKind), written=st.booleans(), text=st.just("errno")
)
MOVES = st.sampled_from([NOTHING_MOVED, MOVED])


def first_of(rules: Sequence[Rule], reply: Reply | NoReply, moved: MovedExceptions) -> Rule | None:
    case = case_of(reply, opportunity_id=GUID, moved=moved)
    return next((rule for rule in rules if rule.fits(case)), None)


@given(reply=REPLIES, moved=MOVES)
def test_every_reply_gets_exactly_one_verdict_and_it_is_the_first_fitting_rules(
    reply: Reply | NoReply, moved: MovedExceptions
) -> None:
    reading = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID, moved=moved)
    rule = first_of(RULES, reply, moved)

    assert rule is not None
    assert rule is rule_of(case_of(reply, opportunity_id=GUID, moved=moved))
    assert reading.verdict is rule.verdict
    assert reading.is_long_limit is (rule.name == "day spent")


@given(reply=REPLIES)
def test_reads_and_updates_refuse_for_the_same_rules(reply: Reply | NoReply) -> None:
    refusal = refusal_of(case_of(reply))
    found = read_details(reply)

    assert refusal is first_of(REFUSALS, reply, NOTHING_MOVED)
    if refusal is not None:
        assert isinstance(found, Reading)
        assert found.verdict is refusal.verdict


def unreachable(rules: Sequence[Rule], *, examples: int = 20_000) -> list[str]:
    """The names of the rules that fit no reply first."""
    names = []
    for rule in rules:
        try:
            find(
                st.tuples(REPLIES, MOVES),
                lambda drawn, rule=rule: first_of(rules, *drawn) is rule,  # type: ignore[misc]
                settings=settings(
                    max_examples=examples,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except NoSuchExample:
            names.append(rule.name)
    return names


@pytest.mark.no_cover
def test_no_rule_of_the_table_is_unreachable() -> None:
    assert unreachable(RULES) == []


@pytest.mark.no_cover
def test_a_rule_behind_one_that_takes_all_of_its_replies_is_found() -> None:
    rate = next(rule for rule in RULES if rule.name == "rate")
    day = next(rule for rule in RULES if rule.name == "day spent")

    assert unreachable([rate, day], examples=3_000) == ["day spent"]


def test_the_rules_have_different_names_and_all_verdicts() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.verdict for rule in RULES} == set(Verdict)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_table_says_of_attempts_what_the_policy_of_retries_does(rule: Rule) -> None:
    if rule.verdict is Verdict.APPLIED:
        assert rule.then.fate is Fate.SUCCEEDS
        return
    decision = decide(rule.verdict, attempt=1, retry_after=0.0, jitter=0.5, policy=RetryPolicy())

    uses = isinstance(decision, WaitThenRetry) and decision.uses_attempt
    assert rule.then.uses_attempt is uses
    assert (rule.then.fate is Fate.FAILS) <= (
        isinstance(decision, GiveUp) or rule.verdict is Verdict.FOREIGN
    )


# ------------------------------------------------------------------ the time that a limit names


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("exceeded the limit of 25 in 5 second(s)", (25, 5.0)),
        ("exceeded the limit of 25 in 5", (25, 5.0)),
        ("exceeded the limit of 25 in 5 for this account", (25, 5.0)),
        ("exceeded the limit of 72 in 2.5 seconds", (72, 2.5)),
        ("exceeded the limit of 1 in 1 second", (1, 1.0)),
        ("exceeded the limit of 300 in 1 minute(s)", (300, 60.0)),
        ("exceeded the limit of 300 in 2 Minutes", (300, 120.0)),
        ("exceeded the limit of 300 per minute", (300, 60.0)),
        ("exceeded the limit of 5000 in 1 hour(s)", (5000, 3600.0)),
        ("exceeded the hourly limit of 5000", (5000, 3600.0)),
        ("exceeded the limit of 10000 in 1 day(s)", (10_000, 86_400.0)),
        ("exceeded the limit of 10000 in 1day", (10_000, 86_400.0)),
        ("exceeded the limit of 10000 in a day", (10_000, 86_400.0)),
        ("exceeded the limit of 10000 per day", (10_000, 86_400.0)),
        ("exceeded the limit of 10000 in 86400 second(s)", (10_000, 86_400.0)),
        ("exceeded the daily limit of 10000", (10_000, 86_400.0)),
        ("exceeded the limit of 70000 in 1 week", (70_000, 604_800.0)),
        ("exceeded the limit of 10000", None),
        ("exceeded the limit of 10000 in all", None),
        ("exceeded the limit of 0 in 1 day(s)", None),
    ],
)
def test_a_limit_is_read_with_its_unit(words: str, limit: tuple[int, float] | None) -> None:
    content = {
        "Status": "Error",
        "ExceptionType": "MXAPIRateLimitExceededException",
        "ExceptionMessage": f"API calls {words}",
    }
    as_json = Reply(status=429, body=json.dumps(content).encode())
    as_text = Reply(status=429, body=words.encode())

    for reply in (as_json, as_text):
        reading = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID)
        assert (reading.verdict, reading.limit) == (Verdict.RATE, limit)
        assert reading.is_long_limit is (limit is not None and limit[1] >= 3600)


# ------------------------------------------------------------------ moved exceptions


def an_exception(name: str, message: str = "no", *, status: int = 500) -> Reply:
    content = {"Status": "Error", "ExceptionType": name, "ExceptionMessage": message}
    return Reply(status=status, body=json.dumps(content).encode())


@pytest.mark.parametrize("name", ["MXConcurrencyException", "mxconcurrencyEXCEPTION"])
@pytest.mark.parametrize("status", [200, 400, 401, 409, 500])
def test_a_type_moved_to_retry_may_pass_whatever_its_case_and_status(
    name: str, status: int
) -> None:
    reply = an_exception(name, status=status)

    before = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID)
    after = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID, moved=MOVED)
    assert (before.verdict, after.verdict) == (Verdict.REFUSED, Verdict.UNKNOWN)


def test_a_type_moved_to_final_is_the_rows_even_where_it_speaks_of_trying_again() -> None:
    reply = an_exception("MXTimeoutException", "Please try again later")

    before = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID)
    after = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID, moved=MOVED)
    assert (before.verdict, after.verdict) == (Verdict.UNKNOWN, Verdict.REFUSED)


def test_only_the_whole_name_is_moved() -> None:
    reply = an_exception("MXConcurrencyExceptionOfAnotherKind")

    reading = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID, moved=MOVED)
    assert reading.verdict is Verdict.REFUSED


@given(reply=REPLIES)
def test_access_and_rate_stay_what_they_are_whatever_is_moved(reply: Reply | NoReply) -> None:
    everything = MovedExceptions(
        retry=("MXAPIRateLimitExceededException", "MXInvalidAccessDetailsException"),
        final=("MXUnauthorizedRequestException",),
    )
    before = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID)
    after = read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID, moved=everything)

    assert before == after
