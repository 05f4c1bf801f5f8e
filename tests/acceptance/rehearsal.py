"""A rehearsal of a migration: the sandbox as a process, the command as a process, a sheet.

Owns how the acceptance tests start, stop and look at these. It imports nothing of migrator: what
is expected comes from the sheet, the sandbox's log and the sandbox's state alone.
"""

import contextlib
import csv
import functools
import io
import json
import multiprocessing
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

MIGRATOR: Final = (sys.executable, "-m", "migrator")
ACCESS_KEY: Final = "u$rRehearsal+4711"
SECRET_KEY: Final = "sEcret/Rehearsal+0815=="
LONGEST_COMMAND: Final = 90.0
LOST: Final = frozenset({"lost_before", "lost_after", "hang", "truncated", "http502", "http504"})
"""Faults after which no answer tells whether the update was applied."""
HAS_SIGNALS: Final = sys.platform != "win32"
HAS_TERMINALS: Final = sys.platform != "win32"


class Exit(IntEnum):
    """What the README promises."""

    OK = 0
    USAGE = 2
    SHEET = 3
    SETTINGS = 5
    LEDGER = 6
    TARGET = 7
    ACCESS = 8
    ATTENTION = 10
    DIFFERENCES = 11
    STOPPED = 12
    INTERRUPTED = 130
    TERMINATED = 143


MAPPING: Final = """\
version: 1
opportunity: {type: 12000, id: Opportunity Id, note: "{Remarks}"}
fields:
  mx_Custom_1: Name
  mx_Custom_6: {column: Amount, type: number}
  mx_Custom_11: Region
"""
COLUMNS: Final = ("Opportunity Id", "Name", "Amount", "Region", "Remarks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One row of the plain sheet, as a person types it."""

    opportunity: str
    name: str
    amount: str = ""
    region: str = ""
    remarks: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.opportunity, self.name, self.amount, self.region, self.remarks)


def guid(number: int) -> str:
    """The opportunity with this number; from 1."""
    return str(uuid.UUID(int=0x5CA5B042_51EA_4699_86F0_000000000000 + number))


def deals(count: int) -> list[Deal]:
    """Valid rows, each of an opportunity of its own."""
    return [
        Deal(
            opportunity=guid(number),
            name=f"Deal {number}",
            amount=f"{number}.50",
            region="South",
            remarks=f"Remark {number}",
        )
        for number in range(1, count + 1)
    ]


def wait_until(holds: Callable[[], bool], *, within: float = LONGEST_COMMAND) -> None:
    """Wait until something holds that another process brings about: it can only be looked at."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has come to its end."""

    code: int
    output: str
    errors: str


@functools.cache
def _warm() -> Any:
    """Processes that find the sandbox's libraries imported: most of the time of its start.

    They are forked from one that did nothing else. Sandboxes are not measured: the integration
    tests do that.
    """
    if not HAS_SIGNALS:
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["migrator.cli.sandbox", "migrator.sandbox", "aiohttp.web"])
    measured = {name: os.environ.pop(name) for name in list(os.environ) if "COVERAGE" in name}
    forkserver.ensure_running()
    os.environ |= measured
    return context


class _Told(io.TextIOBase):
    """A standard output whose reader is at the other end of a pipe."""

    def __init__(self, teller: Connection) -> None:
        self._teller = teller

    def write(self, text: str) -> int:
        with contextlib.suppress(BrokenPipeError):  # who reads the first line only
            self._teller.send(text)
        return len(text)


def _type_alone(words: tuple[str, ...], teller: Connection) -> None:
    """Type a command in this process, which does nothing else."""
    from migrator.cli import main

    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(_Told(teller)),
        contextlib.redirect_stderr(nowhere),
    ):
        raise SystemExit(main(words))


