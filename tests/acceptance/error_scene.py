"""One way it can go wrong: what stands ready, what is typed, and what is then on the screen.

Owns how a case of `error_cases` is run as a process, how its text is made the same on every
machine, and the form of `error_texts.md`. It never decides what a text ought to be: that is read
and approved in the file.
"""

import contextlib
import hashlib
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from filelock import FileLock

from tests.acceptance.rehearsal import (
    ACCESS_KEY,
    LONGEST_COMMAND,
    MIGRATOR,
    SECRET_KEY,
    Desk,
    Ended,
    SandboxProcess,
    deals,
    in_terminal,
)

TEXTS: Final = Path(__file__).with_name("error_texts.md")
SAMPLES: Final = Path(__file__).parents[2] / "sample_data"
CODES: Final = frozenset({0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130, 143})  #: README's, without 1.
ENDS_WELL: Final = frozenset({0, 10, 11, 12, 130, 143})
MISTYPED: Final = ("u$rMistyped+0816", "mIstyped/Secret==")
SECRETS: Final = (ACCESS_KEY, SECRET_KEY, *MISTYPED)
RUN: Final = "migrator run deals.csv -m deals.yaml --yes"
LEDGER: Final = "migrator.db"
CHECK: Final = "migrator check deals.csv -m deals.yaml"


# ------------------------------------------------------------------ the scene


@dataclass(slots=True)
class Scene(Desk):
    """A new user's folder: three deals, a mapping, the settings of a sandbox, no ledger."""

    sandbox: SandboxProcess = field(kw_only=True)
    differs: dict[str, str] = field(default_factory=dict, kw_only=True)  #: Pattern to its stand-in.
    kept: dict[Path, str] = field(default_factory=dict, kw_only=True)  #: File to its digest.
    how: Callable[["Scene", list[str]], Ended] | None = field(default=None, kw_only=True)
    widest: int = field(default=0, kw_only=True)  #: Characters of the longest line in a terminal.
    on_end: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, kw_only=True)

    @classmethod
    def laid_out(cls, folder: Path, sandbox: SandboxProcess) -> "Scene":
        """Lay out a folder in front of a sandbox."""
        desk = Desk.at(folder, sandbox)
        scene = cls(desk.folder, desk.environment, sandbox=sandbox)
        scene.environment["COLUMNS"] = "80"
        scene.write_sheet(deals(3))
        return scene

    def set(self, **settings: str) -> None:
        self.environment |= settings

    def unset(self, *names: str) -> None:
        for name in names:
            del self.environment[name]

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def sample(self, name: str, *, under: str = "") -> Path:
        """Copy a file of sample_data into the folder."""
        source = SAMPLES / name
        return self.file(under or source.name, source.read_bytes())

    def keep(self, name: str) -> None:
        """The command must leave this file as it is."""
        self.kept[self.folder / name] = digest(self.folder / name)

    def typed(self, command: str) -> Ended:
        """Run one command as a person types it."""
        words = shlex.split(command)
        assert words[0] == "migrator", command
        if self.how is not None:
            return self.how(self, [*self.before, *MIGRATOR, *words[1:]])
        return self.end(self.start(*words[1:]))

    def done(self, command: str, code: int = 0) -> Ended:
        """Run a command before the one that counts."""
        ended = self.typed(command)
        assert ended.code == code, f"{command}: {ended}"
        return ended

    def stopped_with_one_left(self) -> None:
        """A run of two rows that stopped after the first."""
        self.write_sheet(deals(2))
        self._once(f"{RUN} --limit 1", code=12)

    def finished(self) -> None:
        """A run of three rows that all succeeded."""
        self._once(RUN, code=0)

    def _once(self, command: str, *, code: int) -> None:
        """Give the ledger that a command leaves; it is run for the first case that asks."""
        if command not in _LEDGERS:
            self.done(command, code)
            _LEDGERS[command] = (self.folder / LEDGER).read_bytes()
        self.file(LEDGER, _LEDGERS[command]).chmod(0o600)


