"""A 403, 404 or 405 that is not LeadSquared's: does it speak of the row, or is this the wrong host?

Owns that question (DESIGN section 4, "404"): it is settled by reading the row's opportunity.
"""

import asyncio
from typing import Final

from migrator.dispatcher.policy import DeliveryPolicy
from migrator.dispatcher.reading import Reader
from migrator.dispatcher.traffic import Traffic
from migrator.errors import AccessError
from migrator.model import Entry, Reading
from migrator.ports import Clock

VOUCHED_SECONDS: Final = 60.0  #: How long one answer of LeadSquared's serves for all rows.


class ForeignAnswers:
    """Judges foreign answers, one at a time; the others wait for the same judgement."""

    def __init__(
        self, *, reader: Reader, traffic: Traffic, clock: Clock, policy: DeliveryPolicy
    ) -> None:
        self._reader, self._traffic, self._clock = reader, traffic, clock
        self._most = policy.foreign_answers
        self._lock = asyncio.Lock()
        self._vouched_at: float | None = None
        self._in_a_row: dict[int, Entry] = {}

    def other_answer(self) -> None:
        """An answer of another kind came in between."""
        self._in_a_row.clear()

    async def speaks_of_row(self, entry: Entry, reading: Reading) -> tuple[bool, list[Entry]]:
        """Whether the row failed; else the run is stopping.

        Returns:
            Whether the row failed, and the entries that failed before it for the same reason and
            are to be planned again, since it was the host after all.
        """
        async with self._lock:
            self._in_a_row[entry.number] = entry
            if len(self._in_a_row) >= self._most:
                self._traffic.stop(_wrong_host(reading))
                return False, [old for old in self._in_a_row.values() if old is not entry]
            now = self._clock.monotonic()
            if self._vouched_at is not None and now - self._vouched_at < VOUCHED_SECONDS:
                return True, []
            permit = await self._traffic.permit()
            if permit is None:
                return False, []
            if await self._reader.is_answering(entry, permit):
                self._vouched_at = self._clock.monotonic()
                return True, []
            self._traffic.stop(_wrong_host(reading))
            return False, []


def _wrong_host(reading: Reading) -> AccessError:
    return AccessError(
        f"the answers do not come from LeadSquared ({reading.message})",
        where="LSQ_API_HOST",
        advice="Check the host, and whether a proxy, a firewall or a login page stands in between "
        "(open the host in a browser); then run `migrator resume`. The rows it concerns are "
        "planned again.",
    )
