"""How long `migrator check` takes for a large CSV, beside pandas only reading it.

python benchmarks/check_csv.py [--rows 1000000]

Both as whole processes in one run, in turns, each with its peak memory; the mapping reads two
datetimes in a zone, two numbers and a choice, and all that `check` says is said. And `check` of a
tenth of the rows, since memory must not grow with rows.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

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

ENDS = """
import resource, sys
used = resource.getrusage(resource.RUSAGE_SELF)
unit = 1024**2 if sys.platform == "darwin" else 1024
print("USED", used.ru_utime + used.ru_stime, used.ru_maxrss / unit, file=sys.stderr)
"""
CHECK = (
    """
import runpy, sys
sys.argv = ["migrator", "check", *sys.argv[1:]]
try:
    runpy.run_module("migrator", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended.code
"""
    + ENDS
)
PANDAS = (
    """
import sys
import pandas
pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
"""
    + ENDS
)


class Used(NamedTuple):
    """What a process took."""

    wall: float
    cpu: float
    peak: float


def measured(*command: str) -> Used:
    """Wall and CPU seconds and peak MiB of a Python process."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", *command], capture_output=True, text=True, check=True
    )
    wall = time.monotonic() - began
    line = next(line for line in done.stderr.splitlines()[::-1] if line.startswith("USED"))
    cpu, peak = map(float, line.split()[1:])
    return Used(wall, cpu, peak)


def median(runs: list[Used]) -> Used:
    return Used(*map(statistics.median, zip(*runs, strict=True)))


def shown(name: str, rows: int, used: Used) -> str:
    times = f"{used.wall:6.1f} s wall, {used.cpu:6.1f} s CPU"
    return f"{name:7} {rows:>9,} rows: {times}, peak {used.peak:.0f} MiB"


def main() -> None:
    """Make the files, measure in turns, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    rows, here = options.rows, Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.csv"), Path(folder, "large.csv")
        for path, count in ((small, rows // 10), (large, rows)):
            subprocess.run(
                [sys.executable, str(here / "make_csv.py"), str(path), "--rows", str(count)],
                check=True,
            )
        mapping = Path(folder, "mapping.yaml")
        mapping.write_text(MAPPING, encoding="utf-8")
        arguments = ("-m", str(mapping))
        ours, theirs = [], []
        for _ in range(options.repeat):  # in turns: the machine's noise strikes both alike
            ours.append(measured(CHECK, str(large), *arguments))
            theirs.append(measured(PANDAS, str(large)))
        few = measured(CHECK, str(small), *arguments)
    check, pandas = median(ours), median(theirs)
    print(shown("check", rows, check))
    print(shown("check", rows // 10, few))
    print(shown("pandas", rows, pandas), "(reads only)")
    print(
        f"ratio check / pandas: {check.wall / pandas.wall:.2f} wall, "
        f"{check.cpu / pandas.cpu:.2f} CPU (goal: 1.5; peak at most 96 MiB)"
    )


if __name__ == "__main__":
    main()
