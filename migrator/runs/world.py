"""What every use case is handed: settings, a ledger, an operator.

Owns the port to the person at the keyboard and the assembly of client and quota.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from migrator.client import LeadSquaredClient
from migrator.clock import SystemClock
from migrator.errors import UsageError
from migrator.events import Tell, to_nobody
from migrator.ledger import Ledger
from migrator.ledger.known import KnownLedgers
from migrator.loader.rows import Look
from migrator.model import Balance, Counts, Reason, Run
from migrator.ports import Client, Clock, Quota, WorkThread
from migrator.quota.daily import DailyQuota, DayCount
from migrator.quota.local import AccountQuota
from migrator.quota.modes import Mode
from migrator.quota.places import permits_of
from migrator.quota.shared import SharedPermits
from migrator.settings import RateLimit, Settings

if TYPE_CHECKING:
    from migrator.runs.pricing import Price

T = TypeVar("T")

PLANNING: Final = "planning"  #: What of all reading is told where there is no terminal, too.


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """What is about to be sent, for the question before it."""

    run: Run
    ledger: Path
    balance: Balance
    rejected: tuple[Reason, ...]
    price: "Price"
    notes: tuple[str, ...]  #: Sentences that the operator should read before saying yes.


class Operator(Protocol):
    """The person at the keyboard, or what stands in for one."""

    def confirm(self, summary: PlanSummary) -> bool:
        """Whether to send. Raises UsageError where nobody can be asked."""

    def permits(self, lines: Sequence[str], question: str) -> bool:
        """Whether calls may be made that change nothing. Raises UsageError as `confirm` does."""

    def goes_on(self, question: str) -> bool:
        """Whether the rest is sent, after some rows were. Raises UsageError as `confirm` does."""

    def changes(self, lines: Sequence[str], question: str) -> bool:
        """Whether one opportunity is changed and put back. Raises UsageError as `confirm` does."""

    def agrees(self, statement: str, question: str) -> bool:
        """Whether a person agrees to something that ``--yes`` does not answer; no without one."""

    def say(self, message: str) -> None:
        """One line that stays."""

    def show(self, counts: Counts, *, state: str) -> None:
        """The progress changed."""

    def advance(self, done: int, total: int, *, thing: str, state: str) -> None:
        """The progress of reading calls changed."""

    def count(self, done: int, *, thing: str, doing: str, part: float | None = None) -> None:
        """How far a source is read; ``part`` of the whole, for the eye alone, where it is known."""

    def close(self) -> None:
        """No progress is to come any more."""


def require_consent(operator: Operator, statement: str, question: str, *, advice: str) -> None:
    """Ask a person about something that ``--yes`` does not answer.

    Raises:
        UsageError: Nobody agreed; it says the same, and what to do instead.
    """
    if not operator.agrees(f"{statement}.", question):
        raise UsageError(statement, advice=advice)


class SilentOperator:
    """Says yes and shows nothing: for programs."""

    def confirm(self, summary: PlanSummary) -> bool:
        """Yes."""
        return summary is not None

    def permits(self, lines: Sequence[str], question: str) -> bool:
        """Yes."""
        return bool(lines) or bool(question)

    def goes_on(self, question: str) -> bool:
        """Yes."""
        return bool(question)

    def changes(self, lines: Sequence[str], question: str) -> bool:
        """Yes."""
        return bool(lines) or bool(question)

    def agrees(self, statement: str, question: str) -> bool:
        """No: only a person can tell."""
        return not (statement or question)

    def say(self, message: str) -> None:
        """Nothing is shown."""

    def show(self, counts: Counts, *, state: str) -> None:
        """Nothing is shown."""

    def advance(self, done: int, total: int, *, thing: str, state: str) -> None:
        """Nothing is shown."""

    def count(self, done: int, *, thing: str, doing: str, part: float | None = None) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """Nothing was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The way to the account, for what makes calls and keeps no ledger."""

    settings: Settings
    operator: Operator
    clock: Clock
    tell: Tell = to_nobody  #: Is told of each event.

    @asynccontextmanager
    async def connected(self, account: str | None) -> AsyncIterator[tuple[Client, Quota]]:
        """A client, and the one quota that every call draws from.

        ``account``: whose calls they are; None while that is being asked.
        """
        settings = self.settings
        permits = self._permits(account)
        paced = self._quota(permits)
        quota: Quota = paced
        if account is not None and settings.daily_limit is not None:
            quota = DailyQuota(paced, self.day_count(account), limit=settings.daily_limit)
        client = LeadSquaredClient(
            settings.base_url,
            access_key=settings.access_key.get_secret_value(),
            secret_key=settings.secret_key.get_secret_value(),
            clock=self.clock,
            auth=settings.auth,
            ca_file=settings.ca_file,
            proxy=settings.proxy.get_secret_value(),
        )
        try:
            async with client:
                yield client, quota
        finally:
            paced.close()
        if permits.note:
            self.operator.say(permits.note)

    @contextmanager
    def counting(self, doing: str, *, thing: str = "row") -> Iterator[Look]:
        """What a source's rows are watched with while they are read; shows nothing after it."""

        def look(done: int, part: float | None) -> None:
            self.operator.count(done, thing=thing, doing=doing, part=part)

        try:
            yield look
        finally:
            self.operator.close()

    def run_to_end(self, main: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives, run in an event loop whose time is the clock's."""
        return asyncio.run(main)

    def rate(self) -> RateLimit:
        """What is ours of the account's limit, as far as it is known: the share, a told limit."""
        quota = self._quota(self._permits(None))
        limit, window = quota.rate
        quota.close()
        return RateLimit(limit=limit, window=window)

    def _permits(self, account: str | None) -> SharedPermits:
        return permits_of(
            self.settings.state_folder,
            key_name=self.settings.key_name,
            account=account,
            now=self.clock.monotonic(),
        )

    def _quota(self, permits: SharedPermits) -> AccountQuota:
        settings = self.settings
        return AccountQuota(
            settings.rate.limit,
            settings.rate.window,
            clock=self.clock,
            mode=Mode(settings.quota_mode),
            share=settings.share,
            permits=permits,
            say=self.operator.say,
        )

    def day_count(self, account: str) -> DayCount:
        """The calls of the account's day."""
        return DayCount(self.settings.state_folder, account=account, clock=self.clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class World(Link):
    """Where a use case runs."""

    ledger: Ledger

    def thread(self) -> AbstractAsyncContextManager[WorkThread]:
        """The thread that works on the ledger while calls are under way."""
        return self.ledger.thread()

    @property
    def known_ledgers(self) -> KnownLedgers:
        """The ledgers that this user has begun."""
        return KnownLedgers(self.settings.state_folder)


def the_link(settings: Settings, operator: Operator | None = None) -> Link:
    """A link with the machine's clock."""
    return Link(settings=settings, operator=operator or SilentOperator(), clock=SystemClock())


def the_world(
    ledger: Ledger,
    settings: Settings,
    operator: Operator | None = None,
    *,
    tell: Tell = to_nobody,
) -> World:
    """A world with the machine's clock."""
    return World(
        ledger=ledger,
        settings=settings,
        operator=operator or SilentOperator(),
        clock=SystemClock(),
        tell=tell,
    )
