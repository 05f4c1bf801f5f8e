"""How near to the limit rows are delivered, and how many rate answers that earns.

python benchmarks/delivery_rate.py [--rows 300] [--quick]

Each mode of the quota with each way of counting, latency and number of processes: `migrator run`
against `migrator sandbox` as processes, at 25 calls per 5 s, a dozen of them at the same time, each
with a sandbox and a folder of its own. The rate is taken from the sandbox's log after its first
window, over all processes; "jittery" is an up-link that differs by 15 % of the latency.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MODES = ("paced", "learned", "sure")
COUNTING = ("log", "fixed", "weighted", "weighted-real", "bucket")
LATENCIES = (0.02, 0.2, 0.8)
WINDOW, LIMIT = 5.0, 25
AT_THE_SAME_TIME = 12
MIGRATOR = (sys.executable, "-m", "migrator")
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id, note: "Row {N}"}
fields: {mx_Custom_1: N}
"""
HEADER = (
    "| mode | counting | latency | processes | rate | 429s of calls | shortest span of 26 calls |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
)


@dataclass(frozen=True)
class Way:
    """One line of the table."""

    mode: str
    counting: str
    latency: float
    processes: int = 1
    jitter: float = 0.0

    @property
    def sandbox(self) -> list[str]:
        """The sandbox's options."""
        up, think = self.latency * 0.2, self.latency * 0.8
        return [
            *("--counting", self.counting, "--phase", "1.3"),
            *("--uplink", f"{up}-{up + self.jitter}", "--latency", f"{think / 2}-{think * 1.5}"),
        ]

    def __str__(self) -> str:
        kind = f"{self.latency * 1000:.0f} ms" + (", jittery" if self.jitter else "")
        return f"| {self.mode} | {self.counting} | {kind} | {self.processes} |"


def ways(*, quick: bool) -> list[Way]:
    """All lines, or those that say most."""
    if quick:
        return [Way(mode, "log", 0.2) for mode in MODES] + [Way("paced", "log", 0.2, 2)]
    all_of = [Way(*way) for way in itertools.product(MODES, COUNTING, LATENCIES)]
    two = [Way(mode, c, 0.2, 2) for mode in MODES for c in ("log", "fixed", "weighted")]
    jittery = [
        Way(mode, c, latency, jitter=0.15 * latency)
        for mode in MODES
        for c in ("log", "fixed")
        for latency in (0.2, 0.8)
    ]
    return all_of + two + jittery


def deliver(way: Way, rows: int) -> str:
    """One delivery; gives its line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
        environment = os.environ | {"MIGRATOR_STATE_DIR": str(folder / "state")}
        log = folder / "calls.jsonl"
        sandbox = subprocess.Popen(
            [*MIGRATOR, "sandbox", *way.sandbox, "--log", log],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            while "LSQ_SECRET_KEY" not in environment:
                line = sandbox.stdout.readline()
                if not line:
                    return f"{way} the sandbox did not start"
                key, equals, value = line.strip()[7:].partition("=")
                if equals:
                    environment[key] = value.strip("'")
            runs = [
                begin(folder, way, number, rows, environment) for number in range(way.processes)
            ]
            codes = [run.wait() for run in runs]
        finally:
            sandbox.terminate()
            sandbox.communicate()
        calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    if any(codes):
        return f"{way} exit codes {codes}"
    return f"{way} {figures(calls)}"


def begin(
    folder: Path, way: Way, number: int, rows: int, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """One command that sends, with a ledger of its own."""
    own = folder / str(number)
    own.mkdir()
    lines = [f"{uuid.uuid4()},{row}" for row in range(rows // way.processes)]
    sheet = f"rows-{number}.csv"  # another source for each, or the second would be asked about it
    (own / sheet).write_text("Id,N\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return subprocess.Popen(
        [*MIGRATOR, "run", sheet, "-m", "../mapping.yaml", "--yes", "--quota", way.mode],
        cwd=own,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def figures(calls: list[dict[str, object]]) -> str:
    """Rate, refusals and the tightest window, from the sandbox's log."""
    times = sorted(float(str(call["monotonic"])) for call in calls)  # logged as they are answered
    refused = sum(call["status"] == 429 for call in calls)
    # From the first window's end to the last call but a window: the last rows have no next ones.
    later = [moment for moment in times if times[0] + WINDOW <= moment <= times[-1] - WINDOW]
    admitted = len(later) - 1 - refused
    rate = admitted / (later[-1] - later[0]) / (LIMIT / WINDOW)
    shortest = min(b - a for a, b in zip(times, times[LIMIT:], strict=False))
    return f"{rate:.1%} | {refused} of {len(calls)} | {shortest:.3f} s |"


def main() -> None:
    """Deliver in all ways, print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=AT_THE_SAME_TIME, metavar="N")
    parser.add_argument("--quick", action="store_true", help="four ways only")
    options = parser.parse_args()
    print(HEADER)
    with ThreadPoolExecutor(options.at_once) as pool:
        chosen = ways(quick=options.quick)
        for line in pool.map(lambda way: deliver(way, options.rows), chosen):
            print(line, flush=True)


if __name__ == "__main__":
    main()
