"""What a look at an account comes to: one check for each thing found, with a mark and advice.

Owns the checks, their order and their words. It asks nobody: what was found is handed in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from migrator.compare import meaning
from migrator.errors import ExitCode, MigratorError
from migrator.leadsquared import Account
from migrator.metadata import TypeInfo

LARGEST_SKEW: Final = 60.0
"""Seconds that this machine's clock may differ: the wall clock only dates the ledger's lines,
decides --until and counts the day's calls."""

TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S"  #: UTC; "Update an Opportunity", read 2026-11.
TRIED_EARLIER: Final = timedelta(days=1)  #: By how much the CreatedOn on trial is earlier.

_AGAIN: Final = "then run `migrator doctor` again."


class Mark(StrEnum):
    """What a check comes to."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class Topic(StrEnum):
    """What is checked, in the order in which it is shown."""

    SETTINGS = "settings"
    FILE = "migrator.toml"
    CONNECTION = "connection"
    CLOCK = "clock"
    KEYS = "keys"
    REGION = "region"
    USER = "user"
    ORGANISATION = "organisation"
    TIME_ZONE = "time zone"
    FEATURE = "opportunities"
    TYPES = "opportunity types"
    METADATA = "metadata"
    BULK_READ = "bulk read"
    LIMIT = "limit"
    CREATED_ON = "CreatedOn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    topic: Topic
    mark: Mark
    found: str  #: One sentence without a full stop.
    advice: str = ""  #: What to do; "" only where the mark is "ok".
    code: ExitCode = ExitCode.OK  #: What a failure ends the process with.


# ------------------------------------------------------------------ checks of any kind


def ok(topic: Topic, found: str) -> Check:
    """All is well."""
    return Check(topic=topic, mark=Mark.OK, found=found)


def warning(topic: Topic, found: str, advice: str) -> Check:
    """Nothing is wrong for certain, or nothing that stops a run."""
    return Check(topic=topic, mark=Mark.WARNING, found=found, advice=advice)


def failed(topic: Topic, error: MigratorError) -> Check:
    """What an error says, in its words."""
    where = f"{error.where}: " if error.where else ""
    return Check(
        topic=topic,
        mark=Mark.FAILED,
        found=f"{where}{error.problem}",
        advice=error.advice,
        code=error.exit_code,
    )


def not_checked(topic: Topic, why: str, advice: str = f"Mend that first, {_AGAIN}") -> Check:
    """Nothing was found out."""
    return Check(topic=topic, mark=Mark.NOT_CHECKED, found=why, advice=advice)


def in_order(checks: Iterable[Check], *, left_out: str, topics: Sequence[Topic]) -> list[Check]:
    """The checks of these topics in their order; one for each that nobody came to.

    Args:
        checks: In any order; of two of one topic the first counts.
        left_out: Why some were not come to.
        topics: What there is to check.
    """
    found: dict[Topic, Check] = {}
    for check in checks:
        found.setdefault(check.topic, check)
    return [found.get(topic) or not_checked(topic, left_out) for topic in topics]


def exit_code(checks: Iterable[Check]) -> ExitCode:
    """That of the first failure."""
    return next((check.code for check in checks if check.mark is Mark.FAILED), ExitCode.OK)


# ------------------------------------------------------------------ checks of one thing each


def of_settings(unknown: Mapping[str, str]) -> Check:
    """Settings that can be used, and names that are none: to what is perhaps meant, or to ""."""
    if not unknown:
        return ok(Topic.SETTINGS, "host and keys are set, and every value can be used")
    told = ", ".join(
        f"{name} (was {meant} meant?)" if meant else name for name, meant in unknown.items()
    )
    return warning(
        Topic.SETTINGS,
        f"host and keys are set; no setting of migrator's has the name {told}",
        "Correct the name or unset it: what it says counts for nothing. The README lists all.",
    )


def of_clock(ahead: float | None) -> Check:
    """How far LeadSquared's clock is ahead of this machine's, in seconds.

    >>> of_clock(-200.0).found
    "this machine's clock is 200 s ahead of LeadSquared's"
    """
    if ahead is None:
        return warning(
            Topic.CLOCK,
            "LeadSquared's answers tell no time to compare with",
            "See to it that this machine sets its clock by the network.",
        )
    if abs(ahead) <= LARGEST_SKEW:
        return ok(Topic.CLOCK, f"within {LARGEST_SKEW:.0f} s of LeadSquared's")
    side = "behind" if ahead > 0 else "ahead of"
    return warning(
        Topic.CLOCK,
        f"this machine's clock is {abs(ahead):.0f} s {side} LeadSquared's",
        "Let this machine set its clock by the network: --until, the day's calls and the times in "
        "the ledger go by it. Values of the sheet do not.",
    )


def of_region(host: str, account: Account) -> Check:
    """Whether who-am-I names the host that answered; that it serves the account was seen."""
    if account.host in ("", host):
        return ok(Topic.REGION, f"{host} serves this account")
    return warning(
        Topic.REGION,
        f"{host} serves this account, and who-am-I names {account.host} as its host",
        f"Set LSQ_API_HOST={account.host}, unless you mean to go another way.",
    )


def of_account(account: Account) -> list[Check]:
    """Whose key it is."""
    told = (
        (
            Topic.USER,
            account.user,
            "Look in LeadSquared whose keys these are: a run ends when that user is deactivated.",
        ),
        (
            Topic.ORGANISATION,
            account.organisation,
            (
                "Keep to one key: another one of the same account would count as another account, "
                "until you say --same-account."
            ),
        ),
        (
            Topic.TIME_ZONE,
            account.time_zone,
            "Look in LeadSquared which zone its pages show. A mapping names the sheet's own zone.",
        ),
    )
    return [
        ok(topic, text) if text else warning(topic, "LeadSquared does not tell it", advice)
        for topic, text, advice in told
    ]


def of_feature(enabled: bool | None) -> Check:
    """Whether the account has opportunities; None: the answer tells neither."""
    if enabled:
        return ok(Topic.FEATURE, "switched on")
    if enabled is None:
        return feature_untold("the answer says neither Enabled nor Disabled")
    return Check(
        topic=Topic.FEATURE,
        mark=Mark.FAILED,
        found="switched off for this account",
        advice="Ask LeadSquared's support to switch Opportunity Management on, and check that the "
        "keys are those of the right account.",
        code=ExitCode.ACCESS,
    )


def feature_untold(why: str) -> Check:
    """Whether the account has opportunities could not be told."""
    return warning(
        Topic.FEATURE,
        f"whether they are switched on could not be told: {why}",
        "Where a type and its metadata are read below, they are.",
    )


def of_types(types: Sequence[TypeInfo]) -> Check:
    """Which opportunity types the account lists."""
    if types:
        return ok(Topic.TYPES, ", ".join(named(one) for one in types))
    return Check(
        topic=Topic.TYPES,
        mark=Mark.FAILED,
        found="LeadSquared lists none",
        advice="Check in LeadSquared that there are some, and that the keys' user may see them.",
        code=ExitCode.ACCESS,
    )


def of_metadata(one: TypeInfo) -> Check:
    """The fields of one type."""
    if not one.fields:
        return warning(
            Topic.METADATA,
            f"{named(one)} tells no fields",
            "Without them `check` can hold no value against the account; see `migrator fields "
            f"--type {one.code}`.",
        )
    mandatory = sum(field.is_mandatory for field in one.fields)
    return ok(Topic.METADATA, f"{named(one)}: {len(one.fields)} fields, {mandatory} mandatory")


def bulk_refused(error: MigratorError) -> Check:
    """The call that reads many opportunities at once is not to be had."""
    return warning(
        Topic.BULK_READ,
        error.problem,
        "Opportunities can still be read one by one, with a call for each.",
    )


def named(one: TypeInfo) -> str:
    """Code and name.

    >>> named(TypeInfo(code=12000, name="Deal"))
    '12000 (Deal)'
    """
    return f"{one.code} ({one.name})" if one.name else str(one.code)


# ------------------------------------------------------------------ the switch of CreatedOn


class Switch(StrEnum):
    """Whether an account writes CreatedOn."""

    ON = "on"
    OFF = "off"  #: Success is said, and the old value stays.
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of one opportunity's CreatedOn."""

    opportunity: str  #: As it is sent.
    old: str  #: UTC, as it is put back.
    switch: Switch
    told: str = ""  #: LeadSquared's refusal, or why it is not known.
    stands: bool | None  #: Whether a read shows the old value in the end; None: no read tells.
    left: MigratorError | None = None  #: Why the old value could not be put back.


