"""What holds for all tests: which are for `make soak` only, and that none has a deadline."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import settings

# The machines are shared: how long an example takes says nothing.
settings.register_profile("migrator", deadline=None)
settings.load_profile("migrator")

LONG = ("test_kill_and_resume.py", "test_secrets.py", "test_stopping.py")
"""Acceptance files that take minutes together, and whose moments drift on a loaded machine; the
same facts are proved, smaller, in test_first_evening.py."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if item.path.name in LONG:
            item.add_marker(pytest.mark.soak)


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
