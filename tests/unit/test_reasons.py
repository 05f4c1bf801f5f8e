"""Equal reasons are counted together; different ones are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.reasons import masked, without_values

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Activity does not exist.", "Activity does not exist."),
        (f"no opportunity {GUID}", "no opportunity <id>"),
        (f"no opportunity {GUID.upper()}", "no opportunity <id>"),
        ('"12,00,000" is no number', "<value> is no number"),
        ("“won” is not an option", "<value> is not an option"),
        ("'won' is not an option", "<value> is not an option"),
        ("waits for row 17", "waits for row <number>"),
        (
            "exceeded the limit of 25 in 5 seconds",
            "exceeded the limit of <number> in <number> seconds",
        ),
        ("2024-04-02 is too early", "<number> is too early"),
    ],
)
def test_values_ids_and_numbers_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_an_apostrophe_is_no_quote() -> None:
    text = "the row's cell isn't what the type's rule says"

    assert masked(text) == text


def test_fields_that_differ_by_their_number_are_two_reasons() -> None:
    assert masked("mx_Custom_2 is required") != masked("mx_Custom_3 is required")


@given(value=st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"])))
def test_whatever_stands_in_quotes_does_not_make_another_reason(value: str) -> None:
    reason = f'mx_Custom_2: "{value}" is not an option'

    assert masked(reason) == "mx_Custom_2: <value> is not an option"


@given(number=st.integers(0, 10**12))
def test_no_number_makes_another_reason(number: int) -> None:
    assert masked(f"row {number} is too long") == "row <number> is too long"


@pytest.mark.parametrize("quotes", ['""', "“”", "''"])
@given(
    value=st.text(st.characters(exclude_categories=["Cs"], codec="ascii"), max_size=12),
    tail=st.sampled_from([" is no number", " is no number ('Amount')", ' and not "b"', ""]),
)
def test_no_value_shows_whatever_quotes_it_holds(quotes: str, value: str, tail: str) -> None:
    first, last = quotes

    told = without_values(f"Amount: {first}{value} 5\" Miller 'so' Miller{last}{tail}")

    assert "Miller" not in told
    assert told.startswith("Amount: <value>")


def test_a_value_of_which_the_end_was_cut_off_does_not_show() -> None:
    assert without_values('HTTP 200 with "{"Id":"a", "Name":"Mil…') == "HTTP <number> with <value>"
