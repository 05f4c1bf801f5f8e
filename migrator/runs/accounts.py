"""Which account the settings speak of, asked of the CRM once and remembered.

Owns the one call before a plan, and what a new key means (DESIGN decision 11).
"""

import asyncio
from dataclasses import replace
from typing import Final

from migrator.errors import AccessError, AllowanceError, MigratorError, TargetError, UsageError
from migrator.leadsquared import (
    Account,
    details_request,
    named_host,
    read_details,
    read_who_am_i,
    who_am_i_request,
)
from migrator.model import NoReply, NoReplyKind, Reading, Reply, Run, Verdict
from migrator.ports import Client, Quota
from migrator.refusals import cure, told
from migrator.runs.world import World

MOST_TRIES: Final = 3
_NO_OPPORTUNITY: Final = "00000000-0000-0000-0000-000000000000"


def account_of(world: World) -> str:
    """The account's name: host and organisation, else host and key digest.

    Raises:
        AccessError: The keys are refused.
        TargetError: Nothing answers.
    """
    settings = world.settings
    known = world.ledger.accounts.known(settings.account_host, settings.key_digest)
    if known is not None:
        return known
    organisation, calls = asyncio.run(_ask(world))
    account = world.ledger.accounts.remember(
        settings.account_host, settings.key_digest, organisation=organisation
    )
    if settings.daily_limit is not None:
        world.day_count(account).add(calls)
    if not organisation:
        world.operator.say(
            "LeadSquared did not say which organisation the key belongs to: "
            "another key of the same account counts as another account."
        )
    return account


def require_account(world: World, run: Run, *, same_account: bool) -> None:
    """Refuse to go on with a run under another account's keys.

    A new key of an account whose organisation is not known looks like another account; a person
    can say that it is the same, and that is kept.

    Raises:
        UsageError: It is another account, or nobody said that it is the same.
    """
    account = account_of(world)
    if account == run.account:
        return
    host = world.settings.account_host
    is_keys_only = account.startswith(f"{host}/key:") or run.account.startswith(f"{host}/key:")
    question = (
        f"Run {run.id} was made for the account {run.account}; these keys belong to {account}."
    )
    if is_keys_only and (
        same_account or world.operator.agrees(question, "Is it the same account?")
    ):
        world.ledger.accounts.join(host, world.settings.key_digest, account=run.account)
        return
    raise UsageError(
        question,
        advice="Set the keys of the account that the run was made for"
        + (", or say that it is the same one: --same-account." if is_keys_only else "."),
    )


async def _ask(world: World) -> tuple[str, int]:
    """The organisation, "" when LeadSquared answers but does not tell; and how many calls."""
    found = Reading(verdict=Verdict.UNKNOWN, message="no answer")
    async with world.connected(None) as (client, quota):
        for attempt in range(MOST_TRIES):
            reply = await client.call(who_am_i_request(), await quota.acquire())
            read = read_who_am_i(reply)
            if isinstance(read, Account):
                more = await _refuse_another_region(world, read, client, quota)
                return read.organisation, attempt + 1 + more
            found = read
            if found.verdict in (Verdict.ACCESS, Verdict.NOT_PERMITTED):
                raise _refused(world, found)
            if found.verdict is Verdict.REFUSED:
                return "", attempt + 1
            if found.verdict is not Verdict.RATE and not _may_pass(reply):
                break
            if attempt + 1 < MOST_TRIES:
                await _wait(world, found, attempt)
    raise _not_reached(world, found, reply)


def _may_pass(reply: Reply | NoReply) -> bool:
    """Whether asking again can help: a page with 200 or 403 stays what it is, and so does TLS."""
    if isinstance(reply, NoReply):
        return reply.kind is not NoReplyKind.TLS
    return reply.status >= 500 or reply.status in (408, 429)


async def _wait(world: World, found: Reading, attempt: int) -> None:
    if attempt == 0:
        world.operator.say(f"no answer from {world.settings.host} yet; asking again")
    is_rate = found.verdict is Verdict.RATE
    pause = world.settings.rate.window if is_rate else 2.0**attempt / 2
    await world.clock.sleep(max(found.retry_after, pause))


async def _refuse_another_region(
    world: World, account: Account, client: Client, quota: Quota
) -> int:
    """Tell a wrong region before a plan is made; gives how many calls that took.

    Who-am-I is served by every host; where it names another one, a read of an opportunity that
    does not exist tells whether this one serves the account as well.
    """
    if account.host in ("", world.settings.host):
        return 0
    reply = await client.call(details_request(_NO_OPPORTUNITY), await quota.acquire())
    found = read_details(reply)
    if isinstance(found, Reading) and found.verdict is Verdict.ACCESS:
        message = f"{found.message} (who-am-I names {account.host})"
        raise _refused(
            world, found if named_host(found.message) else replace(found, message=message)
        )
    return 1


def _refused(world: World, reading: Reading) -> AccessError:
    return AccessError(
        f"LeadSquared refuses access ({told(reading)})",
        where=world.settings.host,
        advice=f"{cure(reading)} Nothing was sent.",
    )


def _not_reached(world: World, found: Reading, reply: Reply | NoReply) -> MigratorError:
    """No answer at all, or one that is not LeadSquared's."""
    if isinstance(reply, NoReply):
        advice = _NETWORK.get(reply.kind, _CHECK_NETWORK)
        if reply.kind is NoReplyKind.TLS and world.settings.is_loopback:
            advice = f"A sandbox speaks http: set `LSQ_API_HOST=http://{world.settings.host}`."
        problem = f"LeadSquared could not be reached ({found.message})"
        return TargetError(problem, where=world.settings.host, advice=f"{advice} Nothing was sent.")
    if found.verdict is Verdict.RATE:
        problem = f"the account refuses every call ({told(found)})"
        advice = "Something else uses the account's calls; run the same command again later."
        return AllowanceError(problem, where=world.settings.host, advice=advice)
    kind = AccessError if found.verdict is Verdict.FOREIGN else TargetError
    return kind(
        f"the answer does not come from LeadSquared ({found.message})",
        where=world.settings.host,
        advice="Check the host in LSQ_API_HOST, and whether a proxy, a firewall or a network's "
        "login page stands in between (open the host in a browser). Nothing was sent.",
    )


_CHECK_NETWORK: Final = "Check LSQ_API_HOST and your network, then run the same command again."
_NETWORK: Final = {
    NoReplyKind.DNS: "The name is not known here: check its spelling in LSQ_API_HOST, and that "
    "this machine is on the network.",
    NoReplyKind.TLS: "No secure connection could be made, and the keys go over no other. Check "
    "LSQ_API_HOST; where a company proxy signs with its own certificate, name that in LSQ_CA_FILE.",
    NoReplyKind.CONNECT: "Nothing answers there: check host and port in LSQ_API_HOST, your "
    "network, and that no firewall stands in between.",
}
"""What to look at, by what kept the answer away."""
