"""How far a run gets before something that was set ends it: the day's calls, or --until.

Owns these sentences for the question before sending; what ends a run is the dispatcher's and the
quota's matter.
"""

from collections.abc import Iterator

from migrator.clock import local_time
from migrator.runs.world import World


def bounds(world: World, account: str, *, calls: int, until: float | None) -> Iterator[str]:
    """What the operator should know before saying yes to ``calls`` updates."""
    rate = world.settings.rate
    if until is not None:
        seconds = max(0.0, until - world.clock.wall())
        fit = min(calls, int(seconds * rate.per_second))
        yield (
            f"no call leaves after {local_time(until)}: at the limit, {fit:,} of {calls:,} "
            "updates go before it"
        )
    daily = world.settings.daily_limit
    if daily is not None:
        count = world.day_count(account)
        left = max(0, daily - count.today())
        stops = "" if calls <= left else ": the run stops then, and `migrator resume` goes on"
        yield (
            f"of the day's {daily:,} calls {left:,} are left until "
            f"{local_time(count.next_day())}{stops}"
        )
