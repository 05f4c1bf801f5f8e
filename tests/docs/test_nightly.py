"""The page about nights shows files that do what it says."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from migrator.cli import COMMANDS, build_parser
from migrator.errors import ExitCode
from migrator.model import State
from migrator.reports.metrics import GOOD, METRICS
from migrator.settings import STATE_DIR

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs" / "nightly"
PAGE = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"(?ms)^```\w+ nightly/(\S+)\n(.*?)^```$", PAGE))
ROWS = re.findall(r"(?m)^\| (\d+(?:, \d+)*|any other) \| [^|]+ \| ([^|]+) \| [^|]+ \|$", PAGE)
QUIET = {int(code) for codes, woken in ROWS if woken == "nobody" for code in codes.split(", ")}
FOREIGN = (64, 125, 126, 127, 137)  #: "any other": docker's, the shell's, a kill's.

needs_bash = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("bash"), reason="the script is bash's"
)


def test_the_page_shows_exactly_the_files() -> None:
    files = {file.name: file.read_text(encoding="utf-8") for file in FILES.iterdir()}

    assert files == SHOWN


def test_the_table_has_every_exit_code_once() -> None:
    listed = [int(code) for codes, _ in ROWS[:-1] for code in codes.split(", ")]

    assert listed == sorted(ExitCode)
    assert ROWS[-1][0] == "any other"


def test_the_rules_ask_for_metrics_and_states_that_there_are() -> None:
    text = (FILES / "migrator-alerts.yml").read_text(encoding="utf-8")
    (group,) = YAML(typ="safe", pure=True).load(text)["groups"]

    rules = group["rules"]
    assert all({"alert", "expr", "annotations"} <= set(rule) for rule in rules)
    asked = " ".join(rule["expr"] for rule in rules)
    assert set(re.findall(r"migrator_\w+", asked)) <= set(METRICS)
    (states,) = re.findall(r'state=~"([^"]+)"', asked)
    assert set(states.split("|")) <= set(map(str, State))
    codes = {int(code) for code in re.findall(r"exit_code != (\d+)", asked)}
    assert codes == GOOD == QUIET


@needs_bash
def test_bash_accepts_the_script_and_the_crontab() -> None:
    subprocess.run(["bash", "-n", FILES / "nightly.sh"], check=True)
    for line in (FILES / "crontab").read_text(encoding="utf-8").splitlines():
        if re.match(r"\d", line):
            command = line.split(maxsplit=5)[5]
            assert not re.search(r"(?<!\\)%", command), "cron ends the command there"
            subprocess.run(["bash", "-n", "-c", command.replace(r"\%", "%")], check=True)


# ---------------------------------------------------------------- nights with a fake migrator


def environment_of(folder: Path, *, migrator: str) -> dict[str, str]:
    """A night's environment: a ``migrator`` of these lines, an alert that is written down."""
    commands = folder / "bin"
    commands.mkdir()
    for name, lines in (("migrator", migrator), ("alert", f'echo "$1" >> "{folder}/alerts"')):
        (commands / name).write_text(f"#!/usr/bin/env bash\n{lines}\n", encoding="utf-8")
        (commands / name).chmod(0o755)
    return os.environ | {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "NIGHTLY_HOME": str(folder / "home"),
        "NIGHTLY_MAPPING": "deals.yaml",
        "NIGHTLY_ALERT": "alert",
    }


def alerts_of(folder: Path) -> list[str]:
    written = folder / "alerts"
    return written.read_text(encoding="utf-8").splitlines() if written.exists() else []


