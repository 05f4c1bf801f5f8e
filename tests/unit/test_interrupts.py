"""Ctrl-C ends a command, wherever Python happens to be when it comes."""

import signal
import threading
from collections.abc import Iterator

import pytest

from migrator.cli import _signals_in_words


class Dropped:
    """What Ctrl-C meets while it is being removed."""

    def __del__(self) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def _ctrl_c() -> Iterator[None]:
    """Let Ctrl-C interrupt: a job in a shell's background, as these tests may be, ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait_for_ctrl_c() -> None:
    with _signals_in_words():
        dropped = Dropped()
        del dropped
        threading.Event().wait(timeout=30)


@pytest.mark.usefixtures("_ctrl_c")
def test_a_ctrl_c_in_a_destructor_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt):
        wait_for_ctrl_c()
