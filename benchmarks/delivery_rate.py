"""How near to the limit rows are delivered, and how many rate answers that earns.

python benchmarks/delivery_rate.py [--rows 300]

Each way of counting with each latency, `migrator run` against `migrator sandbox` as processes, at
25 calls per 5 s; all at the same time, each with a sandbox and a folder of its own. The rate is
taken from the sandbox's log after its first window.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

COUNTING = ("log", "fixed", "weighted")
LATENCIES = (0.02, 0.2, 0.8)
WINDOW = 5.0
MIGRATOR = (sys.executable, "-m", "migrator")
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id, note: "Row {N}"}
fields: {mx_Custom_1: N}
"""


def deliver(counting: str, latency: float, rows: int) -> str:
    """One delivery; gives its line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
        lines = [f"{uuid.uuid4()},{number}" for number in range(rows)]
        (folder / "rows.csv").write_text("Id,N\n" + "\n".join(lines) + "\n", encoding="utf-8")
        environment = os.environ | {"MIGRATOR_STATE_DIR": str(folder / "state")}
        log = folder / "calls.jsonl"
        sandbox = subprocess.Popen(
            [*MIGRATOR, *f"sandbox --counting {counting} --latency {latency} --log".split(), log],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            while "LSQ_SECRET_KEY" not in environment:
                line = sandbox.stdout.readline()
                if not line:
                    return f"{counting:8} the sandbox did not start"
                key, equals, value = line.strip()[7:].partition("=")
                if equals:
                    environment[key] = value.strip("'")
            done = subprocess.run(
                [*MIGRATOR, *["run", "rows.csv", "-m", "mapping.yaml", "--yes", "--json"]],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            sandbox.terminate()
            sandbox.communicate()
        calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    times = [call["monotonic"] for call in calls]
    refused = sum(call["status"] == 429 for call in calls)
    later = [moment for moment in times if moment >= times[0] + WINDOW]
    rate = (len(later) - 1) / (later[-1] - later[0])
    shortest = min(b - a for a, b in zip(times, times[25:], strict=False))
    return (
        f"{counting:8} {latency * 1000:4.0f} ms  exit {done.returncode}  {rate:.3f} calls/s "
        f"= {rate / 5:.1%}  429s {refused}  shortest span of 26 calls {shortest:.3f} s"
    )


def main() -> None:
    """Deliver in all ways at once, print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300)
    rows = parser.parse_args().rows
    ways = [(counting, latency) for counting in COUNTING for latency in LATENCIES]
    with ThreadPoolExecutor(len(ways)) as pool:
        for line in pool.map(lambda way: deliver(*way, rows), ways):
            print(line, flush=True)


if __name__ == "__main__":
    main()
