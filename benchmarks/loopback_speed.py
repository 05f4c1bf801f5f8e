"""How fast rows are delivered where no limit holds them back, and where the time goes.

python benchmarks/loopback_speed.py [--rows 10000] [--watched]

`migrator run` against `migrator sandbox`, both on this machine, with a limit that is never reached.
Each row has a note and two fields; each outcome is durable (SQLite, WAL, synchronous=FULL) before
its row counts. The rate is that of the sandbox's log, from the first update to the last.
"""

import argparse
import json
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

import psutil

LIMIT = "100000/5"
WATCHED = ("--log", "night.jsonl", "--metrics", "night.prom")
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id, note: "Row {N}"}
fields: {mx_Custom_1: N, mx_Custom_2: Text}
"""
PARTS = {
    "select.epoll": "waiting for answers and for the disk",
    "aiohttp": "aiohttp",
    "asyncio": "the event loop",
    "_socket": "sockets",
    "migrator/dispatcher": "dispatcher",
    "migrator/quota": "quota",
    "migrator/client": "client",
    "migrator/leadsquared": "bodies and replies",
    "migrator/ledger": "ledger, on this side of its thread",
}


def deliver(
    folder: Path, rows: int, *, profiled: bool, options: tuple[str, ...] = ()
) -> tuple[float, float, float, Path]:
    """One run; gives calls per second, CPU seconds of the tool and of the sandbox, a profile."""
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    lines = [f"{uuid.uuid4()},{number},text {number}" for number in range(rows)]
    (folder / "rows.csv").write_text("Id,N,Text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    environment = os.environ | {
        "MIGRATOR_STATE_DIR": str(folder / "state"),
        "LSQ_RATE_LIMIT": LIMIT,
    }
    log, profile = folder / "calls.jsonl", folder / "profile"
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "migrator", "sandbox", "--limit", LIMIT, "--log", log],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    while "LSQ_SECRET_KEY" not in environment:
        key, equals, value = sandbox.stdout.readline().strip()[7:].partition("=")
        if equals:
            environment[key] = value.strip("'")
    before = psutil.Process(sandbox.pid).cpu_times()
    tool = [sys.executable, *(["-m", "cProfile", "-o", profile] if profiled else []), "-m"]
    began = time.process_time(), os.times().children_user + os.times().children_system
    subprocess.run(
        [*tool, "migrator", "run", "rows.csv", "-m", "mapping.yaml", "--yes", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=True,
    )
    used = os.times().children_user + os.times().children_system - began[1]
    after = psutil.Process(sandbox.pid).cpu_times()
    sandbox.terminate()
    sandbox.communicate()
    calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    times = [call["monotonic"] for call in calls if call["path"].endswith("Update")]
    rate = (len(times) - 1) / (times[-1] - times[0])
    served = after.user + after.system - before.user - before.system
    return rate, used, served, profile


def parts(profile: Path) -> list[tuple[str, float]]:
    """The part of the main thread's time by what it was spent in."""
    seconds: Counter[str] = Counter()
    for (file, _line, name), figures in pstats.Stats(str(profile)).stats.items():
        text = f"{file} {name}"
        part = next((said for key, said in PARTS.items() if key in text), "all else")
        seconds[part] += figures[2]
    whole = seconds.total()
    return [(part, spent / whole) for part, spent in seconds.most_common()]


def compare(rows: int) -> None:
    """Deliver without and with the two files, in turn, and print the medians."""
    found: dict[tuple[str, ...], list[tuple[float, float]]] = {(): [], WATCHED: []}
    for _ in range(3):
        for options, measured in found.items():
            with tempfile.TemporaryDirectory() as folder:
                rate, used, _, _ = deliver(Path(folder), rows, profiled=False, options=options)
            measured.append((rate, used))
    for options, measured in found.items():
        rate, used = (statistics.median(values) for values in zip(*measured, strict=True))
        print(f"{rate:,.0f} calls/s, {used / rows * 1e6:,.0f} µs per row: {' '.join(options)}")


def main() -> None:
    """Deliver twice, once measured and once profiled; print both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--watched", action="store_true", help="compare with --log and --metrics")
    options = parser.parse_args()
    rows = options.rows
    if options.watched:
        compare(rows)
        return
    with tempfile.TemporaryDirectory() as folder:
        rate, used, served, _ = deliver(Path(folder), rows, profiled=False)
    print(f"{rows:,} rows: {rate:,.0f} calls/s")
    print(f"  CPU: {used / rows * 1e6:,.0f} µs per row here (start-up and planning included),")
    print(f"       {served / rows * 1e6:,.0f} µs per call in the sandbox, on the same two cores")
    with tempfile.TemporaryDirectory() as folder:
        for part, share in parts(deliver(Path(folder), rows, profiled=True)[3]):
            print(f"  {share:5.1%}  {part}")


if __name__ == "__main__":
    main()
