"""What goes wrong on purpose: the faults by name, and which call is struck by which.

Pure and repeatable: instead of a random generator there is a hash of the seed, the opportunity
and the number of the call for it, so that the order in which calls arrive changes nothing.
Passing faults strike a call and are decided anew for the next; lasting faults strike an
opportunity each time until it is mended.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from migrator.sandbox.answers import (
    INVALID_INPUT,
    UNKNOWN_OPPORTUNITY,
    Answer,
    empty,
    foreign,
    malformed,
    refused,
    truncated,
)
from migrator.sandbox.schema import wrong_option


class Ending(StrEnum):
    """How a struck call ends."""

    ANSWER = "answer"
    CLOSED = "closed"  #: The connection is closed without an answer.
    SILENCE = "silence"  #: No answer within any sensible time-out.


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which a call can go wrong."""

    ending: Ending = Ending.ANSWER
    applied: bool | None = False  #: Whether an update is applied; None: one call in two.
    lasting: bool = False  #: Strikes the opportunity each time until it is mended.
    #: From the proper answer, where there is one, and the first field's name to what is sent.
    answer: Callable[[Answer | None, str], Answer] = lambda _proper, _field: empty(500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that strikes this call."""

    name: str
    fault: Fault
    applied: bool


def _always(answer: Answer) -> Callable[[Answer | None, str], Answer]:
    return lambda _proper, _field: answer


def _cut(proper: Answer | None, _field: str) -> Answer:
    return truncated(proper or empty(200))


RATE_ANSWERS: Final[Mapping[str, int]] = {"rate429": 429, "rate403": 403, "rate200": 200}
"""Refusals that no count gave reason for, by their status; they name the account's limit."""

FAULTS: Final[Mapping[str, Fault]] = {
    "lost_before": Fault(ending=Ending.CLOSED),
    "lost_after": Fault(ending=Ending.CLOSED, applied=True),
    "hang": Fault(ending=Ending.SILENCE, applied=None),
    **{name: Fault() for name in RATE_ANSWERS},
    "http500_html": Fault(applied=None, answer=_always(foreign(500))),
    "http500_empty": Fault(applied=None, answer=_always(empty(500))),
    "http502": Fault(applied=None, answer=_always(foreign(502))),
    "http503": Fault(answer=_always(foreign(503))),
    "http504": Fault(applied=None, answer=_always(foreign(504))),
    "mx_transient": Fault(
        applied=None,
        answer=_always(
            refused("MXException", "The operation timed out. Please try again after some time.")
        ),
    ),
    "truncated": Fault(applied=True, answer=_cut),
    "foreign403": Fault(answer=_always(foreign(403))),
    "foreign404": Fault(answer=_always(foreign(404))),
    "http400": Fault(
        lasting=True,
        answer=_always(malformed("Unexpected character encountered while parsing value: \ufffd.")),
    ),
    "mx500": Fault(lasting=True, answer=lambda _proper, field: wrong_option(field)),
    "http404_mx": Fault(
        lasting=True,
        answer=_always(refused(UNKNOWN_OPPORTUNITY, "Activity does not exist.", status=404)),
    ),
    "mx_input": Fault(
        lasting=True,
        answer=lambda _proper, field: refused(
            INVALID_INPUT, f"Invalid Input! Parameter Name: {field}"
        ),
    ),
}
"""Every fault by the name that settings use."""


def draw(*parts: object) -> float:
    """A number from 0.0 up to, but not, 1.0 that is always the same for the same parts."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) / 2**56


def check_faults(chances: Mapping[str, float]) -> None:
    """Refuse unknown names and impossible chances.

    Raises:
        ValueError: A name is unknown, a chance is outside 0 to 1, or those of the passing or of
            the lasting faults are more than 1 together.
    """
    for name, chance in chances.items():
        if name not in FAULTS:
            raise ValueError(f'there is no fault "{name}"; the faults are {", ".join(FAULTS)}')
        if not 0 <= chance <= 1:
            raise ValueError(f"the chance of {name} is {chance:g}; it must be from 0 to 1")
    for lasting in (False, True):
        if sum(_kind(chances, lasting=lasting).values()) > 1 + 1e-9:
            raise ValueError("the chances of the faults are more than 1 together")


def struck(
    chances: Mapping[str, float],
    *,
    seed: int,
    opportunity: str,
    number: int,
    updates: bool,
    mended: bool,
) -> Strike | None:
    """The fault that strikes this call, if any.

    Args:
        chances: Fault name to chance, 0 to 1.
        seed: Another seed strikes other calls.
        opportunity: The opportunity's GUID, or what the call names; "" when it names none.
        number: How many calls for this opportunity came before.
        updates: Whether the call is an update; lasting faults strike no other.
        mended: Whether the opportunity is safe from lasting faults.
    """
    if updates and not mended:
        name = _chosen(_kind(chances, lasting=True), draw(seed, "lasting", opportunity))
        if name:
            return strike(name)
    name = _chosen(_kind(chances, lasting=False), draw(seed, "passing", opportunity, number))
    if not name:
        return None
    return strike(name, either=draw(seed, "applied", opportunity, number) < 0.5)


def strike(name: str, *, either: bool = False, applied: bool | None = None) -> Strike:
    """A strike by name.

    Args:
        name: One of `FAULTS`.
        either: Whether it is applied, for a fault that may be or not.
        applied: Overrides what the fault says; None: does not.
    """
    fault = FAULTS[name]
    if applied is None:
        applied = either if fault.applied is None else fault.applied
    return Strike(name=name, fault=fault, applied=applied)


def _kind(chances: Mapping[str, float], *, lasting: bool) -> dict[str, float]:
    return {name: chance for name, chance in chances.items() if FAULTS[name].lasting is lasting}


def _chosen(chances: Mapping[str, float], drawn: float) -> str:
    reached = 0.0
    for name, chance in chances.items():
        reached += chance
        if drawn < reached:
            return name
    return ""


@dataclass(slots=True, kw_only=True)
class ScriptedFault:
    """The next calls get this fault: for tests that need it at one moment."""

    name: str
    times: int = 1  #: Calls left to strike.
    opportunity: str = ""  #: Only calls for this GUID or AutoId; "": any.
    path: str = ""  #: Only calls whose path ends so, such as "Update"; "": any.
    applied: bool | None = None  #: Overrides what the fault says.

    def __post_init__(self) -> None:
        check_faults({self.name: 1.0})
        if self.times < 1:
            raise ValueError(f"a scripted fault strikes at least once, not {self.times} times")

    def strikes(self, *, names: Collection[str], path: str) -> bool:
        """Whether a call is meant that names an opportunity so."""
        meant = not self.opportunity or self.opportunity.lower() in names
        return self.times > 0 and meant and path.endswith(self.path)


def next_scripted(
    script: Iterable[ScriptedFault], *, names: Collection[str], path: str, either: bool
) -> Strike | None:
    """Use up one scripted fault for this call, the oldest that fits.

    Args:
        script: The faults still to strike.
        names: Every id of the call's opportunity, in lower case.
        path: The call's path.
        either: Whether the update is applied, for a fault that leaves it open.
    """
    for scripted in script:
        if scripted.strikes(names=names, path=path):
            scripted.times -= 1
            return strike(scripted.name, either=either, applied=scripted.applied)
    return None
