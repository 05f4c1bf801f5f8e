"""`migrator ledger query`: the ledger, asked in SQL, and never changed by it."""

import csv
import io
import json
import sqlite3
from typing import Any

import pandas as pd
import pytest

from tests.acceptance.rehearsal import Deal, Desk, Ended, Exit, SandboxProcess, deals, guid


@pytest.fixture
def asked(sandbox: SandboxProcess, desk: Desk) -> Desk:
    """Three rows that succeeded, one that failed, one that was rejected."""
    sandbox.change(unknown=[guid(4)])
    desk.write_sheet([*deals(4), Deal(opportunity=guid(5), name="=Five", amount="about 5")])
    desk.run(code=Exit.ATTENTION)
    return desk


def ask(desk: Desk, sql: str, *options: str, code: int | None = Exit.OK) -> Ended:
    return desk.type("ledger", "query", sql, *options, code=code)


def rows(desk: Desk, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ask(desk, sql, "--format", "json").output)
    return found


def test_the_views_tell_balance_failures_and_calls(asked: Desk) -> None:
    run = asked.status()["run"]

    assert rows(asked, "SELECT run, state, rows, calls FROM balance ORDER BY state") == [
        {"run": run, "state": "failed", "rows": 1, "calls": 1},
        {"run": run, "state": "rejected", "rows": 1, "calls": 0},
        {"run": run, "state": "succeeded", "rows": 3, "calls": 3},
    ]
    failures = rows(asked, "SELECT row, state, problems, exception, message FROM failures")
    assert [(one["row"], one["state"], one["problems"]) for one in failures] == [
        (5, "failed", ""),
        (6, "rejected", "not-a-number"),
    ]
    assert "about 5" in failures[1]["message"]
    calls = rows(asked, "SELECT row, verdict, seconds FROM calls ORDER BY row")
    assert [(one["row"], one["verdict"]) for one in calls] == [
        (2, "applied"),
        (3, "applied"),
        (4, "applied"),
        (5, "refused"),
    ]
    assert all(one["seconds"] >= 0 for one in calls)


def test_table_and_csv_show_the_same_and_no_cell_is_a_formula(asked: Desk) -> None:
    sql = "SELECT row, json_extract(cells, '$[1]') AS name, NULL AS empty FROM entries"

    table = ask(asked, f"{sql} WHERE row = 6").output
    written = ask(asked, f"{sql} WHERE row = 6", "--format", "csv").output

    assert table.split() == ["row", "name", "empty", *["-" * n for n in (5, 6, 7)], "6", "=Five"]
    assert list(csv.reader(io.StringIO(written))) == [
        ["row", "name", "empty"],
        ["6", "'=Five", ""],
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM entries",
        "UPDATE runs SET state = 'closed'",
        "DROP TABLE runs",
        "ATTACH 'other.db' AS other",
        "PRAGMA user_version = 1",
        "VACUUM INTO 'copy.db'",
        "INSERT INTO ledger VALUES ('x', 1)",
        "CREATE TABLE notes (x)",
    ],
)
def test_nothing_is_changed_by_a_question(asked: Desk, sql: str) -> None:
    before = asked.entries()

    refused = ask(asked, sql, code=Exit.USAGE)

    assert "only a SELECT is asked" in refused.errors
    assert asked.entries() == before
    assert not (asked.folder / "other.db").exists()
    assert not (asked.folder / "copy.db").exists()


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT * FROM failure", "Did you mean failures?"),
        ("SELECT opportunityid FROM failures", "Did you mean opportunity_id?"),
        ("SELEC 1", "SQLite says: near"),
        ("", "SQLite says: it gives no rows"),
        ("SELECT 1; SELECT 2", "one statement"),
    ],
)
def test_a_slip_is_told_with_what_may_be_meant(asked: Desk, sql: str, told: str) -> None:
    assert told in ask(asked, sql, code=Exit.USAGE).errors


def test_columns_of_one_name_are_kept_apart(asked: Desk) -> None:
    assert rows(asked, "SELECT 1 AS n, 2 AS n") == [{"n": 1, "n_2": 2}]


def test_other_programs_open_the_ledger_as_it_is(asked: Desk) -> None:
    connection = sqlite3.connect(f"{(asked.folder / 'migrator.db').as_uri()}?mode=ro", uri=True)

    frame = pd.read_sql("SELECT * FROM failures", connection)
    connection.close()

    assert list(frame["row"]) == [5, 6]


def test_a_missing_or_mistyped_word_is_told_with_where_to_look(desk: Desk) -> None:
    missing = desk.type("ledger", code=Exit.USAGE)
    mistyped = desk.type("ledger", "quer", "SELECT 1", code=Exit.USAGE)

    assert missing.errors == (
        "migrator: a command is missing\n"
        "  `migrator ledger --help` shows every option, with examples.\n"
    )
    assert "Did you mean query?" in mistyped.errors
    assert "examples:" in desk.type("ledger", "query", "--help").output


def test_a_ledger_that_is_not_there_is_not_made(desk: Desk) -> None:
    refused = ask(desk, "SELECT 1", code=Exit.LEDGER)

    assert "there is no ledger here" in refused.errors
    assert not (desk.folder / "migrator.db").exists()


def test_a_question_is_read_from_standard_input(asked: Desk) -> None:
    process = asked.start("ledger", "query", "-")  # its standard input is empty here
    assert asked.end(process).code == Exit.USAGE
