"""The line that moves is never wider than its terminal, and says the state first."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.cli.progress import Bar, Reading, is_terminal, sending_line, sending_words
from migrator.events import MEANINGS, EventName
from migrator.model import Counts

ROOT = Path(__file__).parents[2]
STATES = (
    "sending",
    "stopping",
    "parked",
    "paused 12 s, rate answer",
    "target down since 23:41, next probe in 8 s",
    "target down since 23:41, probing",
)
numbers = st.integers(0, 1_000_000)
counts = st.builds(
    Counts,
    to_send=st.integers(1, 1_000_000),
    succeeded=numbers,
    failed=numbers,
    in_doubt=numbers,
    retried=numbers,
    in_flight=st.integers(0, 64),
    looked_up=st.integers(0, 512),
    calls_per_second=st.floats(0, 500),
    limit_per_second=st.floats(0, 500),
)


@given(counts, st.sampled_from(STATES), st.integers(8, 240))
def test_a_line_fits_its_terminal_and_is_plain(told: Counts, state: str, columns: int) -> None:
    line = sending_line(told, state, columns)

    assert 0 < len(line) <= columns
    assert line.isascii()
    assert line.isprintable()


@given(counts, st.sampled_from(STATES[1:]))
def test_thirty_columns_are_enough_for_the_state(told: Counts, state: str) -> None:
    shown = state.partition(",")[0].removeprefix("target ")

    assert shown in sending_line(told, state, 29)


@given(counts, st.sampled_from(STATES))
def test_a_file_is_told_all(told: Counts, state: str) -> None:
    words = sending_words(told, state)

    assert state in words
    assert f"ok {told.succeeded:,}" in words
    assert f"retried {told.retried:,}" in words


class Screen(io.StringIO):
    """A terminal of 80 columns, as far as can be told, with an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("encoding", "is_plain"), [("ascii", True), ("utf-8", False)])
def test_a_bar_is_drawn_with_what_the_stream_has(encoding: str, is_plain: bool) -> None:
    screen = Screen(encoding)

    Bar(screen).draw("5/30", part=0.4, now=10.0)

    assert "5/30" in screen.getvalue()
    assert screen.getvalue().isascii() is is_plain
    assert not re.search(r"\x1b", screen.getvalue())
    assert "it/s" not in screen.getvalue()


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_reading_is_shown_after_a_second_and_goes_at_the_end() -> None:
    screen, clock = Screen("utf-8"), Watch()

    with Reading("planning", stream=screen, now=clock) as look:
        clock.time += 0.9
        look(5_000, 0.1)
        early = screen.getvalue()
        clock.time += 0.2
        look(6_000, 0.25)
        shown = screen.getvalue()

    assert early == ""
    assert " 25%" in shown
    assert "planning: 6,000 rows" in shown
    assert screen.getvalue().rpartition("planning")[2].split("\r")[-2:] == [" " * 79, ""]


@pytest.mark.parametrize(
    ("beats", "said"), [(True, "planning: 9,000 rows, 50% of the file\n"), (False, "")]
)
def test_a_file_is_told_of_planning_alone(beats: bool, said: str) -> None:
    file, clock = io.StringIO(), Watch()

    with Reading("planning", beats=beats, stream=file, now=clock) as look:
        for rows, part in ((3_000, 0.2), (9_000, 0.5)):
            clock.time += 20.0
            look(rows, part)

    assert file.getvalue() == said


def test_a_dumb_terminal_is_told_as_a_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")

    assert not is_terminal(Screen("utf-8"))


def test_every_event_has_a_meaning_and_is_told_somewhere() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "migrator").rglob("*.py")
        if path.name not in ("events.py", "metrics.py")
    )

    assert set(MEANINGS) == set(EventName)
    for event in EventName:
        assert f"EventName.{event.name}" in code, event
