"""The ledger is one SQLite file that other tools open as it is."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import sqlite_utils

from tests.acceptance.rehearsal import Desk, Exit, SandboxProcess, deals

SQL = "select run, state, rows, calls from balance order by state"
WANTED = [("failed", 1, 1), ("succeeded", 2, 2)]


@pytest.fixture
def ledger(desk: Desk, sandbox: SandboxProcess) -> Path:
    """Of a run of three rows, one of which failed."""
    rows = deals(3)
    desk.write_sheet(rows)
    sandbox.strike("mx_input", opportunity=rows[1].opportunity, path="Update")
    desk.run(code=Exit.ATTENTION)
    return desk.folder / "migrator.db"


def tool(name: str, *arguments: str | Path) -> str:
    """What a tool beside this Python prints."""
    program = Path(sys.executable).with_name(name)
    done = subprocess.run([program, *arguments], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_datasette_shows_it(ledger: Path) -> None:
    asked = f"/migrator.json?_shape=array&sql={SQL.replace(' ', '+')}"
    answer = tool("datasette", ledger, "--get", asked)

    found = [(row["state"], row["rows"], row["calls"]) for row in json.loads(answer)]
    assert found == WANTED
    page = tool("datasette", ledger, "--get", "/migrator/failures")
    assert "MXInvalidInputException" in page


def test_sqlite_utils_queries_it(ledger: Path) -> None:
    answer = json.loads(tool("sqlite-utils", "query", ledger, SQL))

    assert [(row["state"], row["rows"], row["calls"]) for row in answer] == WANTED
    database = sqlite_utils.Database(ledger)
    assert {"balance", "failures", "calls"} <= set(database.view_names())
    assert next(iter(database["failures"].rows))["exception"] == "MXInvalidInputException"
    database.close()


def test_pandas_reads_it(ledger: Path) -> None:
    with sqlite3.connect(ledger) as connection:
        frame = pd.read_sql(SQL, connection)
    connection.close()

    assert list(frame[["state", "rows", "calls"]].itertuples(index=False, name=None)) == WANTED
