"""What every source gives: columns, rows, and the account of what was read.

Owns `Rows`, the rules for a header, and the problems that a row can have before any meaning.
It never opens a file and knows no file format.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeAlias, TypeVar

from migrator.cells import is_blank
from migrator.errors import SourceError
from migrator.loader.blocks import Block, blocks_of
from migrator.model import Problem, Rejected, SourceRow

LONGEST_CELL: Final = 32_767  #: Characters; Microsoft, "Excel specifications and limits", 2026.
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  #: How old Office files begin, and encrypted ones.
DEFAULT_BUDGET: Final = 1024**3  #: Bytes of memory that reading a workbook may take.
_LOOK_EVERY: Final = 512  #: Rows between two looks at how far the reading is.
_SHOWN: Final = 60  #: Characters of a cell that a problem repeats.


T = TypeVar("T")
Look: TypeAlias = Callable[[int, float | None], None]
"""Is told how many rows are read, and which part of the source that is (0.0 to 1.0; None: not
known). The part is for the eye alone: a workbook's may be wrong."""


class SheetInfo(NamedTuple):
    """One sheet of a workbook."""

    name: str
    is_hidden: bool


@dataclass(slots=True)
class Told:
    """Something that was met in cells of one column: where first, and how often."""

    row: int  #: The first.
    text: str  #: The first cell's text; "" where only the number matters.
    times: int


@dataclass(slots=True)
class Tally:
    """The account of a source while it is read; it grows until the iteration ends."""

    rows_read: int = 0  #: Rows given and rows rejected.
    blank_rows: int = 0
    notes: list[str] = field(default_factory=list)  #: Sentences for the user.


