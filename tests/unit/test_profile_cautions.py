"""What a person is told to beware of in a column."""

import pytest

from tests.unit.profiling import caution, codes, profile_of, rows_of

CAUTIONS = {
    "leading-zeros": (["00123", "17", "18"], [2]),
    "many-digits": (["12", "1234567890123456"], [3]),
    "exponent": (["123456", "5E+10"], [3]),
    "unit": (["12 %", "₹ 2,00,000", "USD 5", "Rs. 500/-", "7"], [2, 3, 4, 5]),
    "decimal-comma": (["1.234,50", "7"], [2]),
    "placeholder": (["NA", "12", "null"], [2, 4]),
    "error-text": (["12", "#N/A"], [3]),
    "mixed-types": (["1", "2", "3", "4", "5", "ten"], [7]),
    "spaces-around": (["won ", "lost", "\xa0open"], [2, 4]),
    "line-break": (["two\nlines", "one"], [2]),
    "control-character": (["a\tb", "a\x07b", "a\u200bb", "ab"], [2, 3, 4]),
    "mojibake": (["JosÃ©", "José", "Jos\ufffd", "\u00e2\u201a\u00ac 5"], [2, 4, 5]),
    "long-text": (["x" * 200, "x" * 201], [3]),
    "variants": (["Won", "Won", "won", "lost", "won "], [2, 4, 6]),
    "both-orders": (["31/01/2024", "01/31/2024"], []),
    "day-or-month": (["01/02/2024", "03/04/2024"], []),
    "mixed-formats": (["2024-04-02", "2024-04-03", "2 Apr 2024"], []),
    "mixed-grouping": (["1,234,567", "12,34,567", "12,345"], [2, 3]),
    "blank-column": (["", " "], []),
    "single-value": (["x", "x"], []),
    "duplicates": ([f"OPP-{n}" for n in (*range(19), 4)], [21]),
}


@pytest.mark.parametrize("code", CAUTIONS)
def test_a_caution_names_the_first_rows_it_is_about(code: str) -> None:
    cells, rows = CAUTIONS[code]

    assert rows_of(profile_of(cells, name="Deal id"), code) == rows


@pytest.mark.parametrize("code", CAUTIONS)
def test_an_ordinary_column_gives_no_caution(code: str) -> None:
    ordinary = (
        ["Acme", "Bharat mills", "Zoë", "अनिता"],
        ["12", "7", "-3.5", "0", "0.5"],
        ["31/01/2024", "02/04/2024"],
        ["12,34,567", "45,000"],
        [f"{n:08x}-51ea-4699-86f0-00000000{n:04d}" for n in range(20)],
    )

    assert not any(codes(profile_of(cells)) for cells in ordinary)
    assert caution(profile_of(CAUTIONS[code][0], name="Deal id"), code).text.endswith(".")


def test_at_most_five_rows_are_named_and_all_are_counted() -> None:
    profile = profile_of([" x"] * 30)

    assert caution(profile, "spaces-around").count == 30
    assert rows_of(profile, "spaces-around") == [2, 3, 4, 5, 6]


def test_the_first_rows_are_named_whatever_value_stands_in_them() -> None:
    profile = profile_of(["a ", "b ", "a ", "c ", "b ", "a ", "d "], at_once=100)

    assert rows_of(profile, "spaces-around") == [2, 3, 4, 5, 6]


def test_cells_that_fit_no_other_caution_are_the_misfits() -> None:
    profile = profile_of(["1", "2", "3", "4", "5", "6", "7", "8", "NA", "12 %", "ten"])

    assert caution(profile, "mixed-types").count == 1
    assert caution(profile, "mixed-types").sightings == ((12, "ten"),)


def test_a_repeated_amount_is_no_doubled_id() -> None:
    cells = [str(1_000 + number) for number in range(19)] + ["1004"]

    assert "duplicates" not in codes(profile_of(cells, name="Amount"))
    assert "duplicates" in codes(profile_of(cells, name="Order no"))


def test_a_doubled_id_is_found_among_many() -> None:
    cells = [f"OPP-{number}" for number in range(6_000)] + ["OPP-17"]

    profile = profile_of(cells, name="Id", at_once=1_000)

    assert caution(profile, "duplicates").sightings == ((6_002, "OPP-17"),)


def test_dates_that_another_cell_settles_are_no_question() -> None:
    assert not codes(profile_of(["01/02/2024", "31/01/2024"]))


def test_a_text_in_another_script_is_no_mojibake() -> None:
    cells = ["Ñandú", "Łukasz Żak", "田中 さくら", "Straße", "£ 12", "naïve café"]

    assert "mojibake" not in codes(profile_of(cells))
