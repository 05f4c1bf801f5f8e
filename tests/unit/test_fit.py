"""A mapping against an opportunity type: what does not fit is said with line and cure."""

import pytest

from migrator.fit import Code, fit
from migrator.metadata import FieldInfo
from tests.unit.fitting import (
    ASHA,
    LEENA,
    STAGE,
    STATUS,
    a_field,
    a_mapping,
    a_type,
    misfits,
    the_misfit,
)

DISCOUNT = a_field("mx_Custom_7", display_name="Discount", data_type="Number")
CLOSING = a_field("mx_Custom_8", display_name="Closing", data_type="DateTime")
DAY = a_field("mx_Custom_11", display_name="Closed on", data_type="Date")
SIGNED = a_field("mx_Custom_12", display_name="Signed", data_type="Boolean")
NAME = a_field("mx_Custom_1", display_name="Deal Name", max_length=200)
OWNER = a_field("Owner", display_name="Owner", data_type="ActiveUsers")


def test_a_mapping_that_fits_has_no_misfits() -> None:
    fields = (
        "mx_Custom_1: {column: A, expect: Deal Name, max_length: 200}\n"
        "mx_Custom_7: {column: B, type: number, expect: Discount}\n"
        "mx_Custom_8: {column: C, type: datetime}\n"
        "mx_Custom_11: {column: D, type: date}\n"
        "mx_Custom_12: {column: E, type: boolean}\n"
        "Owner: {column: F, type: user}\n"
        "Status: {column: G, type: choice, values: {won: Won}}\n"
        "mx_Custom_2: {constant: Closed Won}"
    )

    assert misfits(fields, NAME, DISCOUNT, CLOSING, DAY, SIGNED, OWNER, STATUS, STAGE) == []


# ------------------------------------------------------------------ fields and their names


def test_an_unknown_field_is_told_which_field_has_the_name_of_its_column() -> None:
    found = the_misfit("mx_Custom_99: Discount", NAME, DISCOUNT)

    assert (found.level, found.code, found.line) == ("error", Code.UNKNOWN_FIELD, 4)
    assert found.text == "the opportunity type 12000 (Deal) has no field mx_Custom_99"
    assert found.advice.startswith('mx_Custom_7 is called "Discount". ')


def test_a_display_name_in_the_place_of_a_schema_name_is_understood() -> None:
    assert "mx_Custom_1 is called" in the_misfit("DealName: A", NAME).advice


def test_an_unknown_field_like_no_name_gets_the_nearest_schema_name() -> None:
    assert 'Did you mean "mx_Custom_7"?' in the_misfit("mx_Custom_77: A", DISCOUNT).advice


def test_the_expected_name_must_be_the_fields_own() -> None:
    found = the_misfit("mx_Custom_7: {column: A, type: number, expect: Deal Name}", DISCOUNT, NAME)

    assert (found.level, found.code) == ("error", Code.OTHER_NAME)
    assert found.text == 'mx_Custom_7 is called "Discount" here, the mapping expects "Deal Name"'
    assert "written for another opportunity type or account" in found.advice
    assert 'mx_Custom_1 is called "Deal Name".' in found.advice


@pytest.mark.parametrize("expected", ["discount", '" Discount  "', "DISCOUNT"])
def test_an_expected_name_that_differs_in_case_is_a_warning(expected: str) -> None:
    found = misfits(f"mx_Custom_7: {{column: A, type: number, expect: {expected}}}", DISCOUNT)

    assert [one.level for one in found] == ([] if "Discount" in expected else ["warning"])


def test_a_name_that_is_not_told_cannot_be_checked() -> None:
    found = the_misfit("mx_Custom_4: {column: A, expect: Reason}", a_field("mx_Custom_4"))

    assert (found.level, found.code) == ("warning", Code.CANNOT_CHECK)


def test_a_mapping_for_another_type_is_refused() -> None:
    [found] = fit(a_mapping("mx_Custom_1: A"), a_type(NAME, code=12001))

    assert (found.level, found.code, found.line) == ("error", Code.OTHER_TYPE, 2)


def test_auto_ids_need_an_auto_id_field() -> None:
    with_auto_ids = "type: 12000, id: {column: Id, kind: auto_id}"
    number = a_field("mx_Custom_20", data_type="AutoId", is_read_only=True)

    [found] = misfits("mx_Custom_1: A", NAME, opportunity=with_auto_ids)

    assert found.level == "warning"
    assert misfits("mx_Custom_1: A", NAME, number, opportunity=with_auto_ids) == []


