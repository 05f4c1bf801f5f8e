"""Which account the settings speak of, asked of the CRM once and remembered.

Owns the one call before a plan, and what a new key means (DESIGN decision 11).
"""

import asyncio

from migrator.errors import AccessError, TargetError, UsageError
from migrator.leadsquared import Account, read_who_am_i, who_am_i_request
from migrator.model import Reading, Run, Verdict
from migrator.runs.world import World

MOST_TRIES = 5


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
    message = "no answer"
    async with world.connected(None) as (client, quota):
        for attempt in range(MOST_TRIES):
            permit = await quota.acquire()
            found = read_who_am_i(await client.call(who_am_i_request(), permit))
            if isinstance(found, Account):
                return found.organisation, attempt + 1
            if found.verdict in (Verdict.ACCESS, Verdict.NOT_PERMITTED):
                raise _refused(world, found)
            if found.verdict is Verdict.REFUSED:
                return "", attempt + 1
            message = found.message
            pause = (
                world.settings.rate.window if found.verdict is Verdict.RATE else 2.0**attempt / 2
            )
            if attempt + 1 < MOST_TRIES:
                await world.clock.sleep(max(found.retry_after, pause))
    raise TargetError(
        f"LeadSquared could not be reached ({message})",
        where=world.settings.host,
        advice="Check the host in LSQ_API_HOST and your network; nothing was sent.",
    )


def _refused(world: World, reading: Reading) -> AccessError:
    return AccessError(
        f"LeadSquared refuses the keys (HTTP {reading.status} {reading.exception}: "
        f"{reading.message})",
        where=world.settings.host,
        advice="Check LSQ_ACCESS_KEY and LSQ_SECRET_KEY, that their user is active, and that "
        "LSQ_API_HOST is your region's host; nothing was sent.",
    )
