"""A cell as text, and the disguise of formulas in CSV exports."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.cells import cell_text, escape_formula, is_blank, unescape_formula
from migrator.model import Cell


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" 007 ", " 007 "),
        (date(2024, 4, 2), "2024-04-02"),
        (datetime(2024, 4, 2), "2024-04-02 00:00:00"),
        (datetime(2024, 4, 2, 12, 13, 44), "2024-04-02 12:13:44"),
        (time(12, 13, 44), "12:13:44"),
        (timedelta(0), "0:00:00"),
        (timedelta(days=4, hours=4, seconds=9), "100:00:09"),
        (timedelta(minutes=-90), "-1:30:00"),
    ],
)
def test_a_cell_reads_the_same_everywhere(cell: Cell, text: str) -> None:
    assert cell_text(cell) == text


@pytest.mark.parametrize("cell", ["", " ", "\t\r\n", "\u00a0"])
def test_white_space_alone_is_blank(cell: str) -> None:
    assert is_blank(cell)


@pytest.mark.parametrize("cell", ["0", "False", " x ", time(0, 0), timedelta(0)])
def test_zero_false_and_midnight_are_values(cell: Cell) -> None:
    assert not is_blank(cell)


STARTS = st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "'", "''", "'=", " =", "'a"])


@given(start=STARTS, rest=st.text())
def test_an_escaped_text_comes_back_exactly(start: str, rest: str) -> None:
    assert unescape_formula(escape_formula(start + rest)) == start + rest


@given(start=STARTS, rest=st.text())
def test_no_escaped_text_begins_like_a_formula(start: str, rest: str) -> None:
    assert not escape_formula(start + rest).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text())
def test_different_texts_stay_different_when_escaped(text: str) -> None:
    assert escape_formula("'" + text) != escape_formula(text)
