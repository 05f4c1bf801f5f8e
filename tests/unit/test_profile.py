"""What a column holds, as far as its cells tell."""

from datetime import date, datetime, time, timedelta

import pytest

from migrator.convert.dates import reader
from migrator.profile import Form, Kind, Profiler
from migrator.profile.distinct import MOST_KEPT
from tests.unit.profiling import profile_of

GUIDS = [f"5ca5b042-51ea-4699-86f0-{number:012d}" for number in range(20)]

KINDS = {
    "words": (["Acme", "Bharat mills", "7 up"], Kind.TEXT),
    "digits": (["12", "7", "-3"], Kind.INTEGER),
    "zeros and ones": (["1", "0", "1"], Kind.INTEGER),
    "a fraction among them": (["12", "7.5", "0"], Kind.NUMBER),
    "western groups": (["1,234,567", "604,000"], Kind.INTEGER),
    "indian groups": (["12,34,567.50", "2,00,000"], Kind.NUMBER),
    "decimal commas": (["1.234.567,50", "12,5"], Kind.NUMBER),
    "days": (["2024-04-02", "2024-12-31"], Kind.DATE),
    "days with times": (["02/04/2024 17:43", "31/01/2024 9:00 am"], Kind.DATETIME),
    "months in words": (["2-Apr-2024", "31 January 2024", "Apr 2, 2024"], Kind.DATE),
    "yes and no": (["Yes", "no", "NO", "1"], Kind.BOOLEAN),
    "GUIDs": (GUIDS, Kind.GUID),
    "e-mail": (["a@example.com", "b.c@mail.example.co.in"], Kind.EMAIL),
    "phones": (["+91 90000 00000", "+49-170-1234567", "(022) 2757-1234 55"], Kind.PHONE),
    "nothing": (["", "  ", "\xa0"], Kind.BLANK),
    "codes": (["007", "012", "100"], Kind.TEXT),
    "card numbers": (["4111111111111111", "4242424242424242"], Kind.TEXT),
    "a workbook's days": ([date(2024, 4, 2), date(2024, 4, 3)], Kind.DATE),
    "a workbook's times": ([time(9, 5), timedelta(hours=30)], Kind.TIME),
    "impossible days": (["31/02/2024", "00/00/0000"], Kind.TEXT),
    "opportunity codes": (["OPP-0017", "ABC-12", "INR-5X"], Kind.TEXT),
}


@pytest.mark.parametrize(("cells", "kind"), KINDS.values(), ids=KINDS)
def test_a_column_has_the_kind_of_its_cells(cells: list, kind: Kind) -> None:
    assert profile_of(cells).kind is kind


def test_a_kind_is_what_four_cells_in_five_are() -> None:
    assert profile_of(["1", "2", "3", "4", "ten"]).kind is Kind.INTEGER
    assert profile_of(["1", "2", "3", "ten"]).kind is Kind.TEXT


def test_words_for_nothing_have_no_say_in_the_kind() -> None:
    profile = profile_of(["12", "7", "NA", "-", "null"])

    assert (profile.kind, profile.fits) == (Kind.INTEGER, 2)


def test_digits_in_a_column_called_mobile_are_phones() -> None:
    assert profile_of(["9000000001", "9000000002"], name="Mobile no.").kind is Kind.PHONE
    assert profile_of(["9000000001", "9000000002"], name="Amount").kind is Kind.INTEGER


def test_one_phone_among_numbers_makes_no_phones_of_them() -> None:
    assert profile_of([*map(str, range(2, 12)), "+91 90000 00000"]).kind is Kind.INTEGER


def test_white_space_around_a_cell_does_not_change_its_kind() -> None:
    profile = profile_of([" 12", "7 ", "\xa03"])

    assert (profile.kind, profile.fits) == (Kind.INTEGER, 3)


# ------------------------------------------------------------------ counts and ranges


def test_blank_cells_are_counted_apart() -> None:
    profile = profile_of(["a", "", " ", "\t", "b"])

    assert (profile.rows, profile.blanks, profile.filled, profile.distinct) == (5, 3, 2, 2)


def test_numbers_are_compared_by_number() -> None:
    profile = profile_of(["9", "100", "1,000", "-5"])

    assert (profile.smallest, profile.largest) == ("-5", "1,000")


