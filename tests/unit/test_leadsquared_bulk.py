"""The bulk read: what is asked, and what is believed of the answer."""

import json
from typing import Any

import pytest

from migrator.leadsquared_bulk import BulkPage, bulk_request, read_bulk
from migrator.model import NoReply, NoReplyKind, Reading, Reply, Verdict

FIRST = "5ca5b042-51ea-4699-86f0-000000000001"
SECOND = "5ca5b042-51ea-4699-86f0-000000000002"


def a_reply(content: Any, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode())


def a_page(*records: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [
        {"EventCode": "12000", "RecordCount": len(records), "Opportunities": list(records)} | more
    ]


def test_a_set_is_asked_for_once_for_all_its_members() -> None:
    names = ["mx_Custom_1", "mx_Custom_13~mx_CustomObject_1", "mx_Custom_13~mx_CustomObject_2"]

    request = bulk_request(12000, [FIRST, SECOND], names)

    assert request.method == "POST"
    assert json.loads(request.body) == {
        "SearchParameters": [
            {
                "EventCode": 12000,
                "ProspectActivityId": [FIRST, SECOND],
                "Columns": {"Include_CSV": "mx_Custom_1,mx_Custom_13"},
            }
        ]
    }


def test_null_is_blank_and_what_is_not_shown_is_not_there() -> None:
    found = read_bulk(
        a_reply(
            a_page(
                {"ProspectActivityId": FIRST.upper(), "Status": "Open", "mx_Custom_1": None},
                {"OpportunityId": SECOND, "mx_Custom_6": 50000.5},
            )
        )
    )

    assert isinstance(found, BulkPage)
    assert found.found[FIRST]["mx_Custom_1"] == ""
    assert "mx_Custom_6" not in found.found[FIRST]
    assert found.found[SECOND]["mx_Custom_6"] == "50000.5"


def test_members_of_a_set_have_names_of_their_own() -> None:
    text = json.dumps({"mx_CustomObject_1": "a"})
    found = read_bulk(a_reply(a_page({"ProspectActivityId": FIRST, "mx_Custom_13": text})))

    assert isinstance(found, BulkPage)
    assert found.found[FIRST]["mx_Custom_13~mx_CustomObject_1"] == "a"


@pytest.mark.parametrize(
    "content",
    [
        [],
        a_page(),
        [{"EventCode": "12000", "RecordCount": 0, "Opportunities": None}],
        [{"EventCode": "12000", "RecordCount": "0"}],
    ],
)
def test_an_empty_list_is_an_answer(content: Any) -> None:
    assert read_bulk(a_reply(content)) == BulkPage(found={})


@pytest.mark.parametrize(
    "content",
    [
        {"RecordCount": 0},
        ["no object"],
        [{"EventCode": "12000", "RecordCount": 1}],
        [{"Opportunities": "none"}],
        a_page({"ProspectActivityId": FIRST}, RecordCount=2),
        a_page({"mx_Custom_1": "no id"}),
        a_page({"ProspectActivityId": "no guid"}),
    ],
)
def test_what_cannot_be_understood_is_not_believed(content: Any) -> None:
    found = read_bulk(a_reply(content))

    assert isinstance(found, Reading)
    assert found.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (
            a_reply({"Status": "Error", "ExceptionType": "MXInvalidInputException"}, 500),
            Verdict.REFUSED,
        ),
        (a_reply({"ExceptionType": "MXAPIRateLimitExceededException"}, 429), Verdict.RATE),
        (a_reply({"ExceptionType": "MXInvalidAccessDetailsException"}, 401), Verdict.ACCESS),
        (Reply(status=502, body=b"<html>"), Verdict.UNKNOWN),
        (Reply(status=200, body=b'[{"EventCode": "12000", "Rec', truncated=True), Verdict.UNKNOWN),
        (NoReply(kind=NoReplyKind.DNS, written=False, text=""), Verdict.TARGET_FAULT),
    ],
)
def test_a_refusal_is_read_as_any(reply: Reply | NoReply, verdict: Verdict) -> None:
    found = read_bulk(reply)

    assert isinstance(found, Reading)
    assert found.verdict is verdict
