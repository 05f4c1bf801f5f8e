"""Which account the settings speak of, asked of the CRM once and remembered.

Owns the one call before a plan, and what a new key means (DESIGN decision 11).
"""

from dataclasses import replace
from typing import Final

from migrator.errors import AccessError, UsageError
from migrator.leadsquared import Account, details_request, named_host, read_details
from migrator.model import Reading, Run, Verdict
from migrator.runs.reading import Asking, refused, who_am_i
from migrator.runs.world import World

NO_OPPORTUNITY: Final = "00000000-0000-0000-0000-000000000000"


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
    organisation, calls = world.run_to_end(_ask(world))
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
    async with world.connected(None) as (client, quota):
        asking = Asking(world, client, quota)
        account = await who_am_i(asking)
        await _refuse_another_region(asking, account)
        return account.organisation, len(asking.made)


async def _refuse_another_region(asking: Asking, account: Account) -> None:
    """Tell a wrong region before a plan is made."""
    refusal = await refusal_of_region(asking, account)
    if refusal is not None:
        raise refusal


async def refusal_of_region(asking: Asking, account: Account) -> AccessError | None:
    """Why the host does not serve the account; None where it does.

    Who-am-I is served by every host; where it names another one, a read of an opportunity that
    does not exist tells whether this one serves the account as well.
    """
    if account.host in ("", asking.link.settings.host):
        return None
    found = read_details(await asking.once(details_request(NO_OPPORTUNITY)))
    if not isinstance(found, Reading) or found.verdict is not Verdict.ACCESS:
        return None
    message = f"{found.message} (who-am-I names {account.host})"
    is_named = named_host(found.message)
    return refused(asking.link, found if is_named else replace(found, message=message))
