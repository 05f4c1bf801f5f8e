"""The canary: some rows are sent and read back before the rest leaves.

Owns which rows, what their read-back has to show, and what a person is asked then. Sending is the
dispatcher's matter, as for all rows.
"""

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from migrator.compare import same_value
from migrator.dispatcher import DeliveryPolicy, Dispatch
from migrator.errors import BrakeError, LedgerError, MigratorError
from migrator.model import Details, Entry, Loss, Run, State
from migrator.reports.text import counted, rows_text
from migrator.runs.before import keep_before_images
from migrator.runs.choosing import spread
from migrator.runs.delivering import Finished, deliver, dispatching, rows_left
from migrator.runs.world import World
from migrator.settling import read_times

NOTE: Final = "OpportunityNote"
SHOWN: Final = 5
_ENTRIES_PER_PICK: Final = 500
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?", re.ASCII)


def deliver_after_canary(
    world: World, run: Run, *, policy: DeliveryPolicy, chosen: Collection[int] | None = None
) -> Finished:
    """Keep the before-images and dispatch the rows; where the policy asks, a canary goes first.

    Raises:
        LedgerError: The ledger cannot be written.
    """
    try:
        keep_before_images(world, run, policy=policy, chosen=chosen)
    except LedgerError:
        raise
    except MigratorError as error:  # the plan stays, and the end of the command tells how to go on
        balance = world.ledger.records.balance(run)
        return Finished(run=run, balance=balance, error=error, sent=False)
    if policy.canary:
        entries = _first(world, run, policy, chosen)
        finished = _send_first(world, run, entries, policy) if entries else None
        if finished is not None and not _goes_on(world, run, finished, policy, chosen):
            return finished
    return deliver(world, run, policy=policy, chosen=chosen)


def calls_of_canary(world: World, run: Run, policy: DeliveryPolicy) -> int:
    """How many calls read the canary of all rows back, where reads show at once what was sent."""
    if not policy.canary:
        return 0
    return len({entry.opportunity for entry in _first(world, run, policy, None)})


def _first(
    world: World, run: Run, policy: DeliveryPolicy, chosen: Collection[int] | None
) -> list[Entry]:
    """The rows of the canary, with the earlier ones of their opportunities."""
    numbers = choose(_left(world, run, chosen, policy), policy.canary)
    first = world.ledger.choices.with_earlier(run, numbers) - policy.held
    return world.ledger.work.pick(run, after=0, limit=2**31, chosen=first) if first else []


def _send_first(world: World, run: Run, entries: list[Entry], policy: DeliveryPolicy) -> Finished:
    """Send the canary and read it back; its error is that of the first row that does not hold."""
    rows = rows_text([entry.row for entry in entries[:20]], len(entries))
    world.operator.say(f"canary: {counted(len(entries), 'row')} first ({rows})")
    numbers = frozenset(entry.number for entry in entries)
    finished = deliver(world, run, policy=policy, chosen=numbers)
    if finished.error is not None or finished.signal:
        return finished
    try:
        sent = _sent(world, run, entries)
        # What is left out while rows are sent is told where it happens.
        with_notes = finished.run.notes_left_out == run.notes_left_out
        values = world.run_to_end(_read_back(world, run, sent, policy, with_notes=with_notes))
    except MigratorError as error:
        return replace(finished, error=error)
    world.operator.say(
        f"canary: {counted(len(sent), 'row')} read back, {values:,} values, all as sent"
    )
    return finished


def _goes_on(
    world: World,
    run: Run,
    finished: Finished,
    policy: DeliveryPolicy,
    chosen: Collection[int] | None,
) -> bool:
    """Whether the rest is to be sent now."""
    if finished.error is not None or finished.signal:
        return False
    left = rows_left(world, run, chosen, held=policy.held)
    return bool(left) and world.operator.goes_on(f"Send the other {counted(left, 'row')}?")


# ------------------------------------------------------------------ which rows


@dataclass(slots=True)
class _Extremes:
    """Of each field the longest text, or the first and the last date."""

    longest: dict[str, tuple[int, int]] = field(default_factory=dict)  # length, number
    earliest: dict[str, tuple[str, int]] = field(default_factory=dict)  # text, number
    latest: dict[str, tuple[str, int]] = field(default_factory=dict)

    def see(self, entry: Entry) -> None:
        self._see_text(NOTE, entry.note, entry.number)
        for sent in entry.fields:
            if _DATE.fullmatch(sent.value):
                self._see_date(sent.schema_name, sent.value, entry.number)
            else:
                self._see_text(sent.schema_name, sent.value, entry.number)

    def _see_text(self, name: str, text: str, number: int) -> None:
        if len(text) > self.longest.get(name, (0, 0))[0]:
            self.longest[name] = len(text), number

    def _see_date(self, name: str, text: str, number: int) -> None:
        if name not in self.earliest or text < self.earliest[name][0]:
            self.earliest[name] = text, number
        if name not in self.latest or text > self.latest[name][0]:
            self.latest[name] = text, number

    def numbers(self) -> Iterator[int]:
        for found in (self.longest, self.earliest, self.latest):
            yield from (number for _, number in found.values())


