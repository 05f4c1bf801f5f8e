"""`migrator doctor`, typed against sandboxes that lack one thing each."""

import json
import signal
import socket
from typing import Any

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import (
    ACCESS_KEY,
    HAS_SIGNALS,
    HAS_TERMINALS,
    SECRET_KEY,
    Desk,
    Exit,
    SandboxProcess,
    guid,
    wait_until,
)

ONE = guid(1)
OLD = "2024-04-02 12:13:44"


def found(desk: Desk, *options: str, code: int = Exit.OK) -> dict[str, dict[str, str]]:
    """Each check by its name."""
    content = json.loads(desk.type("doctor", "--json", *options, code=code).output)
    assert content["exit_code"] == code
    return {check["name"]: check for check in content["checks"]}


def marks(checks: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    by_mark: dict[str, list[str]] = {}
    for name, check in checks.items():
        by_mark.setdefault(check["mark"], []).append(name)
    return by_mark


@pytest.fixture
def trial(start_sandbox: StartSandbox, open_desk: OpenDesk, tmp_path: Any) -> Any:
    """A sandbox with one old opportunity, and a desk in front of it."""

    def start(*options: str) -> tuple[SandboxProcess, Desk]:
        seeds = tmp_path / "seeds.json"
        seeds.write_text(json.dumps([{"id": ONE, "auto_id": "D-1", "created_on": OLD}]))
        sandbox = start_sandbox("--opportunities", str(seeds), *options)
        return sandbox, open_desk(sandbox)

    return start


def created_on(sandbox: SandboxProcess) -> str:
    one = sandbox.opportunities()[ONE]
    shown: str = one["fields"].get("CreatedOn", one["created_on"])
    return shown


def sent(sandbox: SandboxProcess) -> list[str]:
    return [dict(update["fields"])["CreatedOn"] for update in sandbox.updates]


def test_an_account_in_order_is_ok_throughout_and_no_ledger_is_made(desk: Desk) -> None:
    ended = desk.type("doctor")

    assert "\n14 checks: 14 ok\n" in ended.output
    assert "LSQ_RATE_LIMIT      environment   100 per 0.2 s" in ended.output
    assert ACCESS_KEY not in ended.output + ended.errors
    assert SECRET_KEY not in ended.output + ended.errors
    assert {file.name for file in desk.folder.iterdir()} == {"deals.yaml", "state"}


def test_wrong_keys_fail_and_what_needs_them_is_not_checked(desk: Desk) -> None:
    desk.environment["LSQ_SECRET_KEY"] = "mIstyped/Secret=="

    checks = found(desk, code=Exit.ACCESS)

    assert marks(checks)["failed"] == ["keys"]
    assert checks["clock"]["mark"] == checks["limit"]["mark"] == "ok"
    assert checks["metadata"]["mark"] == "not checked"
    assert "mIstyped" not in "".join(desk.said)


def test_a_wrong_region_is_told_with_the_right_host(desk: Desk, sandbox: SandboxProcess) -> None:
    sandbox.change(wrong_region="api-us11.leadsquared.com")

    checks = found(desk, code=Exit.ACCESS)

    assert marks(checks)["failed"] == ["region"]
    assert "LSQ_API_HOST=api-us11.leadsquared.com" in checks["region"]["advice"]
    assert checks["user"]["found"] == "Sandbox User"


def test_without_a_network_nothing_else_is_checked(desk: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        desk.environment["LSQ_API_HOST"] = f"http://127.0.0.1:{free.getsockname()[1]}"

    checks = found(desk, code=Exit.TARGET)

    assert marks(checks)["failed"] == ["connection"]
    assert marks(checks)["ok"] == ["settings", "migrator.toml", "limit"]


def test_missing_settings_are_a_failed_check(desk: Desk) -> None:
    del desk.environment["LSQ_ACCESS_KEY"]

    assert marks(found(desk, code=Exit.SETTINGS))["failed"] == ["settings"]


def test_a_misspelt_setting_is_told(desk: Desk) -> None:
    desk.environment["LSQ_SHAER"] = "0.5"

    assert "LSQ_SHAER (was LSQ_SHARE meant?)" in found(desk)["settings"]["found"]


def test_where_each_setting_comes_from_is_told(desk: Desk) -> None:
    (desk.folder / ".env").write_text("LSQ_AUTH=header\n")

    content = json.loads(desk.type("doctor", "--json", "--share", "0.5").output)

    origin = {row["name"]: row["origin"] for row in content["settings"]}
    assert origin["LSQ_API_HOST"] == "environment"
    assert origin["LSQ_AUTH"] == ".env file"
    assert origin["LSQ_SHARE"] == "command line"
    assert origin["LSQ_QUOTA"] == "default"


def test_an_account_without_opportunities_is_told(start_sandbox: Any, open_desk: Any) -> None:
    desk = open_desk(start_sandbox("--not-enabled"))

    assert marks(found(desk, code=Exit.ACCESS))["failed"] == ["opportunities"]


def test_a_refused_bulk_read_is_a_warning(start_sandbox: Any, open_desk: Any) -> None:
    desk = open_desk(start_sandbox("--closed", "GetOpportunitiesById=refused"))

    assert marks(found(desk))["warning"] == ["bulk read"]


@pytest.mark.parametrize("named", [ONE, "D-1"])
def test_the_switch_is_on_and_the_old_value_stands_again(trial: Any, named: str) -> None:
    sandbox, desk = trial()

    checks = found(desk, "--created-on", named, "--yes", "--patience", "1")

    assert "the switch is on" in checks["CreatedOn"]["found"]
    assert sent(sandbox) == ["2024-04-01 12:13:44", OLD]
    assert created_on(sandbox) == OLD


@pytest.mark.parametrize(
    ("how", "said", "calls"),
    [("ignored", "the switch is off", 2), ("error", "refused, so the switch", 1)],
)
def test_a_switch_that_is_off_is_told(trial: Any, how: str, said: str, calls: int) -> None:
    sandbox, desk = trial("--created-on", how)

    checks = found(desk, "--created-on", ONE, "--yes", "--patience", "0.2", code=Exit.ACCESS)

    assert said in checks["CreatedOn"]["found"]
    assert len(sandbox.updates) == calls
    assert created_on(sandbox) == OLD


def test_lagging_reads_are_waited_for(trial: Any) -> None:
    sandbox, desk = trial("--read-lag", "0.5")

    checks = found(desk, "--created-on", ONE, "--yes", "--patience", "2")

    assert checks["CreatedOn"]["mark"] == "ok"
    assert created_on(sandbox) == OLD


def test_without_a_terminal_nothing_is_changed_unless_yes_is_said(trial: Any) -> None:
    sandbox, desk = trial()

    ended = desk.type("doctor", "--created-on", ONE, code=Exit.USAGE)

    assert "Add --yes; nothing was changed." in ended.errors
    assert sandbox.calls == []


@pytest.mark.skipif(not HAS_TERMINALS, reason="pseudo-terminals are POSIX's")
@pytest.mark.parametrize(("answer", "updates"), [("y", 2), ("n", 0)])
def test_at_a_terminal_it_asks_once(trial: Any, answer: str, updates: int) -> None:
    sandbox, desk = trial()

    code, shown = desk.at_terminal("doctor", "--created-on", ONE, answers=[("[y/N] ", answer)])

    assert code == Exit.OK
    assert ("you said no" in shown) == (answer == "n")
    assert len(sandbox.updates) == updates
    assert created_on(sandbox) == OLD


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "http502"])
def test_a_lost_answer_leaves_the_old_value(trial: Any, fault: str) -> None:
    sandbox, desk = trial()
    sandbox.strike(fault, times=1, opportunity=ONE)

    found(desk, "--created-on", ONE, "--yes", "--patience", "1")

    assert sent(sandbox)[-1] == OLD
    assert created_on(sandbox) == OLD


