"""What LeadSquared holds now of many opportunities: in bulk pages, or one by one where it must be.

Owns how many pages are under way, the one-by-one fallback, and the distrust of a short list. Every
call draws from the account's one quota. It compares nothing and writes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from migrator.errors import AccessError, TargetError
from migrator.leadsquared import details_request, read_details
from migrator.leadsquared_bulk import MOST_IDS, BulkPage, bulk_request, read_bulk
from migrator.model import Details, NoReply, Reading, Reply, Request, Run, Verdict
from migrator.reports.text import counted, duration
from migrator.runs.delivering import interruptible
from migrator.runs.reading import Asking, CallRefusedError
from migrator.runs.world import Link

PAGES_TOGETHER: Final = 4  #: Under way at once: at a second per call still at the account's limit.
DETAILS_TOGETHER: Final = 16
MISSING_LOOKED_AT: Final = 3
"""Opportunities that a bulk read does not list and that are asked for one by one, to tell unknown
ones from a short list."""

Values = Mapping[str, str]  #: SchemaName to value as the CRM writes it.
Take = Callable[[Sequence[str], Mapping[str, Values]], None]
"""Is handed the names of a page, and what was found of them; the rest LeadSquared does not know."""


def read_current(
    link: Link,
    run: Run,
    names: Iterable[str],
    take: Take,
    *,
    total: int,
    in_bulk: bool = True,
    longest_outage: float = 0.0,
    until: float | None = None,
) -> int:
    """Read a run's fields of many opportunities; gives how many calls were made.

    Args:
        link: A `World` will do.
        run: Its account, opportunity type and fields.
        names: GUIDs; with ``in_bulk`` off AutoIds, too. Each once.
        total: How many they are, for the progress.
        take: Called for each page, in the order of the answers.
        in_bulk: Off: one call for each opportunity.
        longest_outage: Seconds for which an outage is waited out; 0.0: three tries of each call.
        until: Wall time after which an outage is waited for no longer.

    Raises:
        CallRefusedError: The account refuses bulk reads; nothing was taken.
        TargetError: LeadSquared does not answer, or lists fewer opportunities than there are.
        AccessError: The keys are refused.
        AllowanceError: The day's calls are spent, or the account refuses every call.
        BrakeError: It is past ``until``, and nothing answers.
        InterruptError: Ctrl-C or a shutdown signal came.
    """

    async def read() -> int:
        async with link.connected(run.account) as (client, quota):
            asking = Asking(link, client, quota, longest_outage=longest_outage, until=until)
            await _Reading(asking, run, take, total=total).read(names, in_bulk=in_bulk)
        return len(asking.made)

    return link.run_to_end(interruptible(read()))


def bulk_calls(count: int) -> int:
    """How many calls read so many opportunities where the account answers bulk reads."""
    return -(-count // MOST_IDS)


def may_read_one_by_one(link: Link, error: CallRefusedError, count: int) -> bool:
    """Say that bulk reads are refused and what reading one by one takes, and ask.

    Raises:
        UsageError: Nobody can be asked.
    """
    link.operator.say(f"the account refuses bulk reads: {error.problem}")
    return may_read_singly(link, f"{counted(count, 'opportunity')} to be read one by one", count)


def may_read_singly(link: Link, what: str, count: int) -> bool:
    """Say what is read with a call each and what that takes, and ask.

    Raises:
        UsageError: Nobody can be asked.
    """
    seconds = duration(count / link.rate().per_second)
    price = f"{counted(count, 'call')}, about {seconds} at the account's limit"
    return link.operator.permits([f"{what}: {price}"], "Read them?")


class _Reading:
    """One reading of many opportunities."""

    def __init__(self, asking: Asking, run: Run, take: Take, *, total: int) -> None:
        self._asking, self._take, self._total = asking, take, total
        self._event_code = run.source.event_code
        self._names = run.source.schema_names
        self._done = 0
        self._missing: list[str] = []  # the first few

    async def read(self, names: Iterable[str], *, in_bulk: bool) -> None:
        if not in_bulk:
            each = ([name] for name in names)
            await self._together(each, self._one, most=DETAILS_TOGETHER)
            return
        pages = _pages(names)
        first = next(pages, None)
        if first is None:
            return
        await self._page(first)  # alone: it tells whether the account answers bulk reads at all
        await self._together(pages, self._page, most=PAGES_TOGETHER)
        await self._refuse_a_short_list()

    async def _together(
        self,
        pages: Iterator[list[str]],
        read: Callable[[list[str]], Awaitable[None]],
        *,
        most: int,
    ) -> None:
        """Read pages, ``most`` of them at once; an error comes out as it is, not in a group."""

        async def work() -> None:
            for page in pages:
                await read(page)

        workers = [asyncio.ensure_future(work()) for _ in range(most)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)

    async def _page(self, guids: list[str]) -> None:
        request = bulk_request(self._event_code, guids, self._names)
        if self._done:
            page = await self._later_page(request)
        else:
            page = await self._first_page(request, guids[0])
        found = {guid: page.found[guid] for guid in guids if guid in page.found}
        if len(self._missing) < MISSING_LOOKED_AT:
            self._missing += [guid for guid in guids if guid not in found]
        self._tell(guids, found)

    async def _first_page(self, request: Request, guid: str) -> BulkPage:
        """As any; it tells whether the account answers bulk reads at all.

        Where nobody of LeadSquared's answers, one of the opportunities is asked for by itself: if
        that is answered, only the bulk read is not there.
        """
        try:
            return await self._asking.ask(request, _without_permission)
        except AccessError as error:
            found = read_details(await self._asking.once(details_request(guid)))
            if isinstance(found, Reading) and found.verdict is not Verdict.REFUSED:
                raise  # the keys, or the host
            raise CallRefusedError(
                f"GetOpportunitiesById: {error.problem}", where=error.where, advice=error.advice
            ) from error

    async def _later_page(self, request: Request) -> BulkPage:
        """One that is refused, after others were answered, is no account without bulk reads."""
        try:
            return await self._asking.ask(request, read_bulk)
        except CallRefusedError as error:
            raise TargetError(error.problem, where=error.where, advice=error.advice) from error

    async def _one(self, names: list[str]) -> None:
        details = await self._details(names[0])
        self._tell(names, {} if details is None else {names[0]: details.values})

    async def _details(self, name: str) -> Details | None:
        try:
            return await self._asking.ask(details_request(name), read_details)
        except CallRefusedError:  # how LeadSquared answers for an unknown opportunity: seen
            return None

    def _tell(self, names: Sequence[str], found: Mapping[str, Values]) -> None:
        self._take(names, {name: self._wanted(values) for name, values in found.items()})
        self._done += len(names)
        operator = self._asking.link.operator
        operator.advance(self._done, self._total, thing="opportunity", state="reading")

    def _wanted(self, values: Values) -> Values:
        return {name: values[name] for name in self._names if name in values}

    async def _refuse_a_short_list(self) -> None:
        """Unknown ids are absent from a bulk read (a guess): a few are asked for one by one."""
        for guid in self._missing[:MISSING_LOOKED_AT]:
            if await self._details(guid) is not None:
                raise TargetError(
                    f"the bulk read does not list the opportunity {guid}, which LeadSquared has",
                    advice="Nothing was sent: a list that is too short proves nothing. Run the "
                    "same command again; if it comes again, ask LeadSquared's support about "
                    "GetOpportunitiesById.",
                )


def _without_permission(reply: Reply | NoReply) -> BulkPage | Reading:
    """As `read_bulk`; what this user may not do refuses this very call, not the keys."""
    found = read_bulk(reply)
    if isinstance(found, Reading) and found.verdict is Verdict.NOT_PERMITTED:
        return replace(found, verdict=Verdict.REFUSED)
    return found


def _pages(names: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(names)
    while page := list(islice(iterator, MOST_IDS)):
        yield page
