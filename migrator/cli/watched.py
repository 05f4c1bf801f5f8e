"""`--log` and `--metrics` around a command: opened before it begins, closed however it ends.

Owns the two files of one command. What stands in them is `migrator.reports.event_log`'s and
`migrator.reports.metrics`'s.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.errors import ExitCode, MigratorError, UsageError

if TYPE_CHECKING:
    from migrator.events import Event, Tell
    from migrator.reports.event_log import EventLog
    from migrator.reports.metrics import Figures
    from migrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Watched:
    """Who listens to a command."""

    log: "EventLog | None" = None
    figures: "Figures | None" = None

    @property
    def tell(self) -> "Tell":
        """Tells all of them; `to_nobody` itself where there is none."""
        from migrator.events import to_nobody

        listeners: list[Tell] = [one for one in (self.log, self.figures) if one is not None]
        if not listeners:
            return to_nobody

        def to_all(event: "Event") -> None:
            for listener in listeners:
                listener(event)

        return to_all

    def use(self, settings: "Settings") -> None:
        """The settings are known: the keys stand in no line, the limit among the figures."""
        if self.log is not None:
            self.log.hide(settings.secrets)
        if self.figures is not None:
            self.figures.limit = settings.rate.limit, settings.rate.window


_WATCHED: ContextVar[Watched] = ContextVar("watched")


def the_watched() -> Watched:
    """Who listens to this command."""
    return _WATCHED.get(Watched())


def run_watched(
    command: Callable[[argparse.Namespace], int],
    options: argparse.Namespace,
    *,
    secrets: Callable[[], Iterable[str]],
) -> int:
    """Run a command with its files, where it has some; gives its exit code, or raises its error.

    Raises:
        UsageError: One of the files cannot be written; nothing was begun.
    """
    log, metrics = getattr(options, "log", None), getattr(options, "metrics", None)
    if options.command == "sandbox" or (log is None and metrics is None):
        if getattr(options, "log_values", False):
            raise UsageError(
                "--log-values says what stands in a log, and there is none",
                advice="Name one with --log FILE.",
            )
        return command(options)
    with _listening(options, log, metrics, secrets) as watched:
        token = _WATCHED.set(watched)
        try:
            return _told(command, options, watched.tell)
        finally:
            _WATCHED.reset(token)


@contextmanager
def _listening(
    options: argparse.Namespace,
    log: Path | None,
    metrics: Path | None,
    secrets: Callable[[], Iterable[str]],
) -> Iterator[Watched]:
    from migrator.reports.event_log import EventLog
    from migrator.reports.metrics import Figures, refuse_no_metrics

    with ExitStack() as stack:
        events = figures = None
        if metrics is not None:
            refuse_no_metrics(metrics)
            figures = Figures(labels=_labels(options))
            stack.callback(_write_metrics, metrics, figures)
        if log is not None:
            values = options.log_values
            events = EventLog(log, with_values=values, now=time.time, warn=_warn)
            stack.enter_context(events)
            events.hide(secrets())
        yield Watched(events, figures)


def _told(
    command: Callable[[argparse.Namespace], int], options: argparse.Namespace, tell: "Tell"
) -> int:
    """Run the command between the two events that frame it."""
    from migrator import __version__
    from migrator.events import Event, EventName

    began = time.monotonic()
    tell(Event(name=EventName.COMMAND_BEGAN, command=options.command, version=__version__))
    code, message = int(ExitCode.FAULT), ""
    try:
        code = int(command(options))
    except MigratorError as error:
        code, message = int(error.exit_code), error.problem
        raise
    except KeyboardInterrupt:
        code = int(ExitCode.INTERRUPTED)
        raise
    except BrokenPipeError:
        code = int(ExitCode.OK)
        raise
    except Exception as error:
        message = type(error).__name__
        raise
    finally:
        seconds = time.monotonic() - began
        name = EventName.COMMAND_FINISHED
        tell(
            Event(
                name=name,
                command=options.command,
                exit_code=code,
                seconds=seconds,
                message=message,
            )
        )
    return code


def _labels(options: argparse.Namespace) -> dict[str, str]:
    """What the command line tells already, for a command that ends before it knows its run."""
    mapping = getattr(options, "mapping", None)
    source = getattr(options, "source", None)
    named = {"mapping": mapping.name if mapping else "", "source": source or ""}
    return {name: value for name, value in named.items() if value}


def _write_metrics(path: Path, figures: "Figures") -> None:
    from migrator.reports.metrics import write_metrics

    try:
        write_metrics(path, figures, now=time.time())
    except MigratorError as error:  # the command's own end counts
        _warn(f"the metrics were not written: {error}")


def _warn(message: str) -> None:
    """One line that stays, above a bar where there is one."""
    from migrator.cli.terminal import say

    say(f"migrator: {message}", file=sys.stderr)
