"""`run`, `resume`, `retry`: a spreadsheet in, every opportunity updated, every row accounted for.

Owns the order of the steps, and what typing a command twice means (DESIGN section 5). The steps
themselves are elsewhere.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import UsageError
from migrator.loader import Rows
from migrator.mapping import Mapping
from migrator.model import Balance, Run, RunState, State
from migrator.runs.accounts import account_of, require_account
from migrator.runs.closing import settle_by_reading
from migrator.runs.delivering import Finished, deliver, rows_left
from migrator.runs.mended import MendedRows, is_export
from migrator.runs.planning import (
    Planned,
    SheetRows,
    SourceRows,
    open_source,
    source_name,
    write_plan,
)
from migrator.runs.world import PlanSummary, World

RowRanges = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How `run` is to go about it."""

    name: str | None = None  #: Stands for the source's name.
    limit: int | None = None  #: Send only the first N that need a call.
    rows: RowRanges | None = None  #: Send only these rows.
    again: bool = False  #: Send everything, confirmed or not.
    mixed_ids: bool = False
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


# ------------------------------------------------------------------ run


def run(world: World, sheet: Path, mapping: Mapping, options: RunOptions) -> Finished:
    """Plan, ask, send; or go on with, or recognise, what was begun before.

    Raises:
        MigratorError: The run cannot start; nothing was sent.
    """
    account = account_of(world)
    _remove_unsealed(world)
    with open_source(sheet, mapping) as rows:
        source, parent = _source_rows(world, rows, account)
        planned = write_plan(
            world.ledger,
            source,
            mapping,
            account=account,
            name=source_name(sheet, rows, options.name),
            mixed_ids=options.mixed_ids,
            parent=parent,
        )
        notes = [*rows.notes, *source.notes]
    earlier = [
        run
        for run in world.ledger.plans.same_names(planned.run.source, account=account)
        if run.number != planned.run.number
    ]
    if not options.again:
        same = _recognised(world, planned, earlier)
        if same is not None:
            world.ledger.plans.discard(planned.run)
            return _go_on(world, same, options, notes)
    return _send_new(world, planned, earlier, options, notes)


def _source_rows(world: World, rows: Rows, account: str) -> tuple[SourceRows, int]:
    if not is_export(rows.columns):
        return SheetRows(rows), 0
    mended = MendedRows(rows, world.ledger, account=account)
    world.operator.say(f"{rows.file} is an export of run {mended.original.id}: its rows are mended")
    return mended, mended.original.number


def _recognised(world: World, planned: Planned, earlier: Sequence[Run]) -> Run | None:
    """The unfinished run, or the newest finished one, with the same contents."""
    records = world.ledger.records
    for old in earlier:
        is_same = (
            old.content_digest == planned.content_digest
            and old.source.mapping_digest == planned.run.source.mapping_digest
        )
        if records.is_unfinished(old):
            if is_same:
                return old
        else:
            return old if is_same else None
    return None


def _go_on(world: World, same: Run, options: RunOptions, notes: Sequence[str]) -> Finished:
    with world.ledger.locks.hold(same):
        if not world.ledger.records.is_unfinished(same):
            world.operator.say(f"these rows were sent by run {same.id}: nothing is sent again")
            return _as_it_stands(world, same)
        world.operator.say(f"these rows are those of run {same.id}, which goes on")
        chosen = _chosen(world, same, options)
        return _ask_and_deliver(world, same, options.policy, chosen=chosen, notes=notes)


def _as_it_stands(world: World, run: Run) -> Finished:
    return Finished(run=run, balance=world.ledger.records.balance(run), sent=False)


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
            _numbers(world, new, options.rows)  # refused here, a plan with a slip leaves no trace
            marks = ledger.plans.mark(new, send_all=options.again)
            notes = [*notes, *_warnings(world, new, unfinished, marks.notes_left_out)]
            balance = ledger.records.balance(replace(new, rows_read=planned.rows_read))
            calls = _calls_before_seal(balance, options)
            if calls or unfinished:
                summary = _summary(world, new, balance, calls, notes)
                if not world.operator.confirm(summary):
                    ledger.plans.discard(new)
                    return Finished(run=new, balance=balance, sent=False, declined=True)
            else:
                for note in notes:
                    world.operator.say(f"note: {note}")
            for old in unfinished:
                _close(world, old, by=new, policy=options.policy)
            if unfinished:
                ledger.plans.mark(new, send_all=options.again)
        except BaseException:
            ledger.plans.discard(new)
            raise
        sealed = ledger.plans.seal(
            new,
            content_digest=planned.content_digest,
            rows_read=planned.rows_read,
            blank_rows=planned.blank_rows,
        )
        chosen = _chosen(world, sealed, options)
        return deliver(world, sealed, policy=options.policy, chosen=chosen)


def _calls_before_seal(balance: Balance, options: RunOptions) -> int:
    planned = balance.states.get(State.PLANNED, 0)
    return min(planned, options.limit) if options.limit is not None else planned


def _warnings(world: World, new: Run, unfinished: Sequence[Run], notes_left_out: int) -> list[str]:
    warnings = [
        f"run {old.id} of the same source is unfinished: this one takes its place, and sends only "
        "what is not confirmed"
        for old in unfinished
    ]
    if notes_left_out:
        warnings.append(
            f"{notes_left_out} rows are sent without their note: LeadSquared has confirmed it"
        )
    shared = world.ledger.plans.shared_with_open_runs(new) if not unfinished else 0
    if shared:
        warnings.append(f"{shared} opportunities are still to be sent by another run, too")
    return warnings


