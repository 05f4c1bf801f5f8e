"""Which failed rows `retry` takes up, where a person names reasons.

Owns what is said when a reason fits none; the matching is the ledger's. It changes nothing.
"""

from collections.abc import Collection, Sequence
from typing import Final

from migrator.errors import UsageError
from migrator.ledger import Ledger
from migrator.model import Run, State
from migrator.redact import printable

REASONS_LISTED: Final = 10


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
