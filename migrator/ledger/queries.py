"""Questions of people to the ledger, in SQL; nothing can be changed by them.

Owns what a statement may do: read. It knows no tables.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from migrator.errors import UsageError

Value = str | int | float | bytes | None

_ALLOWED: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_BEGIN: Final = (
    "The views are balance, failures and calls, the tables those of docs/ledger.md; "
    "`SELECT * FROM balance` is a beginning."
)
_MISSING: Final = ("no such table: ", "no such column: ")


@dataclass(slots=True, kw_only=True)
class Answer:
    """What a statement gives, while the ledger is open."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Value]] = field(repr=False)


class Questions:
    """A ledger that is only read; a context manager that closes it.

    Args:
        path: A ledger of this version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30.0)
        self._names = self._all_names()
        self._connection.set_authorizer(_authorize)

    def __enter__(self) -> "Questions":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, sql: str) -> Answer:
        """What one SELECT gives.

        Raises:
            UsageError: It is none, or SQLite does not understand it.
        """
        try:
            cursor = self._connection.execute(sql)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._refusal(error) from error
        if cursor.description is None:
            raise self._refusal(sqlite3.OperationalError("it gives no rows"))
        return Answer(
            columns=_each_once([part[0] for part in cursor.description]), rows=self._rows(cursor)
        )

    def _rows(self, cursor: sqlite3.Cursor) -> Iterator[Sequence[Value]]:
        try:
            yield from cursor
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> UsageError:
        problem = str(error)
        if any(word in problem for word in ("not authorized", "prohibited", "denied")):
            return UsageError(
                "only a SELECT is asked: nothing is changed in a ledger by hand",
                where=str(self._path),
                advice="Write one SELECT. A ledger is changed by the commands alone.",
            )
        name = next((problem.removeprefix(m) for m in _MISSING if problem.startswith(m)), "")
        near = get_close_matches(name, self._names, n=1) if name else []
        meant = f"Did you mean {near[0]}? " if near else ""
        return UsageError(
            f"SQLite says: {problem}",
            where=str(self._path),
            advice=f"{meant}{_BEGIN}",
        )

    def _all_names(self) -> list[str]:
        with closing(self._connection.cursor()) as cursor:
            names = [
                row[0]
                for row in cursor.execute(
                    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
                )
            ]
            columns = {
                row[0]
                for name in names
                for row in cursor.execute("SELECT name FROM pragma_table_info(?)", (name,))
            }
        return [*names, *sorted(columns)]


def _each_once(names: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, so that no two are the same.

    >>> _each_once(["run", "row", "run"])
    ('run', 'row', 'run_2')
    """
    found: dict[str, None] = {}
    for name in names:
        count, free = 1, name
        while free in found:
            count += 1
            free = f"{name}_{count}"
        found[free] = None
    return tuple(found)


def _authorize(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
