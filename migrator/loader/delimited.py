"""Text files with delimiters (CSV and TSV), record by record, in flat memory.

Owns the reading with the standard library's csv module, in its strict form. It never pads,
cuts or repairs a row: a row that does not fit is rejected, and a file whose quotes do not close
is refused, since no later row of it can be trusted.
"""

import csv
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from migrator.errors import SourceError
from migrator.loader.blocks import MOST_ROWS as BLOCK_ROWS
from migrator.loader.blocks import Block, blocks_of, lines_of, plain_block
from migrator.loader.delimiter import CANDIDATES, RARE, detect_delimiter
from migrator.loader.dialect import (
    Quoting,
    WatchedLines,
    check_delimiter,
    check_quoting,
    sample_records,
    stated_delimiter,
)
from migrator.loader.files import Fingerprint, unreadable
from migrator.loader.packed import read_head
from migrator.loader.preamble import likely_header_row
from migrator.loader.quotes import find_place, never_closed, nothing_escaped, stray_text
from migrator.loader.rows import (
    LONGEST_CELL,
    Header,
    Rows,
    Tally,
    all_blank,
    blank_above,
    no_rows,
    text_problems,
    to_header,
    unknown_escape,
    unnamed_column,
    wrong_count,
)
from migrator.loader.text import (
    CHUNK,
    Encoding,
    WatchedBytes,
    decide_encoding,
    decode_sample,
    open_text,
    undecodable,
)
from migrator.model import Problem, Rejected, SourceRow
from migrator.redact import printable

SAMPLE: Final = 65_536  #: Bytes at the beginning, from which the delimiter is found.
ENDLESS_CELL: Final = 1_048_576
"""Characters at which a cell is taken for a quote that was never closed: 32 times what a
spreadsheet cell holds. Above it the file is refused, so that memory stays bounded."""
_BLOCK_BYTES: Final = 1024**2  #: Read for one block, about; long texts make fewer rows.
_STEP: Final = 32  #: Rows between two looks at the bytes.


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is said about a text file; None is found out, or is the usual."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beginning:
    """The first records of a file, by which the rest is read."""

    text: str  #: Without a line that states the delimiter.
    is_whole: bool  #: Whether it is the whole file.
    stated: str  #: The delimiter that the first line states; "" for none.
    hidden: int  #: Lines above the first row: 1 where the delimiter is stated, else 0.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A text file ready to be read record by record."""

    path: Path
    encoding: Encoding
    delimiter: str
    quoting: Quoting
    beginning: _Beginning
    source: WatchedBytes
    text: io.TextIOWrapper
    lines: WatchedLines | None  #: Where an escape character is declared.
    reader: Any  #: csv's reader, whose class has no public name.

    @property
    def line(self) -> int:
        """The line of the file that was read last."""
        return self.beginning.hidden + int(self.reader.line_num)


def open_delimited(path: Path, declared: Declared, *, tally: Tally) -> Rows:
    """Open a text file and read its header.

    Raises:
        SourceError: Encoding, delimiter, quotes or header are not usable.
    """
    found = Fingerprint.of(path)
    opened = _open(path, declared, tally)
    try:
        for _ in range(opened.beginning.hidden):
            opened.text.readline()
        header_row, names = _header_record(opened, declared.header_row)
        if opened.lines:
            opened.lines.take_unknown()  # a name that is not as expected, the mapping will refuse
        where = f"{path.name}: row {header_row}"
        if declared.header_row is None and header_row > 1:
            tally.notes.append(blank_above(header_row))
        header = to_header(names, where=where, notes=tally.notes)
        _look_further_down(opened, header, header_row, declared, tally)
    except BaseException:
        opened.text.close()
        raise
    return Rows(
        path=path,
        sheet="",
        header=header,
        tally=tally,
        records=_records(opened, header, header_row, tally, found),
        blocks=_blocks_of(opened, header, header_row, tally, found),
        close=opened.text.close,
        encoding=opened.encoding.name,
        delimiter=opened.delimiter,
    )


