"""`migrator doctor`: every call that tells whether a run would find what it needs.

Owns which calls are made and in which order, and where a failure makes the rest senseless. What is
said of the findings is `migrator.checkup`; the trial of CreatedOn is `migrator.runs.created_on`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from migrator import checkup
from migrator.answers import as_guid
from migrator.checkup import Check, Topic, Trial
from migrator.errors import AllowanceError, ExitCode, MigratorError
from migrator.leadsquared import (
    Account,
    is_from_leadsquared,
    read_who_am_i,
    who_am_i_request,
)
from migrator.leadsquared_bulk import bulk_request, read_bulk
from migrator.leadsquared_types import (
    enabled_request,
    read_enabled,
    read_type,
    read_types,
    type_request,
    types_request,
)
from migrator.ledger.accounts import account_name
from migrator.metadata import TypeInfo
from migrator.model import NoReply, Reading, Reply, Request, Verdict
from migrator.ports import Client, Quota
from migrator.runs.accounts import NO_OPPORTUNITY, refusal_of_region
from migrator.runs.created_on import CALLS_OF_TRIAL, agrees_to_trial, try_created_on
from migrator.runs.reading import Asking, made_in_words
from migrator.runs.world import Link
from migrator.settings import Settings
from migrator.verdicts import MovedExceptions

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be looked at besides what always is."""

    type_code: int | None = None  #: None: the first that is listed.
    created_on: str = ""  #: An opportunity whose CreatedOn is tried; "": none is.
    patience: float = 90.0  #: Seconds for a read to show a write.

    @property
    def topics(self) -> list[Topic]:
        """What there is to check."""
        return [topic for topic in Topic if self.created_on or topic is not Topic.CREATED_ON]


@dataclass(slots=True)
class Report:
    """What was found."""

    checks: list[Check] = field(default_factory=list)
    trial: Trial | None = None
    signal: ExitCode = ExitCode.OK  #: What a signal in the trial ends the process with.
    left_out: str = ""  #: Why what was not come to was not.

    @property
    def exit_code(self) -> ExitCode:
        """That of a signal, else of the first failure."""
        return self.signal or checkup.exit_code(self.checks)


def examine(
    link: Link | MigratorError,
    wanted: Wanted,
    *,
    moved: MovedExceptions | MigratorError,
    unknown: Mapping[str, str],
) -> Report:
    """Look at the settings, and at the account that they name.

    Args:
        link: The way to the account, or why the settings give none.
        wanted: What is looked at.
        moved: What the settings file says, or why it cannot be read.
        unknown: Names that are set and are no settings, to what was perhaps meant.

    Raises:
        UsageError: The trial was asked for, and nobody can be asked whether it may be made.
    """
    report = Report()
    if isinstance(moved, MigratorError):
        report.checks.append(checkup.failed(Topic.FILE, moved))
    else:
        found = str(moved) or "it moves no exception, or is not there"
        report.checks.append(checkup.ok(Topic.FILE, found))
    if isinstance(link, MigratorError):
        report.checks.append(checkup.failed(Topic.SETTINGS, link))
        report.left_out = "the settings give no way to the account"
    else:
        report.checks.append(checkup.of_settings(unknown))
        is_agreed = not wanted.created_on or agrees_to_trial(
            link, wanted.created_on, patience=wanted.patience
        )
        if not is_agreed:
            report.checks.append(
                checkup.not_checked(
                    Topic.CREATED_ON, "you said no", "The same command asks you again."
                )
            )
        link.run_to_end(_Examination(link, wanted, report).run())
    report.checks = checkup.in_order(report.checks, left_out=report.left_out, topics=wanted.topics)
    return report


