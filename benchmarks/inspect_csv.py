"""How long `migrator inspect` takes, and in how much memory, beside csv.reader only reading.

python benchmarks/inspect_csv.py [--rows 1000000]

All as whole processes in one run: csv.reader and `inspect` over a tenth of the rows and over all,
since memory must not grow with the rows. The goals: 1,000,000 rows of 12 columns in at most 20 s
and 120 MiB.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from check_csv import MEASURED, measured

CSV_READER = """
import csv, resource, sys
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    sum(1 for _ in csv.reader(file))
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        for count in (rows // 10, rows):
            path = Path(folder, f"{count}.csv")
            # In a process of its own: what making it needs is not to count here.
            subprocess.run(
                [
                    sys.executable,
                    str(Path(__file__).with_name("make_csv.py")),
                    str(path),
                    "--rows",
                    str(count),
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            base, base_peak = measured(CSV_READER, str(path))
            seconds, peak = measured(MEASURED, "inspect", str(path))
            print(f"csv.reader {count:>9,} rows: {base:6.1f} s, peak {base_peak} MiB (reads only)")
            print(f"inspect    {count:>9,} rows: {seconds:6.1f} s, peak {peak} MiB")
            print(f"ratio inspect / csv.reader: {seconds / base:.1f}")


if __name__ == "__main__":
    main()
