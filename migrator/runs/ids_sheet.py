"""The sheet of `ids`: what was asked for, each row with its id, and the counts.

Owns where our columns stand and what a row gets; a cell of the user's is never changed, but for a
blank id. It asks nobody: the answers are handed in.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from migrator.cells import cell_text, is_blank
from migrator.errors import ExitCode, MigratorError, SourceError
from migrator.leadsquared_lookups import SHOWN
from migrator.loader import Rows
from migrator.lookups import (
    ID_COLUMN,
    TOLD_COLUMN,
    Answer,
    Decision,
    Fate,
    LeadKey,
    as_guid,
    decide,
    lead_key,
)
from migrator.model import Cell, Rejected, SourceRow
from migrator.reports.sheet_export import NumberedRow, write_sheet_csv, write_sheet_xlsx
from migrator.runs.looking_up import Patience

MOST_LISTED: Final = 10  #: Rows that are listed for each fate; the written sheet has them all.
_TITLE: Final = "migrator ids"  #: Of the sheet, where the source has no sheets.


@dataclass(frozen=True, slots=True, kw_only=True)
class IdsOptions:
    """What is looked up, and how."""

    event_code: int  #: The opportunity type.
    lead_column: str  #: The column that names each row's lead.
    lead_field: str = ""  #: SchemaName of the lead field it holds; "": the lead's own id.
    match: tuple[tuple[str, str], ...] = ()  #: SchemaName and column that have to agree.
    header_row: int | None = None  #: As declared; the written sheet has its header there, too.
    again: bool = False  #: Ask for every lead, whatever is kept.
    patience: Patience = field(default_factory=Patience)

    @property
    def columns(self) -> tuple[str, ...]:
        """The opportunity fields that are asked for."""
        return tuple(dict.fromkeys((*(name for name, _ in self.match), *SHOWN)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row that did not get an id."""

    row: int
    key: str  #: The lead as the row names it.
    told: str


@dataclass(slots=True, kw_only=True)
class IdsFound:
    """What `ids` found, or how far it came."""

    file: str
    output: Path
    leads: int  #: Different ones in the sheet.
    calls: int  #: Leads that had to be asked for.
    asked: int = 0  #: Of these, answered.
    is_written: bool = False
    declined: bool = False  #: The operator said no.
    error: MigratorError | None = None  #: Why it stopped early.
    signal: int = 0  #: The signal that stopped it.
    rows_read: int = 0
    blank_rows: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    listed: dict[Fate, list[Listed]] = field(default_factory=dict)
    repeated: int = 0  #: Rows that got an opportunity which an earlier row got.
    repeated_rows: list[int] = field(default_factory=list)  #: The first of these.
    silent_fields: tuple[str, ...] = ()  #: Match fields that no opportunity showed.
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """The process's exit code."""
        if self.declined:
            return ExitCode.OK
        if self.error is not None:
            return self.error.exit_code
        if self.signal:
            was_ended = self.signal == signal.SIGTERM
            return ExitCode.TERMINATED if was_ended else ExitCode.INTERRUPTED
        attention = sum(self.fates.values()) - self.fates[Fate.FOUND]
        return ExitCode.ROWS_NEED_ATTENTION if attention else ExitCode.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSheet:
    """What the first reading found."""

    file: str
    sheet: str
    columns: tuple[str, ...]
    positions: tuple[int, ...]
    encoding: str
    delimiter: str
    last_row: int
    keys: dict[LeadKey, None]
    no_key: str  #: Why the first cell that is not blank names no lead; "" if all do.


# ------------------------------------------------------------------ writing


def write_ids(
    answer_of: Callable[[LeadKey], Answer | None],
    rows: Rows,
    sheet: LeadSheet,
    options: IdsOptions,
    found: IdsFound,
) -> None:
    """Write every row, with its id where there is exactly one, and count them.

    Args:
        answer_of: What is known of a lead.
        rows: The sheet, opened again.
        sheet: What the first reading found.
        options: What had to agree.
        found: Gets the counts.

    Raises:
        SourceError: The sheet is another one now, or the file cannot be written.
    """
    writing = _Writing(answer_of, sheet, options, found)
    header_row = options.header_row or 1
    if rows.columns != sheet.columns:
        raise _changed(sheet)
    is_workbook = found.output.suffix.lower() == ".xlsx"
    if is_workbook:
        write_sheet_xlsx(
            found.output,
            writing.header,
            writing.rows(rows),
            title=rows.sheet or _TITLE,
            header_row=header_row,
        )
    else:
        write_sheet_csv(
            found.output,
            writing.header,
            writing.rows(rows),
            encoding=rows.encoding or "utf-8",
            delimiter=rows.delimiter or ",",
            header_row=header_row,
        )
    found.rows_read, found.blank_rows = rows.rows_read, rows.blank_rows
    found.notes += rows.notes
    if writing.has_dates and not is_workbook:
        found.notes.append(
            "Dates were written as texts such as 2024-04-02 12:13:44: declare that format in the "
            "mapping, or write a workbook, -o FILE.xlsx, where they stay dates."
        )
    found.silent_fields = writing.silent_fields()
    found.is_written = True


