"""`undo`: what a run wrote is taken back, where nobody has edited it since.

Owns what is written back and what is kept, and the plan of it. Sending is that of every run; the
ledger knows what was there before (`migrator.runs.before`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final, NamedTuple

from migrator.compare import as_written, canonical, meaning, same_value
from migrator.dispatcher import DeliveryPolicy
from migrator.errors import ExitCode, UsageError
from migrator.ledger import Kept, PlannedRow, Written
from migrator.model import FieldValue, IdKind, Run, SourceRow, State, Update
from migrator.reports.text import counted
from migrator.runs.accounts import require_account
from migrator.runs.asking import plan_summary
from migrator.runs.canary import deliver_after_canary
from migrator.runs.choosing import RowRanges, numbers_of
from migrator.runs.current import Values, Wanted, price_one_by_one, read_current
from migrator.runs.delivering import Finished
from migrator.runs.reading import CallRefusedError
from migrator.runs.retrying import go_on
from migrator.runs.running import remove_unsealed
from migrator.runs.world import World

EDITED: Final = "edited since"
NOT_KNOWN: Final = "not known before"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOptions:
    """How `undo` is to go about it."""

    rows: RowRanges | None = None  #: Only the opportunities of these rows.
    dry_run: bool = False  #: Only look: nothing is sent, and no plan is kept.
    same_account: bool = False
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


class Seen(NamedTuple):
    """A field that a run wrote, as it is now."""

    number: int  #: The run's entry that wrote the opportunity last.
    file: str
    row: int
    opportunity: str
    schema_name: str
    now: str  #: What LeadSquared holds.
    before: str  #: As an update writes it; "" where that is not known.
    kept: str  #: Why it is left as it is; "": it is written back.


@dataclass(slots=True, kw_only=True)
class Outlook:
    """What taking a run back comes to."""

    opportunities: int = 0  #: To be written back.
    values: int = 0  #: The same, by field.
    as_before: int = 0  #: Values that are what they were before the run.
    gone: int = 0  #: Opportunities that LeadSquared does not know any more.
    notes: int = 0  #: Rows that sent a note.
    changes: list[Seen] = field(default_factory=list)  #: What is written back; of a dry run only.
    kept: list[Seen] = field(default_factory=list)
    without: list[Written] = field(default_factory=list)
    """Rows of which no before-image is known, one for each opportunity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """How `undo` ended."""

    run: Run  #: The one that is taken back.
    outlook: Outlook | None = None  #: None where an undo that was begun before went on.
    finished: Finished | None = None  #: None where nothing was planned.

    @property
    def exit_code(self) -> ExitCode:
        """The process's exit code."""
        if self.finished is not None:
            return self.finished.exit_code
        is_something = self.outlook is not None and self.outlook.opportunities
        return ExitCode.DIFFERENCES if is_something else ExitCode.OK


def undo(world: World, run: Run, options: UndoOptions) -> Undone:
    """Write back what was there before a run, or go on with that.

    Raises:
        UsageError: The run kept no before-images, or the keys are another account's.
        TargetError: LeadSquared does not answer, or lists fewer opportunities than there are.
    """
    with world.ledger.locks.hold(run):
        require_account(world, run, same_account=options.same_account)
        run = world.ledger.plans.run(run.number)
        remove_unsealed(world)
        begun = None if options.dry_run else _begun(world, run, options.rows)
        if begun is not None:
            return Undone(run=run, finished=_go_on(world, run, begun, options))
        planning = _Planning(world, run, options)
        if options.dry_run:
            planning.look()
            return Undone(run=run, outlook=planning.outlook)
        return Undone(run=run, outlook=planning.outlook, finished=_plan_and_send(planning))


def _begun(world: World, run: Run, rows: RowRanges | None) -> Run | None:
    """An undo of the run that is not finished, and that has the rows."""
    for one in world.ledger.images.undoings(run):
        has_rows = rows is None or world.ledger.choices.numbers_of_rows(one, rows)
        if has_rows and world.ledger.records.is_unfinished(one):
            return one
    return None


def _go_on(world: World, run: Run, begun: Run, options: UndoOptions) -> Finished:
    with world.ledger.locks.hold(begun):
        world.operator.say(f"run {run.id} is taken back by run {begun.id}, which goes on")
        numbers = numbers_of(world, begun, options.rows)
        chosen = None if numbers is None else frozenset(numbers)
        return go_on(world, begun, policy=options.policy, chosen=chosen)


