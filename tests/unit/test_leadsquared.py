"""LeadSquared's bodies and the table of verdicts, row by row."""

# ruff: noqa: E501 - each row of the table is one line, to be read as a table

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.leadsquared import (
    Account,
    details_request,
    is_from_leadsquared,
    read_details,
    read_update,
    read_who_am_i,
    update_request,
    who_am_i_request,
)
from migrator.model import (
    Details,
    FieldValue,
    IdKind,
    NoReply,
    NoReplyKind,
    Reading,
    Reply,
    Verdict,
)

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
OTHER_GUID = "11111111-2222-3333-4444-555555555555"
PAGE = b"<html><head><title>404 Not Found</title></head><body>nginx</body></html>"
RATE_TEXT = "API calls exceeded the limit of 25 in 5 second(s)"


def a_reply(status: int, content: object = None, **other: object) -> Reply:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Reply(status=status, body=b"" if content is None else body, **other)  # type: ignore[arg-type]


def an_error(exception: object = "", message: object = "", **more: object) -> dict[str, object]:
    return {
        "Status": "Error",
        "ExceptionType": exception,
        "ExceptionMessage": message,
        **more,
    }


def a_success(guid: object = GUID) -> dict[str, object]:
    return {"Status": "Success", "Message": {"Id": guid}}


def read(reply: Reply | NoReply, *, opportunity_id: str = GUID) -> Reading:
    return read_update(reply, opportunity_id=opportunity_id, id_kind=IdKind.GUID)


# ------------------------------------------------------------------ bodies out


def test_the_example_of_the_vendors_page_comes_out_exactly() -> None:
    example = """{
   "ProspectOpportunityId":"5ca5b042-51ea-4699-b6f0-84c40ab12770",
   "OpportunityNote":"Update note",
   "Fields":[
      {"SchemaName":"mx_Custom_6", "Value":"200,000"},
      {"SchemaName":"mx_Custom_7", "Value":"180,000"},
      {"SchemaName":"mx_Custom_8", "Value":"2020-09-16 12:13:44"}
   ]
}"""
    request = update_request(
        GUID,
        "Update note",
        [
            FieldValue("mx_Custom_6", "200,000"),
            FieldValue("mx_Custom_7", "180,000"),
            FieldValue("mx_Custom_8", "2020-09-16 12:13:44"),
        ],
    )

    assert (request.method, request.path) == ("POST", "OpportunityManagement.svc/Update")
    assert request.body.decode() == json.dumps(json.loads(example), separators=(",", ":"))


def test_an_empty_note_is_left_out() -> None:
    assert b"OpportunityNote" not in update_request(GUID, "", []).body


def test_letters_of_every_script_are_sent_as_utf8() -> None:
    assert "Größe ₹ 大".encode() in update_request(GUID, "Größe ₹ 大", []).body


@given(note=st.text(min_size=1), fields=st.lists(st.tuples(st.text(), st.text())))
def test_every_text_arrives_as_it_was(note: str, fields: list[tuple[str, str]]) -> None:
    body = json.loads(update_request(GUID, note, [FieldValue(*pair) for pair in fields]).body)

    assert list(body) == ["ProspectOpportunityId", "OpportunityNote", "Fields"]
    assert body["OpportunityNote"] == note
    assert [(field["SchemaName"], field["Value"]) for field in body["Fields"]] == fields


def test_reads_carry_the_id_in_the_query_and_no_body() -> None:
    request = details_request("OPP 17/3")

    assert (request.method, request.query, request.body) == (
        "GET",
        (("OpportunityId", "OPP 17/3"),),
        b"",
    )
    assert who_am_i_request().path == "Authentication.svc/UserByAccessKey.Get"


# ------------------------------------------------------------------ the table of verdicts