def test_dates_are_compared_by_date() -> None:
    profile = profile_of(["31/01/2024", "01/02/2023", "15/12/2022"])

    assert (profile.smallest, profile.largest) == ("15/12/2022", "31/01/2024")


def test_dates_of_an_open_order_have_no_range() -> None:
    profile = profile_of(["01/02/2024", "03/04/2024"])

    assert (profile.smallest, profile.largest) == (None, None)


def test_a_workbooks_dates_and_its_texts_have_one_range() -> None:
    profile = profile_of([datetime(2024, 4, 2, 12, 13), "2023-01-01 00:00:00"])

    assert (profile.smallest, profile.largest) == ("2023-01-01 00:00:00", "2024-04-02 12:13:00")
    assert profile.moments == 1


def test_few_values_are_listed_with_their_counts() -> None:
    assert profile_of(["won", "lost", "won"]).values == (("won", 2), ("lost", 1))
    assert profile_of([str(number) for number in range(51)]).values is None


def test_examples_are_the_first_different_values() -> None:
    assert profile_of(["b", "b", "", "a", "c", "d"]).examples == ("b", "a", "c")


def test_many_values_are_counted_exactly_too() -> None:
    cells = [f"value {number % 5_000}" for number in range(12_000)]

    profile = profile_of(cells, at_once=1_000)

    assert (profile.distinct, profile.is_distinct_exact) == (5_000, True)


def test_beyond_the_budget_the_count_says_so_where_values_repeat_most() -> None:
    profiler = Profiler([("Id", "A"), ("Name", "B")], most_numbers=2 * MOST_KEPT + 3_000)
    for begin in range(0, 5_000, 500):
        rows = range(begin, begin + 500)
        profiler.add(rows, [(f"id {row}", f"name {row // 2}") for row in rows])

    ids, names = profiler.profiles()

    assert (ids.distinct, ids.is_distinct_exact) == (5_000, True)
    assert not names.is_distinct_exact
    assert MOST_KEPT < names.distinct <= 2_500


# ------------------------------------------------------------------ dates


def test_a_number_above_twelve_proves_which_is_the_day() -> None:
    days, months = profile_of(["31/01/2024", "02/04/2024"]), profile_of(["01/31/2024", "5/5/2024"])

    assert days.day_order.is_day_first is True
    assert months.day_order.is_day_first is False
    assert (days.day_order.day_first, days.day_order.open) == (1, 1)
    assert (months.day_order.month_first, months.day_order.open) == (1, 0)


def test_without_proof_or_with_both_the_order_stays_open() -> None:
    assert profile_of(["02/04/2024"]).day_order.is_day_first is None
    assert profile_of(["31/01/2024", "01/31/2024"]).day_order.is_day_first is None


def test_a_cell_that_reads_both_ways_counts_for_both_patterns() -> None:
    assert profile_of(["31/01/2024", "02/04/2024"]).formats == (
        ("%d/%m/%Y", 2),
        ("%m/%d/%Y", 1),
    )


PATTERNS = {
    "2024-04-02": "%Y-%m-%d",
    "2024/4/2": "%Y/%m/%d",
    "31.01.24": "%d.%m.%y",
    "2-Apr-2024": "%d-%b-%Y",
    "2 april 2024": "%d %B %Y",
    "Apr 2, 2024": "%b %d, %Y",
    "2024-04-02T17:43:00Z": "%Y-%m-%dT%H:%M:%S%z",
    "2024-04-02 17:43:00.123 +05:30": "%Y-%m-%d %H:%M:%S.%f %z",
    "31/01/2024 5:43 pm": "%d/%m/%Y %I:%M %p",
    "31/01/2024 05:43:09PM": "%d/%m/%Y %I:%M:%S%p",
}


@pytest.mark.parametrize(("text", "pattern"), PATTERNS.items())
def test_a_date_tells_the_pattern_that_reads_it(text: str, pattern: str) -> None:
    assert profile_of([text]).formats == ((pattern, 1),)
    assert reader((pattern,))(text)


@pytest.mark.parametrize(
    "text", ["2024-13-01", "31/04/2024", "0000-01-01", "2024-04-02 25:00", "2024-04-02 13:00 pm"]
)
def test_an_impossible_date_is_a_text(text: str) -> None:
    profile = profile_of([text])

    assert (profile.formats, profile.forms) == ((), {Form.TEXT: 1})
