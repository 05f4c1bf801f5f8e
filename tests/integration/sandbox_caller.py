"""A plain HTTP caller for the sandbox's own tests; it shares nothing with our client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from migrator.sandbox import Sandbox, SandboxOptions

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
OTHER = "11111111-2222-4333-8444-555555555555"
UPDATE = "/v2/OpportunityManagement.svc/Update"
DETAILS = "/v2/OpportunityManagement.svc/GetOpportunityDetails"
BY_IDS = "/v2/OpportunityManagement.svc/GetOpportunitiesById"
OF_LEAD = "/v2/OpportunityManagement.svc/GetOpportunitiesOfLead"
BY_LEAD_FIELD = "/v2/OpportunityManagement.svc/GetOpportunitiesByUniqueLeadField"
TYPES = "/v2/OpportunityManagement.svc/GetOpportunityTypes"
METADATA = "/v2/OpportunityManagement.svc/GetOpportunityTypeMetadata"
ENABLED = "/v2/OpportunityManagement.svc/IsOpportunityEnabled"
USERS = "/v2/UserManagement.svc/Users.Get"
WHO_AM_I = "/v2/Authentication.svc/UserByAccessKey.Get"

KEPT = {"CreatedOn", "ModifiedOn", "ModifiedBy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    status: int
    body: bytes
    content_type: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def exception(self) -> str:
        content = self.json
        assert content["Status"] == "Error"
        return str(content["ExceptionType"])


class Caller:
    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox, self._session = sandbox, session
        self.keys = {
            "x-LSQ-AccessKey": sandbox.options.access_key,
            "x-LSQ-SecretKey": sandbox.options.secret_key,
        }

    async def call(self, method: str, path: str, *, keys: bool = True, **more: Any) -> Got:
        headers = (self.keys if keys else {}) | more.pop("headers", {})
        url = self.sandbox.url + path
        async with self._session.request(method, url, headers=headers, **more) as response:
            return Got(
                status=response.status,
                body=await response.read(),
                content_type=response.content_type,
                headers=dict(response.headers),
            )

    async def update(
        self, opportunity: str = GUID, *, note: str | None = None, **fields: str | None
    ) -> Got:
        body: dict[str, Any] = {
            "ProspectOpportunityId": opportunity,
            "Fields": [{"SchemaName": name, "Value": value} for name, value in fields.items()],
        }
        if note is not None:
            body["OpportunityNote"] = note
        return await self.call("POST", UPDATE, json=body)

    async def post(self, content: Any) -> Got:
        return await self.call("POST", UPDATE, json=content)

    async def details(self, opportunity: str = GUID) -> Got:
        return await self.call("GET", DETAILS, params={"OpportunityId": opportunity})

    async def all_values(self, opportunity: str = GUID) -> dict[str, str]:
        got = await self.details(opportunity)
        return {field["SchemaName"]: field["Value"] for field in got.json["Fields"]}

    async def values(self, opportunity: str = GUID) -> dict[str, str]:
        """Without the fields that the account keeps itself."""
        shown = await self.all_values(opportunity)
        return {name: value for name, value in shown.items() if name not in KEPT}

    async def control(self, method: str, name: str, **more: Any) -> Got:
        return await self.call(method, f"/sandbox/{name}", keys=False, **more)


@asynccontextmanager
async def calling(sandbox: Sandbox | None = None, **options: Any) -> AsyncIterator[Caller]:
    """A running sandbox and somebody who calls it; each call on a connection of its own."""
    running = sandbox or Sandbox(SandboxOptions(**({"limit": 100_000} | options)))
    connector = aiohttp.TCPConnector(force_close=True)
    async with running, aiohttp.ClientSession(connector=connector) as session:
        yield Caller(running, session)
