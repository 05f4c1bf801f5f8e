"""Workbooks: one sheet, row by row.

Owns the choice of the reader and of the sheet, and the account of its rows. It never stops at a
blank row, never trusts the size that a sheet states, and never takes an error or a formula
without a value for a blank.
"""

import difflib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Final

from migrator.cells import cell_text, is_blank
from migrator.errors import SourceError
from migrator.loader.files import Fingerprint, unreadable
from migrator.loader.grid import Book, Fault, RawRow, Sheet, SheetAccount
from migrator.loader.ods import OdsBook
from migrator.loader.package import is_open_document, main_part, open_package, translated_errors
from migrator.loader.rows import (
    OLE,
    Header,
    Rows,
    SheetInfo,
    Tally,
    Told,
    beyond_header,
    blank_above,
    no_rows,
    refuse_need,
    to_header,
    unnamed_column,
)
from migrator.loader.xlsb import XlsbBook
from migrator.loader.xlsx import XlsxBook
from migrator.model import Cell, Problem, Rejected, SourceRow

TEXT_MEMORY: Final = 3
"""Bytes of memory for a byte of shared texts, which are held as a list: a Python text has 49 to 74
bytes of its own, and two for a character outside Latin-1; measured with texts of ten characters."""

_RANGES_NAMED: Final = 5  #: Of merged cells, in a note.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """One sheet of a workbook, ready to be read."""

    path: Path
    file: IO[bytes]
    book: Book
    sheet: Sheet
    found: Fingerprint
    account: SheetAccount

    @property
    def where(self) -> str:
        return f'{self.path.name}: sheet "{self.sheet.name}"'

    def close(self) -> None:
        self.book.close()
        self.file.close()


def open_workbook(
    path: Path,
    *,
    sheet: str | int | None,
    header_row: int | None,
    budget: int,
    tally: Tally,
) -> Rows:
    """Open a workbook and read the header of one of its sheets.

    Raises:
        SourceError: The workbook is broken, needs more memory than the budget, has no such
            sheet, or its header is not usable.
    """
    found = Fingerprint.of(path)
    file = path.open("rb")
    try:
        book = _open_book(path, file, budget)
        chosen = choose_sheet(book.sheets, sheet, where=path.name)
        account = SheetAccount(header_row=header_row)
        opened = _Opened(
            path=path, file=file, book=book, sheet=chosen, found=found, account=account
        )
        _note_sheets(opened, sheet, tally)
        rows = _raw_rows(opened)
        header, header_row = _read_header(rows, opened, header_row, tally)
    except BaseException:
        file.close()
        raise
    return Rows(
        path=path,
        sheet=opened.sheet.name,
        sheets=tuple(SheetInfo(each.name, each.is_hidden) for each in book.sheets),
        header=header,
        kinds=opened.account.kinds,
        tally=tally,
        records=_records(rows, opened, header, header_row, tally),
        close=opened.close,
        part=opened.account.part,
    )


def _open_book(path: Path, file: IO[bytes], budget: int) -> Book:
    """The reader of the kind of workbook that the file is by its content."""
    if file.read(len(OLE)) == OLE:
        # xlrd is imported by those who read such a file alone.
        from migrator.loader.xls import XlsBook  # noqa: PLC0415

        return XlsBook.open(path, budget=budget)
    package = open_package(path, file)
    with translated_errors(path.name):
        if is_open_document(package):
            return OdsBook.open(path, file, package.archive)
        part = main_part(package, where=path.name)
        refuse_need(int(package.size_of(part, "sharedStrings") * TEXT_MEMORY), budget, path.name)
        if part.lower().endswith(".bin"):
            return XlsbBook.open(path, file, package, part)
        return XlsxBook(path, package, part)


def choose_sheet(sheets: Sequence[Sheet], wanted: str | int | None, *, where: str) -> Sheet:
    """The sheet with this name, or number (from 1) where none has that name.

    None is the first that is not hidden.

    Raises:
        SourceError: There is none.
    """
    if wanted is None:
        return next((sheet for sheet in sheets if not sheet.is_hidden), sheets[0])
    for sheet in sheets:
        if sheet.name == str(wanted):
            return sheet
    number = str(wanted)
    if number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= len(sheets):
        return sheets[int(number) - 1]
    named = f"number {wanted}" if isinstance(wanted, int) else f'"{wanted}"'
    problem = f"there is no sheet {named}"
    raise SourceError(problem, where=where, advice=_known_sheets(sheets, str(wanted)))


def _known_sheets(sheets: Sequence[Sheet], wanted: str) -> str:
    names = {sheet.name.casefold().strip(): sheet.name for sheet in sheets}
    close = difflib.get_close_matches(wanted.casefold().strip(), names, n=1)
    meant = f'Did you mean "{names[close[0]]}"? ' if close else ""
    listed = ", ".join(f'"{sheet.name}"' for sheet in sheets)
    return f"{meant}The sheets are {listed}. Correct sheet in the mapping's source."


def _raw_rows(opened: _Opened) -> Iterator[RawRow]:
    try:
        with translated_errors(opened.where):
            yield from opened.book.rows(opened.sheet, opened.account)
    except OSError as error:
        raise unreadable(opened.path, error) from error


