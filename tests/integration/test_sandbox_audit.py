"""When an opportunity was created and changed, and by whom, as reads show it."""

from datetime import UTC, datetime

from migrator.sandbox import Sandbox, SandboxOptions, Seed
from tests.integration.sandbox_caller import GUID, OTHER, USERS, WHO_AM_I, Caller, calling

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC).timestamp()


class Wall:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


async def audit(caller: Caller) -> tuple[str, str, str]:
    shown = await caller.all_values()
    return shown["CreatedOn"], shown["ModifiedOn"], shown["ModifiedBy"]


async def test_an_update_sets_modified_on_and_by_and_leaves_created_on() -> None:
    wall = Wall()
    async with calling(Sandbox(wall=wall)) as caller:
        me = (await caller.call("GET", WHO_AM_I)).json["Id"]
        assert await audit(caller) == ("2026-03-01 12:00:00", "2026-03-01 12:00:00", me)

        wall.now += 61.5
        await caller.update(mx_Custom_1="a")
        assert await audit(caller) == ("2026-03-01 12:00:00", "2026-03-01 12:01:01", me)
        assert me in [user["ID"] for user in (await caller.call("GET", USERS)).json]


async def test_an_update_that_is_refused_or_names_nothing_leaves_modified_on() -> None:
    wall = Wall()
    async with calling(Sandbox(SandboxOptions(), wall=wall)) as caller:
        before = await audit(caller)
        wall.now += 60
        await caller.update()
        await caller.update(mx_Custom_1=None)

        assert await audit(caller) == before


async def test_what_somebody_else_edits_shows_at_once_with_a_newer_modified_on() -> None:
    wall = Wall()
    async with calling(Sandbox(wall=wall)) as caller:
        await caller.update(mx_Custom_1="mine", mx_Custom_2="kept")
        _, before, me = await audit(caller)
        await caller.control(
            "POST", "opportunities", json={"id": GUID, "fields": {"mx_Custom_1": "theirs"}}
        )

        assert await caller.values() == {"mx_Custom_1": "theirs", "mx_Custom_2": "kept"}
        _, after, somebody = await audit(caller)
        assert after > before, "though no second has passed"
        assert somebody != me


async def test_mending_without_a_change_is_no_edit() -> None:
    wall = Wall()
    async with calling(Sandbox(wall=wall)) as caller:
        await caller.update(mx_Custom_1="a")
        before = await audit(caller)
        wall.now += 60
        await caller.control(
            "POST", "opportunities", json={"id": GUID, "fields": {"mx_Custom_1": "a"}}
        )

        assert await audit(caller) == before


async def test_an_edit_may_name_its_own_time_and_author() -> None:
    async with calling() as caller:
        edit = {"ModifiedOn": "2030-01-01 00:00:00", "ModifiedBy": OTHER, "mx_Custom_1": "a"}
        await caller.control("POST", "opportunities", json={"id": GUID, "fields": edit})

        assert (await audit(caller))[1:] == ("2030-01-01 00:00:00", OTHER)
        assert caller.sandbox.opportunities[GUID].fields == {"mx_Custom_1": "a"}


async def test_an_accepted_created_on_is_shown() -> None:
    async with calling() as caller:
        await caller.update(CreatedOn="2021-01-31 03:03:35")

        assert (await audit(caller))[0] == "2021-01-31 03:03:35"


async def test_a_seed_may_say_when_it_was_created() -> None:
    seed = Seed(guid=GUID, created_on="2020-01-01 00:00:00", modified_on="2020-01-02 00:00:00")
    async with calling(seeds=(seed,)) as caller:
        assert (await audit(caller))[:2] == ("2020-01-01 00:00:00", "2020-01-02 00:00:00")


async def test_modified_on_lags_with_the_read_that_shows_it() -> None:
    wall, now = Wall(), 0.0
    options = SandboxOptions(read_lag=5.0)
    async with calling(Sandbox(options, monotonic=lambda: now, wall=wall)) as caller:
        before = await audit(caller)
        wall.now += 1
        await caller.update(mx_Custom_1="a")
        assert await audit(caller) == before

        now = 5.0
        assert (await audit(caller))[1] == "2026-03-01 12:00:01"
