"""How long `migrator check` takes for a large CSV, beside pandas only reading it.

python benchmarks/check_csv.py [--rows 1000000]

Both as whole processes in one run, each with its peak memory; and `check` of a tenth of the rows,
since memory must not grow with rows.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAPPING = """\
version: 1
source: {timezone: Asia/Kolkata}
opportunity: {type: 12000, id: Opportunity Id}
fields:
  mx_Custom_1: Name
  mx_Custom_2: {column: Stage, type: choice, values: {Prospecting: Prospecting, \
Negotiation: Negotiation, Won: Closed Won, Lost: Closed Lost, On hold: Prospecting}}
  mx_Custom_3: Lead Id
  mx_Custom_4: {column: Reference, type: integer}
  mx_Custom_5: Email
  mx_Custom_6: {column: Amount, type: number, grouping: western}
  mx_Custom_8: {column: Closing, type: datetime, formats: ["%d/%m/%Y %H:%M"]}
  mx_Custom_9: Active
  mx_Custom_10: Phone
  mx_Custom_11: Remarks
  CreatedOn: Created
"""

MEASURED = """
import runpy, sys, resource
sys.argv = ["migrator", *sys.argv[1:]]
try:
    runpy.run_module("migrator", run_name="__main__")
except SystemExit:
    pass
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""
PANDAS = """
import resource, sys
import pandas
pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""


def measured(*command: str) -> tuple[float, int]:
    """Wall seconds and peak MiB of a Python process."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", *command], capture_output=True, text=True, check=True
    )
    peak = next(line for line in done.stderr.splitlines()[::-1] if line.startswith("PEAK"))
    return time.monotonic() - began, int(peak.split()[1])


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.csv"), Path(folder, "large.csv")
        for path, count in ((small, rows // 10), (large, rows)):
            subprocess.run(
                [sys.executable, str(here / "make_csv.py"), str(path), "--rows", str(count)],
                check=True,
            )
        mapping = Path(folder, "mapping.yaml")
        mapping.write_text(MAPPING, encoding="utf-8")
        options = ("-m", str(mapping))
        seconds, peak = measured(MEASURED, "check", str(large), *options)
        small_seconds, small_peak = measured(MEASURED, "check", str(small), *options)
        pandas_seconds, pandas_peak = measured(PANDAS, str(large))
    print(f"check   {rows:>9,} rows: {seconds:6.1f} s, peak {peak} MiB")
    print(f"check   {rows // 10:>9,} rows: {small_seconds:6.1f} s, peak {small_peak} MiB")
    print(f"pandas  {rows:>9,} rows: {pandas_seconds:6.1f} s, peak {pandas_peak} MiB (reads only)")
    print(f"ratio check / pandas: {seconds / pandas_seconds:.2f}")


if __name__ == "__main__":
    main()
