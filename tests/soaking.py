"""`make soak`: when it ends, what a person sees meanwhile, and the table at its end.

Owns the deadline of the whole: a test that is under way then has failed, and one that has not begun
is told as not run. It knows nothing of what the tests do but the figures that they record.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
import pytest

ENDS: Final = "MIGRATOR_SOAK_ENDS"  #: Environment: when, by the monotonic clock.
PROGRESS: Final = "MIGRATOR_SOAK_PROGRESS"  #: Environment: a folder with a file per worker.
FIGURES: Final = (
    "runs",
    "kills",
    "rows",
    "calls",
    "lost answers",
    "notes possibly twice",
    "over the limit",
)
"""What tests record about what they did to real processes: the columns of the table."""

NOT_RUN: Final = "not run: the time of the whole is over"
UNKNOWN: Final = 1e6  #: Seconds that a test may take which does not say how long.

_EVERY: Final = 30.0  #: Seconds between two lines of progress.
_LEAST: Final = 5.0  #: Seconds; with less left no test is begun.
_GRACE: Final = 60.0  #: Seconds of the whole for what is under way to clean up.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak-minutes", type=float, default=20.0, help="the end of all, at most")


def pytest_configure(config: pytest.Config) -> None:
    if not _is_worker(config):
        config.pluginmanager.register(Watch(config), "soak-watch")


# ------------------------------------------------------------------ in each worker


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """No test has more time than the whole."""
    seconds = max(1.0, min(_own_seconds(item), _left()))
    item.add_marker(pytest.mark.timeout(seconds), append=False)
    progress = Path(os.environ[PROGRESS]) / f"{os.getpid()}"
    progress.write_text(f"{time.monotonic()}\n{_name(item.nodeid)}\n", encoding="utf-8")
    try:
        return (yield)
    finally:
        progress.unlink()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _left() < _LEAST:
        pytest.skip(NOT_RUN)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first, each with another worker, so that none is alone at the end."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items.sort(key=lambda item: _own_seconds(item) % UNKNOWN, reverse=True)
    # xdist gives each worker a part of the list in one piece, before they take from one another.
    items[:] = [item for worker in range(workers) for item in items[worker::workers]]


def _own_seconds(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else UNKNOWN


# ------------------------------------------------------------------ in front of all


class Watch:
    """Tells how far it is, ends it, and sums up."""

    def __init__(self, config: pytest.Config) -> None:
        self._seconds = 60 * float(config.getoption("--soak-minutes"))
        self._began = time.monotonic()
        self._folder = TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True)
        self._ended: Counter[str] = Counter()
        self._over = threading.Event()
        self._session: pytest.Session
        self._reporter: pytest.TerminalReporter | None = None
        os.environ[ENDS] = str(self._began + self._seconds - _GRACE)
        os.environ[PROGRESS] = self._folder.name

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session
        self._reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        threading.Thread(target=self._watch, daemon=True).start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self._ended[report.outcome] += 1

    def pytest_sessionfinish(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY):
            self._tell()
            if time.monotonic() > self._began + self._seconds - _EVERY / 2:
                self._say("the soak is over; what has not ended by now is ended")
                for child in psutil.Process().children(recursive=True):  # xdist tells the rest
                    child.kill()
                return

    def _tell(self) -> None:
        ended = ", ".join(f"{count} {outcome}" for outcome, count in self._ended.items())
        gone, whole = time.monotonic() - self._began, self._seconds
        self._say(f"{_clock(gone)} of {_clock(whole)}  {ended or 'none has ended yet'}; now:")
        for file in sorted(Path(self._folder.name).iterdir()):
            try:
                since, name, *told = file.read_text(encoding="utf-8").splitlines()
            except (OSError, ValueError):
                continue  # it has ended, or is just being written
            seconds = time.monotonic() - float(since)
            self._say(f"    {_clock(seconds)}  {name}  {told[-1] if told else ''}")

    def _say(self, line: str) -> None:
        if self._reporter is not None:
            self._reporter.ensure_newline()
            self._reporter.write_line(line)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table, with a line for all together."""
        reports = [
            report
            for outcome in ("passed", "failed")
            for report in terminalreporter.stats.get(outcome, [])
            if report.when == "call"
        ]
        rows = [
            (_name(report.nodeid), figures)
            for report in reports
            if "/acceptance/" in report.nodeid
            and (
                figures := {
                    name: int(str(figure))
                    for name, figure in report.user_properties
                    if name in FIGURES
                }
            )
        ]
        terminalreporter.section("soak")
        for line in table(rows):
            terminalreporter.line(line)
        terminalreporter.line("")
        terminalreporter.line(self._counts(terminalreporter))

    def _counts(self, reporter: pytest.TerminalReporter) -> str:
        named = ("passed", "failed", "error", "skipped")
        reports = {name: reporter.stats.get(name, []) for name in named}
        over = [report for report in reports["skipped"] if NOT_RUN in str(report.longrepr)]
        lost = self._session.testscollected - sum(map(len, reports.values()))
        return (
            f"failed invariants: {len(reports['failed']) + len(reports['error'])}; "
            f"passed: {len(reports['passed'])}; "
            f"not run for want of time: {len(over) + max(0, lost)}; "
            f"skipped: {len(reports['skipped']) - len(over)}; "
            f"{_clock(time.monotonic() - self._began)} of at most {_clock(self._seconds)}"
        )


def table(rows: Sequence[tuple[str, dict[str, int]]]) -> list[str]:
    """Lines of a table of figures, and of their sums.

    >>> for line in table([("one night", {"runs": 1, "kills": 50, "rows": 1000})]):
    ...     print(line.replace("-", "").rstrip())
    runs  kills   rows  calls  lost answers  notes possibly twice  over the limit
       1     50  1,000                                                             one night
       1     50  1,000      0             0                     0               0  together
    """
    sums = {name: sum(figures.get(name, 0) for _, figures in rows) for name in FIGURES}
    widths = {name: max(len(name), len(f"{sums[name]:,}")) for name in FIGURES}
    lines = ["  ".join(name.rjust(widths[name]) for name in FIGURES)]
    for title, figures in [*rows, ("together", sums)]:
        cells = (f"{figures[name]:,}" if name in figures else "" for name in FIGURES)
        padded = (cell.rjust(width) for cell, width in zip(cells, widths.values(), strict=True))
        lines.append("  ".join([*padded, title]))
    return lines


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _left() -> float:
    return float(os.environ[ENDS]) - time.monotonic()


def _name(nodeid: str) -> str:
    return nodeid.partition("::")[2]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
