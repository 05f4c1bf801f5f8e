"""How one sandbox behaves: a value, and how a part of it is changed while it runs.

Owns defaults and their checks; it reads no file.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from migrator.sandbox.answers import DAILY_MESSAGE
from migrator.sandbox.faults import check_faults
from migrator.sandbox.limits import Counting
from migrator.sandbox.schema import CHOICES, Breaches, FieldRule, OnBreach, OpportunityType
from migrator.sandbox.showing import DateStyle
from migrator.sandbox.state import FIRST_TYPE, Seed
from migrator.sandbox.users import User, read_users

DISGUISES: Final = (429, 403, 200)  #: The statuses under which a rate answer was seen.
CLOSABLE: Final = frozenset(
    {
        "GetOpportunityDetails",
        "GetOpportunitiesById",
        "GetOpportunitiesOfLead",
        "GetOpportunitiesByUniqueLeadField",
        "GetOpportunityTypes",
        "GetOpportunityTypeMetadata",
        "IsOpportunityEnabled",
        "Update",
        "UserByAccessKey.Get",
        "Users.Get",
    }
)  #: Last names of all paths.
CLOSED: Final = frozenset({"refused", "missing"})  #: 500 without permission, or a page's 404.


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Everything that can be chosen; the defaults are LeadSquared's where they are known."""

    port: int = 0  #: 0: a free one.
    #: Access keys of LeadSquared begin so, which is a trap for shells and URLs.
    access_key: str = field(default="u$rsandbox", repr=False)
    secret_key: str = field(default="sandbox-secret", repr=False)
    log_file: Path | None = None  #: JSON lines, one per request.
    log_kept: int | None = None  #: Records kept in memory; None: all.
    seeds: tuple[Seed, ...] | None = None  #: None: each well-formed GUID exists.
    unknown: tuple[str, ...] = ()  #: Ids that do not exist.
    types: tuple[OpportunityType, ...] = ()  #: Empty: one, with `rules`.
    rules: Mapping[str, FieldRule] | None = None  #: None: any field takes any text.
    users: tuple[User, ...] = ()  #: Empty: one, and any Owner is taken.
    breaches: Breaches = field(default_factory=Breaches)

    limit: int = 25  #: Calls in one window, for all calls of the account together.
    window: float = 5.0  #: Seconds.
    counting: Counting = Counting.LOG
    phase: float = 0.0  #: Where fixed windows begin: seconds after the start.
    refused_count: bool = False  #: Whether refused calls fill the window.
    daily: int | None = None  #: Admitted calls in a UTC day; None: not counted.
    daily_message: str = DAILY_MESSAGE  #: "{limit}" in it becomes the number.
    disguise: int = 429  #: Status of a rate answer: 429, 403 or 200.
    retry_after: float | None = None  #: Seconds told with a rate answer; None: no such header.

    uplink: tuple[float, float] = (0.0, 0.0)  #: Seconds under way before a call is counted.
    latency: tuple[float, float] = (0.0, 0.0)  #: Seconds, from and to, after it is counted.
    latency_before: float = 0.5  #: Share of it that passes before an update is applied.
    read_lag: float = 0.0  #: Seconds until reads show a write.
    index_lag: float = 0.0  #: Seconds until reads by lead show a write; live ones lag by minutes.
    list_missing: int = 0  #: Of each list by lead, so many are counted and not listed.
    date_style: DateStyle = DateStyle.PLAIN  #: Of reads; four were seen.
    type_required: bool = False  #: GetOpportunitiesOfLead needs opportunityType: seen once.
    closed: Mapping[str, str] = field(default_factory=dict)  #: Last name of a path to `CLOSED`.
    notes: Literal["add", "overwrite"] = "add"
    faults: Mapping[str, float] = field(default_factory=dict)  #: Name to chance.
    seed: int = 0  #: Of faults and latency.
    hang_seconds: float = 120.0  #: How long a hanging call is held before it is closed.

    down: bool = False  #: Every call gets a gateway's 503 page.
    deactivated: bool = False  #: The user is inactive: 401.
    wrong_region: str = ""  #: The account's own host, when this is not it: 401 naming that host.
    enabled: bool = True  #: What IsOpportunityEnabled says; it says so alone (guess).
    organisation: str = "22824"  #: OrgShortCode; "": the account tells none.
    time_zone: str = "Asia/Kolkata"
    marked_errors: bool = False  #: Errors also carry "IsMXException": true.

    def __post_init__(self) -> None:
        check_faults(self.faults)
        (low, high), (up_low, up_high) = self.latency, self.uplink
        needs: tuple[tuple[bool, str], ...] = (
            (self.limit >= 1 and self.window > 0, "a limit of at least 1 and a window above 0"),
            (self.disguise in DISGUISES, "a rate answer is a 429, a 403 or a 200"),
            (
                0 <= low <= high and 0 <= up_low <= up_high,
                "latency and up-link go from a smaller to a larger number of seconds",
            ),
            (0 <= self.latency_before <= 1, "the share of latency is from 0 to 1"),
            (
                min(self.read_lag, self.index_lag, self.hang_seconds, self.list_missing) >= 0,
                "seconds are not negative",
            ),
            (self.daily is None or self.daily >= 0, "a daily limit is not negative"),
            (set(self.closed.values()) <= CLOSED, "a closed endpoint is refused or missing"),
            (self.closed.keys() <= CLOSABLE, f"endpoints are {', '.join(sorted(CLOSABLE))}"),
            (
                {seed.type for seed in self.seeds or ()} <= {None, *self._codes()},
                "an opportunity has a type that the account has",
            ),
            (not (self.types and self.rules), "fields are declared for types, or for the only one"),
            (len(set(self._codes())) == len(self._codes()), "two types have two codes"),
            (self.notes in {"add", "overwrite"}, "notes are add or overwrite"),
            (0 <= self.port <= 65535, "a port is from 0 to 65535"),
        )
        for holds, rule in needs:
            if not holds:
                raise ValueError(f"the sandbox cannot be set so: {rule}")

    @property
    def declared_types(self) -> tuple[OpportunityType, ...]:
        """The account's opportunity types; at least one."""
        return self.types or (OpportunityType(code=FIRST_TYPE, rules=self.rules),)

    def type_of(self, code: str) -> OpportunityType | None:
        """The opportunity type with this code."""
        return next((one for one in self.declared_types if str(one.code) == code.strip()), None)

    def _codes(self) -> list[int]:
        return [one.code for one in self.declared_types]


