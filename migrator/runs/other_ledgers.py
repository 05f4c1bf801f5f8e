"""Other ledgers of this user: none is sent from that knows less than another of what was sent.

Owns the two questions, and what is said; the ledgers' places are `migrator.ledger.known`'s.
"""

from typing import Final

from migrator.clock import local_time
from migrator.model import Run
from migrator.reports.text import counted
from migrator.runs.world import World, require_consent

_QUESTION: Final = "Send with this ledger all the same?"


def refuse_a_second_ledger(world: World, account: str, name: str) -> None:
    """Ask before a ledger that knows nothing sends what another one has sent already.

    Raises:
        UsageError: Another ledger knows the source, and nobody said that this one is meant.
    """
    ledger = world.ledger
    if any(run.account == account and run.source.name == name for run in ledger.records.runs()):
        return
    others = world.known_ledgers.others_that_know(ledger.path, account=account, source_name=name)
    other = next(others, None)
    if other is None:
        return
    statement = (
        f"{other.ledger} holds run {other.id} of {name} for this account, begun "
        f"{local_time(other.created_at)}: {other.succeeded:,} of {counted(other.rows_read, 'row')} "
        f"succeeded. The ledger {ledger.path} knows nothing of that: every row and every note "
        "would be sent again"
    )
    require_consent(
        world.operator,
        statement,
        _QUESTION,
        advice=f"Use the other one: --ledger {other.ledger}. Or say that this one is meant: "
        "--new-ledger. Nothing was sent.",
    )


def refuse_a_copy_behind(world: World, run: Run) -> None:
    """Ask before a copy of a ledger sends rows that the other copy has sent already.

    Raises:
        UsageError: A copy knows more calls of the run, and nobody said to go on all the same.
    """
    ledger, known = world.ledger, world.known_ledgers
    known.remember(ledger.path)
    calls = ledger.records.balance(run).calls
    copy = next(known.copies_ahead(ledger.path, ledger.tag, run.number, calls=calls), None)
    if copy is None:
        return
    statement = (
        f"{copy.ledger} is a copy of this ledger, or this one of it, and has sent "
        f"{counted(copy.calls - calls, 'call')} more of run {run.id}: this one knows nothing of "
        "them, and would send their rows and notes again"
    )
    require_consent(
        world.operator,
        statement,
        _QUESTION,
        advice=f"Use the other one: --ledger {copy.ledger}. Or remove it, if this is right. "
        "Nothing was sent.",
    )
