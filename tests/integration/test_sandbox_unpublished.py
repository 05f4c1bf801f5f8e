"""Switches for what LeadSquared does not publish, from the command line and while it runs."""

import argparse
from typing import Any

import pytest

from migrator.cli import sandbox as command
from migrator.errors import UsageError
from migrator.sandbox import CHOICES, Breaches, FieldRule, SandboxOptions
from tests.integration.sandbox_caller import GUID, Caller, calling

WRITTEN = "2020-02-02 02:02:02"


async def set_live(caller: Caller, **changes: Any) -> None:
    assert (await caller.control("PATCH", "settings", json=changes)).status == 200


@pytest.mark.parametrize(
    ("choice", "status", "kept"),
    [("enabled", 200, True), ("ignored", 200, False), ("error", 500, False)],
)
async def test_created_on_is_written_ignored_or_refused(
    choice: str, status: int, kept: bool
) -> None:
    async with calling() as caller:
        await set_live(caller, created_on=choice)
        got = await caller.update(mx_Custom_1="a", CreatedOn=WRITTEN)

        assert got.status == status
        shown = await caller.all_values()
        assert (shown["CreatedOn"] == WRITTEN) is kept
        assert ("mx_Custom_1" in shown) is (status == 200)


@pytest.mark.parametrize(
    ("choice", "status", "left"), [("clears", 200, ""), ("ignored", 200, "a"), ("error", 500, "a")]
)
async def test_an_empty_text_clears_is_ignored_or_refused(
    choice: str, status: int, left: str
) -> None:
    async with calling() as caller:
        await caller.update(mx_Custom_1="a")
        await set_live(caller, blank=choice)

        assert (await caller.update(mx_Custom_1="")).status == status
        assert (await caller.values())["mx_Custom_1"] == left


@pytest.mark.parametrize(
    ("switch", "choice", "fields", "status"),
    [
        ("unknown_field", "ignored", {"mx_Custom_77": "a"}, 200),
        ("unknown_field", "error", {"mx_Custom_77": "a"}, 500),
        ("read_only", "ignored", {"ModifiedBy": "a"}, 200),
        ("read_only", "error", {"ModifiedBy": "a"}, 500),
        ("too_long", "ignored", {"mx_Custom_1": "123456"}, 200),
        ("too_long", "truncated", {"mx_Custom_1": "123456"}, 200),
        ("too_long", "error", {"mx_Custom_1": "123456"}, 500),
        ("status_comment", True, {"Status": "Won"}, 500),
        ("status_comment", False, {"Status": "Won"}, 200),
    ],
)
async def test_each_switch_is_turned_while_it_runs(
    switch: str, choice: object, fields: dict[str, str], status: int
) -> None:
    rules = {
        "mx_Custom_1": FieldRule(schema_name="mx_Custom_1", max_length=5),
        "Status": FieldRule(schema_name="Status"),
    }
    async with calling(rules=rules) as caller:
        await set_live(caller, **{switch: choice})
        assert (await caller.control("GET", "settings")).json[switch] == choice

        assert (await caller.update(**fields)).status == status
        if choice == "truncated":
            assert caller.sandbox.opportunities[GUID].fields == {"mx_Custom_1": "12345"}


async def test_what_the_account_keeps_itself_is_read_only_in_every_account() -> None:
    async with calling() as caller:
        assert (await caller.update(ModifiedOn=WRITTEN)).status == 200
        assert (await caller.all_values())["ModifiedOn"] != WRITTEN
        await set_live(caller, read_only="error")

        assert (await caller.update(ModifiedOn=WRITTEN)).status == 500


@pytest.mark.parametrize(
    "changes",
    [{"created_on": "yes"}, {"blank": "enabled"}, {"too_long": None}, {"status_comment": "error"}],
)
async def test_a_choice_that_a_switch_does_not_have_is_refused(changes: dict[str, Any]) -> None:
    async with calling() as caller:
        assert (await caller.control("PATCH", "settings", json=changes)).status == 400


def test_one_change_leaves_the_other_switches() -> None:
    options = command._chosen(parsed("--blank", "error", "--status-comment"))

    assert options.breaches.status_comment
    assert options.breaches.blank == "error"
    assert options.breaches.unknown_field == Breaches().unknown_field


# ------------------------------------------------------------------ the command line


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_command_has_each_switch_with_its_choices_and_default() -> None:
    assert {name: choices for name, (choices, _) in command.UNPUBLISHED.items()} == {
        name: tuple(str(choice) for choice in choices) for name, choices in CHOICES.items()
    }


def test_the_command_without_options_is_the_sandbox_without_options() -> None:
    chosen, plain = command._chosen(parsed()), SandboxOptions()

    assert chosen.breaches == plain.breaches
    assert (chosen.daily, chosen.index_lag, chosen.closed) == (None, 0.0, {})
    assert (chosen.date_style, chosen.type_required) == (plain.date_style, False)


def test_the_options_of_the_command_reach_the_sandbox() -> None:
    chosen = command._chosen(
        parsed(
            *("--daily", "100", "--index-lag", "90", "--date-style", "us", "--type-required"),
            "--mark-errors",
            *("--closed", "GetOpportunitiesById=missing", "--closed", "Users.Get=refused"),
        )
    )

    assert (chosen.daily, chosen.index_lag, chosen.date_style) == (100, 90.0, "us")
    assert chosen.type_required
    assert chosen.marked_errors
    assert chosen.closed == {"GetOpportunitiesById": "missing", "Users.Get": "refused"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--closed", "Users.Get"],
        ["--closed", "Users.Get=shut"],
        ["--closed", "Nobody=refused"],
        ["--daily", "-1"],
        ["--index-lag", "-1"],
        ["--schema", "missing.json"],
    ],
)
def test_a_wrong_command_line_is_said_with_advice(arguments: list[str]) -> None:
    with pytest.raises(UsageError) as told:
        command.run(parsed(*arguments))

    assert "--help" in told.value.advice
