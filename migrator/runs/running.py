"""`run`, `resume`, `retry`: a spreadsheet in, every opportunity updated, every row accounted for.

Owns the order of the steps, and what typing a command twice means (DESIGN section 5). The steps
themselves are elsewhere.
"""

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from migrator.clock import local_time
from migrator.dispatcher import DeliveryPolicy
from migrator.errors import UsageError
from migrator.ledger.place import warning_about
from migrator.loader import Rows
from migrator.mapping import Mapping
from migrator.model import Balance, Run, RunState, State
from migrator.runs.accounts import account_of, require_account
from migrator.runs.bounds import bounds
from migrator.runs.choosing import failed_for
from migrator.runs.closing import settle_by_reading
from migrator.runs.delivering import Finished, deliver, rows_left
from migrator.runs.edited import held_rows
from migrator.runs.mended import MendedRows, is_export
from migrator.runs.planning import (
    Planned,
    Sheet,
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

    name: str | None = None  #: Stands for the source's name; a data frame needs one.
    limit: int | None = None  #: Send only the first N that need a call.
    rows: RowRanges | None = None  #: Send only these rows.
    again: bool = False  #: Send everything, confirmed or not.
    mixed_ids: bool = False
    new_ledger: bool = False  #: This ledger is meant, whatever another one knows of the source.
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


# ------------------------------------------------------------------ run


def run(world: World, sheet: Sheet, mapping: Mapping, options: RunOptions) -> Finished:
    """Plan, ask, send; or go on with, or recognise, what was begun before.

    Raises:
        MigratorError: The run cannot start; nothing was sent.
    """
    account = account_of(world)
    _remove_unsealed(world)
    with open_source(sheet, mapping, name=options.name) as rows:
        source, parent = _source_rows(world, rows, account)
        name = source_name(rows, options.name)
        if not parent and not options.new_ledger:
            _refuse_a_second_ledger(world, account, name)
        planned = write_plan(
            world.ledger,
            source,
            mapping,
            account=account,
            name=name,
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


def _refuse_a_second_ledger(world: World, account: str, name: str) -> None:
    """Ask before a ledger that knows nothing sends what another one has sent already.

    Raises:
        UsageError: Another ledger knows the source, and nobody said that this one is meant.
    """
    ledger = world.ledger
    if any(run.account == account and run.source.name == name for run in ledger.records.runs()):
        return
    others = world.known_ledgers.others_that_know(ledger.path, account=account, source_name=name)
    other = next(others, None)
    if other is None:
        return
    statement = (
        f"{other.ledger} holds run {other.id} of {name} for this account, begun "
        f"{local_time(other.created_at)}: {other.succeeded:,} of {other.rows_read:,} rows "
        f"succeeded. The ledger {ledger.path} knows nothing of that: every row and every note "
        "would be sent again"
    )
    if not world.operator.agrees(f"{statement}.", "Send with this ledger all the same?"):
        raise UsageError(
            statement,
            advice=f"Use the other one: --ledger {other.ledger}. Or say that this one is meant: "
            "--new-ledger. Nothing was sent.",
        )


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
                summary = _summary(
                    world, new, balance, calls=calls, notes=notes, policy=options.policy
                )
                if not world.operator.confirm(summary):
                    ledger.plans.discard(new)
                    return Finished(run=new, balance=balance, sent=False, declined=True)
            else:
                for note in notes:
                    world.operator.say(f"note: {note}")
            if unfinished:
                _close_all(world, unfinished, by=new, policy=options.policy)
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
        world.known_ledgers.remember(ledger.path)
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


def _close_all(world: World, unfinished: Sequence[Run], *, by: Run, policy: DeliveryPolicy) -> None:
    """Close the older runs; none of them when another process holds one."""
    with ExitStack() as locks:
        for old in unfinished:
            locks.enter_context(world.ledger.locks.hold(old))
        for old in unfinished:
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
            return _as_it_stands(world, run)
        require_account(world, run, same_account=same_account)
        run = world.ledger.plans.run(run.number)
        world.ledger.work.begin(run)
        policy = policy or DeliveryPolicy()
        held = held_rows(
            world, run, states=(State.IN_DOUBT,), numbers=None, overwrite=overwrite, policy=policy
        )
        return _ask_and_deliver(world, run, replace(policy, held=held))


def retry(world: World, run: Run, options: RetryOptions) -> Finished:
    """Send failed entries again, in the same run; or settle notes in doubt.

    Raises:
        UsageError: The keys are another account's, a row is not in the run, or none failed for a
            reason.
    """
    choices = world.ledger.choices
    with world.ledger.locks.hold(run):
        numbers = _numbers(world, run, options.rows)
        if options.reasons:
            numbers = failed_for(world.ledger, run, options.reasons, numbers)
        if options.in_doubt and options.note_present:
            count = choices.settle_notes(run, numbers, present=True, at=world.clock.wall())
            world.operator.say(f"{count} rows: the note is there, they have succeeded")
            return _as_it_stands(world, run)
        require_account(world, run, same_account=options.same_account)
        run = world.ledger.plans.run(run.number)
        world.ledger.work.begin(run)
        held: frozenset[int] = frozenset()
        if options.in_doubt:
            count = choices.settle_notes(run, numbers, present=False, at=world.clock.wall())
        else:
            held = held_rows(
                world,
                run,
                states=(State.FAILED, State.IN_DOUBT),
                numbers=numbers,
                overwrite=options.overwrite,
                policy=options.policy,
            )
            count = choices.plan_failed_again(run, numbers, held=held, at=world.clock.wall())
        world.operator.say(_planned_again(run, count, in_doubt=options.in_doubt))
        if not world.ledger.records.is_unfinished(run):
            return _as_it_stands(world, run)
        policy = replace(options.policy, held=held)
        chosen = None if numbers is None else frozenset(numbers)
        if chosen is not None and options.reasons:
            chosen = choices.with_earlier(run, chosen)
        elif chosen is not None:
            policy = replace(policy, regardless=chosen)  # a person named them
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
    calls = rows_left(world, run, chosen, held=policy.held)
    if calls:
        summary = _summary(world, run, balance, calls=calls, notes=notes, policy=policy)
        if not world.operator.confirm(summary):
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
    world: World,
    run: Run,
    balance: Balance,
    *,
    calls: int,
    notes: Sequence[str],
    policy: DeliveryPolicy,
) -> PlanSummary:
    rate = world.settings.rate
    is_new = run.state is RunState.PLANNING
    place = filter(None, [warning_about(world.ledger.path)])
    rejected = world.ledger.records.reasons(run, (State.REJECTED,)) if is_new else []
    return PlanSummary(
        run=run,
        ledger=world.ledger.path,
        balance=balance,
        rejected=tuple(rejected),
        calls=calls,
        seconds=calls * rate.window / rate.limit,
        limit=f"{rate.limit} per {rate.window:g} s",
        notes=(*notes, *bounds(world, run, calls=calls, until=policy.until), *place),
    )
