"""The ledger: in use, full, not writable, not a ledger; it is refused, and never overwritten."""

import contextlib
import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.acceptance.error_scene import IS_POSIX, RUN, Group, Scene, without_root_power
from tests.acceptance.rehearsal import Ended, deals

case = Group("The ledger")
Steps = Generator[None, Ended, None]
LEDGER = "migrator.db"


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
    at.sandbox.change(latency=5)
    calls = at.sandbox.ask("GET", "stats")["calls"]
    with first_process(at, "migrator resume --yes"):
        until(lambda: at.sandbox.ask("GET", "stats")["calls"] > calls)
        yield


@case("Another program has it locked", "migrator resume --yes", code=6)
def _(at: Scene) -> Steps:
    at.stopped_with_one_left()
    connection = sqlite3.connect(at.folder / LEDGER, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    with contextlib.closing(connection):
        before = len(at.sandbox.calls)
        yield
        assert len(at.sandbox.calls) == before


# ------------------------------------------------------------------ no room


@case("No room while a plan is written", code=6)
def _(at: Scene) -> Steps:
    disk = small_disk(at)
    at.write_sheet(deals(1), name="one.csv")
    at.done(RUN.replace("deals.csv", "one.csv"))
    before = len(at.sandbox.calls)
    disk.fill()
    yield
    assert len(at.sandbox.calls) == before
    disk.make_room()
    at.done(RUN)


@case("No room in the middle of sending", code=6, sends=None)
def _(at: Scene) -> Steps:
    disk = small_disk(at)
    at.write_sheet(deals(400))
    at.sandbox.change(latency=0.02)
    at.set(LSQ_RATE_LIMIT="20/0.2")
    before = len(at.sandbox.updates)
    disk.fill_after(lambda: len(at.sandbox.updates) >= before + 20)
    yield
    left = at.sandbox.updates[before:]
    assert 20 <= len(left) < 400
    disk.make_room()
    intended = {entry["id"] for entry in at.exported() if int(entry["attempts"])}
    assert {call["opportunity"] for call in left} <= intended, "a call left without its intent"
    at.set(LSQ_RATE_LIMIT="200/0.2")
    at.done("migrator resume --yes --patience 0.5")
    assert at.states() == {"succeeded": 400}


@case("The disk refuses to write", code=6)
def _(at: Scene) -> Steps:
    if not IS_POSIX:
        pytest.skip("limits of file sizes are POSIX's")
    at.write_sheet(deals(1), name="one.csv")
    at.done(RUN.replace("deals.csv", "one.csv"))
    before = len(at.sandbox.calls)
    size = (at.folder / LEDGER).stat().st_size
    at.write_sheet(deals(3000))
    at.limits = {resource.RLIMIT_FSIZE: size + 8192}
    yield
    assert len(at.sandbox.calls) == before
