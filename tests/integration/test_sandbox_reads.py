"""Reads of several opportunities: by their ids, by their lead, by a unique field of the lead."""

from typing import Any

import pytest

from migrator.sandbox import FieldRule, OpportunityType, Sandbox, SandboxOptions, Seed
from tests.integration.sandbox_caller import (
    BY_IDS,
    BY_LEAD_FIELD,
    GUID,
    OF_LEAD,
    OTHER,
    Caller,
    Got,
    calling,
)

LEAD = "aaaaaaaa-0000-4000-8000-000000000001"
LOAN = "22222222-2222-4333-8444-555555555555"
TYPES = (
    OpportunityType(
        code=12000,
        rules={"mx_Custom_6": FieldRule(schema_name="mx_Custom_6", data_type="Number")},
    ),
    OpportunityType(code=12005, name="Loan"),
)
SEEDS = (
    Seed(
        guid=GUID,
        lead=LEAD,
        lead_fields={"EmailAddress": "a@example.com", "FirstName": "Zoë"},
        note="old",
        fields={"mx_Custom_6": "200,000"},
        created_on="2024-01-01 00:00:00",
    ),
    Seed(guid=OTHER, lead=LEAD.upper(), created_on="2025-01-01 00:00:00"),
    Seed(guid=LOAN, type=12005, lead=LEAD, created_on="2026-01-01 00:00:00"),
)


async def by_ids(caller: Caller, *ids: str, columns: str = "Status", code: Any = "12000") -> Got:
    search = {
        "EventCode": code,
        "ProspectActivityId": list(ids),
        "Columns": {"Include_CSV": columns},
    }
    return await caller.call("POST", BY_IDS, json={"SearchParameters": [search]})


async def of_lead(caller: Caller, *, lead: str = LEAD, code: str = "", **body: Any) -> Got:
    query = {"leadId": lead} | ({"opportunityType": code} if code else {})
    return await caller.call("POST", OF_LEAD, params=query, json=body)


async def by_field(caller: Caller, name: str, value: str) -> Got:
    parameter = {"LookupName": name, "LookupValue": value, "SqlOperator": "="}
    return await caller.call("POST", BY_LEAD_FIELD, json={"Parameter": parameter})


def guids(got: Got) -> list[str]:
    return [record["OpportunityId"] for record in got.json["List"]]


# ------------------------------------------------------------------ by their ids


async def test_by_ids_only_the_columns_asked_for_and_the_ids_come() -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        got = await by_ids(caller, GUID, columns="mx_Custom_6, CreatedOn,ActivityEvent_Note,Colour")

    assert got.json == [
        {
            "EventCode": "12000",
            "RecordCount": 1,
            "Opportunities": [
                {
                    "ProspectId": LEAD,
                    "ProspectActivityId": GUID,
                    "mx_Custom_6": "200000.000",
                    "CreatedOn": "2024-01-01 00:00:00",
                    "ActivityEvent_Note": "old",
                }
            ],
        }
    ]


async def test_by_ids_unknown_ones_and_those_of_another_type_are_absent() -> None:
    async with calling(seeds=SEEDS, types=TYPES, unknown=(OTHER,)) as caller:
        got = await by_ids(caller, GUID.upper(), GUID, OTHER, LOAN, "OPP-1", LEAD)

    [answer] = got.json
    assert answer["RecordCount"] == 1
    assert [one["ProspectActivityId"] for one in answer["Opportunities"]] == [GUID]


async def test_by_ids_several_types_are_read_in_one_call() -> None:
    searches = [
        {"EventCode": code, "ProspectActivityId": [one], "Columns": {"Include_CSV": "Status"}}
        for code, one in (("12000", GUID), (12005, LOAN))
    ]
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        got = await caller.call("POST", BY_IDS, json={"SearchParameters": searches})

    assert [(one["EventCode"], one["RecordCount"]) for one in got.json] == [
        ("12000", 1),
        ("12005", 1),
    ]


