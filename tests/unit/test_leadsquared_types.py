"""Replies about types, fields and users: what is told is kept, whatever stands around it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.leadsquared_types import (
    LONGEST_METADATA,
    read_type,
    read_types,
    read_users,
    type_request,
    types_request,
    users_request,
)
from migrator.metadata import FieldInfo, TypeInfo, UserInfo
from migrator.model import LONGEST_ANSWER, NoReply, NoReplyKind, Reading, Reply, Request, Verdict

ASHA = "0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b01"
AN_ERROR = {
    "Status": "Error",
    "ExceptionType": "MXInvalidActivityException",
    "ExceptionMessage": "Invalid Activity Event Code: 12009",
}


def a_reply(content: object, status: int = 200) -> Reply:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Reply(status=status, body=body)


def type_of(content: object) -> TypeInfo:
    found = read_type(a_reply(content), code=12000)
    assert isinstance(found, TypeInfo), found
    return found


def field_of(**members: Any) -> FieldInfo:
    field = {"SchemaName": "mx_Custom_3", **members}
    [found] = type_of({"EventCode": 12000, "DisplayName": "Deal", "Fields": [field]}).fields
    return found


def an_option_set(*options: object) -> str:
    return json.dumps(list(options))


def test_the_calls_are_gets_that_expect_long_answers() -> None:
    assert type_request(12000) == Request(
        method="GET",
        path="OpportunityManagement.svc/GetOpportunityTypeMetadata",
        query=(("code", "12000"),),
        longest_answer=LONGEST_METADATA,
    )
    assert types_request().path == "OpportunityManagement.svc/GetOpportunityTypes"
    assert users_request().path == "UserManagement.svc/Users.Get"
    assert users_request().longest_answer > LONGEST_ANSWER


# ------------------------------------------------------------------ types


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"List": items}])
def test_types_are_read_bare_and_wrapped(wrap: Any) -> None:
    items = [
        {"EventCode": 12000, "DisplayName": "Deal", "Fields": None},
        {"EventCode": "12001", "Name": "Loan", "Unknown": [1]},
        {"DisplayName": "no code"},
        "no object",
    ]

    assert read_types(a_reply(wrap(items))) == (
        TypeInfo(code=12000, name="Deal"),
        TypeInfo(code=12001, name="Loan"),
    )


@pytest.mark.parametrize(
    "wrap",
    [lambda one: one, lambda one: [one], lambda one: {"Data": one}, lambda one: {"d": [one]}],
)
def test_a_type_is_read_bare_and_wrapped(wrap: Any) -> None:
    found = type_of(wrap({"DisplayName": "Deal", "Fields": [{"SchemaName": "Status"}]}))

    assert (found.code, found.name) == (12000, "Deal")
    assert [field.schema_name for field in found.fields] == ["Status"]


def test_metadata_of_another_type_is_not_taken_for_the_one_asked_for() -> None:
    found = read_type(a_reply({"EventCode": 12001, "Fields": []}), code=12000)

    assert isinstance(found, Reading)
    assert found.verdict is Verdict.UNKNOWN


def test_a_field_has_what_is_told_of_it() -> None:
    assert field_of(
        DisplayName=" Deal Size ",
        DataType="Number",
        IsMandatory=True,
        IsReadOnly=0,
        MaxFieldLength=200,
        IsMultiSelectDropdown="1",
        IncludeOthersOption="True",
        ParentField="Status",
        OptionSet="",
        SomethingNew={"a": 1},
    ) == FieldInfo(
        schema_name="mx_Custom_3",
        display_name="Deal Size",
        data_type="Number",
        is_mandatory=True,
        max_length=200,
        is_multi_select=True,
        takes_others=True,
        parent="Status",
    )


@pytest.mark.parametrize("length", [0, None, "", "-1", "many"])
def test_a_length_that_is_no_number_above_0_is_not_told(length: object) -> None:
    assert field_of(MaxFieldLength=length).max_length is None


def test_a_field_without_a_schema_name_is_passed_over() -> None:
    assert type_of({"Fields": [{"DisplayName": "?"}, None, 7]}).fields == ()


# ------------------------------------------------------------------ options


def test_options_are_exact_and_stand_in_text_or_value() -> None:
    options = an_option_set(
        {"Text": "", "Value": "Invalid/ Junk"}, {"Text": "won "}, "plain", {"Value": 2024}, {}
    )

    assert field_of(OptionSet=options).options == ("Invalid/ Junk", "won ", "plain", "2024")


@pytest.mark.parametrize("nothing", ["", " ", None, "[]", "{}", "not JSON", 7, "null"])
def test_no_options_told_is_not_nothing_allowed(nothing: object) -> None:
    field = field_of(OptionSet=nothing, DependentOptionSet=nothing)

    assert (field.options, field.options_under) == (None, None)


def test_an_option_set_may_be_a_list_without_a_text_around_it() -> None:
    assert field_of(OptionSet=[{"Value": "Web"}]).options == ("Web",)


def test_a_renamed_option_keeps_its_former_text() -> None:
    options = an_option_set(
        {"Value": "Referral", "OldValue": "Recommendation"},
        {"Value": "Web", "OldValue": "Web"},
        {"Value": "Fair", "OldValue": "Referral"},
        {"Value": "Post", "OldValue": None},
    )

    # "Referral" is an option today: it means itself.
    assert field_of(OptionSet=options).old_options == {"Recommendation": "Referral"}


@pytest.mark.parametrize(
    "form",
    [
        {"Open": [{"Value": "New"}, {"Value": "Old"}], "Won": [{"Value": "Done"}]},
        {"Open": '[{"Text": "New"}, {"Text": "Old"}]', "Won": ["Done"]},
        [
            {"ParentValue": "Open", "Options": [{"Value": "New"}, {"Value": "Old"}]},
            {"ParentValue": "Won", "OptionSet": '[{"Value": "Done"}]'},
        ],
        [
            {"Value": "New", "ParentValue": "Open"},
            {"Value": "Old", "ParentValue": "Open"},
            {"Value": "Done", "ParentValue": "Won"},
        ],
    ],
    ids=["object", "texts inside", "list of lists", "flat list"],
)
def test_options_under_a_parent_are_read_in_each_likely_form(form: object) -> None:
    for told in (form, json.dumps(form)):
        found = field_of(DependentOptionSet=told, ParentField="Status").options_under

        assert found == {"Open": ("New", "Old"), "Won": ("Done",)}


def test_members_of_a_field_set_are_fields() -> None:
    member = {"SchemaName": "mx_CustomObject_1", "DisplayName": "Pin", "DataType": "String"}

    for told in ([member], json.dumps([member])):
        assert field_of(Fields=told).members == (
            FieldInfo(schema_name="mx_CustomObject_1", display_name="Pin", data_type="String"),
        )


# ------------------------------------------------------------------ users


def test_users_are_read_with_their_state() -> None:
    items = [
        {
            "ID": ASHA,
            "FirstName": "Asha",
            "LastName": "N",
            "EmailAddress": "a@b.c",
            "StatusCode": 0,
        },
        {"ID": "2", "FirstName": "Leena", "StatusCode": "1", "Role": "Sales_User"},
        {"ID": "3", "LastName": None},
        {"FirstName": "nobody"},
    ]

    assert read_users(a_reply(items)) == (
        UserInfo(id=ASHA, email="a@b.c", name="Asha N"),
        UserInfo(id="2", name="Leena", is_active=False),
        UserInfo(id="3"),
    )


# ------------------------------------------------------------------ what is no answer

READERS = (read_types, lambda reply: read_type(reply, code=12000), read_users)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (a_reply(AN_ERROR, 500), Verdict.REFUSED),
        (a_reply(AN_ERROR, 200), Verdict.REFUSED),
        (a_reply(b"", 500), Verdict.UNKNOWN),
        (a_reply(b"<html>", 200), Verdict.UNKNOWN),
        (a_reply(b'[{"SchemaName": "cut of', 200), Verdict.UNKNOWN),
        (a_reply({"Status": "Success"}), Verdict.UNKNOWN),
        (a_reply(b"null"), Verdict.UNKNOWN),
        (a_reply(b"7"), Verdict.UNKNOWN),
        (a_reply({}, 401), Verdict.ACCESS),
        (a_reply(b"", 429), Verdict.RATE),
        (NoReply(kind=NoReplyKind.DNS, written=False, text=""), Verdict.TARGET_FAULT),
    ],
)
def test_what_is_no_answer_is_a_reading(
    read: Any, reply: Reply | NoReply, verdict: Verdict
) -> None:
    found = read(reply)

    assert isinstance(found, Reading)
    assert found.verdict is verdict
    assert found.message or found.exception


MEMBERS = ["Fields", "SchemaName", "OptionSet", "DependentOptionSet", "EventCode", "Value"]
MEMBERS += ["Text", "OldValue", "ParentValue", "Options", "ID", "StatusCode", "Data", "List"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inside,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON | st.binary(), st.sampled_from([200, 400, 500]))
def test_no_reply_makes_a_reader_raise(content: object, status: int) -> None:
    for read in READERS:
        read(a_reply(content, status))
