"""The ledger: in use, full, not writable, not a ledger; it is refused, and never overwritten."""

import contextlib
import shlex
import sqlite3
from collections.abc import Callable, Generator, Iterator

import pytest

from tests.acceptance.disks import OwnDisk, own_disk
from tests.acceptance.error_scene import IS_POSIX, LEDGER, RUN, Group, Scene, without_root_power
from tests.acceptance.rehearsal import Ended, deals, wait_until

case = Group("The ledger")
Steps = Generator[None, Ended, None]


def refused(at: Scene, *, keep: str = LEDGER) -> Steps:
    """The file stays as it is, and not a single call is made."""
    if keep:
        at.keep(keep)
    before = len(at.sandbox.calls)
    yield
    assert len(at.sandbox.calls) == before, "a call was made"


# ------------------------------------------------------------------ what is no sound ledger


@case("From a newer version", code=6)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    change(at, "PRAGMA user_version = 99")
    yield from refused(at)


@case("Cut off", code=6)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    damaged(at, lambda content: content[: len(content) // 2])
    yield from refused(at)


@case("Damaged in its middle", code=6)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    damaged(at, lambda content: content[:4096] + b"\x5a" * 8192 + content[12288:])
    at.differs[r"is damaged \(.*\)"] = "is damaged ({what SQLite says})"
    yield from refused(at)


@case("Not a ledger at all", code=6)
def _(at: Scene) -> Steps:
    at.file(LEDGER, "Dear diary, today I migrated.\n" * 200)
    yield from refused(at)


@case("Another program's SQLite file", code=6)
def _(at: Scene) -> Steps:
    change(at, "CREATE TABLE songs (title TEXT)")
    yield from refused(at)


@case("A spreadsheet in the ledger's place", f"{RUN} --ledger deals.csv", code=6)
def _(at: Scene) -> Steps:
    yield from refused(at, keep="deals.csv")


@case("A folder in the ledger's place", f"{RUN} --ledger exports", code=6)
def _(at: Scene) -> Steps:
    (at.folder / "exports").mkdir()
    yield from refused(at, keep="")


@case("An empty file", "migrator status", code=6)
def _(at: Scene) -> Steps:
    at.file(LEDGER, "")
    yield from refused(at)


# ------------------------------------------------------------------ where it cannot be written


@case("In a folder that does not exist", code=6)
def _(at: Scene) -> Steps:
    at.set(MIGRATOR_LEDGER="ledgers/deals.db")
    yield from refused(at, keep="")


@case("In a folder that may not be written to", code=6)
def _(at: Scene) -> Steps:
    without_root_power(at)
    closed = at.folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    at.on_end.callback(closed.chmod, 0o755)
    at.set(MIGRATOR_LEDGER="closed/migrator.db")
    yield from refused(at, keep="")


@case("A file that may not be written to", "migrator resume --yes", code=6)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    without_root_power(at)
    (at.folder / LEDGER).chmod(0o400)
    yield from refused(at)


@case("A file that may not be read", "migrator status", code=6)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    without_root_power(at)
    at.keep(LEDGER)
    (at.folder / LEDGER).chmod(0)
    yield from refused(at, keep="")
    (at.folder / LEDGER).chmod(0o600)


# ------------------------------------------------------------------ in use


@case("Another process works on the run", "migrator resume --yes", code=6, sends=None)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    at.sandbox.change(latency=30, latency_before=0)
    before = len(at.sandbox.calls)
    with first_process(at, "migrator resume --yes"):
        wait_until(lambda: len(at.sandbox.calls) > before)
        yield


@case("Another program has it locked", "migrator resume --yes", code=6)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    connection = sqlite3.connect(at.folder / LEDGER, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    with contextlib.closing(connection):
        yield from refused(at, keep="")


# ------------------------------------------------------------------ no room


@case("No room while a plan is written", code=6)
def _(at: Scene) -> Steps:
    disk = small_disk(at)
    at.write_sheet(deals(1), name="one.csv")
    at.done(RUN.replace("deals.csv", "one.csv"))
    at.write_sheet(deals(3000))
    before = len(at.sandbox.calls)
    disk.fill()
    yield
    assert len(at.sandbox.calls) == before, at.sandbox.calls[before:]
    disk.make_room()
    at.done(f"{RUN} --limit 1", code=12)


@case("No room in the middle of sending", code=6, sends=None)
def _(at: Scene) -> Steps:
    disk = small_disk(at)
    at.write_sheet(deals(200))
    at.set(LSQ_RATE_LIMIT="40/0.2")
    before = len(at.sandbox.updates)
    disk.fill_after(lambda: len(at.sandbox.updates) >= before + 10)
    yield
    left = {call["opportunity"] for call in at.sandbox.updates[before:]}
    assert 10 <= len(left) < 200, left
    disk.make_room()
    intended = {row["Opportunity Id"] for row in at.entries() if int(row["migrator_attempts"])}
    assert left <= intended, f"calls without an intent: {left - intended}"
    at.done("migrator resume --yes --patience 0.5")
    assert at.states() == {"succeeded": 200}, at.states()


@case("The disk refuses to write", code=6)
def _(at: Scene) -> Steps:
    if not IS_POSIX:
        pytest.skip("limits of file sizes are POSIX's")
    at.write_sheet(deals(1), name="one.csv")
    at.done(RUN.replace("deals.csv", "one.csv"))
    before = len(at.sandbox.calls)
    size = (at.folder / LEDGER).stat().st_size + 8192
    at.write_sheet(deals(3000))
    at.before = ["sh", "-c", f'ulimit -f {size // 512} && exec "$@"', "sh"]
    yield
    assert len(at.sandbox.calls) == before, at.sandbox.calls[before:]


# ------------------------------------------------------------------ the machinery


def change(at: Scene, sql: str) -> None:
    """Change the file as another program does; nothing stays beside it."""
    with contextlib.closing(sqlite3.connect(at.folder / LEDGER)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(sql)
        connection.commit()


def damaged(at: Scene, damage: Callable[[bytes], bytes]) -> None:
    change(at, "PRAGMA user_version")
    path = at.folder / LEDGER
    path.write_bytes(damage(path.read_bytes()))


@contextlib.contextmanager
def first_process(at: Scene, command: str) -> Iterator[None]:
    process = at.start(*shlex.split(command)[1:])
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def small_disk(at: Scene) -> OwnDisk:
    """Put the ledger on a small disk, which only the commands see, or skip."""
    disk = at.on_end.enter_context(own_disk(at.folder / "small"))
    at.before = disk.before
    at.set(MIGRATOR_LEDGER=f"small/{LEDGER}")
    return disk
