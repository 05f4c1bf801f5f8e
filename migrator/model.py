"""The nouns: rows, updates, replies, verdicts, and the states an entry goes through.

Owns values only: nothing here reads, sends or waits. The table of states stands here once;
the ledger obeys it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

Cell = str | datetime | date | time | timedelta
"""What a loader gives: text, and from workbooks also dates and times. Never a float, a bool or
None; a blank cell is ``""``. A `datetime` is naive: the clock on the wall, as shown."""


# ------------------------------------------------------------------ from the loader


class SourceRow(NamedTuple):
    """One record of the source, before any meaning. A tuple, since a million are made."""

    file: str  #: The file's name without its folder.
    sheet: str  #: The sheet's name; "" for a CSV.
    row: int  #: The number Excel shows: header and blank rows counted, the first is 1.
    line: int  #: Line of the text file at which the record begins; equals `row` in workbooks.
    columns: tuple[str, ...]  #: The header; the same object in every row of a source.
    cells: tuple[Cell, ...]  #: In column order.


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason why a row cannot be sent."""

    code: str  #: A short fixed name of the kind, such as "not-a-date"; problems are grouped by it.
    column: str  #: The source column; "" when the row as a whole is wrong.
    value: str  #: The cell as text; "" when there is none.
    reason: str  #: What is wrong, with the value in it where that helps.
    advice: str  #: What to do.
    schema_name: str = ""  #: The field; "" where it is about none, or several.


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that loader or mapper refused; it is never sent."""

    row: SourceRow  #: With its raw cells, which may be too few or too many.
    problems: tuple[Problem, ...]  #: Every problem found, at least one.


# ------------------------------------------------------------------ from the mapper


class IdKind(StrEnum):
    """How an opportunity is named."""

    GUID = "guid"
    AUTO_ID = "auto_id"


class FieldValue(NamedTuple):
    """One field of an update."""

    schema_name: str
    value: str  #: Everything LeadSquared takes in `Value` is text.


class Update(NamedTuple):
    """One change to one opportunity."""

    opportunity_id: str  #: As it is sent: without the white space, quotes and braces around it.
    id_kind: IdKind
    note: str  #: "" when none is sent.
    fields: tuple[FieldValue, ...]  #: In the mapping's order; fields left alone are not in it.
    truncated: tuple[str, ...] = ()  #: SchemaNames whose text was cut, as the mapping asks.


def opportunity_key(opportunity_id: str, id_kind: IdKind, event_code: int) -> str:
    """The name under which the ledger knows an opportunity.

    >>> opportunity_key("5CA5B042-51EA-4699-B6F0-84C40AB12770", IdKind.GUID, 12000)
    '5ca5b042-51ea-4699-b6f0-84c40ab12770'
    >>> opportunity_key("OPP-0017", IdKind.AUTO_ID, 12000)
    '12000:OPP-0017'
    """
    if id_kind is IdKind.GUID:
        return opportunity_id.lower()
    return f"{event_code}:{opportunity_id}"


def is_guid_key(key: str) -> bool:
    """Whether an `opportunity_key` is the GUID.

    >>> is_guid_key("5ca5b042-51ea-4699-b6f0-84c40ab12770"), is_guid_key("12000:OPP-0017")
    (True, False)
    """
    return ":" not in key


# ------------------------------------------------------------------ to and from the CRM


LONGEST_ANSWER: Final = 1024 * 1024  #: Bytes; Details, the longest of a row, has some 100 kB.


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, without host and keys: those are added when it is sent."""

    method: str  #: "GET" or "POST".
    path: str  #: Below ``/v2/``, such as "OpportunityManagement.svc/Update".
    query: tuple[tuple[str, str], ...] = ()  #: Without the keys.
    body: bytes = b""  #: UTF-8 JSON; empty for a GET.
    longest_answer: int = LONGEST_ANSWER  #: Bytes that are read of the answer; the rest is cut.


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, uninterpreted."""

    status: int
    body: bytes  #: Cut at a bound; `truncated` says so.
    retry_after: float = 0.0  #: Seconds the server asked for; 0.0 when it did not.
    truncated: bool = False
    date: float | None = None  #: Wall time by the clock of who answered; None: not told.


class NoReplyKind(StrEnum):
    """Why a call brought no reply."""

    DNS = "the host name could not be resolved"
    CONNECT = "no connection"
    PROXY = "the proxy of LSQ_PROXY gives no way through"
    TLS = "the connection is not secure"
    TIMEOUT = "no answer in time"
    RESET = "the connection broke"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReply:
    """A call that brought no reply."""

    kind: NoReplyKind
    written: bool  #: Whether the request may have reached the server.
    text: str  #: The cause in the words of the library, without keys or URL.


LONGEST_LEFT: Final = 1e7  #: Seconds; nobody is told of a longer time left.
LONG_WINDOW: Final = 3600.0
"""Seconds: a rate answer that names so long a time is not waited for; the day's calls are spent."""


