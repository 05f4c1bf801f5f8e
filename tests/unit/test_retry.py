import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Verdict
from migrator.retry import GiveUp, RetryPolicy, WaitThenRetry, decide


def after(
    verdict: Verdict = Verdict.UNKNOWN,
    *,
    attempt: int = 1,
    retry_after: float = 0.0,
    jitter: float = 1.0,
    policy: RetryPolicy | None = None,
) -> WaitThenRetry | GiveUp:
    return decide(
        verdict,
        attempt=attempt,
        retry_after=retry_after,
        jitter=jitter,
        policy=policy or RetryPolicy(),
    )


def test_the_wait_doubles_with_each_attempt_up_to_the_longest() -> None:
    policy = RetryPolicy(attempts=9, first_wait=1.0, longest_wait=10.0)
    waits = [after(attempt=attempt, policy=policy) for attempt in range(1, 7)]

    assert waits == [WaitThenRetry(seconds=seconds) for seconds in (1, 2, 4, 8, 10, 10)]


@given(
    attempt=st.integers(1, 10_000),
    jitter=st.floats(0, 1),
    retry_after=st.floats(0, 3600),
)
def test_a_wait_lies_between_what_the_server_asks_and_the_ceiling(
    attempt: int, jitter: float, retry_after: float
) -> None:
    policy = RetryPolicy(attempts=20_000)
    decision = after(attempt=attempt, jitter=jitter, retry_after=retry_after, policy=policy)

    assert isinstance(decision, WaitThenRetry)
    assert retry_after <= decision.seconds <= max(retry_after, policy.longest_wait)
    assert decision.uses_attempt


def test_the_last_attempt_without_a_clear_answer_is_the_end() -> None:
    assert isinstance(after(attempt=4), WaitThenRetry)
    assert after(attempt=5) == GiveUp(reason="unknown after 5 attempts")


def test_a_call_that_never_left_waits_longer_each_time_and_uses_no_attempt() -> None:
    first = after(Verdict.TARGET_FAULT, attempt=1, jitter=1.0)
    ninth = after(Verdict.TARGET_FAULT, attempt=9, jitter=1.0)

    assert first == WaitThenRetry(seconds=1.0, uses_attempt=False)
    assert ninth == WaitThenRetry(seconds=60.0, uses_attempt=False)


@pytest.mark.parametrize("verdict", [Verdict.RATE, Verdict.FOREIGN, Verdict.ACCESS])
def test_a_fault_that_is_not_the_rows_uses_no_attempt(verdict: Verdict) -> None:
    assert after(verdict, attempt=99, retry_after=3.0) == WaitThenRetry(
        seconds=3.0, uses_attempt=False
    )


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.NOT_PERMITTED])
def test_what_would_be_refused_again_is_not_sent_again(verdict: Verdict) -> None:
    assert after(verdict) == GiveUp(reason=str(verdict))


def test_nothing_is_decided_about_what_was_applied() -> None:
    with pytest.raises(ValueError, match="no decision"):
        after(Verdict.APPLIED)
