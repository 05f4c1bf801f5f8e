"""An hour of each mode of the quota under each way of counting, in simulated time.

python -m benchmarks.quota_simulated [--minutes 60]

The quota, its shared file and the dispatcher's traffic state are the real ones; clock, network and
server are simulated (tests/integration/quota_networks.py). The figures are the same on every
machine. `delivery_rate.py` measures the same with processes and sockets.
"""

import argparse
import itertools
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from migrator.quota.modes import Mode
from migrator.sandbox.limits import Counting
from tests.integration.quota_networks import Process, Server, jittery, simulate, steady

LATENCIES = (0.02, 0.2, 0.8)
BEGIN = 1000.0  #: Virtual time begins so.


def line(way: tuple[Mode, Counting, str, int], *, minutes: int) -> str:
    """One mode under one way of counting; gives its line of the table."""
    mode, counting, network, processes = way
    cells = []
    for latency in LATENCIES:
        server = Server(counting=counting, phase=1.3)
        with tempfile.TemporaryDirectory() as folder:
            simulate(
                server,
                steady(latency) if network == "steady" else jittery(latency),
                [Process(mode=mode, ends=60 * minutes)] * processes,
                path=Path(folder) / "quota.db",
            )
        rate = server.share_of_the_rate(since=BEGIN + 5, until=BEGIN + 60 * minutes)
        late = server.refused_per_thousand(since=BEGIN + 600, until=BEGIN + 60 * minutes)
        cells.append(f"{rate:.1%}, {len(server.refused)} ({late:.2f})")
    return f"| {mode} | {counting} | {network} | {processes} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table: the rate reached, all 429s, and those per 1,000 calls after ten minutes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=60)
    minutes = parser.parse_args().minutes
    ways = [
        *((mode, counting, "steady", 1) for mode, counting in itertools.product(Mode, Counting)),
        *((mode, counting, "steady", 2) for mode, counting in itertools.product(Mode, Counting)),
        *(
            (mode, counting, "jittery", 1)
            for mode, counting in itertools.product(Mode, (Counting.LOG, Counting.FIXED))
        ),
    ]
    latencies = " | ".join(f"{latency * 1000:.0f} ms" for latency in LATENCIES)
    print(f"| mode | counting | up-link | processes | {latencies} |")
    print("| --- | --- | --- | ---: " + "| ---: " * len(LATENCIES) + "|")
    with ProcessPoolExecutor(2) as pool:
        for text in pool.map(partial(line, minutes=minutes), ways):
            print(text, flush=True)


if __name__ == "__main__":
    main()
