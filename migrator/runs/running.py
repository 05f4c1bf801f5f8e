"""`run`: a spreadsheet in, every opportunity updated, every row accounted for.

Owns the order of the steps, and what typing a command twice means (DESIGN section 5). The steps
themselves are elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from migrator.clock import local_time
from migrator.dispatcher import DeliveryPolicy
from migrator.errors import UsageError
from migrator.loader import Rows
from migrator.mapping import Mapping
from migrator.model import Balance, Run, State
from migrator.reports.text import counted
from migrator.runs.accounts import account_of
from migrator.runs.asking import as_it_stands, plan_summary
from migrator.runs.canary import deliver_after_canary
from migrator.runs.choosing import RowRanges, chosen_rows, numbers_of
from migrator.runs.closing import close_all, remove_unsealed, warnings_about
from migrator.runs.delivering import Finished, rows_left
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
from migrator.runs.reading import users_by_email
from migrator.runs.retrying import go_on
from migrator.runs.telling import tell_planned
from migrator.runs.world import PLANNING, World


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
        )
        notes = [*rows.notes, *source.notes, *planned.notes]
    earlier = [
        run
        for run in world.ledger.plans.same_names(planned.run.source, account=account)
        if run.number != planned.run.number
    ]
    if not options.again:
        same = _recognised(planned, earlier)
        if same is not None and not any(world.ledger.images.undos(same)):
            world.ledger.plans.discard(planned.run)
            return _go_on(world, same, options, notes)
    return _send_new(world, planned, earlier, options, notes)


def refuse_a_second_ledger(world: World, account: str, name: str) -> None:
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
        f"{local_time(other.created_at)}: {other.succeeded:,} of {counted(other.rows_read, 'row')} "
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


def _recognised(planned: Planned, earlier: Sequence[Run]) -> Run | None:
    """The newest run, if it has the same contents; an older one may be out of date by it."""
    if not earlier:
        return None
    newest = earlier[0]
    is_same = (
        newest.content_digest == planned.content_digest
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
            if unfinished:
                close_all(world, unfinished, by=new, policy=options.policy)
                ledger.plans.mark(new, send_all=options.again)
        except BaseException:
            ledger.plans.discard(new)
            raise
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
        chosen = chosen_rows(world, sealed, limit=options.limit, rows=options.rows)
        return deliver_after_canary(world, sealed, policy=options.policy, chosen=chosen)


def _calls_before_seal(
    world: World, new: Run, balance: Balance, named: list[int] | None, limit: int | None
) -> int:
    if named is not None:
        return rows_left(world, new, world.ledger.choices.with_earlier(new, named))
    planned = balance.states.get(State.PLANNED, 0)
    return planned if limit is None else min(planned, limit)
