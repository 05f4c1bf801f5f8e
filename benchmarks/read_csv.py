"""How fast, and in how much memory, a CSV is read: bare csv, ours, pandas, side by side.

python benchmarks/read_csv.py [FILE.csv] [--rows 100000] [--repeat 3]

Each reading is a process of its own (its peak memory is its own), taken in turns, so that noise
of the machine strikes all alike. The goals are ratios inside one run: ours at most 3 times bare
csv.reader and below pandas, with at most 40 MiB, the same for any number of rows.
"""

import argparse
import tempfile
import time
from pathlib import Path

from make_csv import write
from side_by_side import report

READERS = {
    "csv.reader": """
import csv
with open(path, encoding="utf-8", newline="") as file:
    count = sum(1 for _ in csv.reader(file)) - 1
""",
    "open_rows": """
from migrator.loader import open_rows
with open_rows(path) as source:
    count = sum(1 for _ in source)
""",
    "pandas": """
import pandas
count = len(pandas.read_csv(path, dtype=str, keep_default_na=False))
""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, help="a CSV; without one, it is made")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    if options.file:
        report(READERS, options.file, options.repeat, "csv.reader")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{options.rows}.csv"
        begin = time.perf_counter()
        write(path, options.rows)
        print(f"made in {time.perf_counter() - begin:.1f} s")
        report(READERS, path, options.repeat, "csv.reader")


if __name__ == "__main__":
    main()
