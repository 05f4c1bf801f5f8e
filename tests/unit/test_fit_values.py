"""Values against their fields: what LeadSquared would refuse is known before it is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.fit import Code
from migrator.metadata import FieldInfo
from tests.unit.fitting import (
    ASHA,
    LEENA,
    STAGE,
    STATUS,
    a_field,
    an_update,
    checks,
    problem_of,
    reason_of,
)

PRODUCTS = a_field(
    "mx_Custom_13",
    display_name="Products",
    data_type="Dropdown",
    options=("Licence", "Support"),
    is_multi_select=True,
)
INDUSTRY = a_field(
    "mx_Custom_15",
    display_name="Industry",
    data_type="Dropdown",
    options=("Retail", "Schools"),
    takes_others=True,
    max_length=10,
)
OWNER = a_field("Owner", display_name="Owner", data_type="ActiveUsers")


# ------------------------------------------------------------------ options


@pytest.mark.parametrize("value", ["Open", "Won", "Lost", ""])
def test_an_option_is_taken_as_it_stands(value: str) -> None:
    assert problem_of(value, STATUS) is None


@pytest.mark.parametrize(
    ("value", "nearest"),
    [("won", "Won"), ("Won ", "Won"), (" Won", "Won"), ("Wonn", "Won"), ("W.o.n", "Won")],
)
def test_a_text_that_only_looks_like_an_option_is_told_the_nearest(
    value: str, nearest: str
) -> None:
    found = problem_of(value, STATUS)

    assert found is not None
    assert found.code == Code.NOT_AN_OPTION
    assert found.reason == f'Status "{value}" is not an option of Status (nearest: "{nearest}")'
    assert f'"{value}": "{nearest}"' in found.advice
    assert (found.column, found.value) == ("Cell", value)


def test_options_that_differ_in_case_only_are_two() -> None:
    source = a_field("mx_Custom_3", data_type="Dropdown", options=("google_lp", "Google_lp"))

    assert reason_of("google_lp", source) == ""
    assert reason_of("Google_lp", source) == ""
    assert "is not an option" in reason_of("GOOGLE_LP", source)


def test_a_text_like_no_option_gets_the_list_of_them() -> None:
    found = problem_of("banana", STATUS)

    assert found is not None
    assert "nearest" not in found.reason
    assert 'The options are "Open", "Won", "Lost".' in found.advice


def test_a_former_option_is_named_with_its_name_of_today() -> None:
    found = problem_of("Quotation", STAGE)

    assert found is not None
    assert found.code == Code.RENAMED_OPTION
    assert '(renamed to "Proposal Sent")' in found.reason
    assert '`values: {"Quotation": "Proposal Sent"}`' in found.advice


def test_each_of_several_options_is_looked_at() -> None:
    assert reason_of("Licence;Support", PRODUCTS) == ""
    assert reason_of("Licence;support", PRODUCTS) == (
        'Products "support" (in "Licence;support") is not an option of mx_Custom_13 '
        '(nearest: "Support")'
    )
    assert "Two separators stand side by side" in str(problem_of("Licence;;Support", PRODUCTS))


def test_several_options_are_split_where_the_mapping_joins_them() -> None:
    mapped = 'mx_Custom_13: {column: Cell, type: choices, joined_by: "|"}'

    judge = checks(mapped, PRODUCTS)

    assert judge.check("mx_Custom_13", "Licence|Support") is None
    assert judge.check("mx_Custom_13", "Licence;Support") is not None


def test_a_separator_is_a_letter_like_others_where_one_option_is_taken() -> None:
    assert "is not an option" in reason_of("Open;Won", STATUS)


def test_other_texts_are_taken_where_the_field_takes_them() -> None:
    assert reason_of("Mining", INDUSTRY) == ""
    assert "takes 10" in reason_of("Agriculture", INDUSTRY)


def test_a_near_miss_is_told_even_where_other_texts_are_taken() -> None:
    assert reason_of("retail ", INDUSTRY) == (
        'Industry "retail " differs from the option "Retail" of mx_Custom_15 in case, spaces or '
        "punctuation only"
    )


def test_nothing_is_said_of_a_dropdown_that_tells_no_options() -> None:
    assert problem_of("anything", a_field("mx_Custom_3", data_type="Dropdown")) is None


# ------------------------------------------------------------------ a stage under its status


def test_a_stage_under_another_status_is_refused() -> None:
    judge = checks("Status: S\nmx_Custom_2: G", STATUS, STAGE)

    [found] = judge.problems(an_update(Status="Open", mx_Custom_2="Closed Won"))

    assert found.code == Code.NOT_UNDER_PARENT
    assert found.reason == (
        'Stage "Closed Won" is not an option of mx_Custom_2 under Status "Open"'
    )
    assert 'It stands under Status "Won"' in found.advice
    assert found.column == "G"


def test_a_stage_under_its_status_is_taken_whatever_the_order() -> None:
    judge = checks("mx_Custom_2: G\nStatus: S", STATUS, STAGE)

    assert judge.problems(an_update(mx_Custom_2="Closed Won", Status="Won")) == ()


def test_a_stage_under_a_status_that_has_none_is_refused() -> None:
    judge = checks("Status: S\nmx_Custom_2: G", STATUS, STAGE)

    [found] = judge.problems(an_update(Status="Lost", mx_Custom_2="Closed Won"))

    assert found.code == Code.NOT_UNDER_PARENT


def test_a_stage_alone_must_stand_under_some_status() -> None:
    judge = checks("Status: S\nmx_Custom_2: G", STATUS, STAGE)

    assert judge.problems(an_update(mx_Custom_2="Closed Won")) == ()
    [found] = judge.problems(an_update(mx_Custom_2="Closed"))
    assert found.code == Code.NOT_AN_OPTION


def test_what_is_wrong_by_itself_is_told_once() -> None:
    judge = checks("Status: S\nmx_Custom_2: G", STATUS, STAGE)

    found = judge.problems(an_update(Status="won", mx_Custom_2="Closed"))

    assert [one.code for one in found] == [Code.NOT_AN_OPTION, Code.NOT_AN_OPTION]


def test_a_constant_status_holds_for_every_stage() -> None:
    judge = checks("Status: {constant: Won}\nmx_Custom_2: G", STATUS, STAGE)

    [found] = judge.problems(an_update(Status="Won", mx_Custom_2="Prospecting"))

    assert found.code == Code.NOT_UNDER_PARENT


# ------------------------------------------------------------------ users


def test_a_user_is_named_by_the_guid_of_an_active_one() -> None:
    assert reason_of(ASHA.id.upper(), OWNER, users=(ASHA, LEENA)) == ""
    assert "a user who is not active" in reason_of(LEENA.id, OWNER, users=(ASHA, LEENA))
    nobody = "00000000-0000-0000-0000-000000000009"
    assert "not a user of this account" in reason_of(nobody, OWNER, users=(ASHA,))


def test_an_address_is_no_guid_and_the_way_to_one_is_told() -> None:
    found = problem_of("asha@example.com", OWNER)

    assert found is not None
    assert found.reason == 'Owner "asha@example.com" is not a user\'s GUID'
    assert "`type: user`" in found.advice


def test_any_guid_is_taken_where_the_users_are_not_known() -> None:
    assert problem_of(LEENA.id, OWNER) is None


# ------------------------------------------------------------------ data types and lengths

NUMBER = a_field("mx_Custom_6", display_name="Deal Size", data_type="Number")
DATE = a_field("mx_Custom_8", data_type="Date")
MOMENT = a_field("mx_Custom_9", data_type="DateTime")
TRUTH = a_field("mx_Custom_12", data_type="Boolean")
SHORT = a_field("mx_Custom_4", display_name="Reason", max_length=5)


@pytest.mark.parametrize(
    ("field", "taken", "refused"),
    [
        (NUMBER, ["0", "-5", "15000.50", "007"], ["", "10-20 L", "1e5", " 1", "१"]),
        (TRUTH, ["true", "False", "1", "0"], ["", "yes", "2", "true "]),
        (DATE, ["2024-04-02", "2024-04-02 00:00:00"], ["", "02/04/2024", "2024-02-30"]),
        (
            MOMENT,
            ["2024-04-02 12:13:44"],
            ["", "2024-04-02", "2024-04-02T12:13:44", "2024-04-02 25:00:00"],
        ),
        (SHORT, ["12345", "äöüß€"], ["", "123456"]),
        (a_field("mx_Custom_5"), ["x" * 10_000], [""]),
    ],
    ids=["number", "boolean", "date", "datetime", "length", "no length told"],
)
def test_values_are_held_against_the_data_type(
    field: FieldInfo, taken: list[str], refused: list[str]
) -> None:
    assert [value for value in taken if problem_of(value, field)] == []
    # The first, "", empties the field, which every field takes that is not mandatory.
    assert [value for value in refused if problem_of(value, field) is None] == [""]


def test_commas_in_a_number_pass_as_in_the_vendors_own_example() -> None:
    assert problem_of("200,000", NUMBER) is None


def test_a_length_is_told_with_both_numbers() -> None:
    assert reason_of("123456", SHORT) == "Reason has 6 characters, mx_Custom_4 takes 5"


def test_a_mandatory_field_cannot_be_emptied() -> None:
    field = a_field("mx_Custom_1", display_name="Name", is_mandatory=True)
    judge = checks("mx_Custom_1: {column: Cell, blank: clear}", field)

    [found] = judge.problems(an_update(mx_Custom_1=""))

    assert found.code == Code.MANDATORY_BLANK
    assert found.reason == "mx_Custom_1 (Name) is mandatory and would be emptied"


def test_a_member_of_a_field_set_is_checked_under_its_path() -> None:
    member = a_field("mx_CustomObject_1", display_name="Size", data_type="Number")
    field_set = a_field("mx_Custom_13", data_type="CustomObject", members=(member,))
    judge = checks("mx_Custom_13: {fields: {mx_CustomObject_1: Cell}}", field_set)

    found = judge.check("mx_Custom_13~mx_CustomObject_1", "large")

    assert found is not None
    assert "mx_Custom_13~mx_CustomObject_1 (Number)" in found.reason


def test_members_depend_on_each_other_inside_their_set() -> None:
    country = a_field("mx_CustomObject_1", data_type="Dropdown", options=("India", "Nepal"))
    town = a_field(
        "mx_CustomObject_2",
        data_type="Dropdown",
        parent="mx_CustomObject_1",
        options_under={"India": ("Pune",), "Nepal": ("Pokhara",)},
    )
    field_set = a_field("mx_Custom_13", members=(country, town))
    judge = checks(
        "mx_Custom_13: {fields: {mx_CustomObject_1: A, mx_CustomObject_2: B}}", field_set
    )
    names = ("mx_Custom_13~mx_CustomObject_1", "mx_Custom_13~mx_CustomObject_2")

    [found] = judge.problems(an_update(**dict(zip(names, ("India", "Pokhara"), strict=True))))

    assert found.code == Code.NOT_UNDER_PARENT
    assert judge.problems(an_update(**dict(zip(names, ("Nepal", "Pokhara"), strict=True)))) == ()


def test_nothing_is_said_of_a_field_that_the_type_does_not_have() -> None:
    assert checks("mx_Custom_99: Cell", STATUS).check("mx_Custom_99", "x") is None


# ------------------------------------------------------------------ laws


@given(st.text(), st.lists(st.text(min_size=1), min_size=1, unique=True), st.booleans())
def test_a_value_is_taken_exactly_when_it_is_an_option(
    value: str, options: list[str], several: bool
) -> None:
    field = a_field(
        "mx_Custom_3", data_type="Dropdown", options=tuple(options), is_multi_select=several
    )
    judge = checks("mx_Custom_3: Cell", field)

    is_option = value in options
    parts_are = several and set(value.split(";")) <= set(options)

    assert (judge.check("mx_Custom_3", value) is None) == (value == "" or is_option or parts_are)
    assert judge.check("mx_Custom_3", value) == judge.check("mx_Custom_3", value)


KINDS = (NUMBER, DATE, MOMENT, TRUTH, SHORT, OWNER, INDUSTRY, PRODUCTS, STAGE)


@given(st.text(), st.sampled_from(KINDS))
def test_any_text_gets_a_complete_answer_and_never_an_exception(
    value: str, field: FieldInfo
) -> None:
    found = problem_of(value, field, users=(ASHA,))

    assert found is None or (found.value == value and found.reason and found.advice)
