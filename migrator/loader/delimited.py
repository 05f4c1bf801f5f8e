"""Text files with delimiters (CSV and TSV), record by record, in flat memory.

Owns the reading with the standard library's csv module, in its strict form. It never pads,
cuts or repairs a row: a row that does not fit is rejected, and a file whose quotes do not close
is refused, since no later row of it can be trusted.
"""

import csv
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, repeat
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
    Encoding,
    WatchedBytes,
    decide_encoding,
    decode_sample,
    open_lines,
    undecodable,
    where_undecodable,
)
from migrator.model import Problem, Rejected, SourceRow
from migrator.redact import printable

SAMPLE: Final = 65_536  #: Bytes at the beginning, from which the delimiter is found.
ENDLESS_CELL: Final = 1_048_576
"""Characters at which a cell is taken for a quote that was never closed: 32 times what a
spreadsheet cell holds. Above it the file is refused, so that memory stays bounded."""
_RECORDS_AT_ONCE: Final = 48  #: Few enough to stay in the processor's cache.
_BLOCK_BYTES: Final = 1024**2  #: Read for one block, about; long texts make fewer rows.
_STEP: Final = 32  #: Records between two looks at the bytes.


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
    text: Iterator[str]  #: Its lines.
    close: Callable[[], None]
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
            next(opened.text)
        header_row, names = _header_record(opened, declared.header_row)
        if opened.lines:
            opened.lines.take_unknown()  # a name that is not as expected, the mapping will refuse
        where = f"{path.name}: row {header_row}"
        if declared.header_row is None and header_row > 1:
            tally.notes.append(blank_above(header_row))
        header = to_header(names, where=where, notes=tally.notes)
        _look_further_down(opened, header, header_row, declared, tally)
    except BaseException:
        opened.close()
        raise
    return Rows(
        path=path,
        sheet="",
        header=header,
        tally=tally,
        records=_records(opened, header, header_row, tally, found),
        blocks=_blocks_of(opened, header, header_row, tally, found),
        close=opened.close,
        encoding=opened.encoding.name,
        delimiter=opened.delimiter,
        part=opened.source.part,
    )


def _open(path: Path, declared: Declared, tally: Tally) -> _Opened:
    quoting = check_quoting(declared.quote, declared.escape, where=path.name)
    encoding, beginning = _begin(path, declared.encoding, tally)
    delimiter = _delimiter(beginning, declared, quoting, tally, where=path.name)
    # The limit belongs to the whole process; it is only ever raised here.
    csv.field_size_limit(max(csv.field_size_limit(), ENDLESS_CELL))
    source = WatchedBytes(path, encoding)
    text, close = open_lines(source, encoding)
    lines = WatchedLines(text, delimiter, quoting) if quoting.escape else None
    return _Opened(
        path=path,
        encoding=encoding,
        delimiter=delimiter,
        quoting=quoting,
        beginning=beginning,
        source=source,
        text=text,
        close=close,
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
    """Every record below the header, and the check that the file stayed the same."""
    # An escape without a known meaning is told of the record that was read last.
    at_once = 1 if opened.lines else _RECORDS_AT_ONCE
    for records, row, line in _batches(opened, header_row, at_once):
        is_of_one_line_each = opened.line - line + 1 == len(records)
        if is_of_one_line_each and _is_plain(opened, header, records):
            tally.rows_read += len(records)
            yield from _plain_rows(opened, header, records, row=row, line=line)
        else:
            yield from _looked_at(opened, header, records, tally, row=row, line=line)
    _end(opened, tally, found)


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
    for records, row, line in _batches(opened, header_row, BLOCK_ROWS):
        if _is_plain(opened, header, records) and not _has_overlong(opened, records, line):
            tally.rows_read += len(records)
            yield plain_block(opened.path.name, header.columns, records, row=row, line=line)
        else:
            rows = _looked_at(opened, header, records, tally, row=row, line=line)
            yield from blocks_of(rows, header.width)
    _end(opened, tally, found)


def _batches(
    opened: _Opened, header_row: int, most: int
) -> Iterator[tuple[list[list[str]], int, int]]:
    """The records, so many at a time, with the number of the first and its line."""
    row = header_row + 1
    try:
        while True:
            begins = opened.line + 1
            records = _take(opened, most)
            if not records:
                return
            yield records, row, begins
            row += len(records)
    except (csv.Error, UnicodeDecodeError) as error:
        raise _translated(opened, error, begins) from error
    except OSError as error:
        raise unreadable(opened.path, error) from error


def _take(opened: _Opened, most: int) -> list[list[str]]:
    """The next records; fewer where they are long, so that memory stays bounded."""
    records: list[list[str]] = []
    start = opened.source.position
    while len(records) < most and opened.source.position - start < _BLOCK_BYTES:
        before = len(records)
        records.extend(islice(opened.reader, min(_STEP, most - before)))
        if len(records) == before:
            break
    return records


def _end(opened: _Opened, tally: Tally, found: Fingerprint) -> None:
    found.check(opened.path)
    if not tally.rows_read:
        raise no_rows(opened.path.name)


def _is_plain(opened: _Opened, header: Header, records: list[list[str]]) -> bool:
    """Whether no record needs a look: asked of many at once, for what it costs.

    Each has as many cells as the header and a value in the first one; and no NUL and no line as
    long as an overlong cell has been met in the bytes so far.
    """
    if not header.is_plain or opened.lines or opened.source.is_suspect:
        return False
    if set(map(len, records)) != {header.width}:
        return False
    first_cells = [record[0] for record in records]
    return all(first_cells) and not any(map(str.isspace, first_cells))


def _has_overlong(opened: _Opened, records: list[list[str]], line: int) -> bool:
    """Whether a cell of several lines is too long; one of a single line shows in the bytes."""
    if opened.line - line + 1 == len(records):
        return False
    return max(map(len, chain.from_iterable(records))) > LONGEST_CELL


def _plain_rows(
    opened: _Opened, header: Header, records: list[list[str]], *, row: int, line: int
) -> Iterator[SourceRow]:
    """Records of one line each as rows; written without a loop, which takes twice the time."""
    file, count = opened.path.name, len(records)
    parts = zip(
        *(repeat(file, count), repeat("", count), range(row, row + count)),
        *(range(line, line + count), repeat(header.columns, count), map(tuple, records)),
        strict=True,
    )
    return map(partial(tuple.__new__, SourceRow), parts)


def _looked_at(
    opened: _Opened, header: Header, records: list[list[str]], tally: Tally, *, row: int, line: int
) -> Iterator[SourceRow | Rejected]:
    """Records as rows, each cell of them looked at."""
    file, unknown = opened.path.name, opened.lines.take_unknown() if opened.lines else ""
    for number, record in enumerate(records, start=row):
        begins = line
        line += lines_of(record)
        if all_blank(record):
            tally.blank_rows += 1
            continue
        tally.rows_read += 1
        found_row = SourceRow(file, "", number, begins, header.columns, tuple(record))
        yield _inspected(found_row, header, unknown)


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
        return where_undecodable(opened.path, opened.encoding)
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
