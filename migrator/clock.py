"""The clock of the machine and of the running event loop.

Owns the one place that asks for the time; it never decides what a time means.
"""

import asyncio
import time


class SystemClock:
    """Implements `migrator.ports.Clock`.

    Monotonic time is the event loop's, so that what is measured and what the loop's timers wait
    for are the same seconds, also in a loop whose time is simulated.
    """

    def monotonic(self) -> float:
        """The running loop's time; outside of any loop the machine's monotonic clock."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 in UTC, as the machine believes."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait; 0 or less gives way once."""
        await asyncio.sleep(max(0.0, seconds))
