"""Events as lines of JSON in a file that other programs read.

Owns the form of a line, what of an event may stand in it, and what happens when it cannot be
written: the run goes on without. It never holds a key, and no value of a cell unless that is asked
for.
"""

import errno
import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from migrator.errors import UsageError
from migrator.events import Event
from migrator.reasons import without_values
from migrator.redact import escaped_json, redact
from migrator.reports.whole_file import unwritable

_SINGLE: Final = (
    "run", "command", "version", "mapping", "source", "account", "file", "row",
    "opportunity_id", "attempt", "call", "verdict", "http_status", "exception",
    "column", "doubt", "seconds", "exit_code",
)  # fmt: skip
FIELDS: Final = ("time", "event", *_SINGLE, "message", "counts", "note", "fields")
"""The keys of a line, in their order; what does not apply is left out."""


class EventLog:
    """Writes each event as one line, at once; call it with an event.

    Args:
        path: Lines are added to its end.
        with_values: Whether messages stand as they came, and what is sent, too.
        now: The wall clock.
        warn: Is told once when no more can be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        with_values: bool,
        now: Callable[[], float],
        warn: Callable[[str], None],
    ) -> None:
        self._path, self._with_values, self._now, self._warn = path, with_values, now, warn
        self._secrets: tuple[str, ...] = ()
        try:
            # Unbuffered: each line is one call of the system's, whole also beside another process.
            self._file = path.open("ab", buffering=0)
            try:
                _check(path)
            except BaseException:
                self._file.close()
                raise
        except OSError as error:
            said = unwritable(path, error, what="the log", option="--log")
            raise UsageError(
                said.problem, where=said.where, advice=f"{said.advice} Nothing was sent."
            ) from error
        self._is_open = True

    def hide(self, secrets: Iterable[str]) -> None:
        """Let these stand in no line from now on."""
        self._secrets = (*self._secrets, *secrets)

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if not self._is_open:
            return
        line = (self._line(event) + "\n").encode()
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, "no room left on the disk")  # noqa: TRY301 - a part was
        except OSError as error:
            self._is_open = False
            self._warn(
                f"the log {self._path} cannot be written any more ({error.strerror or error}): "
                "the command goes on without it"
            )

    def _line(self, event: Event) -> str:
        at = datetime.fromtimestamp(self._now(), UTC)
        content: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": str(event.name),
        }
        for name in _SINGLE:
            value = getattr(event, name)
            if value not in ("", None):
                content[name] = round(value, 3) if isinstance(value, float) else value
        message = redact(event.message, self._secrets)  # as it came; JSON escapes what it quotes
        message = message if self._with_values else without_values(message)
        content |= {"message": message} if message else {}
        content |= {"counts": dict(event.counts)} if event.counts else {}
        if self._with_values:
            content |= {"note": event.note} if event.note else {}
            content |= {"fields": dict(event.fields)} if event.fields else {}
        return escaped_json(redact(json.dumps(content, ensure_ascii=False), self._secrets))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        self._file.close()


def _check(path: Path) -> None:
    """Refuse a file that is no log; begin a new line where the last was cut off.

    Raises:
        UsageError: It holds something else.
        OSError: It cannot be read.
    """
    if not path.is_file():  # such as /dev/stderr
        return
    with path.open("rb") as file:
        if file.read(1) not in (b"", b"{"):
            raise UsageError(
                "this file is no log of events, and lines would be added to its end",
                where=str(path),
                advice="Name another file with --log FILE. Nothing was sent.",
            )
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                with path.open("ab") as end:
                    end.write(b"\n")