async def test_by_ids_up_to_2000_are_taken_and_no_more() -> None:
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(2001)]
    async with calling() as caller:
        assert (await by_ids(caller, *ids[:2000])).json[0]["RecordCount"] == 2000

        got = await by_ids(caller, *ids)
        assert (got.status, got.exception) == (500, "MXInvalidInputException")


@pytest.mark.parametrize(
    ("content", "status", "exception"),
    [
        ({}, 500, "MXInvalidInputException"),
        ({"SearchParameters": []}, 500, "MXInvalidInputException"),
        ({"SearchParameters": ["a"]}, 500, "MXInvalidInputException"),
        ({"SearchParameters": [{}]}, 500, "MXInvalidActivityException"),
        ({"SearchParameters": [{"EventCode": 12000}]}, 500, "MXInvalidInputException"),
        (
            {"SearchParameters": [{"EventCode": 12000, "ProspectActivityId": [GUID]}]},
            500,
            "MXInvalidInputException",
        ),
        ([], 500, "MXInvalidInputException"),
    ],
)
async def test_by_ids_everything_is_mandatory(content: Any, status: int, exception: str) -> None:
    async with calling() as caller:
        got = await caller.call("POST", BY_IDS, json=content)

    assert (got.status, got.exception) == (status, exception)


async def test_by_ids_a_write_shows_after_the_lag_of_reads() -> None:
    now = 100.0
    sandbox = Sandbox(SandboxOptions(read_lag=3.0), monotonic=lambda: now)
    async with calling(sandbox) as caller:
        await caller.update(Status="Won")
        assert (await by_ids(caller, GUID)).json[0]["Opportunities"][0]["Status"] is None

        now = 103.0
        assert (await by_ids(caller, GUID)).json[0]["Opportunities"][0]["Status"] == "Won"


# ------------------------------------------------------------------ by their lead


async def test_the_opportunities_of_a_lead_come_newest_first_with_its_fields() -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        got = await of_lead(caller)

    assert got.json["RecordCount"] == 3
    assert guids(got) == [LOAN, OTHER, GUID]
    last = got.json["List"][-1]
    assert (last["ProspectId"], last["P_EmailAddress"]) == (LEAD, "a@example.com")
    assert (last["mx_Custom_6"], last["OpportunityEvent"]) == ("200000.000", "12000")


async def test_a_body_may_be_missing_and_get_is_the_wrong_verb() -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        path = f"{OF_LEAD}?leadId={LEAD}"
        assert (await caller.call("POST", path)).json["RecordCount"] == 3
        assert (await caller.call("GET", path)).status == 405


async def test_pages_begin_with_1_and_tell_the_whole_count() -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        found = [
            (got.json["RecordCount"], guids(got))
            for page in (1, 2, 3)
            for got in [await of_lead(caller, Paging={"PageIndex": page, "PageSize": 2})]
        ]
        nought = await of_lead(caller, Paging={"PageIndex": 0, "PageSize": 2})
        large = await of_lead(caller, Paging={"PageIndex": 1, "PageSize": 1001})

    assert found == [(3, [LOAN, OTHER]), (3, [GUID]), (3, [])]
    assert nought.exception == large.exception == "MXInvalidInputException"


async def test_a_list_is_sorted_by_a_column_in_either_direction() -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        oldest = await of_lead(caller, Sorting={"ColumnName": "CreatedOn", "Direction": "0"})

    assert guids(oldest) == [GUID, OTHER, LOAN]


async def test_columns_choose_fields_of_opportunity_and_lead() -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        got = await of_lead(caller, code="12000", Columns={"Include_CSV": "FirstName,ModifiedBy"})

    assert guids(got) == [OTHER, GUID]
    assert set(got.json["List"][1]) == {
        "OpportunityId",
        "ProspectId",
        "OpportunityEvent",
        "FirstName",
        "ModifiedBy",
    }


