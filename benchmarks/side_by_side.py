"""Readings of one file as processes of their own, taken in turns, and compared in one run.

Each reading is a piece of Python that finds the file's name in `path` and leaves the number of
rows in `count`. Its peak memory is its own, and noise of the machine strikes all alike.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

FRAME = """
import json, sys, time
path = sys.argv[1]
begin, cpu = time.perf_counter(), time.process_time()
{body}
seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
try:
    import resource
    unit = 1024**2 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
except ImportError:  # Windows
    peak = None
print(json.dumps(dict(seconds=seconds, cpu=cpu, peak=peak, rows=count)))
"""


def measure(body: str, path: Path) -> dict:
    code = FRAME.format(body=body)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def report(readers: dict[str, str], path: Path, repeat: int, base: str) -> dict[str, dict]:
    """Measure, print a table, and give the figures by reader; ratios are to the base."""
    found: dict[str, list[dict]] = {name: [] for name in readers}
    for _ in range(repeat):
        for name, body in readers.items():
            found[name].append(measure(body, path))
    of_base = statistics.median(one["seconds"] for one in found[base])
    print(f"{path.name}: {path.stat().st_size / 2**20:.0f} MiB, median of {repeat}")
    print(f"{'reader':12} {'rows':>10} {'seconds':>8} {'ratio':>6} {'cpu s':>7} {'peak MiB':>9}")
    result = {}
    for name, runs in found.items():
        seconds = statistics.median(one["seconds"] for one in runs)
        cpu = statistics.median(one["cpu"] for one in runs)
        peaks = [one["peak"] for one in runs if one["peak"] is not None]
        peak = f"{max(peaks):9.1f}" if peaks else "  unknown"  # no `resource` on Windows
        print(
            f"{name:12} {runs[0]['rows']:>10,} {seconds:8.2f} {seconds / of_base:6.2f} "
            f"{cpu:7.2f} {peak}"
        )
        result[name] = {
            "seconds": seconds,
            "ratio": seconds / of_base,
            "peak": max(peaks, default=None),
        }
    return result
