"""A mended export, given back: which entry each row mends, and which cells a person changed.

Owns the recognition by our columns (DESIGN section 5, "A mended export"), and what a text in an
export meant. A cell whose text is unchanged is taken from the ledger, kind and all.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Final

from migrator.cells import cell_text, unescape_formula
from migrator.convert import Fault
from migrator.errors import SourceError, UsageError
from migrator.ledger import Ledger
from migrator.ledger.columns import encode_cells
from migrator.loader import NoRowsError, Rows, open_rows
from migrator.model import Cell, EntryRecord, Place, Problem, Rejected, Run, SourceRow, State
from migrator.reports.table import EXPORT_SHEET
from migrator.reports.text import counted
from migrator.reports.xlsx_text import shown_text
from migrator.runs.pruning import refuse_pruned

OURS: Final = "migrator_"  #: Our columns in exports begin so; they are never sent.
RUN_COLUMN: Final = "migrator_run"
ENTRY_COLUMN: Final = "migrator_entry"
MENDABLE: Final = (State.FAILED, State.REJECTED)
_WORKBOOKS: Final = (".xlsx", ".xlsm")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_OF_MAPPING: Final = frozenset(Fault)
"""The problems that mapping finds again where they still are; others stand with their cell."""


def is_export(columns: Sequence[str]) -> bool:
    """Whether a sheet with this header is one of our exports."""
    return RUN_COLUMN in columns and ENTRY_COLUMN in columns


def refuse_half_an_export(columns: Sequence[str], file: str) -> None:
    """Do nothing if a sheet has both columns that link an export to its run, or neither.

    Raises:
        SourceError: It has one: as a new sheet it would send rows that mend nothing.
    """
    lost = {RUN_COLUMN, ENTRY_COLUMN} - set(columns)
    if len(lost) == 1:
        raise SourceError(
            f'the export has lost the column "{lost.pop()}"',
            where=file,
            advice="Put it back, or export again: the two tell which row is which. To send the "
            f"rows as new ones remove all columns that begin with {OURS}.",
        )


def open_or_export(
    path: Path, open_declared: Callable[[Path], Rows], *, header_row: int | None
) -> Rows:
    """Open a sheet as its mapping declares it; one of our exports as we write them.

    A mapping speaks of the source: its export has another sheet, its header in row 1, and an
    encoding and delimiter of its own.

    Raises:
        SourceError: It cannot be read.
    """
    if path.suffix.lower() in _WORKBOOKS:  # it has a second sheet, which a mapping may name
        with suppress(SourceError):
            return open_rows(path, sheet=EXPORT_SHEET)
    try:
        rows = open_declared(path)
    except SourceError:
        export = _open_export(path)
        if export is None:
            raise
        return export
    if rows.sheet and header_row in {None, 1}:  # a workbook would be read in the same way
        return rows
    export = _open_export(path)
    if export is None:
        return rows
    rows.close()
    return export


def _open_export(path: Path) -> Rows | None:
    # UTF-8 is declared, since an ESC character in an export is meant; Excel may have saved another.
    encodings = (None,) if path.suffix.lower() == ".xlsx" else ("utf-8", None)
    for encoding in encodings:
        try:
            rows = open_rows(path, encoding=encoding)
        except SourceError:
            continue
        if is_export(rows.columns):
            return rows
        rows.close()
    return None


class MendedRows:
    """The rows of a mended export, as `planning` takes them.

    Raises:
        SourceError: It is an export of another ledger, run or account.
    """

    def __init__(self, rows: Rows, ledger: Ledger, *, account: str) -> None:
        self._rows, self._ledger = rows, ledger
        self._account = account
        self._readings = _readings(rows)
        self._iterator = iter(rows)
        try:
            self._first = next(self._iterator, None)
        except NoRowsError:
            self._first = None
        self._run_at = rows.columns.index(RUN_COLUMN)
        self._entry_at = rows.columns.index(ENTRY_COLUMN)
        self.original = self._original_run()
        self.columns = self.original.source.columns
        self.blank_rows = 0
        self.content_digest = ""
        self.notes: list[str] = []
        self._date_columns: set[int] | None = None
        self._copies: dict[int, Mapping[Place, int]] = {}  #: Run to `Records.copies_in`.
        self._given: dict[int, tuple[int, bytes]] = {}  #: Entry to its row here, and a digest.
        self._positions = self._find_columns()

    def _original_run(self) -> Run:
        if self._first is None:
            raise SourceError(
                "this export has no rows", where=self._rows.file, advice="Nothing is to be done."
            )
        row = self._first.row if isinstance(self._first, Rejected) else self._first
        run_id = cell_text(row.cells[self._run_at]) if self._run_at < len(row.cells) else ""
        try:
            run = self._ledger.records.run(run_id)
        except UsageError:
            run = None
        if run is None or run.id != run_id:
            raise SourceError(
                f'this is an export of run "{run_id}", which is not in this ledger',
                where=f"{self._rows.file}, row {row.row}, column {RUN_COLUMN}",
                advice=f"Give the ledger it was exported from with --ledger FILE (this one is "
                f"{self._ledger.path}), or remove the columns that begin with {OURS} to send the "
                "rows as new ones.",
            )
        refuse_pruned(run, f"{self._rows.file} is an export of it, and cannot be held against it")
        if run.kind == "undo":
            raise SourceError(
                f"this is an export of run {run.id} ({run.source.name}), which has no sheet",
                where=self._rows.file,
                advice=f"Its rows hold no cells to mend: `migrator retry {run.id}` sends them "
                "again.",
            )
        if run.account != self._account:
            raise SourceError(
                f"this is an export of run {run.id}, made for the account {run.account}",
                where=self._rows.file,
                advice=f"The keys belong to {self._account}: set the keys of that account.",
            )
        return run

    def _find_columns(self) -> list[int]:
        known: dict[str, int] = {}
        for at, name in enumerate(self._rows.columns):
            for reading in self._readings:
                known.setdefault(reading(name), at)
        missing = [name for name in self.columns if name not in known]
        if missing:
            raise SourceError(
                f'the export has lost the column "{missing[0]}"',
                where=self._rows.file,
                advice="Export again and change cells only: columns tell which value is which.",
            )
        return [known[name] for name in self.columns]

    def linked(self) -> Iterator[tuple[SourceRow | Rejected, Place | None]]:
        """Each row that mends an entry, with the entry's place."""
        left_out: list[str] = []
        # Of the file as given: which of its rows are still to be mended changes with each run.
        content = blake2b("\x1f".join(self._rows.columns).encode(), digest_size=16)
        rows = chain((self._first,) if self._first is not None else (), self._iterator)
        for row in rows:
            given = row.row if isinstance(row, Rejected) else row
            content.update(encode_cells(given.cells).encode())
            mended = self._mend(row, left_out)
            if mended is not None:
                yield mended
        self.content_digest = content.hexdigest()
        self.blank_rows = self._rows.blank_rows
        if left_out:
            shown = "; ".join(left_out[:5]) + ("; …" if len(left_out) > 5 else "")
            be = "is" if len(left_out) == 1 else "are"
            self.notes.append(f"{counted(len(left_out), 'row')} {be} left out: {shown}")

    def _mend(
        self, row: SourceRow | Rejected, left_out: list[str]
    ) -> tuple[SourceRow | Rejected, Place] | None:
        given = row.row if isinstance(row, Rejected) else row
        record = self._record(given)
        newest = self._newest(record)
        told = self._not_mendable(record, newest) or self._repeats(given, record)
        if told:
            left_out.append(told)
            return None
        place = (record.run, record.number)  # its first: later copies stand at the same place
        if isinstance(row, Rejected):
            return row, place
        cells = self._cells(row, record)
        mended = SourceRow(row.file, row.sheet, row.row, row.line, self.columns, cells)
        left = self._left_as_it_was(record, cells)
        return Rejected(row=mended, problems=left) if left else mended, place

    def _newest(self, record: EntryRecord) -> EntryRecord:
        """The entry, or the latest of its mended copies: a file may be mended bit by bit."""
        while (copy := self._copy_of(record)) is not None:
            record = copy
        return record

    def _copy_of(self, record: EntryRecord) -> EntryRecord | None:
        records = self._ledger.records
        if record.carrier is None:
            is_mended = record.state is State.CORRECTED and record.other is not None
            return records.entry(record.other) if is_mended and record.other else None
        carrier = records.entry(record.carrier.place)
        if carrier is None or carrier.state is not State.CORRECTED or carrier.other is None:
            return None
        run = carrier.other[0]
        if run not in self._copies:
            self._copies[run] = records.copies_in(run)
        number = self._copies[run].get((record.run, record.number))
        return None if number is None else records.entry((run, number))

    def _not_mendable(self, record: EntryRecord, newest: EntryRecord) -> str:
        """Why an entry cannot be mended; "" when it can. A merged one goes with its carrier."""
        carrier = newest.carrier
        state = carrier.state if carrier is not None else newest.state
        if state in MENDABLE:
            return ""
        words = state.replace("_", " ")
        if newest is not record:
            return f"row {record.row} is {words} in run {self._ledger.history.id_of(newest.run)}"
        if carrier is not None:
            return f"row {record.row} went with row {carrier.row}, which is {words}"
        return f"row {record.row} is {words}"

    def _repeats(self, given: SourceRow, record: EntryRecord) -> str:
        """Which earlier row of this file the row is once more; "" when it is none.

        Raises:
            SourceError: The two are not the same: sent both, a note would be there twice.
        """
        digest = blake2b(encode_cells(given.cells).encode(), digest_size=16).digest()
        first, known = self._given.setdefault(record.number, (given.row, digest))
        if first == given.row:
            return ""
        if digest != known:
            raise SourceError(
                f"rows {first} and {given.row} both mend row {record.row} of {record.file}",
                where=self._rows.file,
                advice="Keep the one that holds, and delete the other: each row is sent once.",
            )
        return f"row {given.row} of this file is its row {first} once more"

    def _left_as_it_was(self, record: EntryRecord, cells: tuple[Cell, ...]) -> tuple[Problem, ...]:
        """What the loader refused in cells that nobody changed: as texts they would pass now."""
        if not record.problems or len(record.cells) != len(self.columns):
            return ()
        unchanged = {
            name
            for name, cell, original in zip(self.columns, cells, record.cells, strict=True)
            if cell == original
        }
        return tuple(
            problem
            for problem in record.problems
            if problem.code not in _OF_MAPPING and problem.column in unchanged
        )

    def _record(self, row: SourceRow) -> EntryRecord:
        text = cell_text(row.cells[self._entry_at]) if self._entry_at < len(row.cells) else ""
        named = cell_text(row.cells[self._run_at]) if self._run_at < len(row.cells) else ""
        record = None
        if text.isascii() and text.isdigit() and named == self.original.id:
            record = self._ledger.records.entry((self.original.number, int(text)))
        if record is None:
            raise SourceError(
                f'row {row.row} names the entry "{text}" of run "{named}", which does not exist',
                where=f"{self._rows.file}, row {row.row}, column {ENTRY_COLUMN}",
                advice=f"Export run {self.original.id} again, and leave the columns that begin "
                f"with {OURS} as they are.",
            )
        return record

    def _cells(self, row: SourceRow, record: EntryRecord) -> tuple[Cell, ...]:
        if len(record.cells) != len(self.columns):  # refused for its number of cells
            return tuple(self._readings[0](cell_text(row.cells[at])) for at in self._positions)
        return tuple(
            self._cell(row.cells[at], original, column)
            for column, (at, original) in enumerate(zip(self._positions, record.cells, strict=True))
        )

    def _cell(self, given: Cell, original: Cell, column: int) -> Cell:
        if not isinstance(given, str):
            return original if cell_text(given) == cell_text(original) else given
        texts = [reading(given) for reading in self._readings]
        meant = (cell_text(original), shown_text(cell_text(original)))
        if any(_is_same(text, one) for text in texts for one in meant):
            return original
        text = texts[0]
        if isinstance(original, date) or column in self._columns_of_dates():
            return _iso(text)
        return text

    def _columns_of_dates(self) -> set[int]:
        """The columns in which the original sheet had Excel dates."""
        if self._date_columns is None:
            self._date_columns = {
                position
                for record in self._ledger.records.entries(self.original)
                for position, cell in enumerate(record.cells)
                if isinstance(cell, date)
            }
        return self._date_columns


