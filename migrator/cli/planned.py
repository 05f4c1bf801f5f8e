"""What is about to be sent, and what it costs: in words or as JSON.

Owns the wording; every figure comes from the plan and its price.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from migrator.clock import local_time
from migrator.redact import printable
from migrator.reports.text import balance_lines, duration, noun, reason_lines
from migrator.runs.pricing import Price
from migrator.runs.world import PlanSummary

WORTH_A_CLOCK: Final = 60.0  #: Seconds from which the end is told by the clock.
_SHARED: Final = (
    "The limit is shared by everything that uses the account (--share 0.8 leaves it a part), and "
    "LeadSquared's own automations may fire."
)


def summary_lines(summary: PlanSummary) -> Iterator[str]:
    """The plan, its notes, its price."""
    run = summary.run
    yield f"Run {run.id}: {printable(run.source.name)} with {printable(run.source.mapping_name)}"
    yield f"  account {run.account}"
    yield f"  ledger  {summary.ledger}"
    yield from balance_lines(summary.balance)
    if summary.rejected:
        yield "rejected rows, by reason:"
        yield from reason_lines(summary.rejected)
    yield from (f"note: {printable(note)}" for note in summary.notes)
    if summary.price.updates:
        yield from _price_lines(summary.price, run.id)


def _price_lines(price: Price, run_id: str) -> Iterator[str]:
    yield f"{price.updates:>9,}  {noun(price.updates, 'update')} to send"
    if first := price.reads_first:
        yield (
            f"{first:>9,}  {noun(first, 'read')} before them: `migrator undo {run_id}` can then "
            "write the old values back (--no-before-image: none)"
        )
    if canary := price.reads_of_canary:
        yield f"{canary:>9,}  {noun(canary, 'read')} of the canary, before the rest is sent"
    if after := price.reads_afterwards:
        asked = "as --verify asks" if price.verifies else "not counted here: --verify"
        yield f"{after:>9,}  {noun(after, 'read')} afterwards, to prove what arrived ({asked})"
    yield f"{price.calls:>9,}  = {noun(price.calls, 'call')} at {price.limit}: {_time(price)}."
    yield _SHARED


def _time(price: Price) -> str:
    told = f"about {duration(price.seconds)}"
    if price.seconds >= WORTH_A_CLOCK:
        told += f", until {local_time(price.ends_at)} if it begins now"
    if price.day is not None:
        told += f", {100 * price.calls / price.day.limit:.1f} % of a day's {price.day.limit:,}"
    return told


def summary_json(summary: PlanSummary) -> dict[str, Any]:
    """Notes and price for programs."""
    price = summary.price
    day = price.day
    return {
        "notes": list(summary.notes),
        "price": {
            "updates": price.updates,
            "reads_first": price.reads_first,
            "reads_of_canary": price.reads_of_canary,
            "reads_afterwards": price.reads_afterwards,
            "verifies": price.verifies,
            "calls": price.calls,
            "limit": price.limit,
            "seconds": round(price.seconds, 1),
            "ends_at": _timestamp(price.ends_at),
            "day": None
            if day is None
            else {
                "limit": day.limit,
                "used": day.used,
                "next_day": _timestamp(day.next_day),
                "part": price.calls / day.limit,
            },
        },
    }


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
