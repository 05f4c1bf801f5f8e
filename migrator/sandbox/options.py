"""How one sandbox behaves: a value, and how a part of it is changed while it runs.

Owns defaults and their checks; it reads no file.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from migrator.sandbox.faults import check_faults
from migrator.sandbox.limits import Counting
from migrator.sandbox.schema import Breaches, FieldRule
from migrator.sandbox.state import Seed

DISGUISES: Final = (429, 403, 200)  #: The statuses under which a rate answer was seen.


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
    rules: Mapping[str, FieldRule] | None = None  #: None: any field takes any text.
    breaches: Breaches = field(default_factory=Breaches)

    limit: int = 25  #: Calls in one window, for all calls of the account together.
    window: float = 5.0  #: Seconds.
    counting: Counting = Counting.LOG
    phase: float = 0.0  #: Where fixed windows begin: seconds after the start.
    refused_count: bool = False  #: Whether refused calls fill the window.
    disguise: int = 429  #: Status of a rate answer: 429, 403 or 200.
    retry_after: float | None = None  #: Seconds told with a rate answer; None: no such header.

    latency: tuple[float, float] = (0.0, 0.0)  #: Seconds, from and to.
    latency_before: float = 0.5  #: Share of it that passes before an update is applied.
    read_lag: float = 0.0  #: Seconds until reads show a write.
    notes: Literal["add", "overwrite"] = "add"
    faults: Mapping[str, float] = field(default_factory=dict)  #: Name to chance.
    seed: int = 0  #: Of faults and latency.
    hang_seconds: float = 120.0  #: How long a hanging call is held before it is closed.

    down: bool = False  #: Every call gets a gateway's 503 page.
    deactivated: bool = False  #: The user is inactive: 401.
    wrong_region: str = ""  #: The account's own host, when this is not it: 401 naming that host.
    organisation: str = "22824"  #: OrgShortCode; "": the account tells none.
    time_zone: str = "Asia/Kolkata"
    marked_errors: bool = False  #: Errors also carry "IsMXException": true.

    def __post_init__(self) -> None:
        check_faults(self.faults)
        low, high = self.latency
        needs: tuple[tuple[bool, str], ...] = (
            (self.limit >= 1 and self.window > 0, "a limit of at least 1 and a window above 0"),
            (self.disguise in DISGUISES, "a rate answer is a 429, a 403 or a 200"),
            (0 <= low <= high, "latency goes from a smaller to a larger number of seconds"),
            (0 <= self.latency_before <= 1, "the share of latency is from 0 to 1"),
            (self.read_lag >= 0 and self.hang_seconds >= 0, "seconds are not negative"),
            (self.notes in {"add", "overwrite"}, "notes are add or overwrite"),
            (0 <= self.port <= 65535, "a port is from 0 to 65535"),
        )
        for holds, rule in needs:
            if not holds:
                raise ValueError(f"the sandbox cannot be set so: {rule}")


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


LIVE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "limit": int,
    "window": float,
    "counting": Counting,
    "phase": float,
    "refused_count": _switch,
    "disguise": int,
    "retry_after": lambda value: None if value is None else float(value),
    "latency": _latency,
    "latency_before": float,
    "read_lag": float,
    "notes": str,
    "faults": _chances,
    "seed": int,
    "hang_seconds": float,
    "down": _switch,
    "deactivated": _switch,
    "wrong_region": str,
    "organisation": str,
    "time_zone": str,
    "marked_errors": _switch,
    "unknown": lambda value: tuple(str(text) for text in value),
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
    return dataclasses.replace(options, **values)


def live_settings(options: SandboxOptions) -> dict[str, Any]:
    """What can be changed, with its present values, fit for JSON; no keys among them."""
    return {name: getattr(options, name) for name in LIVE}