class _Examination:
    """The calls, one after the other."""

    def __init__(self, link: Link, wanted: Wanted, report: Report) -> None:
        self._link, self._wanted, self._report = link, wanted, report
        self._last: Reply | NoReply | None = None
        self._verdict: Verdict | None = None
        self._ahead: float | None = None

    async def run(self) -> None:
        made: list[str] = []
        name = self._link.settings.key_name
        try:
            async with self._link.connected(None) as (client, quota):
                asking = Asking(self._link, client, quota, made=made)
                account = await self._whose(asking)
            if self._report.left_out:
                return
            settings = self._link.settings
            organisation = account.organisation if account else ""
            name = account_name(
                settings.account_host, settings.key_digest, organisation=organisation
            )
            if settings.daily_limit is not None:
                self._link.day_count(name).add(len(made))
            async with self._link.connected(name) as (client, quota):
                asking = Asking(self._link, client, quota, made=made)
                await self._look(asking, account)
                await self._try(client, quota, name)
        except MigratorError as error:  # certificates, the folder of the quota
            self._report.checks.append(checkup.failed(Topic.CONNECTION, error))
            self._report.left_out = "no connection"
        finally:
            self._limit(name)
            if made:
                self._link.operator.say(made_in_words(made))

    # ------------------------------------------------------------------ whose keys, and where

    async def _whose(self, asking: Asking) -> Account | None:
        add = self._report.checks.append
        found = await self._asked(asking, who_am_i_request(), read_who_am_i)
        if isinstance(found, MigratorError) and not self._is_answered():
            add(checkup.failed(Topic.CONNECTION, found))
            self._report.left_out = "LeadSquared does not answer"
            return None
        settings = self._link.settings
        way = " through the proxy of LSQ_PROXY" if settings.proxy.get_secret_value() else ""
        add(checkup.ok(Topic.CONNECTION, f"{settings.base_url} answers{way}"))
        add(checkup.of_clock(self._ahead))
        if isinstance(found, MigratorError):
            is_rate = isinstance(found, AllowanceError)
            add(checkup.failed(Topic.LIMIT if is_rate else Topic.KEYS, found))
            if not self._report.left_out and self._verdict is not Verdict.NOT_PERMITTED:
                self._report.left_out = "LeadSquared refuses these keys"
            return None
        add(checkup.ok(Topic.KEYS, "accepted"))
        self._report.checks += checkup.of_account(found)
        return found

    async def _look(self, asking: Asking, account: Account | None) -> None:
        if account is not None:
            refusal = await refusal_of_region(asking, account)
            if refusal is not None:
                self._report.checks.append(checkup.failed(Topic.REGION, refusal))
                self._report.left_out = "the host does not serve this account"
                return
            of_region = checkup.of_region(self._link.settings.host, account)
            self._report.checks.append(of_region)
        for look in (self._feature, self._types):
            if not self._report.left_out:
                await look(asking)

    # ------------------------------------------------------------------ what the account offers

    async def _feature(self, asking: Asking) -> None:
        found = await self._asked(asking, enabled_request(), read_enabled)
        self._report.checks.append(
            checkup.feature_untold(found.problem)
            if isinstance(found, MigratorError)
            else checkup.of_feature(found)
        )

    async def _types(self, asking: Asking) -> None:
        add, code = self._report.checks.append, self._wanted.type_code
        types = await self._asked(asking, types_request(), read_types)
        add(self._told(Topic.TYPES, types, checkup.of_types))
        if isinstance(types, MigratorError) or not types:
            types = ()
        chosen = code or (types[0].code if types else None)
        if chosen is None or (self._report.left_out and code is None):
            self._report.left_out = self._report.left_out or "no opportunity type is known"
            return
        name = next((one.name for one in types if one.code == chosen), "")
        found = await self._asked(asking, type_request(chosen), partial(read_type, code=chosen))
        if isinstance(found, TypeInfo) and not found.name:
            found = found.model_copy(update={"name": name})
        add(self._told(Topic.METADATA, found, checkup.of_metadata))
        if not self._report.left_out:
            await self._bulk(asking, chosen)

    async def _bulk(self, asking: Asking, code: int) -> None:
        guid = as_guid(self._wanted.created_on) or NO_OPPORTUNITY
        found = await self._asked(asking, bulk_request(code, [guid], ["mx_Custom_1"]), read_bulk)
        self._report.checks.append(
            checkup.bulk_refused(found)
            if isinstance(found, MigratorError)
            else checkup.ok(Topic.BULK_READ, "many opportunities can be read with one call")
        )

    # ------------------------------------------------------------------ limit and CreatedOn

    def _limit(self, account: str) -> None:
        settings = self._link.settings
        try:
            told = "" if self._link.rate() == settings.rate else f", ours now {self._link.rate()}"
            day = "the day's calls are not counted"
            if settings.daily_limit is not None:
                used = self._link.day_count(account).today()
                day = f"{used:,} of the day's {settings.daily_limit:,} calls are used"
        except MigratorError as error:
            self._report.checks.append(checkup.failed(Topic.LIMIT, error))
            return
        share = f", share {settings.share:g}" if settings.share < 1 else ""
        found = f"assumed: {settings.rate}, {settings.quota_mode}{share}{told}; {day}"
        self._report.checks.append(checkup.ok(Topic.LIMIT, found))

    async def _try(self, client: Client, quota: Quota, account: str) -> None:
        wanted, report = self._wanted, self._report
        is_settled = any(check.topic is Topic.CREATED_ON for check in report.checks)
        if not wanted.created_on or is_settled or report.left_out:
            return
        limit = self._link.settings.daily_limit
        if limit is not None and limit - self._link.day_count(account).today() < CALLS_OF_TRIAL:
            why, advice = "too few of the day's calls are left", "Run it again tomorrow."
            report.checks.append(checkup.not_checked(Topic.CREATED_ON, why, advice))
            return
        asking = Asking(self._link, client, quota)
        found, report.signal = await try_created_on(
            asking, wanted.created_on, patience=wanted.patience
        )
        if isinstance(found, Trial):
            report.trial = found
            found = checkup.of_trial(found)
        report.checks.append(found)

    # ------------------------------------------------------------------ asking

    async def _asked(
        self, asking: Asking, request: Request, read: Callable[[Reply | NoReply], T | Reading]
    ) -> T | MigratorError:
        def noted(reply: Reply | NoReply) -> T | Reading:
            self._last, found = reply, read(reply)
            self._verdict = found.verdict if isinstance(found, Reading) else None
            if self._ahead is None and isinstance(reply, Reply) and reply.date is not None:
                self._ahead = reply.date - self._link.clock.wall()
            return found

        try:
            return await asking.ask(request, noted)
        except MigratorError as error:
            if isinstance(self._last, NoReply):
                self._report.left_out = "LeadSquared does not answer any more"
            elif isinstance(error, AllowanceError):
                self._report.left_out = "the account refuses every call"
            elif self._verdict is Verdict.ACCESS:
                self._report.left_out = "LeadSquared refuses these keys"
            return error

    def _is_answered(self) -> bool:
        if isinstance(self._last, NoReply) or self._last is None:
            return False
        return is_from_leadsquared(self._last) or self._verdict in (Verdict.RATE, Verdict.ACCESS)

    @staticmethod
    def _told(topic: Topic, found: Any, tell: Callable[[Any], Check]) -> Check:
        return checkup.failed(topic, found) if isinstance(found, MigratorError) else tell(found)


def in_words(settings: Settings) -> dict[str, str]:
    """Each setting's value, by its name; of keys and proxy only that they are set."""
    return {
        "LSQ_API_HOST": settings.base_url,
        "LSQ_ACCESS_KEY": "set",
        "LSQ_SECRET_KEY": "set",
        "LSQ_RATE_LIMIT": str(settings.rate),
        "LSQ_QUOTA": settings.quota_mode,
        "LSQ_SHARE": f"{settings.share:g}",
        "LSQ_DAILY_LIMIT": f"{settings.daily_limit:,}" if settings.daily_limit else "none",
        "LSQ_AUTH": settings.auth,
        "LSQ_CA_FILE": str(settings.ca_file or "none"),
        "LSQ_PROXY": "set" if settings.proxy.get_secret_value() else "none",
        "MIGRATOR_LEDGER": str(settings.ledger),
        "MIGRATOR_STATE_DIR": str(settings.state_folder),
        "MIGRATOR_MEMORY": f"{settings.memory / 1024**2:,.0f} MiB",
    }
