"""The brakes: refusals in a row for one reason, and failed rows in all."""

from hypothesis import given
from hypothesis import strategies as st

from migrator.dispatcher.brakes import FEWEST_SETTLED, EqualRefusals, Failures, MostFailures
from migrator.errors import BrakeError, ExitCode
from migrator.model import Reading, Verdict


def refusal(message: str = "Invalid Input!", *, exception: str = "MXInvalidInput") -> Reading:
    return Reading(verdict=Verdict.REFUSED, status=500, exception=exception, message=message)


def refused_in_a_row(brake: EqualRefusals, *readings: Reading) -> list[BrakeError | None]:
    return [brake.refused(reading) for reading in readings]


def test_the_twentieth_equal_refusal_stops_the_run() -> None:
    *before, last = refused_in_a_row(EqualRefusals(20), *[refusal()] * 20)

    assert before == [None] * 19
    assert last is not None
    assert last.exit_code is ExitCode.STOPPED


def test_the_error_names_the_reason_and_both_ways_out() -> None:
    error = EqualRefusals(1).refused(refusal("mx_Custom_2 is required"))

    assert error is not None
    assert "MXInvalidInput: mx_Custom_2 is required" in error.problem
    assert "migrator retry" in error.advice
    assert "mapping" in error.advice


def test_an_answer_without_an_exception_is_named_by_its_status() -> None:
    error = EqualRefusals(1).refused(refusal("Bad Request", exception=""))

    assert error is not None
    assert "HTTP 500: Bad Request" in error.problem


def test_a_success_in_between_begins_the_count_anew() -> None:
    brake = EqualRefusals(3)
    refused_in_a_row(brake, refusal(), refusal())

    brake.succeeded()

    assert refused_in_a_row(brake, refusal(), refusal()) == [None, None]
    assert brake.refused(refusal()) is not None


def test_another_reason_in_between_begins_the_count_anew() -> None:
    brake = EqualRefusals(2)

    told = refused_in_a_row(brake, refusal("a"), refusal("b"), refusal("a"), refusal("b"))

    assert told == [None] * 4


def test_the_same_words_of_another_exception_are_another_reason() -> None:
    brake = EqualRefusals(2)

    assert refused_in_a_row(brake, refusal(), refusal(exception="MXOther")) == [None, None]


@given(values=st.lists(st.integers(0, 10**9), min_size=5, max_size=5))
def test_values_in_a_reason_do_not_make_it_another(values: list[int]) -> None:
    readings = [refusal(f'mx_Custom_2: "{n}" in row {n} is no option') for n in values]

    told = refused_in_a_row(EqualRefusals(5), *readings)

    assert [error is not None for error in told] == [False] * 4 + [True]


# ------------------------------------------------------------------ failed rows in all


def test_the_nth_failed_row_stops_the_run_whatever_succeeds_in_between() -> None:
    brake = Failures(MostFailures(rows=3))

    told = [brake.settled(refusal() if n % 5 == 0 else None) for n in range(11)]

    assert [error is not None for error in told] == [False] * 10 + [True]


def test_the_error_tells_counts_the_most_frequent_reason_and_what_next() -> None:
    brake = Failures(MostFailures(rows=3))
    for message in ('"a" is no option', "Invalid Input!"):
        brake.settled(refusal(message))

    error = brake.settled(refusal('"b" is no option'))

    assert error is not None
    assert error.problem == (
        "3 of 3 rows failed (--max-failures 3); the most frequent reason, 2 times: "
        "MXInvalidInput: <value> is no option"
    )
    assert "migrator retry" in error.advice


@given(st.floats(1, 99), st.lists(st.booleans(), min_size=1, max_size=200))
def test_a_part_stops_as_soon_as_it_is_above_among_twenty_or_more(
    percent: float, failures: list[bool]
) -> None:
    brake = Failures(MostFailures(percent=percent))

    for number, is_failed in enumerate(failures, 1):
        error = brake.settled(refusal() if is_failed else None)
        above = sum(failures[:number]) * 100 > percent * number
        assert (error is not None) is (is_failed and number >= FEWEST_SETTLED and above)


def test_without_a_limit_nothing_stops() -> None:
    brake = Failures(None)

    assert [brake.settled(refusal()) for _ in range(50)] == [None] * 50
