"""Several files with one header as one source, in natural order of their names.

Owns the finding of the files, and that their columns agree. Each row says which file it is of;
its number is counted in that file.
"""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Final

from migrator.errors import SourceError
from migrator.loader.files import unreadable
from migrator.loader.rows import NoRowsError, Rows, Tally, no_rows, plain_header
from migrator.model import Rejected, SourceRow

_PATTERN: Final = re.compile(r"[*?\[]")
_DIGITS: Final = re.compile(r"(\d+)")

OpenOne = Callable[[Path], Rows]


def files_of(sheets: Sequence[str | Path]) -> list[Path]:
    """The files that are meant: names as they are, patterns in natural order of the names.

    A file whose name has the characters of a pattern is that file. Some shells expand patterns,
    others do not: the order is the same either way.

    Raises:
        SourceError: No file fits a pattern.
    """
    found: dict[Path, None] = {}
    for sheet in map(Path, sheets):
        if sheet.exists() or not _PATTERN.search(sheet.name):
            if len(sheets) > 1 and not sheet.exists():
                raise _missing(sheet)
            found[sheet] = None
            continue
        fitting = [path for path in sheet.parent.glob(sheet.name) if path.is_file()]
        fitting = [path for path in fitting if not path.name.startswith(("~$", "."))]
        if not fitting:
            raise SourceError(
                "no file fits this pattern",
                where=str(sheet),
                advice=f"It was looked for in {sheet.parent.absolute()}; check the name.",
            )
        found.update(dict.fromkeys(fitting))
    paths = list(found)
    return sorted(paths, key=_natural) if len(paths) > 1 else paths


def _missing(sheet: Path) -> SourceError:
    """One of several files is not there; often it is a part of a name with spaces."""
    error = unreadable(sheet, FileNotFoundError())
    advice = f"{error.advice} A name with spaces needs quotes."
    return SourceError(error.problem, where=error.where, advice=advice)


def _natural(path: Path) -> tuple[list[str | int], str]:
    """2 before 10: digits are compared as numbers.

    >>> sorted(map(Path, ("a10.csv", "a2.csv")), key=_natural)[0].name
    'a2.csv'
    """
    pieces = _DIGITS.split(path.name.casefold())
    return [int(piece) if piece.isdecimal() else piece for piece in pieces], str(path)


def name_of(paths: Sequence[Path]) -> str:
    """What several files are called together, so that the same ones are recognised later.

    >>> name_of([Path("deals-2024-01.csv"), Path("deals-2024-12.csv")])
    'deals-2024-*.csv'
    """
    names = [path.name for path in paths]
    first = _shared_beginning(names)
    last = _shared_beginning([name[len(first) :][::-1] for name in names])[::-1]
    return f"{first}*{last}"


def _shared_beginning(names: Sequence[str]) -> str:
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def open_several(paths: Sequence[Path], open_one: OpenOne, *, name: str = "") -> Rows:
    """Open several files of one header; the first says what the header is.

    Args:
        paths: At least one, in the order in which they are read.
        open_one: Opens one of them.
        name: What they are called together; "" makes it of their names.

    Raises:
        SourceError: A file cannot be read, or its header is another one. For all but the first,
            while the rows are read.
    """
    first, tally = open_one(paths[0]), Tally()
    opened = [first]
    label = name or name_of(paths)
    return Rows(
        path=Path(label),
        sheet=first.sheet,
        header=plain_header(first.columns),
        tally=tally,
        records=_records(opened, paths, open_one, tally, label),
        close=partial(_close, opened),
        encoding=first.encoding,
        delimiter=first.delimiter,
        is_several=True,
    )


def _close(opened: list[Rows]) -> None:
    for rows in opened:
        rows.close()


def _records(
    opened: list[Rows], paths: Sequence[Path], open_one: OpenOne, tally: Tally, label: str
) -> Generator[SourceRow | Rejected]:
    columns = opened[0].columns
    for number, path in enumerate(paths):
        if number:
            opened.append(open_one(path))
        rows = opened.pop()
        with rows:
            _check_columns(rows, columns, paths[0].name)
            yield from _counted(rows, tally, columns)
        tally.notes += [f"{rows.file}: {note}" for note in rows.notes]
    if not tally.rows_read:
        raise no_rows(label)


def _counted(rows: Rows, tally: Tally, columns: tuple[str, ...]) -> Iterator[SourceRow | Rejected]:
    """The rows of one file, all with the same columns object, and their counts."""
    before, blank = tally.rows_read, tally.blank_rows
    try:
        for row in rows:
            tally.rows_read = before + rows.rows_read
            tally.blank_rows = blank + rows.blank_rows
            yield row if isinstance(row, Rejected) else row._replace(columns=columns)
    except NoRowsError:
        tally.notes.append(f"{rows.file}: there are no rows under the column names.")
    tally.blank_rows = blank + rows.blank_rows


def _check_columns(rows: Rows, columns: tuple[str, ...], first: str) -> None:
    if rows.columns == columns:
        return
    missing = [f'"{name}"' for name in columns if name not in rows.columns]
    added = [f'"{name}"' for name in rows.columns if name not in columns]
    if missing or added:
        parts = [
            f"{word} {', '.join(names)}"
            for word, names in (("lacks", missing), ("has besides", added))
            if names
        ]
        problem = f"its columns are not those of {first}: it {' and '.join(parts)}"
    else:
        problem = f"its columns stand in another order than those of {first}"
    raise SourceError(
        problem,
        where=rows.file,
        advice="Files that are read as one need the same columns in the same order. Mend the "
        "file, or read it by itself.",
    )
