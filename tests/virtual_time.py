"""An event loop whose clock jumps to the next timer: hours pass in milliseconds, repeatably.

For timers, tasks, locks and queues only. Nothing from outside can arrive: when no timer is left
and no task can go on, that is an error here, not a test that hangs.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

TURN_SECONDS = 1e-6
"""What one turn of the loop takes. Without it, code that asks again until time has passed would
ask for ever."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop with a time of its own, beginning at 1000 s, or when it is told to."""

    def __init__(self, begin: float = 1000.0) -> None:
        self._now = begin
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += max(seconds, TURN_SECONDS)


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        # The system is asked only when nothing else can go on: that is for a thread's end.
        ready = super().select(0) if timeout is None else []
        if timeout is None and not ready:
            raise RuntimeError("every task waits for something that will never happen")
        self._loop.pass_time(0.0 if ready or timeout is None else timeout)
        return ready


def run_in_virtual_time(main: Coroutine[Any, Any, Result]) -> Result:
    """Run ``main`` to its end in a new loop of virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