def choose(entries: Iterable[Entry], count: int) -> frozenset[int]:
    """``count`` entries spread evenly, and the extremes of their values; all where there are fewer.

    Args:
        entries: In the source's order; read once, so that a plan of any size streams.
        count: At least 1.

    Returns:
        Their numbers: the first and the last among them, the longest text of each field and of the
        note, the earliest and the latest of each field of dates.
    """
    extremes, numbers = _Extremes(), list[int]()
    for entry in entries:
        extremes.see(entry)
        numbers.append(entry.number)
    return frozenset(spread(numbers, count)).union(extremes.numbers())


def _left(
    world: World, run: Run, chosen: Collection[int] | None, policy: DeliveryPolicy
) -> Iterator[Entry]:
    after = 0
    while entries := world.ledger.work.pick(
        run, after=after, limit=_ENTRIES_PER_PICK, chosen=chosen
    ):
        after = entries[-1].number
        yield from (entry for entry in entries if entry.number not in policy.held)


# ------------------------------------------------------------------ what they have to show


async def _read_back(
    world: World, run: Run, entries: Sequence[Entry], policy: DeliveryPolicy, *, with_notes: bool
) -> int:
    """How many values were compared.

    Raises:
        MigratorError: A row does not hold what was sent, or cannot be read.
    """
    if not with_notes:
        entries = [replace(entry, notes=()) for entry in entries]
    last = {entry.opportunity: entry for entry in entries}  # the last row of each tells its note
    sent: dict[str, dict[str, str]] = {}
    for entry in entries:
        values = sent.setdefault(entry.opportunity, {})
        values.update((one.schema_name, one.value) for one in entry.fields)
    async with dispatching(world, run, policy=policy) as dispatch:
        losses = await asyncio.gather(
            *(_lost(world, dispatch, last[key], values, policy) for key, values in sent.items())
        )
        if dispatch.error is not None:
            raise dispatch.error
    different = [
        (last[key], lost) for key, found in zip(sent, losses, strict=True) for lost in found
    ]
    if different:
        raise _does_not_hold(run, different)
    return sum(map(len, sent.values())) + sum(bool(entry.note) for entry in last.values())


def _sent(world: World, run: Run, entries: Sequence[Entry]) -> list[Entry]:
    """The rows whose opportunities have to show what was sent.

    Not those where a later row of another run stands in the place of one.

    Raises:
        BrakeError: A row did not succeed.
    """
    overtaken = set[str]()
    for entry in entries:
        record = world.ledger.records.entry((run.number, entry.number))
        if record is None or record.state is State.SUPERSEDED:
            overtaken.add(entry.opportunity)
            continue
        if record.state is State.SUCCEEDED:
            continue
        title = f"{record.exception}: " if record.exception else ""
        raise BrakeError(
            f"a row of the canary ended {record.state}: {title}{record.message}",
            where=f"{entry.file}, row {entry.row}, opportunity {entry.opportunity_id}",
            advice="Nothing more was sent. Mend the mapping or the sheet and run the same command "
            f"again; or `migrator resume {run.id}` sends the rest without this row, and "
            f"`migrator retry {run.id}` tries it again.",
        )
    return [entry for entry in entries if entry.opportunity not in overtaken]


async def _lost(
    world: World, dispatch: Dispatch, entry: Entry, values: dict[str, str], policy: DeliveryPolicy
) -> tuple[Loss, ...]:
    """What a read of the opportunity does not show as it was sent; reads may lag for a while."""
    began = world.clock.monotonic()
    lost: tuple[Loss, ...] = ()
    for at in read_times(policy.patience):
        await world.clock.sleep(began + at - world.clock.monotonic())
        found = await dispatch.reader.details(entry)
        if found is None:
            return (Loss("the opportunity", entry.opportunity_id, "no answer to a read"),)
        lost = tuple(_differences(entry, values, found))
        if not lost:
            return ()
    return lost


def _differences(entry: Entry, values: dict[str, str], found: Details) -> Iterator[Loss]:
    for name, value in values.items():
        shown = found.values.get(name, "")
        if not same_value(value, shown):
            yield Loss(name, value, shown)
    if entry.note and found.note and found.note != entry.note:
        yield Loss(NOTE, entry.note, found.note)


def _does_not_hold(run: Run, different: Sequence[tuple[Entry, Loss]]) -> BrakeError:
    told = "; ".join(
        f'row {entry.row}: {lost.schema_name} was sent as "{lost.sent}" and found as "{lost.found}"'
        for entry, lost in different[:SHOWN]
    )
    more = f"; and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return BrakeError(
        f"the canary does not hold what was sent: {told}{more}",
        where=different[0][0].file,
        advice="Nothing more was sent. Look at these opportunities in LeadSquared. Mend the "
        "mapping and run the same command again; or, where it is right as it is, "
        f"`migrator resume {run.id}` sends the rest.",
    )
