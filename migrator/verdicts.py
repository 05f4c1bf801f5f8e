"""What a reply means: the one table of verdicts, in the order in which it is asked.

Owns the rules, what each leads to, and the vendor's names and texts that tell them apart. The
first rule that fits a reply gives its verdict; docs/verdicts.md is generated from this table. It
sends nothing and repeats nothing: `migrator.retry` and the dispatcher act on verdicts.

Sources: "Update an Opportunity" (the vendor's page, read 2026-11), further pages of
apidocs.leadsquared.com, and what public code saw live accounts answer.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from migrator.answers import Answer, as_guid, decoded, parse
from migrator.errors import ExitCode
from migrator.model import LONG_WINDOW, IdKind, NoReply, Reply, Verdict

# ------------------------------------------------------------------ the vendor's names and texts

RATE_LIMIT_TYPE: Final = "MXAPIRateLimitExceeded"  #: Seen with 429, 403 and 200.
WRONG_KEYS_TYPE: Final = "MXInvalidAccessDetails"  #: "Authentication"; the beginning of the name.
NO_PERMISSION_TYPE: Final = "MXUnAuthorized"  #: Seen as …Access… and …Request…, in both spellings.

_SECONDS: Final = {
    "second": 1.0,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86_400.0,
    "week": 7 * 86_400.0,
    "month": 30 * 86_400.0,
}
_UNIT: Final = "|".join(_SECONDS)

RATE_LIMIT_TEXT: Final = re.compile(
    rf"exceeded the (?:(?P<adjective>hourly|daily) )?limit of\s+(?P<calls>\d{{1,9}})"
    rf"(?:\s+(?:in|per)\s+(?:(?P<many>\d{{1,9}}(?:\.\d{{1,9}})?)\s*|an?\s+|one\s+)?"
    rf"(?P<unit>{_UNIT})?)?",
    re.IGNORECASE,
)
"""The documented text: "API calls exceeded the limit of 25 in 5 second(s)". Nobody has published
what is said when a day's calls are spent: other units, and "daily", are guesses."""

_RATE_LIMIT_AT_THE_START: Final = re.compile(
    rf"\W*(?:\w+\W+){{0,6}}{RATE_LIMIT_TEXT.pattern}", re.IGNORECASE
)
"""In LeadSquared's JSON the text must open the message: a refusal may repeat the row's values."""

TRANSIENT_TEXT: Final = re.compile(
    r"time[\s-]?out|timed[\s-]?out|dead[\s-]?lock|try(?:ing)?\s+again", re.IGNORECASE
)
"""An MX error that may pass; seen in the classification of one connector."""


# ------------------------------------------------------------------ what a user may move


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedExceptions:
    """ExceptionTypes of which the user knows better whether they pass; spelt in any case."""

    retry: tuple[str, ...] = ()  #: May pass: the row is tried again.
    final: tuple[str, ...] = ()  #: Speaks of the row: never tried again.

    def __bool__(self) -> bool:
        return bool(self.retry or self.final)

    def __str__(self) -> str:
        """Such as "MXConcurrencyException is tried again"."""
        said = ((self.retry, "tried again"), (self.final, "never tried again"))
        return "; ".join(
            f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {what}"
            for names, what in said
            if names
        )

    def where(self, exception: str) -> Literal["retry", "final", ""]:
        """To which side an ExceptionType was moved; "" where it stays as it is."""
        if self and is_one_of(exception, self.retry):
            return "retry"
        return "final" if self and is_one_of(exception, self.final) else ""


NOTHING_MOVED: Final = MovedExceptions()


def is_one_of(exception: str, names: tuple[str, ...]) -> bool:
    """Whether an ExceptionType is among the names, in whatever case of letters."""
    return exception.casefold() in {name.casefold() for name in names}


def cannot_be_moved(exception: str) -> bool:
    """Whether an ExceptionType means access or rate: these speak of no row, whoever says so.

    >>> cannot_be_moved("mxapiratelimitexceededexception"), cannot_be_moved("MXXSSException")
    (True, False)
    """
    fixed = (RATE_LIMIT_TYPE, WRONG_KEYS_TYPE, NO_PERMISSION_TYPE)
    return exception.casefold().startswith(tuple(name.casefold() for name in fixed))


# ------------------------------------------------------------------ what a verdict leads to


