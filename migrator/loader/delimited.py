"""Text files with delimiters (CSV and TSV), record by record, in flat memory.

Owns the reading with the standard library's csv module, in its strict form. It never pads,
cuts or repairs a row: a row that does not fit is rejected, and a file whose quotes do not close
is refused, since no later row of it can be trusted.
"""

import csv
import io
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from migrator.errors import SourceError
from migrator.loader.delimiter import check_delimiter, detect_delimiter
from migrator.loader.files import Fingerprint, unreadable
from migrator.loader.rows import (
    NO_ROWS,
    Header,
    Rows,
    Tally,
    all_blank,
    text_problems,
    to_header,
    unnamed_column,
    wrong_count,
)
from migrator.loader.text import (
    Encoding,
    WatchedBytes,
    decide_encoding,
    decode_sample,
    open_text,
    undecodable,
)
from migrator.model import Problem, Rejected, SourceRow

SAMPLE: Final = 65_536  #: Bytes at the beginning, from which the delimiter is found.
ENDLESS_CELL: Final = 1_048_576
"""Characters at which a cell is taken for a quote that was never closed: 32 times what a
spreadsheet cell holds. Above it the file is refused, so that memory stays bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A text file ready to be read record by record."""

    path: Path
    encoding: Encoding
    delimiter: str
    source: WatchedBytes
    text: io.TextIOWrapper
    reader: Any  #: csv's reader, whose class has no public name.


def open_delimited(
    path: Path, *, encoding: str | None, delimiter: str | None, header_row: int, tally: Tally
) -> Rows:
    """Open a text file and read its header.

    Raises:
        SourceError: Encoding, delimiter or header are not usable.
    """
    found = Fingerprint.of(path)
    opened = _open(path, encoding, delimiter, header_row, tally)
    try:
        header = _read_header(opened, header_row, tally)
    except BaseException:
        opened.text.close()
        raise
    return Rows(
        path=path,
        sheet="",
        header=header,
        tally=tally,
        records=_records(opened, header, header_row, tally, found),
        close=opened.text.close,
        encoding=opened.encoding.name,
        delimiter=opened.delimiter,
    )


def _open(
    path: Path, declared: str | None, delimiter: str | None, header_row: int, tally: Tally
) -> _Opened:
    with path.open("rb") as file:
        head = file.read(SAMPLE + 1)
    is_whole, head = len(head) <= SAMPLE, head[:SAMPLE]
    encoding = decide_encoding(head, declared, where=path.name)
    if encoding.mark:
        tally.notes.append(f"The file's byte-order mark ({encoding.name}) was removed.")
    try:
        sample = decode_sample(head, encoding, is_whole=is_whole)
    except UnicodeDecodeError as error:
        raise undecodable(path, encoding, error, len(head)) from error
    if delimiter is not None:
        delimiter = check_delimiter(delimiter, where=path.name)
    else:
        delimiter = detect_delimiter(sample, header_row=header_row, is_whole=is_whole)
    if delimiter is None:
        delimiter = ","
        tally.notes.append("No delimiter was found in the header: the file has one column.")
    # The limit belongs to the whole process; it is only ever raised here.
    csv.field_size_limit(max(csv.field_size_limit(), ENDLESS_CELL))
    source = WatchedBytes(path, encoding)
    text = open_text(source, encoding)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    return _Opened(
        path=path, encoding=encoding, delimiter=delimiter, source=source, text=text, reader=reader
    )


def _read_header(opened: _Opened, header_row: int, tally: Tally) -> Header:
    record: list[str] = []
    begins = rows = 0
    try:
        while rows < header_row:
            begins = opened.reader.line_num + 1
            record = next(opened.reader)
            rows += 1
    except StopIteration:
        raise SourceError(
            f"row {header_row} was to hold the column names, but the file has {rows} rows",
            where=opened.path.name,
            advice="Correct header_row in the mapping's source (1 is the first row of the file).",
        ) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise _translated(opened, error, begins) from error
    return to_header(record, where=f"{opened.path.name}: row {header_row}", notes=tally.notes)


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
    source, reader, is_plain = opened.source, opened.reader, header.is_plain
    row, begins, next_line, reads = header_row, 1, reader.line_num + 1, -1
    try:
        for record in reader:
            row += 1
            begins, next_line = next_line, reader.line_num + 1
            if not (record and record[0].strip()) and all_blank(record):
                tally.blank_rows += 1
                continue
            tally.rows_read += 1
            if is_plain and len(record) == width and source.reads == reads:
                yield make((file, "", row, begins, columns, tuple(record)))
                continue
            yield _inspected(SourceRow(file, "", row, begins, columns, tuple(record)), header)
            reads = -1 if source.has_nul else source.reads
    except (csv.Error, UnicodeDecodeError) as error:
        raise _translated(opened, error, next_line) from error
    except OSError as error:
        raise unreadable(opened.path, error) from error
    if row == header_row:
        tally.notes.append(NO_ROWS)
    found.check(opened.path)


def _inspected(row: SourceRow, header: Header) -> SourceRow | Rejected:
    """The row, or its rejection; every cell is looked at."""
    cells = row.cells
    texts: Sequence[str] = [cell for cell in cells if isinstance(cell, str)]
    if len(cells) != header.width:
        return Rejected(row=row, problems=(wrong_count(len(cells), header.width),))
    problems: tuple[Problem, ...] = text_problems(header, texts)
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
    line, quoted = _open_quote(opened, begins)
    now = opened.reader.line_num
    where = f"{opened.path.name}: line {line}"
    if "field limit" in str(error) and not quoted:
        return SourceError(
            f"a cell has more than {ENDLESS_CELL:,} characters",
            where=where,
            advice="This is no table, or its delimiter is another one: declare it in the "
            "mapping's source (delimiter), or pass --delimiter.",
        )
    if "expected after" in str(error):
        return SourceError(
            f"a quoted cell ends on line {now}, but text follows the closing quote",
            where=where,
            advice='A quote inside a cell must be doubled (""), and one that opens a cell must '
            "close it. Correct the line, or export the file again.",
        )
    return SourceError(
        "a quote opens a cell here and is never closed",
        where=where,
        advice="Close the quote on this line, or export the file again; what follows cannot be "
        "read safely.",
    )


def _open_quote(opened: _Opened, begins: int) -> tuple[int, bool]:
    """The line on which the last quoted cell of a broken record opens, and whether one does.

    The file is read once more from its beginning: csv does not say where a quote opened.
    """
    line, opens, quoted = 0, begins, False
    state = "start"
    with open_text(WatchedBytes(opened.path, opened.encoding), opened.encoding) as text:
        for line, content in enumerate(text, start=1):
            if line < begins:
                continue
            if line > opened.reader.line_num:
                break
            for character in content:
                before, state = state, _next_state(state, character, opened.delimiter)
                if before == "start" and state == "quoted":
                    opens, quoted = line, True
                if state == "stray":
                    return opens, quoted
    return opens, quoted


def _next_state(state: str, character: str, delimiter: str) -> str:
    """One step through a record: start of a cell, plain, quoted, closing quote, or stray text."""
    if state == "quoted":
        return "closing" if character == '"' else "quoted"
    if character == '"':
        return {"start": "quoted", "closing": "quoted"}.get(state, state)
    if character == delimiter or character in "\r\n":
        return "start"
    return "stray" if state == "closing" else "plain"
