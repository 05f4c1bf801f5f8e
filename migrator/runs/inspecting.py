"""`inspect`: read a whole sheet and say what is in it, before there is a mapping.

Owns the counting and the feeding of the profile; memory does not grow with the rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from sys import getsizeof
from typing import Final

from migrator.loader import Rows, open_rows
from migrator.loader.rows import DEFAULT_BUDGET, Look, column_letter
from migrator.model import Reason, Rejected, SourceRow
from migrator.profile import ColumnProfile, Profiler, Stored, with_stored
from migrator.reasons import Reasons

_ROWS: Final = 4_096  #: Looked at together, at most.
_BYTES: Final = 16 * 1024**2  #: Of cells looked at together, about; long texts make fewer rows.
_STEP: Final = 256  #: Rows between two looks at the bytes.
_MOST_REASONS: Final = 1000  #: Kept apart, so that memory is bounded; masking leaves few.


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetName:
    """One sheet of a workbook."""

    name: str
    is_read: bool
    is_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What `inspect` found."""

    path: Path
    size: int  #: Bytes.
    sheet: str  #: "" for a text file.
    sheets: tuple[SheetName, ...]  #: All of the workbook; none for a text file.
    encoding: str  #: "" for a workbook.
    delimiter: str  #: "" for a workbook.
    notes: tuple[str, ...]
    rows_read: int  #: Given and refused.
    blank_rows: int
    refused: int  #: Rows the loader refused; no column's profile knows their cells.
    reasons: tuple[Reason, ...]
    columns: tuple[ColumnProfile, ...]


def inspect_sheet(
    path: str | Path,
    *,
    sheet: str | int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    header_row: int | None = None,
    budget: int = DEFAULT_BUDGET,
    look: Look | None = None,
) -> Inspected:
    """Read every row of a sheet and look at each column.

    Args:
        path: The file.
        sheet: The sheet's name, or its number from 1; None is the first that is not hidden.
        encoding: Of a text file; None finds it.
        delimiter: Of a text file; None finds it.
        quote: Of a text file; None is ``"``, "none" where nothing is quoted.
        escape: Of a text file; None for none.
        header_row: The row with the column names; None finds it.
        budget: Bytes of memory that reading a workbook may take.
        look: Is told how far the reading is.

    Raises:
        SourceError: The file cannot be read.
    """
    with open_rows(
        path,
        sheet=sheet,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        header_row=header_row,
        budget=budget,
        look=look,
    ) as rows:
        profiler, reasons = Profiler(_named(rows)), Reasons(most=_MOST_REASONS)
        refused = 0
        for block in _blocks(rows):
            refused += _refuse(block, reasons)
            good = [row for row in block if isinstance(row, SourceRow)]
            if good:
                profiler.add([row.row for row in good], [row.cells for row in good])
        return Inspected(
            path=rows.path,
            size=rows.path.stat().st_size,
            sheet=rows.sheet,
            sheets=_sheets(rows),
            encoding=rows.encoding,
            delimiter=rows.delimiter,
            notes=rows.notes,
            rows_read=rows.rows_read,
            blank_rows=rows.blank_rows,
            refused=refused,
            reasons=tuple(reasons.listed()),
            columns=tuple(_with_stored(rows, profiler.profiles())),
        )


def _named(rows: Rows) -> list[tuple[str, str]]:
    """Each column with its letter; those without a name are left out, but have their letters."""
    pairs = zip(rows.columns, rows.positions, strict=True)
    return [(name, column_letter(at)) for name, at in pairs]


def _with_stored(rows: Rows, profiles: Iterable[ColumnProfile]) -> Iterator[ColumnProfile]:
    """The profiles, with what a workbook stores besides the values."""
    for at, profile in zip(rows.positions, profiles, strict=True):
        stored = {
            kind: Stored(told[at].times, told[at].row)
            for kind, told in rows.kinds.items()
            if at in told and told[at].times
        }
        yield with_stored(profile, stored)


def _sheets(rows: Rows) -> tuple[SheetName, ...]:
    return tuple(
        SheetName(name=one.name, is_read=one.name == rows.sheet, is_hidden=one.is_hidden)
        for one in rows.sheets
    )


def _blocks(rows: Iterable[SourceRow | Rejected]) -> Iterator[list[SourceRow | Rejected]]:
    """The rows, as many together as are few and light enough to be held."""
    source, block, weight = iter(rows), list[SourceRow | Rejected](), 0
    while step := list(islice(source, _STEP)):
        block += step
        weight += sum(map(getsizeof, chain.from_iterable(map(_cells, step))))
        if len(block) >= _ROWS or weight >= _BYTES:
            yield block
            block, weight = [], 0
    if block:
        yield block


def _cells(row: SourceRow | Rejected) -> tuple[object, ...]:
    return row.row.cells if isinstance(row, Rejected) else row.cells


def _refuse(block: Iterable[SourceRow | Rejected], reasons: Reasons) -> int:
    rejected = [row for row in block if isinstance(row, Rejected)]
    for row in rejected:
        for problem in row.problems:
            title = f'{problem.code} in "{problem.column}"' if problem.column else problem.code
            reasons.add(
                title,
                problem.reason,
                problem.advice,
                code=problem.code,
                row=row.row.row,
                file=row.row.file,
            )
    return len(rejected)
