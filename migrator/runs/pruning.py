"""`ledger prune`: cells and values of old runs are removed, their balance and digests stay.

Owns the order of the steps, and the refusal of what needs values that are gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.clock import local_time
from migrator.errors import LedgerError, UsageError
from migrator.ledger import Ledger
from migrator.ledger.pruning import OldRun
from migrator.model import Run


@dataclass(slots=True)
class Pruned:
    """What was removed, or in a dry run would be."""

    runs: list[OldRun] = field(default_factory=list)
    kept: list[OldRun] = field(default_factory=list)  #: With rows that are not settled yet.
    lookups: int = 0  #: Answers about leads.


def prunable(ledger: Ledger, *, before: float) -> Pruned:
    """What `prune` will remove of what ended before a wall time."""
    found = Pruned()
    for old in ledger.pruning.older_than(before):
        (found.kept if old.open_rows else found.runs).append(old)
    found.lookups = ledger.pruning.lookups_before(before)
    return found


def prune(ledger: Ledger, found: Pruned, *, before: float, at: float) -> Pruned:
    """Remove it, and what it left in the file's free pages; gives what was removed.

    Raises:
        LedgerError: Another process works on one of the runs, or uses the ledger. The others'
            cells and values are removed.
    """
    removed, refused = Pruned(lookups=found.lookups), None
    for old in found.runs:
        try:
            with ledger.locks.hold(old.run):
                was_pruned = ledger.pruning.prune(old.run, before=before, at=at)
        except LedgerError as error:
            refused = refused or error
            continue
        (removed.runs if was_pruned else removed.kept).append(old)
    ledger.pruning.forget_lookups(before)
    _compact(ledger)
    if refused is not None:
        raise refused
    return removed


def rewrite_if_owed(ledger: Ledger) -> bool:
    """Rewrite the file where an earlier pruning could not, unless a process works on a run.

    Gives whether it was rewritten.

    Raises:
        LedgerError: Another program uses the ledger, or there is no room.
    """
    if ledger.pruning.is_compact() or ledger.locks.anybody():
        return False
    _compact(ledger)
    return True


def _compact(ledger: Ledger) -> None:
    try:
        ledger.pruning.compact()
    except LedgerError as error:
        raise LedgerError(
            f"the cells and values are removed, but the file could not be rewritten: "
            f"{error.problem}; parts of them may still be read in it",
            where=error.where,
            advice="Make room or close other programs that have the ledger open, then type the "
            "same command again.",
        ) from error


def refuse_pruned(run: Run, what: str) -> None:
    """Do nothing if the run still has its cells and values.

    Args:
        run: The run.
        what: What needs them, for the message.

    Raises:
        UsageError: They were removed.
    """
    if run.pruned_at:
        raise UsageError(
            f"the cells and values of run {run.id} were removed by `migrator ledger prune` on "
            f"{local_time(run.pruned_at)}: {what}",
            advice="Its balance and its digests are there: `migrator status` shows the balance, "
            "and the same sheet typed again sends only what is not confirmed.",
        )


def kept_lines(kept: list[OldRun]) -> Iterator[str]:
    """Why old runs keep theirs."""
    for old in kept:
        yield (
            f"run {old.run.id} keeps its cells and values: {old.open_rows:,} of its rows are "
            f"planned or in doubt (`migrator resume {old.run.id}`)"
        )


def taken_up_lines(kept: list[OldRun]) -> Iterator[str]:
    """Why runs that were listed keep theirs all the same."""
    for old in kept:
        yield f"run {old.run.id} keeps its cells and values: it was worked on in the meantime"
