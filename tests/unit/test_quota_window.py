import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.quota.window import step, wait_before_next

LIMITS = st.integers(1, 30)
SPANS = st.floats(0.01, 100)


@st.composite
def written_times(draw: st.DrawFn) -> list[float]:
    return sorted(draw(st.lists(st.floats(0, 1000), max_size=60)))


def most_in_any_span(times: list[float], span: float) -> int:
    return max(sum(first <= time < first + span for time in times) for first in times)


@given(LIMITS, SPANS, st.integers(1, 200))
def test_calls_that_wait_as_told_never_exceed_the_limit(
    limit: int, span: float, calls: int
) -> None:
    now, times = 0.0, list[float]()
    for _ in range(calls):
        while (wait := wait_before_next(times, now, unwritten=0, limit=limit, span=span)) > 0:
            now = max(now + wait, now + 1e-9)
        times.append(now)

    # A billionth of slack: the judge adds where the guard subtracts.
    assert most_in_any_span(times, span - 1e-9) <= limit


@given(written_times(), LIMITS, SPANS, st.integers(0, 40))
def test_a_wait_is_never_longer_than_the_span(
    times: list[float], limit: int, span: float, unwritten: int
) -> None:
    now = times[-1] if times else 0.0

    wait = wait_before_next(times, now, unwritten=unwritten, limit=limit, span=span)

    assert 0.0 <= wait <= span * (1 + 1e-9)


@given(written_times(), LIMITS, SPANS, st.integers(0, 40))
def test_an_unwritten_permit_weighs_as_much_as_a_call_written_now(
    times: list[float], limit: int, span: float, unwritten: int
) -> None:
    now = times[-1] if times else 0.0
    as_written = [*times, *[now] * unwritten]

    assert (wait_before_next(times, now, unwritten=unwritten, limit=limit, span=span) > 0) == (
        wait_before_next(as_written, now, unwritten=0, limit=limit, span=span) > 0
    )


@given(written_times(), LIMITS, SPANS)
def test_only_the_last_calls_up_to_the_limit_matter(
    times: list[float], limit: int, span: float
) -> None:
    now = times[-1] if times else 0.0

    assert wait_before_next(times, now, unwritten=0, limit=limit, span=span) == wait_before_next(
        times[-limit:], now, unwritten=0, limit=limit, span=span
    )


def test_the_pace_stays_one_per_cent_below_the_limit() -> None:
    assert step(25, 5.0) * 25 == pytest.approx(5.05)


@pytest.mark.parametrize(("limit", "span"), [(0, 5.0), (-1, 5.0), (25, 0.0), (25, -1.0)])
def test_a_quota_of_nothing_is_refused(limit: int, span: float) -> None:
    with pytest.raises(ValueError, match="limit >= 1"):
        wait_before_next([], 0.0, unwritten=0, limit=limit, span=span)