class Verdict(StrEnum):
    """What a reply to an update means; the table is in `migrator.verdicts`."""

    APPLIED = "applied"
    RATE = "rate limit"  #: Nothing was applied; everybody pauses.
    REFUSED = "refused"  #: Nothing was applied, and it would be refused again.
    TARGET_FAULT = "target fault"  #: Nothing was applied: the request never left.
    ACCESS = "access refused"  #: Nothing was applied; no row can be sent with these settings.
    NOT_PERMITTED = "not permitted"  #: An ``MXUnAuthorized…`` body: the run's fault, or the row's.
    FOREIGN = "foreign answer"  #: 403, 404 or 405 that is not LeadSquared's.
    UNKNOWN = "unknown"  #: It may have been applied.


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reply, understood."""

    verdict: Verdict
    status: int = 0  #: The HTTP status; 0 when no reply came.
    exception: str = ""  #: LeadSquared's ExceptionType.
    message: str = ""  #: LeadSquared's ExceptionMessage, or what the answer was instead; bounded.
    guid: str = ""  #: The opportunity's GUID, when applied and told.
    retry_after: float = 0.0  #: Seconds to wait before any call; 0.0 when the answer names none.
    limit: tuple[int, float] | None = None  #: (N, seconds) that a rate answer named.

    @property
    def is_long_limit(self) -> bool:
        """Whether a rate answer speaks of the day's calls, or of another long time's."""
        return self.limit is not None and self.limit[1] >= LONG_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """An opportunity as a read of the CRM shows it."""

    guid: str  #: Lower case.
    note: str  #: The note it shows, "" when there is none.
    values: Mapping[str, str]  #: SchemaName to value, as the CRM writes it.


# ------------------------------------------------------------------ in the ledger


class State(StrEnum):
    """Where a source row stands; every row is in exactly one."""

    PLANNED = "planned"
    SENDING = "sending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    REJECTED = "rejected"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    SUPERSEDED = "superseded"
    CORRECTED = "corrected"


NEXT_STATES: Final[Mapping[State, frozenset[State]]] = {
    State.PLANNED: frozenset({State.SENDING, State.FAILED, State.SUPERSEDED}),
    State.SENDING: frozenset({State.SUCCEEDED, State.FAILED, State.IN_DOUBT, State.PLANNED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset({State.PLANNED, State.CORRECTED, State.SUPERSEDED}),
    State.IN_DOUBT: frozenset({State.SUCCEEDED, State.FAILED, State.PLANNED, State.SUPERSEDED}),
    State.REJECTED: frozenset({State.CORRECTED}),
    State.UNCHANGED: frozenset(),
    State.MERGED: frozenset(),
    State.SUPERSEDED: frozenset(),
    State.CORRECTED: frozenset(),
}
"""What each state may become once the plan is sealed."""


class Doubt(StrEnum):
    """What an entry in doubt is in doubt about."""

    ALL = "all"  #: Whether the call was applied; `resume` settles it.
    NOTE = "note"  #: The fields are confirmed; whether the note is there, a person settles.


class RunState(StrEnum):
    """Where a run stands."""

    PLANNING = "planning"  #: Not sealed; never sent, and removed at the next start.
    READY = "ready"
    OPEN = "open"
    FINISHED = "finished"
    CLOSED = "closed"  #: A newer plan of the same source stands in its place.


Place = tuple[int, int]
"""Where an entry stands over all runs: (run, number); a mended copy takes its original's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a plan, as it is dispatched."""

    run: int
    number: int  #: Its identity in the run, from 1, in the source's order.
    file: str
    row: int  #: As `SourceRow.row`.
    opportunity: str  #: The `opportunity_key`.
    opportunity_id: str  #: As it is sent.
    id_kind: IdKind
    guid: str  #: The opportunity's GUID in lower case where it is known; "" else.
    notes: tuple[str, ...]
    """The notes of the rows that travel in it, each once; () when none was mapped, or all are left
    out."""
    fields: tuple[FieldValue, ...]
    state: State
    place: Place
    attempts: int  #: Calls made for it so far.
    attempted_at: float  #: Wall time of the last of them; 0.0 when there was none.

    @property
    def note(self) -> str:
        """The note to send; "" for none."""
        return joined_notes(self.notes)

    @property
    def is_uncertain(self) -> bool:
        """An earlier call may have been applied."""
        return self.state is State.IN_DOUBT


