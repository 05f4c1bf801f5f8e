"""Reading one opportunity through the quota, as often as it takes to get an answer.

Owns read-backs and probes; what they prove is judged elsewhere.
"""

from migrator.dispatcher.telling import Telling
from migrator.dispatcher.traffic import Traffic
from migrator.errors import AccessError
from migrator.leadsquared import details_request, is_from_leadsquared, read_details
from migrator.model import Details, Entry, NoReply, Reading, Reply, Verdict
from migrator.ports import Client, Clock, Permit
from migrator.refusals import cure, settings_to_mend, told

MOST_READS = 5  #: Reads that bring no clear answer before it counts as none.
WAIT_BETWEEN_READS = 1.0  #: Seconds.


class Reader:
    """Reads opportunities; a rate answer costs no read, nor does what an outage cost."""

    def __init__(
        self,
        *,
        client: Client,
        clock: Clock,
        traffic: Traffic,
        telling: Telling,
    ) -> None:
        self._client, self._clock, self._traffic = client, clock, traffic
        self._telling = telling

    async def details(self, entry: Entry) -> Details | None:
        """The entry's opportunity; None when it cannot be read, or the run is stopping."""
        found = await self.read(entry)
        return found if isinstance(found, Details) else None

    async def read(self, entry: Entry) -> Details | Reading | None:
        """The entry's opportunity, or LeadSquared's refusal of this very read.

        None when neither came, or the run is stopping.
        """
        reads, outages = 0, self._traffic.outages
        while True:
            if reads >= MOST_READS:
                if not await self._traffic.was_down(since=outages):
                    return None
                reads, outages = 0, self._traffic.outages
            permit = await self._traffic.permit()
            if permit is None:
                return None
            sent_at = self._clock.monotonic()
            found = read_details(await self.reply(entry, permit))
            if isinstance(found, Details):
                self._traffic.answered(sent_at=sent_at, update=False)
                return found
            match found.verdict:
                case Verdict.RATE:
                    self._traffic.rate_limited(found, sent_at=sent_at, update=False)
                    continue
                case Verdict.ACCESS:
                    self._traffic.stop(access_refused(found))
                    return None
                case Verdict.REFUSED | Verdict.NOT_PERMITTED:
                    self._traffic.answered(sent_at=sent_at, update=False)
                    return found
                case _:
                    self._traffic.faulted(entry, found.message, sent_at=sent_at, update=False)
            reads += 1
            await self._traffic.wait(WAIT_BETWEEN_READS)

    async def reply(self, entry: Entry, permit: Permit) -> Reply | NoReply:
        """One read with one permit, as it came."""
        request = details_request(entry.guid or entry.opportunity_id)
        if not self._telling.is_heard:
            return await self._client.call(request, permit)
        call, began = request.path.rpartition("/")[2], self._clock.monotonic()
        self._telling.read_sent(entry, call)
        reply = await self._client.call(request, permit)
        found, seconds = read_details(reply), self._clock.monotonic() - began
        reading = None if isinstance(found, Details) else found
        self._telling.read_answered(entry, call, reading, seconds=seconds)
        return reply

    async def is_answering(self, entry: Entry, permit: Permit) -> bool:
        """Whether LeadSquared answers at all, whatever it says of the opportunity."""
        return not await self.trouble(entry, permit)

    async def trouble(self, entry: Entry, permit: Permit) -> str:
        """What came instead of LeadSquared's answer to one read; "" where that came."""
        sent_at = self._clock.monotonic()
        reply = await self.reply(entry, permit)
        self._traffic.heard(sent_at=sent_at, update=False)
        if is_from_leadsquared(reply):
            return ""
        found = read_details(reply)
        return (isinstance(found, Reading) and found.message) or "no answer"


def access_refused(reading: Reading) -> AccessError:
    """The run's error for an answer that refuses access."""
    return AccessError(
        f"LeadSquared refuses access ({told(reading)})",
        where=settings_to_mend(reading),
        advice=f"{cure(reading)} Then run `migrator resume`: no row was blamed for it.",
    )