TABLE: list[tuple[str, Reply, Verdict]] = [
    # Applied
    ("success", a_reply(200, a_success()), Verdict.APPLIED),
    ("success in other letters", a_reply(200, a_success(GUID.upper())), Verdict.APPLIED),
    ("success with a byte-order mark", a_reply(200, b"\xef\xbb\xbf" + json.dumps(a_success()).encode()), Verdict.APPLIED),
    ("success as 201", a_reply(201, a_success()), Verdict.APPLIED),
    ("success with members nobody knows", a_reply(200, a_success() | {"RequestId": "x", "ExceptionType": None, "ExceptionMessage": ""}), Verdict.APPLIED),
    # Rate, in every disguise
    ("429 with the type", a_reply(429, an_error("MXAPIRateLimitExceededException", RATE_TEXT)), Verdict.RATE),
    ("403 with the type", a_reply(403, an_error("MXAPIRateLimitExceededException", RATE_TEXT)), Verdict.RATE),
    ("200 with the type", a_reply(200, an_error("MXAPIRateLimitExceededException", RATE_TEXT)), Verdict.RATE),
    ("500 with the type and no text", a_reply(500, an_error("MXAPIRateLimitExceededException")), Verdict.RATE),
    ("200 with the text alone", a_reply(200, {"Status": "Error", "ExceptionMessage": RATE_TEXT}), Verdict.RATE),
    ("500 with the text in another type", a_reply(500, an_error("MXException", RATE_TEXT)), Verdict.RATE),
    ("403 with the text as plain text", a_reply(403, RATE_TEXT.encode()), Verdict.RATE),
    ("503 with the text as a JSON string", a_reply(503, RATE_TEXT), Verdict.RATE),
    ("bare 429", a_reply(429), Verdict.RATE),
    ("429 with a page", a_reply(429, PAGE), Verdict.RATE),
    # Refused
    ("500 with an MX type", a_reply(500, an_error("MXInvalidEntityReferenceException", "no such option")), Verdict.REFUSED),
    ("200 with an MX type", a_reply(200, an_error("MXInvalidInputException", "Invalid Input!")), Verdict.REFUSED),
    ("200 that says Success and an MX type", a_reply(200, a_success() | {"ExceptionType": "MXInvalidInputException"}), Verdict.REFUSED),
    ("500 with the MX mark and no type", a_reply(500, {"IsMXException": True, "ExceptionMessage": "no"}), Verdict.REFUSED),
    ("408 with an MX type about the data", a_reply(408, an_error("MXXSSException", "markup")), Verdict.REFUSED),
    ("401 with an MX type about the data", a_reply(401, an_error("MXXSSException", "markup")), Verdict.REFUSED),
    ("400 with a JSON library's text", a_reply(400, an_error("Newtonsoft.Json", "Unexpected character")), Verdict.REFUSED),
    ("400 with a page", a_reply(400, PAGE), Verdict.REFUSED),
    ("413", a_reply(413), Verdict.REFUSED),
    ("404 of LeadSquared's", a_reply(404, an_error("MXUnknownProspectActivityException", "no activity")), Verdict.REFUSED),
    ("404 of LeadSquared's without a type", a_reply(404, {"Status": "Error", "ExceptionMessage": "no"}), Verdict.REFUSED),
    ("403 of LeadSquared's", a_reply(403, an_error("MXOpportunityRestrictedException", "restricted")), Verdict.REFUSED),
    ("405 of LeadSquared's", a_reply(405, an_error("", "Method not allowed")), Verdict.REFUSED),
    ("an option called Timeout", a_reply(500, an_error("MXInvalidEntityReferenceException", "'Timeout' is not an option")), Verdict.REFUSED),
    ("a note about rates", a_reply(400, an_error("", f'Error converting value "{RATE_TEXT}"')), Verdict.REFUSED),
    # Access
    ("401", a_reply(401), Verdict.ACCESS),
    ("401 with a page", a_reply(401, PAGE), Verdict.ACCESS),
    ("401 with the type", a_reply(401, an_error("MXInvalidAccessDetailsException", "use api-us11")), Verdict.ACCESS),
    ("500 with the type of wrong keys", a_reply(500, an_error("MXInvalidAccessDetailsException", "")), Verdict.ACCESS),
    ("200 with the type of wrong keys", a_reply(200, an_error("MXInvalidAccessDetailsException", "")), Verdict.ACCESS),
    ("301", a_reply(301, PAGE), Verdict.ACCESS),
    ("302 with an MX type", a_reply(302, an_error("MXInvalidInputException", "")), Verdict.ACCESS),
    ("304", a_reply(304), Verdict.ACCESS),
    # Not permitted
    ("401 without permission", a_reply(401, an_error("MXUnAuthorizedAccessException", "no")), Verdict.NOT_PERMITTED),
    ("500 without permission", a_reply(500, an_error("MXUnauthorizedRequestException", "no")), Verdict.NOT_PERMITTED),
    # Foreign
    ("403 of a gateway", a_reply(403, {"message": "Forbidden"}), Verdict.FOREIGN),
    ("404 of a web server", a_reply(404, PAGE), Verdict.FOREIGN),
    ("404 without a body", a_reply(404), Verdict.FOREIGN),
    ("405 without a body", a_reply(405), Verdict.FOREIGN),
    ("404 with a JSON array", a_reply(404, [1]), Verdict.FOREIGN),
    ("404 of another program", a_reply(404, {"Status": 404, "error": "not found"}), Verdict.FOREIGN),
    # Unknown
    ("408", a_reply(408), Verdict.UNKNOWN),
    ("500 without a body", a_reply(500), Verdict.UNKNOWN),
    ("500 without an MX type", a_reply(500, an_error("System.NullReferenceException", "oops")), Verdict.UNKNOWN),
    ("500 with a type that is no text", a_reply(500, an_error(17, ["x"])), Verdict.UNKNOWN),
    ("502", a_reply(502, PAGE), Verdict.UNKNOWN),
    ("503", a_reply(503, PAGE), Verdict.UNKNOWN),
    ("504", a_reply(504, PAGE), Verdict.UNKNOWN),
    ("MX time-out", a_reply(500, an_error("MXDatabaseException", "Timeout expired.")), Verdict.UNKNOWN),
    ("MX timed out", a_reply(500, an_error("MXDatabaseException", "The call timed out")), Verdict.UNKNOWN),
    ("MX deadlock", a_reply(500, an_error("MXDatabaseException", "chosen as the deadlock victim")), Verdict.UNKNOWN),
    ("MX try again", a_reply(400, an_error("MXException", "Please try again later")), Verdict.UNKNOWN),
    ("MX type of a time-out", a_reply(500, an_error("MXTimeoutException", "")), Verdict.UNKNOWN),
    ("200 with a page", a_reply(200, PAGE), Verdict.UNKNOWN),
    ("200 without a body", a_reply(200), Verdict.UNKNOWN),
    ("204", a_reply(204), Verdict.UNKNOWN),
    ("200 with half an answer", a_reply(200, b'{"Status":"Success","Mess', truncated=True), Verdict.UNKNOWN),
    ("200 with a JSON array", a_reply(200, [a_success()]), Verdict.UNKNOWN),
    ("200 with a number as Status", a_reply(200, {"Status": 0, "Message": {"Id": GUID}}), Verdict.UNKNOWN),
    ("200 with true as Status", a_reply(200, {"Status": True, "Message": {"Id": GUID}}), Verdict.UNKNOWN),
    ("200 with an error without a type", a_reply(200, {"Status": "Error", "ExceptionMessage": "hm"}), Verdict.UNKNOWN),
    ("200 that says Success and a message", a_reply(200, a_success() | {"ExceptionMessage": "hm"}), Verdict.UNKNOWN),
    ("200 without an Id", a_reply(200, {"Status": "Success", "Message": {}}), Verdict.UNKNOWN),
    ("200 with a text as Message", a_reply(200, {"Status": "Success", "Message": GUID}), Verdict.UNKNOWN),
    ("200 with null as Id", a_reply(200, a_success(None)), Verdict.UNKNOWN),
    ("200 with another Id", a_reply(200, a_success(OTHER_GUID)), Verdict.UNKNOWN),
    ("a status beyond all", a_reply(999, PAGE), Verdict.UNKNOWN),
    ("a status below all", a_reply(101), Verdict.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [pytest.param(reply, verdict, id=f"{verdict}: {name}") for name, reply, verdict in TABLE],
)
def test_the_table_of_verdicts(reply: Reply, verdict: Verdict) -> None:
    reading = read(reply)

    assert (reading.verdict, reading.status) == (verdict, reply.status)
    assert reading.message or verdict is Verdict.APPLIED


def test_the_table_names_every_verdict_that_a_reply_can_have() -> None:
    named = {verdict for _, _, verdict in TABLE}

    assert named == set(Verdict) - {Verdict.TARGET_FAULT}


@pytest.mark.parametrize("kind", NoReplyKind)
@pytest.mark.parametrize(
    ("written", "verdict"), [(False, Verdict.TARGET_FAULT), (True, Verdict.UNKNOWN)]
)
def test_without_a_reply_it_counts_whether_the_call_was_written(
    kind: NoReplyKind, written: bool, verdict: Verdict
) -> None:
    reading = read(NoReply(kind=kind, written=written, text="errno 111"))

    assert reading.verdict is verdict
    assert reading.status == 0
    assert reading.message == f"{kind}: errno 111"


@given(status=st.integers(0, 1000), body=st.binary() | st.text().map(str.encode))
def test_any_status_and_bytes_give_a_reading(status: int, body: bytes) -> None:
    reply = Reply(status=status, body=body)

    assert isinstance(read(reply), Reading)
    assert isinstance(read_details(reply), Reading)
    assert isinstance(read_who_am_i(reply), Reading | Account)
    assert not is_from_leadsquared(reply)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5)
    | st.sampled_from(["Success", "Error", "MXInvalidInputException", GUID]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Status", "Message", "Id", "ID", "ExceptionType", "ExceptionMessage",
                         "Fields", "SchemaName", "Value", "LSQCommonServiceURLs", "api", "d"]),
        inner,
    ),
)  # fmt: skip


