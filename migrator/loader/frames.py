"""A pandas data frame as a source: every value as the exact text or time that it stands for.

Owns the one place where pandas comes in. Values go through in pieces of some rows, so that a large
frame is not held twice. What pandas itself has changed before (leading zeros, a number for an
empty cell) cannot be seen here; a file read by `open_rows` has none of that.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from migrator.errors import SourceError
from migrator.loader.excel_values import number_text, to_second
from migrator.loader.rows import (
    Rows,
    Tally,
    all_blank,
    half_a_character,
    no_rows,
    plain_header,
    shown,
    text_problems,
    to_header,
)
from migrator.model import Cell, Problem, Rejected, SourceRow

ROWS_PER_PIECE: Final = 5_000
EXACT_UP_TO: Final = 2**53  #: Whole numbers beyond it are not all told apart by a float.
_HEADER_ROWS: Final = 1  #: The first row of data is row 2, as in a file with a header.


class UnfitValueError(ValueError):
    """A value that no cell of a spreadsheet could hold."""


def open_frame(frame: pd.DataFrame, *, name: str) -> Rows:
    """Read a data frame as if it were a sheet whose header is row 1; the index is left out.

    A text stays as it is. Missing values of every kind are blank. Whole numbers are their digits,
    also those that stand as floats beside missing values (3.0 is "3"); other floats have the
    shortest decimal text; booleans are "true" and "false"; times are rounded to the second.

    Args:
        frame: Its columns' names are the header; they must be texts.
        name: Names the source in messages and in the ledger.

    Raises:
        SourceError: A column's name is no text or occurs twice, or its times carry a zone; while
            the rows are read: there are none.
    """
    tally = Tally()
    names = [_column_name(column, name) for column in frame.columns]
    header = to_header(names, where=name, notes=tally.notes)
    for position, column in enumerate(names):
        _refuse_zoned(frame.dtypes.iloc[position], column, name)

    def records() -> Generator[SourceRow | Rejected]:
        row = _HEADER_ROWS
        for start in range(0, len(frame), ROWS_PER_PIECE):
            piece = frame.iloc[start : start + ROWS_PER_PIECE]
            columns = [_values(piece.iloc[:, place]) for place in header.positions]
            for values in zip(*columns, strict=True):
                row += 1
                yield from _record(name, row, header.columns, values, tally)
        if not tally.rows_read:
            raise no_rows(name)

    return Rows(
        path=Path(name),
        sheet="",
        header=header,
        tally=tally,
        records=records(),
        close=lambda: None,
    )


def _column_name(column: object, name: str) -> str:
    if isinstance(column, str):
        return column
    raise SourceError(
        f"a column of the frame is called {column!r}, which is no text",
        where=name,
        advice="Give every column a name of one text: frame.columns = [...].",
    )


def _refuse_zoned(dtype: object, column: str, name: str) -> None:
    if isinstance(dtype, pd.DatetimeTZDtype):
        raise SourceError(
            f'the times in column "{column}" carry the zone {dtype.tz}',
            where=name,
            advice="The mapping's `timezone` says which zone a sheet's times are in. Give the "
            "times as the clock there shows them: "
            f'frame["{column}"].dt.tz_convert(ZONE).dt.tz_localize(None).',
        )


def _values(column: "pd.Series[Any]") -> list[object]:
    """The column's values as Python objects; missing ones are None."""
    if column.dtype in ("float32", "float16"):  # 0.1 is 0.1, not what a double makes of it
        column = column.astype(str).astype(float)
    objects = column.astype(object)
    return objects.where(column.notna().to_numpy(dtype=bool), None).tolist()


def _record(
    name: str, row: int, columns: tuple[str, ...], values: Sequence[object], tally: Tally
) -> Generator[SourceRow | Rejected]:
    cells: list[Cell] = []
    problems: list[Problem] = []
    for column, value in zip(columns, values, strict=True):
        try:
            cells.append(to_cell(value))
        except UnfitValueError as error:
            cells.append(shown(str(value)))
            problems.append(_unfit(column, value, error))
        _note_inexact(column, row, value, tally)
    if not problems and all_blank(cells):
        tally.blank_rows += 1
        return
    tally.rows_read += 1
    source = SourceRow(name, "", row, row, columns, tuple(cells))
    texts = [cell if isinstance(cell, str) else "" for cell in cells]
    problems += text_problems(plain_header(columns), texts)
    problems += [half_a_character(c, t) for c, t in zip(columns, texts, strict=True) if _is_half(t)]
    yield Rejected(row=source, problems=tuple(problems)) if problems else source


def _is_half(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _unfit(column: str, value: object, error: UnfitValueError) -> Problem:
    return Problem(
        code="unfit-value",
        column=column,
        value=shown(str(value)),
        reason=str(error),
        advice="Turn the column into texts, numbers or times before it is given.",
    )


def _note_inexact(column: str, row: int, value: object, tally: Tally) -> None:
    if isinstance(value, float) and abs(value) >= EXACT_UP_TO:
        note = (
            f'Column "{column}" holds numbers of more than 15 digits as floats, the first in row '
            f"{row}: their last digits may be lost. Read the column as text (dtype=str)."
        )
        if not any(old.startswith(f'Column "{column}" holds numbers') for old in tally.notes):
            tally.notes.append(note)


# ------------------------------------------------------------------ one value


def to_cell(value: object) -> Cell:
    """What a value reads as in a cell.

    Raises:
        UnfitValueError: Nothing that a cell could hold; the message says what it is.

    >>> to_cell(None), to_cell("007"), to_cell(3.0), to_cell(0.1), to_cell(True)
    ('', '007', '3', '0.1', 'true')
    """
    if isinstance(value, np.generic):  # in a column of objects
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else value.item()
    for kind, read in _READERS.items():
        if isinstance(value, kind):
            return read(value)
    raise UnfitValueError(f'"{shown(str(value))}" is a {type(value).__name__}, not a value')


def _float_text(value: Any) -> str:
    text = number_text(repr(float(value)))
    if text is None:
        raise UnfitValueError(f"{value} is no number that a cell could hold")
    return text


def _decimal_text(value: Any) -> str:
    if not value.is_finite():
        raise UnfitValueError(f"{value} is no number that a cell could hold")
    return format(value, "f")


def _moment(value: Any) -> Cell:
    if value.tzinfo is not None:
        raise UnfitValueError(f'"{value}" carries a time zone')
    plain = value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
    return to_second(plain)


def _time(value: Any) -> Cell:
    if value.tzinfo is not None:
        raise UnfitValueError(f'"{value}" carries a time zone')
    return to_second(datetime.combine(date(2000, 1, 1), value)).time()


def _duration(value: Any) -> Cell:
    return timedelta(seconds=round(value.total_seconds()))


# The order matters: a bool is an int, a datetime a date, and a Timestamp a datetime.
_READERS: Final[Mapping[type, Callable[[Any], Cell]]] = {
    str: str,
    type(None): lambda _value: "",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _float_text,
    Decimal: _decimal_text,
    datetime: _moment,
    date: lambda value: value,
    time: _time,
    timedelta: _duration,
}