class Fate(StrEnum):
    """What becomes of a row that gets such a reply once, and a success to every other call."""

    SUCCEEDS = "succeeds"
    AGAIN = "goes again"
    FAILS = "fails"
    STAYS = "stays planned"  #: And the run stops.


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What follows for the row and for the run."""

    fate: Fate
    row: str  #: The same in words.
    uses_attempt: bool  #: Of those that a row has for replies which leave it unknown.
    pauses: str  #: Who waits.
    run: str  #: When the run stops.
    exit: ExitCode | None  #: With which exit code it stops then; None: it never does.


_SUCCEEDS: Final = Consequence(
    fate=Fate.SUCCEEDS,
    row="succeeded",
    uses_attempt=False,
    pauses="nobody",
    run="goes on",
    exit=None,
)
_FAILS: Final = Consequence(
    fate=Fate.FAILS,
    row="failed (exit 10 in the end); `retry` sends it again",
    uses_attempt=False,
    pauses="nobody; later rows of its opportunity wait for a `retry`",
    run="stops after too many equal ones in a row",
    exit=ExitCode.STOPPED,
)
_UNKNOWN: Final = Consequence(
    fate=Fate.AGAIN,
    row="a note is looked for by reading, and the row sent again where that leads to it; without "
    "a note it is sent again; attempts used up end in doubt",
    uses_attempt=True,
    pauses="the row, for a growing time; all rows in an outage (several such in a row)",
    run="stops when the outage lasts",
    exit=ExitCode.TARGET,
)
_NOT_SENT: Final = Consequence(
    fate=Fate.AGAIN,
    row="sent again, as often as it takes",
    uses_attempt=False,
    pauses="the row, for a growing time; all rows in an outage (several such in a row)",
    run="stops when the outage lasts",
    exit=ExitCode.TARGET,
)
_RATE: Final = Consequence(
    fate=Fate.AGAIN,
    row="sent again, as often as it takes",
    uses_attempt=False,
    pauses="all rows, for a window or as long as the answer says",
    run="stops when nothing else is answered for a while",
    exit=ExitCode.ALLOWANCE,
)
_DAY_SPENT: Final = Consequence(
    fate=Fate.STAYS,
    row="stays planned",
    uses_attempt=False,
    pauses="all rows",
    run="stops at once; `resume` when the next day has begun",
    exit=ExitCode.ALLOWANCE,
)
_NO_ACCESS: Final = Consequence(
    fate=Fate.STAYS,
    row="stays planned",
    uses_attempt=False,
    pauses="all rows",
    run="stops at once, and says what to mend; then `resume`",
    exit=ExitCode.ACCESS,
)
_NOT_PERMITTED: Final = Consequence(
    fate=Fate.STAYS,
    row="stays planned while no row has succeeded; failed when one has: then it is the row's",
    uses_attempt=False,
    pauses="nobody",
    run="stops at once while no row has succeeded",
    exit=ExitCode.ACCESS,
)
_FOREIGN: Final = Consequence(
    fate=Fate.FAILS,
    row="its opportunity is read: failed when LeadSquared answers that, whatever it says; else it "
    "stays planned",
    uses_attempt=False,
    pauses="all rows, while it is read",
    run="stops when the read is not answered, or after several over different rows: these are "
    "planned again",
    exit=ExitCode.ACCESS,
)


# ------------------------------------------------------------------ what the rules look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A reply, with all that its verdict depends on."""

    lost: NoReply | None  #: Where no reply came.
    status: int  #: 0 where no reply came.
    answer: Answer
    limit: tuple[int, float] | None  #: (N, seconds) that the answer names.
    moved: MovedExceptions
    opportunity_id: str  #: That was sent; "" in a read, which is never judged by it.
    id_kind: IdKind

    @property
    def is_2xx(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300

    @property
    def is_rate(self) -> bool:
        """Whether the account's limit was crossed, in whatever disguise."""
        is_type = self.answer.is_type(RATE_LIMIT_TYPE)
        return self.limit is not None or self.status == 429 or is_type

    @property
    def may_pass(self) -> bool:
        """Whether LeadSquared's own words speak of something that passes."""
        text = f"{self.answer.exception} {self.answer.own_words}"
        return TRANSIENT_TEXT.search(text) is not None

    @property
    def id_fits(self) -> bool:
        """Whether the answer names the opportunity that was sent.

        A GUID must come back, in any case of letters. For an AutoId any GUID fits; the AutoId
        itself fits, too, since the page does not say which of the two comes.
        """
        answered = self.answer.id
        if self.id_kind is IdKind.GUID:
            return answered.strip().strip("{}").lower() == self.opportunity_id.lower()
        return bool(as_guid(answered)) or answered == self.opportunity_id


_NOTHING: Final = parse(Reply(status=0, body=b""))


def case_of(
    reply: Reply | NoReply,
    *,
    opportunity_id: str = "",
    id_kind: IdKind = IdKind.GUID,
    moved: MovedExceptions = NOTHING_MOVED,
) -> Case:
    """What came back, as the rules look at it."""
    if isinstance(reply, NoReply):
        lost, status, answer, limit = reply, 0, _NOTHING, None
    else:
        lost, status, answer = None, reply.status, parse(reply)
        limit = _limit(reply, answer)
    return Case(
        lost=lost,
        status=status,
        answer=answer,
        limit=limit,
        moved=moved,
        opportunity_id=opportunity_id,
        id_kind=id_kind,
    )


def _limit(reply: Reply, answer: Answer) -> tuple[int, float] | None:
    """(N, seconds) of the text "exceeded the limit of N in M", wherever a rate answer has it."""
    if answer.is_object:
        found = _RATE_LIMIT_AT_THE_START.match(answer.own_words)
    else:
        found = RATE_LIMIT_TEXT.search(decoded(reply.body))
    if not found:
        return None
    calls, seconds = int(found["calls"]), _seconds(found)
    return (calls, seconds) if calls >= 1 and seconds > 0 else None


def _seconds(found: "re.Match[str]") -> float:
    """The window of a limit, in seconds; 0.0 where none is named.

    >>> [_seconds(RATE_LIMIT_TEXT.search(f"exceeded the {text}")) for text in
    ...  ("limit of 25 in 5 second(s)", "limit of 25 in 5", "limit of 9 in 1 day(s)",
    ...   "limit of 9 per hour", "daily limit of 9", "limit of 9")]
    [5.0, 5.0, 86400.0, 3600.0, 86400.0, 0.0]
    """
    many, unit = found["many"], (found["unit"] or "").lower()
    if many or unit:
        return float(many or 1) * _SECONDS.get(unit, 1.0)
    adjective = (found["adjective"] or "").lower()
    return {"hourly": _SECONDS["hour"], "daily": _SECONDS["day"]}.get(adjective, 0.0)


# ------------------------------------------------------------------ the table of verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the table."""

    name: str  #: Short and fixed.
    when: str  #: Which replies it fits, in words; those of the rules above it are taken already.
    verdict: Verdict
    then: Consequence
    source: str  #: "doc", "seen" or "guess", and by whom: `shared/api/leadsquared.md` 1.3 to 1.5.
    fits: Callable[[Case], bool]


REFUSALS: Final = (
    Rule(
        name="not sent",
        when="no reply, and the request never left: refused connection, DNS, TLS",
        verdict=Verdict.TARGET_FAULT,
        then=_NOT_SENT,
        source="seen: 2.7 % of one migration's calls",
        fits=lambda case: case.lost is not None and not case.lost.written,
    ),
    Rule(
        name="answer lost",
        when="no reply, and the request may have arrived: time-out, reset, a killed process",
        verdict=Verdict.UNKNOWN,
        then=_UNKNOWN,
        source="seen: one in 23 such calls had been applied",
        fits=lambda case: case.lost is not None,
    ),
    Rule(
        name="day spent",
        when="a rate answer that names a day, or another time of an hour or more: "
        "`exceeded the limit of N in 1 day(s)`",
        verdict=Verdict.RATE,
        then=_DAY_SPENT,
        source="doc: there are daily limits; guess: the words",
        fits=lambda case: case.limit is not None and case.limit[1] >= LONG_WINDOW,
    ),
    Rule(
        name="rate",
        when="`MXAPIRateLimitExceeded…`, or `exceeded the limit of N in M second(s)`, with any "
        "status (429, 403, 200 were seen); or 429 with anything",
        verdict=Verdict.RATE,
        then=_RATE,
        source="doc: 429 and the words; seen: 403, 200",
        fits=lambda case: case.is_rate,
    ),
    Rule(
        name="redirect",
        when="3xx: no redirect is followed, so that the keys go nowhere else",
        verdict=Verdict.ACCESS,
        then=_NO_ACCESS,
        source="guess: a wrong host",
        fits=lambda case: 300 <= case.status < 400,
    ),
    Rule(
        name="wrong keys",
        when="`MXInvalidAccessDetails…`, with any status; the message may name the host of the "
        "right region, which is said",
        verdict=Verdict.ACCESS,
        then=_NO_ACCESS,
        source="doc: the type; seen: the host in it",
        fits=lambda case: case.answer.is_type(WRONG_KEYS_TYPE),
    ),
    Rule(
        name="not permitted",
        when="`MXUnAuthorized…`, with any status",
        verdict=Verdict.NOT_PERMITTED,
        then=_NOT_PERMITTED,
        source="seen: the type; guess: whose fault it is",
        fits=lambda case: case.answer.is_type(NO_PERMISSION_TYPE),
    ),
    Rule(
        name="moved to retry",
        when="an ExceptionType that `migrator.toml` lists under `retry`, with any status",
        verdict=Verdict.UNKNOWN,
        then=_UNKNOWN,
        source="the user",
        fits=lambda case: case.moved.where(case.answer.exception) == "retry",
    ),
    Rule(
        name="moved to final",
        when="an ExceptionType that `migrator.toml` lists under `final`, with any status",
        verdict=Verdict.REFUSED,
        then=_FAILS,
        source="the user",
        fits=lambda case: case.moved.where(case.answer.exception) == "final",
    ),
    Rule(
        name="may pass",
        when="another `MX…` type, or `IsMXException`, whose own words speak of a time-out, a "
        "deadlock or trying again; what they quote is a value and does not count",
        verdict=Verdict.UNKNOWN,
        then=_UNKNOWN,
        source="seen: one connector's list",
        fits=lambda case: case.answer.is_named and case.may_pass,
    ),
    Rule(
        name="about the row",
        when="any other `MX…` type, or `IsMXException`, with any status (500 in most cases)",
        verdict=Verdict.REFUSED,
        then=_FAILS,
        source="seen: several teams; doc: the form",
        fits=lambda case: case.answer.is_named,
    ),
    Rule(
        name="keys refused",
        when="401",
        verdict=Verdict.ACCESS,
        then=_NO_ACCESS,
        source="doc",
        fits=lambda case: case.status == 401,
    ),
    Rule(
        name="foreign",
        when="403, 404 or 405 that is not LeadSquared's JSON: a gateway, a proxy, a wrong host",
        verdict=Verdict.FOREIGN,
        then=_FOREIGN,
        source="doc: 404 for a wrong path; seen: 403, 405",
        fits=lambda case: case.status in {403, 404, 405} and not case.answer.is_ours,
    ),
    Rule(
        name="bad request",
        when="any other 4xx but 408",
        verdict=Verdict.REFUSED,
        then=_FAILS,
        source="doc: 400; guess: the others",
        fits=lambda case: 400 <= case.status < 500 and case.status != 408,
    ),
    Rule(
        name="no clear status",
        when="408, 5xx, and any status that is not 2xx: a gateway's page, an empty body, an error "
        "without an `MX…` type",
        verdict=Verdict.UNKNOWN,
        then=_UNKNOWN,
        source="seen: pages of gateways",
        fits=lambda case: not case.is_2xx,
    ),
    Rule(
        name="success with a fault",
        when="2xx that reports an exception without an `MX…` type",
        verdict=Verdict.UNKNOWN,
        then=_UNKNOWN,
        source="seen: on other calls",
        fits=lambda case: case.answer.has_exception,
    ),
)
"""The rules of every call, in order; a read that none of them fits has brought something."""

OF_UPDATES: Final = (
    Rule(
        name="another opportunity",
        when="2xx, `Status` is `Success`, and its `Id` is not the GUID that was sent (for an "
        "AutoId: neither a GUID nor the AutoId)",
        verdict=Verdict.UNKNOWN,
        then=_UNKNOWN,
        source="guess: nobody saw it",
        fits=lambda case: case.answer.is_success and not case.id_fits,
    ),
    Rule(
        name="applied",
        when="2xx, a JSON object, `Status` is `Success`, no exception, an `Id` that fits",
        verdict=Verdict.APPLIED,
        then=_SUCCEEDS,
        source="doc; guess: the `Id` for an AutoId",
        fits=lambda case: case.answer.is_success,
    ),
    Rule(
        name="unclear success",
        when="any other 2xx: a page, half an answer, an empty body, another `Status`",
        verdict=Verdict.UNKNOWN,
        then=_UNKNOWN,
        source="seen: success without effect, on other calls",
        fits=lambda case: True,  # noqa: ARG005 - the last rule fits whatever is left
    ),
)
"""The rules for what is left of the answers to an update."""

RULES: Final = (*REFUSALS, *OF_UPDATES)
"""The whole table; the first rule that fits a reply to an update gives its verdict."""


def rule_of(case: Case) -> Rule:
    """The rule for an answer to an update: the first that fits; one always does."""
    return next(rule for rule in RULES if rule.fits(case))


def refusal_of(case: Case) -> Rule | None:
    """The rule for an answer to a read; None when it may have brought what was asked for."""
    return next((rule for rule in REFUSALS if rule.fits(case)), None)
