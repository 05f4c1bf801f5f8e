"""Dispatching a sealed plan from start to finish, signals included.

Owns the wiring of dispatcher, client, quota and ledger thread, and what Ctrl-C does.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

from migrator import __version__
from migrator.dispatcher import DeliveryPolicy, Dispatch, DispatchResult
from migrator.errors import ExitCode, InterruptError, LedgerError, MigratorError, TerminatedError
from migrator.events import Event, EventName
from migrator.ledger.dispatches import DispatchRecord
from migrator.model import Balance, Run
from migrator.runs.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command that sends ended."""

    run: Run
    balance: Balance
    error: MigratorError | None = None  #: Why it stopped early.
    signal: int = 0  #: The signal that stopped it.
    sent: bool = True  #: False: nothing was to do, or the operator said no.
    declined: bool = False  #: The operator said no.
    otherwise: int = 0  #: Rows that `--verify` read back otherwise than they were written.

    @property
    def exit_code(self) -> ExitCode:
        """The process's exit code; the order where several hold is DESIGN section 7's."""
        if self.declined:
            return ExitCode.OK
        if self.error is not None:
            return self.error.exit_code
        if self.signal:
            return code_of_signal(self.signal)
        if self.balance.unfinished:
            return ExitCode.STOPPED
        if self.balance.needs_attention:
            return ExitCode.ROWS_NEED_ATTENTION
        return ExitCode.DIFFERENCES if self.otherwise else ExitCode.OK


def deliver(
    world: World, run: Run, *, policy: DeliveryPolicy, chosen: Collection[int] | None = None
) -> Finished:
    """Dispatch what is planned or in doubt; the caller holds the run's lock.

    Raises:
        LedgerError: The ledger cannot be written.
    """
    world.ledger.work.begin(run)
    if policy.trusted:
        world.ledger.proofs.trust(run, policy.trusted, at=world.clock.wall())
    to_send = rows_left(world, run, chosen, held=policy.held)
    counts = {"left": to_send}
    world.tell(Event(name=EventName.RUN_SENDING, run=run.id, counts=counts))
    caught: list[int] = []
    with _written_down(world, run):
        result = world.run_to_end(
            _dispatch(world, run, policy=policy, to_send=to_send, chosen=chosen, caught=caught)
        )
    return Finished(
        run=world.ledger.plans.run(run.number),
        balance=world.ledger.records.balance(run),
        error=result.error,
        signal=caught[0] if caught and result.interrupted else 0,
    )


@contextmanager
def _written_down(world: World, run: Run) -> Iterator[None]:
    """Keep when rows were sent, by which migrator, and at which limit: reports tell it."""

    def keep(ended_at: float) -> None:
        rate = world.rate()
        world.ledger.dispatches.keep(
            run,
            DispatchRecord(
                began_at, ended_at, __version__, world.settings.host, rate.limit, rate.window
            ),
        )

    began_at = world.clock.wall()
    keep(0.0)
    try:
        yield
    finally:
        # What was sent is in the ledger; how it ended is told, even where the disk is full by now.
        with suppress(LedgerError):
            keep(world.clock.wall())


def rows_left(
    world: World, run: Run, chosen: Collection[int] | None, *, held: Collection[int] = ()
) -> int:
    """How many rows, of those chosen where some are, are left to send or to settle."""
    if chosen is None and not held:
        return world.ledger.records.balance(run).unfinished
    picked = world.ledger.work.pick(run, after=0, limit=2**31, chosen=chosen)
    return sum(entry.number not in held for entry in picked)


@asynccontextmanager
async def dispatching(
    world: World,
    run: Run,
    *,
    policy: DeliveryPolicy,
    to_send: int = 0,
    chosen: Collection[int] | None = None,
) -> AsyncIterator[Dispatch]:
    """A dispatch with its client, quota and ledger thread."""
    async with world.connected(run.account) as (client, quota), world.thread() as thread:
        yield Dispatch(
            run,
            work=world.ledger.work,
            proving=world.ledger.proofs,
            thread=thread,
            quota=quota,
            client=client,
            clock=world.clock,
            policy=policy,
            progress=world.operator,
            to_send=to_send,
            chosen=chosen,
            limit_per_second=world.rate().per_second,
            tell=world.tell,
        )


async def _dispatch(
    world: World,
    run: Run,
    *,
    policy: DeliveryPolicy,
    to_send: int,
    chosen: Collection[int] | None,
    caught: list[int],
) -> DispatchResult:
    async with dispatching(world, run, policy=policy, to_send=to_send, chosen=chosen) as dispatch:
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            caught.append(number)
            if len(caught) == 1:
                world.operator.say(
                    "stopping: calls under way are settled first; once more leaves at once"
                )
                loop.call_soon_threadsafe(dispatch.interrupt)
                return
            # What is under way stays "sending" in the ledger: in doubt at the next start.
            os._exit(code_of_signal(number))

        with on_signals(stop):
            return await dispatch.run()


async def interruptible(reading: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives that only reads: Ctrl-C and SIGTERM end it at once.

    Raises:
        InterruptError: One of them came, and be it at the very end.
    """
    task = asyncio.ensure_future(reading)
    loop = asyncio.get_running_loop()
    caught: list[int] = []

    def stop(number: int) -> None:
        caught.append(number)
        loop.call_soon_threadsafe(task.cancel)

    with on_signals(stop):
        await asyncio.gather(task, return_exceptions=True)
    if not caught:
        return task.result()
    kind = TerminatedError if code_of_signal(caught[0]) is ExitCode.TERMINATED else InterruptError
    raise kind(
        "interrupted while reading; nothing was sent",
        advice="The same command may be typed again.",
    )


def code_of_signal(number: int) -> ExitCode:
    """What a signal ends the process with."""
    return ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED


@contextmanager
def on_signals(stop: Callable[[int], None]) -> Iterator[None]:
    """Hand Ctrl-C and SIGTERM to ``stop``; `signal.signal` works on Windows, too."""

    def handler(number: int, frame: FrameType | None) -> None:
        del frame
        stop(number)

    try:
        old = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread: a program's own business
        yield
        return
    try:
        yield
    finally:
        for number, previous in old.items():
            signal.signal(number, previous)
