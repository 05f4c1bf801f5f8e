"""Before-images: what a run is about to change is read first, so that it can be undone.

Owns when they are read and what is said where that is not possible. The pages are read by
`migrator.runs.current`, and kept by the ledger, each durable at once.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from migrator.dispatcher import DeliveryPolicy
from migrator.errors import UsageError
from migrator.leadsquared_bulk import MOST_IDS
from migrator.model import Run
from migrator.reports.text import counted
from migrator.runs.current import Values, Wanted, read_current
from migrator.runs.reading import CallRefusedError
from migrator.runs.world import World


def calls_before(world: World, run: Run, policy: DeliveryPolicy, *, rows: int) -> int:
    """How many calls read the before-images of at most so many rows."""
    if not _are_kept(world, run, policy):
        return 0
    known, _ = world.ledger.images.left(run)
    return -(-min(known, rows) // MOST_IDS)


def calls_in_words(calls: int) -> str:
    """The sentence for the question before sending."""
    return (
        f"before-images: {counted(calls, 'call')} first, so that `migrator undo` can write the old "
        "values back"
    )


def keep_before_images(
    world: World, run: Run, policy: DeliveryPolicy, chosen: Collection[int] | None
) -> None:
    """Read what the planned entries, or the ``chosen`` ones, are about to change.

    An opportunity that this run has looked at, or written to, is not read again.

    Raises:
        UsageError: The account refuses bulk reads, and nobody said that the run goes without.
        TargetError: LeadSquared does not answer, or lists fewer opportunities than there are.
        AccessError: The keys are refused.
        AllowanceError: The day's calls are spent.
    """
    images = world.ledger.images
    if not policy.before_images:
        images.give_up(run)
    if not _are_kept(world, run, policy):
        return
    known, unknown = images.left(run)
    if unknown:
        world.operator.say(
            f"{counted(unknown, 'opportunity')} of which only the AutoId is known: "
            "no before-image, `migrator undo` cannot take these back"
        )
    if not known or next(images.unread(run, chosen), None) is None:
        return
    try:
        _read(world, run, policy, chosen, known)
    except CallRefusedError as error:
        _go_without(world, run, error)


def _are_kept(world: World, run: Run, policy: DeliveryPolicy) -> bool:
    return (
        policy.before_images
        and bool(run.source.schema_names)
        and world.ledger.images.is_wanted(run)
    )


def _read(
    world: World, run: Run, policy: DeliveryPolicy, chosen: Collection[int] | None, known: int
) -> None:
    images, clock = world.ledger.images, world.clock

    def names() -> Iterator[str]:
        for name in images.unread(run, chosen):
            if policy.until is not None and clock.wall() >= policy.until:
                return  # no call after that time; what is left is read by the next command
            yield name

    def keep(page: Sequence[str], found: Mapping[str, Values]) -> None:
        images.keep(run, page, found, at=clock.wall())

    wanted = Wanted(
        account=run.account,
        event_code=run.source.event_code,
        schema_names=run.source.schema_names,
        total=known if chosen is None else min(known, len(chosen)),
    )
    read_current(world, wanted, names(), keep)


def _go_without(world: World, run: Run, error: CallRefusedError) -> None:
    statement = f"{error.problem}: without before-images, `migrator undo` can take nothing back"
    if not world.operator.agrees(f"{statement}.", "Send without them?"):
        raise UsageError(
            statement,
            where=error.where,
            advice="Nothing was sent. Say that the run goes without them: the same command with "
            "--no-before-image; or ask LeadSquared's support for the right to read opportunities "
            "in bulk.",
        ) from error
    world.ledger.images.give_up(run)
