"""How long `migrator --help` takes beside a Python that does nothing, in turn.

python benchmarks/help_time.py [--pairs N]

Prints the median CPU seconds of both and the median of their ratios; the goal is 3 at most.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

GOAL = 3.0
HELP = [str(Path(sys.executable).with_name("migrator")), "--help"]
NOTHING = [sys.executable, "-c", "pass"]


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of one process."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def main() -> int:
    """Measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=31)
    options = parser.parse_args()
    batch = 5  # times of one process are coarse
    pairs = [
        (
            sum(cpu_seconds(HELP) for _ in range(batch)) / batch,
            sum(cpu_seconds(NOTHING) for _ in range(batch)) / batch,
        )
        for _ in range(options.pairs)
    ]
    helps, nothings = zip(*pairs, strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"migrator --help  {statistics.median(helps) * 1000:.1f} ms of CPU")
    print(f"python -c pass   {statistics.median(nothings) * 1000:.1f} ms of CPU")
    print(f"ratio            {ratio:.2f} (goal: {GOAL:g})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