def _plan_and_send(planning: "_Planning") -> Finished | None:
    """None where nothing is to be written back."""
    world, run, options = planning.world, planning.run, planning.options
    ledger, outlook = world.ledger, planning.outlook
    source = replace(run.source, name=f"undo of {run.id}", columns=())
    new = ledger.plans.begin(source, account=run.account, kind="undo", parent=run.number)
    with ledger.locks.hold(new):
        try:
            digest = planning.write(new)
            if not outlook.opportunities:
                ledger.plans.discard(new)
                return None
            balance = ledger.records.balance(replace(new, rows_read=outlook.opportunities))
            calls = balance.states.get(State.PLANNED, 0)
            notes = tuple(outlook_in_words(run, outlook))
            summary = plan_summary(
                world, new, balance, calls=calls, notes=notes, policy=options.policy
            )
            if not world.operator.confirm(summary):
                ledger.plans.discard(new)
                return Finished(run=new, balance=balance, sent=False, declined=True)
        except BaseException:
            ledger.plans.discard(new)
            raise
        sealed = ledger.plans.seal(
            new, content_digest=digest, rows_read=outlook.opportunities, blank_rows=0
        )
        kept = [Kept(one.number, one.schema_name, one.before, one.now) for one in outlook.kept]
        ledger.images.note_kept(sealed, kept, at=world.clock.wall())
        world.known_ledgers.remember(ledger.path)
        return deliver_after_canary(world, sealed, policy=options.policy)


def outlook_in_words(run: Run, outlook: Outlook) -> Iterator[str]:
    """What taking a run back comes to, and what cannot come back, in sentences."""
    if outlook.opportunities:
        yield (
            f"{counted(outlook.values, 'value')} of "
            f"{counted(outlook.opportunities, 'opportunity')} still as "
            f"run {run.id} wrote them: the old values are written back"
        )
    if outlook.as_before:
        yield f"{counted(outlook.as_before, 'value')} as before the run already"
    if outlook.kept:
        yield (
            f"{counted(len(outlook.kept), 'value')} kept as LeadSquared has them now: "
            "edited since, or not known before"
        )
    if outlook.without:
        yield (
            f"{counted(len(outlook.without), 'opportunity')} without a before-image: left as "
            "LeadSquared has them now"
        )
    if outlook.gone:
        yield f"{counted(outlook.gone, 'opportunity')} that LeadSquared does not know any more"
    notes = f"notes ({counted(outlook.notes, 'row')} sent one), " if outlook.notes else ""
    yield f"what cannot be taken back: {notes}ModifiedOn, and automations that fired"


# ------------------------------------------------------------------ what is written back


