"""The way to look at the sandbox and to change it while it runs: ``/sandbox/…``.

Owns the routes and their JSON. These calls need no keys, count for no limit and are in no log;
no answer holds a key.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from migrator.sandbox.faults import FAULTS
from migrator.sandbox.files import FormError, read_seeds
from migrator.sandbox.options import live_settings

if TYPE_CHECKING:
    from migrator.sandbox.server import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(application: web.Application, sandbox: "Sandbox") -> None:
    """Lay the control routes before the imitation's own."""
    control = Control(sandbox)
    routes: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "state", control.state),
        ("GET", "settings", control.settings),
        ("PATCH", "settings", control.change),
        ("POST", "opportunities", control.mend),
        ("GET", "faults", control.faults),
        ("POST", "faults", control.strike_next),
        ("DELETE", "faults", control.end_faults),
        ("GET", "log", control.log),
        ("GET", "stats", control.stats),
    )
    for method, name, handler in routes:
        application.router.add_route(method, f"/sandbox/{name}", handler)
    application.router.add_route("*", "/sandbox/{name:.*}", control.unknown)


class Control:
    """One handler per route; each does what a method of `Sandbox` does.

    Args:
        sandbox: The sandbox that is looked at and changed.
    """

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    async def state(self, request: web.Request) -> web.Response:
        """All opportunities as they truly are, or ``?id=`` one of them."""
        opportunities = self._sandbox.opportunities
        named = request.query.get("id")
        if named is None:
            return web.json_response(
                {"opportunities": [opportunity.as_json() for opportunity in opportunities]}
            )
        try:
            return web.json_response(opportunities[named].as_json())
        except KeyError:
            return _wrong(f"no opportunity {named} has been touched", status=404)

    async def settings(self, _request: web.Request) -> web.Response:
        """The settings that can be changed, and their values."""
        shown = live_settings(self._sandbox.options)
        shown["unknown"] = sorted(self._sandbox.opportunities.unknown)
        return web.json_response(shown)

    async def change(self, request: web.Request) -> web.Response:
        """Change the settings in the body; the others stay."""
        try:
            self._sandbox.change(**await _content(request, dict))
        except ValueError as error:
            return _wrong(str(error))
        return await self.settings(request)

    async def mend(self, request: web.Request) -> web.Response:
        """Add, put right or edit the opportunities in the body, a list or a single one."""
        try:
            content = await _content(request, dict | list)
            seeds = read_seeds(content if isinstance(content, list) else [content])
            for seed in seeds:
                self._sandbox.opportunities.check(seed)
            mended = [self._sandbox.mend(seed).as_json() for seed in seeds]
        except ValueError as error:
            return _wrong(str(error))
        return web.json_response({"opportunities": mended})

    async def faults(self, _request: web.Request) -> web.Response:
        """Names of all faults, the chances now, and the script."""
        return web.json_response(
            {
                "names": list(FAULTS),
                "chances": dict(self._sandbox.options.faults),
                "script": [asdict(fault) for fault in self._sandbox.script],
            }
        )

    async def strike_next(self, request: web.Request) -> web.Response:
        """``{"fault": NAME, "times": N, "opportunity": ID, "path": END, "applied": BOOL}``."""
        try:
            self._sandbox.strike_next(**await _content(request, dict))
        except (TypeError, ValueError) as error:
            return _wrong(str(error))
        return await self.faults(request)

    async def end_faults(self, request: web.Request) -> web.Response:
        """End all faults, by chance and by script."""
        self._sandbox.end_faults()
        return await self.faults(request)

    async def log(self, request: web.Request) -> web.Response:
        """The records in memory, of ``?after=SEQ`` on."""
        text = request.query.get("after", "0")
        if not text.isdecimal():
            return _wrong(f'"after" is a sequence number, not "{text}"')
        after = int(text)
        records = [asdict(record) for record in self._sandbox.log if record.seq > after]
        return web.json_response({"records": records})

    async def stats(self, _request: web.Request) -> web.Response:
        """The traffic in figures."""
        return web.json_response(asdict(self._sandbox.stats))

    async def unknown(self, request: web.Request) -> web.Response:
        """What is neither of these; it must not reach the imitation and its log."""
        return _wrong(f"there is no {request.method} {request.path}", status=404)


async def _content(request: web.Request, kind: Any) -> Any:
    try:
        content = json.loads(await request.read())
    except ValueError as error:
        raise FormError(f"the body is not JSON: {error}") from error
    if not isinstance(content, kind):
        raise FormError("the body has another form than this path takes")
    return content


def _wrong(problem: str, *, status: int = 400) -> web.Response:
    return web.json_response({"error": problem}, status=status)