def _read_header(
    rows: Iterator[RawRow], opened: _Opened, header_row: int | None, tally: Tally
) -> tuple[Header, int]:
    """The header, and the number of its row: where none is named, the first that is not blank."""
    found = RawRow(0, {})
    for raw in rows:
        found = raw
        if raw.number >= header_row if header_row else not _is_blank(raw.cells):
            break
    if not found.number or (header_row is None and _is_blank(found.cells)):
        raise SourceError(
            "the sheet is empty",
            where=opened.where,
            advice="Name another sheet in the mapping's source (sheet).",
        )
    where = f"{opened.where}, row {header_row or found.number}"
    if header_row and found.number != header_row:
        raise SourceError(
            "the row for the column names is blank",
            where=where,
            advice="Correct header_row or sheet in the mapping's source.",
        )
    if header_row is None and found.number > 1:
        tally.notes.append(blank_above(found.number))
    return to_header(_names(found.cells, where), where=where, notes=tally.notes), found.number


def _names(cells: dict[int, Cell | Fault], where: str) -> list[str]:
    texts: dict[int, str] = {}
    for place, cell in cells.items():
        if isinstance(cell, Fault):
            raise SourceError(
                f"a column name cannot be read: {cell.problem.reason}",
                where=where,
                advice=cell.problem.advice,
            )
        texts[place] = cell_text(cell)
    names = [texts.get(place, "") for place in range(max(texts, default=-1) + 1)]
    while names and is_blank(names[-1]):
        names.pop()
    return names


def _records(
    rows: Iterator[RawRow], opened: _Opened, header: Header, header_row: int, tally: Tally
) -> Generator[SourceRow | Rejected]:
    """Every row below the header; rows that the sheet does not store are counted as blank."""
    file, sheet = opened.path.name, opened.sheet.name
    make = partial(tuple.__new__, SourceRow)  # half the time of SourceRow(...)
    columns, positions, is_plain = header.columns, header.positions, header.is_plain
    last = header_row
    for number, cells in rows:
        tally.blank_rows += number - last - 1
        last = number
        if _is_blank(cells):
            tally.blank_rows += 1
            continue
        tally.rows_read += 1
        get = cells.get
        values = tuple([get(place, "") for place in positions])
        if is_plain and max(cells) < header.width and Fault not in map(type, values):
            yield make((file, sheet, number, number, columns, values))
            continue
        problems = _problems(values, cells, header)
        texts = tuple(cell.text if isinstance(cell, Fault) else cell for cell in values)
        row = SourceRow(file, sheet, number, number, columns, texts)
        yield Rejected(row=row, problems=problems) if problems else row
    if not tally.rows_read:
        raise no_rows(opened.where)
    _note_reading(opened.account, header, tally)
    opened.found.check(opened.path)


def _is_blank(cells: dict[int, Cell | Fault]) -> bool:
    return not any(isinstance(cell, Fault) or not is_blank(cell) for cell in cells.values())


def _problems(
    values: Sequence[Cell | Fault], cells: dict[int, Cell | Fault], header: Header
) -> tuple[Problem, ...]:
    """Every reason that a row cannot be used: cells at fault, and values under no name."""
    problems = [
        replace(cell.problem, column=column)
        for column, cell in zip(header.columns, values, strict=True)
        if isinstance(cell, Fault)
    ]
    for place in sorted(cells.keys() - set(header.positions)):
        cell = cells[place]
        text = cell.text or "a formula" if isinstance(cell, Fault) else cell_text(cell)
        if not is_blank(text):
            stray = beyond_header if place >= header.width else unnamed_column
            problems.append(stray(place, text))
    return tuple(problems)


# ------------------------------------------------------------------ what the user must be told


def _note_sheets(opened: _Opened, wanted: str | int | None, tally: Tally) -> None:
    sheets = opened.book.sheets
    if wanted is None and len(sheets) > 1:
        others = ", ".join(f'"{sheet.name}"' for sheet in sheets if sheet is not opened.sheet)
        tally.notes.append(f'The sheet "{opened.sheet.name}" is read; the others are {others}.')
    if opened.sheet.is_hidden:
        tally.notes.append(f'The sheet "{opened.sheet.name}" is hidden in Excel; it is read.')


def _note_reading(account: SheetAccount, header: Header, tally: Tally) -> None:
    notes = tally.notes
    if account.formulas:
        notes.append(
            f"Cells with a formula, read by the value stored with it: {account.formulas:,}."
        )
    if account.merged:
        named = ", ".join(account.merged[:_RANGES_NAMED])
        more = len(account.merged) - _RANGES_NAMED
        notes.append(
            f"Merged cells have their value in the first one only; the others are blank: {named}"
            + (f" and {more:,} more." if more > 0 else ".")
        )
    if account.hidden_rows:
        notes.append(
            f"Rows hidden in Excel (filtered or folded) are read: {account.hidden_rows:,}."
        )
    columns = zip(header.positions, header.columns, strict=True)
    hidden = [f'"{name}"' for place, name in columns if place in account.hidden_columns]
    if hidden:
        notes.append(f"Columns hidden in Excel are read: {', '.join(hidden)}.")
    for column, told in _by_name(account.padded, header):
        notes.append(
            f"Column {column}: a format of zeros pads numbers, which are read as they are shown "
            f'({told.times:,}, the first "{told.text}" in row {told.row}).'
        )
    for column, told in _by_name(account.long, header):
        notes.append(
            f"Column {column}: numbers of more than 15 digits ({told.times:,}, the first "
            f"{told.text} in row {told.row}). Excel keeps 15: compare them with where they come "
            "from, and store such ids as text."
        )


def _by_name(told: dict[int, Told], header: Header) -> Iterator[tuple[str, Told]]:
    """What is told of the columns that are read, in their order."""
    for name, place in zip(header.columns, header.positions, strict=True):
        if place in told:
            yield f'"{name}"', told[place]
