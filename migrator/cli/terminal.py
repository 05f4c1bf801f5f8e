"""The person at the terminal: the question before sending, the progress, lines that stay.

Owns what is shown while a command runs, all of it on standard error. On a terminal a line that
moves, elsewhere a line every 30 seconds.
"""

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from tqdm import tqdm

from migrator.cli.planned import summary_lines
from migrator.cli.progress import (
    HEARTBEAT_SECONDS,
    Bar,
    Reading,
    fitting,
    is_terminal,
    sending_line,
    sending_words,
    width_of_terminal,
)
from migrator.cli.progress import Figure as Piece
from migrator.cli.screen import show
from migrator.errors import UsageError
from migrator.model import Counts
from migrator.redact import printable
from migrator.reports.text import counted
from migrator.runs.world import PLANNING, PlanSummary


class TerminalOperator:
    """Implements `migrator.runs.world.Operator`."""

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes
        self._bar = Bar(sys.stderr)
        self._reading: Reading | None = None
        self._last_line = 0.0

    def confirm(self, summary: PlanSummary) -> bool:
        """Show what is about to be sent, and ask unless ``--yes`` answered before."""
        lines = list(summary_lines(summary))
        question = f"Send {counted(summary.price.updates, 'update')}?"
        if self._asked(lines, question, what="send", done="sent"):
            return True
        print("Nothing was sent; the same command asks again.", file=sys.stderr)
        return False

    def permits(self, lines: Sequence[str], question: str) -> bool:
        """Show what reading calls are about to cost, and ask unless ``--yes`` answered before."""
        if self._asked(lines, question, what="ask LeadSquared", done="asked"):
            return True
        print("LeadSquared was not asked; the same command asks you again.", file=sys.stderr)
        return False

    def goes_on(self, question: str) -> bool:
        """Ask unless ``--yes`` answered before."""
        self.close()
        if self._asked((), question, what="send the rest", done="sent beyond the canary"):
            return True
        print("The rest is left planned; `migrator resume` sends it.", file=sys.stderr)
        return False

    def changes(self, lines: Sequence[str], question: str) -> bool:
        """Show what one opportunity is to be changed for, and ask unless ``--yes`` answered."""
        if self._asked(lines, question, what="change the opportunity", done="changed"):
            return True
        print("Nothing was changed; the other checks are made.", file=sys.stderr)
        return False

    def removes(self, question: str) -> bool:
        """Ask before something goes for good, unless ``--yes`` answered before."""
        if self._asked((), question, what="remove them", done="removed"):
            return True
        print("Nothing was removed.", file=sys.stderr)
        return False

    def _asked(self, lines: Sequence[str], question: str, *, what: str, done: str) -> bool:
        self._end_reading()
        for line in lines:
            show(line, file=sys.stderr)
        if self._yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError(
                f"nobody can be asked whether to {what}, since this is no terminal",
                advice=f"Add --yes; nothing was {done}.",
            )
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return _is_yes()

    def agrees(self, statement: str, question: str) -> bool:
        """Ask on a terminal; nobody there, or ``--yes``, is a no: it answers other questions."""
        if self._yes or not sys.stdin.isatty():
            return False
        self._end_reading()
        show(statement, file=sys.stderr)
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return _is_yes()

    def say(self, message: str) -> None:
        """One line that stays, above the bar."""
        say(printable(message), file=sys.stderr)

    def show(self, counts: Counts, *, state: str) -> None:
        """The progress, in place on a terminal, else now and then as a line."""
        if not counts.to_send:
            return
        self._end_reading()
        done, total = counts.done, counts.to_send
        if is_terminal(sys.stderr):
            line = sending_line(counts, state, width_of_terminal(sys.stderr))
            part = min(1.0, done / total)
            self._bar.draw(line, part=part, now=time.monotonic(), told=state.partition(" ")[0])
        elif done < total and self._is_time():
            print(sending_words(counts, state), file=sys.stderr, flush=True)

    def advance(self, done: int, total: int, *, thing: str, state: str) -> None:
        """The same for calls that only read."""
        self._end_reading()
        if is_terminal(sys.stderr):
            told = [Piece(2, f"{done:,}/{counted(total, thing)}"), Piece(1, state)]
            line = fitting(told, width_of_terminal(sys.stderr))
            part = min(1.0, done / total) if total else None
            self._bar.draw(line, part=part, now=time.monotonic())
        elif done < total and self._is_time():
            print(f"{done:,} of {counted(total, thing)}: {state}", file=sys.stderr, flush=True)

    def count(self, done: int, *, thing: str, doing: str, part: float | None = None) -> None:
        """How far a sheet is read; goes when anything else is shown."""
        if self._reading is None:
            self._reading = Reading(doing, thing=thing, beats=doing == PLANNING)
        self._reading(done, part)

    def _is_time(self) -> bool:
        """Whether it is time for another line where there is no terminal."""
        now = time.monotonic()
        if self._last_line and now - self._last_line < HEARTBEAT_SECONDS:
            return False
        self._last_line = now
        return True

    def _end_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def close(self) -> None:
        """Leave the bar as it is and go on below it."""
        self._end_reading()
        self._bar.close()


def say(message: str, *, file: TextIO) -> None:
    """One line that stays, above whatever moves."""
    with tqdm.external_write_mode(file=file):
        show(printable(message, keep_lines=True), file=file)


def _is_yes() -> bool:
    answer = sys.stdin.readline()
    if not answer:  # Ctrl-D leaves the cursor behind the question
        print(file=sys.stderr)
    return answer.strip().lower() in ("y", "yes")
