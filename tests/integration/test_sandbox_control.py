"""Looking at the sandbox and changing it over HTTP while it runs."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.sandbox_caller import GUID, OTHER, Caller, calling


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_the_state_shows_fields_notes_with_counts_and_updates_applied(
    caller: Caller,
) -> None:
    for _ in range(2):
        await caller.update(note="n", mx_Custom_1="a")

    [shown] = (await caller.control("GET", "state")).json["opportunities"]
    assert {
        name: shown[name] for name in ("id", "auto_id", "fields", "note", "notes", "applied")
    } == {
        "id": GUID,
        "auto_id": "",
        "fields": {"mx_Custom_1": "a"},
        "note": "n",
        "notes": {"n": 2},
        "applied": 2,
    }
    assert (await caller.control("GET", f"state?id={GUID.upper()}")).json == shown
    assert (await caller.control("GET", f"state?id={OTHER}")).status == 404


async def test_settings_are_changed_one_by_one_while_it_runs(caller: Caller) -> None:
    changes: dict[str, Any] = {
        "limit": 1,
        "window": 60,
        "counting": "fixed",
        "disguise": 403,
        "latency": 0.001,
        "organisation": "ACME",
        "unknown": [OTHER.upper()],
    }
    shown = (await caller.control("PATCH", "settings", json=changes)).json

    assert shown["latency"] == [0.001, 0.001]
    assert shown["unknown"] == [OTHER]
    assert (await caller.update(OTHER)).exception == "MXUnknownProspectActivityException"
    assert (await caller.update()).status == 403
    assert (await caller.control("GET", "settings")).json == shown


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": "many"},
        {"limit": 0},
        {"colour": "red"},
        {"port": 80},
        {"secret_key": "x"},
        {"down": "yes"},
        {"counting": "guess"},
        {"latency": [1, 2, 3]},
        {"faults": {"earthquake": 0.5}},
        ["limit", 1],
    ],
)
async def test_a_change_that_does_not_fit_is_refused_and_nothing_changes(
    caller: Caller, changes: Any
) -> None:
    before = (await caller.control("GET", "settings")).json
    got = await caller.control("PATCH", "settings", json=changes)

    assert (got.status, list(got.json)) == (400, ["error"])
    assert (await caller.control("GET", "settings")).json == before


async def test_an_unknown_id_exists_once_it_is_mended() -> None:
    async with calling(unknown=(GUID,)) as caller:
        assert (await caller.update()).status == 500
        got = await caller.control(
            "POST", "opportunities", json={"id": GUID, "auto_id": "OPP-1", "fields": {"a": "b"}}
        )

        assert got.status == 200
        assert (await caller.update("OPP-1")).status == 200
        assert (await caller.control("GET", "settings")).json["unknown"] == []
        assert await caller.values() == {"a": "b"}


async def test_several_opportunities_are_added_at_once_and_may_have_an_auto_id_only(
    caller: Caller,
) -> None:
    got = await caller.control(
        "POST", "opportunities", json=[{"auto_id": "OPP-1", "note": "old"}, {"id": OTHER}]
    )

    first, second = got.json["opportunities"]
    assert (first["auto_id"], first["note"], second["id"]) == ("OPP-1", "old", OTHER)
    assert (await caller.update("OPP-1")).json["Message"]["Id"] == first["id"]


@pytest.mark.parametrize("body", ["{", "3", "[{}]", '["a"]', '{"id": "OPP-1"}'])
async def test_a_wrong_opportunity_is_refused(caller: Caller, body: str) -> None:
    assert (await caller.control("POST", "opportunities", data=body)).status == 400


async def test_faults_are_scripted_shown_and_ended(caller: Caller) -> None:
    script = {"fault": "http503", "times": 3, "opportunity": GUID}
    shown = (await caller.control("POST", "faults", json=script)).json
    assert [(fault["name"], fault["times"]) for fault in shown["script"]] == [("http503", 3)]
    assert "lost_after" in shown["names"]

    assert (await caller.update()).status == 503
    await caller.control("PATCH", "settings", json={"faults": {"mx500": 1}})
    ended = (await caller.control("DELETE", "faults")).json
    assert (ended["chances"], ended["script"]) == ({}, [])
    assert (await caller.update()).status == 200


@pytest.mark.parametrize("script", [{"fault": "x"}, {}, {"fault": "http503", "colour": 1}])
async def test_a_wrong_script_is_refused(caller: Caller, script: dict[str, Any]) -> None:
    assert (await caller.control("POST", "faults", json=script)).status == 400


async def test_log_and_figures_are_shown(caller: Caller) -> None:
    for _ in range(3):
        await caller.update(mx_Custom_1="a")

    records = (await caller.control("GET", "log?after=1")).json["records"]
    assert [record["seq"] for record in records] == [2, 3]
    stats = (await caller.control("GET", "stats")).json
    assert (stats["calls"], stats["most_in_a_window"], stats["by_status"]) == (3, 3, {"200": 3})
    assert (await caller.control("GET", "log?after=x")).status == 400


async def test_control_calls_count_for_no_limit_and_are_in_no_log() -> None:
    async with calling(limit=1, window=60.0) as caller:
        for name in ("state", "settings", "stats", "log", "faults", "nothing"):
            await caller.control("GET", name)
        await caller.control("DELETE", "state")

        assert caller.sandbox.log == ()
        assert (await caller.update()).status == 200


async def test_no_answer_of_the_control_paths_holds_a_key() -> None:
    async with calling(access_key="u$rMARKED", secret_key="MARKED") as caller:
        await caller.update(note="n")
        for name in ("state", "settings", "stats", "log", "faults"):
            got = await caller.control("GET", name)
            assert got.status == 200
            assert b"MARKED" not in got.body
