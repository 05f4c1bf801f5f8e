"""Excel workbooks (.xlsx, .xlsm): one sheet, row by row.

Owns the choice of the sheet and the account of its rows. It never stops at a blank row, never
trusts the size that a sheet states, and never takes an error or a formula without a value for
a blank.
"""

import difflib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from migrator.cells import cell_text, is_blank
from migrator.errors import SourceError
from migrator.loader.files import Fingerprint, unreadable
from migrator.loader.package import (
    Package,
    Sheet,
    open_package,
    read_kinds,
    read_texts,
    translated_errors,
)
from migrator.loader.rows import (
    NO_ROWS,
    Header,
    Rows,
    Tally,
    beyond_header,
    to_header,
    unnamed_column,
)
from migrator.loader.sheet import Fault, RawRow, SheetReader
from migrator.model import Cell, Problem, Rejected, SourceRow

_RANGES_NAMED: Final = 5  #: Of merged cells, in a note.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """One sheet of a workbook, ready to be read."""

    path: Path
    file: IO[bytes]
    package: Package
    sheet: Sheet
    reader: SheetReader
    found: Fingerprint

    @property
    def where(self) -> str:
        return f'{self.path.name}: sheet "{self.sheet.name}"'

    def close(self) -> None:
        self.package.archive.close()
        self.file.close()


def open_workbook(path: Path, *, sheet: str | int | None, header_row: int, tally: Tally) -> Rows:
    """Open a workbook and read the header of one of its sheets.

    Raises:
        SourceError: The workbook is broken, has no such sheet, or its header is not usable.
    """
    found = Fingerprint.of(path)
    file = path.open("rb")
    try:
        opened = _open(path, file, sheet, found)
        _note_sheets(opened, sheet, tally)
        rows = _raw_rows(opened)
        header = _read_header(rows, opened, header_row, tally)
    except BaseException:
        file.close()
        raise
    return Rows(
        path=path,
        sheet=opened.sheet.name,
        header=header,
        tally=tally,
        records=_records(rows, opened, header, header_row, tally),
        close=opened.close,
    )


def choose_sheet(sheets: Sequence[Sheet], wanted: str | int | None, *, where: str) -> Sheet:
    """The sheet with this name or number (from 1); None: the first that is not hidden.

    Raises:
        SourceError: There is none.
    """
    if wanted is None:
        return next((sheet for sheet in sheets if not sheet.is_hidden), sheets[0])
    if isinstance(wanted, int):
        if 1 <= wanted <= len(sheets):
            return sheets[wanted - 1]
        problem = f"there is no sheet number {wanted}"
    else:
        for sheet in sheets:
            if sheet.name == wanted:
                return sheet
        problem = f'there is no sheet "{wanted}"'
    raise SourceError(problem, where=where, advice=_known_sheets(sheets, str(wanted)))


def _known_sheets(sheets: Sequence[Sheet], wanted: str) -> str:
    names = {sheet.name.casefold().strip(): sheet.name for sheet in sheets}
    close = difflib.get_close_matches(wanted.casefold().strip(), names, n=1)
    meant = f'Did you mean "{names[close[0]]}"? ' if close else ""
    listed = ", ".join(f'"{sheet.name}"' for sheet in sheets)
    return f"{meant}The sheets are {listed}. Correct sheet in the mapping's source."


def _open(path: Path, file: IO[bytes], wanted: str | int | None, found: Fingerprint) -> _Opened:
    package = open_package(path, file)
    sheet = choose_sheet(package.sheets, wanted, where=path.name)
    with translated_errors(path.name):
        texts, kinds = read_texts(package), read_kinds(package)
    reader = SheetReader(texts=texts, kinds=kinds, is_1904=package.is_1904)
    return _Opened(path=path, file=file, package=package, sheet=sheet, reader=reader, found=found)


def _raw_rows(opened: _Opened) -> Iterator[RawRow]:
    try:
        archive, part = opened.package.archive, opened.sheet.part
        with translated_errors(opened.where), archive.open(part) as source:
            yield from opened.reader.rows(source)
    except OSError as error:
        raise unreadable(opened.path, error) from error


