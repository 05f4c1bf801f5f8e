"""`status --watch`: how far another process is with a run, from the ledger alone.

Owns what is counted and when watching ends. It makes no calls and changes nothing.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from migrator.ledger import Ledger
from migrator.model import Balance, Counts, Run, State
from migrator.ports import Clock

EVERY_SECONDS: Final = 1.0
MEASURED_SECONDS: Final = 60.0
Show = Callable[[Counts, str], None]


def watch(ledger: Ledger, run: Run, show: Show, *, clock: Clock) -> bool:
    """Show a run's progress until nothing is left of it, or nobody works on it.

    Args:
        ledger: Where the run is.
        run: A sealed run.
        show: Takes the counts and the state in a word or two.
        clock: Wall time, and the pauses between two looks.

    Returns:
        Whether it was worked on to its end.
    """
    while True:
        is_held = ledger.locks.is_held(run)
        balance = ledger.records.balance(run)
        calls = ledger.records.calls_per_second(run, now=clock.wall(), seconds=MEASURED_SECONDS)
        state = "sending" if is_held else "nobody works on it"
        show(_counts(balance, calls), state if balance.unfinished else "ended")
        if not balance.unfinished or not is_held:
            return not balance.unfinished
        asyncio.run(clock.sleep(EVERY_SECONDS))


def _counts(balance: Balance, calls_per_second: float) -> Counts:
    states = balance.states
    succeeded, failed = states.get(State.SUCCEEDED, 0), states.get(State.FAILED, 0)
    in_doubt, under_way = states.get(State.IN_DOUBT, 0), states.get(State.SENDING, 0)
    tried = succeeded + failed - balance.waiting + in_doubt + under_way
    return Counts(
        to_send=succeeded + failed + in_doubt + under_way + states.get(State.PLANNED, 0),
        succeeded=succeeded,
        failed=failed,
        in_doubt=in_doubt,
        retried=max(0, balance.calls - tried),
        in_flight=under_way,
        calls_per_second=calls_per_second,
    )
