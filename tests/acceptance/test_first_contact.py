"""What somebody meets who has never seen the tool: `migrator` alone, help, completion."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.cli import COMMANDS
from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals


def test_alone_it_says_what_to_do_first(desk: Desk) -> None:
    for name in ("LSQ_API_HOST", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY"):
        del desk.environment[name]

    told = desk.type().output

    assert "no account yet (LSQ_API_HOST, LSQ_ACCESS_KEY, LSQ_SECRET_KEY not set)" in told
    assert "`migrator sandbox` starts an imitation" in told
    assert "migrator check deals.xlsx -m mappings/deals.yaml" in told
    assert not list(desk.folder.glob("*.db"))


def test_alone_it_says_where_the_last_run_stands(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(3))
    desk.run("--limit", "1", code=Exit.STOPPED)

    assert "of deals.csv, 2 rows left: `migrator resume r1-" in desk.type().output
    desk.type("resume", "--yes")
    assert "of deals.csv, finished: `migrator status r1-" in desk.type().output
    assert len(sandbox.updates) == 3


def test_alone_beside_a_ledger_that_cannot_be_read_it_still_says_what_to_do(desk: Desk) -> None:
    (desk.folder / "migrator.db").write_text("no ledger", encoding="utf-8")

    told = desk.type().output

    assert "is not a ledger" in told
    assert "a first evening:" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example(desk: Desk, command: str) -> None:
    told = desk.type(command, "--help").output

    assert "example" in told
    assert f"\n  migrator {command}" in told


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.skipif(sys.platform == "win32", reason="bash's own paths")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("re", ["reconcile", "resume", "retry", "report"]),
        ("run --can", ["--canary"]),
        ("ledger q", ["query"]),
        ("check dea", ["deals.csv"]),
    ],
)
def test_bash_completes_what_is_typed(
    desk: Desk, tmp_path: Path, typed: str, offered: list[str]
) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(desk.type("completion", "bash").output, encoding="utf-8")
    (tmp_path / "deals.csv").touch()
    last = len(typed.split())
    asked = (
        f"source {script}; COMP_WORDS=(migrator {typed}); COMP_CWORD={last}; _shtab_migrator; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )

    done = subprocess.run(
        ["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == offered
