"""The keys of fields: what contradicts itself is refused where it stands, with what to write."""

import pytest

from migrator.errors import MappingError
from migrator.mapping import FieldSet, Mapping, parse_mapping

HEAD = "version: 1\nopportunity: {type: 12000, id: Id}\n"


def mapping_of(fields: str, head: str = HEAD) -> Mapping:
    return parse_mapping(f"{head}fields:\n{fields}", name="deals.yaml")


def refusal(fields: str, head: str = HEAD) -> str:
    with pytest.raises(MappingError) as caught:
        mapping_of(fields, head)
    return str(caught.value)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("{column: A, required: true, clear_value: '#CLEAR'}", "contradict"),
        ("{column: A, clear_value: ' '}", "clear value is blank"),
        ("{column: A, blank_values: [NA], clear_value: NA}", "Keep one"),
        ("{column: A, blank_values: ['']}", "blank stands in the list"),
        ("{column: A, too_long: truncate}", "max_length"),
        ("{column: A, type: number, max_length: 3, too_long: truncate}", "does not belong"),
        ("{constant: a, too_long: truncate}", "does not belong"),
        ("{column: A, type: number, grouping: western, decimal: ','}", "groups"),
        ("{column: A, type: number, grouping: european, decimal: '.'}", "groups"),
        ("{column: A, type: number, lone_point: group}", "comma"),
        ("{column: A, type: number, decimal: ',', lone_point: group}", "grouping: european"),
        ("{column: A, type: number, decimal: ';'}", "not allowed"),
        ("{column: A, type: number, currency: [5]}", "no currency"),
        ("{column: A, type: boolean, true: [ja]}", "none for false"),
        ("{column: A, type: boolean, true: [ja], false: [JA]}", "means true and false"),
        ("{column: A, type: datetime, serials: true}", "time zone"),
        ("{column: A, type: choices, separator: ''}", "separate"),
        ("{column: A, type: choices, values: {}}", "no values"),
        ("{column: A, type: choices, values: {'a;b': x}}", "separator"),
        ("{column: A, type: choices, values: {a: 'x;y'}}", "separator"),
        ("{column: A, type: choice, values: {NA: x}, blank_values: [NA]}", "blank values"),
        ("{column: A, type: phone, region: India}", "no region"),
        ("{column: A, type: phone, form: national}", "leadsquared"),
        ("{column: A, type: email, region: IN}", "does not belong to an email"),
        ("{fields: {}}", "no members"),
        ("{fields: {Street: A}}", "mx_CustomObject_1"),
        ("{fields: {mx_customobject_1: A}}", 'Did you mean "mx_CustomObject_1"'),
        ("{fields: {mx_CustomObject_1: {fields: {mx_CustomObject_2: A}}}}", "field"),
        ("{fields: {mx_CustomObject_1: {column: A, type: nummber}}}", 'Did you mean "number"'),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(field: str, words: str) -> None:
    said = refusal(f"  mx_Custom_1: {field}\n")

    assert said.startswith("deals.yaml:4: ")
    assert words in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mx_CustomObject_1", "mx_Custom_N: {fields:"),
        ("mx_Custom_1~mx_CustomObject_2", "mx_Custom_1: {fields: {mx_CustomObject_2: COLUMN}}"),
    ],
)
def test_a_member_outside_its_set_is_refused_with_the_set_written_out(
    name: str, words: str
) -> None:
    assert words in refusal(f"  {name}: A\n")


def test_a_fault_inside_a_field_set_has_the_line_of_its_member() -> None:
    said = refusal(
        "  mx_Custom_13:\n    fields:\n      mx_CustomObject_1: A\n"
        "      mx_CustomObject_2: {column: B, typ: number}\n"
    )

    assert said.startswith("deals.yaml:7: ")
    assert 'Did you mean "type"' in said


def test_members_that_differ_in_case_alone_are_refused() -> None:
    said = refusal("  mx_Custom_13: {fields: {mx_CustomObject_1: A, MX_CustomObject_1: B}}\n")

    assert "stands in line 4 already" in said


def test_the_order_of_members_is_content() -> None:
    one, other = (
        mapping_of(f"  mx_Custom_13: {{fields: {{{members}}}}}\n")
        for members in (
            "mx_CustomObject_1: A, mx_CustomObject_2: B",
            "mx_CustomObject_2: B, mx_CustomObject_1: A",
        )
    )

    assert one.digest != other.digest
    assert not any(isinstance(field, FieldSet) for field in one.fields.values())


def test_new_keys_left_to_their_defaults_do_not_change_the_digest() -> None:
    short = mapping_of("  mx_Custom_1: {column: A, type: number}\n")
    long = mapping_of(
        "  mx_Custom_1: {column: A, type: number, currency: [], lone_point: error}\n",
        HEAD.replace("id: Id", "id: Id, rows_per_opportunity: in_order"),
    )

    assert short.digest == long.digest


def test_the_file_may_say_how_rows_of_one_opportunity_are_taken() -> None:
    head = HEAD.replace("id: Id", "id: Id, rows_per_opportunity: merge")

    assert mapping_of("  mx_Custom_1: A\n", head).opportunity.rows_per_opportunity == "merge"
    assert "in_order" in refusal("  mx_Custom_1: A\n", head.replace("merge", "last"))


def test_what_is_expected_of_a_field_is_kept() -> None:
    field = mapping_of("  mx_Custom_1: {column: A, expect: Deal Size}\n").fields["mx_Custom_1"]

    assert field.expect == "Deal Size"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("2", "newer migrator"),
        ("1.0", "nothing else needs to change"),
        ('"0.9"', "only one so far"),
        ("v1", "Write `version: 1`"),
        ("latest", "Write `version: 1`."),
    ],
)
def test_another_version_is_refused_with_what_to_write(version: str, words: str) -> None:
    said = refusal("  mx_Custom_1: A\n", HEAD.replace("version: 1", f"version: {version}"))

    assert said.startswith("deals.yaml:1: this migrator reads version 1 of the mapping")
    assert words in said