async def test_a_lead_must_be_named_and_an_unknown_one_has_no_opportunities() -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        assert (await of_lead(caller, lead=OTHER)).json == {"RecordCount": 0, "List": []}
        nobody = await caller.call("POST", OF_LEAD, json={})
        wrong = await of_lead(caller, code="12009")

    assert nobody.exception == "MXMandatoryAttributeMissingException"
    assert "leadId" in nobody.json["ExceptionMessage"]
    assert wrong.exception == "MXInvalidActivityException"


async def test_an_account_may_need_the_type() -> None:
    async with calling(seeds=SEEDS, types=TYPES, type_required=True) as caller:
        assert (await of_lead(caller)).exception == "MXMandatoryAttributeMissingException"
        assert guids(await of_lead(caller, code="12005")) == [LOAN]


async def test_without_a_lead_each_opportunity_has_the_one_that_its_details_show() -> None:
    async with calling(seeds=(Seed(guid=GUID),)) as caller:
        lead = (await caller.details()).json["RelatedProspectId"]

        assert guids(await of_lead(caller, lead=lead)) == [GUID]


async def test_the_index_lags_behind_the_details() -> None:
    now = 0.0
    options = SandboxOptions(seeds=SEEDS[:1], index_lag=60.0)
    async with calling(Sandbox(options, monotonic=lambda: now)) as caller:
        await caller.update(Status="Won")
        await caller.control("POST", "opportunities", json={"id": OTHER, "lead": LEAD})
        assert (await caller.values())["Status"] == "Won"
        [record] = (await of_lead(caller)).json["List"]
        assert "Status" not in record

        now = 60.0
        records = {one["OpportunityId"]: one for one in (await of_lead(caller)).json["List"]}
        assert records.keys() == {GUID, OTHER}
        assert records[GUID]["Status"] == "Won"


# ------------------------------------------------------------------ by a unique field of the lead


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("EmailAddress", "A@example.com", 3),
        ("EmailAddress", "nobody@example.com", 0),
        ("emailaddress", "a@example.com", 0),
        ("ProspectID", LEAD.upper(), 3),
        ("ProspectId", LEAD, 0),
    ],
)
async def test_a_lookup_name_in_other_letters_silently_finds_nothing(
    name: str, value: str, count: int
) -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        got = await by_field(caller, name, value)

    assert (got.status, got.json["RecordCount"], len(got.json["List"])) == (200, count, count)


@pytest.mark.parametrize(
    "parameter",
    [
        None,
        {},
        {"LookupName": "EmailAddress", "SqlOperator": "="},
        {"LookupName": "EmailAddress", "LookupValue": "a", "SqlOperator": "LIKE"},
    ],
)
async def test_an_incomplete_lookup_is_refused(parameter: Any) -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        got = await caller.call("POST", BY_LEAD_FIELD, json={"Parameter": parameter})

    assert (got.status, got.exception) == (500, "MXInvalidInputException")


@pytest.mark.parametrize("path", [BY_IDS, BY_LEAD_FIELD, f"{OF_LEAD}?leadId={LEAD}"])
async def test_a_body_that_is_no_json_is_a_400(path: str) -> None:
    async with calling() as caller:
        got = await caller.call(
            "POST", path, data=b"{", headers={"Content-Type": "application/json"}
        )

    assert got.status == 400


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("plain", "2024-01-01 00:00:00"),
        ("millis", "2024-01-01 00:00:00.000"),
        ("us", "1/1/2024 12:00:00 AM"),
        ("epoch", "/Date(1704067200000+0000)/"),
    ],
)
async def test_times_are_read_in_four_styles(style: str, shown: str) -> None:
    async with calling(seeds=SEEDS, types=TYPES) as caller:
        await caller.control("PATCH", "settings", json={"date_style": style})
        [answer] = (await by_ids(caller, GUID, columns="CreatedOn")).json

        assert answer["Opportunities"][0]["CreatedOn"] == shown
        assert (await caller.all_values())["CreatedOn"] == shown
