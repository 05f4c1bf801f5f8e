"""How fast, and in how much memory, a CSV is read: bare csv, ours, pandas, side by side.

python benchmarks/read_csv.py [FILE.csv] [--rows 100000] [--repeat 3]

Each reading is a process of its own (its peak memory is its own), taken in turns, so that noise
of the machine strikes all alike. The goals are ratios inside one run: ours at most 3 times bare
csv.reader and below pandas, with at most 40 MiB, the same for any number of rows.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
FRAME = """
import json, sys, time
path = sys.argv[1]
begin = time.perf_counter()
{body}
seconds = time.perf_counter() - begin
try:
    import resource
    unit = 1024**2 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
except ImportError:  # Windows
    peak = None
print(json.dumps(dict(seconds=seconds, peak=peak, rows=count)))
"""


def measure(name: str, path: Path) -> dict:
    code = FRAME.format(body=READERS[name])
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def report(path: Path, repeat: int) -> dict[str, dict]:
    found: dict[str, list[dict]] = {name: [] for name in READERS}
    for _ in range(repeat):
        for name in READERS:
            found[name].append(measure(name, path))
    base = statistics.median(one["seconds"] for one in found["csv.reader"])
    print(f"{path.name}: {path.stat().st_size / 2**20:.0f} MiB, median of {repeat}")
    print(f"{'reader':12} {'rows':>10} {'seconds':>8} {'x csv':>6} {'peak MiB':>9}")
    result = {}
    for name, runs in found.items():
        seconds = statistics.median(one["seconds"] for one in runs)
        peaks = [one["peak"] for one in runs if one["peak"] is not None]
        peak = f"{max(peaks):9.1f}" if peaks else "  unknown"  # no `resource` on Windows
        print(f"{name:12} {runs[0]['rows']:>10,} {seconds:8.2f} {seconds / base:6.2f} {peak}")
        result[name] = {
            "seconds": seconds,
            "ratio": seconds / base,
            "peak": max(peaks, default=None),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, help="a CSV; without one, it is made")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    if options.file:
        report(options.file, options.repeat)
        return
    sys.path.insert(0, str(Path(__file__).parent))
    from make_csv import write

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{options.rows}.csv"
        begin = time.perf_counter()
        write(path, options.rows)
        print(f"made in {time.perf_counter() - begin:.1f} s")
        report(path, options.repeat)


if __name__ == "__main__":
    main()
