"""What `check` finds, as values.

Owns the nouns, whose fields are the keys of ``check --json``; docs/checking.md explains them.
"""

from dataclasses import dataclass, field
from typing import Literal

from migrator.fit import Misfit
from migrator.problems import ProblemGroup
from migrator.snippets import Snippet

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something about the sheet or the mapping that a person should know before sending."""

    level: Level
    code: str
    column: str = ""
    schema_name: str = ""
    count: int = 0  #: Of what the text says; 0 where nothing is counted.
    rows: tuple[int | str, ...] = ()  #: The first 20.
    text: str  #: Without a full stop at the end.
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One row of a datetime column as it was understood."""

    which: str  #: "earliest", "latest", "summer" or "winter"; several where one row is several.
    row: int | str
    text: str  #: As the sheet has it.
    reading: str  #: On the clocks of the zone, with their offset from UTC.
    utc: str  #: As it is sent.


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Local times that did not exist or occurred twice, and what became of them."""

    what: str  #: "nonexistent" or "ambiguous".
    policy: str  #: As the mapping says: forward, earlier, later; "error" where rows were refused.
    count: int
    rows: tuple[int | str, ...]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The witness of one datetime field."""

    schema_name: str
    column: str
    zone: str  #: "" where every text has its own offset.
    seen: tuple[Seen, ...]
    doubts: tuple[Doubt, ...]


@dataclass(slots=True, kw_only=True)
class Checked:
    """What `check` found."""

    mapping: str
    file: str = ""  #: "" where only the mapping was checked.
    sheet: str = ""
    delimiter: str = ""
    encoding: str = ""
    against: str = ""  #: What the mapping and the values were held against; "" for nothing.
    rows_read: int = 0
    blank_rows: int = 0
    ready: int = 0
    nothing_to_send: int = 0  #: Of the ready: every field blank, no note.
    rejected: int = 0  #: `run` would reject them.
    would_fail: int = 0  #: `run` would send them, and LeadSquared refuse them.
    updates: int = 0  #: Calls that `run` would make: of the ready ones and those that would fail.
    misfits: list[Misfit] = field(default_factory=list)
    problems: list[ProblemGroup] = field(default_factory=list)
    snippets: list[Snippet] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)  #: JSON bodies.
    notes: list[str] = field(default_factory=list)
    problems_file: str = ""
    problem_lines: int = 0  #: In that file.

    @property
    def has_misfit(self) -> bool:
        """Whether the mapping is wrong."""
        return any(misfit.level == "error" for misfit in self.misfits) or any(
            fact.level == "error" for fact in self.facts
        )

    @property
    def has_refused_rows(self) -> bool:
        """Whether rows would be rejected, or refused by LeadSquared."""
        return bool(self.rejected or self.would_fail)

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        levels = [misfit.level for misfit in self.misfits]
        return levels.count("warning") + [fact.level for fact in self.facts].count("warning")
