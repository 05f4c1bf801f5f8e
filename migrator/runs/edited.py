"""After days: what somebody edited in LeadSquared since a row was attempted is not overwritten.

Owns which rows are old enough to ask about, and what counts as edited. It sends no update.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from migrator.compare import meaning, same_value
from migrator.dispatcher import DeliveryPolicy, Dispatch
from migrator.ledger import Attempted
from migrator.model import Details, Doubt, Loss, Run, State
from migrator.reports.text import counted, duration, rows_text
from migrator.runs.closing import settle_by_reading
from migrator.runs.delivering import dispatching
from migrator.runs.world import World

LONG_AGO: Final = 12 * 3600.0
"""Seconds: attempts of the night before are looked at in the morning, not those of the hour."""
CLOCKS_DIFFER: Final = 300.0  #: Seconds by which LeadSquared's clock and ours may differ.
MOST_TOGETHER: Final = 200  #: Opportunities asked for at once; the quota paces the calls.
SHOWN: Final = 5

_TOLD: Final = "edited in LeadSquared since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A row whose opportunity somebody edited, and which would overwrite something."""

    attempted: Attempted
    modified_on: datetime
    modified_by: str  #: A user's GUID; "" when LeadSquared does not tell.
    differing: tuple[Loss, ...]  #: The fields that it would overwrite.


def held_rows(
    world: World,
    run: Run,
    *,
    states: Collection[State],
    numbers: Collection[int] | None,
    doubt: Doubt = Doubt.ALL,
    overwrite: bool,
    policy: DeliveryPolicy,
) -> frozenset[int]:
    """The entries that are not to be sent, since somebody edited their opportunities.

    Those attempted more than twelve hours ago are read back first: one call for each opportunity.

    Raises:
        MigratorError: LeadSquared cannot be read; nothing was sent.
    """
    before = world.clock.wall() - LONG_AGO

    def attempted_long_ago() -> list[Attempted]:
        return world.ledger.choices.attempted_before(
            run, states, numbers, doubt=doubt, before=before
        )

    old = attempted_long_ago()
    if not old:
        return frozenset()
    _announce(world, run, old)
    settle_by_reading(world, run, policy=policy)
    old = attempted_long_ago()
    edited = world.run_to_end(_find_edited(world, run, old, policy)) if old else []
    if not edited or overwrite or _may_overwrite(world, edited):
        return frozenset()
    held = frozenset(item.attempted.entry.number for item in edited)
    world.ledger.choices.note_held(run, held, _TOLD)
    world.operator.say(
        f"{counted(len(held), 'row')} held: {_TOLD}. --overwrite sends them, or take them out "
        "of the sheet."
    )
    return held


def _announce(world: World, run: Run, old: Sequence[Attempted]) -> None:
    calls = len({item.entry.opportunity for item in old})
    seconds = calls / world.rate().per_second
    world.operator.say(
        f"{counted(len(old), 'row')} of run {run.id}, attempted more than 12 hours ago: what "
        f"LeadSquared holds now is read first, {counted(calls, 'call')}, about {duration(seconds)}"
    )


async def _find_edited(
    world: World, run: Run, old: Sequence[Attempted], policy: DeliveryPolicy
) -> list[Edited]:
    rows_of: dict[str, list[Attempted]] = {}
    for item in old:
        rows_of.setdefault(item.entry.opportunity, []).append(item)
    groups = list(rows_of.values())
    edited: list[Edited] = []
    async with dispatching(world, run, policy=policy) as dispatch:
        for start in range(0, len(groups), MOST_TOGETHER):
            together = groups[start : start + MOST_TOGETHER]
            found = await asyncio.gather(*(_edited_rows(dispatch, rows) for rows in together))
            edited += [item for items in found for item in items]
        if dispatch.error is not None:
            raise dispatch.error
    return edited


async def _edited_rows(dispatch: Dispatch, rows: Sequence[Attempted]) -> list[Edited]:
    """The rows of one opportunity that would overwrite what somebody wrote."""
    found = await dispatch.reader.details(rows[0].entry)
    if found is None:
        return []
    edited = (_edited(item, found) for item in rows)
    return [item for item in edited if item is not None]


def _edited(attempted: Attempted, found: Details) -> Edited | None:
    modified_on = meaning(found.values.get("ModifiedOn", ""))
    if not isinstance(modified_on, datetime):
        return None  # LeadSquared does not tell when: then an edit cannot be told from our own.
    known_since = datetime.fromtimestamp(attempted.since + CLOCKS_DIFFER, UTC)
    differing = tuple(
        Loss(field.schema_name, field.value, found.values.get(field.schema_name, ""))
        for field in attempted.entry.fields
        if not same_value(field.value, found.values.get(field.schema_name, ""))
    )
    if modified_on <= known_since or not differing:
        return None
    return Edited(
        attempted=attempted,
        modified_on=modified_on,
        modified_by=found.values.get("ModifiedBy", ""),
        differing=differing,
    )


def _may_overwrite(world: World, edited: Sequence[Edited]) -> bool:
    for item in edited[:SHOWN]:
        by = f" by user {item.modified_by}" if item.modified_by else ""
        fields = "; ".join(
            f'{field.schema_name} is now "{field.found}", the sheet says "{field.sent}"'
            for field in item.differing
        )
        world.operator.say(
            f"row {item.attempted.entry.row}: edited on {item.modified_on:%Y-%m-%d %H:%M:%S} UTC"
            f"{by}; {fields}"
        )
    rows = sorted(item.attempted.entry.row for item in edited)
    return world.operator.agrees(
        f"{counted(len(edited), 'row')} would overwrite what somebody edited in LeadSquared "
        f"since the attempt (rows {rows_text(rows[:20], len(rows))}).",
        "Overwrite it?",
    )
