"""Keys, paths, the limit and who am I: what stands before every endpoint."""

from collections.abc import AsyncIterator, Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from migrator.sandbox import Counting, Sandbox, SandboxOptions
from tests.integration.sandbox_caller import DETAILS, GUID, UPDATE, WHO_AM_I, Caller, calling

HOME = "api-in21.leadsquared.com"


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


# ------------------------------------------------------------------ keys and hosts


async def test_keys_are_taken_from_the_query_too(caller: Caller) -> None:
    options = caller.sandbox.options
    keys = {"accessKey": options.access_key, "secretKey": options.secret_key}

    assert (await caller.call("GET", WHO_AM_I, keys=False, params=keys)).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-LSQ-AccessKey": "u$rsandbox", "x-LSQ-SecretKey": "wrong"}],
    ids=["no keys", "a wrong key"],
)
@pytest.mark.parametrize(("method", "path"), [("POST", UPDATE), ("GET", WHO_AM_I)])
async def test_without_the_right_keys_every_call_is_a_401(
    caller: Caller, headers: dict[str, str], method: str, path: str
) -> None:
    got = await caller.call(method, path, keys=False, headers=headers)

    assert (got.status, got.exception) == (401, "MXInvalidAccessDetailsException")


async def test_a_call_without_access_takes_nothing_from_the_limit() -> None:
    async with calling(limit=1) as caller:
        await caller.call("GET", WHO_AM_I, keys=False)

        assert (await caller.update()).status == 200


async def test_a_wrong_region_names_the_right_host_and_who_am_i_still_serves() -> None:
    async with calling(wrong_region=HOME) as caller:
        got = await caller.update()
        assert (got.status, got.exception) == (401, "MXInvalidAccessDetailsException")
        assert HOME in got.json["ExceptionMessage"]

        served = await caller.call("GET", WHO_AM_I)
        assert served.json["LSQCommonServiceURLs"]["api"] == HOME


async def test_a_deactivated_user_is_refused_everywhere() -> None:
    async with calling(deactivated=True) as caller:
        assert (await caller.update()).status == 401
        assert (await caller.call("GET", WHO_AM_I)).status == 401


async def test_who_am_i_tells_organisation_host_and_time_zone() -> None:
    async with calling(organisation="ACME", time_zone="Europe/Dublin") as caller:
        told = (await caller.call("GET", WHO_AM_I)).json

        assert told["OrgShortCode"] == "ACME"
        assert told["TimeZone"] == "Europe/Dublin"
        assert told["LSQCommonServiceURLs"]["api"] == caller.sandbox.host_port

        before = told["OrgId"]
        caller.sandbox.change(organisation="OTHER")
        assert (await caller.call("GET", WHO_AM_I)).json["OrgId"] != before


async def test_an_account_may_tell_no_organisation() -> None:
    async with calling(organisation="") as caller:
        told = (await caller.call("GET", WHO_AM_I)).json

        assert told["OrgShortCode"] is None
        assert told["OrgId"] is None


# ------------------------------------------------------------------ paths


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", UPDATE, 405),
        ("POST", DETAILS, 405),
        ("POST", "/v2/OpportunityManagement.svc/Updat", 404),
        ("GET", "/", 404),
    ],
)
async def test_a_wrong_path_or_verb_gets_a_page_that_is_not_leadsquareds(
    caller: Caller, method: str, path: str, status: int
) -> None:
    got = await caller.call(method, path)

    assert (got.status, got.content_type) == (status, "text/html")
    assert b"ExceptionType" not in got.body


async def test_when_down_every_call_gets_a_gateways_503(caller: Caller) -> None:
    caller.sandbox.change(down=True)
    assert [(await caller.update()).status, (await caller.call("GET", WHO_AM_I)).status] == [
        503
    ] * 2

    caller.sandbox.change(down=False)
    assert (await caller.update()).status == 200


# ------------------------------------------------------------------ the limit


async def test_all_calls_of_the_account_share_one_limit() -> None:
    async with calling(limit=3, window=60.0) as caller:
        await caller.update()
        await caller.details()
        await caller.call("GET", WHO_AM_I)

        got = await caller.update(mx_Custom_1="a")
        assert (got.status, got.exception) == (429, "MXAPIRateLimitExceededException")
        assert got.json["ExceptionMessage"] == "API calls exceeded the limit of 3 in 60 second(s)"
        assert "Retry-After" not in got.headers
        assert caller.sandbox.opportunities[GUID].fields == {}


@pytest.mark.parametrize("disguise", [429, 403, 200])
async def test_a_rate_answer_comes_in_three_disguises(disguise: int) -> None:
    async with calling(limit=1, window=60.0, disguise=disguise, retry_after=2.0) as caller:
        await caller.update()
        got = await caller.update()

        assert (got.status, got.exception) == (disguise, "MXAPIRateLimitExceededException")
        assert got.headers["Retry-After"] == "2"


@pytest.mark.parametrize("refused_count", [False, True])
async def test_refused_calls_fill_the_window_only_when_they_count(refused_count: bool) -> None:
    # Start, two calls, then one each 0.4 s under 1 call a second.
    clock = ticking(0.0, 0.0, 0.4, 0.8, 1.2)
    options = SandboxOptions(limit=1, window=1.0, refused_count=refused_count)
    async with calling(Sandbox(options, monotonic=lambda: next(clock))) as caller:
        statuses = [(await caller.update()).status for _ in range(4)]

        assert statuses == [200, 429, 429, 429 if refused_count else 200]


async def test_a_changed_limit_begins_with_an_empty_memory() -> None:
    async with calling(limit=1, window=60.0) as caller:
        await caller.update()
        caller.sandbox.change(limit=2, counting="weighted")

        assert [(await caller.update()).status for _ in range(3)] == [200, 200, 429]
        assert caller.sandbox.options.counting is Counting.WEIGHTED


# ------------------------------------------------------------------ choices


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"window": 0.0},
        {"disguise": 500},
        {"latency": (2.0, 1.0)},
        {"latency_before": 1.5},
        {"read_lag": -1.0},
        {"notes": "append"},
        {"port": 70_000},
        {"faults": {"lost": 0.1}},
        {"faults": {"lost_after": 1.5}},
        {"faults": {"lost_after": 0.7, "http503": 0.4}},
    ],
)
def test_an_impossible_choice_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|cannot be set|no fault|more than 1"):
        SandboxOptions(**wrong)


def test_the_keys_are_not_in_the_options_text() -> None:
    options = SandboxOptions(access_key="u$rMARKED", secret_key="MARKED")

    assert "MARKED" not in repr(options)


def ticking(*times: float) -> Iterator[float]:
    """A clock that tells these times, then the last one for ever."""
    return chain(times, repeat(times[-1]))
