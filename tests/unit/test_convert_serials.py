"""Excel's bare numbers of days: the days that the loader reads, and no others."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.convert import Refused, conversion
from migrator.convert.serials import moment_of
from migrator.loader.excel_values import Kind, moment
from migrator.mapping import Date, DateTime


@given(serial=st.floats(0, 3_000_000).filter(lambda serial: "e" not in repr(serial)))
def test_a_number_as_text_is_the_moment_that_the_loader_reads(serial: float) -> None:
    text = repr(serial)
    found = moment_of(text)
    expected = moment(serial, Kind.DATETIME, is_1904=False)

    if serial < 1:
        assert found is None
    elif found is None:
        assert expected is None
    else:
        assert found[0] == expected


@given(day=st.integers(1, 2_958_465).filter(lambda day: day != 60))
def test_a_whole_number_is_a_day_without_a_time(day: int) -> None:
    expected = moment(day, Kind.DATETIME, is_1904=False)

    assert moment_of(str(day)) == (expected, False)


@pytest.mark.parametrize(
    "text", ["0", "0.5", "60", "60.99", "2958466", "-1", "1e5", "045384", "45384,5", ""]
)
def test_what_is_no_day_of_excels_is_none_here(text: str) -> None:
    assert moment_of(text) is None


def test_a_bare_number_is_refused_with_its_day_unless_it_is_declared() -> None:
    field = DateTime(type="datetime", column="A", timezone="Asia/Kolkata")
    plain = conversion(field, timezone=None)("45384.5")
    declared = conversion(field.model_copy(update={"serials": True}), timezone=None)

    assert isinstance(plain, Refused)
    assert "2024-04-02, declare `serials: true`" in plain.advice
    assert declared("45384.5") == "2024-04-02 06:30:00"
    assert isinstance(declared("45384"), Refused)  # a day alone needs `time`


def test_a_number_that_is_also_a_date_by_its_digits_is_refused() -> None:
    field = Date(type="date", column="A", formats=("%d%m%y",), serials=True)
    convert = conversion(field, timezone=None)

    assert convert("020424") == "2024-04-02"
    found = convert("120424")
    assert isinstance(found, Refused)
    assert found.fault == "several-readings"


@given(local=st.datetimes(datetime(1900, 3, 1), datetime(2100, 12, 31)))
def test_formats_are_read_beside_serials(local: datetime) -> None:
    local = local.replace(microsecond=0)
    field = DateTime(type="datetime", column="A", timezone="UTC", serials=True)

    assert conversion(field, timezone=None)(str(local)) == str(local)
