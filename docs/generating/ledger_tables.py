"""The page of the ledger's views and tables, from the SQL that makes them.

Owns how the SQL files are read: columns and types come from a ledger in memory, what they mean from
the comments beside them. Above a view stands what its columns mean, as ``--   column: words``.
"""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

SQL = Path(__file__).parents[2] / "migrator" / "ledger" / "sql"
HEAD = """\
# The ledger's views and tables

What [`migrator ledger query`](../ledger.md) can be asked, of a ledger of version {version}. Views
are made for people and stay as they are here; the tables belong to the program, and a later version
may change them.

Times of the tables are seconds since 1970 in UTC, `datetime(updated_at, 'unixepoch')` shows them as
texts; those of the views are texts already. A run is `r1-9f2c1a` in the views, in the tables its
number, `1`. Digests are hexadecimal.
"""
_MADE = re.compile(r"CREATE (?:TABLE|VIEW) (\w+)")
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+)")
_COLUMN = re.compile(r" {4}([a-z_]+) [A-Z]+\b.*?(?:-- (.*))?$")
_WORDS_GO_ON = re.compile(r" {8,}-- (.*)$")
_OF_A_VIEW = re.compile(r"^ +(\w+): (.*)$")

Words = dict[str, dict[str, str]]
"""Table or view to column to what it means; "" for the table or view itself."""


def page() -> str:
    """Views first, then tables, in the order in which they came."""
    files = sorted(SQL.glob("*.sql"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    words = _words("\n".join(texts))
    with sqlite3.connect(":memory:") as ledger:
        for text in texts:
            ledger.executescript(text)
        parts = [HEAD.format(version=int(files[-1].name[:4]))]
        for kind, title in (("view", "Views"), ("table", "Tables")):
            parts.append(f"## {title}\n")
            parts += _sections(ledger, kind, words)
    ledger.close()
    return "\n".join(parts)


def _sections(ledger: sqlite3.Connection, kind: str, words: Words) -> Iterator[str]:
    # In the order in which the names were made, not by rootpage or by letter.
    asked = "SELECT name FROM sqlite_schema WHERE type = ? ORDER BY rowid"
    for (name,) in ledger.execute(asked, (kind,)).fetchall():
        yield f"### {name}\n"
        told = words.get(name, {})
        if told.get(""):
            yield f"{told['']}\n"
        typed = kind == "table"
        yield "| column | type | means |" if typed else "| column | means |"
        yield "| --- | --- | --- |" if typed else "| --- | --- |"
        for row in ledger.execute("SELECT name, type FROM pragma_table_info(?)", (name,)):
            means = told.get(row[0], "").replace("|", r"\|")
            yield f"| `{row[0]}` | {row[1]} | {means} |" if typed else f"| `{row[0]}` | {means} |"
        yield ""


def _words(sql: str) -> Words:
    """What the comments say of each table or view, and of each of its columns."""
    words: Words = {}
    above: list[str] = []
    name = last = ""
    for line in sql.splitlines():
        if line.startswith("--"):
            above.append(line.removeprefix("--").removeprefix(" "))
            continue
        if found := _MADE.match(line):
            name, last = found[1], ""
            words[name] = _above(above)
        elif found := _ADDED.match(line):
            words[found[1]][found[2]] = " ".join(above)
        elif name and (found := _COLUMN.match(line)):
            last = found[1]
            words[name].setdefault(last, found[2] or "")
        elif last and (found := _WORDS_GO_ON.match(line)):
            words[name][last] += f" {found[1]}"
        above = []
    return words


def _above(lines: list[str]) -> dict[str, str]:
    """The words above a table or view; indented lines speak of its columns."""
    told = {"": ""}
    last = ""
    for line in lines:
        if found := _OF_A_VIEW.match(line):
            last = found[1]
            told[last] = found[2]
        else:
            told[last] = f"{told[last]} {line.strip()}".strip()
    return told