class Rows:
    """The rows of one sheet of one file, in its order; close it, or use it in a ``with``.

    Iterate it once: the counts belong to that one iteration, and a second one raises
    RuntimeError (open the file again instead). Counts and notes are complete when it has ended.
    """

    def __init__(
        self,
        *,
        path: Path,
        sheet: str,
        header: "Header",
        tally: Tally,
        records: Generator[SourceRow | Rejected],
        close: Callable[[], None],
        encoding: str = "",
        delimiter: str = "",
        sheets: tuple[SheetInfo, ...] = (),
        kinds: Mapping[str, Mapping[int, Told]] | None = None,
        is_several: bool = False,
        blocks: Callable[[], Generator[Block]] | None = None,
        part: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.path = path
        self.file = path.name  #: Without its folder.
        self.is_several = is_several  #: Whether the rows are of several files, which they name.
        self.sheet = sheet  #: "" for a CSV.
        self.sheets = sheets  #: All sheets of the workbook; none for a CSV.
        self.columns = header.columns  #: The names in the header, white space around them cut.
        self.positions = header.positions  #: Where each of them stands in the sheet, from 0.
        self.encoding = encoding  #: "" for a workbook.
        self.delimiter = delimiter  #: "" for a workbook.
        self.kinds = {} if kinds is None else kinds
        """By kind of cell ("text", "number", "percent", "currency", "date") and by place in the
        sheet: how many a workbook stores; complete when the iteration has ended."""
        self._tally = tally
        self._records: Generator[SourceRow | Rejected] | Generator[Block] = records
        self._rows, self._blocks = records, blocks
        self._part = part
        self._look: Look | None = None
        self._is_started = False
        self._close = close

    @property
    def rows_read(self) -> int:
        """Rows so far, given and rejected; while they are read, some dozens ahead of both."""
        return self._tally.rows_read

    @property
    def blank_rows(self) -> int:
        """Rows so far without any value; they are counted, not given."""
        return self._tally.blank_rows

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user must be told about this reading, as sentences."""
        return tuple(self._tally.notes)

    def watch(self, look: "Look | None") -> None:
        """Let ``look`` see now and then, while they are read, how far that is; None: nobody."""
        self._look = look

    def __iter__(self) -> Iterator[SourceRow | Rejected]:
        self._start()
        if self._look is None:
            return self._rows
        return self._watched(self._rows, self._look, every=_LOOK_EVERY)

    def blocks(self) -> Iterator[Block]:
        """The same rows in blocks, for who looks at columns; instead of the iteration.

        An error of the file comes before the rows that stand in front of it in their block.
        """
        self._start()
        if self._blocks is None:
            found = blocks_of(self._rows, len(self.columns))
        else:
            self._records.close()
            self._records = found = self._blocks()
        return found if self._look is None else self._watched(found, self._look, every=1)

    def _watched(self, given: Iterator[T], look: "Look", *, every: int) -> Iterator[T]:
        for number, one in enumerate(given, 1):
            yield one
            if number % every == 0:
                look(self._tally.rows_read, self._part())

    def _start(self) -> None:
        if self._is_started:
            raise RuntimeError("these rows were read already, or closed; open the file again")
        self._is_started = True

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        self._is_started = True
        self._records.close()
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class NoRowsError(SourceError):
    """A header stands, and nothing under it: never what somebody wanted to send."""


def no_rows(where: str) -> NoRowsError:
    """The refusal of a source that ends with its header; blank rows count as nothing.

    >>> print(no_rows("deals.csv"))
    deals.csv: there are no rows under the column names
      Check that this is the right file and sheet, and that its export was not filtered to nothing.
    """
    return NoRowsError(
        "there are no rows under the column names",
        where=where,
        advice="Check that this is the right file and sheet, and that its export was not filtered "
        "to nothing.",
    )


# ------------------------------------------------------------------ the header


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The columns that have a name, and where they stand."""

    columns: tuple[str, ...]
    positions: tuple[int, ...]  #: The place of each column in a record, from 0.
    width: int  #: How many cells a record has, columns without a name included.

    @property
    def is_plain(self) -> bool:
        """Whether every cell of a record stands under a name."""
        return len(self.columns) == self.width


def plain_header(columns: tuple[str, ...]) -> Header:
    """The header of records that hold the named columns and nothing else."""
    return Header(columns=columns, positions=tuple(range(len(columns))), width=len(columns))


def to_header(names: Sequence[str], *, where: str, notes: list[str]) -> Header:
    """Read a header row; a column without a name is left out (its cells must be blank).

    Args:
        names: The cells of the header row.
        where: File, sheet and row, for errors.
        notes: Gets a sentence for what was changed or left out.

    Raises:
        SourceError: No cell holds a name, a name holds a NUL, or two columns have one name.
    """
    trimmed = [name.strip() for name in names]
    positions = tuple(place for place, name in enumerate(trimmed) if name)
    if not positions:
        raise SourceError(
            "the header row is blank",
            where=where,
            advice="Say which row holds the column names: header_row in the mapping's source "
            "(1 is the first row of the file).",
        )
    columns = tuple(trimmed[place] for place in positions)
    _refuse_bad_names(trimmed, where)
    if any(names[place] != trimmed[place] for place in positions):
        notes.append("White space around column names was cut.")
    unnamed = [column_letter(place) for place, name in enumerate(trimmed) if not name]
    if unnamed:
        notes.append(f"Columns without a name were left out: {', '.join(unnamed)}.")
    return Header(columns=columns, positions=positions, width=len(names))


def _refuse_bad_names(names: Sequence[str], where: str) -> None:
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        if "\0" in name:
            raise SourceError(
                f"the name of column {column_letter(place)} holds a NUL character",
                where=where,
                advice="The file may be UTF-16 without its mark: declare encoding: utf-16-le in "
                "the mapping's source, or save the file as CSV UTF-8.",
            )
        if name and name in seen:
            first, second = column_letter(seen[name]), column_letter(place)
            raise SourceError(
                f'columns {first} and {second} are both called "{name}"',
                where=where,
                advice="Rename one of them in the sheet, so that the mapping can tell them apart.",
            )
        seen[name] = place


def column_letter(place: int) -> str:
    """The letters Excel shows for the column at this place, counted from 0.

    >>> column_letter(0), column_letter(25), column_letter(26), column_letter(16383)
    ('A', 'Z', 'AA', 'XFD')
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# ------------------------------------------------------------------ what a row can have


def all_blank(cells: Iterable[object]) -> bool:
    """Whether no cell holds a value; such a row is counted as blank."""
    return all(isinstance(cell, str) and is_blank(cell) for cell in cells)


def blank_above(header_row: int) -> str:
    """A note that the column names do not stand in the first row.

    >>> blank_above(2), blank_above(4)
    ('Row 1 is blank; row 2 holds the column names.', \
'Rows 1 to 3 are blank; row 4 holds the column names.')
    """
    above = "Row 1 is" if header_row == 2 else f"Rows 1 to {header_row - 1} are"
    return f"{above} blank; row {header_row} holds the column names."


def refuse_need(need: int, budget: int, where: str) -> None:
    """Do nothing if a workbook fits into the memory that it may take.

    Args:
        need: Bytes that reading it takes, as estimated.
        budget: Bytes that it may take.
        where: The file.

    Raises:
        SourceError: It does not.
    """
    if need > budget:
        unit, size = ("MiB", 1024**2) if budget >= 1024**2 else ("KiB", 1024)
        raise SourceError(
            f"reading this workbook takes about {need / size:,.0f} {unit} of memory, more than the "
            f"{budget / size:,.0f} {unit} it may take",
            where=where,
            advice="Save the sheet as CSV UTF-8, which is read piece by piece, and give that "
            "file; or let it take more: MIGRATOR_MEMORY=4GiB.",
        )


def wrong_count(found: int, expected: int) -> Problem:
    """A record with more or fewer cells than the header: its values may have shifted."""
    more = found > expected
    return Problem(
        code="cell-count",
        column="",
        value="",
        reason=f"the row has {found} cells, the header {expected}",
        advice="Look for a delimiter or line break inside a cell without quotes around it."
        if more
        else "A cell is missing, or the row is cut off; give it as many cells as the header has.",
    )


def beyond_header(place: int, text: str) -> Problem:
    """A value in a column to the right of the header's last name."""
    return Problem(
        code="cell-count",
        column="",
        value=shown(text),
        reason=f'column {column_letter(place)} holds "{shown(text)}" beyond the last header',
        advice="Give the column a name in the header row, or empty the cell.",
    )


def unnamed_column(place: int, text: str) -> Problem:
    """A value in a column without a name, among the named ones."""
    return Problem(
        code="unnamed-column",
        column="",
        value=shown(text),
        reason=f'column {column_letter(place)} has no name, but holds "{shown(text)}"',
        advice="Give the column a name in the header row, or empty the cell.",
    )


def nul_inside(column: str, text: str) -> Problem:
    """A NUL character: no spreadsheet shows it, and no CRM stores it."""
    return Problem(
        code="nul",
        column=column,
        value=shown(text),
        reason="the cell holds a NUL character",
        advice="The file was damaged or exported wrongly; type the cell again.",
    )


def unknown_escape(sequence: str) -> Problem:
    r"""The declared escape character where it escapes nothing, such as ``\N`` for a NULL."""
    return Problem(
        code="unknown-escape",
        column="",
        value=sequence,
        reason=f'the row holds "{sequence}": what the escape character means there is not known',
        advice="Export the data without such signs (a NULL as an empty cell), or take escape out "
        "of the mapping's source where the character stands for itself.",
    )


def half_a_character(column: str, text: str) -> Problem:
    """A lone surrogate, which no UTF-8 can hold; files cannot bring one, Python texts can."""
    return Problem(
        code="half-character",
        column=column,
        value=ascii(shown(text)),
        reason="the cell holds half a character (a lone surrogate)",
        advice="The text was decoded wrongly; read it again with its right encoding.",
    )


def too_long(column: str, text: str, length: int) -> Problem:
    """More text than a cell of a spreadsheet can hold."""
    return Problem(
        code="too-long",
        column=column,
        value=shown(text),
        reason=f"the cell has {length:,} characters; a spreadsheet cell holds {LONGEST_CELL:,}",
        advice="Shorten the text, or look for a quote that is not closed.",
    )


def shown(text: str) -> str:
    """The text, cut where it is too long for a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def text_problems(header: Header, cells: Sequence[str]) -> tuple[Problem, ...]:
    """What is wrong with the text of single cells: NUL characters and endless texts."""
    problems: list[Problem] = []
    for column, place in zip(header.columns, header.positions, strict=True):
        text = cells[place]
        if "\0" in text:
            problems.append(nul_inside(column, text))
        if len(text) > LONGEST_CELL:
            problems.append(too_long(column, text, len(text)))
    return tuple(problems)
