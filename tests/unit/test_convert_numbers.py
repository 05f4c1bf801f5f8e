"""Numbers in every notation: digits survive, and what has two readings is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.convert import Refused, conversion
from migrator.loader.excel_values import number_text
from migrator.mapping import Number

NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15
)


def converted(text: str, **declared: object) -> str | Refused:
    field = Number.model_validate({"type": "number", "column": "A"} | declared)
    return conversion(field, timezone=None)(text)


def written(number: Decimal, *, group: str, mark: str) -> str:
    return f"{number:,.2f}".translate(str.maketrans({",": group, ".": mark}))


@given(number=NUMBERS, space=st.sampled_from(" \u00a0\u202f\u2009"))
def test_a_number_comes_back_from_every_notation(number: Decimal, space: str) -> None:
    text = f"{number:.2f}"

    assert converted(written(number, group=".", mark=","), grouping="european") == text
    for mark in ",.":
        declared = {"grouping": "space", "decimal": mark}
        assert converted(written(number, group=space, mark=mark), **declared) == text
    assert converted(text.replace(".", ","), decimal=",") == text


@given(
    number=NUMBERS, sign=st.sampled_from(["₹", "INR", "Rs.", "€"]), space=st.sampled_from(["", " "])
)
def test_a_declared_currency_is_cut_on_either_side(number: Decimal, sign: str, space: str) -> None:
    text = written(number, group=",", mark=".")
    declared = {"grouping": "western", "currency": ["₹", "INR", "Rs", "Rs.", "€"]}
    minus, digits = ("-", text[1:]) if number < 0 else ("", text.lstrip("-"))

    for shown in (
        f"{minus}{sign}{space}{digits}",
        f"{sign}{space}{minus}{digits}",
        f"{minus}{digits}{space}{sign}",
    ):
        assert converted(shown, **declared) == f"{minus}{digits.replace(',', '')}"


@pytest.mark.parametrize(
    "text", ["₹", "₹₹5", "₹5₹", "5 EUR", "--5", "-₹-5", "₹ ", "Rs.", "5 ₹ 6", "INR5INR"]
)
def test_what_stands_beside_a_currency_is_still_a_number(text: str) -> None:
    assert isinstance(converted(text, currency=["₹", "INR", "Rs", "Rs."]), Refused)


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=5).map(float))
def test_a_number_cell_of_a_workbook_is_never_off_by_a_thousand(number: float) -> None:
    """Whatever the notation of the column, a stored number is read as itself or refused."""
    stored = number_text(repr(number))
    assert stored is not None

    for declared in (
        {"grouping": "european"},
        {"decimal": ","},
        {"grouping": "space", "decimal": ","},
        {"grouping": "european", "lone_point": "decimal"},
        {"grouping": "western"},
        {"grouping": "indian"},
        {"grouping": "space"},
    ):
        found = converted(stored, **declared)
        assert isinstance(found, Refused) or Decimal(found) == Decimal(stored), declared


@given(number=st.integers(-(10**12), 10**12), fraction=st.integers(0, 999))
def test_a_text_in_european_notation_is_never_off_by_a_thousand(number: int, fraction: int) -> None:
    whole = f"{number:,}".replace(",", ".")
    for text, meant in ((whole, Decimal(number)), (f"{whole},{fraction:03d}", None)):
        expected = meant if meant is not None else Decimal(f"{number}.{fraction:03d}")
        for lone_point in ("error", "group"):
            found = converted(text, grouping="european", lone_point=lone_point)
            if isinstance(found, Refused):
                assert (found.fault, lone_point) == ("several-readings", "error")
            else:
                assert Decimal(found) == expected


@pytest.mark.parametrize(
    ("text", "declared", "sent"),
    [
        ("1.234", {"grouping": "european", "lone_point": "group"}, "1234"),
        ("1.234", {"grouping": "european", "lone_point": "decimal"}, "1.234"),
        ("1.234.567", {"grouping": "european"}, "1234567"),
        ("1.234,5", {"grouping": "european"}, "1234.5"),
        ("1234.5", {"grouping": "european"}, "1234.5"),
        ("0.125", {"grouping": "european"}, "0.125"),
        ("€ 1.234", {"grouping": "european", "currency": "€"}, "1234"),
        ("1.234", {"type": "integer", "grouping": "european", "lone_point": "group"}, "1234"),
        ("12", {"type": "integer", "decimal": ","}, "12"),
    ],
)
def test_a_point_is_read_by_what_stands_around_it(
    text: str, declared: dict[str, object], sent: str
) -> None:
    assert converted(text, **declared) == sent


@pytest.mark.parametrize(
    ("text", "declared", "words"),
    [
        ("1.234", {"grouping": "european"}, "lone_point: group"),
        ("1.234", {"decimal": ","}, "lone_point: decimal"),
        ("-12.345", {"type": "integer", "grouping": "european"}, "12345"),
        ("12.50", {"grouping": "european"}, "do not stand where"),
        ("1234.5", {"grouping": "european", "lone_point": "group"}, "do not stand where"),
        ("1.5", {"type": "integer", "decimal": ","}, ""),
        ("1,5", {"type": "integer", "decimal": ","}, "type: number"),
        ("1 234", {}, "grouping: space"),
        ("1.234,5", {}, "european"),
        ("₹ 500", {}, "currency: [₹]"),
        ("500 EUR", {}, "currency: [EUR]"),
    ],
)
def test_a_refused_number_comes_with_the_line_that_helps(
    text: str, declared: dict[str, object], words: str
) -> None:
    found = converted(text, **declared)

    assert isinstance(found, Refused)
    assert words in found.reason + found.advice
