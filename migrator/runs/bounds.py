"""What holds a run up or ends it early: a first row to be read back, the day's calls, --until.

Owns these sentences for the question before sending; the rules are the dispatcher's and the
quota's.
"""

from collections.abc import Iterator

from migrator.clock import local_time
from migrator.model import Proof, ProofKind, Run
from migrator.proving import SWITCHED
from migrator.runs.pricing import Price
from migrator.runs.world import World


def bounds(world: World, run: Run, *, price: Price, until: float | None) -> Iterator[str]:
    """What the operator should know before saying yes to what a plan costs."""
    proved = world.ledger.proofs.proved(run)
    for name in run.source.schema_names:
        if name in SWITCHED and Proof(name, ProofKind.WRITTEN) not in proved:
            yield (
                f"{name} is written only where LeadSquared's support has switched that on: the "
                "first row is read back before the second leaves"
            )
    if until is not None:
        seconds = max(0.0, until - world.clock.wall())
        before = price.reads_first + price.reads_of_canary
        fit = max(0, int(seconds * world.rate().per_second) - before)
        yield (
            f"no call leaves after {local_time(until)}: at the limit, "
            f"{min(fit, price.updates):,} of {price.updates:,} updates go before it"
        )
    if (day := price.day) is not None:
        left = max(0, day.limit - day.used)
        stops = "" if price.calls <= left else ": the run stops then, and `migrator resume` goes on"
        until_when = local_time(day.next_day)
        yield f"{left:,} of the day's {day.limit:,} calls left until {until_when}{stops}"
