"""What goes wrong on purpose, what of it is applied, and what the log says about it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from migrator.sandbox import FAULTS, Sandbox, SandboxOptions, Seed
from migrator.sandbox.faults import draw, struck
from tests.integration.sandbox_caller import GUID, OTHER, UPDATE, WHO_AM_I, Caller, calling

ANSWERED = {
    "rate429": 429,
    "rate403": 403,
    "rate200": 200,
    "http500_html": 500,
    "http500_empty": 500,
    "http502": 502,
    "http503": 503,
    "http504": 504,
    "mx_transient": 500,
    "truncated": 200,
    "foreign403": 403,
    "foreign404": 404,
    "http400": 400,
    "mx500": 500,
    "mx_input": 500,
    "http404_mx": 404,
}
EITHER = [name for name, fault in FAULTS.items() if fault.applied is None]


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


def ids(count: int) -> list[str]:
    return [f"{number:08x}-0000-4000-8000-000000000000" for number in range(count)]


# ------------------------------------------------------------------ each fault


@pytest.mark.parametrize(("fault", "status"), ANSWERED.items())
async def test_a_fault_has_its_status_and_the_log_tells_whether_it_was_applied(
    caller: Caller, fault: str, status: int
) -> None:
    caller.sandbox.strike_next(fault)
    got = await caller.update(note="n", mx_Custom_1="a")

    [record] = caller.sandbox.log
    assert (got.status, record.status, record.fault) == (status, status, fault)
    assert caller.sandbox.opportunities[GUID].notes == ({"n": 1} if record.applied else {})
    assert (await caller.update()).status == 200


@pytest.mark.parametrize(("fault", "applied"), [("lost_before", 0), ("lost_after", 1)])
async def test_a_lost_answer_is_a_broken_connection(
    caller: Caller, fault: str, applied: int
) -> None:
    for _ in range(2):  # once with a reset, once closed properly
        caller.sandbox.strike_next(fault)
        with pytest.raises(aiohttp.ClientConnectionError):
            await caller.update(mx_Custom_1="a")

    assert [record.status for record in caller.sandbox.log] == [None, None]
    assert [record.applied for record in caller.sandbox.log] == [bool(applied)] * 2
    assert caller.sandbox.opportunities[GUID].applied == 2 * applied


async def test_a_hanging_call_gets_no_answer_and_its_record_is_there_at_once(
    caller: Caller,
) -> None:
    caller.sandbox.strike_next("hang", applied=True)
    under_way = asyncio.create_task(caller.update(mx_Custom_1="a"))
    while not caller.sandbox.log:
        await asyncio.sleep(0.005)

    [record] = caller.sandbox.log
    assert (record.applied, record.status, under_way.done()) == (True, None, False)
    under_way.cancel()


async def test_a_hanging_call_is_closed_after_its_time() -> None:
    async with calling(hang_seconds=0.01) as caller:
        caller.sandbox.strike_next("hang")
        with pytest.raises(aiohttp.ClientConnectionError):
            await caller.update()


@pytest.mark.parametrize("fault", EITHER)
@pytest.mark.parametrize("applied", [True, False])
async def test_a_script_can_say_whether_the_struck_call_is_applied(
    fault: str, applied: bool
) -> None:
    async with calling(hang_seconds=0.0) as caller:
        caller.sandbox.strike_next(fault, applied=applied)
        try:
            await caller.update(mx_Custom_1="a")
        except aiohttp.ClientConnectionError:
            assert fault == "hang"

        assert caller.sandbox.opportunities[GUID].applied == applied


async def test_the_bodies_show_who_speaks(caller: Caller) -> None:
    got = {}
    for fault in ("http503", "foreign404", "http404_mx", "mx500", "mx_transient", "http500_empty"):
        caller.sandbox.strike_next(fault)
        got[fault] = await caller.update(mx_Custom_7="a")

    assert {got["http503"].content_type, got["foreign404"].content_type} == {"text/html"}
    assert got["http404_mx"].exception == "MXUnknownProspectActivityException"
    assert "mx_Custom_7" in got["mx500"].json["ExceptionMessage"]
    assert "try again" in got["mx_transient"].json["ExceptionMessage"]
    assert got["http500_empty"].body == b""


async def test_a_truncated_answer_is_applied_and_no_json(caller: Caller) -> None:
    caller.sandbox.strike_next("truncated")
    got = await caller.update(mx_Custom_1="a")

    with pytest.raises(json.JSONDecodeError):
        json.loads(got.body)
    assert caller.sandbox.opportunities[GUID].applied == 1


async def test_a_fault_that_applies_still_refuses_what_cannot_be_applied(caller: Caller) -> None:
    caller.sandbox.strike_next("lost_after")
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.update(mx_Custom_1=None)

    assert caller.sandbox.opportunities[GUID].applied == 0
    assert not caller.sandbox.log[0].applied


# ------------------------------------------------------------------ scripts


async def test_a_script_waits_for_its_opportunity_and_strikes_as_often_as_it_says() -> None:
    async with calling(seeds=(Seed(guid=GUID, auto_id="OPP-1"), Seed(guid=OTHER))) as caller:
        caller.sandbox.strike_next("http503", times=2, opportunity=GUID.upper())

        statuses = [
            (await caller.update(name)).status for name in (OTHER, GUID, OTHER, "OPP-1", GUID)
        ]
        assert statuses == [200, 503, 200, 503, 200]


async def test_a_script_can_be_for_one_path(caller: Caller) -> None:
    caller.sandbox.strike_next("http503", path="UserByAccessKey.Get")

    assert (await caller.update()).status == 200
    assert (await caller.call("GET", WHO_AM_I)).status == 503


async def test_a_script_for_no_known_fault_or_no_call_is_refused(caller: Caller) -> None:
    with pytest.raises(ValueError, match="there is no fault"):
        caller.sandbox.strike_next("earthquake")
    with pytest.raises(ValueError, match="at least once"):
        caller.sandbox.strike_next("http503", times=0)


# ------------------------------------------------------------------ by chance


async def test_passing_faults_strike_a_call_and_not_the_next_of_the_same_row() -> None:
    async with calling(faults={"http503": 0.5}, seed=3) as caller:
        statuses = {name: [(await caller.update(name)).status for _ in range(8)] for name in ids(6)}

    assert all(set(seen) == {200, 503} for seen in statuses.values())


async def test_lasting_faults_strike_the_same_opportunities_until_mended() -> None:
    chances = {"http400": 0.2, "mx500": 0.2, "http404_mx": 0.2}
    async with calling(faults=chances, seed=5) as caller:
        rounds = [[(await caller.update(name)).status for name in ids(30)] for _ in range(3)]
        assert rounds[0] == rounds[1] == rounds[2]
        assert set(rounds[0]) == {200, 400, 404, 500}
        assert (await caller.details(ids(30)[rounds[0].index(500)])).status == 200

        for name in ids(30):
            caller.sandbox.mend(Seed(guid=name))
        assert {(await caller.update(name)).status for name in ids(30)} == {200}


async def test_the_same_seed_strikes_the_same_calls_in_any_order() -> None:
    async def struck_calls(order: list[str], seed: int) -> set[tuple[str, int]]:
        async with calling(faults={"http503": 0.3}, seed=seed) as caller:
            return {(name, (await caller.update(name)).status) for name in order}

    forwards = await struck_calls(ids(40), 7)
    assert await struck_calls(ids(40)[::-1], 7) == forwards
    assert await struck_calls(ids(40), 8) != forwards


def test_chances_are_kept_over_many_calls() -> None:
    chances = {"lost_after": 0.1, "http500_html": 0.2}
    strikes = [
        struck(chances, seed=1, opportunity=GUID, number=number, updates=True, mended=False)
        for number in range(5_000)
    ]
    counted = Counter(strike.name if strike else "none" for strike in strikes)
    applied = [strike.applied for strike in strikes if strike and strike.name == "http500_html"]

    assert abs(counted["lost_after"] / 5_000 - 0.1) < 0.02
    assert abs(counted["http500_html"] / 5_000 - 0.2) < 0.02
    assert abs(sum(applied) / len(applied) - 0.5) < 0.1


def test_a_draw_is_the_same_for_the_same_parts_and_below_one() -> None:
    drawn = [draw("seed", number) for number in range(1_000)]

    assert drawn == [draw("seed", number) for number in range(1_000)]
    assert all(0 <= number < 1 for number in drawn)
    assert len(set(drawn)) == 1_000


async def test_who_am_i_is_not_struck_by_chance() -> None:
    async with calling(faults={"http503": 1.0}) as caller:
        assert (await caller.call("GET", WHO_AM_I)).status == 200
        assert (await caller.update()).status == 503


async def test_ended_faults_leave_everything_well(caller: Caller) -> None:
    caller.sandbox.change(faults={"mx500": 1.0})
    caller.sandbox.strike_next("http503", times=9)
    caller.sandbox.end_faults()

    assert (await caller.update()).status == 200


# ------------------------------------------------------------------ latency


async def test_latency_passes_partly_before_and_partly_after_applying() -> None:
    async with calling(latency=(0.1, 0.1), latency_before=0.5) as caller:
        loop = asyncio.get_running_loop()
        started = loop.time()
        under_way = asyncio.create_task(caller.update(mx_Custom_1="a"))
        while not caller.sandbox.log:
            await asyncio.sleep(0.002)
        applied_after = loop.time() - started
        await under_way

        assert applied_after >= 0.045
        assert loop.time() - started - applied_after >= 0.02
        assert loop.time() - started >= 0.095


async def test_a_call_is_applied_and_logged_though_its_caller_has_gone() -> None:
    async with calling(latency=(0.05, 0.05), latency_before=1.0) as caller:
        with pytest.raises(TimeoutError):
            await caller.call(
                "POST",
                UPDATE,
                json={"ProspectOpportunityId": GUID, "Fields": []},
                timeout=aiohttp.ClientTimeout(total=0.02),
            )
        while not caller.sandbox.log:
            await asyncio.sleep(0.005)

        assert caller.sandbox.log[0].applied


# ------------------------------------------------------------------ the log


async def test_the_log_file_has_a_line_per_request_and_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    options = SandboxOptions(
        limit=100, log_file=path, access_key="u$rMARKED", secret_key="MARKED-secret"
    )
    async with calling(Sandbox(options)) as caller:
        await caller.update(note="für", mx_Custom_1="a", mx_Custom_2="b")
        query = {"accessKey": "u$rMARKED", "secretKey": "MARKED-secret", "OpportunityId": GUID}
        await caller.call("GET", "/v2/nothing", keys=False, params=query)
        lines = path.read_text(encoding="utf-8").splitlines()

        assert "MARKED" not in "".join(lines)
        first, second = (json.loads(line) for line in lines)
        assert (first["seq"], second["seq"]) == (1, 2)
        assert first["monotonic"] < second["monotonic"]
        assert first["wall"] <= second["wall"]
        assert {name: first[name] for name in ("method", "path", "opportunity", "guid")} == {
            "method": "POST",
            "path": UPDATE,
            "opportunity": GUID,
            "guid": GUID,
        }
        assert first["fields"] == {"mx_Custom_1": "a", "mx_Custom_2": "b"}
        assert (first["note"], first["applied"], first["status"]) == ("für", True, 200)
        assert (second["path"], second["status"]) == ("/v2/nothing", 404)


async def test_the_log_in_memory_can_be_bounded() -> None:
    async with calling(log_kept=2) as caller:
        for _ in range(3):
            await caller.update()

        assert [record.seq for record in caller.sandbox.log] == [2, 3]
        assert caller.sandbox.stats.calls == 3


async def test_a_refused_update_is_in_the_log_with_its_reason() -> None:
    async with calling(unknown=(OTHER,)) as caller:
        await caller.update(OTHER, mx_Custom_1="a")

        [record] = caller.sandbox.log
        assert (record.opportunity, record.guid) == (OTHER, "")
        assert (record.status, record.applied) == (500, False)
        assert record.exception == "MXUnknownProspectActivityException"
