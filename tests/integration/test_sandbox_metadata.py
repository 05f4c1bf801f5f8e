"""What the account tells about itself: types, their fields, users, and what it has closed."""

import json
from typing import Any

import pytest

from migrator.sandbox import FieldRule, OpportunityType, User
from migrator.sandbox.account import ENDPOINTS
from migrator.sandbox.options import CLOSABLE
from tests.integration.sandbox_caller import (
    BY_IDS,
    DETAILS,
    ENABLED,
    GUID,
    METADATA,
    TYPES,
    USERS,
    Caller,
    calling,
)

RULES = {
    rule.schema_name: rule
    for rule in (
        FieldRule(schema_name="mx_Custom_1", display_name="Name", mandatory=True, max_length=200),
        FieldRule(schema_name="Status", data_type="SearchableDropdown", options=("Open", "Won")),
        FieldRule(
            schema_name="mx_Custom_2",
            display_name="Stage",
            data_type="SearchableDropdown",
            parent="Status",
            options_under={"Open": ("Prospecting",), "Won": ("Closed Won",)},
        ),
        FieldRule(
            schema_name="mx_Custom_3",
            data_type="Dropdown",
            render_type="Dropdown",
            options=("Web", "Größe"),
            old_values={"Web": "Internet"},
            multi_select=True,
            others=True,
        ),
        FieldRule(schema_name="mx_Custom_4", options=("x",), hide_options=True),
        FieldRule(schema_name="ModifiedBy", read_only=True),
    )
}
TWO_TYPES = (
    OpportunityType(code=12000, name="Opportunity", rules=RULES),
    OpportunityType(code=12005, name="Loan", rules={}),
)


async def fields_of(caller: Caller, code: str = "12000") -> dict[str, dict[str, Any]]:
    got = await caller.call("GET", METADATA, params={"code": code})
    return {field["SchemaName"]: field for field in got.json["Fields"]}


async def test_the_list_of_types_has_codes_and_names_but_no_fields() -> None:
    async with calling(types=TWO_TYPES) as caller:
        told = (await caller.call("GET", TYPES)).json

    assert [(one["EventCode"], one["DisplayName"], one["Fields"]) for one in told] == [
        (12000, "Opportunity", None),
        (12005, "Loan", None),
    ]


async def test_the_metadata_of_a_type_tells_the_rules_of_each_field() -> None:
    async with calling(types=TWO_TYPES) as caller:
        frame = (await caller.call("GET", METADATA, params={"code": "12000"})).json
        fields = await fields_of(caller)

    assert (frame["EventCode"], frame["DisplayName"]) == (12000, "Opportunity")
    assert list(fields) == list(RULES)
    name = fields["mx_Custom_1"]
    assert (name["DisplayName"], name["DataType"]) == ("Name", "String")
    assert (name["IsMandatory"], name["MaxFieldLength"]) == (True, 200)
    assert [name for name, field in fields.items() if field["IsReadOnly"]] == ["ModifiedBy"]
    source = fields["mx_Custom_3"]
    assert (source["RenderType"], source["IsMultiSelectDropdown"]) == ("Dropdown", True)
    assert source["IncludeOthersOption"] is True


async def test_options_are_json_in_a_text_with_the_option_in_value() -> None:
    async with calling(types=TWO_TYPES) as caller:
        fields = await fields_of(caller)

    options = json.loads(fields["mx_Custom_3"]["OptionSet"])
    assert [(one["Text"], one["Value"], one.get("OldValue")) for one in options] == [
        ("", "Web", "Internet"),
        ("", "Größe", None),
    ]
    assert fields["mx_Custom_1"]["OptionSet"] == ""


async def test_a_dependent_field_has_its_options_under_its_parent_only() -> None:
    async with calling(types=TWO_TYPES) as caller:
        stage = (await fields_of(caller))["mx_Custom_2"]

    assert (stage["ParentField"], stage["OptionSet"]) == ("Status", "")
    under = json.loads(stage["DependentOptionSet"])
    assert {parent: [one["Value"] for one in options] for parent, options in under.items()} == {
        "Open": ["Prospecting"],
        "Won": ["Closed Won"],
    }


async def test_options_that_are_not_listed_are_checked_all_the_same() -> None:
    async with calling(types=TWO_TYPES) as caller:
        assert (await fields_of(caller))["mx_Custom_4"]["OptionSet"] == ""
        assert (await caller.update(mx_Custom_4="y")).status == 500