def _read_header(rows: Iterator[RawRow], opened: _Opened, header_row: int, tally: Tally) -> Header:
    where = f"{opened.where}, row {header_row}"
    found = RawRow(0, {})
    for raw in rows:
        found = raw
        if found.number >= header_row:
            break
    cells = found.cells
    if found.number != header_row:
        is_empty = not found.number
        raise SourceError(
            "the sheet is empty" if is_empty else "the row for the column names is blank",
            where=where,
            advice="Correct header_row or sheet in the mapping's source.",
        )
    for cell in cells.values():
        if isinstance(cell, Fault):
            raise SourceError(
                f"a column name cannot be read: {cell.problem.reason}",
                where=where,
                advice=cell.problem.advice,
            )
    texts = {place: cell_text(cell) for place, cell in cells.items() if not isinstance(cell, Fault)}
    names = [texts.get(place, "") for place in range(max(texts, default=-1) + 1)]
    while names and is_blank(names[-1]):
        names.pop()
    return to_header(names, where=where, notes=tally.notes)


def _records(
    rows: Iterator[RawRow], opened: _Opened, header: Header, header_row: int, tally: Tally
) -> Generator[SourceRow | Rejected]:
    """Every row below the header; rows that the sheet does not store are counted as blank."""
    file, sheet = opened.path.name, opened.sheet.name
    columns, positions = header.columns, header.positions
    last = header_row
    for number, cells in rows:
        tally.blank_rows += number - last - 1
        last = number
        if not cells or _all_blank(cells):
            tally.blank_rows += 1
            continue
        tally.rows_read += 1
        get = cells.get
        values = [get(place, "") for place in positions]
        problems = _problems(values, cells, header)
        texts = tuple(cell.text if isinstance(cell, Fault) else cell for cell in values)
        row = SourceRow(file, sheet, number, number, columns, texts)
        yield Rejected(row=row, problems=problems) if problems else row
    _note_reading(opened.reader, tally)
    if last == header_row:
        tally.notes.append(NO_ROWS)
    opened.found.check(opened.path)


def _all_blank(cells: dict[int, Cell | Fault]) -> bool:
    return all(not isinstance(cell, Fault) and is_blank(cell) for cell in cells.values())


def _problems(
    values: list[Cell | Fault], cells: dict[int, Cell | Fault], header: Header
) -> tuple[Problem, ...]:
    """Every reason that a row cannot be used: cells at fault, and values under no name."""
    problems = [
        replace(cell.problem, column=column)
        for column, cell in zip(header.columns, values, strict=True)
        if isinstance(cell, Fault)
    ]
    # The usual row has no more cells than the header has columns, all of them in its range.
    if len(cells) > len(header.columns) or not header.is_plain or max(cells) >= header.width:
        for place in sorted(cells.keys() - set(header.positions)):
            cell = cells[place]
            text = cell.text or "a formula" if isinstance(cell, Fault) else cell_text(cell)
            if not is_blank(text):
                stray = beyond_header if place >= header.width else unnamed_column
                problems.append(stray(place, text))
    return tuple(problems)


# ------------------------------------------------------------------ what the user must be told


def _note_sheets(opened: _Opened, wanted: str | int | None, tally: Tally) -> None:
    sheets = opened.package.sheets
    if wanted is None and len(sheets) > 1:
        others = ", ".join(f'"{sheet.name}"' for sheet in sheets if sheet is not opened.sheet)
        tally.notes.append(f'The sheet "{opened.sheet.name}" is read; the others are {others}.')
    if opened.sheet.is_hidden:
        tally.notes.append(f'The sheet "{opened.sheet.name}" is hidden in Excel; it is read.')


def _note_reading(reader: SheetReader, tally: Tally) -> None:
    if reader.formulas:
        tally.notes.append(
            f"Cells with a formula, read by the value stored with it: {reader.formulas:,}."
        )
    if reader.merged:
        named = ", ".join(reader.merged[:_RANGES_NAMED])
        more = len(reader.merged) - _RANGES_NAMED
        tally.notes.append(
            f"Merged cells have their value in the first one only; the others are blank: {named}"
            + (f" and {more:,} more." if more > 0 else ".")
        )
    if reader.hidden_rows:
        tally.notes.append(
            f"Rows hidden in Excel (filtered or folded) are read: {reader.hidden_rows:,}."
        )
