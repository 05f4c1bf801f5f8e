"""Which rows a command speaks of: the first N, those that are named, those that failed so.

Owns what is said when nothing fits; the matching is the ledger's. It changes nothing.
"""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Final, TypeVar

from migrator.errors import UsageError
from migrator.ledger import Ledger
from migrator.model import Run, State
from migrator.redact import printable
from migrator.reports.text import counted
from migrator.runs.world import World

REASONS_LISTED: Final = 10
MERGED_LISTED: Final = 5

RowRanges = Sequence[tuple[int, int]]

T = TypeVar("T")


def spread(items: Sequence[T], count: int) -> Sequence[T]:
    """``count`` of them, evenly spread, the first and the last among them; all where fewer.

    >>> spread("abcdefg", 3), spread("ab", 3)
    (['a', 'd', 'g'], 'ab')
    """
    if count >= len(items):
        return items
    last = len(items) - 1
    return [items[round(place * last / max(1, count - 1))] for place in range(count)]


def failed_for(
    ledger: Ledger, run: Run, reasons: Sequence[str], numbers: Collection[int] | None
) -> list[int]:
    """The failed entries, of all or of those named, that failed for one of the reasons.

    Raises:
        UsageError: One of the reasons fits none; the run's reasons are listed.
    """
    for reason in reasons:
        if not ledger.choices.failed_for(run, [reason], numbers):
            named = "of the rows that --rows names " if numbers is not None else ""
            raise UsageError(
                f'none {named}in run {run.id} failed for the reason "{printable(reason)}"',
                advice=_known_reasons(ledger, run),
            )
    return ledger.choices.failed_for(run, reasons, numbers)


def _known_reasons(ledger: Ledger, run: Run) -> str:
    reasons = ledger.records.reasons(run, (State.FAILED,))
    if not reasons:
        return "No row of the run has failed: there is nothing to retry."
    lines = ["Give an exception's whole name, or a part of a message. The run's reasons are:"]
    for reason in reasons[:REASONS_LISTED]:
        title = f"{reason.title}: " if reason.title else ""
        lines.append(f"{reason.count:>9,}  {title}{printable(reason.text)}")
    if len(reasons) > REASONS_LISTED:
        lines.append(f"and {len(reasons) - REASONS_LISTED} more; `migrator status` shows the rows.")
    return "\n".join(lines)


def numbers_of(world: World, run: Run, rows: RowRanges | None) -> list[int] | None:
    """The entries of the rows that are named; None when none are.

    Raises:
        UsageError: The run has none of them.
    """
    if rows is None:
        return None
    numbers = world.ledger.choices.numbers_of_rows(run, rows)
    if not numbers:
        raise UsageError(
            f"run {run.id} has none of the rows that --rows names",
            advice="Rows are numbered as Excel shows them, the header included: the first row of "
            "data is usually 2.",
        )
    return numbers


def say_carriers(world: World, run: Run, rows: RowRanges | None) -> None:
    """Say which rows are chosen in the place of merged ones."""
    told = [
        f"{row} with row {carrier}"
        for row, carrier in islice(world.ledger.choices.carried(run, rows or ()), MERGED_LISTED + 1)
    ]
    if told:
        more = "; …" if len(told) > MERGED_LISTED else ""
        world.operator.say(
            "merged rows go with the row that carries their values: row "
            f"{'; row '.join(told[:MERGED_LISTED])}{more}"
        )


def chosen_rows(
    world: World, run: Run, *, limit: int | None, rows: RowRanges | None
) -> Collection[int] | None:
    """The entries that ``--limit`` or ``--rows`` choose, and what goes along; None: all."""
    choices = world.ledger.choices
    if rows is not None:
        numbers = numbers_of(world, run, rows) or []
        say_carriers(world, run, rows)
    elif limit is not None:
        numbers = choices.first_numbers(run, limit)
    else:
        return None
    chosen = choices.with_earlier(run, numbers)
    taken_along = len(chosen - set(numbers))
    if taken_along:
        world.operator.say(
            f"{counted(taken_along, 'earlier row')} of the same opportunities included: "
            "their order is kept"
        )
    return chosen
