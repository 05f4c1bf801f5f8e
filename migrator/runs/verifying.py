"""`verify`: what a run wrote is read back, and held against what LeadSquared shows.

Owns the patience with reads that lag, and what counts as verified. It sends no update: what is in
doubt is settled by reads alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from migrator.compare import same_value
from migrator.dispatcher import DeliveryPolicy
from migrator.errors import InterruptError, MigratorError
from migrator.events import Event, EventName
from migrator.ledger.findings import Expected, Named, Written
from migrator.model import Run, State
from migrator.reports.text import counted
from migrator.runs.accounts import require_account
from migrator.runs.choosing import spread
from migrator.runs.closing import settle_as_read
from migrator.runs.current import Values, may_read_one_by_one, read_current
from migrator.runs.delivering import Finished, interruptible
from migrator.runs.pruning import refuse_pruned
from migrator.runs.reading import CallRefusedError
from migrator.runs.world import World
from migrator.settling import read_times

_NOT_KNOWN: Final = "what it wrote is not known any more"


@dataclass(slots=True, kw_only=True)
class Verified:
    """What reading a run back has shown; the differences themselves are in the ledger."""

    run: Run
    opportunities: int = 0  #: Read back.
    rows: int = 0  #: Of the run, whose values they hold.
    values: int = 0  #: Compared.
    otherwise: int = 0  #: Rows with a value that reads otherwise.
    written_over: int = 0  #: Values that a later run of this ledger wrote over: not compared.
    settled: int = 0  #: Rows that were in doubt and have succeeded, as a read shows.
    still_in_doubt: int = 0  #: Rows about all of which doubt is left.
    calls: int = 0
    declined: bool = False  #: Reading one by one was not wanted.


def verify(
    world: World,
    run: Run,
    *,
    sample: int | None = None,
    same_account: bool = False,
    policy: DeliveryPolicy | None = None,
) -> Verified:
    """Read a run's opportunities back, all or a sample.

    Args:
        world: Where.
        run: A sealed run.
        sample: How many opportunities, evenly spread; None: all.
        same_account: These keys belong to the run's account, as a person says.
        policy: Its patience is how long a write may take to show, counted from the last call. How
            long an outage is waited out.

    Raises:
        MigratorError: It cannot be read back; nothing was sent.
    """
    policy = policy or DeliveryPolicy()
    refuse_pruned(run, _NOT_KNOWN)
    with world.ledger.locks.hold(run):
        require_account(world, run, same_account=same_account)
        run = world.ledger.plans.run(run.number)
        refuse_pruned(run, _NOT_KNOWN)  # before this process held it, too
        verified = Verified(run=run)
        _settle_doubts(world, run, verified, policy)
        named: Sequence[Named] = world.ledger.findings.written_to(run)
        if sample is not None:
            named = spread(named, sample)
        if named:
            _Verifying(world, run, verified, policy).verify(named)
    counts = {
        "opportunities": verified.opportunities,
        "rows": verified.rows,
        "values": verified.values,
        "otherwise": verified.otherwise,
    }
    world.tell(Event(name=EventName.RUN_READ_BACK, run=run.id, counts=counts))
    return verified


def verify_after(world: World, finished: Finished, policy: DeliveryPolicy) -> Finished:
    """What `--verify` does at the end of a command that sends; a run that was stopped is left."""
    if finished.error is not None or finished.signal or finished.declined:
        return finished
    world.operator.close()
    try:
        verified = verify(world, finished.run, policy=policy)
    except InterruptError as error:  # its words are those of a command that has sent nothing
        told = type(error)(
            "interrupted while what was sent was read back",
            advice=f"`migrator verify {finished.run.id}` reads it back.",
        )
        return replace(finished, error=told)
    except MigratorError as error:
        return replace(finished, error=error)
    return replace(
        finished,
        run=world.ledger.plans.run(finished.run.number),
        balance=world.ledger.records.balance(finished.run),
        otherwise=verified.otherwise,
    )


def _settle_doubts(world: World, run: Run, verified: Verified, policy: DeliveryPolicy) -> None:
    ledger = world.ledger
    before = ledger.records.balance(run)
    if not before.states.get(State.IN_DOUBT, 0) and not before.states.get(State.SENDING, 0):
        return
    settle_as_read(world, run, policy=policy)
    after = ledger.records.balance(run)
    succeeded = after.states.get(State.SUCCEEDED, 0) - before.states.get(State.SUCCEEDED, 0)
    verified.settled = succeeded
    verified.still_in_doubt = after.states.get(State.IN_DOUBT, 0) - after.in_doubt_note_only


class _Verifying:
    """One reading back."""

    def __init__(self, world: World, run: Run, verified: Verified, policy: DeliveryPolicy) -> None:
        self._world, self._run, self._verified, self._policy = world, run, verified, policy
        self._in_bulk = True
        self._is_first = True  #: Whether no opportunity was looked at twice yet.
        self._otherwise: dict[str, tuple[Named, int]] = {}
        """By the name under which it is read; with how many rows read otherwise."""

    def verify(self, named: Sequence[Named]) -> None:
        """Read, and read again what is otherwise while it may only lag."""
        if not self._read(named):
            self._verified.declined = True
            return
        self._is_first = False
        self._look_again()
        self._verified.otherwise = sum(rows for _, rows in self._otherwise.values())

    def _look_again(self) -> None:
        last = self._world.ledger.findings.last_attempt(self._run)
        for at in read_times(self._policy.patience):
            wait = min(last + at - self._world.clock.wall(), self._policy.patience)
            if not self._otherwise or wait <= 0:
                continue
            self._world.run_to_end(interruptible(self._let_it_show(wait)))
            self._read([one for one, _ in self._otherwise.values()])

    async def _let_it_show(self, wait: float) -> None:
        self._world.operator.say(
            f"{counted(len(self._otherwise), 'opportunity')} not as written yet; reads may "
            f"lag, so they are looked at again in {wait:.0f} s"
        )
        await self._world.clock.sleep(wait)

    def _read(self, named: Sequence[Named]) -> bool:
        """Read some opportunities; False where a person does not want that."""
        in_bulk = [one for one in named if one.is_guid] if self._in_bulk else []
        if in_bulk:
            try:
                self._take_all(in_bulk, in_bulk=True)
            except CallRefusedError as error:
                self._in_bulk = False
                if not may_read_one_by_one(self._world, error, len(named)):
                    return False
        one_by_one = [one for one in named if not (self._in_bulk and one.is_guid)]
        if one_by_one:
            self._take_all(one_by_one, in_bulk=False)
        return True

    def _take_all(self, named: Sequence[Named], *, in_bulk: bool) -> None:
        names = {one.opportunity if one.is_guid else one.opportunity_id: one for one in named}

        def take(page: Sequence[str], found: Mapping[str, Values]) -> None:
            self._compare({name: names[name] for name in page}, found)

        self._verified.calls += read_current(
            self._world,
            self._run,
            names,
            take,
            total=len(names),
            in_bulk=in_bulk,
            longest_outage=self._policy.longest_outage,
        )

    def _compare(self, page: Mapping[str, Named], found: Mapping[str, Values]) -> None:
        """Hold a page against what was written, and keep what it shows."""
        findings, verified = self._world.ledger.findings, self._verified
        expected = findings.expected(self._run, [one.opportunity for one in page.values()])
        numbers: list[int] = []
        lost: list[tuple[Written, str]] = []
        for name, one in page.items():
            should = expected.get(one.opportunity, Expected())
            differing = _differing(should, found.get(name))
            if differing:
                self._otherwise[name] = one, _rows(differing)
            else:
                self._otherwise.pop(name, None)
            if self._is_first:
                verified.opportunities += 1
                verified.rows += len(should.numbers)
                verified.values += len(should.values)
                verified.written_over += should.written_over
            numbers += should.numbers
            lost += differing
        findings.keep(self._run, numbers, lost, at=self._world.clock.wall())


def _differing(should: Expected, found: Values | None) -> list[tuple[Written, str]]:
    if found is None:
        return [(Written(number, "", ""), "") for number in should.numbers]
    return [
        (written, found.get(written.schema_name, ""))
        for written in should.values
        if not same_value(written.value, found.get(written.schema_name, ""))
    ]


def _rows(differing: Collection[tuple[Written, str]]) -> int:
    return len({written.number for written, _ in differing})
