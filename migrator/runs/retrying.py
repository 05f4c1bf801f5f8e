"""`resume` and `retry`: going on with a run, without the sheet and without the mapping.

Owns which entries step back to planned, and what is looked at first. The plan is the ledger's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from migrator.dispatcher import DeliveryPolicy
from migrator.model import Doubt, Run, State
from migrator.reports.text import counted
from migrator.runs.accounts import require_account
from migrator.runs.asking import as_it_stands, ask_and_deliver
from migrator.runs.choosing import RowRanges, failed_for, numbers_of, say_carriers
from migrator.runs.delivering import Finished
from migrator.runs.edited import held_rows
from migrator.runs.other_ledgers import refuse_a_copy_behind
from migrator.runs.pruning import refuse_pruned
from migrator.runs.world import World

_NOTHING_TO_SEND: Final = "its failed rows cannot be sent again"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOptions:
    """What `retry` is to take up again."""

    rows: RowRanges | None = None  #: These go without waiting for earlier rows.
    reasons: Sequence[str] = ()  #: Only rows that failed for one of these; all wait as ever.
    in_doubt: bool = False  #: Notes in doubt, as a person settles them.
    note_present: bool = False
    same_account: bool = False
    overwrite: bool = False  #: Also what somebody edited in LeadSquared since.
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


def resume(
    world: World,
    run: Run,
    *,
    same_account: bool = False,
    overwrite: bool = False,
    policy: DeliveryPolicy | None = None,
) -> Finished:
    """Go on with a run: settle what is in doubt, send what is planned.

    ``overwrite``: also what somebody edited since; see `migrator.runs.edited`.

    Raises:
        UsageError: The keys are another account's.
    """
    with world.ledger.locks.hold(run):
        if not world.ledger.records.is_unfinished(run):
            world.operator.say(f"run {run.id} has nothing left to send")
            return as_it_stands(world, run)
        require_account(world, run, same_account=same_account)
        run = world.ledger.plans.run(run.number)
        return go_on(world, run, overwrite=overwrite, policy=policy or DeliveryPolicy())


def go_on(
    world: World,
    run: Run,
    *,
    overwrite: bool = False,
    policy: DeliveryPolicy,
    chosen: Collection[int] | None = None,
    notes: Sequence[str] = (),
) -> Finished:
    """Send what is left of a run, of the ``chosen`` entries where some are; the caller holds it."""
    refuse_a_copy_behind(world, run)
    world.ledger.work.begin(run)
    held = held_rows(
        world, run, states=(State.IN_DOUBT,), numbers=chosen, overwrite=overwrite, policy=policy
    )
    return ask_and_deliver(world, run, replace(policy, held=held), chosen=chosen, notes=notes)


def retry(world: World, run: Run, options: RetryOptions) -> Finished:
    """Send failed entries again, in the same run; or settle notes in doubt.

    Raises:
        UsageError: The keys are another account's, a row is not in the run, or none failed for a
            reason.
    """
    choices = world.ledger.choices
    refuse_pruned(run, _NOTHING_TO_SEND)
    with world.ledger.locks.hold(run):
        numbers = numbers_of(world, run, options.rows)
        say_carriers(world, run, options.rows)
        if options.reasons:
            numbers = failed_for(world.ledger, run, options.reasons, numbers)
        if options.in_doubt and options.note_present:
            count = choices.settle_notes(run, numbers, present=True, at=world.clock.wall())
            world.operator.say(f"{counted(count, 'row')} succeeded: the note is there")
            return as_it_stands(world, run)
        require_account(world, run, same_account=options.same_account)
        run = world.ledger.plans.run(run.number)
        refuse_pruned(run, _NOTHING_TO_SEND)  # before this process held it, too
        refuse_a_copy_behind(world, run)
        world.ledger.work.begin(run)
        states = (State.IN_DOUBT,) if options.in_doubt else (State.FAILED, State.IN_DOUBT)
        held = held_rows(
            world,
            run,
            states=states,
            numbers=numbers,
            doubt=Doubt.NOTE if options.in_doubt else Doubt.ALL,
            overwrite=options.overwrite,
            policy=options.policy,
        )
        at = world.clock.wall()
        if options.in_doubt:
            count = choices.settle_notes(run, numbers, present=False, held=held, at=at)
        else:
            count = choices.plan_failed_again(run, numbers, held=held, at=at)
        if count or not held:
            world.operator.say(_planned_again(run, count, in_doubt=options.in_doubt))
        if not world.ledger.records.is_unfinished(run):
            return as_it_stands(world, run)
        policy = replace(options.policy, held=held)
        chosen = None if numbers is None else frozenset(numbers)
        if chosen is not None and options.reasons:
            chosen = choices.with_earlier(run, chosen)
        elif chosen is not None:
            policy = replace(policy, regardless=chosen)  # a person named them
        return ask_and_deliver(world, run, policy, chosen=chosen)


def _planned_again(run: Run, count: int, *, in_doubt: bool) -> str:
    if count:
        return f"{counted(count, 'row')} of run {run.id} planned again"
    return f"run {run.id} has no {'note in doubt' if in_doubt else 'failed row'} to send again"
