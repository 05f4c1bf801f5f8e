"""What `inspect` found, in words, as a table or as JSON.

Owns the wording and the layout only.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson
from tabulate import tabulate

from migrator.cli.screen import cut, width_of
from migrator.profile import Caution, ColumnProfile, Form, Kind
from migrator.redact import printable
from migrator.reports.text import counted, delimiter_name, noun, reason_lines
from migrator.runs.inspecting import Inspected

_NARROW: Final = 100  #: Columns of a terminal; below, each column of the sheet is a paragraph.
_PIPE: Final = 140  #: Columns of a table that goes to no terminal.
_LONGEST_VALUE: Final = 24  #: Columns on the screen that one value gets at most.
_SHORTEST_VALUE: Final = 8
_LONGEST_NAME: Final = 18
_LONGEST_SEEN: Final = 40  #: Of a value that a warning shows.
_LISTED: Final = 8  #: Different values up to which all are shown.
_FORMATS: Final = 4  #: Patterns that are shown.
_GAP: Final = 2  #: Blanks between two columns of tabulate's plain tables.
_FACTS: Final = ("", "column", "holds", "blank", "different", "longest")
_RANGE: Final = ("smallest", "largest")
_EXAMPLES: Final = "such as"
_ALIGNED: Final = ("left", "left", "left", "right", "right", "right", "left", "left", "left")
_GROUPINGS: Final = {
    Form.WESTERN: "grouped 1,234,567",
    Form.INDIAN: "grouped 12,34,567",
    Form.EUROPEAN: "decimal comma",
}


def inspected_lines(inspected: Inspected, *, width: int) -> Iterator[str]:
    """File, sheets, counts, columns, what to beware of, and the next command.

    Args:
        inspected: What was found.
        width: Of the terminal; 0 where there is none.
    """
    yield from _file_lines(inspected)
    yield from _row_lines(inspected)
    yield ""
    if 0 < width < _NARROW:
        yield from (line for column in inspected.columns for line in _block(column))
    else:
        yield from _table(inspected.columns, width or _PIPE)
        yield from _details(inspected.columns)
    yield from _caution_lines(inspected.columns)
    yield f"next: {_next(inspected)}"


# ------------------------------------------------------------------ the file


def _file_lines(inspected: Inspected) -> Iterator[str]:
    name, size = printable(inspected.path.name), _size(inspected.size)
    if inspected.encoding:
        delimiter = delimiter_name(inspected.delimiter)
        yield f"{name}: text file, {size}, {inspected.encoding}, delimiter {delimiter}"
    else:
        yield f'{name}: workbook, {size}, sheet "{printable(inspected.sheet)}"'
    if inspected.sheets:
        yield "sheets: " + ", ".join(
            f'"{printable(sheet.name)}"{_remark(is_read=sheet.is_read, is_hidden=sheet.is_hidden)}'
            for sheet in inspected.sheets
        )
    for note in inspected.notes:
        yield f"note: {printable(note)}"


def _remark(*, is_read: bool, is_hidden: bool) -> str:
    words = [word for word, holds in (("read", is_read), ("hidden", is_hidden)) if holds]
    return f" ({', '.join(words)})" if words else ""


def _size(size: int) -> str:
    """A size of a file as people say it.

    >>> _size(900), _size(31_000), _size(255_000_000)
    ('900 bytes', '30 KiB', '243 MiB')
    """
    if size < 1024:
        return counted(size, "byte")
    return f"{size // 1024:,} KiB" if size < 1024**2 else f"{size // 1024**2:,} MiB"


def _row_lines(inspected: Inspected) -> Iterator[str]:
    good = inspected.rows_read - inspected.refused
    yield f"{good:>9,}  {noun(good, 'row')} in {counted(len(inspected.columns), 'column')}"
    if inspected.refused:
        yield f"{inspected.refused:>9,}  refused, and in no count of a column"
    if inspected.blank_rows:
        yield f"{inspected.blank_rows:>9,}  blank {noun(inspected.blank_rows, 'row')} beside them"
    if inspected.reasons:
        yield "why rows are refused:"
        yield from reason_lines(inspected.reasons)


# ------------------------------------------------------------------ the columns


def _table(columns: Sequence[ColumnProfile], width: int) -> Iterator[str]:
    """One line per column of the sheet; its values get what the others leave of the width."""
    facts = [_FACTS, *map(_facts, columns)]
    left = width - sum(_widths(facts)) - _GAP * (len(_FACTS) + 2)
    one = max(_SHORTEST_VALUE, min(_LONGEST_VALUE, left // 3))
    ranges = [_RANGE, *(_range(column, one) for column in columns)]
    rest = max(one, left - sum(_widths(ranges)))
    examples = [_EXAMPLES, *(_examples(column, one, rest) for column in columns)]
    rows = [
        (*fact, *ends, example) for fact, ends, example in zip(facts, ranges, examples, strict=True)
    ]
    text = tabulate(
        rows,
        tablefmt="plain",
        colalign=_ALIGNED,
        disable_numparse=True,
        preserve_whitespace=True,
    )
    header, *lines = (line.rstrip() for line in text.splitlines())
    yield from (header, "-" * max(map(width_of, (header, *lines))), *lines)


def _facts(column: ColumnProfile) -> tuple[str, ...]:
    return (
        column.letter,
        cut(column.name, _LONGEST_NAME),
        _holds(column),
        f"{column.blanks:,}",
        _different(column),
        f"{column.longest:,}",
    )


def _range(column: ColumnProfile, one: int) -> tuple[str, str]:
    return cut(column.smallest or "", one), cut(column.largest or "", one)


def _widths(rows: Iterable[tuple[str, ...]]) -> list[int]:
    return [max(map(width_of, texts)) for texts in zip(*rows, strict=True)]


def _block(column: ColumnProfile) -> Iterator[str]:
    """One column of the sheet as a paragraph."""
    yield f"{column.letter}  {printable(column.name)}: {_holds(column)}"
    if column.kind is Kind.BLANK:
        return
    yield (
        f"    {_different(column)} different, {column.blanks:,} blank, "
        f"longest {counted(column.longest, 'character')}"
    )
    if column.smallest is not None and column.distinct > 1:
        smallest = cut(column.smallest, _LONGEST_VALUE)
        yield f"    from {smallest} to {cut(column.largest or '', _LONGEST_VALUE)}"
    yield f"    such as {_examples(column, _LONGEST_VALUE, 4 * _LONGEST_VALUE)}"
    for line in _written(column):
        yield f"    {line}"


def _details(columns: Iterable[ColumnProfile]) -> Iterator[str]:
    """What the table has no room for: how dates and numbers are written, and few values."""
    lines = [(column, line) for column in columns for line in _written(column)]
    if lines:
        yield ""
        yield "in detail:"
    for column, line in lines:
        yield f"  {column.letter:<3} {cut(column.name, _LONGEST_NAME)}: {line}"


def _holds(column: ColumnProfile) -> str:
    """The kind, with the share of the cells that fit it where some do not."""
    if column.fits == column.filled:
        return str(column.kind)
    return f"{column.kind} {100 * column.fits // column.filled} %"


def _different(column: ColumnProfile) -> str:
    return f"{'' if column.is_distinct_exact else 'over '}{column.distinct:,}"


def _examples(column: ColumnProfile, one: int, room: int) -> str:
    """As many examples as there is room for, at least one."""
    shown = ""
    for example in column.examples:
        longer = f"{shown}{', ' if shown else ''}{cut(example, one)}"
        if shown and width_of(longer) > room:
            break
        shown = longer
    return shown


def _written(column: ColumnProfile) -> Iterator[str]:
    if column.kind in (Kind.DATE, Kind.DATETIME):
        yield ", ".join(_dates(column))
    groupings = [words for form, words in _GROUPINGS.items() if column.forms.get(form)]
    if groupings and column.kind in (Kind.INTEGER, Kind.NUMBER):
        yield ", ".join(groupings)
    is_short = column.longest <= _LONGEST_VALUE
    if column.values and is_short and len(column.values) <= min(_LISTED, column.filled - 1):
        yield ", ".join(f"{cut(value, _LONGEST_VALUE)} ({n:,})" for value, n in column.values)


def _dates(column: ColumnProfile) -> Iterator[str]:
    order = column.day_order
    if column.moments:
        yield f"{column.moments:,} as dates of the workbook"
    yield from (f"{one.pattern} ({one.cells:,})" for one in column.settled_formats[:_FORMATS])
    if order.is_day_first is not None:
        proofs = order.day_first or order.month_first
        said = f"{counted(proofs, 'cell')} {'proves' if proofs == 1 else 'prove'} it"
        yield f"{'day' if order.is_day_first else 'month'} first ({said})"


# ------------------------------------------------------------------ cautions


def _caution_lines(columns: Iterable[ColumnProfile]) -> Iterator[str]:
    warned = [column for column in columns if column.cautions]
    yield ""
    if not warned:
        yield "nothing to beware of"
        return
    yield "beware:"
    for column in warned:
        yield f"  {column.letter:<3} {printable(column.name)}"
        for caution in column.cautions:
            yield f"      {caution.text}{_seen(caution)}"


def _seen(caution: Caution) -> str:
    """The first rows, with their values.

    >>> from migrator.profile import Sighting
    >>> _seen(Caution(code="unit", text="", count=3, sightings=(Sighting(2, "5 %"),)))
    ' Row 2: 5 %; and 2 more.'
    """
    if not caution.sightings:
        return ""
    shown: dict[str, list[str]] = {}
    for row, value in caution.sightings:
        shown.setdefault(cut(value, _LONGEST_SEEN), []).append(str(row))
    listed = "; ".join(
        f"{'row' if len(rows) == 1 else 'rows'} {', '.join(rows)}{value and f': {value}'}"
        for value, rows in shown.items()
    )
    more = caution.count - len(caution.sightings)
    return f" {listed[0].upper()}{listed[1:]}{f'; and {more:,} more.' if more > 0 else ''}"


# ------------------------------------------------------------------ values and the next command


def _next(inspected: Inspected) -> str:
    return f"migrator check {shlex.quote(str(inspected.path))} -m MAPPING"


def inspected_json(inspected: Inspected) -> str:
    """The same content for programs."""
    content = asdict(inspected)
    content["file"] = content.pop("path").name
    content["columns"] = [_column_json(column) for column in inspected.columns]
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def _column_json(column: ColumnProfile) -> dict[str, Any]:
    content = asdict(column)
    content["forms"] = {form.name.lower(): count for form, count in column.forms.items()}
    content["formats"] = [one._asdict() for one in column.formats]
    content["day_order"]["is_day_first"] = column.day_order.is_day_first
    if column.values is not None:
        content["values"] = [{"value": value, "cells": cells} for value, cells in column.values]
    for caution, known in zip(content["cautions"], column.cautions, strict=True):
        caution["sightings"] = [one._asdict() for one in known.sightings]
    return content