@given(status=st.sampled_from([200, 302, 400, 401, 404, 429, 500]), content=ANY_JSON)
def test_no_shape_of_json_raises(status: int, content: object) -> None:
    reply = a_reply(status, content)
    reading = read(reply)

    assert isinstance(read_details(reply), Reading | Details)
    assert isinstance(read_who_am_i(reply), Reading | Account)
    assert is_from_leadsquared(reply) in (True, False)
    if reading.verdict is Verdict.APPLIED:
        assert content == a_success() | content  # type: ignore[operator]
        assert status == 200


def test_a_rate_answer_tells_the_accounts_limit_and_how_long_to_wait() -> None:
    told = "API calls exceeded the limit of 72 in 2.5 second(s)"
    reading = read(a_reply(429, an_error("MXAPIRateLimitExceededException", told), retry_after=7.0))

    assert (reading.limit, reading.retry_after) == ((72, 2.5), 7.0)


@pytest.mark.parametrize(
    "told", ["exceeded the limit of 0 in 5", "exceeded the limit of 5 in 0", "slow"]
)
def test_a_rate_answer_without_a_usable_limit_names_none(told: str) -> None:
    reading = read(a_reply(429, an_error("MXAPIRateLimitExceededException", told)))

    assert (reading.verdict, reading.limit) == (Verdict.RATE, None)