_LEDGERS: Final[dict[str, bytes]] = {}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ------------------------------------------------------------------ the table

Prepare = Callable[[Scene], Generator[None, Ended, None] | None]


@dataclass(slots=True, kw_only=True)
class Case:
    """One entry of the table."""

    group: str
    title: str
    command: str
    code: int
    sends: int | None  #: Updates that reach the CRM; None: not counted.
    advice: bool  #: Whether a second, indented line tells what to do.
    prepare: Prepare | None = None


CASES: Final[list[Case]] = []


class Group:
    """Cases that belong together; each call adds one to the table.

    Used as a decorator it takes the function that prepares the scene; a generator function goes
    on after its ``yield``, which gives it what the command said.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self,
        title: str,
        command: str = RUN,
        *,
        code: int,
        sends: int | None = 0,
        advice: bool | None = None,
    ) -> Callable[[Prepare], Prepare]:
        case = Case(
            group=self.name,
            title=title,
            command=command,
            code=code,
            sends=sends,
            advice=code not in ENDS_WELL if advice is None else advice,
        )
        CASES.append(case)

        def take(prepare: Prepare) -> Prepare:
            case.prepare = prepare
            return prepare

        return take


def shown(case: Case, scene: Scene) -> str:
    """Run a case, assert what holds for every text, and give its section."""
    before = len(scene.sandbox.updates)
    with _prepared(case, scene) as tell:
        before = max(before, len(scene.sandbox.updates))
        ended = scene.typed(case.command)
        sent = len(scene.sandbox.updates) - before
        tell(ended)
    text = _section(case, scene, ended)
    _assert_what_always_holds(case, ended, text)
    assert case.sends in (None, sent), f"{sent} updates were sent"
    for path, was in scene.kept.items():
        assert digest(path) == was, f"{path.name} was changed"
    return text


@contextlib.contextmanager
def _prepared(case: Case, scene: Scene) -> Iterator[Callable[[Ended], None]]:
    steps: Any = case.prepare(scene) if case.prepare else None
    if not inspect.isgenerator(steps):
        yield lambda ended: None
        return
    next(steps)

    def tell(ended: Ended) -> None:
        with contextlib.suppress(StopIteration):
            steps.send(ended)

    yield tell


def _assert_what_always_holds(case: Case, ended: Ended, text: str) -> None:
    everything = ended.errors + ended.output
    assert ended.code == case.code, f"exit code {ended.code}\n{text}"
    assert ended.code in CODES
    assert "Traceback" not in everything, everything
    for secret in SECRETS:
        for form in (secret, urllib.parse.quote(secret, safe="")):
            assert form not in everything, "a key is shown"
    unsafe = re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert not unsafe, f"control characters: {unsafe}\n{text}"
    if case.advice:
        assert re.search(r"^migrator[\w ]*: .*\n  \S", ended.errors, re.MULTILINE), text


# ------------------------------------------------------------------ the same on every machine

_DIFFERS: Final = {
    r"(127\.0\.0\.1|localhost):\d+": r"\1:{port}",
    r"process \d+ on \S+, since [\d-]+ [\d:]+ UTC": "process {pid} on {machine}, since {date} UTC",
    r"\br(\d+)-[0-9a-f]{6}\b": r"r\1-{tag}",
    r"\d+\.\d\d of \d+\.\d\d calls/s": "{pace} calls/s",
}


def normalised(text: str, scene: Scene) -> str:
    for folder in (str(scene.folder.resolve()), str(scene.folder)):
        text = text.replace(folder, "{folder}")
    for pattern, instead in (_DIFFERS | scene.differs).items():
        text = re.sub(pattern, instead, text)
    return re.sub(r"[ ]+$", "", text, flags=re.MULTILINE)


# ------------------------------------------------------------------ the file

_HEAD: Final = """\
# What migrator says when something goes wrong

Every text below was said by the real command; `test_error_texts.py` compares them. After a change,
write the file anew and read what changed, as a user at night would:

