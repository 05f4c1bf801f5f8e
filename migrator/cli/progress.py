"""One line that moves: how far a command is, as wide as the terminal, never wider.

Owns which figures a narrow terminal leaves out, and the bar itself; no colours, no movement but
back to the line's beginning, and ASCII alone where the stream has nothing else.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TextIO

from migrator.model import Counts
from migrator.reports.text import counted, duration

if TYPE_CHECKING:
    from tqdm import tqdm

HEARTBEAT_SECONDS: Final = 30.0  #: Between two lines where there is no terminal.
SHOWN_AFTER: Final = 1.0  #: Seconds of reading that nobody needs to be told about.
REDRAWN_AFTER: Final = 0.1  #: Seconds.
USUAL_COLUMNS: Final = 80  #: Of a terminal that does not tell its width.
SENDING: Final = "sending"
_BAR: Final = 12  #: Columns that a bar needs beside the figures: " 42%|████| ".
_PERCENT: Final = 5  #: Columns of the per cent alone.
_BETWEEN: Final = "  "


class Figure(NamedTuple):
    """A piece of the line."""

    weight: int  #: The lightest are left out first.
    text: str


def is_terminal(stream: TextIO) -> bool:
    """Whether a line can be drawn over; a dumb terminal gets lines as a file does."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def width_of_terminal(stream: TextIO) -> int:
    """Columns to draw in: one is left, for there are terminals that break a full line."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return max(1, (columns or USUAL_COLUMNS) - 1)


def fitting(figures: Iterable[Figure], columns: int) -> str:
    """The heaviest figures that fit, in the order given; the heaviest is cut where it must be.

    >>> fitting([Figure(9, "4/10"), Figure(1, "ok 4"), Figure(5, "2 s left")], 16)
    '4/10  2 s left'
    """
    given = [figure for figure in figures if figure.text]
    kept: set[int] = set()
    used = -len(_BETWEEN)
    for place in sorted(range(len(given)), key=lambda at: -given[at].weight):
        wanted = used + len(_BETWEEN) + len(given[place].text)
        if wanted <= columns or not kept:
            kept.add(place)
            used = wanted
    return _BETWEEN.join(given[place].text for place in sorted(kept))[:columns]


def sending_line(counts: Counts, state: str, columns: int) -> str:
    """How far sending is, in so many columns.

    >>> counts = Counts(to_send=30, succeeded=4, failed=1, retried=2, calls_per_second=4.9)
    >>> sending_line(counts, "paused 9 s, rate answer", 40)
    '5/30  paused 9 s, rate answer  5 s left'
    >>> sending_line(counts, "target down since 23:41, next probe in 8 s", 30)
    '5/30  target down since 23:41'
    >>> sending_line(counts, "target down since 23:41, next probe in 8 s", 24)
    '5/30  down since 23:41'
    """
    told = state.partition(",")[0]
    done, line = _done(counts), ""
    for words in (state, told, told.removeprefix("target ")):
        line = fitting(_figures(counts, state, words), columns)
        if done in line and (state == SENDING or words in line):
            break
    return line


def _done(counts: Counts) -> str:
    return f"{counts.done:,}/{counts.to_send:,}"


def _figures(counts: Counts, state: str, words: str) -> Iterator[Figure]:
    """All there are; while nothing can be sent, nobody knows how long it takes."""
    left = counts.seconds_left if state.startswith((SENDING, "paused")) else None
    yield Figure(100, _done(counts))
    yield Figure(110, words if state != SENDING else "")
    yield Figure(60, f"ok {counts.succeeded:,}")
    yield Figure(70 if counts.failed else 45, f"failed {counts.failed:,}")
    yield Figure(65, f"in doubt {counts.in_doubt:,}" if counts.in_doubt else "")
    yield Figure(75, f"looking up {counts.looked_up:,}" if counts.looked_up else "")
    yield Figure(40, f"retried {counts.retried:,}")
    yield Figure(30, f"in flight {counts.in_flight:,}")
    yield Figure(50, _rate(counts, "/s"))
    yield Figure(80, f"{duration(left)} left" if left else "")


def _rate(counts: Counts, unit: str) -> str:
    if not counts.calls_per_second:
        return ""
    limit = f" of {counts.limit_per_second:.2f}" if counts.limit_per_second else ""
    return f"{counts.calls_per_second:.2f}{limit}{unit}"


def sending_words(counts: Counts, state: str) -> str:
    """The same as a line of a file: all of it.

    >>> sending_words(Counts(to_send=30, succeeded=4), "sending")
    '4 of 30 rows, sending: ok 4, failed 0, retried 0, in flight 0'
    """
    left = counts.seconds_left
    parts = [
        f"ok {counts.succeeded:,}",
        f"failed {counts.failed:,}",
        f"in doubt {counts.in_doubt:,}" if counts.in_doubt else "",
        f"looking up {counts.looked_up:,}" if counts.looked_up else "",
        f"retried {counts.retried:,}",
        f"in flight {counts.in_flight:,}",
        _rate(counts, " calls/s"),
        f"{duration(left)} left" if left else "",
    ]
    done = f"{counts.done:,} of {counted(counts.to_send, 'row')}, {state}"
    return f"{done}: {', '.join(filter(None, parts))}"


class Bar:
    """The line itself.

    Args:
        stream: A terminal.
        leave: Whether the last state of the line stays when it is closed.
    """

    def __init__(self, stream: TextIO, *, leave: bool = True) -> None:
        self._stream, self._leave = stream, leave
        self._bar: tqdm[Any] | None = None
        self._drawn_at, self._told = 0.0, ""

    def draw(self, line: str, *, part: float | None, now: float, told: str = "") -> None:
        """Show the line, with a bar in front where there is room; at most ten times a second.

        Args:
            line: Not wider than the terminal.
            part: Which part of the whole is done; None: not known.
            now: Monotonic time.
            told: What must be seen at once when it changes.
        """
        is_done = part is not None and part >= 1.0
        if now - self._drawn_at < REDRAWN_AFTER and told == self._told and not is_done:
            return
        self._drawn_at, self._told = now, told
        columns = width_of_terminal(self._stream)
        if self._bar is None:
            from tqdm import tqdm

            # The delay keeps it from drawing a line of its own before the first of ours.
            self._bar = tqdm(
                total=1.0, file=self._stream, leave=self._leave, ncols=columns, delay=1e-9
            )
        room = columns - len(line) if part is not None else 0
        front = "{percentage:3.0f}%|{bar}| " if room >= _BAR else "{percentage:3.0f}% "
        self._bar.bar_format = f"{front if room >= _PERCENT else ''}{{desc}}"
        self._bar.ncols, self._bar.n = columns, part or 0.0
        self._bar.set_description_str(line)

    def close(self) -> None:
        """Go on below it, or in its place where it does not stay."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Reading:
    """How far something is read or written: a line that comes after a second, and goes at the end.

    Args:
        doing: In a word, such as "reading".
        thing: What is counted.
        beats: Whether there is a line now and then where there is no terminal.
        stream: Where it is shown; None: standard error.
        now: The monotonic clock.
    """

    def __init__(
        self,
        doing: str,
        *,
        thing: str = "row",
        beats: bool = False,
        stream: TextIO | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doing, self._thing, self._beats, self._now = doing, thing, beats, now
        self._stream = stream or sys.stderr
        self._bar = Bar(self._stream, leave=False)
        self._began = self._said = now()

    def __call__(self, done: int, part: float | None) -> None:
        """So many are done, and this part of the whole."""
        now = self._now()
        told = f"{self._doing}: {counted(done, self._thing)}"
        if is_terminal(self._stream):
            if now - self._began >= SHOWN_AFTER:
                columns = width_of_terminal(self._stream)
                self._bar.draw(told[:columns], part=part, now=now)
        elif self._beats and now - self._said >= HEARTBEAT_SECONDS:
            self._said = now
            more = f", {part:.0%} of the file" if part is not None else ""
            print(f"{told}{more}", file=self._stream, flush=True)

    def close(self) -> None:
        """It is done: the line goes."""
        self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