def test_a_value_that_cannot_be_put_back_is_said_with_the_old_one(trial: Any) -> None:
    sandbox, desk = trial("--read-lag", "1")
    process = desk.start("doctor", "--created-on", ONE, "--yes", "--patience", "2", "--json")
    wait_until(lambda: len(sandbox.updates) == 1)

    sandbox.change(created_on="error")
    ended = desk.end(process)

    assert ended.code != Exit.OK
    assert f'its old value is \\"{OLD}\\" (UTC)' in ended.output


def test_an_opportunity_that_is_not_there_changes_nothing(trial: Any) -> None:
    sandbox, desk = trial()

    found(desk, "--created-on", guid(9), "--yes", code=Exit.USAGE)

    assert sandbox.updates == []


@pytest.mark.skipif(not HAS_SIGNALS, reason="signals are POSIX's")
def test_ctrl_c_puts_the_old_value_back_first(trial: Any) -> None:
    sandbox, desk = trial("--read-lag", "2")
    process = desk.start("doctor", "--created-on", ONE, "--yes", "--patience", "5")
    wait_until(lambda: len(sandbox.updates) == 1)

    process.send_signal(signal.SIGINT)
    ended = desk.end(process)

    assert ended.code == Exit.INTERRUPTED
    assert "the old CreatedOn is put back first" in ended.errors
    assert sent(sandbox)[-1] == OLD
    assert created_on(sandbox) == OLD
