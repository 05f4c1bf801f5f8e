"""The person at the terminal: the question before sending, the progress, lines that stay.

Owns what is shown while a command runs, all of it on standard error. On a terminal a tqdm bar,
elsewhere a line every 30 seconds.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from migrator.cli.planned import summary_lines
from migrator.cli.screen import show
from migrator.errors import UsageError
from migrator.model import Counts
from migrator.redact import printable
from migrator.reports.text import counted, duration
from migrator.runs.world import PlanSummary

HEARTBEAT_SECONDS = 30.0


class TerminalOperator:
    """Implements `migrator.runs.world.Operator`."""

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes
        self._bar: tqdm[Any] | None = None
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

    def _asked(self, lines: Sequence[str], question: str, *, what: str, done: str) -> bool:
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
        show(statement, file=sys.stderr)
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return _is_yes()

    def say(self, message: str) -> None:
        """One line that stays, above the bar."""
        with tqdm.external_write_mode(file=sys.stderr):
            show(printable(message), file=sys.stderr)

    def show(self, counts: Counts, *, state: str) -> None:
        """The progress, in place on a terminal, else now and then as a line."""
        if counts.to_send:
            self._draw(counts.done, counts.to_send, "row", _counts_text(counts, state))

    def advance(self, done: int, total: int, *, thing: str, state: str) -> None:
        """The same for calls that only read."""
        self._draw(done, total, thing, state)

    def _draw(self, done: int, total: int, thing: str, text: str) -> None:
        if sys.stderr.isatty():
            self._draw_bar(done, total, text)
        elif done < total and time.monotonic() - self._last_line >= HEARTBEAT_SECONDS:
            self._last_line = time.monotonic()
            print(f"{done:,} of {counted(total, thing)}: {text}", file=sys.stderr, flush=True)

    def _draw_bar(self, done: int, total: int, text: str) -> None:
        if self._bar is None:
            self._bar = tqdm(
                total=total,
                file=sys.stderr,
                dynamic_ncols=True,
                bar_format="{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} {desc}",
            )
        self._bar.n = min(done, total)
        self._bar.set_description_str(text, refresh=False)
        self._bar.update(0)
        if done >= total:
            self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is and go on below it."""
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None


def _is_yes() -> bool:
    answer = sys.stdin.readline()
    if not answer:  # Ctrl-D leaves the cursor behind the question
        print(file=sys.stderr)
    return answer.strip().lower() in ("y", "yes")


def _counts_text(counts: Counts, state: str) -> str:
    left = counts.seconds_left
    parts = [f"ok {counts.succeeded}", f"failed {counts.failed}", f"retried {counts.retried}"]
    if counts.calls_per_second:
        parts.append(f"{counts.calls_per_second:.2f} calls/s")
    if left:
        parts.append(f"{duration(left)} left")
    if state != "sending":
        parts.append(state)
    return ", ".join(parts)
