"""The world as parameters: what the dispatcher and the use cases are handed.

Owns Protocols only. Their meaning is in the docstrings and in the tests of each adapter.
"""

from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import Protocol, Self, TypeVar

from migrator.model import (
    Blocked,
    Call,
    Clear,
    Counts,
    DoubtfulNote,
    Entry,
    NoReply,
    Outcome,
    Proof,
    Reply,
    Request,
    Run,
    RunState,
)

T = TypeVar("T")


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

    def refused(self, told: tuple[int, float] | None) -> float:
        """A call was answered with a rate limit: learn from it; one learner for all who call.

        ``told`` is the limit that the answer names: calls and seconds. Gives for how many
        seconds no call may leave.
        """


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


class Picking(Protocol):
    """The side of the ledger that says what is to be sent."""

    def begin(self, run: Run) -> int:
        """Open a run; gives how many calls an earlier process left without an answer."""

    def pick(
        self, run: Run, *, after: int, limit: int, chosen: Collection[int] | None
    ) -> list[Entry]:
        """The next entries to send or to settle, in the source's order."""

    def examine(
        self, run: Run, entry: Entry, *, allow_older: bool, regardless: bool, at: float
    ) -> Clear | Blocked:
        """Whether an entry may be sent now; one that may not is marked so."""

    def leave_notes_out(self, entry: Entry, notes: Collection[str]) -> Entry:
        """Send the entry without some of its notes from now on; gives it as it is then."""

    def finish(self, run: Run, *, at: float) -> RunState:
        """Say what the run has come to."""


class Settling(Protocol):
    """The side of the ledger that takes down what happens."""

    def intend(self, entry: Entry, *, with_note: bool, again: bool, at: float) -> int:
        """A call leaves now; gives the number of the attempt."""

    def note_call(self, entry: Entry, call: Call) -> None:
        """What a call brought, while its row goes on."""

    def settle(
        self,
        run: Run,
        entry: Entry,
        outcome: Outcome,
        *,
        call: Call | None,
        with_note: bool,
        holds: bool,
        at: float,
    ) -> int:
        """What became of a row; gives how many later rows of its opportunity wait for it now."""

    def settle_doubtful_note(
        self, run: Run, entry: Entry, doubtful: DoubtfulNote, *, is_there: bool, at: float
    ) -> None:
        """A read of the CRM told whether a doubtful note is there, before ``entry`` is sent."""


class Proving(Protocol):
    """What has been seen of an account: fields that it writes, fields that it clears."""

    def proved(self, run: Run) -> frozenset[Proof]:
        """What is proved of the run's account."""

    def prove(self, run: Run, proofs: Iterable[Proof], *, at: float) -> None:
        """A read has shown these."""


class Work(Picking, Settling, Protocol):
    """A sealed plan, as it is dispatched. Each method is one durable transaction."""


class WorkThread(Protocol):
    """Where the ledger's methods run, off the event loop."""

    async def do(self, action: Callable[[], T]) -> T:
        """Run an action; returns when its transaction is durable."""


class ReadingProgress(Protocol):
    """What a person watches while LeadSquared is asked for many things."""

    def advance(self, done: int, total: int, *, thing: str, state: str) -> None:
        """So many of the things are answered; ``state`` in a word ("asking")."""

    def say(self, message: str) -> None:
        """One line that stays."""


class Progress(Protocol):
    """What a person watches."""

    def show(self, counts: Counts, *, state: str) -> None:
        """The counts changed, or the state of the traffic, in a few words ("sending")."""

    def say(self, message: str) -> None:
        """One line that stays."""
