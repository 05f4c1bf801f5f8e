"""The one thread that works on the ledger while calls are under way.

Owns the queue between the event loop and SQLite: actions that wait together become durable in one
transaction, so that a slow disk costs neither the loop nor, at high rates, a sync per row.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from migrator.ledger.database import Database

T = TypeVar("T")

MOST_TOGETHER: Final = 100  #: Actions in one transaction.

_Waiting = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class LedgerThread:
    """Runs actions on the ledger one after the other, off the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def do(self, action: Callable[[], T]) -> T:
        """Run ``action`` in the thread; returns when its transaction is durable.

        Raises:
            LedgerError: The ledger could not be written; nothing of the action is in it.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(_take_note)
        self._queue.put((action, loop, future))
        # Shielded: an action once queued is carried out, even when its caller is cancelled.
        return await asyncio.shield(future)

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch, is_last = self._gather(first)
            self._run_together(batch)
            if is_last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < MOST_TOGETHER:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _run_together(self, batch: list[_Waiting]) -> None:
        """All in one transaction; where one of them fails, each in its own."""
        if len(batch) > 1:
            try:
                with self._database.transaction():
                    results = [action() for action, _, _ in batch]
            except Exception:  # noqa: BLE001 - whose fault it was, running each alone tells
                for waiting in batch:
                    self._run_alone(waiting)
                return
            for (_, loop, future), result in zip(batch, results, strict=True):
                _tell(loop, future, result, None)
            return
        self._run_alone(batch[0])

    def _run_alone(self, waiting: _Waiting) -> None:
        action, loop, future = waiting
        try:
            with self._database.transaction():
                result = action()
        except Exception as error:  # noqa: BLE001 - handed to the caller, who waits for it
            _tell(loop, future, None, error)
        else:
            _tell(loop, future, result, None)


def _take_note(future: "asyncio.Future[Any]") -> None:
    """A failure whose caller was cancelled meanwhile has been told by another: not once more."""
    if not future.cancelled():
        future.exception()


def _tell(
    loop: asyncio.AbstractEventLoop,
    future: "asyncio.Future[Any]",
    result: Any,
    error: Exception | None,
) -> None:
    def tell() -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    # The loop is closed when the process leaves at once; what is written stays written.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(tell)
