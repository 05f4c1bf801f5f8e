"""What holds for all tests: which are for `make soak` only, which begin first, where files lie."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import coverage
import pytest
from hypothesis import settings

# The machines are shared: how long an example takes says nothing.
settings.register_profile("migrator", deadline=None)
settings.load_profile("migrator")

LONG = ("test_kill_and_resume.py", "test_secrets.py", "test_stopping.py")
"""Acceptance files that take minutes together, and whose moments drift on a loaded machine; the
same facts are proved, smaller, in test_first_evening.py."""


IN_MEMORY = Path("/dev/shm")
ROOM = 2**31  #: Bytes; ample: about 100 MB are in use at a time.


def is_roomy(folder: Path) -> bool:
    """Whether it can hold what the tests write, programs included."""
    if sys.platform == "win32" or not os.access(folder, os.W_OK):
        return False
    runs_programs = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(folder).free > ROOM


# Each row of each ledger is made durable twice: on a disk the tests wait for that, for minutes. A
# process that is killed leaves the same files behind in memory.
if "TMPDIR" not in os.environ and is_roomy(IN_MEMORY):
    os.environ["TMPDIR"] = str(IN_MEMORY)
    tempfile.tempdir = None  # so that it is asked for again

# Thousands of commands are started: they read what Python compiled, as they do for users, and not
# the authorities of public hosts, which none of them reaches: that is a tenth of a command's time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("SSL_CERT_FILE", os.devnull)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """End the coverage that a worker of xdist has begun as if it were the main process.

    pytest-cov begins another for the worker, and pauses that alone in ``no_cover``.
    """
    if hasattr(session.config, "workerinput"):
        while (idle := coverage.Coverage.current()) is not None:
            idle.stop()


FIRST = ("docs", "acceptance", "integration")
"""Folders whose tests take seconds each. They begin first: one that began last would keep the
other processes waiting."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    for item in items:
        if item.path.name in LONG:
            item.add_marker(pytest.mark.soak)
    yield  # the others are drawn out and mixed
    items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    """The long ones, then folder by folder; within them as pytest-randomly has mixed them."""
    if item.get_closest_marker("no_cover"):
        return 0
    folder = item.path.relative_to(item.config.rootpath).parts[1:2]
    return 1 + FIRST.index(folder[0]) if folder and folder[0] in FIRST else 1 + len(FIRST)


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Tell how far a long test is; `make soak` shows the last that was told."""
    folder = os.environ.get("MIGRATOR_SOAK_PROGRESS")

    def write(text: str) -> None:
        if folder:
            with (Path(folder) / f"{os.getpid()}").open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that long tests have recorded, one line each."""
    reports = [
        (outcome, report)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.user_properties
    ]
    if not reports:
        return
    terminalreporter.section("figures")
    for outcome, report in reports:
        figures = ", ".join(f"{name}: {figure}" for name, figure in report.user_properties)
        terminalreporter.line(f"{outcome}  {report.nodeid.partition('::')[2]}  {figures}")
