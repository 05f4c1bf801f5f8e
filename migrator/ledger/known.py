"""The ledgers of this user: where they are, and whether one of them knows a source already.

Owns the short list of their paths in the state folder. Other ledgers are only read; one that is
gone, or cannot be read, is passed over.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from filelock import FileLock

MOST_KEPT: Final = 100
_RUNS: Final = """
    SELECT r.run, r.created_at, (SELECT tag FROM ledger) AS tag,
        (SELECT count(*) FROM entries e WHERE e.run = r.run AND e.state = 'succeeded') AS succeeded,
        (SELECT count(*) FROM entries e WHERE e.run = r.run) AS rows_read
    FROM runs r WHERE r.account = ? AND r.source_name = ? AND r.state <> 'planning'
    ORDER BY r.run DESC LIMIT 1
"""
_CALLS: Final = """
    SELECT coalesce(sum(e.attempts), 0) FROM ledger l JOIN entries e ON e.run = ? WHERE l.tag = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRun:
    """The newest run of a source in another ledger."""

    ledger: Path
    id: str
    succeeded: int
    rows_read: int
    created_at: float  #: Wall time.


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Another file of the same ledger."""

    ledger: Path
    calls: int  #: Of the run that was asked for.


class KnownLedgers:
    """The list of one user.

    Args:
        folder: The state folder; made when the first path is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ledgers.json"

    def remember(self, path: Path) -> None:
        """Keep a ledger's absolute path; a list that cannot be written is no reason to stop."""
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._file.with_suffix(".lock")):
                paths = [str(path), *(old for old in self._paths() if old != str(path))]
                part = self._file.with_suffix(".part")
                part.touch(mode=0o600)
                part.write_bytes(orjson.dumps(paths[:MOST_KEPT], option=orjson.OPT_INDENT_2))
                part.replace(self._file)

    def others_that_know(self, path: Path, *, account: str, source_name: str) -> Iterator[KnownRun]:
        """The newest run of this account and source in each ledger but ``path``."""
        for other in map(Path, self._paths()):
            if other != path and other.is_file():
                found = _newest_run(other, account, source_name)
                if found is not None:
                    yield found

    def copies_ahead(self, path: Path, tag: str, run: int, *, calls: int) -> "Iterator[Copy]":
        """Copies of the ledger at ``path`` that know more than so many calls of one of its runs."""
        for other in map(Path, self._paths()):
            if other != path and other.is_file():
                found = _calls_in_copy(other, tag, run)
                if found > calls:
                    yield Copy(ledger=other, calls=found)

    def _paths(self) -> list[str]:
        try:
            content = orjson.loads(self._file.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return []
        return [path for path in content if isinstance(path, str)]


def _asked(path: Path, sql: str, *values: object) -> sqlite3.Row | None:
    """The first row of a query to another ledger; None where it cannot be read."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1.0)
        ) as connection:
            connection.row_factory = sqlite3.Row
            found: sqlite3.Row | None = connection.execute(sql, values).fetchone()
    except sqlite3.Error:
        return None
    return found


def _calls_in_copy(path: Path, tag: str, run: int) -> int:
    row = _asked(path, _CALLS, run, tag)
    return row[0] if row is not None else 0


def _newest_run(path: Path, account: str, source_name: str) -> KnownRun | None:
    row = _asked(path, _RUNS, account, source_name)
    if row is None:
        return None
    return KnownRun(
        ledger=path,
        id=f"r{row['run']}-{row['tag']}",
        succeeded=row["succeeded"],
        rows_read=row["rows_read"],
        created_at=row["created_at"],
    )
