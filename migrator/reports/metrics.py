"""Figures of one command as an OpenMetrics file, for a machine that watches nights.

Owns the names of the metrics, what each is counted from, and the file. All are gauges of the last
command: a file is written anew each time, so that nothing could count up.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from migrator.errors import ExitCode, SourceError, UsageError
from migrator.events import UPDATE, Event, EventName
from migrator.model import State
from migrator.reports.whole_file import refuse_unwritable, whole_file

if TYPE_CHECKING:
    from prometheus_client.core import Metric

GOOD: Final = frozenset({ExitCode.OK, ExitCode.ROWS_NEED_ATTENTION})
"""Exit codes of a command that did its work; rows that need a person are a figure of their own."""
LABELS: Final = ("mapping", "source", "account")

METRICS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "migrator_rows": ("state", "Rows of the run by state, as the command left it."),
        "migrator_calls": ("verdict", "Calls that the command made, by what was answered."),
        "migrator_retries": ("", "Updates beyond the first of a row."),
        "migrator_pauses": ("", "Pauses after a rate answer."),
        "migrator_pause_seconds": ("", "Seconds in which no call left, after rate answers."),
        "migrator_outages": ("", "How often LeadSquared did not work."),
        "migrator_outage_seconds": ("", "Seconds from an outage's first fault to its end, summed."),
        "migrator_reconciled_opportunities": (
            "result",
            "Opportunities that a reconcile compared: unchanged, changed, conflicts, unknown.",
        ),
        "migrator_read_back_rows": (
            "result",
            "Rows that were read back at the end: verified, or otherwise than written.",
        ),
        "migrator_run_seconds": ("", "How long the command took."),
        "migrator_exit_code": ("", "Its exit code."),
        "migrator_limit_calls": ("", "Calls per window of the account's limit, as configured."),
        "migrator_limit_window_seconds": ("", "Length of that window."),
        "migrator_last_finish_timestamp_seconds": ("", "When a command ended last, in Unix time."),
        "migrator_last_success_timestamp_seconds": (
            "",
            "When one ended last with exit code 0 or 10; kept while others fail.",
        ),
    }
)
"""By name: the label it has besides `LABELS`, and what it says."""


@dataclass(slots=True)
class Figures:
    """What one command has come to; call it with each event."""

    labels: dict[str, str] = field(default_factory=dict)
    limit: tuple[int, float] | None = None  #: Calls and seconds.
    rows: dict[str, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    pauses: int = 0
    pause_seconds: float = 0.0
    outages: int = 0
    outage_seconds: float = 0.0
    compared: dict[str, int] = field(default_factory=dict)
    read_back: dict[str, int] = field(default_factory=dict)
    run_seconds: float = 0.0
    exit_code: int = int(ExitCode.FAULT)
    _is_paused: bool = False

    def __call__(self, event: Event) -> None:
        """Count an event."""
        known = {"mapping": event.mapping, "source": event.source, "account": event.account}
        self.labels |= {name: value for name, value in known.items() if value}
        self._count_traffic(event)
        match event.name:
            case EventName.RUN_COMPARED:
                self.compared = dict(event.counts)
            case EventName.RUN_READ_BACK:
                otherwise = event.counts.get("otherwise", 0)
                verified = event.counts.get("rows", 0) - otherwise
                self.read_back = {"verified": verified, "otherwise": otherwise}
            case EventName.RUN_FINISHED:
                counts = event.counts
                self.rows = {str(state): counts.get(str(state), 0) for state in State}
            case EventName.COMMAND_FINISHED:
                self.run_seconds = event.seconds or 0.0
                self.exit_code = int(ExitCode.FAULT if event.exit_code is None else event.exit_code)

    def _count_traffic(self, event: Event) -> None:
        match event.name:
            case EventName.CALL_SENT:
                self.retries += event.call == UPDATE and (event.attempt or 0) > 1
            case EventName.CALL_ANSWERED:
                self.calls[event.verdict.replace(" ", "_")] += 1
            case EventName.TRAFFIC_PAUSED:
                self.pauses += not self._is_paused
                self._is_paused = True
            case EventName.TRAFFIC_RESUMED:
                self._is_paused = False
                self.pause_seconds += event.seconds or 0.0
            case EventName.OUTAGE_BEGAN:
                self.outages += 1
            case EventName.OUTAGE_ENDED:
                self.outage_seconds += event.seconds or 0.0


def refuse_no_metrics(path: Path) -> None:
    """Do nothing if a file of metrics can be written there: looked at before anything is sent.

    Raises:
        UsageError: Something else stands there, or nothing can be written.
    """
    try:
        if path.is_file():
            with path.open("rb") as file:
                if file.read(2) not in (b"", b"# "):
                    raise UsageError(
                        "this file holds no metrics, and would be replaced",
                        where=str(path),
                        advice="Name another file with --metrics FILE. Nothing was sent.",
                    )
        elif path.is_dir():
            raise UsageError(
                "this is a folder",
                where=str(path),
                advice="Name a file in it: --metrics FILE. Nothing was sent.",
            )
        refuse_unwritable(path, what="the file of metrics", option="--metrics")
    except SourceError as error:
        raise UsageError(error.problem, where=error.where, advice=error.advice) from error


def write_metrics(path: Path, figures: Figures, *, now: float) -> None:
    """Write the file, whole or not at all; readable by everybody, for another user collects it.

    Args:
        path: Named ``….prom`` where node_exporter collects it.
        figures: What the command has come to.
        now: Wall time.

    Raises:
        SourceError: It cannot be written.
    """
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - only where it is used
    from prometheus_client.openmetrics.exposition import generate_latest  # noqa: PLC0415

    before = _before(path)
    labels = {name: figures.labels.get(name) or before.labels.get(name, "") for name in LABELS}
    now = round(now, 3)
    success = now if figures.exit_code in GOOD else before.success
    registry = CollectorRegistry()
    registry.register(_Collector(lambda: _families(figures, labels, now=now, success=success)))
    with whole_file(path, what="the file of metrics", option="--metrics") as part:
        part.write_bytes(generate_latest(registry))  # type: ignore[no-untyped-call]
        part.chmod(0o644)  # whatever the umask: nothing in it is secret


@dataclass(frozen=True, slots=True)
class _Before:
    """What the file of the command before says."""

    labels: Mapping[str, str] = field(default_factory=dict)
    success: float | None = None


def _before(path: Path) -> _Before:
    """Nothing where there is no such file, or it cannot be understood."""
    from prometheus_client.openmetrics.parser import (  # noqa: PLC0415
        text_string_to_metric_families,
    )

    labels: dict[str, str] = {}
    success = None
    with suppress(OSError, ValueError):
        text = path.read_text(encoding="utf-8")
        for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
            for sample in family.samples:
                labels = dict(sample.labels)
                if sample.name == "migrator_last_success_timestamp_seconds":
                    success = float(sample.value)
    return _Before(labels, success)


class _Collector:
    """As prometheus-client asks for it."""

    def __init__(self, families: "Callable[[], Iterator[Metric]]") -> None:
        self._families = families

    def collect(self) -> "Iterator[Metric]":
        """The families."""
        return self._families()


def _families(
    figures: Figures, labels: Mapping[str, str], *, now: float, success: float | None
) -> "Iterator[Metric]":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    for name, samples in _samples(figures, now=now, success=success).items():
        label, means = METRICS[name]
        names = [*LABELS, label] if label else list(LABELS)
        family = GaugeMetricFamily(name, means, labels=names)
        for value_of_label, value in samples.items():
            known = list(labels.values())
            family.add_metric([*known, value_of_label] if label else known, value)
        if samples:
            yield family


def _samples(
    figures: Figures, *, now: float, success: float | None
) -> dict[str, Mapping[str, float]]:
    """By metric the values by their own label, "" where it has none; none: not known."""
    calls, window = figures.limit or (None, None)
    single = {
        "migrator_retries": figures.retries,
        "migrator_pauses": figures.pauses,
        "migrator_pause_seconds": round(figures.pause_seconds, 3),
        "migrator_outages": figures.outages,
        "migrator_outage_seconds": round(figures.outage_seconds, 3),
        "migrator_run_seconds": round(figures.run_seconds, 3),
        "migrator_exit_code": figures.exit_code,
        "migrator_limit_calls": calls,
        "migrator_limit_window_seconds": window,
        "migrator_last_finish_timestamp_seconds": now,
        "migrator_last_success_timestamp_seconds": success,
    }
    return {
        "migrator_rows": figures.rows,
        "migrator_calls": dict(sorted(figures.calls.items())),
        "migrator_reconciled_opportunities": figures.compared,
        "migrator_read_back_rows": figures.read_back,
        **{name: {} if value is None else {"": value} for name, value in single.items()},
    }