@pytest.mark.parametrize("code", ["12009", "", "Loan"])
async def test_an_unknown_code_is_an_invalid_activity(code: str) -> None:
    async with calling(types=TWO_TYPES) as caller:
        got = await caller.call("GET", METADATA, params={"code": code})

    assert (got.status, got.exception) == (500, "MXInvalidActivityException")


async def test_an_account_without_declared_fields_tells_texts_without_options() -> None:
    async with calling() as caller:
        fields = await fields_of(caller)

    assert {"Status", "Owner", "mx_Custom_1", "mx_Custom_120", "CreatedOn"} <= fields.keys()
    assert fields["mx_Custom_6"]["DataType"] == "String"
    assert {field["OptionSet"] for field in fields.values()} == {""}


async def test_opportunities_are_enabled() -> None:
    async with calling() as caller:
        assert (await caller.call("GET", ENABLED)).json == {"OpportunityManagement": "Enabled"}


async def test_users_are_told_active_and_inactive() -> None:
    gone = User(id=GUID, first_name="Leena", email_address="west@example.com", active=False)
    async with calling(users=(gone,)) as caller:
        assert (await caller.call("GET", USERS)).json == [
            {
                "ID": GUID,
                "FirstName": "Leena",
                "LastName": "",
                "EmailAddress": "west@example.com",
                "Role": "Sales_User",
                "StatusCode": 1,
            }
        ]


async def test_users_are_changed_while_it_runs_in_the_shape_in_which_they_are_told() -> None:
    async with calling() as caller:
        told = (await caller.call("GET", USERS)).json
        assert [user["Role"] for user in told] == ["Administrator"]

        told[0]["StatusCode"] = 1
        shown = await caller.control("PATCH", "settings", json={"users": told})
        assert shown.json["users"] == told
        assert (await caller.call("GET", USERS)).json == told


@pytest.mark.parametrize(
    "users",
    [
        "x",
        {},
        [1],
        [{}],
        [{"ID": "x"}],
        [{"ID": GUID, "Colour": 1}],
        [{"ID": GUID, "StatusCode": 2}],
    ],
)
async def test_wrong_users_are_refused(users: Any) -> None:
    async with calling() as caller:
        assert (await caller.control("PATCH", "settings", json={"users": users})).status == 400


# ------------------------------------------------------------------ around every endpoint


def test_every_endpoint_can_be_closed() -> None:
    assert {path.rpartition("/")[2] for path in ENDPOINTS} == CLOSABLE


@pytest.mark.parametrize(("how", "status"), [("refused", 500), ("missing", 404)])
async def test_a_closed_endpoint_is_refused_or_missing_and_the_others_serve(
    how: str, status: int
) -> None:
    async with calling(closed={"GetOpportunitiesById": how}) as caller:
        got = await caller.call("POST", BY_IDS, json={})
        assert got.status == status
        if how == "refused":
            assert got.exception == "MXUnauthorizedRequestException"
        assert (await caller.details()).status == 200

        await caller.control("PATCH", "settings", json={"closed": {}})
        assert (await caller.call("POST", BY_IDS, json={})).exception == "MXInvalidInputException"


@pytest.mark.parametrize("closed", [{"GetOpportunityById": "refused"}, {"Update": "shut"}])
async def test_what_cannot_be_closed_is_said(closed: dict[str, str]) -> None:
    async with calling() as caller:
        got = await caller.control("PATCH", "settings", json={"closed": closed})

    assert (got.status, list(got.json)) == (400, ["error"])


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_every_endpoint_needs_keys_counts_for_the_limit_and_is_in_the_log(path: str) -> None:
    method = ENDPOINTS[path].method
    async with calling(limit=1, window=60.0) as caller:
        assert (await caller.call(method, path, keys=False, json={})).status == 401
        await caller.call(method, path, json={})
        got = await caller.call("GET", DETAILS, params={"OpportunityId": GUID})

        assert got.status == 429
        assert [record.path for record in caller.sandbox.log] == [path, path, DETAILS]
        assert caller.sandbox.stats.calls == 2


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_scripted_fault_strikes_every_endpoint(path: str) -> None:
    async with calling() as caller:
        caller.sandbox.strike_next("http503", path=path)

        assert (await caller.call(ENDPOINTS[path].method, path, json={})).status == 503
