"""Serving until somebody says stop: what the command needs around a `Sandbox`.

Owns signals and the event loop; it prints nothing.
"""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

from migrator.sandbox.log import Stats
from migrator.sandbox.options import SandboxOptions
from migrator.sandbox.server import Sandbox


def serve(options: SandboxOptions, *, announce: Callable[[Sandbox], None]) -> Stats:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        options: How the sandbox behaves.
        announce: Called once it can be reached.

    Returns:
        The traffic it saw.

    Raises:
        OSError: The port is taken, or the log cannot be written.
    """
    return asyncio.run(_serve(options, announce))


async def _serve(options: SandboxOptions, announce: Callable[[Sandbox], None]) -> Stats:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    # signal.signal, since loop.add_signal_handler does not exist on Windows.
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        async with Sandbox(options) as sandbox:
            announce(sandbox)
            await stop.wait()
            return sandbox.stats
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
