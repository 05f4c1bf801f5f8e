"""`run` and `plan`: a spreadsheet in, every opportunity updated, every row accounted for.

Owns the order of the steps, and what typing a command twice means (DESIGN section 5). The steps
themselves are elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import UsageError
from migrator.loader import Rows
from migrator.mapping import Mapping
from migrator.model import Balance, Run, RunState, State
from migrator.runs.accounts import account_of, require_account
from migrator.runs.asking import as_it_stands, plan_summary
from migrator.runs.canary import deliver_after_canary
from migrator.runs.choosing import RowRanges, chosen_rows, numbers_of
from migrator.runs.closing import close_all, remove_unsealed, warnings_about
from migrator.runs.delivering import Finished, rows_left
from migrator.runs.mended import MendedRows, is_export, refuse_half_an_export
from migrator.runs.other_ledgers import refuse_a_second_ledger
from migrator.runs.planning import (
    Planned,
    Sheet,
    SheetRows,
    SourceRows,
    open_source,
    source_name,
    write_plan,
)
from migrator.runs.reading import users_by_email
from migrator.runs.retrying import go_on
from migrator.runs.telling import tell_planned
from migrator.runs.world import PLANNING, PlanSummary, World


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How `run` is to go about it."""

    name: str | None = None  #: Stands for the source's name; a data frame needs one.
    limit: int | None = None  #: Send only the first N that need a call.
    rows: RowRanges | None = None  #: Send only these rows.
    again: bool = False  #: Send everything, confirmed or not.
    mixed_ids: bool = False
    new_ledger: bool = False  #: This ledger is meant, whatever another one knows of the source.
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What `plan` leaves in the ledger."""

    summary: PlanSummary
    is_known: bool  #: The same contents were planned before: that run is shown.


# ------------------------------------------------------------------ run


def run(world: World, sheet: Sheet, mapping: Mapping, options: RunOptions) -> Finished:
    """Plan, ask, send; or go on with, or recognise, what was begun before.

    Raises:
        MigratorError: The run cannot start; nothing was sent.
    """
    planned, notes = _planned(world, sheet, mapping, options)
    earlier = _earlier(world, planned)
    if not options.again:
        same = _recognised(planned, earlier)
        if same is not None and not any(world.ledger.images.undos(same)):
            world.ledger.plans.discard(planned.run)
            return _go_on(world, same, options, notes)
    return _send_new(world, planned, earlier, options, notes)


def plan(world: World, sheet: Sheet, mapping: Mapping, options: RunOptions) -> SavedPlan:
    """Plan as `run` does, and leave the plan in the ledger: nothing is sent.

    An older plan of the same source that was never begun gives way to the new one.

    Raises:
        MigratorError: The sheet cannot be planned, or a run of it is under way; no plan is left.
    """
    planned, notes = _planned(world, sheet, mapping, options)
    earlier, new = _earlier(world, planned), planned.run
    same = None if options.again else _recognised(planned, earlier)
    if same is not None and not any(world.ledger.images.undos(same)):
        world.ledger.plans.discard(new)
        return SavedPlan(summary=_as_saved(world, same, options, notes), is_known=True)
    try:
        unfinished = _never_begun(world, earlier)
        with world.ledger.locks.hold(new):
            marks = world.ledger.plans.mark(new, send_all=options.again)
            notes += warnings_about(world, new, unfinished, marks.notes_left_out)
            _take_place(world, new, unfinished, options)
            sealed = _seal(world, planned)
    except BaseException:
        world.ledger.plans.discard(new)
        raise
    return SavedPlan(summary=_as_saved(world, sealed, options, notes), is_known=False)


def _never_begun(world: World, earlier: Sequence[Run]) -> list[Run]:
    """The unfinished runs, all of which are plans of which nothing was sent.

    Raises:
        UsageError: Something was sent of one of them.
    """
    unfinished = [old for old in earlier if world.ledger.records.is_unfinished(old)]
    for old in unfinished:
        if world.ledger.records.balance(old).calls:
            raise UsageError(
                f"run {old.id} of the same source is unfinished, and rows of it were sent",
                advice=f"`migrator resume {old.id}` finishes it. Or type `migrator run` with this "
                "sheet: it takes that run's place at once, which a plan for later must not.",
            )
    return unfinished


def _as_saved(world: World, run: Run, options: RunOptions, notes: Sequence[str]) -> PlanSummary:
    balance = world.ledger.records.balance(run)
    calls = rows_left(world, run, None)
    return plan_summary(world, run, balance, calls=calls, notes=notes, policy=options.policy)


def run_plan(world: World, run: Run, options: RunOptions, *, same_account: bool) -> Finished:
    """Ask and send a plan that was saved, as it is in the ledger; no sheet is read.

    Of the options only those count that say which rows go, and how they are delivered.

    Raises:
        UsageError: The keys are another account's, none of the rows is in the plan, or a newer
            plan stands in its place.
    """
    with world.ledger.locks.hold(run):
        _refuse_replaced(world, run)
        if not world.ledger.records.is_unfinished(run):
            world.operator.say(f"the plan {run.id} was sent: nothing of it is left")
            return as_it_stands(world, run)
        require_account(world, run, same_account=same_account)
        run = world.ledger.plans.run(run.number)
        chosen = chosen_rows(world, run, limit=options.limit, rows=options.rows)
        return go_on(world, run, policy=options.policy, chosen=chosen)


def _refuse_replaced(world: World, run: Run) -> None:
    """Do nothing unless a newer plan stands in the place of this one: what is left is not sent.

    Raises:
        UsageError: So it is.
    """
    if world.ledger.plans.run(run.number).state is not RunState.CLOSED:
        return
    newest = next(iter(world.ledger.plans.same_names(run.source, account=run.account)))
    raise UsageError(
        f"the plan {run.id} is closed: a newer one of the same sheet stands in its place",
        advice=f"Nothing was sent. The newest is {newest.id}: `migrator status {newest.id}` shows "
        f"it, `migrator run --plan {newest.id}` sends what is left of it.",
    )


def _planned(
    world: World, sheet: Sheet, mapping: Mapping, options: RunOptions
) -> tuple[Planned, list[str]]:
    """The sheet as a plan that is not sealed, and what a person should know of it."""
    account = account_of(world)
    remove_unsealed(world)
    budget = world.settings.memory
    with (
        world.counting(PLANNING) as look,
        open_source(sheet, mapping, name=options.name, budget=budget) as rows,
    ):
        rows.watch(look)
        source, parent = _source_rows(world, rows, account)
        name = source_name(rows, options.name)
        if not parent and not options.new_ledger:
            refuse_a_second_ledger(world, account, name)
        users = users_by_email(world, account) if mapping.needs_users else None
        planned = write_plan(
            world.ledger,
            source,
            mapping,
            account=account,
            users=users,
            name=name,
            mixed_ids=options.mixed_ids,
            keeps_images=options.policy.before_images,
            parent=parent,
            secrets=world.settings.secrets,
        )
        return planned, [*rows.notes, *source.notes, *planned.notes]


def _earlier(world: World, planned: Planned) -> list[Run]:
    """Other runs of the same source by the same mapping, the newest first."""
    same_names = world.ledger.plans.same_names(planned.run.source, account=planned.run.account)
    return [run for run in same_names if run.number != planned.run.number]


def _source_rows(world: World, rows: Rows, account: str) -> tuple[SourceRows, int]:
    refuse_half_an_export(rows.columns, rows.file)
    if not is_export(rows.columns):
        return SheetRows(rows), 0
    mended = MendedRows(rows, world.ledger, account=account)
    world.operator.say(f"{rows.file} is an export of run {mended.original.id}: its rows are mended")
    return mended, mended.original.number


def _recognised(planned: Planned, earlier: Sequence[Run]) -> Run | None:
    """The newest run, if it has the same contents; an older one may be out of date by it."""
    if not earlier:
        return None
    newest = earlier[0]
    is_same = (
        not newest.pruned_at  # nothing of it could be sent again
        and newest.content_digest == planned.content_digest
        and newest.source.mapping_digest == planned.run.source.mapping_digest
    )
    return newest if is_same else None


def _go_on(world: World, same: Run, options: RunOptions, notes: Sequence[str]) -> Finished:
    with world.ledger.locks.hold(same):
        if not world.ledger.records.is_unfinished(same):
            world.operator.say(f"these rows were sent by run {same.id}: nothing is sent again")
            return as_it_stands(world, same)
        world.operator.say(f"these rows are those of run {same.id}, which goes on")
        chosen = chosen_rows(world, same, limit=options.limit, rows=options.rows)
        return go_on(world, same, policy=options.policy, chosen=chosen, notes=notes)


def _send_new(
    world: World,
    planned: Planned,
    earlier: Sequence[Run],
    options: RunOptions,
    notes: Sequence[str],
) -> Finished:
    ledger, new = world.ledger, planned.run
    unfinished = [old for old in earlier if ledger.records.is_unfinished(old)]
    with ledger.locks.hold(new):
        try:
            # Refused here, a slip in --rows leaves no plan behind.
            named = numbers_of(world, new, options.rows)
            marks = ledger.plans.mark(new, send_all=options.again)
            notes = [*notes, *warnings_about(world, new, unfinished, marks.notes_left_out)]
            balance = ledger.records.balance(replace(new, rows_read=planned.rows_read))
            calls = _calls_before_seal(world, new, balance, named, options.limit)
            if calls or unfinished:
                summary = plan_summary(
                    world, new, balance, calls=calls, notes=notes, policy=options.policy
                )
                if not world.operator.confirm(summary):
                    ledger.plans.discard(new)
                    return Finished(run=new, balance=balance, sent=False, declined=True)
            else:
                for note in notes:
                    world.operator.say(f"note: {note}")
            _take_place(world, new, unfinished, options)
        except BaseException:
            ledger.plans.discard(new)
            raise
        sealed = _seal(world, planned)
        chosen = chosen_rows(world, sealed, limit=options.limit, rows=options.rows)
        return deliver_after_canary(world, sealed, policy=options.policy, chosen=chosen)


def _take_place(world: World, new: Run, unfinished: Sequence[Run], options: RunOptions) -> None:
    """Close older runs of the source; what reading settled of them need not be sent."""
    if unfinished:
        close_all(world, unfinished, by=new, policy=options.policy)
        world.ledger.plans.mark(new, send_all=options.again)


def _seal(world: World, planned: Planned) -> Run:
    ledger, new = world.ledger, planned.run
    overtaken = ledger.comparing.overtaken(new)
    ledger.comparing.supersede(overtaken, by=new, at=world.clock.wall())
    sealed = ledger.plans.seal(
        new,
        content_digest=planned.content_digest,
        rows_read=planned.rows_read,
        blank_rows=planned.blank_rows,
    )
    world.known_ledgers.remember(ledger.path)
    tell_planned(world, sealed)
    return sealed


def _calls_before_seal(
    world: World, new: Run, balance: Balance, named: list[int] | None, limit: int | None
) -> int:
    if named is not None:
        return rows_left(world, new, world.ledger.choices.with_earlier(new, named))
    planned = balance.states.get(State.PLANNED, 0)
    return planned if limit is None else min(planned, limit)
