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


def prune(ledger: Ledger, found: Pruned, *, before: float, at: float) -> None:
    """Remove it, and what it left in the file's free pages.

    Raises:
        LedgerError: Another process works on one of the runs, or uses the ledger.
    """
    for old in found.runs:
        with ledger.locks.hold(old.run):
            ledger.pruning.prune(old.run, at=at)
    ledger.pruning.forget_lookups(before)
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