def _open(path: Path, declared: Declared, tally: Tally) -> _Opened:
    quoting = check_quoting(declared.quote, declared.escape, where=path.name)
    encoding, beginning = _begin(path, declared.encoding, tally)
    delimiter = _delimiter(beginning, declared, quoting, tally, where=path.name)
    # The limit belongs to the whole process; it is only ever raised here.
    csv.field_size_limit(max(csv.field_size_limit(), ENDLESS_CELL))
    source = WatchedBytes(path, encoding)
    text = open_text(source, encoding)
    lines = WatchedLines(text, delimiter, quoting) if quoting.escape else None
    return _Opened(
        path=path,
        encoding=encoding,
        delimiter=delimiter,
        quoting=quoting,
        beginning=beginning,
        source=source,
        text=text,
        lines=lines,
        reader=quoting.reader(lines or text, delimiter),
    )


def _begin(path: Path, declared: str | None, tally: Tally) -> tuple[Encoding, _Beginning]:
    head = read_head(path, SAMPLE + 1)
    is_whole, head = len(head) <= SAMPLE, head[:SAMPLE]
    encoding = decide_encoding(head, declared, where=path.name)
    if encoding.mark:
        tally.notes.append(f"The file's byte-order mark ({encoding.name}) was removed.")
    try:
        text = decode_sample(head, encoding, is_whole=is_whole)
    except UnicodeDecodeError as error:
        raise undecodable(path, encoding, error, len(head)) from error
    stated, line = stated_delimiter(text) or ("", "")
    return encoding, _Beginning(
        text=text.removeprefix(line), is_whole=is_whole, stated=stated, hidden=1 if line else 0
    )


def _delimiter(
    beginning: _Beginning, declared: Declared, quoting: Quoting, tally: Tally, *, where: str
) -> str:
    """The delimiter that is declared, stated in the file or found, else a comma."""
    wanted = declared.delimiter
    if wanted is not None:
        wanted = check_delimiter(wanted, where=where, quoting=quoting)
    if beginning.stated:
        return _stated(beginning.stated, wanted, quoting, tally, where=where)
    if wanted is not None:
        return wanted
    found = detect_delimiter(
        beginning.text,
        header_row=declared.header_row,
        is_whole=beginning.is_whole,
        quoting=quoting,
    )
    if found is None:
        tally.notes.append("No delimiter was found in the header: the file has one column.")
    elif found in RARE:
        tally.notes.append(f'The delimiter "{printable(found)}" was found: every row has it alike.')
    return found or ("," if "," not in quoting.quote + quoting.escape else ";")


def _stated(stated: str, wanted: str | None, quoting: Quoting, tally: Tally, *, where: str) -> str:
    line = f"{where}: line 1"
    if wanted not in {None, stated}:
        raise SourceError(
            f'the file states the delimiter "{printable(stated)}" (sep=), but '
            f'"{printable(wanted or "")}" is declared',
            where=line,
            advice="Remove the declaration; if it is right, remove the first line of the file.",
        )
    tally.notes.append(
        f"The first line, sep={printable(stated)}, states the delimiter; it is no row, and Excel "
        "does not count it."
    )
    return check_delimiter(stated, where=line, quoting=quoting)


# ------------------------------------------------------------------ the header


def _header_record(opened: _Opened, header_row: int | None) -> tuple[int, list[str]]:
    """Number and cells of the header row; None: the first row that is not blank."""
    rows, begins = 0, opened.line + 1
    try:
        for record in opened.reader:
            rows += 1
            if rows == header_row or (header_row is None and not all_blank(record)):
                return rows, record
            begins = opened.line + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise _translated(opened, error, begins) from error
    if header_row is None:
        raise SourceError(
            "no row holds anything but blanks",
            where=opened.path.name,
            advice="Export the data again; a spreadsheet needs at least a row of column names.",
        )
    raise SourceError(
        f"row {header_row} was to hold the column names, but the file has {rows} rows",
        where=opened.path.name,
        advice="Correct header_row in the mapping's source (1 is the first row of the file).",
    )