def test_an_access_answer_keeps_its_message_since_it_may_name_the_right_host() -> None:
    told = "Invalid access details; the host of this account is api-us11.leadsquared.com"
    reading = read(a_reply(401, an_error("MXInvalidAccessDetailsException", told)))

    assert reading.message == told
    assert reading.exception == "MXInvalidAccessDetailsException"


def test_a_success_for_another_opportunity_is_said() -> None:
    reading = read(a_reply(200, a_success(OTHER_GUID)))

    assert OTHER_GUID in reading.message
    assert GUID in reading.message


@pytest.mark.parametrize(("answered", "guid"), [(GUID.upper(), GUID), ("OPP-17", "")])
def test_an_auto_id_comes_back_as_its_guid_or_as_itself(answered: str, guid: str) -> None:
    reading = read_update(
        a_reply(200, a_success(answered)), opportunity_id="OPP-17", id_kind=IdKind.AUTO_ID
    )

    assert (reading.verdict, reading.guid) == (Verdict.APPLIED, guid)


@pytest.mark.parametrize("answered", ["", None, "OPP-18", "done"])
def test_another_auto_id_leaves_it_unknown(answered: object) -> None:
    reading = read_update(
        a_reply(200, a_success(answered)), opportunity_id="OPP-17", id_kind=IdKind.AUTO_ID
    )

    assert reading.verdict is Verdict.UNKNOWN


def test_long_messages_are_cut() -> None:
    assert len(read(a_reply(400, an_error("", "x " * 100_000))).message) == 500


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "HTTP 502 with an empty body"),
        (PAGE, 'HTTP 502 with the page "404 Not Found", not with JSON of LeadSquared'),
        (b"upstream gone", 'HTTP 502 with "upstream gone", not with JSON of LeadSquared'),
        (b"\xff\xfe", 'HTTP 502 with "��", not with JSON of LeadSquared'),
        (b"{}", "HTTP 502 with JSON that says neither success nor why not"),
    ],
)
def test_a_foreign_answer_is_told_by_what_it_is(body: bytes, told: str) -> None:
    assert read(Reply(status=502, body=body)).message == told


# ------------------------------------------------------------------ reads