```sh
MIGRATOR_WRITE_TEXTS=1 python -m pytest tests/acceptance/test_error_texts.py
git diff tests/acceptance/error_texts.md
```

Each text says what happened, where, and (indented, on its second line) what to do. What differs
from machine to machine stands in braces. A case is added to `error_cases/`, in three lines.
"""


def _section(case: Case, scene: Scene, ended: Ended) -> str:
    streams = ((ended.errors, "standard error"), (ended.output, "standard output"))
    blocks = "".join(
        f"\n{name}:\n\n```text\n{normalised(text, scene).rstrip()}\n```\n"
        for text, name in streams
        if text.strip()
    )
    return f"`{case.command}` ends with exit code {ended.code}.\n{blocks}"


def reviewed() -> dict[tuple[str, str], str]:
    """Group and title to the section that was approved."""
    found, group, title = {}, "", ""
    if not TEXTS.exists():
        return {}
    for piece in re.split(r"^(#{2,3} .*)\n", TEXTS.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if piece.startswith("## "):
            group = piece[3:]
        elif piece.startswith("### "):
            title = piece[4:]
        elif title and piece.strip():
            found[group, title] = piece.strip("\n") + "\n"
    return found


def write(case: Case, text: str) -> None:
    """Put one section into the file; sections of no case go."""
    with FileLock(f"{TEXTS}.lock"):
        sections = reviewed() | {(case.group, case.title): text}
        parts, group = [_HEAD], ""
        for each in CASES:
            if (each.group, each.title) not in sections:
                continue
            if each.group != group:
                group = each.group
                parts.append(f"## {group}\n")
            parts.append(f"### {each.title}\n\n{sections[each.group, each.title]}")
        TEXTS.write_text("\n".join(parts), encoding="utf-8", newline="\n")
    with contextlib.suppress(OSError):
        Path(f"{TEXTS}.lock").unlink()


# ------------------------------------------------------------------ what some cases need

IS_ROOT: Final = hasattr(os, "geteuid") and os.geteuid() == 0
IS_POSIX: Final = sys.platform != "win32"


def without_root_power(at: Scene) -> None:
    """Take from the commands what lets root read and write everything."""
    if not IS_POSIX:
        pytest.skip("rights of files are POSIX's here")
    if not IS_ROOT:
        return
    powers = "-dac_override,-dac_read_search"
    tool = shutil.which("setpriv")
    if tool is None:
        pytest.skip("root may read everything, and setpriv is not there to change that")
    at.before = [tool, f"--bounding-set={powers}", f"--inh-caps={powers}", "--"]


def on_terminal(at: Scene, *, keys: str = "", columns: int = 80, moment: str = "[y/N] ") -> None:
    """Let the command have a terminal, and ``keys`` be typed as soon as ``moment`` is read."""
    if not IS_POSIX:
        pytest.skip("pseudo-terminals are POSIX's")
    at.environment.pop("COLUMNS", None)
    at.how = lambda scene, command: _in_terminal(scene, command, keys, columns, moment)


def _in_terminal(scene: Scene, command: list[str], keys: str, columns: int, moment: str) -> Ended:
    typed = [(moment, keys)] if keys else []
    code, text = in_terminal(command, scene.folder, scene.environment, typed=typed, columns=columns)
    scene.said.append(text)
    scene.widest = max(map(len, re.split(r"[\r\n]", text)))
    return Ended(code=code, output="", errors=on_screen(text))


def on_screen(text: str) -> str:
    """What a person sees: a carriage return goes back, and the line is written over."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        cells = ""
        for piece in line.split("\r"):
            cells = piece + cells[len(piece) :]
        lines.append(cells.rstrip())
    return "\n".join(lines)


def reads_one_line(scene: Scene, command: list[str]) -> Ended:
    """As ``| head -1`` does."""
    process = subprocess.Popen(
        command,
        cwd=scene.folder,
        env=scene.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    return Ended(code=process.wait(LONGEST_COMMAND), output=line, errors=errors)