# ------------------------------------------------------------------ what no update can fill


@pytest.mark.parametrize(
    ("field", "code"),
    [
        (a_field("mx_Custom_30", is_read_only=True), Code.READ_ONLY),
        (a_field("mx_Custom_30", data_type="AutoId", is_read_only=True), Code.NOT_WRITABLE),
        (a_field("mx_Custom_30", data_type="File"), Code.NOT_WRITABLE),
        (a_field("mx_Custom_30", members=(a_field("mx_CustomObject_1"),)), Code.WRONG_TYPE),
    ],
    ids=["read-only", "AutoId", "file", "field set"],
)
def test_a_field_that_cannot_be_written_is_an_error(field: FieldInfo, code: Code) -> None:
    found = the_misfit("mx_Custom_30: A", field)

    assert (found.level, found.code) == ("error", code)


def test_created_on_may_be_enabled_by_support_and_is_a_warning() -> None:
    found = the_misfit(
        "CreatedOn: A", a_field("CreatedOn", data_type="DateTime", is_read_only=True)
    )

    assert (found.level, found.code) == ("warning", Code.READ_ONLY)
    assert the_misfit("CreatedOn: A", NAME).level == "warning"


def test_members_are_looked_for_in_their_set() -> None:
    member = a_field("mx_CustomObject_1", display_name="Pin code")
    field_set = a_field("mx_Custom_13", display_name="Address", members=(member,))

    assert misfits("mx_Custom_13: {fields: {mx_CustomObject_1: A}}", field_set) == []
    found = the_misfit("mx_Custom_13: {fields: {mx_CustomObject_2: A}}", field_set)
    assert (found.level, found.code) == ("error", Code.UNKNOWN_FIELD)
    assert 'Its members are "mx_CustomObject_1".' in found.advice


def test_members_that_are_not_told_cannot_be_checked() -> None:
    untold = a_field("mx_Custom_13", data_type="CustomObject")

    found = the_misfit("mx_Custom_13: {fields: {mx_CustomObject_2: A}}", untold)

    assert (found.level, found.code) == ("warning", Code.CANNOT_CHECK)


def test_a_field_that_is_no_set_has_no_members() -> None:
    found = the_misfit("mx_Custom_7: {fields: {mx_CustomObject_2: A}}", DISCOUNT)

    assert (found.level, found.code) == ("error", Code.WRONG_TYPE)


# ------------------------------------------------------------------ types


@pytest.mark.parametrize(
    ("field", "mapped", "level"),
    [
        (CLOSING, "A", "warning"),
        (CLOSING, "{column: A, type: date}", "error"),
        (CLOSING, "{column: A, type: number}", "error"),
        (DAY, "{column: A, type: datetime}", "warning"),
        (DAY, "A", "warning"),
        (DAY, "{column: A, type: boolean}", "error"),
        (DISCOUNT, "A", "warning"),
        (DISCOUNT, "{column: A, type: integer}", None),
        (DISCOUNT, '{template: "{A}{B}"}', "warning"),
        (DISCOUNT, "{column: A, type: email}", "error"),
        (SIGNED, "{column: A, type: number}", None),
        (SIGNED, "{column: A, type: phone, region: IN}", "error"),
        (OWNER, "A", None),
        (OWNER, "{column: A, type: email}", "error"),
        (NAME, "{column: A, type: number}", None),
        (NAME, "{column: A, type: datetime}", None),
        (STATUS, "{column: A, type: choices}", "warning"),
    ],
)
def test_what_is_sent_goes_with_what_the_field_takes(
    field: FieldInfo, mapped: str, level: str | None
) -> None:
    found = misfits(f"{field.schema_name}: {mapped}", field)

    assert [(one.level, one.code) for one in found] == (
        [] if level is None else [(level, Code.WRONG_TYPE)]
    )


def test_a_target_that_is_no_option_stands_in_its_own_line() -> None:
    found = the_misfit(
        'Status:\n  column: A\n  type: choice\n  values:\n    won: Won\n    lost: "lost "', STATUS
    )

    assert (found.level, found.code, found.line) == ("error", Code.NOT_AN_OPTION, 9)
    assert found.text == (
        'Status "lost " is not an option of Status (nearest: "Lost") (for "lost")'
    )


