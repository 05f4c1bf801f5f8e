"""`undo`: the values that a run wrote over are written back, where nobody changed them since.

Owns what is written back and what is kept. The plan is a run like any other, dispatched, resumed
and verified like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Final

from migrator.compare import as_written, canonical, meaning, same_value
from migrator.dispatcher import DeliveryPolicy
from migrator.errors import UsageError
from migrator.ledger import PlannedRow
from migrator.ledger.images import Touched
from migrator.model import FieldValue, IdKind, Run, Source, SourceRow, Update, is_guid_key
from migrator.reports.text import counted
from migrator.runs.accounts import require_account
from migrator.runs.asking import as_it_stands, plan_summary
from migrator.runs.canary import deliver_after_canary
from migrator.runs.choosing import RowRanges, numbers_of
from migrator.runs.closing import settle_as_read
from migrator.runs.current import Values, may_read_one_by_one, read_current
from migrator.runs.delivering import Finished
from migrator.runs.pruning import refuse_pruned
from migrator.runs.reading import CallRefusedError
from migrator.runs.retrying import go_on
from migrator.runs.telling import tell_planned
from migrator.runs.world import World

_NOT_KNOWN: Final = "what the fields held before is not known any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOptions:
    """How `undo` is to go about it."""

    rows: RowRanges | None = None  #: Only what these rows of the run wrote.
    dry_run: bool = False
    same_account: bool = False
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that is written back, or left as it is."""

    number: int  #: Of the original's last entry for the opportunity.
    file: str
    row: int
    opportunity: str
    schema_name: str
    now: str  #: As a read shows it.
    back: str  #: What is written; of one that is kept what the field held before the run.


@dataclass(slots=True, kw_only=True)
class Undoing:
    """What an undo finds."""

    original: Run
    opportunities: int = 0  #: That the run wrote to, or may have.
    back: list[Change] = field(default_factory=list)  #: Written back.
    kept: list[Change] = field(default_factory=list)  #: Edited since: left as they are.
    already: int = 0  #: Values that are as they were before.
    not_shown: int = 0  #: Values of which the before-image says nothing.
    imageless: int = 0  #: Opportunities without a before-image.
    gone: int = 0  #: Opportunities that LeadSquared does not know.
    notes: int = 0  #: Opportunities to which the run brought a note.
    calls: int = 0
    finished: Finished | None = None  #: None: a dry run, or nothing is to be written back.
    declined: bool = False  #: Reading one by one was not wanted.


def undo(world: World, original: Run, options: UndoOptions) -> Undoing:
    """Plan the way back, ask, and send it; or go on with one that was begun.

    Raises:
        UsageError: The run keeps no before-images, or the keys are another account's.
        MigratorError: LeadSquared cannot be read; nothing was sent.
    """
    ledger = world.ledger
    refuse_pruned(original, _NOT_KNOWN)
    with ledger.locks.hold(original):
        require_account(world, original, same_account=options.same_account)
        original = ledger.plans.run(original.number)
        refuse_pruned(original, _NOT_KNOWN)  # before this process held it, too
        if not ledger.images.count(original) and ledger.images.touched(original, None):
            raise _no_images(original)
        undoing = Undoing(original=original)
        for number in ledger.images.undos(original):
            begun = ledger.plans.run(number)
            if ledger.records.is_unfinished(begun) and not options.dry_run:
                if options.rows is not None:
                    raise _begun_already(original, begun)
                with ledger.locks.hold(begun):
                    world.operator.say(f"run {begun.id} undoes it already: it goes on")
                    undoing.finished = go_on(world, begun, policy=options.policy)
                return undoing
        if ledger.records.is_unfinished(original):
            settle_as_read(world, original, policy=options.policy)
        return _Planning(world, undoing, options).plan()


def _begun_already(original: Run, begun: Run) -> UsageError:
    return UsageError(
        f"run {begun.id} undoes run {original.id} already, and has rows left to send",
        advice=f"Let it end first: `migrator resume {begun.id}`. Then --rows may name others.",
    )


def _no_images(original: Run) -> UsageError:
    return UsageError(
        f"run {original.id} keeps no before-images: what the fields held before is not known",
        advice="They are read before a run's first call, unless --no-before-image, or a migrator "
        "older than before-images, planned it. An export of LeadSquared from before the run, sent "
        "as a sheet of its own, is the way back.",
    )


