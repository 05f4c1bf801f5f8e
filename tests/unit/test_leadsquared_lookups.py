"""The look-ups by lead: what is asked for, and every form in which a list was seen to come."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.leadsquared_lookups import PAGE_SIZE, Page, lookup_request, read_page
from migrator.lookups import Found, LeadKey
from migrator.model import NoReply, NoReplyKind, Reading, Reply, Verdict

GUID = "5ca5b042-51ea-4699-86f0-000000000001"
LEAD = "1ead0000-0000-4000-8000-000000000001"
RECORD = {"OpportunityId": GUID, "OpportunityEvent": "12000", "Status": "Open", "mx_Custom_6": None}


def read(content: Any, *, status: int = 200, of_type: bool = False) -> Page | Reading:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_page(
        Reply(status=status, body=body),
        event_code=12000,
        columns=("Status", "mx_Custom_6", "mx_Custom_9"),
        of_type=of_type,
    )


def page(*found: Found, listed: int | None = None, count: int | None = None) -> Page:
    return Page(found=found, listed=len(found) if listed is None else listed, record_count=count)


ONE = Found(guid=GUID, values={"Status": "Open", "mx_Custom_6": ""})


def test_a_lead_id_is_asked_for_in_the_query_with_its_type() -> None:
    request = lookup_request(LeadKey("", LEAD), event_code=12000, columns=("Status",), page=2)

    assert request.path == "OpportunityManagement.svc/GetOpportunitiesOfLead"
    assert request.query == (("leadId", LEAD), ("opportunityType", "12000"))
    body = json.loads(request.body)
    assert body["Paging"] == {"PageIndex": 2, "PageSize": PAGE_SIZE}
    assert body["Columns"] == {"Include_CSV": "Status"}
    assert "Parameter" not in body


def test_a_lead_field_is_asked_for_in_the_body() -> None:
    request = lookup_request(LeadKey("Phone", "+91-9"), event_code=12000, columns=("Status",))

    assert request.query == ()
    assert json.loads(request.body)["Parameter"] == {
        "LookupName": "Phone",
        "LookupValue": "+91-9",
        "SqlOperator": "=",
    }


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"RecordCount": 1, "List": [RECORD]}, page(ONE, count=1)),
        ({"RecordCount": "1", "List": [RECORD]}, page(ONE, count=1)),
        ({"List": [RECORD]}, page(ONE)),
        ([RECORD], page(ONE)),
        ([], page()),
        ({"RecordCount": 0}, page(count=0)),
        ({"RecordCount": 0, "List": None}, page(count=0)),
        ({"RecordCount": 3, "List": None}, page(count=3)),
        ({"RecordCount": 1, "List": [RECORD | {"OpportunityEvent": 12000}]}, page(ONE, count=1)),
        (
            {"RecordCount": 2, "List": [RECORD, RECORD | {"OpportunityEvent": "12001"}]},
            page(ONE, listed=2, count=2),
        ),
    ],
)
def test_a_list_is_read_in_every_form_that_was_seen(content: Any, expected: Page) -> None:
    assert read(content) == expected


def test_a_record_may_be_silent_about_the_type_that_alone_was_asked_for() -> None:
    silent = {"OpportunityId": GUID}

    assert isinstance(read([silent], of_type=True), Page)
    told = read([silent])
    assert isinstance(told, Reading)
    assert "tells no type" in told.message


@pytest.mark.parametrize(
    ("content", "status", "verdict"),
    [
        ({"Status": "Error", "ExceptionType": "MXInvalidInput", "ExceptionMessage": "x"}, 500,
         Verdict.REFUSED),
        ({"Status": "Error", "ExceptionType": "MXInvalidInput", "ExceptionMessage": "x"}, 200,
         Verdict.REFUSED),
        (b"<html>login</html>", 200, Verdict.UNKNOWN),
        (b'{"RecordCount": 1, "Li', 200, Verdict.UNKNOWN),
        (b"", 200, Verdict.UNKNOWN),
        ({}, 200, Verdict.UNKNOWN),
        ({"List": {"a": 1}}, 200, Verdict.UNKNOWN),
        ({"List": ["a"]}, 200, Verdict.UNKNOWN),
        ([{"OpportunityEvent": "12000"}], 200, Verdict.UNKNOWN),
        ([{"OpportunityEvent": "12000", "OpportunityId": "OPP-1"}], 200, Verdict.UNKNOWN),
        (b"<html>502</html>", 502, Verdict.UNKNOWN),
        (b"not here", 404, Verdict.FOREIGN),
        ({"ExceptionType": "MXAPIRateLimitExceededException"}, 200, Verdict.RATE),
    ],
)  # fmt: skip
def test_what_lists_nothing_is_never_taken_for_none(
    content: Any, status: int, verdict: Verdict
) -> None:
    found = read(content, status=status)

    assert isinstance(found, Reading)
    assert found.verdict is verdict


def test_no_reply_is_never_taken_for_none() -> None:
    reply = NoReply(kind=NoReplyKind.TIMEOUT, written=True, text="none")

    found = read_page(reply, event_code=12000, columns=(), of_type=True)

    assert isinstance(found, Reading)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["List", "RecordCount", "OpportunityId", "OpportunityEvent", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.booleans())
def test_no_answer_makes_it_raise(content: Any, of_type: bool) -> None:
    assert isinstance(read(content, of_type=of_type), Page | Reading)
