"""The SQLite file: opening, versions, transactions, and SQLite's errors in our words.

Owns the connection; it knows no runs and no entries. A file that is not a sound ledger is refused
and never written to.
"""

import contextlib
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from migrator.errors import LedgerError
from migrator.nearby import instead_of

APPLICATION_ID: Final = 0x4D494752  #: "MIGR": tells a ledger from any other SQLite file.
ENDINGS: Final = frozenset({".db", ".sqlite", ".sqlite3"})
LITTLE_ROOM: Final = 1024 * 1024  #: Bytes; with less, a failed write is put down to a full disk.
LARGEST_CHECKED_WHOLE: Final = 256 * 1024 * 1024  #: Bytes; above, only the file's size is checked.
OPENING_SECONDS: Final = 3.0  #: The same while a person waits for the first sign of life.
BUSY_SECONDS: Final = 30.0  #: How long a statement waits for another process's transaction.


class Database:
    """One open ledger file.

    Short statements from one thread at a time; `transaction` makes several of them one.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._depth = 0

    def rows(self, sql: str, *values: object) -> Iterator[sqlite3.Row]:
        """The rows of a query, fetched as they are asked for."""
        with translated_errors(self.path):
            yield from self._connection.execute(sql, values)

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with translated_errors(self.path):
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, *values: object) -> Any:
        """The only value of a query that always has one."""
        found = self.row(sql, *values)
        if found is None:
            raise LookupError(sql)
        return found[0]

    def change(self, sql: str, *values: object) -> int:
        """Execute one statement; gives how many rows it changed."""
        with translated_errors(self.path):
            return self._connection.execute(sql, values).rowcount

    def change_many(self, sql: str, values: list[tuple[object, ...]]) -> None:
        """Execute one statement for each tuple."""
        with translated_errors(self.path):
            self._connection.executemany(sql, values)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside durable together, or nothing of it; may be nested."""
        if self._depth:
            yield
            return
        self._depth += 1
        try:
            with translated_errors(self.path):
                self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                with translated_errors(self.path):
                    self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
        finally:
            self._depth -= 1

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