def joined_notes(notes: Iterable[str]) -> str:
    r"""The notes of several rows as the one note of a call.

    >>> joined_notes(["First", "Second"])
    'First\nSecond'
    """
    return "\n".join(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is confirmed of one opportunity; values and notes by their `text_digest`."""

    values: Mapping[str, str]  #: SchemaName to digest of the newest value.
    notes: Mapping[str, int]  #: Digest of a note to how often it was confirmed.
    last_note: str  #: Digest of the last note known; "" when none is.
    place: Place  #: The latest place that succeeded; (0, 0) when none did.


NOTHING_KNOWN: Final = Known(values={}, notes={}, last_note="", place=(0, 0))


def text_digest(text: str) -> str:
    """16 bytes of BLAKE2b over the text in UTF-8, in hexadecimal: enough to tell texts apart."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


# ------------------------------------------------------------------ what became of a call


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The CRM has it."""

    guid: str = ""  #: The opportunity's GUID where the answer told it.
    note_confirmed: bool  #: Whether the entry's note is there, too.


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The CRM does not have it, and sending the same again would not help."""

    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """The CRM may have it."""

    doubt: Doubt
    reading: Reading
    guid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The call is proved to have had no effect: the entry is planned again."""

    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKept:
    """The CRM said Success, but a read shows some fields otherwise: the entry has failed.

    Its other fields are confirmed, and its note, which is not sent again.
    """

    losses: "tuple[Loss, ...]"
    reading: Reading
    guid: str = ""


Outcome = Succeeded | Failed | InDoubt | NotSent | NotKept


# ------------------------------------------------------------------ what has to be seen once


class ProofKind(StrEnum):
    """What a read has to show of a field before it is believed."""

    WRITTEN = "written"
    CLEARED = "cleared"


class Proof(NamedTuple):
    """Something that an account may leave undone without a word."""

    schema_name: str
    kind: ProofKind


class Loss(NamedTuple):
    """A field that a read shows otherwise than it was sent."""

    schema_name: str
    sent: str
    found: str


# ------------------------------------------------------------------ what a run is


class NotesPolicy(StrEnum):
    """What is done with a note of which no read can tell whether it is there."""

    AT_MOST_ONCE = "at_most_once"  #: It is not sent again; the row ends in doubt about it.
    AT_LEAST_ONCE = "at_least_once"  #: It is sent again, and is possibly there twice.


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a plan was made from."""

    name: str  #: File name and sheet without folder, or what --source named.
    mapping_name: str
    mapping_digest: str
    event_code: int
    columns: tuple[str, ...]
    schema_names: tuple[str, ...]
    notes: NotesPolicy = NotesPolicy.AT_MOST_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a plan."""

    id: str  #: Such as "r3-9f2c1a": the number, and six digits that name the ledger.
    number: int
    kind: str  #: "update", "reconcile" or "undo".
    parent: int  #: The run whose export was mended to make this one, or that it undoes; 0: none.
    state: RunState
    account: str
    source: Source
    content_digest: str  #: Of header and cell texts.
    rows_read: int
    blank_rows: int
    notes_left_out: int  #: Rows planned without their note, since it is confirmed already.
    created_at: float  #: Wall time.
    finished_at: float  #: Wall time; 0.0 while it is not.
    keeps_images: bool = False  #: Whether before-images are read before its first call.
    unchanged_rows: int = 0  #: Rows that need no call and of which only the count is kept.
    pruned_at: float = 0.0  #: Wall time at which its cells and values were removed; 0.0: never.


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Every source row of a run in exactly one box."""

    rows_read: int
    blank_rows: int
    states: Mapping[State, int]
    in_doubt_note_only: int  #: Of the rows in doubt.
    waiting: int  #: Of the failed: never sent, they wait for an earlier row.
    notes_possibly_twice: int
    calls: int  #: Updates sent, every attempt counted.
    verified: int = 0  #: Of the succeeded: a read showed what they wrote.
    otherwise: int = 0  #: Rows of which a read showed a value otherwise than they wrote it.
    conflicts: int = 0  #: Rows with a value that somebody changed, and that is not sent.
    merged: Mapping[State, int] = field(default_factory=dict)
    """The merged rows, by the state of the row that carries them."""
    corrected: Mapping[State, int] = field(default_factory=dict)
    """The corrected rows, by the state of their newest mended copy."""

    @property
    def is_whole(self) -> bool:
        """Whether the boxes add up to the rows read."""
        return self.rows_read == sum(self.states.values())

    @property
    def unfinished(self) -> int:
        """Rows that `resume` has still to send or to settle."""
        doubtful = self.states.get(State.IN_DOUBT, 0) - self.in_doubt_note_only
        return self.states.get(State.PLANNED, 0) + self.states.get(State.SENDING, 0) + doubtful

    @property
    def needs_attention(self) -> bool:
        """Whether rows failed, were rejected, are in doubt, or have values in conflict."""
        boxes = (State.FAILED, State.REJECTED, State.IN_DOUBT)
        return self.conflicts > 0 or any(self.states.get(state, 0) for state in boxes)


class Carrier(NamedTuple):
    """The row with which a merged row's values travel."""

    place: Place  #: Run and number of its entry.
    file: str
    row: int
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecord:
    """All that the ledger holds of one entry, for reports and exports."""

    run: int
    number: int
    file: str
    sheet: str
    row: int
    line: int
    cells: tuple[Cell, ...]
    opportunity_id: str
    state: State
    doubt: Doubt | None
    attempts: int
    http_status: int  #: 0 when no reply came.
    exception: str
    message: str
    column: str  #: The columns a rejected row's problems name.
    advice: str
    updated_at: float
    other: (
        Place | None
    )  #: The entry that stands in its place: the later one, its mended copy, its carrier.
    carrier: Carrier | None = None  #: Of a merged row.
    problems: tuple[Problem, ...] = ()  #: Of a rejected one.


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why rows failed or were rejected, with how many and an example."""

    code: str  #: Of its kind in the catalogue.
    title: str  #: The exception type, or the kind of problem.
    text: str  #: The message with values masked.
    count: int
    rows: tuple[int | str, ...]  #: The first; "FILE:ROW" where the rows are of several files.
    example: str  #: One message as it came.
    advice: str


# ------------------------------------------------------------------ may it be sent


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulNote:
    """A note of the same opportunity of which nobody knows whether it is there."""

    place: Place  #: Run and number of its entry.
    notes: tuple[str, ...]  #: As `Entry.notes`.
    attempted_at: float  #: Wall time.
    doubt: Doubt

    @property
    def note(self) -> str:
        """The note as it was sent."""
        return joined_notes(self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """The entry may be sent."""

    entry: Entry  #: As the ledger has it now.
    known: Known
    doubtful_notes: tuple[DoubtfulNote, ...]  #: To be looked up first.


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The entry is not sent: a later one has succeeded, or an earlier one is unsettled."""

    since_picked: bool = False  #: It was settled, and counted, with the row it waits for.


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt that was made, and what came of it."""

    attempt: int  #: As `intend` numbered it.
    reading: Reading
    at: float  #: Wall time of the answer.


# ------------------------------------------------------------------ how far a dispatch is


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a dispatch has done so far; the progress shows it."""

    to_send: int  #: Rows that were to be sent when it began.
    succeeded: int = 0
    failed: int = 0
    in_doubt: int = 0
    skipped: int = 0  #: Superseded, or waiting for an earlier row.
    retried: int = 0  #: Calls beyond the first of a row.
    in_flight: int = 0
    looked_up: int = 0  #: Rows of which reads are to tell whether a call was applied.
    calls_per_second: float = 0.0  #: Over the last minute.
    limit_per_second: float = 0.0  #: What is ours of the account's limit; 0.0: not known.

    @property
    def done(self) -> int:
        """Rows that have come to an end."""
        return self.succeeded + self.failed + self.in_doubt + self.skipped

    @property
    def seconds_left(self) -> float | None:
        """Rows left by the measured rate; None while no rate is measured, or none tells of them."""
        left = max(0, self.to_send - self.done)
        if left and left <= self.looked_up:
            return None
        rate = self.calls_per_second
        # A rate of a call in months is one that was hardly measured.
        return left / rate if rate * LONGEST_LEFT > left else None
