"""Numbers, dates and escapes of Excel cells, without any file."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.loader.excel_values import (
    Kind,
    iso_moment,
    kind_of_format,
    moment,
    number_text,
    unescape,
)
from migrator.model import Cell


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("200000", "200000"),
        ("200000.0", "200000"),
        ("007", "7"),
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("-5.50", "-5.5"),
        ("1E+21", "1000000000000000000000"),
        ("1.5e-7", "0.00000015"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("0.1000000000000000055", "0.1"),
        (".5", "0.5"),
        ("5.", "5"),
    ],
)
def test_a_number_reads_as_its_shortest_decimal_text(stored: str, text: str) -> None:
    assert number_text(stored) == text


@pytest.mark.parametrize(
    "stored", ["", "NaN", "inf", "1e999", "1_000", ".", "abc", "\u0661", "9" * 401]
)
def test_what_is_no_number_is_not_made_one(stored: str) -> None:
    assert number_text(stored) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_double_means_the_same_double(number: float) -> None:
    text = number_text(repr(number))

    assert text is not None
    assert float(text) == number
    assert "e" not in text.lower()


@given(st.integers(-(10**30), 10**30))
def test_a_whole_number_keeps_every_digit(number: int) -> None:
    assert number_text(str(number)) == str(number)


@given(st.decimals(-(10**9), 10**9, places=2))
def test_money_reads_as_it_was_typed(amount: Decimal) -> None:
    text = number_text(str(amount))

    assert text is not None
    assert Decimal(text) == amount


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", Kind.NUMBER),
        ("0.00", Kind.NUMBER),
        ("#,##0.00_);[Red](#,##0.00)", Kind.NUMBER),
        ('0 "days"', Kind.NUMBER),
        (r"0\h", Kind.NUMBER),
        ("[Red]0", Kind.NUMBER),
        ("[$-409]0.0", Kind.NUMBER),
        ("@", Kind.NUMBER),
        ("0.00E+00", Kind.NUMBER),
        ("dd/mm/yyyy", Kind.DATE),
        ("mmm-yy", Kind.DATE),
        ("mmmm", Kind.DATE),
        ("[$-F800]dddd, mmmm dd, yyyy", Kind.DATE),
        ("DD.MM.YYYY", Kind.DATE),
        ("yyyy-mm-dd hh:mm", Kind.DATETIME),
        ('d mmm yyyy "at" h:mm AM/PM;@', Kind.DATETIME),
        ("h:mm AM/PM", Kind.TIME),
        ("mm:ss.0", Kind.TIME),
        ("[h]:mm:ss", Kind.DURATION),
        ("[mm]:ss", Kind.DURATION),
        ("[ss].00", Kind.DURATION),
    ],
)
def test_a_number_format_tells_whether_a_number_is_a_date(code: str, kind: Kind) -> None:
    assert kind_of_format(code) is kind


@pytest.mark.parametrize(
    ("serial", "kind", "found"),
    [
        (45384.509537037, Kind.DATETIME, datetime(2024, 4, 2, 12, 13, 44)),
        (45384.50953703695, Kind.DATETIME, datetime(2024, 4, 2, 12, 13, 44)),
        (45384, Kind.DATETIME, datetime(2024, 4, 2)),
        (45384.999999999, Kind.DATETIME, datetime(2024, 4, 3)),
        (45384.75, Kind.DATE, date(2024, 4, 2)),
        (45384.75, Kind.TIME, time(18, 0)),
        (0.0, Kind.TIME, time(0, 0)),
        (1, Kind.DATE, date(1900, 1, 1)),
        (59, Kind.DATE, date(1900, 2, 28)),
        (61, Kind.DATE, date(1900, 3, 1)),
        (2958465, Kind.DATE, date(9999, 12, 31)),
        (1.25, Kind.DURATION, timedelta(hours=30)),
    ],
)
def test_a_serial_number_is_the_moment_that_excel_shows(
    serial: float, kind: Kind, found: Cell
) -> None:
    assert moment(serial, kind, is_1904=False) == found


@pytest.mark.parametrize(
    ("serial", "kind"),
    [
        (0, Kind.DATE),
        (0.5, Kind.DATETIME),
        (60, Kind.DATE),
        (60.5, Kind.DATETIME),
        (-1, Kind.DATE),
        (-0.25, Kind.TIME),
        (2958466, Kind.DATETIME),
        (2958465.9999999, Kind.DATETIME),
        (float("inf"), Kind.DATE),
    ],
)
def test_a_day_that_never_was_is_no_date(serial: float, kind: Kind) -> None:
    assert moment(serial, kind, is_1904=False) is None


@given(
    st.datetimes(datetime(1904, 1, 2), datetime(9999, 12, 31)).map(
        lambda found: found.replace(microsecond=0)
    )
)
def test_the_two_date_systems_differ_by_1462_days(shown: datetime) -> None:
    serial = (shown - datetime(1904, 1, 1)) / timedelta(days=1)

    assert moment(serial, Kind.DATETIME, is_1904=True) == shown
    if shown >= datetime(1904, 1, 2):
        assert moment(serial + 1462, Kind.DATETIME, is_1904=False) == shown


@pytest.mark.parametrize(
    ("stored", "kind", "found"),
    [
        ("2024-04-02T12:13:44", Kind.DATETIME, datetime(2024, 4, 2, 12, 13, 44)),
        ("2024-04-02T12:13:43.9999999Z", Kind.NUMBER, datetime(2024, 4, 2, 12, 13, 44)),
        ("2024-04-02T00:00:00", Kind.DATE, date(2024, 4, 2)),
        ("2024-04-02", Kind.NUMBER, date(2024, 4, 2)),
        ("12:13:44", Kind.TIME, time(12, 13, 44)),
        ("2024-04-02T12:13:44", Kind.TIME, time(12, 13, 44)),
        ("2024-02-31", Kind.DATE, None),
        ("2024-04-02T12:13:44+05:30", Kind.DATETIME, None),
        ("soon", Kind.DATETIME, None),
    ],
)
def test_a_date_stored_as_text_reads_as_its_format_shows_it(
    stored: str, kind: Kind, found: Cell | None
) -> None:
    assert iso_moment(stored, kind) == found


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("a_x000D_b", "a\rb"),
        ("_x005F_x000D_", "_x000D_"),
        ("_x005f__x005F_", "__"),
        ("_x12_ _xZZZZ_ _x000D", "_x12_ _xZZZZ_ _x000D"),
        ("_xD83D__xDE00_", "😀"),
        ("_xD83D_ alone", "_xD83D_ alone"),
        ("x005F_", "x005F_"),
    ],
)
def test_an_escape_reads_as_excel_shows_it(stored: str, shown: str) -> None:
    assert unescape(stored) == shown
