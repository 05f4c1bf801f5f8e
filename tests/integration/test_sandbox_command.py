"""`migrator sandbox` as a user meets it, and the files it is given."""

import argparse
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.cli import sandbox as command
from migrator.errors import SettingsError, UsageError
from migrator.sandbox import FAULTS, rules_from_json, seeds_from_csv, seeds_from_json
from tests.integration.sandbox_caller import GUID, OTHER, UPDATE, calling

MAIN = """
import argparse, sys
from migrator.cli import sandbox
parser = argparse.ArgumentParser()
sandbox.add_arguments(parser)
sys.exit(sandbox.run(parser.parse_args()))
"""


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        yield process, dict(read_export(line) for line in lines)
    finally:
        process.kill()
        process.communicate()


def read_export(line: str) -> tuple[str, str]:
    matched = re.fullmatch(r"(?:export |\$env:)(\w+)(?: = |=)(.*)\n", line)
    assert matched, line
    return matched[1], shlex.split(matched[2])[0]


def call(account: dict[str, str], content: object) -> int:
    request = urllib.request.Request(
        account["LSQ_API_HOST"] + UPDATE,
        data=json.dumps(content).encode(),
        headers={
            "Content-Type": "application/json",
            "x-LSQ-AccessKey": account["LSQ_ACCESS_KEY"],
            "x-LSQ-SecretKey": account["LSQ_SECRET_KEY"],
        },
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return int(response.status)


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


# ------------------------------------------------------------------ the process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that ends a process politely")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_the_account_serves_and_ends_with_a_count(
    tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "calls.jsonl"
    with started("--keys", "u$r'1:se cret", "--log", str(log)) as (process, account):
        assert account["LSQ_ACCESS_KEY"] == "u$r'1"
        assert account["LSQ_SECRET_KEY"] == "se cret"
        assert call(account, {"ProspectOpportunityId": GUID, "Fields": []}) == 200

        process.send_signal(number)
        _, told = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "1 calls, 0 over the limit" in told
    [line] = log.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["guid"] == GUID


def test_what_was_applied_is_in_the_log_of_a_killed_sandbox(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with started("--log", str(log)) as (process, account):
        call(account, {"ProspectOpportunityId": GUID, "Fields": []})
        process.kill()

    [line] = log.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["applied"] is True


def test_a_taken_port_is_said_with_advice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}: the sandbox cannot start") as told:
            command.run(parsed("--port", str(port)))

    assert "--port" in told.value.advice


def test_a_log_that_cannot_be_written_is_said_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot start") as told:
        command.run(parsed("--log", str(tmp_path / "missing" / "calls.jsonl")))

    assert "--log" in told.value.advice


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "25"], "CALLS/SECONDS"),
        (["--limit", "many/5"], "many"),
        (["--keys", "onlyone"], "ACCESS:SECRET"),
        (["--faults", "lost_after"], "NAME=CHANCE"),
        (["--faults", "earthquake=0.1"], "earthquake"),
        (["--faults", "lost_after=often"], "often"),
        (["--latency", "slow"], "slow"),
        (["--latency", "1-0.2"], "latency"),
        (["--ids-from", "deals.csv"], "--id-column"),
        (["--ids-from", "a.csv", "--opportunities", "b.json"], "exclude"),
        (["--opportunities", "missing.json"], "missing.json"),
    ],
)
def test_a_wrong_command_line_says_which_option(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        command.run(parsed(*arguments))


def test_every_fault_is_explained_in_the_help() -> None:
    assert [name for name in FAULTS if name not in command.EPILOG] == []


def test_every_option_has_help() -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)

    assert [action.dest for action in parser._actions if not action.help] == []


# ------------------------------------------------------------------ the files


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_ids_come_from_a_column_each_once_and_of_both_kinds(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "deals.csv"
    rows = [["Name", "Opportunity Id"], ["a", f"{{{GUID.upper()}}}"], ["b", "00123"]]
    rows += [["c", ""], ["d", "00123"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    path.write_text(text, encoding="utf-8-sig", newline="")

    seeds = seeds_from_csv(path, "Opportunity Id")
    assert [(seed.guid, seed.auto_id) for seed in seeds] == [(GUID, ""), ("", "00123")]


def test_a_missing_id_column_is_said_with_the_columns_there_are(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("Name,Id\na,b\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r'deals.csv: there is no column "ID".*"Name", "Id"'):
        seeds_from_csv(path, "ID")


async def test_the_state_of_one_sandbox_is_the_beginning_of_another(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with calling() as caller:
        await caller.update(note="n", mx_Custom_1="a")
        path.write_bytes((await caller.control("GET", "state")).body)

    async with calling(seeds=seeds_from_json(path)) as caller:
        assert await caller.values() == {"mx_Custom_1": "a"}
        assert (await caller.details()).json["OpportunityNote"] == "n"
        assert (await caller.update(OTHER)).status == 500


@pytest.mark.parametrize("text", ["{", "3", '{"a": 1}', "[{}]", '[{"id": "x"}]', "[1]"])
def test_a_wrong_file_of_opportunities_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "opportunities.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"opportunities\.json: "):
        seeds_from_json(path)


def test_declared_fields_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    stage = {"parent": "Status", "options_under": {"Won": ["Closed"]}, "max_length": 9}
    path.write_text(json.dumps({"mx_Custom_2": stage}), encoding="utf-8")

    rule = rules_from_json(path)["mx_Custom_2"]
    assert (rule.parent, rule.options_under, rule.max_length) == ("Status", {"Won": ("Closed",)}, 9)


@pytest.mark.parametrize("text", ["[]", '{"Status": 3}', '{"Status": {"colour": "red"}}'])
def test_a_wrong_file_of_fields_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schema.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"schema\.json: "):
        rules_from_json(path)