def the_details(**changes: object) -> dict[str, object]:
    return {
        "ID": GUID.upper(),
        "OpportunityNote": "Called",
        "Fields": [
            {"SchemaName": "mx_Custom_6", "DataType": "Number", "Value": "50000.000"},
            {"SchemaName": "mx_Custom_8", "Value": None},
            {"SchemaName": "mx_Custom_9", "Value": 7},
            {"DisplayName": "without a SchemaName"},
            "nonsense",
        ],
        **changes,
    }


def test_details_give_note_and_values_as_the_crm_writes_them() -> None:
    assert read_details(a_reply(200, the_details())) == Details(
        guid=GUID,
        note="Called",
        values={"mx_Custom_6": "50000.000", "mx_Custom_8": "", "mx_Custom_9": "7"},
    )


def test_the_note_may_come_as_a_field() -> None:
    fields = [{"SchemaName": "ActivityEvent_Note", "Value": "Called"}]
    details = read_details(a_reply(200, the_details(OpportunityNote=None, Fields=fields)))

    assert isinstance(details, Details)
    assert details.note == "Called"


def test_white_space_of_a_note_is_kept() -> None:
    details = read_details(a_reply(200, the_details(OpportunityNote=" two\n lines ")))

    assert isinstance(details, Details)
    assert details.note == " two\n lines "


def test_an_unknown_opportunity_shows_as_refused_and_comes_from_leadsquared() -> None:
    reply = a_reply(500, an_error("MXUnknownProspectActivityException", "Activity does not exist."))
    reading = read_details(reply)

    assert isinstance(reading, Reading)
    assert reading.verdict is Verdict.REFUSED
    assert is_from_leadsquared(reply)


@pytest.mark.parametrize("content", [[], {"ID": GUID}, {"Fields": []}, a_success()])
def test_details_without_id_and_fields_are_no_details(content: object) -> None:
    reading = read_details(a_reply(200, content))

    assert isinstance(reading, Reading)
    assert reading.verdict is Verdict.UNKNOWN


def test_reads_without_a_reply_give_the_same_readings_as_updates() -> None:
    lost = NoReply(kind=NoReplyKind.RESET, written=True, text="peer")

    assert read_details(lost) == read_who_am_i(lost) == read(lost)
    assert not is_from_leadsquared(lost)


@pytest.mark.parametrize(
    "content",
    [a_success(), an_error("MXAny"), an_error(), the_details(), {"LSQCommonServiceURLs": {}}],
)
def test_leadsquareds_own_answers_are_told_from_others(content: object) -> None:
    assert is_from_leadsquared(a_reply(404, content))


@pytest.mark.parametrize(
    "content", [None, PAGE, {"message": "Forbidden"}, [an_error("MXAny")], {"Status": 500}]
)
def test_other_answers_are_not_leadsquareds(content: object) -> None:
    assert not is_from_leadsquared(a_reply(404, content))


def test_the_account_is_told_by_organisation_host_user_and_zone() -> None:
    content = {
        "Name": "Asha",
        "OrgId": 4711,
        "TimeZone": "Asia/Kolkata",
        "LSQCommonServiceURLs": {"api": "https://api-in21.leadsquared.com/v2/", "app": "x"},
    }
    expected = Account(
        organisation="4711",
        host="api-in21.leadsquared.com",
        user="Asha",
        time_zone="Asia/Kolkata",
    )

    assert read_who_am_i(a_reply(200, content)) == expected
    assert read_who_am_i(a_reply(200, {"d": content})) == expected


def test_an_account_without_an_organisation_is_still_told() -> None:
    account = read_who_am_i(a_reply(200, {"LSQCommonServiceURLs": {"api": "api.leadsquared.com"}}))

    assert isinstance(account, Account)
    assert (account.organisation, account.host) == ("", "api.leadsquared.com")


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (a_reply(401, an_error("MXInvalidAccessDetailsException", "no")), Verdict.ACCESS),
        (a_reply(200, PAGE), Verdict.UNKNOWN),
        (a_reply(200, {}), Verdict.UNKNOWN),
        (a_reply(404, PAGE), Verdict.FOREIGN),
    ],
)
def test_an_account_that_is_not_told_gives_the_reason(reply: Reply, verdict: Verdict) -> None:
    reading = read_who_am_i(reply)

    assert isinstance(reading, Reading)
    assert reading.verdict is verdict