def _look_further_down(
    opened: _Opened, header: Header, header_row: int, declared: Declared, tally: Tally
) -> None:
    """Say where the column names may stand when the header is a single cell above a table.

    Raises:
        SourceError: They stand further down, and no header row is declared.
    """
    if len(header.columns) > 1:
        return
    likely, width = _likely_header(opened)
    if likely <= header_row:
        return
    problem = f"row {header_row} holds one cell, but the rows from row {likely} on hold {width}"
    if declared.header_row is not None:
        tally.notes.append(
            f"{problem[0].upper()}{problem[1:]}: if row {likely} holds the column names, declare "
            f"header_row: {likely}."
        )
        return
    raise SourceError(
        f"{problem}: it may be a title, not the column names",
        where=opened.path.name,
        advice=f"If row {likely} holds the column names, declare it in the mapping, `source: "
        f"{{header_row: {likely}}}`; if row {header_row} does, `source: {{header_row: "
        f"{header_row}}}`.",
    )


def _likely_header(opened: _Opened) -> tuple[int, int]:
    """The row that may be the header of a table, and its width; zeros where there is none."""
    best = (0, 0)
    taken = opened.quoting.quote + opened.quoting.escape
    for candidate in (opened.delimiter, *CANDIDATES):
        if candidate in taken:
            continue
        records = sample_records(
            opened.beginning.text,
            candidate,
            quoting=opened.quoting,
            is_whole=opened.beginning.is_whole,
        )
        row = likely_header_row(records) or 0
        width = len(records[row - 1]) if row else 0
        best = max(best, (row, width), key=lambda one: one[1])
    return best


# ------------------------------------------------------------------ the rows


def _records(
    opened: _Opened, header: Header, header_row: int, tally: Tally, found: Fingerprint
) -> Generator[SourceRow | Rejected]:
    """Every record below the header, and the check that the file stayed the same.

    Written for speed: the usual row is looked at as little as is safe. A NUL shows in the
    bytes, and a row that holds an overlong cell needs a read of the file, so that the cells
    themselves are looked at only where one of both has happened.
    """
    make = partial(tuple.__new__, SourceRow)  # half the time of SourceRow(...)
    file, columns, width = opened.path.name, header.columns, header.width
    source, reader, lines = opened.source, opened.reader, opened.lines
    is_plain = header.is_plain and lines is None
    hidden = opened.beginning.hidden + 1
    row, begins, next_line, reads = header_row, 1, reader.line_num + hidden, -1
    try:
        for record in reader:
            row += 1
            begins, next_line = next_line, reader.line_num + hidden
            if not (record and record[0].strip()) and all_blank(record):
                tally.blank_rows += 1
                continue
            tally.rows_read += 1
            if is_plain and len(record) == width and source.reads == reads:
                yield make((file, "", row, begins, columns, tuple(record)))
                continue
            unknown = lines.take_unknown() if lines else ""
            found_row = SourceRow(file, "", row, begins, columns, tuple(record))
            yield _inspected(found_row, header, unknown)
            reads = -1 if source.has_nul else source.reads
    except (csv.Error, UnicodeDecodeError) as error:
        raise _translated(opened, error, next_line) from error
    except OSError as error:
        raise unreadable(opened.path, error) from error
    found.check(opened.path)
    if not tally.rows_read:
        raise no_rows(file)


def _blocks_of(
    opened: _Opened, header: Header, header_row: int, tally: Tally, found: Fingerprint
) -> Callable[[], Generator[Block]] | None:
    """The records in blocks; None where each needs a look of its own."""
    if opened.lines is not None or not header.is_plain:
        return None
    return partial(_blocks, opened, header, header_row, tally, found)


