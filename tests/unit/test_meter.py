"""The rate that progress and the remaining time are told by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.dispatcher.meter import MEASURED_SECONDS, Meter


def test_nothing_is_said_of_the_first_second() -> None:
    meter = Meter()

    assert meter.rate(5.0) == 0.0
    meter.call(5.0)
    meter.call(5.2)
    assert meter.rate(5.9) == 0.0


@given(
    began=st.floats(0, 1e6),
    per_second=st.integers(1, 50),
    seconds=st.integers(2, 300),
)
def test_an_even_pace_is_measured_as_what_it_is(
    began: float, per_second: int, seconds: int
) -> None:
    meter = Meter()
    for n in range(per_second * seconds + 1):
        meter.call(began + n / per_second)

    assert meter.rate(began + seconds) == pytest.approx(per_second, abs=2 / MEASURED_SECONDS)


def test_only_the_last_minute_counts() -> None:
    meter = Meter()
    for n in range(600):
        meter.call(n / 10)
    for n in range(61):
        meter.call(60.0 + n)

    assert meter.rate(120.0) == pytest.approx(1.0, abs=0.05)


def test_a_minute_of_silence_is_a_rate_of_nothing() -> None:
    meter = Meter()
    meter.call(0.0)
    meter.call(1.0)

    assert meter.rate(1.0 + MEASURED_SECONDS + 0.1) == 0.0
