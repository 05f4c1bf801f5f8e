"""The daily quota: how many calls a UTC day has, and what is said when they are used up."""

from datetime import UTC, datetime

import pytest

from migrator.sandbox import Sandbox, SandboxOptions
from tests.integration.sandbox_caller import WHO_AM_I, Caller, calling

EVENING = datetime(2026, 3, 1, 23, 59, 58, tzinfo=UTC).timestamp()


class Wall:
    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> float:
        return self.now


def a_sandbox(wall: Wall, **options: object) -> Sandbox:
    return Sandbox(SandboxOptions(**({"limit": 1000} | options)), wall=wall)  # type: ignore[arg-type]


async def stats(caller: Caller) -> tuple[int | None, int, int]:
    told = (await caller.control("GET", "stats")).json
    return told["daily"], told["today"], told["refused_by_the_day"]


@pytest.mark.parametrize("disguise", [429, 403, 200])
async def test_a_used_up_day_is_refused_with_the_rate_type_in_every_disguise(disguise: int) -> None:
    async with calling(a_sandbox(Wall(), daily=2, disguise=disguise)) as caller:
        await caller.update(mx_Custom_1="a")
        await caller.call("GET", WHO_AM_I)
        for _ in range(2):
            got = await caller.update(mx_Custom_1="b")
            assert (got.status, got.exception) == (disguise, "MXAPIRateLimitExceededException")
            assert got.json["ExceptionMessage"] == "API calls exceeded the daily limit of 2"

        assert await stats(caller) == (2, 2, 2)


async def test_the_day_begins_anew_at_midnight_of_utc() -> None:
    wall = Wall()
    async with calling(a_sandbox(wall, daily=1)) as caller:
        wall.now = EVENING + 1.9
        assert [(await caller.update()).status for _ in range(2)] == [200, 429]

        wall.now = EVENING + 2
        assert await stats(caller) == (1, 0, 1)
        assert [(await caller.update()).status for _ in range(2)] == [200, 429]


async def test_calls_that_the_window_refuses_take_nothing_from_the_day() -> None:
    async with calling(a_sandbox(Wall(), daily=3, limit=1, window=60.0)) as caller:
        assert [(await caller.update()).status for _ in range(4)] == [200, 429, 429, 429]

        assert await stats(caller) == (3, 1, 0)
        assert (await caller.control("GET", "stats")).json["refused"] == 3


async def test_a_quota_set_while_it_runs_counts_the_calls_before_it() -> None:
    async with calling(a_sandbox(Wall())) as caller:
        await caller.update()
        assert await stats(caller) == (None, 1, 0)

        await caller.control("PATCH", "settings", json={"daily": 1, "window": 7})
        assert (await caller.update()).status == 429
        await caller.control("PATCH", "settings", json={"daily": None})
        assert (await caller.update()).status == 200


async def test_the_words_of_the_refusal_can_be_changed_as_nobody_published_them() -> None:
    words = "API calls exceeded the limit of {limit} in 86400 second(s)"
    async with calling(a_sandbox(Wall(), daily=0, daily_message=words)) as caller:
        got = await caller.update()

    assert got.json["ExceptionMessage"] == "API calls exceeded the limit of 0 in 86400 second(s)"
