"""Ctrl-C ends a command, wherever Python happens to be when it comes."""

import threading

import pytest

from migrator.cli import _signals_in_words


class Dropped:
    """What Ctrl-C meets while it is being removed."""

    def __del__(self) -> None:
        raise KeyboardInterrupt


def wait_for_ctrl_c() -> None:
    with _signals_in_words():
        dropped = Dropped()
        del dropped
        threading.Event().wait(timeout=30)


def test_a_ctrl_c_in_a_destructor_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt):
        wait_for_ctrl_c()
