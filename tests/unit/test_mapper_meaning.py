"""Blank values, clear values and lengths: what a cell means before it is converted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import MappingError
from migrator.mapper import compile_mapping
from migrator.mapper.meaning import cut
from migrator.mapping import parse_mapping
from migrator.model import Rejected, SourceRow, Update

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
COLUMNS = ("Id", "A", "B")
DECLARED = "{blank_values: [NA, '-'], clear_value: '#CLEAR'}"


def result_of(
    field: str, a: str, b: str = "b", *, source: str = DECLARED, note: str = "", id_: str = GUID
) -> Update | Rejected:
    text = (
        f"version: 1\nsource: {source}\nopportunity: {{type: 12000, id: Id, note: {note!r}}}\n"
        f"fields:\n  mx_Custom_1: {field}\n"
    )
    row = SourceRow("a.csv", "", 2, 2, COLUMNS, (id_, a, b))
    return compile_mapping(parse_mapping(text, name="deals.yaml"), COLUMNS).map(row)


def sent(field: str, a: str, b: str = "b", *, source: str = DECLARED) -> str | None:
    result = result_of(field, a, b, source=source)
    assert isinstance(result, Update), result
    return dict(result.fields).get("mx_Custom_1")


def code(result: Update | Rejected) -> str:
    assert isinstance(result, Rejected), result
    return result.problems[0].code


TYPED = [
    "column: A",
    "column: A, type: number",
    "column: A, type: boolean",
    "column: A, type: date",
    "column: A, type: datetime",
    "column: A, type: choice, values: {won: Won}",
    "column: A, type: choices",
    "column: A, type: phone",
    "column: A, type: email",
    'template: "{A}"',
]


@pytest.mark.parametrize("field", TYPED)
def test_a_blank_value_is_a_blank_and_the_clear_value_clears_in_every_type(field: str) -> None:
    for cell in ("NA", " - ", ""):
        assert sent(f"{{{field}}}", cell) is None
        assert sent(f"{{{field}, blank: clear}}", cell) == ""
        assert code(result_of(f"{{{field}, blank: error}}", cell)) == "blank"
    assert sent(f"{{{field}}}", " #CLEAR ") == ""
    assert sent(f"{{{field}, blank: error}}", "#CLEAR") == ""
    assert code(result_of(f"{{{field}, required: true}}", "#CLEAR")) == "blank"


def test_case_counts_and_a_part_of_a_text_is_no_blank() -> None:
    assert sent("A", "na") == "na"
    assert sent("A", "NA.") == "NA."
    assert sent("A", "#clear") == "#clear"


def test_a_fields_own_words_replace_the_files() -> None:
    assert sent("{column: A, blank_values: [none]}", "NA") == "NA"
    assert sent("{column: A, blank_values: [none]}", "none") is None
    assert sent("{column: A, blank_values: []}", "NA") == "NA"
    assert sent("{column: A, clear_value: EMPTY}", "#CLEAR") == "#CLEAR"
    assert sent("{column: A, clear_value: EMPTY}", "EMPTY") == ""


def test_a_blank_value_is_left_out_of_a_text_put_together() -> None:
    assert sent('{template: "{A}, {B}"}', "NA", "b") == ", b"
    assert sent('{template: "{A}, {B}"}', "NA", "-") is None


def test_a_text_put_together_is_cleared_by_all_of_its_columns() -> None:
    assert sent('{template: "{A}, {B}"}', "#CLEAR", "#CLEAR") == ""
    assert sent('{template: "{A}, {B}"}', "#CLEAR", "NA") == ""
    assert code(result_of('{template: "{A}, {B}"}', "#CLEAR", "b")) == "clear-value"


def test_the_words_hold_for_id_and_note_too() -> None:
    assert code(result_of("A", "a", id_="NA")) == "no-id"
    assert code(result_of("A", "a", id_="#CLEAR")) == "no-id"
    noted = result_of("A", "a", "NA", note="Was: {B}")
    assert isinstance(noted, Update)
    assert noted.note == ""
    assert code(result_of("A", "a", "#CLEAR", note="Was: {B}")) == "clear-value"


# ------------------------------------------------------------------ lengths


def test_a_long_text_is_refused_or_cut_and_said() -> None:
    refused = result_of("{column: A, max_length: 3}", "four")
    assert code(refused) == "over-max-length"
    assert isinstance(refused, Rejected)
    assert "too_long: truncate" in refused.problems[0].advice

    shortened = result_of("{column: A, max_length: 3, too_long: truncate}", "four")
    assert isinstance(shortened, Update)
    assert shortened.fields[0].value == "fou"
    assert type(shortened.fields[0].value) is str
    assert shortened.truncated == ("mx_Custom_1",)

    fitting = result_of("{column: A, max_length: 4, too_long: truncate}", "four")
    assert isinstance(fitting, Update)
    assert fitting.truncated == ()


@pytest.mark.parametrize(
    ("text", "longest", "left"),
    [
        ("Zoe\u0308", 3, "Zo"),
        ("नमस्ते", 3, "नम"),
        ("ab\U0001f468\u200d\U0001f469\u200d\U0001f467", 4, "ab"),
        ("a\U0001f44d\U0001f3fd", 2, "a"),
        ("a\r\n", 2, "a"),
        ("e\u0301\u0302\u0303", 2, "e\u0301"),
        ("abc", 5, "abc"),
    ],
)
def test_no_character_is_cut_in_two(text: str, longest: int, left: str) -> None:
    assert cut(text, longest) == left


@given(text=st.text(max_size=30), longest=st.integers(1, 30))
def test_what_is_cut_is_a_beginning_that_fits_and_tears_no_mark_off(
    text: str, longest: int
) -> None:
    left = cut(text, longest)

    assert text.startswith(left)
    assert len(left) <= longest
    if 0 < len(left) < min(longest, len(text)):
        torn = text[len(left) :]
        assert not unicodedata.category(torn[0]).startswith("M")
    assert cut(left, longest) == left


# ------------------------------------------------------------------ users


def test_a_mapping_with_users_says_so_and_is_not_compiled_without_them() -> None:
    text = "version: 1\nopportunity: {type: 1, id: Id}\nfields:\n  Owner: {column: A, type: user}\n"
    mapping = parse_mapping(text, name="deals.yaml")

    assert mapping.needs_users
    with pytest.raises(MappingError) as caught:
        compile_mapping(mapping, COLUMNS)
    assert str(caught.value).startswith("deals.yaml:4: Owner names users by e-mail")
    assert "--metadata" in str(caught.value)
    assert "--online" in str(caught.value)
    row = SourceRow("a.csv", "", 2, 2, COLUMNS, (GUID, "nobody@example.com", ""))
    assert code(compile_mapping(mapping, COLUMNS, users={}).map(row)) == "not-a-user"