class _Planning:
    """Comparing what a run wrote with what LeadSquared holds now, a page at a time."""

    def __init__(self, world: World, run: Run, options: UndoOptions) -> None:
        self.world, self.run, self.options = world, run, options
        self.outlook = Outlook(notes=world.ledger.images.notes_sent(run))
        self._examples = world.ledger.images.examples(run)
        self._new: Run | None = None
        self._content = blake2b(f"undo of {run.id}".encode(), digest_size=16)

    def look(self) -> None:
        """Find out what is to be written back."""
        images, run = self.world.ledger.images, self.run
        names = frozenset[str]()
        if self.options.rows is not None:
            numbers = numbers_of(self.world, run, self.options.rows) or []
            names = images.opportunities_of(run, numbers)
        total = 0
        for opportunity in self._opportunities(names):
            if images.image(run, opportunity) is None:
                self.outlook.without.append(images.written(run, opportunity)[-1])
            else:
                total += 1
        if self.outlook.without and not images.has_any(run):
            raise _no_images(run)
        if total:
            self._read(names, total)
        for seen in (self.outlook.changes, self.outlook.kept):
            seen.sort(key=lambda one: one.number)

    def write(self, new: Run) -> str:
        """The same, into a plan; gives the plan's digest."""
        self._new = new
        self.look()
        return self._content.hexdigest()

    def _opportunities(self, names: frozenset[str]) -> Iterator[str]:
        written = self.world.ledger.images.written_opportunities(self.run)
        return (one for one in written if self.options.rows is None or one in names)

    def _with_image(self, names: frozenset[str]) -> Iterator[str]:
        image = self.world.ledger.images.image
        return (one for one in self._opportunities(names) if image(self.run, one) is not None)

    def _read(self, names: frozenset[str], total: int) -> None:
        run, world = self.run, self.world
        wanted = Wanted(
            account=run.account,
            event_code=run.source.event_code,
            schema_names=run.source.schema_names,
            total=total,
        )
        try:
            read_current(world, wanted, self._with_image(names), self._take)
        except CallRefusedError as error:
            price = price_one_by_one(world, total)
            lines = [f"{error.problem}.", f"One by one that is {price}."]
            if not world.operator.permits(lines, "Read them one by one?"):
                raise _not_read(error) from error
            one_by_one = self._with_image(names)
            read_current(world, wanted, one_by_one, self._take, in_bulk=False)

    def _take(self, names: Sequence[str], found: Mapping[str, Values]) -> None:
        rows: list[tuple[int, PlannedRow]] = []
        for name in names:
            if name not in found:
                self.outlook.gone += 1
                continue
            calls = self.world.ledger.images.written(self.run, name)
            seen = self._compared(name, calls, found[name])
            fields = tuple(FieldValue(one.schema_name, one.before) for one in seen if not one.kept)
            self.outlook.kept += [one for one in seen if one.kept]
            if not fields:
                continue
            self.outlook.opportunities += 1
            self.outlook.values += len(fields)
            if self.options.dry_run:
                self.outlook.changes += [one for one in seen if not one.kept]
            rows.append((calls[-1].number, _planned(name, calls[-1], fields)))
        if self._new is not None:
            self.world.ledger.plans.add_numbered(self._new, rows, content=self._content)

    def _compared(self, name: str, calls: Sequence[Written], now: Values) -> list[Seen]:
        """The fields that the run wrote and that are not as before."""
        image = self.world.ledger.images.image(self.run, name) or {}
        last, seen = calls[-1], []
        for schema_name, wrote in _wrote(calls).items():
            found, before = now.get(schema_name, ""), image.get(schema_name)
            value = wrote.value_of(found)
            if before is not None and same_value(before, found):
                self.outlook.as_before += 1
                continue
            if value is None and not wrote.is_likely:
                continue  # refused, and LeadSquared holds something else: the run changed nothing
            kept = "" if value is not None else EDITED
            if before is None:
                kept = NOT_KNOWN
            like = value or self._examples.get(schema_name, "")
            wanted = _to_send(before or "", like)
            seen.append(
                Seen(last.number, last.file, last.row, name, schema_name, found, wanted, kept)
            )
        return seen


@dataclass(slots=True)
class _Wrote:
    """What a run may have left in a field."""

    values: list[str]
    is_likely: bool  #: Not only by calls that were refused.

    def value_of(self, found: str) -> str | None:
        """What the run sent, where LeadSquared holds just that."""
        return next((value for value in self.values if same_value(value, found)), None)


def _wrote(calls: Sequence[Written]) -> dict[str, _Wrote]:
    """Of each field what the run's calls may have left there: the last one sure, and later ones."""
    fields: dict[str, _Wrote] = {}
    for call in calls:
        for name, value in call.fields:
            wrote = fields.setdefault(name, _Wrote([], is_likely=False))
            if call.is_sure:
                wrote.values.clear()
            wrote.values.append(value)
            wrote.is_likely |= not call.is_refused
    return fields


def _to_send(before: str, like: str) -> str:
    """What a read showed, as an update writes it; ``like``: as the run wrote the field, or ""."""
    if not like and isinstance(meaning(before), datetime):
        return canonical(before)
    return as_written(before, like)


def _planned(name: str, last: Written, fields: tuple[FieldValue, ...]) -> PlannedRow:
    row = SourceRow(last.file, last.sheet, last.row, last.line, (), ())
    return PlannedRow(row, Update(name, IdKind.GUID, "", fields), None)


def _no_images(run: Run) -> UsageError:
    return UsageError(
        f"run {run.id} kept no before-images: what was there before is not known",
        advice="Nothing was sent. Runs keep them unless --no-before-image, and those of older "
        "versions kept none. Put values right with a sheet of the old ones, such as an export "
        "from LeadSquared.",
    )


def _not_read(error: CallRefusedError) -> UsageError:
    return UsageError(
        f"{error.problem}, and nobody wants to read one by one",
        where=error.where,
        advice="Nothing was sent. The same command asks again.",
    )
