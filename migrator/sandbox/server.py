"""The sandbox as a server: keys, limit, latency and faults around the account's endpoints.

Owns sockets, clocks and the order in which a call meets what may happen to it: out of service,
path and verb, keys, limit, fault, think time, the endpoint, the log, think time, the answer.
It decides nothing about opportunities. It listens on 127.0.0.1 only.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from migrator.sandbox import control
from migrator.sandbox.account import ENDPOINTS
from migrator.sandbox.answers import (
    Answer,
    foreign,
    marked,
    over_the_limit,
    refused_by_a_limit,
    unauthorised,
)
from migrator.sandbox.calls import Account, Call, Done, Endpoint, understood
from migrator.sandbox.faults import (
    RATE_ANSWERS,
    Ending,
    ScriptedFault,
    Strike,
    draw,
    next_scripted,
    struck,
)
from migrator.sandbox.limits import DayCount, Judge, judge_for
from migrator.sandbox.log import Record, RequestLog, Stats, Traffic
from migrator.sandbox.options import LIMIT_SETTINGS, SandboxOptions, changed
from migrator.sandbox.state import Opportunities, Opportunity, Seed, Stamp, time_text
from migrator.sandbox.update import Glimpse
from migrator.sandbox.users import SANDBOX_USER, SOMEBODY_ELSE

_MOST_BODY_BYTES: Final = 16 * 2**20
_LONGEST_SHUTDOWN: Final = 0.2  #: Seconds until calls under way are given up.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    seq: int
    wall: float
    monotonic: float
    method: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    """What is decided about a call; all that is left is to wait and to send."""

    done: Done
    ending: Ending = Ending.ANSWER


class Sandbox:
    """An imitation of one LeadSquared account on a loopback port.

    An asynchronous context manager: it serves from entry to exit.

    Args:
        options: How it behaves.
        monotonic: The clock of limits, records and lags; in seconds.
        wall: The clock of dates and of the daily limit; in seconds since 1970.

    Attributes:
        opportunities: What the account holds, as it truly is.
        script: Scripted faults that are still to strike.
    """

    def __init__(
        self,
        options: SandboxOptions | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        options = options or SandboxOptions()
        self.opportunities = Opportunities(
            options.seeds,
            options.unknown,
            types=[one.code for one in options.declared_types],
            born=Stamp(on=time_text(wall()), by=SANDBOX_USER.id),
        )
        self.script: list[ScriptedFault] = []
        self._account = Account(options=options, opportunities=self.opportunities)
        self._monotonic, self._wall = monotonic, wall
        self._started = monotonic()
        self._judge = self._new_judge()
        self._traffic = Traffic(options.window)
        self._today, self._refused_by_the_day = DayCount(), 0
        self._log = RequestLog(options.log_file, kept=options.log_kept)
        self._arrivals, self._under_way = 0, 0
        self._calls_for: dict[str, int] = {}
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    # -------------------------------------------------------------- for tests and the command

    @property
    def options(self) -> SandboxOptions:
        """How it behaves now."""
        return self._account.options

    @property
    def host_port(self) -> str:
        """Where it is reached, such as ``127.0.0.1:8080``."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The same with ``http://``; what LSQ_API_HOST takes."""
        return f"http://{self.host_port}"

    @property
    def log(self) -> tuple[Record, ...]:
        """The records in memory, in order of decision."""
        return self._log.records

    @property
    def stats(self) -> Stats:
        """The traffic so far in figures."""
        return replace(
            self._traffic.stats(),
            daily=self.options.daily,
            today=self._today.at(self._wall()),
            refused_by_the_day=self._refused_by_the_day,
        )

    def change(self, **changes: Any) -> None:
        """Change settings while it runs; a new limit begins with an empty memory.

        Raises:
            ValueError: A name cannot be changed, or a value does not fit.
        """
        before = self.options
        self._account.options = changed(before, changes)
        if "unknown" in changes:
            self.opportunities.unknown = {text.lower() for text in self.options.unknown}
        if LIMIT_SETTINGS & changes.keys():
            self._judge = self._new_judge()
            if self.options.window != before.window:
                self._traffic = Traffic(self.options.window)

    def strike_next(
        self,
        fault: str,
        *,
        times: int = 1,
        opportunity: str = "",
        path: str = "",
        applied: bool | None = None,
    ) -> None:
        """Let the next calls, of one opportunity or path if named, meet a fault.

        Raises:
            ValueError: There is no such fault.
        """
        self.script.append(
            ScriptedFault(
                name=fault, times=times, opportunity=opportunity, path=path, applied=applied
            )
        )

    def end_faults(self) -> None:
        """From now on nothing goes wrong on purpose: neither by chance nor by script."""
        self.script.clear()
        self.change(faults={})

    def mend(self, seed: Seed) -> Opportunity:
        """Let an opportunity exist and be safe from lasting faults; as somebody else edits it.

        Raises:
            ValueError: The account has no such opportunity type.
        """
        return self.opportunities.mend(
            seed,
            now=self._monotonic(),
            stamp=Stamp(on=time_text(self._wall()), by=SOMEBODY_ELSE),
            index_lag=self.options.index_lag,
        )

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=_MOST_BODY_BYTES)
        control.add_routes(application, self)
        application.router.add_route("*", "/{path:.*}", self._receive)
        # No access log: its lines would hold the query, and so the keys.
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=_LONGEST_SHUTDOWN
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.options.port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        self._log.close()

    # -------------------------------------------------------------- one request

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        await self._be_under_way()
        arrival = self._arrive(request)
        early = self._stopped_early(request, arrival)
        body = await request.read()
        endpoint = ENDPOINTS.get(arrival.path)
        call, speaks_of = None, Glimpse()
        if endpoint is not None and endpoint.method == arrival.method:
            call = understood(
                endpoint,
                query=request.query,
                body=body,
                content_type=request.headers.get("Content-Type", ""),
                now=arrival.monotonic,
                wall=arrival.wall,
                host=self.host_port,
            )
            speaks_of = endpoint.speaks_of(call)
        if early is not None or endpoint is None or call is None:
            fate = _Fate(done=Done(answer=early or foreign(404)))
            self._record(arrival, speaks_of, fate, strike=None)
            return self._response(fate.done.answer)
        return await self._serve(request, arrival, endpoint, call, speaks_of)

    async def _be_under_way(self) -> None:
        """What a slow or uneven up-link does: the call is sent, and not here yet."""
        low, high = self.options.uplink
        if high > 0:
            self._under_way += 1
            drawn = draw(self.options.seed, "uplink", self._under_way)
            await _pause(low + (high - low) * drawn)

    def _arrive(self, request: web.Request) -> _Arrival:
        self._arrivals += 1
        return _Arrival(
            seq=self._arrivals,
            wall=self._wall(),
            monotonic=self._monotonic(),
            method=request.method,
            path=request.path,
        )

    def _stopped_early(self, request: web.Request, arrival: _Arrival) -> Answer | None:
        """The answer of a call that does not get as far as its endpoint."""
        if self.options.down:
            return foreign(503)
        endpoint = ENDPOINTS.get(arrival.path)
        if endpoint is None:
            return foreign(404)
        if endpoint.method != arrival.method:
            return foreign(405)
        return self._without_access(request, endpoint) or self._over_the_limit(arrival)

    def _without_access(self, request: web.Request, endpoint: Endpoint) -> Answer | None:
        options, query, headers = self.options, request.query, request.headers
        access = query.get("accessKey") or headers.get("x-LSQ-AccessKey")
        secret = query.get("secretKey") or headers.get("x-LSQ-SecretKey")
        if (access, secret) != (options.access_key, options.secret_key):
            return unauthorised("Invalid Access Details: access key or secret key is not valid.")
        if options.deactivated:
            return unauthorised("Invalid Access Details: the user is not active.")
        if options.wrong_region and not endpoint.any_region:
            return unauthorised(
                f"Invalid host. Use the API host of your region: {options.wrong_region}"
            )
        return None

    def _over_the_limit(self, arrival: _Arrival) -> Answer | None:
        options, now = self.options, arrival.monotonic
        if options.daily is not None and self._today.at(arrival.wall) >= options.daily:
            self._traffic.arrived(now, admitted=False)
            self._refused_by_the_day += 1
            return refused_by_a_limit(
                options.daily_message.replace("{limit}", str(options.daily)),
                status=options.disguise,
                retry_after=options.retry_after,
            )
        admitted = self._judge.admit(now - self._started)
        self._traffic.arrived(now, admitted=admitted)
        if admitted:
            self._today.add(arrival.wall)
            return None
        return over_the_limit(
            options.limit,
            options.window,
            status=options.disguise,
            retry_after=options.retry_after,
        )

    async def _serve(
        self,
        request: web.Request,
        arrival: _Arrival,
        endpoint: Endpoint,
        call: Call,
        speaks_of: Glimpse,
    ) -> web.StreamResponse:
        strike = self._strike(arrival, endpoint, speaks_of.opportunity)
        before, after = self._latency(arrival.seq)
        await _pause(before)
        fate = self._decide(endpoint, call, speaks_of, strike)
        self._record(arrival, speaks_of, fate, strike)
        if fate.ending is Ending.SILENCE:
            await self._silence()
        await _pause(after)
        if fate.ending is not Ending.ANSWER:
            _hang_up(request, rudely=arrival.seq % 2 == 0)
        return self._response(fate.done.answer)

    def _strike(self, arrival: _Arrival, endpoint: Endpoint, named: str) -> Strike | None:
        found = self.opportunities.find(named) if named else None
        opportunity = found.guid if found else named.lower()
        number = self._calls_for.get(opportunity, 0)
        self._calls_for[opportunity] = number + 1
        options = self.options
        scripted = next_scripted(
            self.script,
            names={named.lower(), opportunity},
            path=arrival.path,
            either=draw(options.seed, "scripted", arrival.seq) < 0.5,
        )
        self.script[:] = [fault for fault in self.script if fault.times > 0]
        if scripted or not options.faults or not endpoint.struck_by_chance:
            return scripted
        return struck(
            options.faults,
            seed=options.seed,
            opportunity=opportunity,
            number=number,
            updates=endpoint.updates,
            mended=opportunity in self.opportunities.mended,
        )

    def _latency(self, seq: int) -> tuple[float, float]:
        low, high = self.options.latency
        whole = low + (high - low) * draw(self.options.seed, "latency", seq)
        return whole * self.options.latency_before, whole * (1 - self.options.latency_before)

    def _decide(
        self, endpoint: Endpoint, call: Call, speaks_of: Glimpse, strike: Strike | None
    ) -> _Fate:
        if strike is None:
            return _Fate(done=endpoint.serve(self._account, call))
        reaches_it = strike.applied or not endpoint.updates
        proper = endpoint.serve(self._account, call) if reaches_it else None
        first_field = speaks_of.fields[0][0] if speaks_of.fields else "Status"
        if strike.name in RATE_ANSWERS:
            options = self.options
            status = RATE_ANSWERS[strike.name]
            answer = over_the_limit(options.limit, options.window, status=status)
        else:
            answer = strike.fault.answer(proper.answer if proper else None, first_field)
        return _Fate(
            done=Done(answer=answer, applied=proper is not None and proper.applied),
            ending=strike.fault.ending,
        )

    def _record(
        self, arrival: _Arrival, speaks_of: Glimpse, fate: _Fate, strike: Strike | None
    ) -> None:
        named, answer = speaks_of.opportunity, fate.done.answer
        found = self.opportunities.find(named) if named else None
        answers = fate.ending is Ending.ANSWER
        record = Record(
            seq=arrival.seq,
            wall=arrival.wall,
            monotonic=arrival.monotonic,
            method=arrival.method,
            path=arrival.path,
            opportunity=named,
            guid=found.guid if found else "",
            fields=dict(speaks_of.fields),
            note=speaks_of.note,
            lead=speaks_of.lead,
            fault=strike.name if strike else "",
            applied=fate.done.applied,
            status=answer.status if answers else None,
            exception=answer.exception if answers else "",
        )
        self._log.write(record)
        self._traffic.answered(record)

    async def _silence(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), self.options.hang_seconds)

    def _response(self, answer: Answer) -> web.Response:
        said = marked(answer) if self.options.marked_errors else answer
        return web.Response(
            status=said.status,
            body=said.body,
            content_type=said.content_type,
            charset="utf-8",
            headers=dict(said.headers),
        )

    def _new_judge(self) -> Judge:
        options = self.options
        return judge_for(
            options.counting,
            limit=options.limit,
            window=options.window,
            phase=options.phase,
            refused_count=options.refused_count,
        )


async def _pause(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


def _hang_up(request: web.Request, *, rudely: bool) -> None:
    """Close the connection without an answer: with a reset, or properly but too early."""
    if request.transport is None:
        return
    if rudely:
        request.transport.abort()
    else:
        request.transport.close()
