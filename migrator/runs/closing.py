"""How a newer plan takes an older one's place: what is in doubt is settled by reads alone first.

Owns these steps, and what is said of them; it sends nothing.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from migrator.compare import same_value
from migrator.dispatcher import DeliveryPolicy, Dispatch
from migrator.model import (
    Clear,
    Entry,
    NotKept,
    Outcome,
    Reading,
    Run,
    Succeeded,
    Verdict,
)
from migrator.proving import losses, proofs_needed
from migrator.reports.text import counted
from migrator.runs.delivering import dispatching
from migrator.runs.world import World
from migrator.settling import Judgement


def warnings_about(
    world: World, new: Run, unfinished: Sequence[Run], notes_left_out: int
) -> list[str]:
    """What is to be known, before a yes, of a plan beside other runs and what is confirmed."""
    warnings = [
        f"run {old.id} of the same source is unfinished: this one takes its place, and sends only "
        "what is not confirmed"
        for old in unfinished
    ]
    if notes_left_out:
        warnings.append(
            f"{counted(notes_left_out, 'row')} without their note: LeadSquared has confirmed it"
        )
    shared = world.ledger.plans.shared_with_open_runs(new) if not unfinished else 0
    if shared:
        warnings.append(
            f"another run is still to send to some of these opportunities, too: {shared:,}"
        )
    return warnings


def close_all(world: World, unfinished: Sequence[Run], *, by: Run, policy: DeliveryPolicy) -> None:
    """Close the older runs; none of them when another process holds one."""
    with ExitStack() as locks:
        for old in unfinished:
            locks.enter_context(world.ledger.locks.hold(old))
        for old in unfinished:
            world.ledger.work.begin(old)
            settle_by_reading(world, old, policy=policy)
            superseded = world.ledger.plans.close(old, by=by)
            world.operator.say(f"run {old.id} is closed: {superseded} of its rows are superseded")


def remove_unsealed(world: World) -> None:
    """Remove plans whose process died while writing them."""
    for old in world.ledger.plans.unsealed():
        if not world.ledger.locks.is_held(old):
            world.ledger.plans.discard(old)


def settle_by_reading(world: World, run: Run, *, policy: DeliveryPolicy) -> None:
    """Let reads confirm what they can of the entries in doubt about all."""
    picked = world.ledger.work.pick(run, after=0, limit=2**31, chosen=None)
    doubtful = [entry for entry in picked if entry.is_uncertain]
    if doubtful:
        world.run_to_end(_settle(world, run, doubtful, policy))


def settle_as_read(world: World, run: Run, *, policy: DeliveryPolicy) -> None:
    """The same for a run that nobody works on; what a killed process left is in doubt first."""
    world.ledger.work.begin(run)
    settle_by_reading(world, run, policy=policy)
    world.ledger.work.finish(run, at=world.clock.wall())


async def _settle(world: World, run: Run, doubtful: list[Entry], policy: DeliveryPolicy) -> None:
    async with dispatching(world, run, policy=policy) as dispatch:
        # An error comes out as it is, not in a group: the operator is to read it.
        await asyncio.gather(*(_confirm(world, run, entry, dispatch) for entry in doubtful))


async def _confirm(world: World, run: Run, entry: Entry, dispatch: Dispatch) -> None:
    work, at = world.ledger.work, world.clock.wall()
    standing = work.examine(run, entry, allow_older=True, regardless=True, at=at)
    if not isinstance(standing, Clear):
        return
    entry = standing.entry
    if entry.note:
        judgement = await dispatch.witness.judge(
            entry,
            note=entry.note,
            fields=entry.fields,
            known=standing.known,
            attempted_at=entry.attempted_at,
        )
        is_there = judgement is Judgement.APPLIED
    else:
        found = await dispatch.reader.details(entry)
        is_there = found is not None and all(
            same_value(field.value, found.values.get(field.schema_name, ""))
            for field in entry.fields
        )
    if is_there:
        outcome = await _as_read(world, run, entry, dispatch)
        work.settle(run, entry, outcome, call=None, with_note=bool(entry.note), holds=False, at=at)


async def _as_read(world: World, run: Run, entry: Entry, dispatch: Dispatch) -> Outcome:
    """Succeeded, unless a field that nobody has seen yet is not as it was sent."""
    needed = set(proofs_needed(entry.fields)) - world.ledger.proofs.proved(run)
    found = await dispatch.reader.details(entry) if needed else None
    lost = losses(entry.fields, tuple(needed), found.values) if found is not None else ()
    if not lost:
        return Succeeded(note_confirmed=True)
    told = f"a read shows another value: {', '.join(loss.schema_name for loss in lost)}"
    return NotKept(losses=lost, reading=Reading(verdict=Verdict.UNKNOWN, message=told))
