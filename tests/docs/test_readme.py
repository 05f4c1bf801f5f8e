"""What the README shows is run: the commands on the sandbox, the Python as it stands."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.cli import COMMANDS, build_parser
from migrator.errors import ExitCode
from tests.acceptance.rehearsal import Desk, SandboxProcess

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs_as_it_stands() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Update(") > 150


def test_the_example_mapping_fits_the_sample_sheet(tmp_path: Path) -> None:
    text = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0]
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(re.sub(r"^   ", "", text, flags=re.MULTILINE), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "migrator", "check", "sample_data/deals.xlsx", "-m", str(mapping)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == ExitCode.ROWS_NEED_ATTENTION, done.stderr
    assert "170 rows read" in done.stdout


EXAMPLE = README.partition("\n## A real example\n")[2].partition("\n## ")[0]
TYPED = re.findall(r"(?m)^ *migrator (\w.*)$", "".join(re.findall(r"(?s)```sh\n(.*?)```", EXAMPLE)))
ENDS = {
    "check sample_data/deals.xlsx -m mappings/deals.yaml": ExitCode.ROWS_NEED_ATTENTION,
    "run deals.xlsx -m mappings/deals.yaml --limit 1": ExitCode.STOPPED,
    "run deals.xlsx -m mappings/deals.yaml": ExitCode.ROWS_NEED_ATTENTION,
    "export --failed --rejected -o fix.xlsx": ExitCode.OK,
    # Nobody has mended a cell, so the rows are rejected once more.
    "run fix.xlsx -m mappings/deals.yaml": ExitCode.ROWS_NEED_ATTENTION,
}


def test_the_commands_of_the_example_run_in_their_order(tmp_path: Path) -> None:
    sandbox = SandboxProcess.start(tmp_path / "sandbox")
    desk = Desk.at(tmp_path / "desk", sandbox)
    for name in ("sample_data/deals.xlsx", "mappings/deals.yaml"):
        (desk.folder / name).parent.mkdir()
        shutil.copy(ROOT / name, desk.folder / name)
    shutil.copy(ROOT / "sample_data" / "deals.xlsx", desk.folder)
    try:
        for typed in TYPED:
            if typed != "sandbox":  # it runs
                words = [*shlex.split(typed), *(["--yes"] if typed.startswith("run") else [])]
                desk.type(*words, code=ENDS[typed])
    finally:
        sandbox.stop()

    assert set(TYPED) == {*ENDS, "sandbox"}


INLINE = re.findall(r"`migrator (\w[^`\n]*)`", README)


@pytest.mark.parametrize("typed", sorted({*INLINE} - {"COMMAND --help"}))
def test_every_command_within_a_sentence_can_be_typed(typed: str) -> None:
    build_parser().parse_args(shlex.split(typed))


def test_every_command_stands_in_the_readme_and_the_reverse() -> None:
    listed = set(re.findall(r"^\| `(\w+)[ `]", README, re.MULTILINE))

    assert listed >= set(COMMANDS)


def test_every_exit_code_stands_in_the_readme() -> None:
    for code in ExitCode:
        if code is not ExitCode.DIFFERENCES:  # of commands that do not exist yet
            assert re.search(rf"^\| (\d+, )?{code.value}(, \d+)? \|", README, re.MULTILINE), code


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])

    assert f"migrator {command}" in capsys.readouterr().out.split("example")[-1]
