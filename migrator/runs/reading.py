"""Reading calls outside of a dispatch: one after the other, each through the account's one quota.

Owns their repetition, for three tries or through an outage, what ends them (refused access, a
target that does not answer, an account that refuses every call), and which calls describe an
account. What a reply means is read by `migrator.leadsquared` and its like.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from migrator.convert import by_email
from migrator.dispatcher.traffic import day_is_spent, time_is_up
from migrator.errors import AccessError, AllowanceError, MigratorError, TargetError, UsageError
from migrator.events import ANSWERED, Event, EventName, to_nobody
from migrator.leadsquared import Account, read_who_am_i, who_am_i_request
from migrator.leadsquared_types import (
    read_type,
    read_types,
    read_users,
    type_request,
    types_request,
    users_request,
)
from migrator.ledger.accounts import account_name
from migrator.metadata import Metadata, TypeInfo
from migrator.model import NoReply, NoReplyKind, Reading, Reply, Request, Verdict
from migrator.ports import Client, Quota
from migrator.refusals import cure, told
from migrator.reports.text import duration
from migrator.runs.world import Link

MOST_TRIES: Final = 3  #: Of a call that waits for no outage.
LONGEST_PAUSE: Final = 30.0  #: Seconds; pauses between tries grow up to this.

T = TypeVar("T")


class CallRefusedError(TargetError):
    """LeadSquared itself refuses the call, and would refuse it again."""


class Asking:
    """A connection on which calls are made that change nothing.

    Args:
        link: Whose settings, clock and operator.
        client: Of `Link.connected`.
        quota: The same.
        made: Where the names of the calls are added; None: to a list of its own.
        longest_outage: Seconds since the last answer for which calls are made again where nothing
            answers, or only rate answers come; 0.0: three tries.
        until: Wall time after which no call is made again.
    """

    def __init__(
        self,
        link: Link,
        client: Client,
        quota: Quota,
        *,
        made: list[str] | None = None,
        longest_outage: float = 0.0,
        until: float | None = None,
    ) -> None:
        self.link = link
        self.made: list[str] = (
            [] if made is None else made
        )  #: The last name of each call's path, every try counted.
        self._client, self._quota = client, quota
        self._longest_outage, self._until = longest_outage, until
        self._silent_since: float | None = None  # monotonic: the first fault since an answer
        self._is_waiting = False  # and that was said
        self._pausing = 0  # calls that wait after a rate answer

    async def once(self, request: Request) -> Reply | NoReply:
        """One call, whatever comes of it."""
        reply = await self._call(request, lambda _: None)
        return reply[0]

    async def _call(
        self, request: Request, read: Callable[[Reply | NoReply], T | Reading]
    ) -> tuple[Reply | NoReply, T | Reading]:
        """One call, and what is read of its reply."""
        permit, clock = await self._quota.acquire(), self.link.clock
        name, began = _name_of(request), clock.monotonic()
        self.made.append(name)
        self.link.tell(Event(name=EventName.CALL_SENT, call=name))
        reply = await self._client.call(request, permit)
        found = read(reply)
        self.link.tell(_answered(name, found, seconds=clock.monotonic() - began))
        return reply, found

    async def ask(self, request: Request, read: Callable[[Reply | NoReply], T | Reading]) -> T:
        """What a call brings, asked again where that can help: a few times, or through an outage.

        Args:
            request: A call that may be made twice.
            read: Gives what the reply says, or the `Reading` that says why it does not.

        Raises:
            AccessError: The keys are refused, or another server answers.
            AllowanceError: Nothing but rate answers came, or one that names the day.
            CallRefusedError: LeadSquared refuses this very call.
            TargetError: Nothing answers, or nothing that can be understood.
            BrakeError: It is past ``until``, and nothing has answered.
        """
        attempt = 0
        while True:
            attempt += 1
            reply, found = await self._call(request, read)
            if not isinstance(found, Reading):
                self._answered()
                return found
            if found.verdict in (Verdict.ACCESS, Verdict.NOT_PERMITTED):
                raise refused(self.link, found)
            if found.verdict is Verdict.REFUSED:
                self._answered()
                raise _call_refused(self.link, found, request)
            if found.is_long_limit:
                now = self.link.clock.wall()
                raise day_is_spent(found, now=now, then="run the same command again")
            if not _may_pass(found, reply) or self._gives_up(found, attempt):
                raise _not_reached(self.link, found, reply)
            await self._wait(found, attempt)

    def _answered(self) -> None:
        """One call is answered: whatever the others met, it is no outage any more."""
        if self._is_waiting:
            self.link.operator.say("LeadSquared answers again: reading goes on")
            since = self._silent_since or 0.0
            seconds = self.link.clock.monotonic() - since
            self.link.tell(Event(name=EventName.OUTAGE_ENDED, seconds=seconds))
        self._silent_since, self._is_waiting = None, False

    def _gives_up(self, found: Reading, attempt: int) -> bool:
        """Whether it was asked often or long enough; the time that an answer names counts along."""
        if not self._longest_outage:
            return attempt == MOST_TRIES
        now = self.link.clock.monotonic()
        since = now if self._silent_since is None else self._silent_since
        return now + found.retry_after - since >= self._longest_outage

    async def _wait(self, found: Reading, attempt: int) -> None:
        clock = self.link.clock
        self._say_so(found, attempt)
        pause = max(found.retry_after, min(LONGEST_PAUSE, 2.0 ** min(attempt - 2, 10)))
        if found.verdict is Verdict.RATE:
            pause = max(pause, self._quota.refused(found.limit))
        if self._until is not None:
            pause = min(pause, self._until - clock.wall())
        if found.verdict is Verdict.RATE:
            await self._pause(found, pause)
        else:
            await clock.sleep(pause)
        if self._until is not None and clock.wall() >= self._until:
            raise time_is_up(self._until)

    async def _pause(self, found: Reading, seconds: float) -> None:
        """Several calls that wait together are one pause."""
        tell = self.link.tell if not self._pausing else to_nobody
        self._pausing += 1
        tell(Event(name=EventName.TRAFFIC_PAUSED, message=found.message, seconds=seconds))
        try:
            await self.link.clock.sleep(seconds)
        finally:
            self._pausing -= 1
            tell(Event(name=EventName.TRAFFIC_RESUMED, seconds=seconds))

    def _say_so(self, found: Reading, attempt: int) -> None:
        """At the first fault since an answer; and once more when that becomes a long wait."""
        say = self.link.operator.say
        if self._silent_since is None:
            self._silent_since = self.link.clock.monotonic()
            if attempt == 1:
                say(f"no answer from {self.link.settings.host} yet; asking again")
        elif attempt >= MOST_TRIES and not self._is_waiting:
            self._is_waiting = True
            self.link.tell(Event(name=EventName.OUTAGE_BEGAN, message=found.message))
            is_rate = found.verdict is Verdict.RATE
            what = "the account refuses every call" if is_rate else "LeadSquared does not answer"
            say(
                f"{what} ({found.message}): reading waits for it, at most "
                f"{duration(self._longest_outage)}; Ctrl-C stops"
            )


async def who_am_i(asking: Asking) -> Account:
    """Whose keys these are; nothing of it is told where LeadSquared refuses to say."""
    try:
        return await asking.ask(who_am_i_request(), read_who_am_i)
    except CallRefusedError:
        return Account(organisation="", host="", user="", time_zone="")


def _name_of(request: Request) -> str:
    return request.path.rpartition("/")[2]


# ------------------------------------------------------------------ what an account says of itself


def read_metadata(
    link: Link, code: int | None, *, users: bool = False, every_field: bool = False
) -> Metadata:
    """Read an account's types, or one of them with its fields; says which calls that took.

    Args:
        link: A `World` will do; no ledger is needed.
        code: The type to describe; None: all types, without their fields.
        users: Read the account's users, too.
        every_field: With no code: read the fields of each type, with one call for each.

    Raises:
        UsageError: There is no type with this code; tells which there are.
        AccessError: The keys are refused, or another server answers.
        AllowanceError: The day's calls are spent, or the account refuses every call.
        TargetError: LeadSquared does not answer.
    """
    return link.run_to_end(_read_metadata(link, code, users=users, every_field=every_field))


def call_count(*, users: bool = False) -> int:
    """How many calls `read_metadata` makes where all goes well and not every field is read."""
    return 1 + int(users)


async def _read_metadata(
    link: Link, code: int | None, *, users: bool, every_field: bool
) -> Metadata:
    account = await _whose_day(link)
    async with link.connected(account) as (client, quota):
        asking = Asking(link, client, quota)
        try:
            types = await _types(asking, code, every_field=every_field)
            found_users = await asking.ask(users_request(), read_users) if users else ()
        finally:
            if asking.made:
                link.operator.say(made_in_words(asking.made))
    return Metadata(
        host=link.settings.account_host,
        read_at=datetime.fromtimestamp(link.clock.wall(), UTC).strftime("%Y-%m-%d %H:%M:%S"),
        types=types,
        users=found_users,
    )


def users_by_email(link: Link, account: str) -> dict[str, str]:
    """GUIDs of the account's active users by e-mail address; says that one call was made.

    Args:
        link: A `World` will do.
        account: The account's name, whose day the call counts in.

    Raises:
        AccessError: The keys are refused, or another server answers.
        AllowanceError: The day's calls are spent, or the account refuses every call.
        TargetError: LeadSquared does not answer.
    """
    return link.run_to_end(_users_by_email(link, account))


async def _users_by_email(link: Link, account: str) -> dict[str, str]:
    async with link.connected(account) as (client, quota):
        asking = Asking(link, client, quota)
        try:
            return by_email(await asking.ask(users_request(), read_users))
        finally:
            if asking.made:
                link.operator.say(made_in_words(asking.made))


async def _whose_day(link: Link) -> str | None:
    """The account whose day the calls count in; asked only where there is such a count."""
    settings = link.settings
    if settings.daily_limit is None:
        return None
    async with link.connected(None) as (client, quota):
        asking = Asking(link, client, quota)
        organisation = (await who_am_i(asking)).organisation
    account = account_name(settings.account_host, settings.key_digest, organisation=organisation)
    link.day_count(account).add(len(asking.made))
    link.operator.say(f"{made_in_words(asking.made)}, to count the day's calls")
    return account


async def _types(asking: Asking, code: int | None, *, every_field: bool) -> tuple[TypeInfo, ...]:
    if code is not None:
        return (await _type(asking, code),)
    listed = await asking.ask(types_request(), read_types)
    if not every_field:
        return listed
    return tuple([await _type(asking, one.code, name=one.name) for one in listed])


async def _type(asking: Asking, code: int, *, name: str = "") -> TypeInfo:
    """One type; where LeadSquared refuses the code, the types that there are."""
    try:
        found = await asking.ask(type_request(code), partial(read_type, code=code))
    except CallRefusedError as error:
        if name:
            raise
        raise _no_such_type(code, await asking.ask(types_request(), read_types)) from error
    return found if found.name else found.model_copy(update={"name": name})


def _no_such_type(code: int, types: Sequence[TypeInfo]) -> MigratorError:
    if any(one.code == code for one in types):
        return TargetError(
            f"LeadSquared lists the opportunity type {code}, and refuses to describe it",
            advice="Check in LeadSquared that the keys' user may see this type, and try again.",
        )
    listed = ", ".join(f"{one.code} ({one.name})" for one in types) or "none"
    return UsageError(
        f"the account has no opportunity type {code}",
        advice=f"Its types are: {listed}. Correct the number in --type or in the mapping.",
    )


def made_in_words(names: Sequence[str]) -> str:
    """Which calls were made, as a sentence.

    >>> made_in_words(["Users.Get", "Users.Get"])
    'asked LeadSquared with 2 calls that change nothing: Users.Get (2)'
    """
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    listed = ", ".join(name if n == 1 else f"{name} ({n})" for name, n in counts.items())
    noun = "call that changes" if len(names) == 1 else "calls that change"
    return f"asked LeadSquared with {len(names)} {noun} nothing: {listed}"


# ------------------------------------------------------------------ what ends them


def _answered(name: str, found: object, *, seconds: float) -> Event:
    """The event for an answer to a call that only reads."""
    event = Event(name=EventName.CALL_ANSWERED, call=name, verdict=ANSWERED, seconds=seconds)
    if not isinstance(found, Reading):
        return event
    return replace(
        event,
        verdict=str(found.verdict),
        http_status=found.status or None,
        exception=found.exception,
        message=found.message,
    )


def _may_pass(found: Reading, reply: Reply | NoReply) -> bool:
    """Whether asking again can help: a page with 200 or 403 stays what it is, and so does TLS."""
    if found.verdict is Verdict.RATE:
        return True
    if isinstance(reply, NoReply):
        return reply.kind is not NoReplyKind.TLS
    return reply.status >= 500 or reply.status in (408, 429)


def refused(link: Link, reading: Reading) -> AccessError:
    """The error for refused access."""
    return AccessError(
        f"LeadSquared refuses access ({told(reading)})",
        where=link.settings.host,
        advice=f"{cure(reading)} Nothing was sent.",
    )


def _call_refused(link: Link, reading: Reading, request: Request) -> CallRefusedError:
    return CallRefusedError(
        f"LeadSquared refuses the call {_name_of(request)} ({told(reading)})",
        where=link.settings.host,
        advice="It would refuse it again: its words above say why. Nothing was sent.",
    )


def _not_reached(link: Link, found: Reading, reply: Reply | NoReply) -> MigratorError:
    """No answer at all, or one that is not LeadSquared's."""
    host = link.settings.host
    if isinstance(reply, NoReply):
        advice = _NETWORK.get(reply.kind, _CHECK_NETWORK)
        is_https = "certificate" in found.message
        if reply.kind is NoReplyKind.TLS and link.settings.is_loopback and not is_https:
            advice = f"A sandbox speaks http: set `LSQ_API_HOST=http://{host}`."
        problem = f"LeadSquared could not be reached ({found.message})"
        return TargetError(problem, where=host, advice=f"{advice} Nothing was sent.")
    if found.verdict is Verdict.RATE:
        problem = f"the account refuses every call ({told(found)})"
        advice = "Something else uses the account's calls; run the same command again later."
        return AllowanceError(problem, where=host, advice=advice)
    kind = AccessError if found.verdict is Verdict.FOREIGN else TargetError
    return kind(
        f"the answer does not come from LeadSquared ({found.message})",
        where=host,
        advice="Check the host in LSQ_API_HOST, and whether a proxy, a firewall or a network's "
        "login page stands in between (open the host in a browser). Nothing was sent.",
    )


_CHECK_NETWORK: Final = "Check LSQ_API_HOST and your network, then run the same command again."
_NETWORK: Final = {
    NoReplyKind.DNS: "The name is not known here: check its spelling in LSQ_API_HOST, and that "
    "this machine is on the network.",
    NoReplyKind.TLS: "No secure connection could be made, and the keys go over no other. Check "
    "LSQ_API_HOST; where a company proxy signs with its own certificate, name that in LSQ_CA_FILE.",
    NoReplyKind.PROXY: "Check LSQ_PROXY: its host and port, and name and password where it asks "
    "for them (HTTP 407); or unset it where no proxy is needed. HTTP 502, 503 or 504 may also mean "
    "that the proxy does not reach the host of LSQ_API_HOST.",
    NoReplyKind.CONNECT: "Nothing answers there: check host and port in LSQ_API_HOST, your "
    "network, and that no firewall stands in between.",
}
"""What to look at, by what kept the answer away."""
