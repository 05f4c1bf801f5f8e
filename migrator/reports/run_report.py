"""What a report tells of a run: values only, for the page, the Markdown and the JSON.

Owns the names of the JSON (`docs/report.md`): a field is renamed only with `FORMAT`. Times are
aware and in UTC, texts as they came: whoever writes them for people makes them printable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from migrator.model import Balance, Reason
from migrator.reports.timeline import Bucket

FORMAT: Final = 1  #: Of the JSON; grows when a name in it changes its meaning or goes.


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file, or a sheet of it, from which rows came."""

    file: str
    sheet: str
    rows: int
    first_row: int
    last_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFacts:
    """The mapping by which the run was planned."""

    name: str
    digest: str  #: Of its content: comments and layout do not change it.
    opportunity_type: int
    text: str | None  #: None: it was not kept.


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFacts:
    """One time that a command sent rows of the run."""

    began_at: datetime
    ended_at: datetime | None  #: None: it goes on, or its process died.
    migrator: str  #: Its version.
    host: str
    limit_calls: int
    limit_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What was run, when, on which account."""

    id: str
    kind: str  #: "update", "reconcile" or "undo".
    state: str
    source: str
    parent: str | None
    """The run whose export was mended to make this one, or that it undoes."""
    undone_by: tuple[str, ...]
    mended_by: tuple[str, ...]
    account: str
    ledger: str
    zone: str | None  #: The mapping's; None where it names none.
    planned_at: datetime
    first_call_at: datetime | None
    last_call_at: datetime | None
    finished_at: datetime | None
    pruned_at: datetime | None  #: When `ledger prune` removed its cells and values; None: never.
    content_digest: str
    unchanged_not_kept: int  #: Rows that needed no call and of which only the count is kept.
    notes_left_out: int
    files: tuple[FileFacts, ...]
    mapping: MappingFacts
    commands: tuple[CommandFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Calls and outcomes over time."""

    bucket_seconds: float
    limit_per_second: float | None  #: The account's; None where it was not kept.
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsPerRow:
    """So many rows took so many calls."""

    calls: int
    rows: int
    succeeded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Calls close together that brought the same."""

    began_at: datetime
    ended_at: datetime
    calls: int
    answered_at: datetime | None = None
    """When the first call after it left that was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which no update left."""

    began_at: datetime
    ended_at: datetime
    seconds: float
    why: str  #: As far as the ledger tells.


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Retries, pauses and outages, from the attempts in the ledger."""

    verdicts: Mapping[str, int]  #: What the calls brought; "no answer known" among them.
    calls_per_row: tuple[CallsPerRow, ...]
    rate_answers: int
    rate_spells: tuple[Spell, ...]
    rate_spells_more: int
    outages: tuple[Spell, ...]
    outages_more: int
    gaps: tuple[Gap, ...]
    gaps_more: int
    gap_seconds: float  #: A shorter time without a call is not listed.


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCount:
    """How many opportunities held a value."""

    value: str | None  #: None: the read before the run did not show the field.
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedField:
    """A field of few values, before and after."""

    schema_name: str
    is_declared: bool  #: The mapping calls it a choice; else it has few different values.
    opportunities: int
    changed: int
    values: tuple[ValueCount, ...]
    more_values: int
    more_before: int
    more_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeAndAfter:
    """What the fields of few values held before the run, and what it wrote."""

    opportunities: int  #: To which the run wrote.
    with_image: int  #: Of these: what they held before is kept, and they are counted.
    fields: tuple[ChangedField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionRow:
    """A row that needs a person."""

    file: str
    sheet: str
    row: int
    opportunity_id: str
    state: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """The rows that need a person."""

    total: int
    rows: tuple[AttentionRow, ...]  #: The first.
    command: str  #: Writes all of them to a file; "" where there are none.


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherValue:
    """A value that a read showed otherwise."""

    file: str
    row: int
    opportunity_id: str
    schema_name: str  #: "": LeadSquared does not show the opportunity at all.
    wanted: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherValues:
    """Values that a read showed otherwise."""

    total: int
    values: tuple[OtherValue, ...]  #: The first.


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedRow:
    """A row whose note is possibly there twice."""

    file: str
    row: int
    opportunity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The whole report."""

    format: int
    made_at: datetime
    migrator: str  #: The version that made the report.
    run: RunFacts
    balance: Balance
    speed: Speed
    course: Course
    reasons: tuple[Reason, ...]
    before_and_after: BeforeAndAfter
    attention: Attention
    read_otherwise: OtherValues
    in_conflict: OtherValues
    kept: OtherValues  #: Edited since the run that was undone, so an undo left it.
    notes_twice: tuple[NotedRow, ...]  #: The first.
    next: tuple[str, ...] = field(default=())  #: Commands that take the rest further.
