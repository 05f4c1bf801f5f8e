"""Mappings that nobody should write: each is refused in our words, and none does harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import MappingError
from migrator.mapping import Mapping, parse_mapping
from tests.unit.test_mapping_language import WORKED

HEAD = "version: 1\nopportunity: {type: 12000, id: Id}\nfields:\n"


def refusal(fields: str) -> str:
    with pytest.raises(MappingError) as caught:
        parse_mapping(HEAD + fields, name="deals.yaml")
    return str(caught.value)


def parsed(text: str) -> Mapping | MappingError:
    try:
        return parse_mapping(text, name="deals.yaml")
    except MappingError as error:
        return error


@given(
    place=st.integers(0, len(WORKED)),
    length=st.integers(0, 12),
    put=st.text(
        alphabet=st.sampled_from("{}[]:,&*!|>'\"%@`#-?\n\t \\~<=0aé\x07\u2028"), max_size=4
    ),
)
def test_a_mangled_mapping_is_read_or_refused_in_our_words(
    place: int, length: int, put: str
) -> None:
    text = WORKED[:place] + put + WORKED[place + length :]
    result = parsed(text)

    if isinstance(result, MappingError):
        assert result.where.startswith("deals.yaml:")
        assert result.advice


@given(st.text())
def test_any_text_is_read_or_refused_in_our_words(text: str) -> None:
    with pytest.raises(MappingError):
        parse_mapping(text, name="deals.yaml")


@pytest.mark.parametrize("escape", ["\\UFFFFFFFF", "\\uD800", "\\0"])
def test_an_escape_that_no_text_can_hold_is_refused(escape: str) -> None:
    assert "deals.yaml:" in refusal(f'  mx_Custom_1: {{constant: "a{escape}"}}\n')


def test_a_strange_version_of_yaml_is_refused() -> None:
    with pytest.raises(MappingError, match="not YAML"):
        parse_mapping(f"%YAML 1.99999999999\n---\n{WORKED}", name="deals.yaml")


def test_a_value_that_contains_itself_is_refused() -> None:
    assert "contains itself" in refusal("  mx_Custom_1: &loop {values: [*loop , *loop ]}\n")


def test_an_anchor_that_stands_twice_is_refused() -> None:
    assert "stands twice" in refusal(
        "  mx_Custom_1: &one {column: A}\n  mx_Custom_2: &one {column: B}\n"
    )


def test_levels_without_end_are_refused() -> None:
    assert "levels" in refusal(f"  mx_Custom_1: {'[' * 5000}\n")


def test_aliases_of_aliases_are_built_once_each() -> None:
    bomb = "".join(
        f"  a{level}: &a{level} [{', '.join([f'*a{level - 1} '] * 4)}]\n" for level in range(1, 8)
    )

    assert "no field" in refusal(f"  a0: &a0 [{'x, ' * 1000}]\n{bomb}")


def test_a_fault_in_a_repeated_field_is_told_where_it_is_repeated() -> None:
    text = refusal("  mx_Custom_1: &f {column: A, tipe: text}\n  mx_Custom_2: *f\n")

    assert 'deals.yaml:4: unknown key "tipe" in fields.mx_Custom_1' in text
    assert 'deals.yaml:5: unknown key "tipe" in fields.mx_Custom_2' in text


def test_the_name_of_an_inner_kind_is_no_type() -> None:
    assert "no field" in refusal("  mx_Custom_1: {column: A, type: constant field}\n")