class _Writing:
    """Gives each row of the sheet its id, and counts."""

    def __init__(
        self,
        answer_of: Callable[[LeadKey], Answer | None],
        sheet: LeadSheet,
        options: IdsOptions,
        found: IdsFound,
    ) -> None:
        columns = sheet.columns
        self._answer_of = answer_of
        self._sheet, self._options, self._found = sheet, options, found
        self._lead_at = columns.index(options.lead_column)
        self._match_at = [(name, columns.index(column)) for name, column in options.match]
        self._id_at = columns.index(ID_COLUMN) if ID_COLUMN in columns else None
        self._told_at = columns.index(TOLD_COLUMN) if TOLD_COLUMN in columns else None
        self._answers: dict[LeadKey, Answer] = {}
        self._given: set[str] = set()
        self._shown: set[str] = set()
        self._has_found = False
        self.has_dates = False  #: Whether a cell so far was a date or a time.
        own = [name for name in (ID_COLUMN, TOLD_COLUMN) if name not in columns]
        self.header = (*own, *columns)

    def rows(self, rows: Rows) -> Iterator[NumberedRow]:
        """The rows as they are written."""
        for row in rows:
            if isinstance(row, Rejected):
                yield row.row.row, self._refused(row)
            else:
                yield row.row, self._decided(row)

    def silent_fields(self) -> tuple[str, ...]:
        """Fields that had to agree, and that no opportunity showed."""
        names = dict.fromkeys(name for name, _ in self._options.match)
        return tuple(name for name in names if self._has_found and name not in self._shown)

    def _decided(self, row: SourceRow) -> list[Cell]:
        own = "" if self._id_at is None else cell_text(row.cells[self._id_at]).strip()
        key = lead_key(self._options.lead_field, row.cells[self._lead_at])
        if isinstance(key, LeadKey):
            wanted = [(name, cell_text(row.cells[at])) for name, at in self._match_at]
            decision = decide(self._answer(key), wanted=wanted, own=own)
            named = key.told
        else:
            decision = Decision(fate=Fate.NO_KEY, told=f"no lead key: {key}")
            named = ""
        self._count(row.row, decision, named, given=decision.guid or as_guid(own))
        return self._cells(row.cells, decision.guid, decision.told)

    def _refused(self, rejected: Rejected) -> list[Cell]:
        """A broken row, with no id in it, so that no mapping can send it."""
        row, reason = rejected.row, rejected.problems[0].reason
        cells, own = list(row.cells), ""
        if self._id_at is not None:
            # The cells of a broken row may stand by the sheet's columns or by those with a name.
            for place in {self._id_at, self._sheet.positions[self._id_at]}:
                if place < len(cells):
                    own = own or cell_text(cells[place]).strip()
                    cells[place] = ""
        its_id = f"; its {ID_COLUMN} was taken out: {own}" if own else ""
        decision = Decision(fate=Fate.REFUSED, told=f"row refused: {reason}{its_id}")
        self._count(row.row, decision, "", given="")
        return self._cells(cells, "", decision.told)

    def _cells(self, cells: Sequence[Cell], guid: str, told: str) -> list[Cell]:
        written, front = list(cells), list[Cell]()
        self.has_dates = self.has_dates or not all(isinstance(cell, str) for cell in cells)
        if self._id_at is None:
            front.append(guid)
        elif guid and is_blank(written[self._id_at]):
            written[self._id_at] = guid
        if self._told_at is None:
            front.append(self._writable(told))
        elif self._told_at < len(written):
            written[self._told_at] = self._writable(told)
        return front + written

    def _writable(self, told: str) -> str:
        """The text in the characters that the file's encoding has."""
        encoding = self._sheet.encoding
        if self._found.output.suffix.lower() != ".csv" or not encoding:
            return told
        return told.encode(encoding, "backslashreplace").decode(encoding)

    def _answer(self, key: LeadKey) -> Answer:
        if key not in self._answers:
            answer = self._answer_of(key)
            if answer is None:
                raise _changed(self._sheet)
            self._answers[key] = answer
            self._has_found = self._has_found or bool(answer.found)
            self._shown.update(*(one.values for one in answer.found))
        return self._answers[key]

    def _count(self, row: int, decision: Decision, key: str, *, given: str) -> None:
        found = self._found
        found.fates[decision.fate] += 1
        if decision.fate is not Fate.FOUND:
            listed = found.listed.setdefault(decision.fate, [])
            if len(listed) < MOST_LISTED:
                listed.append(Listed(row=row, key=key, told=decision.told))
        elif given in self._given:
            found.repeated += 1
            if len(found.repeated_rows) < MOST_LISTED:
                found.repeated_rows.append(row)
        self._given.add(given)


def _changed(sheet: LeadSheet) -> SourceError:
    return SourceError(
        "the sheet was changed while LeadSquared was asked",
        where=sheet.file,
        advice="Nothing was written. Type the same command again.",
    )
