"""How fast calls leave: the rate over the last minute.

Owns the arithmetic only; the time is handed in.
"""

from collections import deque
from typing import Final

MEASURED_SECONDS: Final = 60.0


class Meter:
    """Calls per second over the last minute, or since the first call."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._began: float | None = None

    def call(self, now: float) -> None:
        """A call left at monotonic time ``now``."""
        if self._began is None:
            self._began = now
        self._times.append(now)

    def rate(self, now: float) -> float:
        """Calls per second; 0.0 until a second has passed."""
        while self._times and self._times[0] < now - MEASURED_SECONDS:
            self._times.popleft()
        if self._began is None or now - self._began < 1.0:
            return 0.0
        if now - self._began >= MEASURED_SECONDS:
            return len(self._times) / MEASURED_SECONDS
        return (len(self._times) - 1) / (now - self._began)  # intervals since the first call