def open_database(path: Path, *, must_exist: bool = False) -> Database:
    """Open the ledger at ``path``, making it where there is none.

    Raises:
        LedgerError: There is none and ``must_exist``; it is no ledger, of a newer version, cut
            off or corrupt; or its folder cannot be written to.
    """
    path = path.absolute()
    try:
        is_new = not path.exists() or path.stat().st_size == 0
        if is_new and must_exist:
            raise _missing(path)
        if not is_new:
            _refuse_a_cut_file(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    with translated_errors(path):
        if is_new:
            _make_private(path)
        connection = sqlite3.connect(
            path, timeout=OPENING_SECONDS, isolation_level=None, check_same_thread=False
        )
    database = Database(path, connection)
    try:
        with _alone(path) if _is_empty(database) else contextlib.nullcontext():
            _prepare(database, connection, is_new=_is_empty(database))
    except BaseException:
        database.close()
        raise
    return database


def _missing(path: Path) -> LedgerError:
    is_empty = path.exists()
    return LedgerError(
        "this file is empty, and no ledger" if is_empty else "there is no ledger here",
        where=str(path),
        advice=f"{'' if is_empty else instead_of(path, ENDINGS)}Name another with --ledger FILE or "
        "MIGRATOR_LEDGER, or begin with `migrator run SHEET -m MAPPING`.",
    )


def _unreadable(path: Path, error: OSError) -> LedgerError:
    if path.is_dir():
        return LedgerError(
            "this is a folder, not a ledger",
            where=str(path),
            advice=f"Name a file in it, such as --ledger {path.name}/migrator.db.",
        )
    return LedgerError(
        f"the ledger cannot be read ({error.strerror or error})",
        where=str(path),
        advice="Ask for the right to read and write the file, or name another with --ledger FILE.",
    )


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that nobody else may read it; its WAL inherits that."""
    if not path.parent.is_dir():
        raise LedgerError(
            "the folder for the ledger does not exist",
            where=str(path.parent),
            advice="Make it, or name another ledger with --ledger FILE.",
        )
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise LedgerError(
            f"the ledger cannot be made here ({error.strerror})",
            where=str(path),
            advice="Name a ledger in a folder you may write to: --ledger FILE.",
        ) from error


def _prepare(database: Database, connection: sqlite3.Connection, *, is_new: bool) -> None:
    connection.row_factory = sqlite3.Row
    with translated_errors(database.path):
        if not is_new:
            _refuse_what_is_not_sound(database)
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: an outcome that was committed survives a power cut, too (THREATS, "Ledger").
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    _migrate(database, is_new=is_new)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def _is_empty(database: Database) -> bool:
    """Whether nothing is in it, as in one that another process is making, or died making."""
    return not database.value(
        "SELECT (SELECT application_id FROM pragma_application_id) + count(*) FROM sqlite_master"
    )


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time makes the ledger: SQLite waits for nobody while it turns a WAL on."""
    lock = FileLock(path.with_name(f"{path.name}-new.lock"))
    try:
        lock.acquire(timeout=OPENING_SECONDS)
    except OSError:  # of the lock or of its time: SQLite says what is wrong with the folder
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()  # as `migrator.ledger.locks` does it
        lock.release()


def _refuse_a_cut_file(path: Path) -> None:
    """Compare the size in SQLite's header with the file's: a cut copy may open without a word."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\x00"):
        raise LedgerError(
            "this file is not a ledger",
            where=str(path),
            advice="Name the ledger with --ledger FILE. The file was not changed.",
        )
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    has_wal = Path(f"{path}-wal").exists()
    size = 65536 if page == 1 else page
    if not has_wal and path.stat().st_size < size * pages:
        raise _corrupt(path, "it is shorter than its header says")


def _refuse_what_is_not_sound(database: Database) -> None:
    path = database.path
    if database.value("PRAGMA application_id") != APPLICATION_ID:
        raise LedgerError(
            "this SQLite file is not a ledger of migrator",
            where=str(path),
            advice="Name the ledger with --ledger FILE. The file was not changed.",
        )
    version = database.value("PRAGMA user_version")
    if version > len(_migrations()):
        raise LedgerError(
            f"this ledger was made by a newer migrator (its version is {version}, "
            f"this one knows {len(_migrations())})",
            where=str(path),
            advice="Install the newer migrator. The ledger was not changed.",
        )
    if path.stat().st_size <= LARGEST_CHECKED_WHOLE:
        verdict = str(database.value("PRAGMA quick_check(1)"))
        if verdict != "ok":
            raise _corrupt(path, verdict)


def _corrupt(path: Path, what: str) -> LedgerError:
    told = " ".join(what.replace("*** in database main ***", "").split())
    return LedgerError(
        f"the ledger is damaged ({told})",
        where=str(path),
        advice="Nothing was sent and the file was not changed. Put back a sound copy of it "
        "(with its -wal file), or begin another with --ledger FILE.",
    )


def _migrations() -> list[str]:
    folder = resources.files("migrator.ledger") / "sql"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(folder / name).read_text(encoding="utf-8") for name in names]


def _migrate(database: Database, *, is_new: bool) -> None:
    steps = _migrations()
    with database.transaction():
        version = database.value("PRAGMA user_version")
        for step in steps[version:]:
            for statement in _statements(step):
                database.change(statement)
        if version < len(steps):
            database.change(f"PRAGMA user_version = {len(steps)}")
        if is_new and version == 0:
            database.change(f"PRAGMA application_id = {APPLICATION_ID}")
            database.change(
                "INSERT INTO ledger (tag, created_at) VALUES (?, ?)",
                secrets.token_hex(3),
                time.time(),
            )


def _statements(script: str) -> Iterator[str]:
    """The script's statements; `executescript` would commit the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


_ADVICE: Final = {
    "SQLITE_FULL": (
        "there is no room left on the disk",
        (
            "Make room, then run `migrator resume`, or the same command again where sending had "
            "not begun. No call left without being written down."
        ),
    ),
    "SQLITE_READONLY": (
        "the ledger cannot be written to",
        (
            "Give yourself the right to write to the file and its folder, or name another ledger "
            "with --ledger FILE."
        ),
    ),
    "SQLITE_CANTOPEN": (
        "the ledger cannot be opened",
        (
            "Check that the folder exists and that you may write to it (SQLite makes -wal and -shm "
            "files beside the ledger)."
        ),
    ),
    "SQLITE_BUSY": (
        "the ledger is in use by another program",
        "Wait for it to end, or close the program that has the file open; then try again.",
    ),
    "SQLITE_IOERR": (
        "the disk refused to read or write the ledger",
        (
            "Check the disk (a network folder is no place for a ledger), then run `migrator "
            "resume`, or the same command again where sending had not begun."
        ),
    ),
}


@contextlib.contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours; only this module imports sqlite3 for it."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        # A full disk shows as an error of input and output, too, when the -shm file cannot grow.
        if name.startswith("SQLITE_IOERR") and _is_full(path):
            name = "SQLITE_FULL"
        for prefix, (problem, advice) in _ADVICE.items():
            if name.startswith(prefix):
                raise LedgerError(problem, where=str(path), advice=advice) from error
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise _corrupt(path, str(error)) from error
        raise


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LITTLE_ROOM
    except OSError:
        return False
