"""``Update`` and ``GetOpportunityDetails`` over real HTTP, row by row of the vendor notes."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from migrator.sandbox import Breaches, FieldRule, OnBreach, Sandbox, SandboxOptions, Seed
from tests.integration.sandbox_caller import DETAILS, GUID, OTHER, UPDATE, Caller, calling


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


# ------------------------------------------------------------------ what is applied


async def test_the_documented_example_gets_exactly_the_documented_answer(caller: Caller) -> None:
    got = await caller.update(
        note="Update note", mx_Custom_6="200,000", mx_Custom_8="2020-09-16 12:13:44"
    )

    assert (got.status, got.content_type) == (200, "application/json")
    assert got.json == {"Status": "Success", "Message": {"Id": GUID}}
    shown = (await caller.details()).json
    assert (shown["ID"], shown["OpportunityNote"]) == (GUID, "Update note")
    assert await caller.values() == {"mx_Custom_6": "200,000", "mx_Custom_8": "2020-09-16 12:13:44"}


async def test_only_the_named_fields_change(caller: Caller) -> None:
    await caller.update(Status="Open", mx_Custom_6="1")
    await caller.update(mx_Custom_6="2")

    assert await caller.values() == {"Status": "Open", "mx_Custom_6": "2"}


async def test_a_guid_is_the_same_in_any_case(caller: Caller) -> None:
    got = await caller.update(GUID.upper(), mx_Custom_1="a")

    assert got.json["Message"]["Id"] == GUID
    assert caller.sandbox.opportunities[GUID].fields == {"mx_Custom_1": "a"}


async def test_an_auto_id_is_answered_with_its_guid() -> None:
    async with calling(seeds=(Seed(guid=GUID, auto_id="OPP-0017"),)) as caller:
        got = await caller.update("OPP-0017", mx_Custom_1="a")

        assert got.json["Message"]["Id"] == GUID
        assert (await caller.details("OPP-0017")).json["ID"] == GUID


async def test_an_empty_list_of_fields_is_a_success_without_change(caller: Caller) -> None:
    await caller.update(mx_Custom_1="a")
    got = await caller.update()

    assert got.status == 200
    assert await caller.values() == {"mx_Custom_1": "a"}


async def test_an_empty_text_clears_a_field(caller: Caller) -> None:
    await caller.update(mx_Custom_1="a")
    await caller.update(mx_Custom_1="")

    assert await caller.values() == {"mx_Custom_1": ""}


async def test_a_custom_field_set_is_merged_member_by_member(caller: Caller) -> None:
    for member, value in (("mx_CustomObject_1", "a"), ("mx_CustomObject_2", "b")):
        nested = [{"SchemaName": member, "Value": value}]
        field = {"SchemaName": "mx_Custom_13", "Value": "", "Fields": nested}
        await caller.post({"ProspectOpportunityId": GUID, "Fields": [field]})

    assert json.loads((await caller.values())["mx_Custom_13"]) == {
        "mx_CustomObject_1": "a",
        "mx_CustomObject_2": "b",
    }


# ------------------------------------------------------------------ notes


async def test_every_note_is_kept_with_its_count_and_the_last_is_shown(caller: Caller) -> None:
    for note in ("first", "second", "first"):
        await caller.update(note=note)

    assert caller.sandbox.opportunities[GUID].notes == {"first": 2, "second": 1}
    assert (await caller.details()).json["OpportunityNote"] == "first"


async def test_an_overwriting_account_keeps_the_last_note_only() -> None:
    async with calling(notes="overwrite") as caller:
        await caller.update(note="first")
        await caller.update(note="second")

        assert caller.sandbox.opportunities[GUID].notes == {"second": 1}


async def test_an_update_without_a_note_leaves_the_note_alone(caller: Caller) -> None:
    await caller.update(note="kept")
    await caller.update(note="")
    await caller.update(mx_Custom_1="a")

    assert caller.sandbox.opportunities[GUID].notes == {"kept": 1}
    assert (await caller.details()).json["OpportunityNote"] == "kept"


# ------------------------------------------------------------------ read lag


async def test_a_read_shows_a_write_only_after_the_lag() -> None:
    now = 100.0
    sandbox = Sandbox(SandboxOptions(read_lag=3.0), monotonic=lambda: now)
    async with calling(sandbox) as caller:
        await caller.update(note="n", mx_Custom_1="a")
        assert await caller.values() == {}
        assert (await caller.details()).json["OpportunityNote"] == ""

        now = 103.0
        assert await caller.values() == {"mx_Custom_1": "a"}
        assert (await caller.details()).json["OpportunityNote"] == "n"


async def test_each_write_has_the_lag_of_its_own_time_and_carries_the_earlier_ones() -> None:
    now = 0.0
    sandbox = Sandbox(SandboxOptions(read_lag=60.0), monotonic=lambda: now)
    async with calling(sandbox) as caller:
        await caller.update(mx_Custom_1="a")
        sandbox.change(read_lag=0.0)
        assert await caller.values() == {}

        await caller.update(mx_Custom_2="b")
        assert await caller.values() == {"mx_Custom_1": "a", "mx_Custom_2": "b"}


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("content", "status", "exception"),
    [
        ({"Fields": []}, 500, "MXMandatoryAttributeMissingException"),
        ({"ProspectOpportunityId": "", "Fields": []}, 500, "MXMandatoryAttributeMissingException"),
        ({"ProspectOpportunityId": 17, "Fields": []}, 400, "MXInvalidInputException"),
        (
            {"ProspectOpportunityId": "OPP-404", "Fields": []},
            500,
            "MXUnknownProspectActivityException",
        ),
        ({"LeadDetails": [], "Opportunity": {"Fields": []}}, 500, "MXInvalidInputException"),
        (
            {
                "ProspectOpportunityId": GUID,
                "Fields": {"SchemaName": "mx_Custom_1", "Value": "a"},
            },
            400,
            "MXInvalidInputException",
        ),
        ([{"ProspectOpportunityId": GUID}], 400, "MXInvalidInputException"),
        ({"ProspectOpportunityId": GUID, "Fields": ["a"]}, 400, "MXInvalidInputException"),
        (
            {"ProspectOpportunityId": GUID, "Fields": [{"Attribute": "a", "Value": "b"}]},
            500,
            "MXInvalidActivityFieldsException",
        ),
        (
            {"ProspectOpportunityId": GUID, "Fields": [{"SchemaName": "Status", "Value": 3}]},
            400,
            "MXInvalidInputException",
        ),
        (
            {"ProspectOpportunityId": GUID, "Fields": [{"SchemaName": "a b", "Value": "c"}]},
            500,
            "MXInvalidActivityFieldsException",
        ),
        (
            {"ProspectOpportunityId": GUID, "OpportunityNote": {"text": "n"}, "Fields": []},
            400,
            "MXInvalidInputException",
        ),
        (
            {"ProspectOpportunityId": GUID, "OpportunityNote": "<Script>", "Fields": []},
            500,
            "MXXSSException",
        ),
    ],
)
async def test_a_body_of_another_form_is_refused_in_leadsquareds_words(
    caller: Caller, content: Any, status: int, exception: str
) -> None:
    got = await caller.post(content)

    assert (got.status, got.exception) == (status, exception)
    assert not any(record.applied for record in caller.sandbox.log)


async def test_captures_shape_is_answered_with_the_complaint_about_source(caller: Caller) -> None:
    got = await caller.post({"LeadDetails": [], "Opportunity": {}})

    assert "source" in got.json["ExceptionMessage"]


async def test_null_is_refused_and_the_other_fields_of_the_call_stay(caller: Caller) -> None:
    got = await caller.update(mx_Custom_1="a", mx_Custom_2=None)

    assert (got.status, got.exception) == (500, "MXInvalidInputException")
    assert await caller.values() == {}


async def test_markup_in_a_value_is_refused_by_name(caller: Caller) -> None:
    got = await caller.update(mx_Custom_1="x <script>alert(1)</script>")

    assert (got.status, got.exception) == (500, "MXXSSException")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"ProspectOpportunityId": ', "application/json"),
        (b"", "application/json"),
        (b'{"ProspectOpportunityId": "caf\xe9", "Fields": []}', "application/json"),
        (b'{"ProspectOpportunityId": "\\ud800", "Fields": []}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"{}", "text/plain"),
    ],
    ids=["cut", "empty", "latin-1", "half a surrogate", "too deep", "not json"],
)
async def test_what_is_not_utf8_json_is_a_400(
    caller: Caller, body: bytes, content_type: str
) -> None:
    got = await caller.call("POST", UPDATE, data=body, headers={"Content-Type": content_type})

    assert got.status == 400
    assert got.json["Status"] == "Error"


async def test_details_of_an_unknown_id_are_a_500_not_a_404() -> None:
    async with calling(unknown=(OTHER.upper(),)) as caller:
        got = await caller.details(OTHER)
        assert (got.status, got.exception) == (500, "MXUnknownProspectActivityException")

        nameless = await caller.call("GET", DETAILS)
        assert (nameless.status, nameless.exception) == (
            500,
            "MXMandatoryAttributeMissingException",
        )


async def test_with_given_opportunities_no_other_exists() -> None:
    async with calling(seeds=(Seed(guid=GUID, note="old", fields={"Status": "Open"}),)) as caller:
        assert (await caller.update(OTHER, Status="Won")).status == 500
        assert await caller.values() == {"Status": "Open"}
        assert (await caller.details()).json["OpportunityNote"] == "old"


async def test_errors_can_carry_the_mark_of_some_replies() -> None:
    async with calling(marked_errors=True, unknown=(OTHER,)) as caller:
        assert (await caller.update(OTHER)).json["IsMXException"] is True
        assert "IsMXException" not in (await caller.update(GUID)).json


# ------------------------------------------------------------------ declared fields

RULES = {
    rule.schema_name: rule
    for rule in (
        FieldRule(schema_name="mx_Custom_1", mandatory=True, max_length=5),
        FieldRule(schema_name="mx_Custom_6", data_type="Number"),
        FieldRule(schema_name="mx_Custom_8", data_type="DateTime"),
        FieldRule(schema_name="mx_Custom_20", data_type="Date"),
        FieldRule(schema_name="mx_Custom_21", data_type="Boolean"),
        FieldRule(schema_name="ModifiedBy", read_only=True),
        FieldRule(schema_name="Status", data_type="Dropdown", options=("Open", "Won")),
        FieldRule(
            schema_name="mx_Custom_2",
            data_type="SearchableDropdown",
            parent="Status",
            options_under={"Open": ("Prospecting",), "Won": ("Closed Won",)},
        ),
    )
}


@pytest.mark.parametrize(
    ("fields", "exception"),
    [
        ({"Status": "open"}, "MXInvalidEntityReferenceException"),
        ({"Status": "Won", "mx_Custom_2": "Prospecting"}, "MXInvalidEntityReferenceException"),
        ({"mx_Custom_6": "10-20 L"}, "MXInvalidDataTypeException"),
        ({"mx_Custom_8": "16/09/2020 12:13"}, "MXInvalidDataTypeException"),
        ({"mx_Custom_8": "2020-02-30 12:13:44"}, "MXInvalidDataTypeException"),
        ({"mx_Custom_20": "16.09.2020"}, "MXInvalidDataTypeException"),
        ({"mx_Custom_21": "yes"}, "MXInvalidDataTypeException"),
        ({"mx_Custom_1": ""}, "MXInvalidActivityFieldsException"),
        ({"mx_Custom_1": "123456"}, "MXInvalidInputException"),
        ({"mx_Custom_77": "a"}, "MXInvalidActivityFieldsException"),
    ],
)
async def test_a_value_that_breaks_a_declared_rule_is_refused_and_nothing_is_applied(
    fields: dict[str, str], exception: str
) -> None:
    async with calling(rules=RULES) as caller:
        got = await caller.update(**({"mx_Custom_20": "2020-09-16"} | fields))

        assert (got.status, got.exception) == (500, exception)
        assert list(fields)[-1] in got.json["ExceptionMessage"]
        assert caller.sandbox.opportunities[GUID].fields == {}


async def test_declared_fields_read_back_as_leadsquared_writes_them() -> None:
    async with calling(rules=RULES) as caller:
        await caller.update(
            mx_Custom_6="200,000", mx_Custom_21="true", mx_Custom_20="2020-09-16", Status="Won"
        )

        shown = await caller.values()
        assert shown["mx_Custom_6"] == "200000.000"
        assert shown["mx_Custom_21"] == "1"
        assert shown["mx_Custom_20"] == "2020-09-16 00:00:00"
        assert shown["mx_Custom_8"] is None
        assert caller.sandbox.opportunities[GUID].fields["mx_Custom_6"] == "200,000"


async def test_a_stage_fits_the_stored_status_when_none_is_sent() -> None:
    seed = Seed(guid=GUID, fields={"Status": "Won", "mx_Custom_2": "Closed Won"})
    async with calling(rules=RULES, seeds=(seed,)) as caller:
        assert (await caller.update(mx_Custom_2="Prospecting")).status == 500
        assert (await caller.update(Status="Open")).status == 500
        assert (await caller.update(Status="Open", mx_Custom_2="Prospecting")).status == 200


async def test_a_read_only_field_is_silently_left_alone_by_default() -> None:
    async with calling(rules=RULES) as caller:
        assert (await caller.update(ModifiedBy="me", mx_Custom_1="a")).status == 200
        assert caller.sandbox.opportunities[GUID].fields == {"mx_Custom_1": "a"}


async def test_switches_turn_what_is_not_published_the_other_way() -> None:
    breaches = Breaches(
        unknown_field=OnBreach.IGNORE,
        read_only=OnBreach.ERROR,
        too_long=OnBreach.TRUNCATE,
        created_on=OnBreach.IGNORE,
    )
    async with calling(rules=RULES, breaches=breaches) as caller:
        assert (await caller.update(ModifiedBy="me")).status == 500
        got = await caller.update(
            mx_Custom_77="a", mx_Custom_1="123456", CreatedOn="2024-04-02 12:13:44"
        )
        assert got.status == 200
        assert caller.sandbox.opportunities[GUID].fields == {"mx_Custom_1": "12345"}


async def test_a_change_of_status_can_need_its_comment() -> None:
    async with calling(breaches=Breaches(status_comment=True)) as caller:
        got = await caller.update(Status="Won")
        assert (got.status, got.exception) == (500, "MXInvalidActivityFieldsException")
        assert "mx_Custom_19" in got.json["ExceptionMessage"]

        assert (await caller.update(Status="Won", mx_Custom_19="why")).status == 200
        assert (await caller.update(Status="Won")).status == 200