def _latency(value: Any) -> tuple[float, float]:
    if isinstance(value, int | float):
        return float(value), float(value)
    low, high = value
    return float(low), float(high)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def _chances(value: Any) -> dict[str, float]:
    return {str(name): float(chance) for name, chance in dict(value).items()}


def _choice(name: str) -> Callable[[Any], OnBreach]:
    def read(value: Any) -> OnBreach:
        if value not in CHOICES[name]:
            raise ValueError(f"it is one of {', '.join(CHOICES[name])}")
        return OnBreach(value)

    return read


BREACHES: Final[Mapping[str, Callable[[Any], Any]]] = {
    **{name: _choice(name) for name in CHOICES},
    "status_comment": _switch,
}
"""The switches of `Breaches`: what can be changed among them is all of them."""

LIVE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "limit": int,
    "window": float,
    "counting": Counting,
    "phase": float,
    "refused_count": _switch,
    "daily": lambda value: None if value is None else int(value),
    "daily_message": str,
    "disguise": int,
    "retry_after": lambda value: None if value is None else float(value),
    "uplink": _latency,
    "latency": _latency,
    "latency_before": float,
    "read_lag": float,
    "index_lag": float,
    "list_missing": int,
    "date_style": DateStyle,
    "type_required": _switch,
    "closed": lambda value: {str(name): str(how) for name, how in dict(value).items()},
    "users": read_users,
    "notes": str,
    "faults": _chances,
    "seed": int,
    "hang_seconds": float,
    "down": _switch,
    "deactivated": _switch,
    "wrong_region": str,
    "enabled": _switch,
    "organisation": str,
    "time_zone": str,
    "marked_errors": _switch,
    "unknown": lambda value: tuple(str(text) for text in value),
    **BREACHES,
}
"""What can be changed while the sandbox runs, and how its JSON is read."""

LIMIT_SETTINGS: Final = frozenset({"limit", "window", "counting", "phase", "refused_count"})


def changed(options: SandboxOptions, changes: Mapping[str, Any]) -> SandboxOptions:
    """The options with some of them changed.

    Raises:
        ValueError: A name cannot be changed while the sandbox runs, or a value does not fit.
    """
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in LIVE:
            raise ValueError(f'"{name}" cannot be changed; these can: {", ".join(LIVE)}')
        try:
            values[name] = LIVE[name](value)
        except (TypeError, ValueError) as error:
            raise ValueError(f'"{name}" cannot be {value!r}: {error}') from error
    switches = {name: values.pop(name) for name in BREACHES if name in values}
    breaches = dataclasses.replace(options.breaches, **switches)
    return dataclasses.replace(options, breaches=breaches, **values)


def live_settings(options: SandboxOptions) -> dict[str, Any]:
    """What can be changed, with its present values, fit for JSON; no keys among them."""
    shown = {
        name: getattr(options.breaches if name in BREACHES else options, name) for name in LIVE
    }
    return {**shown, "users": [user.as_json() for user in options.users]}
