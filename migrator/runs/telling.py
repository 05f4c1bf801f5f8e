"""What the use cases tell as events: a plan that was sealed, and where a run stands.

Owns the figures in these events, all of them the ledger's. It decides nothing.
"""

from collections.abc import Iterator

from migrator.events import Event, EventName, to_nobody
from migrator.model import Balance, EntryRecord, Run, State
from migrator.runs.delivering import Finished
from migrator.runs.world import World


def tell_planned(world: World, run: Run) -> None:
    """A plan was sealed: its balance, and each row of it that is never sent."""
    if world.tell is to_nobody:  # then nothing is read for it
        return
    records = world.ledger.records
    world.tell(_standing(EventName.RUN_PLANNED, run, records.balance(run)))
    for record in records.entries(run, (State.REJECTED,)):
        world.tell(_rejected(run, record))


def tell_finished(world: World, finished: Finished) -> None:
    """Where a run stands at the end of a command that sends."""
    if finished.run.content_digest:  # else the operator said no to a new plan, which is gone
        tell_standing(world, finished.run, finished.balance)


def tell_standing(world: World, run: Run, balance: Balance) -> None:
    """Where a run stands at the end of a command."""
    world.tell(_standing(EventName.RUN_FINISHED, run, balance))


def _standing(name: EventName, run: Run, balance: Balance) -> Event:
    return Event(
        name=name,
        run=run.id,
        mapping=run.source.mapping_name,
        source=run.source.name,
        account=run.account,
        counts=dict(_counts(balance)),
    )


def _counts(balance: Balance) -> Iterator[tuple[str, int]]:
    yield "rows_read", balance.rows_read
    for state in State:
        yield str(state), balance.states.get(state, 0)
    yield "calls", balance.calls
    yield "verified", balance.verified
    yield "otherwise", balance.otherwise
    yield "conflicts", balance.conflicts


def _rejected(run: Run, record: EntryRecord) -> Event:
    return Event(
        name=EventName.ROW_REJECTED,
        run=run.id,
        file=record.file,
        row=record.row,
        opportunity_id=record.opportunity_id,
        exception=record.exception,
        column=record.column,
        message=record.message,
    )