def _blocks(
    opened: _Opened, header: Header, header_row: int, tally: Tally, found: Fingerprint
) -> Generator[Block]:
    """What `_records` gives, in blocks; a block with nothing odd in it is looked at as a whole."""
    file, row, hidden = opened.path.name, header_row + 1, opened.beginning.hidden + 1
    records: list[list[str]] = []
    begins = opened.reader.line_num + hidden
    try:
        while True:
            records = []
            is_odd = _take(opened, records)
            if not records:
                break
            block = (
                None if is_odd else plain_block(file, header.columns, records, row=row, line=begins)
            )
            if block is not None:
                tally.rows_read += len(records)
                yield block
            else:
                yield from _odd_blocks(file, header, records, row=row, line=begins, tally=tally)
            row += len(records)
            begins = opened.reader.line_num + hidden
    except (csv.Error, UnicodeDecodeError) as error:
        raise _translated(opened, error, begins + sum(map(lines_of, records))) from error
    except OSError as error:
        raise unreadable(opened.path, error) from error
    found.check(opened.path)
    if not tally.rows_read:
        raise no_rows(file)


def _take(opened: _Opened, records: list[list[str]]) -> bool:
    """Read the records of a block; tells whether a cell of them may hold what no cell may.

    What is read before an error stays in `records`.
    """
    source, reader, start, is_odd = opened.source, opened.reader, opened.source.position, False
    while len(records) < BLOCK_ROWS and source.position - start < _BLOCK_BYTES:
        count, before = len(records), source.position
        records.extend(islice(reader, _STEP))
        if len(records) == count:
            break
        # What was decoded before is a chunk at most; an overlong cell needs more than a second.
        if source.position - before > CHUNK:
            new = chain.from_iterable(records[count:])
            is_odd = is_odd or any(len(cell) > LONGEST_CELL for cell in new)
    return is_odd or source.has_nul


def _odd_blocks(
    file: str, header: Header, records: list[list[str]], *, row: int, line: int, tally: Tally
) -> Iterator[Block]:
    """The records of a block one by one."""
    rows: list[SourceRow | Rejected] = []
    for number, record in enumerate(records, row):
        if all_blank(record):
            tally.blank_rows += 1
        else:
            tally.rows_read += 1
            found = SourceRow(file, "", number, line, header.columns, tuple(record))
            rows.append(_inspected(found, header, ""))
        line += lines_of(record)
    yield from blocks_of(rows, header.width)


def _inspected(row: SourceRow, header: Header, unknown: str) -> SourceRow | Rejected:
    """The row, or its rejection; every cell is looked at.

    Args:
        row: All cells of the record.
        header: Where the named ones stand.
        unknown: An escape sequence in it that has no known meaning; "" for none.
    """
    cells = row.cells
    texts: Sequence[str] = [cell for cell in cells if isinstance(cell, str)]
    if len(cells) != header.width:
        return Rejected(row=row, problems=(wrong_count(len(cells), header.width),))
    problems: tuple[Problem, ...] = text_problems(header, texts)
    if unknown:
        problems += (unknown_escape(unknown),)
    if not header.is_plain:
        named = frozenset(header.positions)
        strays = [at for at, text in enumerate(texts) if at not in named and text.strip()]
        problems += tuple(unnamed_column(at, texts[at]) for at in strays)
        if not strays:
            row = row._replace(cells=tuple(cells[place] for place in header.positions))
    return Rejected(row=row, problems=problems) if problems else row


# ------------------------------------------------------------------ what stops the reading


def _translated(opened: _Opened, error: csv.Error | UnicodeDecodeError, begins: int) -> SourceError:
    """The refusal of the file, naming the line where the trouble began."""
    if isinstance(error, UnicodeDecodeError):
        return undecodable(opened.path, opened.encoding, error, opened.source.position)
    quoting, where = opened.quoting, opened.path.name
    place = find_place(
        opened.path,
        opened.encoding,
        delimiter=opened.delimiter,
        quoting=quoting,
        first=begins,
        last=opened.line,
    )
    if "field limit" in str(error) and not place.is_quoted:
        return SourceError(
            f"a cell has more than {ENDLESS_CELL:,} characters",
            where=f"{where}: line {place.line}",
            advice="This is no table, or its delimiter is another one: declare it in the "
            "mapping's source (delimiter).",
        )
    if "expected after" in str(error):
        return stray_text(place, quoting, now=opened.line, where=where)
    if quoting.escape and not place.is_quoted:
        return nothing_escaped(place, quoting, where=where)
    return never_closed(place, quoting, where=where)
