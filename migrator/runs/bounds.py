"""What holds a run up or ends it early: a first row to be read back, the day's calls, --until.

Owns these sentences for the question before sending; the rules are the dispatcher's and the
quota's.
"""

from collections.abc import Iterator

from migrator.clock import local_time
from migrator.model import Proof, ProofKind, Run
from migrator.proving import SWITCHED
from migrator.runs.world import World


def bounds(world: World, run: Run, *, calls: int, first: int, until: float | None) -> Iterator[str]:
    """What the operator should know before saying yes to ``calls`` updates, and ``first`` reads."""
    proved = world.ledger.proofs.proved(run)
    for name in run.source.schema_names:
        if name in SWITCHED and Proof(name, ProofKind.WRITTEN) not in proved:
            yield (
                f"{name} is written only where LeadSquared's support has switched that on: the "
                "first row is read back before the second leaves"
            )
    if until is not None:
        seconds = max(0.0, until - world.clock.wall())
        fit = min(calls, int(seconds * world.rate().per_second))
        yield (
            f"no call leaves after {local_time(until)}: at the limit, {fit:,} of {calls:,} "
            "updates go before it"
        )
    daily = world.settings.daily_limit
    if daily is not None:
        count = world.day_count(run.account)
        left = max(0, daily - count.today())
        stops = (
            "" if first + calls <= left else ": the run stops then, and `migrator resume` goes on"
        )
        until_when = local_time(count.next_day())
        yield f"{left:,} of the day's {daily:,} calls left until {until_when}{stops}"
