"""How long an export of failed rows to a workbook takes, beside the same rows as CSV.

python benchmarks/export_xlsx.py [--rows 100000]

Both as whole processes in one run, in turns, each with its peak memory; and the workbook of a tenth
of the rows, since memory must hardly grow with rows. Half of the rows were rejected for a cell, the
others refused by LeadSquared for a dropdown: every row has a cell that is marked.
"""

import argparse
import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from check_csv import CHECK, ENDS, MAPPING, Used, measured, median, shown

from migrator import open_ledger
from migrator.ledger import PlannedRow
from migrator.loader import open_rows
from migrator.mapping import parse_mapping
from migrator.model import Cell, Problem, Rejected, Source, SourceRow

EXPORT = CHECK.replace('"check"', '"export"')
assert ENDS in EXPORT
REASON = Problem(
    code="not-a-number",
    column="Amount",
    value="12.x",
    reason='"12.x" is not a number',
    advice="Write digits with a point, such as 1,234.50.",
)
REFUSE = """
    UPDATE entries SET state = 'failed', problems = '', attempts = 1, http_status = 500,
        exception = 'MXInvalidEntityReferenceException',
        message = 'Invalid dropdown option for field mx_Custom_2'
    WHERE number % 2
"""


def typed(cells: tuple[Cell, ...], columns: tuple[str, ...]) -> tuple[Cell, ...]:
    """The cells as a workbook gives them: one column holds dates."""
    at, day = columns.index("Closing"), datetime(2024, 4, 2, 12, 13)
    shift = timedelta(hours=len(str(cells[0])) % 24)
    return (*cells[:at], day + shift, *cells[at + 1 :])


def planned(rows: Iterator[SourceRow | Rejected]) -> Iterator[PlannedRow]:
    for row in rows:
        assert isinstance(row, SourceRow)
        given = row._replace(cells=typed(row.cells, row.columns))
        yield PlannedRow(given, Rejected(row=given, problems=(REASON,)), None)


def fill(sheet: Path) -> None:
    """Make a ledger in which every row of the sheet needs a person."""
    mapping = parse_mapping(MAPPING, name="map.yaml")
    with open_ledger(sheet.with_suffix(".db")) as ledger, open_rows(sheet) as rows:
        source = Source(
            name=sheet.name,
            mapping_name=mapping.name,
            mapping_digest=mapping.digest,
            event_code=12000,
            columns=rows.columns,
            schema_names=mapping.schema_names,
        )
        run = ledger.plans.begin(source, account="benchmark")
        content = blake2b()
        ledger.plans.add(run, list(planned(iter(rows))), first_number=1, content=content)
        ledger.plans.seal(
            run, content_digest=content.hexdigest(), rows_read=rows.rows_read, blank_rows=0
        )
    with contextlib.closing(sqlite3.connect(sheet.with_suffix(".db"))) as connection:
        connection.execute(REFUSE)
        connection.commit()


def main() -> None:
    """Make the files, fill the ledgers, measure in turns, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--fill", type=Path, metavar="SHEET", help="only make its ledger")
    options = parser.parse_args()
    if options.fill is not None:
        fill(options.fill)
        return
    rows, here = options.rows, Path(__file__).parent
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = folder / "small.csv", folder / "large.csv"
        (folder / "map.yaml").write_text(MAPPING, encoding="utf-8")
        for path, count in ((small, rows // 10), (large, rows)):
            make = [sys.executable, str(here / "make_csv.py"), str(path), "--rows", str(count)]
            subprocess.run(make, check=True)
            subprocess.run([sys.executable, __file__, "--fill", str(path)], check=True)
        os.chdir(folder)

        def export(path: Path, kind: str) -> Used:
            told = ("--ledger", str(path.with_suffix(".db")), "-o", f"out.{kind}")
            return measured(EXPORT, "--failed", "--rejected", *told)

        books, texts = [], []
        for _ in range(options.repeat):  # in turns: the machine's noise strikes both alike
            books.append(export(large, "xlsx"))
            texts.append(export(large, "csv"))
        size = Path("out.xlsx").stat().st_size / 1024**2
        few = median([export(small, "xlsx") for _ in range(options.repeat)])
        os.chdir(here)
    book, text = median(books), median(texts)
    print(shown("xlsx", rows, book), f"({size:.1f} MiB)")
    print(shown("xlsx", rows // 10, few))
    print(shown("csv", rows, text))
    print(
        f"ratio xlsx / csv: {book.wall / text.wall:.2f} wall, {book.cpu / text.cpu:.2f} CPU; "
        f"peak memory, all / a tenth of the rows: {book.peak / few.peak:.2f}"
    )


if __name__ == "__main__":
    main()
