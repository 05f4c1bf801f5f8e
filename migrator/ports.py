"""The world as parameters: what the dispatcher and the use cases are handed.

Owns Protocols only. Their meaning is in the docstrings and in the tests of each adapter.
"""

from types import TracebackType
from typing import Protocol, Self

from migrator.model import NoReply, Reply, Request


class Clock(Protocol):
    """Time, so that a test can hand in another."""

    def monotonic(self) -> float:
        """Seconds that never go back; the zero is arbitrary."""

    def wall(self) -> float:
        """Seconds since 1970 in UTC; may jump."""

    async def sleep(self, seconds: float) -> None:
        """Wait; 0 or less gives way once."""


class Permit(Protocol):
    """The right to make one call, from `Quota.acquire`.

    A permit that is neither written nor unused counts as written now, whenever the quota asks.
    """

    def written(self) -> None:
        """The call was written to the socket just now. May come twice: each counts as a call."""

    def answered(self) -> None:
        """The call's answer came, or will not come any more."""

    def unused(self) -> None:
        """No call was made: the right goes back. Ignored after `written`."""


class Quota(Protocol):
    """At most N calls in any window: one gate for calls of every kind."""

    async def acquire(self) -> Permit:
        """Wait for the right to make one call."""


class Client(Protocol):
    """Makes calls; interprets nothing, retries nothing."""

    async def call(self, request: Request, permit: Permit) -> Reply | NoReply:
        """Make one call with one permit; says `written` and `answered` (or `unused`) to it.

        Never raises for what the network or the server does.
        """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