@pytest.mark.parametrize(
    ("field", "mapped", "code"),
    [
        (STATUS, "{constant: Wonn}", Code.NOT_AN_OPTION),
        (STAGE, "{constant: Quotation}", Code.RENAMED_OPTION),
        (DISCOUNT, '{constant: "5 %"}', Code.WRONG_DATA_TYPE),
        (OWNER, "{constant: asha@example.com}", Code.NOT_A_USER),
        (a_field("mx_Custom_4", max_length=3), "{constant: four}", Code.OVER_FIELD_LENGTH),
        (a_field("mx_Custom_4", is_mandatory=True), '{constant: ""}', Code.MANDATORY_BLANK),
        (DISCOUNT, "{column: A, type: choice, values: {low: cheap}}", Code.WRONG_DATA_TYPE),
    ],
)
def test_a_text_of_the_mapping_that_would_be_refused_is_an_error(
    field: FieldInfo, mapped: str, code: Code
) -> None:
    found = the_misfit(f"{field.schema_name}: {mapped}", field)

    assert (found.level, found.code) == ("error", code)
    assert "values:" not in found.advice


def test_owners_of_a_choice_must_be_active_users() -> None:
    fields = f"Owner: {{column: A, type: choice, values: {{a: {ASHA.id}, l: {LEENA.id}}}}}"

    [found] = fit(a_mapping(fields), a_type(OWNER), users=(ASHA, LEENA))

    assert (found.code, found.level) == (Code.INACTIVE_USER, "error")


def test_an_option_set_that_is_not_told_is_said_once() -> None:
    untold = a_field("mx_Custom_3", display_name="Source", data_type="SearchableDropdown")

    found = the_misfit("mx_Custom_3: A", untold)

    assert (found.level, found.code) == ("warning", Code.CANNOT_CHECK)
    assert "lists no options of mx_Custom_3 (Source)" in found.text


def test_a_length_of_the_mapping_above_the_fields_is_a_warning() -> None:
    found = the_misfit("mx_Custom_1: {column: A, max_length: 500}", NAME)

    assert (found.level, found.code) == ("warning", Code.MAX_LENGTH)


# ------------------------------------------------------------------ what is not sent


def test_mandatory_fields_that_are_not_sent_are_one_warning() -> None:
    first = a_field("mx_Custom_1", display_name="Name", is_mandatory=True)
    second = a_field("Owner", display_name="Owner", is_mandatory=True)
    kept = a_field("ModifiedBy", is_mandatory=True, is_read_only=True)

    found = the_misfit("mx_Custom_7: {column: A, type: number}", DISCOUNT, first, second, kept)

    assert (found.level, found.code) == ("warning", Code.MANDATORY_NOT_SENT)
    assert found.text == "mandatory and not sent: mx_Custom_1 (Name), Owner (Owner)"


def test_a_mandatory_field_that_a_blank_would_empty_is_a_warning() -> None:
    field = a_field("mx_Custom_1", is_mandatory=True)

    found = the_misfit("mx_Custom_1: {column: A, blank: clear}", field)

    assert (found.level, found.code) == ("warning", Code.MANDATORY_BLANK)


def test_a_status_without_its_stage_is_a_warning() -> None:
    found = the_misfit("Status: {column: A, type: choice, values: {won: Won}}", STATUS, STAGE)

    assert (found.level, found.code) == ("warning", Code.DEPENDENT_NOT_SENT)
    assert misfits("mx_Custom_2: A", STATUS, STAGE) == []


def test_a_status_without_its_comment_is_a_warning() -> None:
    comment = a_field("mx_Custom_19", display_name="Status Comment")
    other = a_field("mx_Custom_19", display_name="Colour")

    found = the_misfit("Status: A", STATUS, comment)

    assert (found.level, found.code) == ("warning", Code.STATUS_COMMENT)
    assert misfits("Status: A\nmx_Custom_19: B", STATUS, comment) == []
    assert misfits("Status: A", STATUS, other) == []


def test_misfits_come_in_the_order_of_the_lines() -> None:
    fields = "mx_Custom_99: A\nmx_Custom_98: B\nStatus: {constant: Wonn}"

    assert [one.line for one in misfits(fields, STATUS)] == [4, 5, 6]
