"""What an endpoint is: from a call, understood as far as any needs, to what was done.

Owns these forms only; the endpoints themselves stand in `account`, `metadata` and `reads`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from migrator.sandbox.answers import Answer
from migrator.sandbox.options import SandboxOptions
from migrator.sandbox.state import Opportunities
from migrator.sandbox.update import Glimpse, parse_body


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, understood as far as any endpoint needs."""

    query: Mapping[str, str]
    content: Any  #: The parsed body of a POST; an `Answer` when it cannot be parsed.
    now: float  #: Seconds of the sandbox's clock.
    wall: float  #: Seconds since 1970.
    host: str  #: Host and port at which the sandbox is reached.


@dataclass(slots=True, kw_only=True)
class Account:
    """What endpoints work on."""

    options: SandboxOptions
    opportunities: Opportunities


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an endpoint did."""

    answer: Answer
    applied: bool = False  #: Whether an update was written.


def names_nothing(_call: Call) -> Glimpse:
    """Of calls that speak of no single opportunity."""
    return Glimpse()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path of the API."""

    method: str
    serve: Callable[[Account, Call], Done]
    speaks_of: Callable[[Call], Glimpse] = names_nothing  #: What it names, for log and faults.
    updates: bool = False
    body_optional: bool = False  #: Whether a POST without a body is as good as ``{}``.
    any_region: bool = False  #: Serves accounts of other regions too.
    struck_by_chance: bool = True  #: Whether seeded faults strike it; scripted ones always do.


def understood(
    endpoint: Endpoint,
    *,
    query: Mapping[str, str],
    body: bytes,
    content_type: str,
    now: float,
    wall: float,
    host: str,
) -> Call:
    """A call as its endpoint takes it."""
    content: Any = None
    if endpoint.method == "POST":
        absent = endpoint.body_optional and not body
        content = {} if absent else parse_body(body, content_type)
    return Call(query=query, content=content, now=now, wall=wall, host=host)
