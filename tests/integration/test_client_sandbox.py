"""Settings, quota, client and readings together, against the sandbox over real HTTP."""

import asyncio
from collections import Counter

import pytest

from migrator.client import LeadSquaredClient
from migrator.clock import SystemClock
from migrator.leadsquared import (
    Account,
    details_request,
    is_from_leadsquared,
    read_details,
    read_update,
    read_who_am_i,
    update_request,
    who_am_i_request,
)
from migrator.model import Details, FieldValue, IdKind, Reading, Request, Verdict
from migrator.quota.local import AccountQuota
from migrator.sandbox import Sandbox, SandboxOptions
from migrator.sandbox.limits import Counting
from migrator.settings import Settings, load_settings

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"


def settings_for(sandbox: Sandbox, **changes: str) -> Settings:
    return load_settings(
        {
            "LSQ_API_HOST": sandbox.url,
            "LSQ_ACCESS_KEY": sandbox.options.access_key,
            "LSQ_SECRET_KEY": sandbox.options.secret_key,
            **changes,
        }
    )


class Caller:
    """A client and a quota that is never in the way."""

    def __init__(self, client: LeadSquaredClient, quota: AccountQuota) -> None:
        self._client, self._quota = client, quota

    async def update(self, note: str = "", **fields: str) -> Reading:
        values = [FieldValue(name, value) for name, value in fields.items()]
        request = update_request(GUID, note, values)
        reply = await self._client.call(request, await self._quota.acquire())
        return read_update(reply, opportunity_id=GUID, id_kind=IdKind.GUID)

    async def details(self) -> Details | Reading:
        request = details_request(GUID)
        return read_details(await self._client.call(request, await self._quota.acquire()))

    async def who_am_i(self) -> Account | Reading:
        request = who_am_i_request()
        return read_who_am_i(await self._client.call(request, await self._quota.acquire()))

    async def is_there(self, path: str) -> bool:
        request = Request(method="GET", path=path)
        return is_from_leadsquared(await self._client.call(request, await self._quota.acquire()))


def a_client(settings: Settings) -> LeadSquaredClient:
    access_key, secret_key = settings.secrets[:2]
    return LeadSquaredClient(
        settings.base_url,
        access_key=access_key,
        secret_key=secret_key,
        clock=SystemClock(),
        auth=settings.auth,
        call_timeout=5.0,
    )


def a_caller(client: LeadSquaredClient) -> Caller:
    return Caller(client, AccountQuota(10_000, 1.0, clock=SystemClock()))


@pytest.mark.parametrize("auth", ["query", "header"])
async def test_what_was_sent_is_what_is_found(auth: str) -> None:
    async with Sandbox() as sandbox, a_client(settings_for(sandbox, LSQ_AUTH=auth)) as client:
        caller = a_caller(client)
        sent = await caller.update("Größe ₹", mx_Custom_6="200,000")
        found = await caller.details()

    assert (sent.verdict, sent.guid) == (Verdict.APPLIED, GUID)
    assert isinstance(found, Details)
    assert (found.guid, found.note) == (GUID, "Größe ₹")
    assert found.values["mx_Custom_6"] == "200,000"


async def test_the_account_is_told() -> None:
    async with (
        Sandbox(SandboxOptions(organisation="4711")) as sandbox,
        a_client(settings_for(sandbox)) as client,
    ):
        account = await a_caller(client).who_am_i()

    assert isinstance(account, Account)
    assert (account.organisation, account.host) == ("4711", sandbox.host_port)


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        (SandboxOptions(deactivated=True), Verdict.ACCESS),
        (SandboxOptions(wrong_region="api-us11.leadsquared.com"), Verdict.ACCESS),
        (SandboxOptions(unknown=(GUID,)), Verdict.REFUSED),
        (SandboxOptions(down=True), Verdict.UNKNOWN),
    ],
    ids=["deactivated", "wrong region", "unknown opportunity", "down"],
)
async def test_what_an_account_answers_is_understood(
    options: SandboxOptions, verdict: Verdict
) -> None:
    async with Sandbox(options) as sandbox, a_client(settings_for(sandbox)) as client:
        reading = await a_caller(client).update(mx_Custom_6="1")

    assert reading.verdict is verdict
    assert options.wrong_region in reading.message


@pytest.mark.parametrize("disguise", [429, 403, 200])
async def test_a_rate_answer_is_known_in_every_disguise(disguise: int) -> None:
    options = SandboxOptions(limit=1, window=60.0, disguise=disguise)
    async with Sandbox(options) as sandbox, a_client(settings_for(sandbox)) as client:
        caller = a_caller(client)
        await caller.update(mx_Custom_6="1")
        reading = await caller.update(mx_Custom_6="1")

    assert (reading.verdict, reading.limit) == (Verdict.RATE, (1, 60.0))


@pytest.mark.parametrize("fault", ["rate429", "rate403", "rate200"])
async def test_a_rate_answer_out_of_turn_is_known_in_every_disguise(fault: str) -> None:
    async with Sandbox() as sandbox, a_client(settings_for(sandbox)) as client:
        caller = a_caller(client)
        sandbox.strike_next(fault)
        reading = await caller.update(mx_Custom_6="1")
        after = await caller.update(mx_Custom_6="1")

    assert (reading.verdict, reading.limit) == (Verdict.RATE, (25, 5.0))
    assert reading.status == int(fault.removeprefix("rate"))
    assert after.verdict is Verdict.APPLIED
    assert [record.applied for record in sandbox.log] == [False, True]


@pytest.mark.parametrize("disguise", [429, 403, 200])
async def test_a_used_up_day_is_known_as_a_rate_answer_in_every_disguise(disguise: int) -> None:
    options = SandboxOptions(daily=0, disguise=disguise)
    async with Sandbox(options) as sandbox, a_client(settings_for(sandbox)) as client:
        reading = await a_caller(client).update(mx_Custom_6="1")

    assert (reading.verdict, reading.status) == (Verdict.RATE, disguise)
    assert "daily limit" in reading.message


async def test_a_wrong_path_is_foreign_and_a_right_one_leadsquareds() -> None:
    async with Sandbox() as sandbox, a_client(settings_for(sandbox)) as client:
        caller = a_caller(client)

        assert not await caller.is_there("Nothing.svc/Here")
        assert await caller.is_there("Authentication.svc/UserByAccessKey.Get")


@pytest.mark.parametrize("counting", sorted(set(Counting) - {Counting.WEIGHTED_REAL}))
async def test_the_quota_meets_no_refusal_however_the_server_counts(counting: Counting) -> None:
    options = SandboxOptions(limit=20, window=1.0, counting=counting, latency=(0.1, 0.3))
    verdicts: Counter[Verdict] = Counter()
    async with Sandbox(options) as sandbox, a_client(settings_for(sandbox)) as client:
        quota = AccountQuota(20, 1.0, clock=SystemClock())
        caller = Caller(client, quota)

        async def update() -> None:
            verdicts[(await caller.update(mx_Custom_6="1")).verdict] += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(update())

    assert verdicts == {Verdict.APPLIED: 60}
