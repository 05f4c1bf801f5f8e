"""The question before sending: what is about to happen, and what follows a yes.

Owns the plan's summary and the way from an answer to a dispatch; the wording is the operator's.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import UsageError
from migrator.ledger.place import warning_about
from migrator.mapping import did_you_mean, listed
from migrator.model import Balance, Run, State
from migrator.runs.before import told_of_images
from migrator.runs.bounds import bounds
from migrator.runs.canary import deliver_after_canary
from migrator.runs.delivering import Finished, rows_left
from migrator.runs.pricing import price_of
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
    """What the operator is shown before the question.

    Raises:
        UsageError: A field that is trusted is not among those that the run sends.
    """
    _refuse_strangers(run, policy.trusted)
    price = price_of(world, run, updates=calls, policy=policy)
    place = filter(None, [warning_about(world.ledger.path)])
    rejected = world.ledger.records.reasons(run, (State.REJECTED,)) if not balance.calls else []
    images = told_of_images(world, run) if policy.before_images and calls > 0 else ()
    moved = [f"exceptions, as the settings file says: {policy.moved}"] if policy.moved else []
    return PlanSummary(
        run=run,
        ledger=world.ledger.path,
        balance=balance,
        rejected=tuple(rejected),
        price=price,
        notes=(
            *notes,
            *moved,
            *images,
            *bounds(world, run, price=price, until=policy.until),
            *place,
        ),
    )


def _refuse_strangers(run: Run, trusted: Sequence[str]) -> None:
    """A slip in ``--trust`` trusts nothing, and is not seen before the first row is read back."""
    names = run.source.schema_names
    stranger = next((name for name in trusted if name not in names), None)
    if stranger is not None:
        raise UsageError(
            f"--trust names {stranger}, and the mapping sends no such field",
            advice=f"{did_you_mean(stranger, names)}It sends {listed(names)}.",
        )
