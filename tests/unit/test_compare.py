from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from migrator.compare import meaning, same_value, value_digest

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"

SAME = [
    [
        "2026-07-31 05:33:50",
        "7/31/2026 5:33:50 AM",
        "07/31/2026 05:33:50 am",
        "2026-07-31 05:33:50.000",
        "/Date(1785476030000+0000)/",
        "/Date(1785476030000)/",
        "/Date(1785476030000+0530)/",
    ],
    ["2024-04-02", "2024-04-02 00:00:00", "2024-04-02 00:00:00.000", "4/2/2024 12:00:00 AM"],
    ["2024-04-02 12:00:00", "4/2/2024 12:00:00 PM"],
    ["1969-12-31 23:59:59", "/Date(-1000+0000)/"],
    ["50000", "50000.000", "50,000", "50000.0"],
    ["12,34,567", "1234567", "1,234,567.00"],
    ["-0", "0", "0.000", "false", "False"],
    ["1", "true", "TRUE", "1.000"],
    ["-2.50", "-2.5"],
    [GUID, GUID.upper()],
    [""],
    ["won"],
]

DIFFERENT = [
    ("007", "7"),
    ("+91", "91"),
    ("1e5", "100000"),
    ("50000", "50000.001"),
    ("12345678901234567890", "12345678901234567891"),
    ("won", "Won"),
    ("won", "won "),
    ("", "0"),
    ("", "false"),
    ("yes", "true"),
    ("2024-04-02 12:13:44", "2024-04-02 12:13:45"),
    ("2024-04-02 12:13:44", "2024-04-02 12:13:44.500"),
    ("2024-04-02", "4/2/2024"),
    ("4/2/2024 12:00:00 AM", "2/4/2024 12:00:00 AM"),
    ("2024-02-30", "2024-03-01"),
    ("13/1/2024 1:00:00 PM", "2025-01-01 13:00:00"),
    ("1/1/2024 0:30:00 AM", "2024-01-01 00:30:00"),
    ("/Date(999999999999999+0000)/", "/Date(999999999999998+0000)/"),
    ("1,2", "12"),
    ("1,23", "123"),
    ("\u0661", "1"),
    (GUID, GUID.replace("-", "")),
]


@pytest.mark.parametrize(
    ("sent", "found"),
    [pair for group in SAME for pair in [*combinations(group, 2), (group[0],) * 2]],
)
def test_texts_that_mean_the_same_are_the_same(sent: str, found: str) -> None:
    assert same_value(sent, found)
    assert same_value(found, sent)


@pytest.mark.parametrize(
    ("sent", "found"),
    DIFFERENT + [(a[0], b[0]) for a, b in combinations(SAME, 2)],
)
def test_texts_that_mean_something_else_differ(sent: str, found: str) -> None:
    assert not same_value(sent, found)
    assert not same_value(found, sent)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)))
def test_every_instant_is_known_in_all_four_styles(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    sent = f"{moment:%Y-%m-%d %H:%M:%S}"
    hour = (moment.hour - 1) % 12 + 1
    american = f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S %p}"
    milliseconds = round(moment.replace(tzinfo=UTC).timestamp() * 1000)

    assert same_value(sent, american)
    assert same_value(sent, f"{sent}.000")
    assert same_value(sent, f"/Date({milliseconds}+0000)/")


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, max_value=10**15, min_value=-(10**15)
    ),
    st.integers(0, 5),
)
def test_padding_a_number_changes_nothing(number: Decimal, zeros: int) -> None:
    assert same_value(f"{number:f}", f"{number:f}" + "0" * zeros)
    assert same_value(f"{number:f}", f"{number:,f}")


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared_either_way_round(one: str, other: str) -> None:
    assert same_value(one, other) == same_value(other, one)
    assert same_value(one, one)


@given(st.text(min_size=1))
def test_plain_text_means_just_itself(text: str) -> None:
    assume(isinstance(meaning(text), str))

    assert meaning(text) == text


def test_long_numbers_that_differ_in_their_last_digit_have_digests_that_differ() -> None:
    one, other = "9" * 30 + "1", "9" * 30 + "2"

    assert value_digest(one) != value_digest(other)
    assert value_digest(f"{one}.000") == value_digest(one)
