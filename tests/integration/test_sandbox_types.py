"""Declared opportunity types: which rules an update is held against, and the files that say it."""

import json
from pathlib import Path

import pytest

from migrator.sandbox import (
    FieldRule,
    OpportunityType,
    SandboxOptions,
    Seed,
    User,
    rules_from_json,
    schema_from_json,
)
from tests.integration.sandbox_caller import GUID, OTHER, calling

SAMPLE = Path(__file__).parents[2] / "sample_data" / "schema.json"
ASHA = "0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b01"
LEENA = "0d7b2a58-31f4-4c4e-9a0e-7d1a3e0c5b03"


async def test_each_opportunity_is_held_against_the_fields_of_its_own_type() -> None:
    types = (
        OpportunityType(
            code=12000,
            rules={"mx_Custom_6": FieldRule(schema_name="mx_Custom_6", data_type="Number")},
        ),
        OpportunityType(
            code=12005, name="Loan", rules={"mx_Custom_6": FieldRule(schema_name="mx_Custom_6")}
        ),
    )
    seeds = (Seed(guid=GUID), Seed(guid=OTHER, type=12005))
    async with calling(types=types, seeds=seeds) as caller:
        assert (await caller.update(GUID, mx_Custom_6="north")).status == 500
        assert (await caller.update(OTHER, mx_Custom_6="north")).status == 200
        assert (await caller.details(OTHER)).json["DisplayName"] == "Loan"


def test_an_opportunity_of_a_type_that_the_account_lacks_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="type"):
        SandboxOptions(seeds=(Seed(guid=GUID, type=12005),))


async def test_an_opportunity_of_a_type_that_the_account_lacks_cannot_be_added() -> None:
    async with calling() as caller:
        both = [{"id": OTHER}, {"id": GUID, "type": 12005}]
        got = await caller.control("POST", "opportunities", json=both)

        assert (got.status, "12005" in got.json["error"]) == (400, True)
        assert len(caller.sandbox.opportunities) == 0


@pytest.mark.parametrize("wrong", [{"types": 2}, {"rules": True}])
def test_two_types_of_one_code_and_fields_for_none_are_refused(wrong: dict[str, object]) -> None:
    twice = (OpportunityType(code=12000),) * (2 if "types" in wrong else 1)
    rules = {"Status": FieldRule(schema_name="Status")} if "rules" in wrong else None

    with pytest.raises(ValueError, match="cannot be set so"):
        SandboxOptions(types=twice, rules=rules)


async def test_several_options_and_other_texts_are_taken_where_the_field_says_so() -> None:
    rules = {
        "a": FieldRule(schema_name="a", options=("x", "y"), multi_select=True),
        "b": FieldRule(schema_name="b", options=("x", "y"), others=True),
        "c": FieldRule(schema_name="c", options=("x", "y"), old_values={"x": "former"}),
    }
    async with calling(rules=rules) as caller:
        assert (await caller.update(a="x;y", b="something else")).status == 200
        assert (await caller.update(a="x;z")).exception == "MXInvalidEntityReferenceException"
        assert (await caller.update(c="x;y")).exception == "MXInvalidEntityReferenceException"
        assert (await caller.update(c="former")).exception == "MXInvalidEntityReferenceException"


async def test_an_owner_is_an_active_user_once_users_are_declared() -> None:
    async with calling() as caller:
        assert (await caller.update(Owner="anybody")).status == 200

    users = (User(id=ASHA), User(id=LEENA, active=False))
    async with calling(users=users) as caller:
        assert (await caller.update(Owner=ASHA.upper())).status == 200
        for wrong in (LEENA, GUID, "north@example.com"):
            got = await caller.update(Owner=wrong)
            assert (got.status, got.exception) == (500, "MXInvalidEntityReferenceException")
            assert "Owner" in got.json["ExceptionMessage"]


async def test_a_stage_is_not_checked_while_no_status_is_known() -> None:
    async with calling(types=schema_from_json(SAMPLE).types) as caller:
        assert (await caller.update(mx_Custom_2="Closed Won")).status == 200
        assert (await caller.update(Status="Open")).status == 500
        assert (await caller.update(Status="Won")).status == 200


# ------------------------------------------------------------------ the file


def test_the_sample_schema_declares_types_fields_and_users() -> None:
    schema = schema_from_json(SAMPLE)

    assert [(one.code, one.name) for one in schema.types] == [
        (12000, "Opportunity"),
        (12001, "Service Contract"),
    ]
    rules = rules_from_json(SAMPLE)
    assert rules["mx_Custom_2"].options_under["Won"] == ("Closed Won",)
    assert rules["mx_Custom_3"].old_values == {"Recommendation": "Referral"}
    assert [user.email_address for user in schema.users if not user.active] == ["west@example.com"]


def test_fields_alone_are_those_of_type_12000(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"types": {"max_length": 3}}), encoding="utf-8")

    [only] = schema_from_json(path).types
    assert only.code == 12000
    assert only.rules == {"types": FieldRule(schema_name="types", max_length=3)}


@pytest.mark.parametrize(
    "text",
    [
        '{"types": []}',
        '{"types": [{"code": 12000}]}',
        '{"types": [{"code": "12000", "fields": {}}]}',
        '{"types": [{"code": 12000, "fields": {}, "colour": 1}]}',
        '{"types": [{"code": 12000, "fields": {"a": {"colour": 1}}}]}',
        '{"types": [{"code": 12000, "fields": {}}], "people": []}',
        '{"types": [{"code": 12000, "fields": {}}], "users": [{"ID": "x"}]}',
    ],
)
def test_a_wrong_schema_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schema.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"schema\.json: "):
        schema_from_json(path)


@pytest.mark.parametrize(
    "member",
    [
        {"type": "12000"},
        {"lead": "somebody"},
        {"fields": ["a"]},
        {"lead_fields": 3},
        {"modified_by": "me"},
        {"created_on": "yesterday"},
        {"modified_on": "2024-02-30 00:00:00"},
    ],
)
async def test_a_wrong_member_of_an_opportunity_is_named(member: dict[str, object]) -> None:
    async with calling() as caller:
        got = await caller.control("POST", "opportunities", json={"id": GUID} | member)

    [name] = member
    assert (got.status, name in got.json["error"]) == (400, True)


async def test_type_lead_and_dates_survive_from_one_sandbox_to_another(tmp_path: Path) -> None:
    lead = {"lead": OTHER, "lead_fields": {"EmailAddress": "a@example.com"}}
    dates = {"created_on": "2024-01-01 00:00:00", "modified_on": "2024-01-02 00:00:00"}
    async with calling() as caller:
        content = {"id": GUID, "type": 12000, "modified_by": ASHA, **lead, **dates}
        await caller.control("POST", "opportunities", json=content)
        [shown] = (await caller.control("GET", "state")).json["opportunities"]

    assert {name: shown[name] for name in content} == content