def _readings(rows: Rows) -> Sequence[Callable[[str], str]]:
    """What a text in this export may mean, the likeliest first.

    Nothing is escaped in our workbooks, so that ``'=1`` in one is just that. A CSV export is
    escaped. A workbook that is not ours is a CSV export that was saved as one, and a CSV may be a
    workbook of ours that was saved as CSV: there a text that equals the original either way is it.
    """
    if rows.sheet == EXPORT_SHEET:
        return (str,)
    return (unescape_formula, str)


def _is_same(given: str, original: str) -> bool:
    r"""Whether a program, not a person, made one text of the other.

    LibreOffice ends the lines of a cell in its own way, and a CSV that is saved in an old encoding
    has question marks for letters that this does not have, one or two for an emoji.

    >>> _is_same("a\nb", "a\r\nb"), _is_same("Caf? ??", "Café 😀"), _is_same("Cafe", "Café")
    (True, True, False)
    """
    if given == original:
        return True
    given, original = ("\n".join(_LINE_END.split(text)) for text in (given, original))
    if given == original:
        return True
    doubled = "".join(one * 2 if one > "\uffff" else one for one in original)
    return "?" in given and any(_is_but_for_letters(given, one) for one in (original, doubled))


def _is_but_for_letters(given: str, original: str) -> bool:
    return len(given) == len(original) and all(
        one == other or (one == "?" and not other.isascii())
        for one, other in zip(given, original, strict=True)
    )


def _iso(text: str) -> Cell:
    """The form in which exports write Excel dates, back as a date; other text stays.

    >>> _iso("2024-04-02 12:13:44")
    datetime.datetime(2024, 4, 2, 12, 13, 44)
    >>> _iso("soon")
    'soon'
    """
    for kind, pattern in ((date, "%Y-%m-%d"), (datetime, "%Y-%m-%d %H:%M:%S")):
        try:
            parsed = datetime.strptime(text.strip(), pattern)  # noqa: DTZ007 - a wall clock
        except ValueError:
            continue
        return parsed.date() if kind is date else parsed
    return text
