"""Each way of counting against an oracle that looks at all calls from the beginning."""

from fractions import Fraction
from math import floor

from hypothesis import example, given
from hypothesis import strategies as st

from migrator.sandbox.limits import Counting, judge_for
from migrator.sandbox.log import Record, Traffic

# Eighths of a second: such times and their differences are exact.
gaps = st.lists(st.integers(min_value=0, max_value=60), min_size=1, max_size=80)
limits = st.integers(min_value=1, max_value=6)
windows = st.sampled_from([1.0, 2.5, 5.0])
phases = st.integers(min_value=-80, max_value=80).map(lambda eighths: eighths / 8)


def times_of(eighths: list[int]) -> list[float]:
    times, now = [], 0
    for gap in eighths:
        now += gap
        times.append(now / 8)
    return times


def fits_exactly(counted: list[float], now: float, limit: int, window: float) -> bool:
    return sum(now - window < time <= now for time in counted) < limit


def fits_fixed(counted: list[float], now: float, limit: int, window: float, phase: float) -> bool:
    number = floor(Fraction(now - phase) / Fraction(window))
    start = Fraction(phase) + number * Fraction(window)
    return sum(start <= Fraction(time) for time in counted) < limit


def weighted_estimate(
    counted: list[float], now: float, window: float, phase: float
) -> tuple[Fraction, int]:
    """The part of the window before, and the count of the running one."""
    width = Fraction(window)
    number = floor(Fraction(now - phase) / width)
    start = Fraction(phase) + number * width
    running = sum(start <= Fraction(time) for time in counted)
    before = sum(start - width <= Fraction(time) < start for time in counted)
    overlap = 1 - (Fraction(now) - start) / width
    return before * overlap, running


def fits_weighted(
    counted: list[float], now: float, limit: int, window: float, phase: float
) -> bool:
    before, running = weighted_estimate(counted, now, window, phase)
    return floor(before) + running + 1 <= limit


def fits_weighted_real(
    counted: list[float], now: float, limit: int, window: float, phase: float
) -> bool:
    before, running = weighted_estimate(counted, now, window, phase)
    return before + running + 1 <= limit


def fits_bucket(counted: list[float], now: float, limit: int, window: float) -> bool:
    """The level is the most that any stretch up to now has brought above what it drained."""
    rate = Fraction(limit) / Fraction(window)
    levels = [
        len(counted) - number - (Fraction(now) - Fraction(time)) * rate
        for number, time in enumerate(counted)
    ]
    return max(levels, default=Fraction(0)) + 1 <= limit


ORACLES = {
    Counting.LOG: lambda counted, now, limit, window, _phase: fits_exactly(
        counted, now, limit, window
    ),
    Counting.FIXED: fits_fixed,
    Counting.WEIGHTED: fits_weighted,
    Counting.WEIGHTED_REAL: fits_weighted_real,
    Counting.BUCKET: lambda counted, now, limit, window, _phase: fits_bucket(
        counted, now, limit, window
    ),
}


@given(
    counting=st.sampled_from(Counting),
    eighths=gaps,
    limit=limits,
    window=windows,
    phase=phases,
    refused_count=st.booleans(),
)
@example(
    counting=Counting.WEIGHTED,
    eighths=[0, 0, 0, 40, 8],
    limit=3,
    window=5.0,
    phase=0.0,
    refused_count=False,
)
def test_a_judge_decides_as_its_definition_does(
    counting: Counting,
    eighths: list[int],
    limit: int,
    window: float,
    phase: float,
    refused_count: bool,
) -> None:
    judge = judge_for(
        counting, limit=limit, window=window, phase=phase, refused_count=refused_count
    )
    counted: list[float] = []
    for now in times_of(eighths):
        admitted = ORACLES[counting](counted, now, limit, window, phase)
        if admitted or refused_count:
            counted.append(now)

        assert judge.admit(now) is admitted


def test_refused_calls_that_count_keep_the_window_full() -> None:
    judge = judge_for(Counting.LOG, limit=2, window=1.0, phase=0.0, refused_count=True)

    assert [judge.admit(tenth / 10) for tenth in range(0, 40, 4)] == [True, True] + [False] * 8


def test_fixed_windows_let_twice_the_limit_through_around_a_border() -> None:
    judge = judge_for(Counting.FIXED, limit=25, window=5.0, phase=1.0, refused_count=False)

    assert all([judge.admit(5.9) for _ in range(25)] + [judge.admit(6.0) for _ in range(25)])


@given(eighths=gaps, window=windows)
def test_the_most_calls_in_a_window_is_the_truth(eighths: list[int], window: float) -> None:
    times, traffic = times_of(eighths), Traffic(window)
    for now in times:
        traffic.arrived(now, admitted=True)

    most = max(sum(end - window < time <= end for time in times) for end in times)
    assert traffic.stats().most_in_a_window == most


def test_calls_per_second_leave_the_first_window_out() -> None:
    traffic = Traffic(5.0)
    for now in [0.0] * 25 + [5.0 + step * 0.5 for step in range(11)]:
        traffic.arrived(now, admitted=True)

    assert traffic.stats().calls_per_second == 2.0


def test_refused_calls_are_counted_apart() -> None:
    traffic = Traffic(5.0)
    for now in (0.0, 0.1):
        traffic.arrived(now, admitted=True)
    traffic.arrived(0.2, admitted=False)
    traffic.answered(
        Record(seq=1, wall=0.0, monotonic=0.0, method="GET", path="/", status=429, fault="")
    )

    stats = traffic.stats()
    assert (stats.calls, stats.refused) == (3, 1)
    assert (stats.most_in_a_window, stats.most_admitted_in_a_window) == (3, 2)
    assert stats.by_status == {"429": 1}
