"""Before-images: what LeadSquared holds is kept before a run's first change, for an undo.

Owns when they are read and what is asked where they cannot be. It sends no update.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile

from migrator.dispatcher import DeliveryPolicy
from migrator.model import Run
from migrator.reports.text import counted
from migrator.runs.current import Values, bulk_calls, read_current
from migrator.runs.reading import CallRefusedError
from migrator.runs.world import World, require_consent


def calls_of_images(world: World, run: Run, *, updates: int) -> int:
    """How many calls read them before so many updates."""
    if not run.keeps_images:
        return 0
    return bulk_calls(min(updates, len(world.ledger.images.wanted(run, None))))


def told_of_images(world: World, run: Run) -> Iterator[str]:
    """What the operator should know of the before-images of a plan, before saying yes."""
    nameless = world.ledger.images.nameless(run) if run.keeps_images else 0
    if nameless:
        yield (
            f"{counted(nameless, 'row')} named by an AutoId whose GUID is not known yet: no "
            f"before-image of {'it' if nameless == 1 else 'them'}, and no undo"
        )


def keep_before_images(
    world: World, run: Run, *, policy: DeliveryPolicy, chosen: Collection[int] | None
) -> None:
    """Read what the run is about to change; what is kept already is not read again.

    Args:
        world: Where.
        run: A sealed run.
        policy: Whether any are wanted: if not, none are kept for this run from now on. After its
            ``until`` no call leaves; what is left is read by the next command. How long an outage
            is waited out.
        chosen: The entries that are about to be sent; None: all.

    Raises:
        UsageError: The account refuses bulk reads, and nobody said that none are wanted.
        TargetError: LeadSquared does not answer, or lists fewer opportunities than there are.
    """
    images = world.ledger.images
    if run.keeps_images and not policy.before_images:
        images.decline(run)
        return
    wanted = images.wanted(run, chosen) if run.keeps_images else []
    if not wanted:
        return
    world.operator.say(
        f"reading the before-images of {counted(len(wanted), 'opportunity')}: "
        f"{counted(bulk_calls(len(wanted)), 'call')}"
    )

    def is_in_time(_: str) -> bool:
        return policy.until is None or world.clock.wall() < policy.until

    def take(page: Sequence[str], found: Mapping[str, Values]) -> None:
        images.keep(run, {guid: found.get(guid) for guid in page}, at=world.clock.wall())

    try:
        read_current(
            world,
            run,
            takewhile(is_in_time, wanted),
            take,
            total=len(wanted),
            longest_outage=policy.longest_outage,
            until=policy.until,
        )
    except CallRefusedError as error:
        _go_without(world, run, error)
    world.operator.close()


def _go_without(world: World, run: Run, error: CallRefusedError) -> None:
    statement = (
        f"the account refuses the bulk read of before-images ({error.problem}): what run {run.id} "
        "changes could not be undone"
    )
    require_consent(
        world.operator,
        statement,
        "Send all the same?",
        advice="Nothing was sent. --no-before-image sends without them; or ask LeadSquared's "
        "support why this user may not call GetOpportunitiesById.",
    )
    world.ledger.images.decline(run)