def seconds_of(text: str) -> datetime | None:
    """A time as LeadSquared writes it, without its fraction; None for anything else.

    >>> str(seconds_of("7/31/2026 5:33:50 AM")), seconds_of("")
    ('2026-07-31 05:33:50+00:00', None)
    """
    found = meaning(text)
    return found.replace(microsecond=0) if isinstance(found, datetime) else None


def of_trial(trial: Trial) -> Check:
    """What is said of the switch, and of the opportunity that lent its CreatedOn."""
    if not trial.stands:
        return _out_of_place(trial)
    stands = f'; {trial.opportunity} shows its old value again, "{trial.old}"'
    match trial.switch:
        case Switch.ON:
            return ok(Topic.CREATED_ON, f"the switch is on: it is written{stands}")
        case Switch.UNKNOWN:
            return warning(
                Topic.CREATED_ON,
                f"whether the switch is on could not be told ({trial.told}){stands}",
                "Run the same command again.",
            )
        case Switch.OFF:
            found = "the switch is off: LeadSquared says Success and writes nothing"
        case Switch.REFUSED:
            found = f"refused, so the switch seems to be off: {trial.told}"
    return Check(
        topic=Topic.CREATED_ON,
        mark=Mark.FAILED,
        found=f"{found}{stands}",
        advice="Ask LeadSquared's support to let this account write CreatedOn, or leave it out of "
        "the mapping.",
        code=ExitCode.ACCESS,
    )


def _out_of_place(trial: Trial) -> Check:
    """The old value is not seen again: the one thing that a person has to mend."""
    if trial.left is not None:
        why, code = f"it could not be put back ({trial.left.problem})", trial.left.exit_code
    else:
        why, code = "it was put back, and no read shows it yet", ExitCode.TARGET
    return Check(
        topic=Topic.CREATED_ON,
        mark=Mark.FAILED,
        found=f'{trial.opportunity} may have a wrong CreatedOn: its old value is "{trial.old}" '
        f"(UTC), and {why}; the switch: {trial.switch}",
        advice="Look at it in LeadSquared. Where it is wrong, put the old value back with a sheet "
        "of one row, or ask LeadSquared's support.",
        code=code,
    )