@needs_bash
@pytest.mark.parametrize("code", [*map(int, ExitCode), *FOREIGN])
def test_a_night_alerts_exactly_where_the_table_says(code: int, tmp_path: Path) -> None:
    environment = environment_of(tmp_path, migrator=f"echo ended; exit {code}")

    done = subprocess.run(
        ["bash", FILES / "nightly.sh", "2026-11-28"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == code
    assert done.stdout == ""  # or cron mails it
    assert (not alerts_of(tmp_path)) == (not done.stderr) == (code in QUIET)
    assert all(f"exit {code} " in alert for alert in alerts_of(tmp_path))
    assert (tmp_path / "home" / "last-good").exists() == (code in QUIET)
    log = tmp_path / "home" / "log" / "deals-2026-11-28.log"
    assert log.read_text(encoding="utf-8") == "ended\n"
    assert log.stat().st_mode & 0o077 == 0


@needs_bash
def test_a_night_without_its_folder_alerts(tmp_path: Path) -> None:
    environment = environment_of(tmp_path, migrator="exit 0")
    (tmp_path / "home").write_text("no folder", encoding="utf-8")

    done = subprocess.run(
        ["bash", FILES / "nightly.sh"], env=environment, capture_output=True, check=False
    )

    assert done.returncode == 1
    assert len(alerts_of(tmp_path)) == 1


@needs_bash
def test_a_stop_reaches_migrator_once_and_waits_for_it(tmp_path: Path) -> None:
    # "Once more leaves at once": a second signal would cut off calls under way.
    environment = environment_of(
        tmp_path,
        migrator="trap 'echo stopping' TERM; echo begun\n"
        "for _ in $(seq 100); do sleep 0.1; [ -e settle ] && break; done; exit 143",
    )
    log = tmp_path / "home" / "log" / "deals-2026-11-28.log"
    night = subprocess.Popen(
        ["bash", FILES / "nightly.sh", "2026-11-28"], env=environment, stderr=subprocess.DEVNULL
    )
    wait_for(log, "begun\n")

    night.send_signal(signal.SIGTERM)
    wait_for(log, "begun\nstopping\n")
    assert night.poll() is None
    (tmp_path / "home" / "settle").touch()

    assert night.wait(timeout=30) == ExitCode.TERMINATED
    assert log.read_text(encoding="utf-8") == "begun\nstopping\n"
    assert len(alerts_of(tmp_path)) == 1


def wait_for(file: Path, text: str) -> None:
    deadline = time.monotonic() + 30
    while not file.exists() or file.read_text(encoding="utf-8") != text:
        assert time.monotonic() < deadline, f"{file.name} does not hold {text!r}"
        time.sleep(0.02)


@needs_bash
def test_options_in_the_morning_stand_behind_those_of_the_night(tmp_path: Path) -> None:
    environment = environment_of(tmp_path, migrator=r"""printf '%s\n' "$@" """)

    subprocess.run(
        ["bash", FILES / "nightly.sh", "2026-11-28", "--max-changes", "60%"],
        env=environment,
        check=True,
    )

    log = tmp_path / "home" / "log" / "deals-2026-11-28.log"
    given = log.read_text(encoding="utf-8").splitlines()
    assert given[:2] == ["reconcile", "in/deals-2026-11-28.csv"]
    assert given[-2:] == ["--max-changes", "60%"]
    if "reconcile" in COMMANDS:
        build_parser().parse_args(given)


# ---------------------------------------------------------------- systemd and docker


def test_the_service_fails_exactly_where_the_table_wakes_somebody() -> None:
    service = (FILES / "migrator-nightly.service").read_text(encoding="utf-8")

    (quiet,) = re.findall(r"(?m)^SuccessExitStatus=(.*)$", service)

    assert {0, *map(int, quiet.split())} == QUIET


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    true = shutil.which("true") or "/bin/true"
    for file in FILES.glob("migrator-nightly*"):
        text = file.read_text(encoding="utf-8").replace("/usr/local/bin/nightly.sh", true)
        # A template is verified by an instance.
        (tmp_path / file.name.replace("@", "@x")).write_text(text, encoding="utf-8")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    units = [file for file in sorted(tmp_path.iterdir()) if "@." not in file.name]

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert len(units) == 3
    assert done.returncode == 0, done.stderr
    assert "migrator-nightly" not in done.stderr  # an unknown key is a warning only


def test_the_dockerfile_copies_what_is_there_and_ends_without_root() -> None:
    text = (FILES / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    steps = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    words = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENV", "ENTRYPOINT"}

    assert {step[0] for step in steps} == words
    copied = [name for step in steps if step[0] == "COPY" for name in step[1:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert [step[1] for step in steps if step[0] == "USER"][-1].isdigit()
    (setting,) = [step[1] for step in steps if step[0] == "ENV"]
    volumes = [step[1] for step in steps if step[0] == "VOLUME"]
    assert setting == f"{STATE_DIR}={volumes[0]}/state"
    assert os.access(FILES / "nightly.sh", os.X_OK) or sys.platform == "win32"


def docker_checks() -> bool:
    """Whether ``docker build --check`` can be had: it needs buildx and a daemon."""
    if not shutil.which("docker"):
        return False
    asked = (["docker", "buildx", "version"], ["docker", "version"])
    return all(
        subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
        for command in asked
    )


def test_docker_finds_no_fault_in_the_dockerfile() -> None:
    if not docker_checks():
        pytest.skip("no docker with buildx and a daemon here")

    done = subprocess.run(
        ["docker", "build", "--check", "-f", FILES / "Dockerfile", ROOT],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    if "failed to resolve source metadata" in done.stderr:
        pytest.skip("the base image cannot be reached from here")
    assert done.returncode == 0, done.stdout + done.stderr
