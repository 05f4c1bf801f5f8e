"""The question before sending: what is about to happen, and what follows a yes.

Owns the plan's summary and the way from an answer to a dispatch; the wording is the operator's.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from migrator.dispatcher import DeliveryPolicy
from migrator.ledger.place import warning_about
from migrator.model import Balance, Run, RunState, State
from migrator.runs.before import calls_of_images, told_of_images
from migrator.runs.bounds import bounds
from migrator.runs.canary import deliver_after_canary
from migrator.runs.delivering import Finished, rows_left
from migrator.runs.world import PlanSummary, World


def as_it_stands(world: World, run: Run) -> Finished:
    """The run with nothing sent."""
    return Finished(run=run, balance=world.ledger.records.balance(run), sent=False)


def ask_and_deliver(
    world: World,
    run: Run,
    policy: DeliveryPolicy,
    *,
    chosen: Collection[int] | None = None,
    notes: Sequence[str] = (),
) -> Finished:
    """Show what is left of a sealed plan, ask, and send it; the caller holds the run's lock."""
    balance = world.ledger.records.balance(run)
    calls = rows_left(world, run, chosen, held=policy.held)
    if calls:
        summary = plan_summary(world, run, balance, calls=calls, notes=notes, policy=policy)
        if not world.operator.confirm(summary):
            return replace(as_it_stands(world, run), declined=True)
    return deliver_after_canary(world, run, policy=policy, chosen=chosen)


def plan_summary(
    world: World,
    run: Run,
    balance: Balance,
    *,
    calls: int,
    notes: Sequence[str],
    policy: DeliveryPolicy,
) -> PlanSummary:
    """What the operator is shown before the question."""
    rate, whole = world.rate(), world.settings.rate
    is_new = run.state is RunState.PLANNING
    place = filter(None, [warning_about(world.ledger.path)])
    rejected = world.ledger.records.reasons(run, (State.REJECTED,)) if is_new else []
    wants = policy.before_images and calls > 0
    first = calls_of_images(world, run, updates=calls) if wants else 0
    images = told_of_images(world, run, calls=first) if wants else ()
    moved = [f"exceptions, as the settings file says: {policy.moved}"] if policy.moved else []
    return PlanSummary(
        run=run,
        ledger=world.ledger.path,
        balance=balance,
        rejected=tuple(rejected),
        calls=calls,
        seconds=calls / rate.per_second,
        limit=str(rate) if rate == whole else f"{rate} (of {whole})",
        notes=(
            *notes,
            *moved,
            *images,
            *bounds(world, run, calls=calls, first=first, until=policy.until),
            *place,
        ),
    )
