"""Draw the pictures of the documentation: a real run in a real terminal, as SVG.

python docs/make_pictures.py

Starts the sandbox, types commands into a pseudo-terminal as a person would, answers their
questions, and draws what stands on the screen at the end. Needs a POSIX system; run it when the
look of a run has changed. The folder and the run's six digits are made the same each time.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import TerminalTheme

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 96, 60
LONGEST_SILENCE = 30  #: Seconds.
GUID = "5ca5b042-51ea-4699-86f0-"
UNKNOWN = (17, 99, 181)
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  mx_Custom_1: Deal
  mx_Custom_6: {column: Amount, type: number}
"""
THEME = TerminalTheme(
    (16, 24, 32),
    (215, 222, 230),
    [(16, 24, 32), (240, 113, 120), (138, 201, 128), (229, 192, 123), (110, 175, 240),
     (198, 146, 233), (86, 196, 200), (215, 222, 230)],
    [(110, 122, 136), (255, 139, 146), (160, 220, 150), (245, 210, 145), (140, 195, 250),
     (215, 170, 245), (120, 215, 220), (255, 255, 255)],
)  # fmt: skip

# rich's own form loads its font from the network; this one takes what the reader has.
FORM = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>{{title}}</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Desk:
    """A folder, a sandbox beside it, and a terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LSQ_", "MIGRATOR_"))
        }
        self.environment = clean | {
            "MIGRATOR_STATE_DIR": str(folder / ".state"),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "TZ": "UTC",
            "LSQ_RATE_LIMIT": "25/1",
        }

    def start_sandbox(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start it and take over the account that it names."""
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "migrator", "sandbox", "--limit", "25/1", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=self.environment,
            cwd=self.folder,
        )
        for _ in range(3):
            line = process.stdout.readline() if process.stdout else ""
            found = re.match(r"export (\w+)='(.*)'", line)
            if found:
                self.environment[found[1]] = found[2]
        return process

    def type(self, *arguments: str) -> str:
        """Type one command in a terminal and say yes to it; gives all that it printed."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execve(  # noqa: S606 - our own command
                sys.executable, [sys.executable, "-m", "migrator", *arguments], self.environment
            )
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        printed = b""
        while piece := _read(terminal):
            printed += piece
            if printed.endswith(b"[y/N] "):
                os.write(terminal, b"y\n")
        os.waitpid(process, 0)
        return printed.decode("utf-8")


def _read(terminal: int) -> bytes:
    if not select.select([terminal], [], [], LONGEST_SILENCE)[0]:
        raise SystemExit("the command says nothing more, and does not end")
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def draw(name: str, title: str, text: str) -> None:
    """Draw what a terminal shows of a text."""
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    for line in AnsiDecoder().decode(text.replace("\r\n", "\n")):
        console.print(line, soft_wrap=False, highlight=False)
    svg = console.export_svg(title=title, theme=THEME, code_format=FORM, unique_id="migrator")
    svg = re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE).replace("{title}", title)
    (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8", newline="\n")


def picture_of_a_run(folder: Path) -> None:
    """A sheet of 240 deals, sent with a canary; four of its rows need a person."""
    desk = Desk(folder)
    (folder / "deals.yaml").write_text(MAPPING, encoding="utf-8", newline="\n")
    (folder / "deals.csv").write_text("\n".join(_sheet()), encoding="utf-8", newline="\n")
    unknown = (word for number in UNKNOWN for word in ("--unknown", f"{GUID}{number:012}"))
    sandbox = desk.start_sandbox("--latency", "0.05-0.1", *unknown)
    try:
        command = ("run", "deals.csv", "-m", "deals.yaml", "--canary", "5")
        printed = desk.type(*command)
    finally:
        sandbox.terminate()
        sandbox.wait()
    text = f"$ migrator {' '.join(command)}\n{printed.rstrip()}\n "
    text = re.sub(r"\br(\d+)-[0-9a-f]{6}\b", r"r\1-9f2c1a", text.replace(str(folder), "~/deals"))
    draw("run", "migrator run", text)


def _sheet() -> Iterator[str]:
    yield "Id,Deal,Amount"
    for number in range(240):
        amount = "ten lakh" if number == 40 else f"{1000 + 7919 * number % 9000}"
        yield f"{GUID}{number:012},Deal {number},{amount}"


def main() -> None:
    """Draw all."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        picture_of_a_run(Path(folder).resolve())


if __name__ == "__main__":
    main()