def _close(world: World, old: Run, *, by: Run, policy: DeliveryPolicy) -> None:
    with world.ledger.locks.hold(old):
        world.ledger.work.begin(old)
        settle_by_reading(world, old, policy=policy)
        superseded = world.ledger.plans.close(old, by=by)
    world.operator.say(f"run {old.id} is closed: {superseded} of its rows are superseded")


def _remove_unsealed(world: World) -> None:
    """Remove plans whose process died while writing them."""
    for old in world.ledger.plans.unsealed():
        if not world.ledger.locks.is_held(old):
            world.ledger.plans.discard(old)


# ------------------------------------------------------------------ resume and retry


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOptions:
    """What `retry` is to take up again."""

    rows: RowRanges | None = None
    in_doubt: bool = False  #: Notes in doubt, as a person settles them.
    note_present: bool = False
    same_account: bool = False
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


def resume(
    world: World, run: Run, *, same_account: bool = False, policy: DeliveryPolicy | None = None
) -> Finished:
    """Go on with a run: settle what is in doubt, send what is planned.

    Raises:
        UsageError: The keys are another account's.
    """
    with world.ledger.locks.hold(run):
        if not world.ledger.records.is_unfinished(run):
            world.operator.say(f"run {run.id} has nothing left to send")
            return _as_it_stands(world, run)
        require_account(world, run, same_account=same_account)
        run = world.ledger.plans.run(run.number)
        return _ask_and_deliver(world, run, policy or DeliveryPolicy())


def retry(world: World, run: Run, options: RetryOptions) -> Finished:
    """Send failed entries again, in the same run; or settle notes in doubt.

    Raises:
        UsageError: The keys are another account's, or a row is not in the run.
    """
    choices = world.ledger.choices
    with world.ledger.locks.hold(run):
        numbers = _numbers(world, run, options.rows)
        if options.in_doubt and options.note_present:
            count = choices.settle_notes(run, numbers, present=True, at=world.clock.wall())
            world.operator.say(f"{count} rows: the note is there, they have succeeded")
            return _as_it_stands(world, run)
        require_account(world, run, same_account=options.same_account)
        run = world.ledger.plans.run(run.number)
        world.ledger.work.begin(run)
        if options.in_doubt:
            count = choices.settle_notes(run, numbers, present=False, at=world.clock.wall())
        else:
            count = choices.plan_failed_again(run, numbers, at=world.clock.wall())
        world.operator.say(_planned_again(run, count, in_doubt=options.in_doubt))
        policy = replace(options.policy, regardless=frozenset(numbers or ()))
        if not world.ledger.records.is_unfinished(run):
            return _as_it_stands(world, run)
        chosen = frozenset(numbers) if numbers is not None else None
        return _ask_and_deliver(world, run, policy, chosen=chosen)


def _planned_again(run: Run, count: int, *, in_doubt: bool) -> str:
    if count:
        return f"{count} rows of run {run.id} are planned again"
    return f"run {run.id} has no {'note in doubt' if in_doubt else 'failed row'} to send again"


# ------------------------------------------------------------------ shared steps


def _ask_and_deliver(
    world: World,
    run: Run,
    policy: DeliveryPolicy,
    *,
    chosen: Collection[int] | None = None,
    notes: Sequence[str] = (),
) -> Finished:
    balance = world.ledger.records.balance(run)
    calls = rows_left(world, run, chosen)
    if calls and not world.operator.confirm(_summary(world, run, balance, calls, notes)):
        return replace(_as_it_stands(world, run), declined=True)
    return deliver(world, run, policy=policy, chosen=chosen)


def _chosen(world: World, run: Run, options: RunOptions) -> Collection[int] | None:
    choices = world.ledger.choices
    if options.rows is not None:
        numbers = _numbers(world, run, options.rows) or []
    elif options.limit is not None:
        numbers = choices.first_numbers(run, options.limit)
    else:
        return None
    chosen = choices.with_earlier(run, numbers)
    taken_along = len(chosen - set(numbers))
    if taken_along:
        world.operator.say(
            f"{taken_along} earlier rows of the same opportunities go along: their order is kept"
        )
    return chosen


def _numbers(world: World, run: Run, rows: RowRanges | None) -> list[int] | None:
    if rows is None:
        return None
    numbers = world.ledger.choices.numbers_of_rows(run, rows)
    if not numbers:
        raise UsageError(
            f"run {run.id} has none of the rows that --rows names",
            advice="Rows are numbered as Excel shows them, the header included: the first row of "
            "data is usually 2.",
        )
    return numbers


def _summary(
    world: World, run: Run, balance: Balance, calls: int, notes: Sequence[str]
) -> PlanSummary:
    rate = world.settings.rate
    is_new = run.state is RunState.PLANNING
    rejected = world.ledger.records.reasons(run, (State.REJECTED,)) if is_new else []
    return PlanSummary(
        run=run,
        ledger=world.ledger.path,
        balance=balance,
        rejected=tuple(rejected),
        calls=calls,
        seconds=calls * rate.window / rate.limit,
        limit=f"{rate.limit} per {rate.window:g} s",
        notes=tuple(notes),
    )
