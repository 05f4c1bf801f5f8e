"""How long a night takes beside the calls that it must make.

python benchmarks/reconcile_night.py [--rows 100000] [--changed 1000]

`migrator reconcile` of a CSV against `migrator sandbox` as processes, at 25 calls per 5 s and
300 ms for each answer. The calls are one read for 2,000 opportunities and one update for each
that differs; at the limit they take so many fifths of a second.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

LIMIT, WINDOW, LATENCY = 25, 5.0, 0.3
MIGRATOR = (sys.executable, "-m", "migrator")
COLUMNS = ("Id", "Name", "Stage", "Amount", "Closing", "City", "Phone", "Remarks")
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  mx_Custom_1: Name
  mx_Custom_2: Stage
  mx_Custom_6: {column: Amount, type: number}
  mx_Custom_8: {column: Closing, type: date}
  mx_Custom_9: City
  mx_Custom_10: Phone
  mx_Custom_11: Remarks
"""


def deals(count: int) -> Iterator[tuple[str, ...]]:
    """Rows, each of an opportunity of its own; ids are in no order."""
    for number in range(count):
        yield (
            str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
            f"Deal {number}",
            ("Prospecting", "Closed Won", "Closed Lost")[number % 3],
            f"{number}.25",
            f"2024-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
            ("Pune", "Delhi", "Mumbai")[number % 3],
            f"+91-98{number:08d}",
            f"Remark {number}",
        )


def write(folder: Path, rows: int, changed: int) -> None:
    """The sheet, the mapping, and what LeadSquared holds: as reads show it."""
    (folder / "deals.yaml").write_text(MAPPING, encoding="utf-8")
    held = []
    with (folder / "deals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, row in enumerate(deals(rows)):
            writer.writerow(row)
            guid, name, stage, amount, closing, city, phone, remarks = row
            fields = {
                "mx_Custom_1": name,
                "mx_Custom_2": stage,
                "mx_Custom_6": f"{amount}0",
                "mx_Custom_8": f"{closing} 00:00:00",
                "mx_Custom_9": "Elsewhere"
                if number * changed // rows != (number + 1) * changed // rows
                else city,
                "mx_Custom_10": phone,
                "mx_Custom_11": remarks,
            }
            held.append({"id": guid, "fields": fields})
    (folder / "held.json").write_text(json.dumps(held), encoding="utf-8")


def main() -> None:
    """Write the files, start the sandbox, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, options.rows, options.changed)
        sandbox = subprocess.Popen(
            [
                *MIGRATOR, "sandbox", "--opportunities", "held.json",
                "--limit", f"{LIMIT}/{WINDOW:g}", "--latency", str(LATENCY),
            ],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            assert sandbox.stdout is not None
            told = [sandbox.stdout.readline().split("=", 1)[1].strip().strip("'") for _ in range(3)]
            keys = dict(
                zip(("LSQ_API_HOST", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY"), told, strict=True)
            )
            command = [
                *MIGRATOR, "reconcile", "deals.csv", "-m", "deals.yaml", "--yes", "--json",
                "--max-changes", str(options.changed),
            ]  # fmt: skip
            began = time.monotonic()
            done = subprocess.run(
                command,
                cwd=folder,
                env=os.environ | keys | {"MIGRATOR_STATE_DIR": str(folder / "state")},
                capture_output=True,
                text=True,
                check=True,
            )
            seconds = time.monotonic() - began
        finally:
            sandbox.terminate()
            sandbox.wait()
    found = json.loads(done.stdout)
    calls = found["reconciled"]["reading_calls"] + found["calls"]
    assert found["states"]["succeeded"] == options.changed, found
    must = calls * WINDOW / LIMIT
    print(
        f"{options.rows:,} rows, {options.changed:,} differ: {calls:,} calls, {seconds:.1f} s; at "
        f"the limit the calls alone take {must:.1f} s: ratio {seconds / must:.3f} (goal: 1.1)"
    )


if __name__ == "__main__":
    main()