@dataclass(slots=True)
class SandboxProcess:
    """`migrator sandbox` in a folder and a process of its own."""

    folder: Path
    process: BaseProcess
    url: str
    _read_to: int = field(default=0, init=False)  #: Bytes of the log that are in `_records`.
    _records: list[dict[str, Any]] = field(default_factory=list, init=False)

    @classmethod
    def start(cls, folder: Path, *options: str) -> "SandboxProcess":
        folder.mkdir(parents=True, exist_ok=True)
        account = ("--keys", f"{ACCESS_KEY}:{SECRET_KEY}", "--limit", "200/0.2")
        words = ("sandbox", *account, "--log", str(folder / "calls.jsonl"), *options)
        told, teller = multiprocessing.Pipe(duplex=False)
        process = _warm().Process(target=_type_alone, args=(words, teller), daemon=True)
        process.start()
        teller.close()
        with contextlib.suppress(EOFError):
            url = told.recv().partition("=")[2].strip().strip("'\"")
            return cls(folder, process, url)
        raise AssertionError("the sandbox did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()

    # ---------------------------------------------------------- its control

    def ask(self, method: str, name: str, content: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/sandbox/{name}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def change(self, **settings: object) -> None:
        self.ask("PATCH", "settings", settings)

    def mend(self, *opportunities: str) -> None:
        self.ask("POST", "opportunities", [{"id": named} for named in opportunities])

    def strike(self, fault: str, **more: object) -> None:
        self.ask("POST", "faults", {"fault": fault} | more)

    def opportunities(self) -> dict[str, dict[str, Any]]:
        """The true state: GUID to its fields, its notes with their counts, and the last note."""
        return {item["id"]: item for item in self.ask("GET", "state")["opportunities"]}

    # ---------------------------------------------------------- its log

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every request that reached it, as its log tells; only whole lines count."""
        with (self.folder / "calls.jsonl").open("rb") as log:
            log.seek(self._read_to)
            whole, _, _ = log.read().rpartition(b"\n")
        if whole:
            self._read_to += len(whole) + 1
            self._records += map(json.loads, whole.split(b"\n"))
        return self._records

    @property
    def updates(self) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["path"].endswith("/Update")]

    def sent(self) -> Counter[str]:
        """Note to how many updates carried it."""
        return Counter(update["note"] for update in self.updates)

    def applied(self) -> Counter[str]:
        """Note to how many updates with it were applied."""
        return Counter(update["note"] for update in self.updates if update["applied"])

    def figures(self, *, rows: int, kills: int = 0) -> dict[str, int]:
        """What `make soak` sums up of one run."""
        return {
            "runs": 1,
            "kills": kills,
            "rows": rows,
            "calls": len(self.calls),
            "lost answers": sum(call["fault"] in LOST for call in self.calls),
            "over the limit": sum(
                call["status"] == 429 and not call["fault"] for call in self.calls
            ),
        }

    def wait_for_updates(self, count: int, process: "subprocess.Popen[str]") -> int:
        """Wait until so many updates have arrived while ``process`` lives; gives how many did."""
        deadline = time.monotonic() + LONGEST_COMMAND
        while (arrived := len(self.updates)) < count:
            assert process.poll() is None, f"it ended after {arrived} of {count} updates"
            assert time.monotonic() < deadline, f"{arrived} of {count} updates"
            time.sleep(0.01)  # the log is a file of another process: it can only be looked at
        return arrived

    def wait_until_quiet(self) -> None:
        """Wait until what a killed process had sent is decided, too."""
        before = -1
        while before != (before := len(self.calls)):
            time.sleep(0.1)


@dataclass(slots=True)
class Desk:
    """Where a person types the commands: a folder with a sheet, a mapping and the ledger."""

    folder: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)  #: All that any command printed.
    before: list[str] = field(default_factory=list, kw_only=True)  #: Words before the command.
    started: list["subprocess.Popen[str]"] = field(default_factory=list, kw_only=True)

    @classmethod
    def at(cls, folder: Path, sandbox: SandboxProcess, *, limit: str = "100/0.2") -> "Desk":
        folder.mkdir(parents=True, exist_ok=True)
        # Not measured, as a command starts in two thirds of the time so: what these tests run is
        # measured in test_first_evening.py.
        strange = ("LSQ_", "COVERAGE", "MIGRATOR_WRITE_")  # the last: how texts are written anew
        clean = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        account = {
            "LSQ_API_HOST": sandbox.url,
            "LSQ_ACCESS_KEY": ACCESS_KEY,
            "LSQ_SECRET_KEY": SECRET_KEY,
            "LSQ_RATE_LIMIT": limit,
        }
        places = {"MIGRATOR_STATE_DIR": str(folder / "state")}
        clean.pop("MIGRATOR_LEDGER", None)
        desk = cls(folder, clean | account | places | {"PYTHONIOENCODING": "utf-8"})
        desk.write_mapping(MAPPING)
        return desk

    # ---------------------------------------------------------- files

    def write_mapping(self, text: str) -> None:
        (self.folder / "deals.yaml").write_text(text, encoding="utf-8", newline="\n")

    def write_sheet(
        self,
        rows: Iterable[Deal | tuple[str, ...]],
        *,
        columns: tuple[str, ...] = COLUMNS,
        name: str = "deals.csv",
    ) -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(row.cells if isinstance(row, Deal) else row for row in rows)

    # ---------------------------------------------------------- commands

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*self.before, *MIGRATOR, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.started.append(process)
        return process

    def leave(self) -> None:
        """End what a test that failed has left running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def end(self, process: "subprocess.Popen[str]", *, within: float = LONGEST_COMMAND) -> Ended:
        """Wait for a command's end and keep what it said."""
        output, errors = process.communicate(timeout=within)
        self.said += [output, errors]
        return Ended(code=process.returncode, output=output, errors=errors)

    def type(self, *arguments: str, code: int | None = Exit.OK) -> Ended:
        """Type one command; ``code`` None takes any exit code."""
        ended = self.end(self.start(*arguments))
        assert code in (None, ended.code), f"{arguments} gave {ended.code}\n{ended.errors}"
        return ended

    def at_terminal(
        self, *arguments: str, answers: Iterable[tuple[str, str]] = (), columns: int = 80
    ) -> tuple[int, str]:
        """Type one command at a pseudo-terminal, and an answer when its question is shown.

        Gives the exit code and all that was on the screen.
        """
        typed = [(moment, f"{words}\n") for moment, words in answers]
        code, shown = in_terminal(
            [*MIGRATOR, *arguments], self.folder, self.environment, typed=typed, columns=columns
        )
        self.said.append(shown)
        return code, shown

    def run(self, *options: str, sheet: str = "deals.csv", code: int | None = Exit.OK) -> Ended:
        sheet_and_mapping = ("run", sheet, "-m", "deals.yaml")
        return self.type(*sheet_and_mapping, "--yes", "--patience", "0.5", *options, code=code)

    # ---------------------------------------------------------- what the ledger tells

    def status(self, run: str = "r1") -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.type("status", run, "--json").output)
        assert content["is_whole"]
        assert sum(content["states"].values()) == content["rows_read"]
        return content

    def states(self, run: str = "r1") -> dict[str, int]:
        """State to count; only those that occur."""
        return {name: count for name, count in self.status(run)["states"].items() if count}

    def entries(self, run: str = "r1") -> list[dict[str, str]]:
        """Every row of a run with its box, as the export tells."""
        self.type("export", run, "--all", "-o", "all.csv")
        return self.read_export("all.csv")

    def read_export(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def rewrite_export(self, name: str, rows: Iterable[Mapping[str, str]]) -> None:
        """Save an export as a person does who changed some cells."""
        rows = list(rows)
        with (self.folder / name).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def in_terminal(
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    typed: Iterable[tuple[str, str]] = (),
    columns: int = 80,
) -> tuple[int, str]:
    """Run a command at a pseudo-terminal; POSIX only.

    Args:
        command: The command and its arguments.
        folder: Where it runs.
        environment: Its environment.
        typed: For each: a text, and the keys that are typed as soon as it is on the screen.
        columns: The width of the terminal.

    Returns:
        The exit code, and all that was shown.
    """
    import fcntl
    import pty
    import struct
    import termios

    left = list(typed)
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
    )
    os.close(keyboard)
    shown = b""
    with contextlib.suppress(OSError):  # Linux says EIO when the last process has gone
        while piece := os.read(screen, 65536):
            shown += piece
            if left and left[0][0].encode() in shown:
                os.write(screen, left.pop(0)[1].encode())
    os.close(screen)
    code = process.wait(LONGEST_COMMAND)
    assert not left, f"never shown: {left}\n{shown.decode()}"
    return code, shown.decode()
