"""Pages whose examples are run: files are written, commands typed, what they print is compared.

Owns the little language of the fenced blocks, which a page explains by using it:

- ```` ```csv deals.csv ```` (or any kind, with a file's name behind it): the file is written;
- ```` ```console ````: each line that begins with ``$ `` is typed in bash, the lines below it are
  what it prints, standard error included; a line ``…`` stands for any lines;
- ```` ```console background ````: its command goes on beside the others until the page ends.

What differs from run to run is made the same on both sides: the run's six digits, times of 2026
and later, the folder (``~/migration``) and the sandbox's port (8642). With
``MIGRATOR_WRITE_PAGES=1`` the test writes what was printed into the page instead, to be read and
committed.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FOLDER: Final = "~/migration"
PORT: Final = "8642"
_BLOCK: Final = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAME: Final = (
    (re.compile(r"\br(\d+)-[0-9a-f]{6}\b"), r"r\1-9f2c1a"),
    (re.compile(r"\b20(?:2[6-9]|[3-9]\d)-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?"), "2026-11-24 21:00"),
    (re.compile(r"(?m)^[\d,]+ of [\d,]+ rows?, [^:\n]+: ok .*\n?"), ""),  # the heartbeat of a pipe
    (re.compile(r"\bprocess \d+ on [\w.-]+"), "process 4711 on asha-laptop"),
)


@dataclass(slots=True)
class Page:
    """One page, run in a folder of its own."""

    path: Path
    folder: Path
    port: str = field(init=False)
    environment: dict[str, str] = field(init=False)
    background: list["subprocess.Popen[str]"] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LSQ_", "MIGRATOR_", "COVERAGE"))
        }
        commands = str(Path(sys.executable).parent)
        self.environment = clean | {
            "PATH": commands + os.pathsep + clean["PATH"],
            "HOME": str(self.folder),
            "MIGRATOR_STATE_DIR": str(self.folder / ".state"),
            "COLUMNS": "100",
            "TZ": "UTC",
            "LSQ_RATE_LIMIT": "25/1",
        }

    # ---------------------------------------------------------- running

    def run(self) -> str:
        """Run every block; gives the page with what was printed in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            return _BLOCK.sub(self._run_block, self.path.read_text(encoding="utf-8"))
        finally:
            for process in self.background:
                process.send_signal(signal.SIGTERM)
                process.communicate()

    def _run_block(self, block: "re.Match[str]") -> str:
        kind, named, content = block[1], block[2], block[3]
        if kind == "console":
            printed = "".join(self._run_console(content, background=named == "background"))
            return f"```console{f' {named}' if named else ''}\n{printed}```"
        if named:
            (self.folder / named).write_text(content, encoding="utf-8", newline="\n")
        return block[0]

    def _run_console(self, content: str, *, background: bool) -> Iterator[str]:
        for step in re.split(r"(?m)^(?=\$ )", content):
            if not step.startswith("$ "):
                continue
            command, _, expected = step.removeprefix("$ ").partition("\n")
            printed = self._same(self._start(command) if background else self._type(command))
            is_as_shown = fits(self._same(expected), printed)
            yield f"$ {command}\n{expected if is_as_shown else printed}"

    def _type(self, command: str) -> str:
        exported = re.fullmatch(r"export (\w+)=(.*)", command)
        if exported:
            self.environment[exported[1]] = exported[2].strip("'").replace(PORT, self.port)
            return ""
        done = subprocess.run(
            ["bash", "-c", command.replace(PORT, self.port)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def _start(self, command: str) -> str:
        """Start a command and take what it prints until it serves."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command.replace(PORT, self.port)}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self.background.append(process)
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if "serving at" in line:
                break
        return printed

    def _same(self, text: str) -> str:
        text = text.replace(str(self.folder), FOLDER).replace(self.port, PORT)
        for pattern, instead in _SAME:
            text = pattern.sub(instead, text)
        return text


def fits(expected: str, printed: str) -> bool:
    """Whether the output is as the page shows it; a line ``…`` stands for any lines."""
    pieces = [re.escape(piece) for piece in re.split(r"(?m)^…\n", expected)]
    return re.fullmatch("(?:.*\n)*?".join(pieces), printed) is not None
