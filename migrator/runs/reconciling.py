"""`reconcile`: a sheet that comes again; only what differs is sent.

Owns the order of the steps and what is compared with what. Reading, comparing, merging and sending
are elsewhere; the plan is a run like any other.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Final, Literal

from migrator.compare import Compared, compare_with_confirmed, compare_with_crm
from migrator.dispatcher import DeliveryPolicy
from migrator.errors import MigratorError, UsageError
from migrator.events import Event, EventName
from migrator.ledger.comparing import Conflict, Cut, Differing, Named, Wanted
from migrator.ledger.sightings import Numbers
from migrator.loader import NoRowsError
from migrator.mapping import Mapping
from migrator.model import FieldValue, Problem, Run, State, is_guid_key
from migrator.reports.text import counted
from migrator.runs.accounts import account_of
from migrator.runs.asking import as_it_stands, plan_summary
from migrator.runs.canary import deliver_after_canary
from migrator.runs.closing import close_all, remove_unsealed, settle_as_read, warnings_about
from migrator.runs.current import Values, may_read_one_by_one, may_read_singly, read_current
from migrator.runs.delivering import Finished
from migrator.runs.mended import is_export
from migrator.runs.nightly_brakes import (
    MostChanges,
    no_rows,
    refuse_blank_columns,
    refuse_unknown_columns,
)
from migrator.runs.other_ledgers import refuse_a_second_ledger
from migrator.runs.planning import Sheet, open_source, source_name
from migrator.runs.reading import CallRefusedError, users_by_email
from migrator.runs.repeated import gather_rows
from migrator.runs.retrying import go_on
from migrator.runs.sheet_locks import hold_mapping
from migrator.runs.sifting import SeveralRowsError, Sifted, sift
from migrator.runs.telling import tell_planned
from migrator.runs.world import PLANNING, World
from migrator.together import with_companions

Against = Literal["crm", "ledger"]
Conflicts = Literal["ours", "theirs", "report"]

_OPPORTUNITIES_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOptions:
    """How `reconcile` is to go about it."""

    against: Against = "crm"
    conflicts: Conflicts = "report"
    dry_run: bool = False
    name: str | None = None  #: Stands for the source's name; a data frame needs one.
    mixed_ids: bool = False
    new_ledger: bool = False  #: This ledger is meant, whatever another one knows of the source.
    most_changes: MostChanges = field(default_factory=MostChanges)
    may_be_blank: frozenset[str] = frozenset()  #: Columns.
    wait: float = 0.0  #: Seconds for another reconcile of the mapping to end.
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    show: "Callable[[Reconciled, Iterator[Differing] | None], None] | None" = None
    """Is handed what was found, before the question; of a dry run also every difference, while they
    can be read."""


@dataclass(slots=True, kw_only=True)
class Reconciled:
    """What a reconcile found; each opportunity of the sheet is in one of the first six."""

    run: Run
    against: Against
    changed: int = 0  #: Something would change.
    new: int = 0  #: Against the ledger: nothing of it is confirmed yet, all of it is sent.
    unchanged: int = 0
    conflicts: int = 0  #: With values that somebody changed; what else differs is sent.
    unknown: int = 0  #: The CRM does not know it.
    not_comparable: int = 0  #: Named by an AutoId under which it cannot be read.
    refused_rows: int = 0  #: Rows that the mapping refuses.
    merged_rows: int = 0  #: Rows beyond the first of an opportunity.
    rows_read: int = 0
    updates: int = 0  #: Opportunities to which something would be sent.
    conflict_values: int = 0
    overwritten: int = (
        0  #: Values in conflict that are sent all the same, as --conflicts ours says.
    )
    left: int = 0  #: Values in conflict that are left, as --conflicts theirs says.
    first_time: int = 0  #: Opportunities that were not in the last finished reconcile.
    vanished: int = 0  #: Those that were, and are not in this sheet.
    vanished_ids: list[str] = field(default_factory=list)  #: The first `VANISHED_LISTED`.
    last: Run | None = None  #: The last finished reconcile of this mapping and source name.
    calls: int = 0  #: Reading calls.
    brakes: list[str] = field(default_factory=list)  #: A dry run's: why no update would be sent.
    finished: Finished | None = None  #: None: a dry run.

    @property
    def opportunities(self) -> int:
        """How many stand in the sheet."""
        boxes = (self.changed, self.new, self.unchanged, self.conflicts, self.unknown)
        return sum(boxes) + self.not_comparable

    @property
    def differ(self) -> bool:
        """Whether something would be sent, or is in conflict."""
        return bool(self.changed or self.new or self.conflicts)


VANISHED_LISTED: Final = 1_000


def reconcile(
    world: World, sheet: Sheet, mapping: Mapping, options: ReconcileOptions
) -> Reconciled:
    """Compare, ask, and send what differs; or go on with what was begun before.

    Raises:
        BrakeError: The sheet is not to be trusted: no rows, too many changes, a column that is
            suddenly blank. Nothing was sent.
        MigratorError: It cannot start; nothing was sent.
    """
    account = account_of(world)
    with hold_mapping(world, account, mapping.name, wait=options.wait), ExitStack() as ends:
        remove_unsealed(world)
        users = users_by_email(world, account) if mapping.needs_users else None
        plan = partial(
            _sifted, world, sheet, mapping, options, account=account, users=users, ends=ends
        )
        try:
            sifted = plan(passes_over=options.against == "ledger")
        except SeveralRowsError:
            sifted = plan(passes_over=False)
        except NoRowsError as error:
            raise no_rows(error) from error
        return _Reconciling(world, mapping, options, sifted).reconcile()


def _sifted(
    world: World,
    sheet: Sheet,
    mapping: Mapping,
    options: ReconcileOptions,
    *,
    account: str,
    users: ReadOnly[str, str] | None,
    passes_over: bool,
    ends: ExitStack,
) -> Sifted:
    budget = world.settings.memory
    with (
        world.counting(PLANNING) as look,
        open_source(sheet, mapping, name=options.name, budget=budget) as rows,
    ):
        rows.watch(look)
        if is_export(rows.columns):
            raise _of_an_export(rows.file)
        name = source_name(rows, options.name)
        if not options.new_ledger:
            refuse_a_second_ledger(world, account, name)
        return sift(
            world.ledger,
            rows,
            mapping,
            account=account,
            name=name,
            users=users,
            mixed_ids=options.mixed_ids,
            passes_over=passes_over,
            keeps_images=options.policy.before_images,
            secrets=world.settings.secrets,
            ends=ends,
        )


def _of_an_export(file: str) -> UsageError:
    return UsageError(
        "this is an export of a run, with rows to be mended, and no sheet that comes again",
        where=file,
        advice="Give it to `migrator run`, which sends the mended rows.",
    )


class _Reconciling:
    """One reconcile of a plan that is not sealed."""

    def __init__(
        self, world: World, mapping: Mapping, options: ReconcileOptions, sifted: Sifted
    ) -> None:
        self._world, self._mapping, self._options = world, mapping, options
        self._sifted, self._run, self._ledger = sifted, sifted.run, world.ledger
        self._found = Reconciled(run=sifted.run, against=options.against)
        self._new = Numbers()  #: Entries of opportunities of which nothing is confirmed.
        self._in_conflict = Numbers()  #: Entries.

    def reconcile(self) -> Reconciled:
        found, options = self._found, self._options
        refuse_unknown_columns(self._sifted, options.may_be_blank)
        self._brake(lambda: refuse_blank_columns(self._ledger, self._sifted, options.may_be_blank))
        earlier = [
            run
            for run in self._ledger.plans.same_names(self._run.source, account=self._run.account)
            if run.number != self._run.number
        ]
        unfinished = [run for run in earlier if self._ledger.records.is_unfinished(run)]
        if not options.dry_run:
            if self._is_the_same(earlier, unfinished):
                found.run = earlier[0]
                found.finished = self._go_on(earlier[0])
                return found
            for old in unfinished:
                with self._ledger.locks.hold(old):
                    settle_as_read(self._world, old, policy=options.policy)
        gather_rows(self._ledger, self._run, self._mapping, in_order=False)
        # Before anything is confirmed: opportunities are numbered in the sheet's order.
        self._ledger.sightings.take_in(self._run, self._sifted.numbers)
        if not self._compare():
            found.finished = replace(as_it_stands(self._world, self._run), declined=True)
            return found
        marks = self._ledger.plans.mark(self._run, send_all=False, by_values=False)
        self._count()
        self._tell_compared()
        self._brake(lambda: options.most_changes.refuse(found))
        if options.show is not None:
            differing = self._ledger.comparing.differing(self._run) if options.dry_run else None
            options.show(found, differing)
        if options.dry_run:
            return found
        self._send(unfinished, marks.notes_left_out)
        return found

    def _tell_compared(self) -> None:
        found = self._found
        counts = {
            "changed": found.changed + found.new,
            "unchanged": found.unchanged,
            "conflicts": found.conflicts,
            "unknown": found.unknown + found.not_comparable,
        }
        self._world.tell(Event(name=EventName.RUN_COMPARED, run=self._run.id, counts=counts))

    def _brake(self, refuse: Callable[[], None]) -> None:
        """A dry run goes on, and says what would be refused."""
        try:
            refuse()
        except MigratorError as error:
            if not self._options.dry_run:
                raise
            self._found.brakes.append(error.problem)

    # -------------------------------------------------------------- an earlier night

    def _is_the_same(self, earlier: Sequence[Run], unfinished: Sequence[Run]) -> bool:
        """Whether the newest run is an unfinished reconcile of the very same rows."""
        return bool(
            earlier
            and earlier[0] in unfinished
            and earlier[0].kind == "reconcile"
            and earlier[0].content_digest == self._sifted.content_digest
        )

    def _go_on(self, same: Run) -> Finished:
        with self._ledger.locks.hold(same):
            self._world.operator.say(
                f"these rows are those of run {same.id}, which is not finished: it goes on as it "
                "was planned"
            )
            return go_on(self._world, same, policy=self._options.policy)

    # -------------------------------------------------------------- comparing

    def _compare(self) -> bool:
        """Leave of each row what differs; False where reading one by one was not wanted."""
        if self._options.against == "crm":
            return self._compare_with_crm()
        named = self._ledger.comparing.named(self._run)
        while some := list(islice(named, _OPPORTUNITIES_AT_ONCE)):
            self._take_confirmed([one.opportunity for one in some])
        return True

    def _take_confirmed(self, keys: Sequence[str]) -> None:
        cuts = []
        for wanted in self._ledger.comparing.wanted(self._run, keys):
            if not wanted.is_known:
                self._new.add(wanted.number)
            compared = compare_with_confirmed(wanted.fields, wanted.base)
            compared = with_companions(wanted.fields, compared, {})
            cuts.append(Cut(number=wanted.number, fields=compared.changed))
        self._ledger.comparing.cut(self._run, cuts, at=self._world.clock.wall())

    def _compare_with_crm(self) -> bool:
        world, policy = self._world, self._options.policy
        read = partial(
            read_current,
            world,
            self._run,
            longest_outage=policy.longest_outage,
            until=policy.until,
        )
        auto_ids = {one.read_as: one.opportunity for one in self._named(are_guids=False)}

        def take(page: Sequence[str], shown: ReadOnly[str, Values]) -> None:
            self._take_shown({auto_ids.get(name, name): shown.get(name) for name in page})

        states = self._ledger.records.balance(self._run).states
        total = states.get(State.PLANNED, 0)
        try:
            calls = read(self._guids(), take, total=total)
        except CallRefusedError as error:
            if not may_read_one_by_one(world, error, total):
                return False
            calls = read(self._guids(), take, total=total, in_bulk=False)
        if auto_ids:
            if not self._may_read_auto_ids(len(auto_ids)):
                return False
            calls += read(auto_ids, take, total=len(auto_ids), in_bulk=False)
        self._found.calls = calls
        world.operator.close()
        return True

    def _named(self, *, are_guids: bool) -> Iterator[Named]:
        named = self._ledger.comparing.named(self._run)
        return (one for one in named if is_guid_key(one.opportunity) is are_guids)

    def _guids(self) -> Iterator[str]:
        return (one.opportunity for one in self._named(are_guids=True))

    def _may_read_auto_ids(self, count: int) -> bool:
        what = (
            f"{counted(count, 'opportunity')} named by an AutoId whose GUID no success has told, "
            "read one by one"
        )
        return may_read_singly(self._world, what, count)

    def _take_shown(self, page: ReadOnly[str, Values | None]) -> None:
        """Compare some opportunities with what LeadSquared shows of them."""
        run, found, at = self._run, self._found, self._world.clock.wall()
        cuts: list[Cut] = []
        images: dict[str, Values | None] = {}
        confirmed: dict[str, dict[str, str]] = {}
        for wanted in self._ledger.comparing.wanted(run, page.keys()):
            shown = page[wanted.opportunity]
            if shown is None:
                cuts.append(self._not_there(wanted))
                continue
            cut, same = self._compared(wanted, shown)
            if same:
                confirmed[wanted.opportunity] = {name: shown[name] for name in same}
            if cut.fields and is_guid_key(wanted.opportunity):
                images[wanted.opportunity] = shown
            if cut.conflicts:
                found.conflict_values += len(cut.conflicts)
                self._in_conflict.add(wanted.number)
            cuts.append(cut)
        self._ledger.comparing.cut(run, cuts, at=at)
        if run.keeps_images or self._options.dry_run:
            self._ledger.images.keep(run, images, at=at)
        if not self._options.dry_run:
            self._ledger.comparing.confirm_read(run, confirmed, at=at)

    def _not_there(self, wanted: Wanted) -> Cut:
        if is_guid_key(wanted.opportunity):
            self._found.unknown += 1
            problem = _UNKNOWN
        else:
            self._found.not_comparable += 1
            problem = _NOT_COMPARABLE
        return Cut(number=wanted.number, fields=wanted.fields, problem=problem, is_certain=False)

    def _compared(self, wanted: Wanted, shown: Values) -> tuple[Cut, list[str]]:
        """What is left of a row, and which fields the read showed as the row says."""
        found, policy = self._found, self._options.conflicts
        compared = compare_with_crm(wanted.fields, shown, wanted.base)
        is_certain = not compared.conflicts and all(name in shown for name in compared.same)
        if policy == "ours" and compared.conflicts:
            found.overwritten += len(compared.conflicts)
            compared = _with_conflicts(wanted.fields, compared)
            is_certain = True
        compared = with_companions(wanted.fields, compared, shown)
        conflicts = [Conflict(*one, was) for one, was in compared.conflicts]
        if policy == "theirs" and conflicts:
            found.left += len(conflicts)
            conflicts = []
        cut = Cut(
            number=wanted.number,
            fields=compared.changed,
            conflicts=conflicts,
            is_certain=is_certain,
        )
        if conflicts and not compared.changed:
            cut.problem = _conflicting(conflicts)
        return cut, [name for name in compared.same if name in shown]

    # -------------------------------------------------------------- counting

    def _count(self) -> None:
        """What was found, in opportunities."""
        found, sifted, ledger = self._found, self._sifted, self._ledger
        found.rows_read = sifted.rows_read
        found.refused_rows = sifted.refused_rows
        for number in ledger.comparing.planned_numbers(self._run):
            found.updates += 1
            if number in self._in_conflict:
                continue
            if number in self._new:
                found.new += 1
            else:
                found.changed += 1
        found.conflicts = len(self._in_conflict)
        states = ledger.records.balance(self._run).states
        found.merged_rows = states.get(State.MERGED, 0)
        found.unchanged = states.get(State.UNCHANGED, 0) + sifted.passed_over
        last = ledger.sightings.last_finished(self._run.source, account=self._run.account)
        found.first_time = found.opportunities
        if last is not None:
            found.last, numbers = last
            found.first_time = len(sifted.numbers.without(numbers))
            gone = numbers.without(sifted.numbers).without(sifted.refused)
            for _, key in ledger.sightings.keys_of(gone):
                found.vanished += 1
                if found.vanished <= VANISHED_LISTED:
                    found.vanished_ids.append(key)

    # -------------------------------------------------------------- sending

    def _send(self, unfinished: Sequence[Run], notes_left_out: int) -> None:
        world, ledger, run, found = self._world, self._ledger, self._run, self._found
        overtaken = ledger.comparing.overtaken(run)
        unchanged = ledger.comparing.drop_unchanged(
            run, passed_over=self._sifted.passed_over, remembers=True
        )
        run = replace(run, rows_read=self._sifted.rows_read, unchanged_rows=unchanged)
        balance = ledger.records.balance(run)
        calls = balance.states.get(State.PLANNED, 0)
        notes = [
            *self._sifted.notes,
            *warnings_about(world, run, unfinished, notes_left_out),
        ]
        if calls:
            summary = plan_summary(
                world, run, balance, calls=calls, notes=notes, policy=self._options.policy
            )
            if not world.operator.confirm(summary):
                found.finished = Finished(run=run, balance=balance, sent=False, declined=True)
                return
        else:
            for note in notes:
                world.operator.say(f"note: {note}")
        if unfinished:
            close_all(world, unfinished, by=run, policy=self._options.policy)
        ledger.comparing.supersede(overtaken, by=run, at=world.clock.wall())
        for number in self._sifted.refused:
            self._sifted.numbers.add(number)
        ledger.sightings.keep(run, self._sifted.numbers, self._sifted.filled_columns)
        sealed = ledger.plans.seal(
            run,
            content_digest=self._sifted.content_digest,
            rows_read=self._sifted.rows_read,
            blank_rows=self._sifted.blank_rows,
        )
        world.known_ledgers.remember(ledger.path)
        found.run = sealed
        tell_planned(world, sealed)
        found.finished = deliver_after_canary(world, sealed, policy=self._options.policy)


def _with_conflicts(fields: Sequence[FieldValue], compared: Compared) -> Compared:
    """The row's values are sent over what somebody changed."""
    going = {one.schema_name for one in compared.changed}
    going |= {one.schema_name for one, _ in compared.conflicts}
    changed = tuple(one for one in fields if one.schema_name in going)
    return Compared(same=compared.same, changed=changed)


_UNKNOWN: Final = Problem(
    code="unknown-opportunity",
    column="",
    value="",
    reason="LeadSquared does not know the opportunity",
    advice="Look it up by its id in LeadSquared: it was deleted, or is of another opportunity "
    "type or account. Correct the id, or take the row out.",
)
_NOT_COMPARABLE: Final = Problem(
    code="not-comparable",
    column="",
    value="",
    reason="LeadSquared shows nothing under this AutoId, so the row cannot be compared",
    advice="Send it once with `migrator run`: a success tells the GUID, under which it is read "
    "from then on. `migrator ids` finds GUIDs, too.",
)


def _conflicting(conflicts: Sequence[Conflict]) -> Problem:
    names = ", ".join(one.schema_name for one in conflicts)
    return Problem(
        code="conflict",
        column="",
        value="",
        reason=f"changed in LeadSquared by somebody since it was confirmed last: {names}",
        advice="Decide which holds: `migrator reconcile` with --conflicts ours sends the sheet's "
        "values, --conflicts theirs leaves LeadSquared's.",
    )