class _Planning:
    """One plan of the way back."""

    def __init__(self, world: World, undoing: Undoing, options: UndoOptions) -> None:
        self._world, self._undoing, self._options = world, undoing, options
        self._original = undoing.original
        self._images = world.ledger.images
        self._examples = self._images.examples(self._original)
        named = numbers_of(world, self._original, options.rows)
        self._numbers = None if named is None else frozenset(named)
        self._number = 0
        self._content = blake2b(digest_size=16)

    def plan(self) -> Undoing:
        ledger, original = self._world.ledger, self._original
        source = Source(
            name=f"undo of {original.id}",
            mapping_name=original.source.mapping_name,
            mapping_digest=original.source.mapping_digest,
            event_code=original.source.event_code,
            columns=(),
            schema_names=original.source.schema_names,
        )
        run = ledger.plans.begin(
            source,
            account=original.account,
            kind="undo",
            parent=original.number,
            keeps_images=self._options.policy.before_images,
            mapping_text=ledger.history.mapping_text(original) or "",
        )
        with ledger.locks.hold(run):
            try:
                self._read(run)
                goes = bool(self._undoing.back) and not self._options.dry_run
                if not goes or not self._agreed(run):
                    ledger.plans.discard(run)
                    return self._undoing
            except BaseException:
                ledger.plans.discard(run)
                raise
            self._keep_kept()
            sealed = ledger.plans.seal(
                run,
                content_digest=self._content.hexdigest(),
                rows_read=self._number,
                blank_rows=0,
            )
            tell_planned(self._world, sealed)
            self._undoing.finished = deliver_after_canary(
                self._world, sealed, policy=self._options.policy
            )
        return self._undoing

    def _agreed(self, run: Run) -> bool:
        balance = self._world.ledger.records.balance(replace(run, rows_read=self._number))
        told = f"`migrator undo {self._original.id}"
        summary = plan_summary(
            self._world,
            run,
            balance,
            calls=self._number,
            notes=[*undo_notes(self._undoing), f"{told} --dry-run` lists every value"],
            policy=self._options.policy,
        )
        if self._world.operator.confirm(summary):
            return True
        self._undoing.finished = replace(as_it_stands(self._world, run), declined=True)
        return False

    def _keep_kept(self) -> None:
        """The ledger tells later, too, what was left as somebody had edited it."""
        kept = [(one.number, one.schema_name, one.back, one.now) for one in self._undoing.kept]
        self._images.keep_kept(self._original, kept, at=self._world.clock.wall())

    # -------------------------------------------------------------- reading

    def _read(self, run: Run) -> None:
        touched = self._images.touched(self._original, self._numbers)
        guids = [key for key in touched if is_guid_key(key)]
        self._undoing.imageless += len(touched) - len(guids)
        self._undoing.opportunities += len(touched) - len(guids)

        def take(page: Sequence[str], found: Mapping[str, Values]) -> None:
            self._take(run, page, found)

        world = self._world
        read = partial(
            read_current,
            world,
            run,
            guids,
            take,
            total=len(guids),
            longest_outage=self._options.policy.longest_outage,
        )
        try:
            self._undoing.calls = read()
        except CallRefusedError as error:
            self._undoing.declined = not may_read_one_by_one(world, error, len(guids))
            if not self._undoing.declined:
                self._undoing.calls = read(in_bulk=False)
        world.operator.close()

    def _take(self, run: Run, page: Sequence[str], found: Mapping[str, Values]) -> None:
        details = self._images.details(self._original, page)
        rows, shown = [], {}
        for guid in page:
            one = details[guid]
            self._undoing.opportunities += 1
            fields = self._fields_back(one, found.get(guid))
            if fields:
                rows.append(_planned(one, fields))
                shown[guid] = found[guid]
        if rows:
            plans = self._world.ledger.plans
            plans.add(run, rows, first_number=self._number + 1, content=self._content)
            self._images.keep(run, shown, at=self._world.clock.wall())
            self._number += len(rows)

    def _fields_back(self, one: Touched, now: Values | None) -> list[FieldValue]:
        undoing = self._undoing
        undoing.notes += one.brought_note
        if now is None:
            undoing.gone += 1
            return []
        if one.before is None or not one.is_there:
            undoing.imageless += 1
            return []
        fields = []
        for name, written in one.written.items():
            before, shown = one.before.get(name), now.get(name, "")
            if before is None:
                undoing.not_shown += 1
            elif same_value(before, shown):
                undoing.already += 1
            elif any(same_value(value, shown) for value in written):
                back = _as_sent(before, like=self._examples.get(name, ""))
                undoing.back.append(_change(one, name, shown, back))
                fields.append(FieldValue(name, back))
            elif name in one.changed:
                undoing.kept.append(_change(one, name, shown, before))
        return fields


def _as_sent(before: str, *, like: str) -> str:
    """What a read showed, as an update writes it; ``like``: as the run wrote the field, or ""."""
    if not like and isinstance(meaning(before), datetime):
        return canonical(before)  # the run only cleared it, and reads may write times otherwise
    return as_written(before, like=like)


def _planned(one: Touched, fields: Sequence[FieldValue]) -> PlannedRow:
    update = Update(one.opportunity, IdKind.GUID, "", tuple(fields))
    return PlannedRow(SourceRow(one.file, one.sheet, one.row, one.line, (), ()), update, None)


def _change(one: Touched, name: str, now: str, back: str) -> Change:
    return Change(
        number=one.number,
        file=one.file,
        row=one.row,
        opportunity=one.opportunity,
        schema_name=name,
        now=now,
        back=back,
    )


def undo_notes(undoing: Undoing) -> list[str]:
    """What is to be known of an undo: what it leaves, and what nothing brings back."""
    notes = []
    if undoing.kept:
        notes.append(
            f"{counted(len(undoing.kept), 'value')} kept: edited in LeadSquared since the run"
        )
    if undoing.already:
        notes.append(f"{counted(undoing.already, 'value')} as before the run already")
    if undoing.not_shown:
        notes.append(
            f"{counted(undoing.not_shown, 'value')} kept: the read before the run did not show them"
        )
    if undoing.imageless:
        notes.append(f"{counted(undoing.imageless, 'opportunity')} without a before-image: kept")
    if undoing.gone:
        notes.append(f"{counted(undoing.gone, 'opportunity')} that LeadSquared does not know now")
    if undoing.notes:
        notes.append(
            f"the notes of {counted(undoing.notes, 'opportunity')} stay: no call takes a note back"
        )
    notes.append(
        "ModifiedOn becomes now, and what LeadSquared's automations did or will do stays done"
    )
    return notes
