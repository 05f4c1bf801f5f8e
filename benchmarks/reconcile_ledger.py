"""How long `reconcile --against ledger` takes where nothing changed, beside `check`.

python benchmarks/reconcile_ledger.py [--rows 1000000]

Both as whole processes in one run, in turns, each with its peak memory, and `reconcile` of a tenth
of the rows, since memory must not grow with rows. The ledger is filled by the first night of
`reconcile` itself, beside a LeadSquared that holds what the sheet says; then nothing listens at the
host, so that a call would end the command.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from check_csv import CHECK, ENDS, MAPPING, Used, measured, median, shown

from migrator import load_mapping, load_settings, open_ledger, the_world
from migrator.dispatcher import DeliveryPolicy
from migrator.runs import reconciling
from migrator.runs.current import Take
from migrator.runs.nightly_brakes import MostChanges
from migrator.runs.world import World

RECONCILE = CHECK.replace('"check"', '"reconcile"')
assert ENDS in RECONCILE
ENVIRONMENT = {
    "LSQ_API_HOST": "http://127.0.0.1:9",  # the discard port: nothing answers
    "LSQ_ACCESS_KEY": "u$rbenchmark",
    "LSQ_SECRET_KEY": "benchmark-secret",
}


def read_as_planned(
    world: World, run: Any, names: Iterable[str], take: Take, **_options: object
) -> int:
    """Show of each opportunity what the sheet says."""
    remaining, pages = iter(names), 0
    while page := list(islice(remaining, 2_000)):
        wanted = world.ledger.comparing.wanted(run, page)
        take(page, {one.opportunity: dict(one.fields) for one in wanted})
        pages += 1
    return pages


def fill(folder: Path, sheet: Path, mapping: Path) -> None:
    """Make a ledger in which every row of the sheet is confirmed."""
    path = sheet.with_suffix(".db")
    settings = load_settings(ENVIRONMENT | {"MIGRATOR_STATE_DIR": str(folder / "state")})
    reconciling.read_current = read_as_planned
    with open_ledger(path) as ledger:
        ledger.accounts.remember(
            settings.account_host, settings.key_digest, organisation="benchmark"
        )
        options = reconciling.ReconcileOptions(
            new_ledger=True,
            most_changes=MostChanges(percent=100.0),
            policy=DeliveryPolicy(patience=0.0),
        )
        found = reconciling.reconcile(
            the_world(ledger, settings), sheet, load_mapping(mapping), options
        )
    assert found.unchanged == found.opportunities, found


def main() -> None:
    """Make the files, fill the ledgers, measure in turns, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--fill", type=Path, metavar="SHEET", help="only make its ledger")
    options = parser.parse_args()
    if options.fill is not None:
        fill(options.fill.parent, options.fill, options.fill.parent / "map.yaml")
        return
    rows, here = options.rows, Path(__file__).parent
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large, mapping = (folder / file for file in ("small.csv", "large.csv", "map.yaml"))
        mapping.write_text(MAPPING, encoding="utf-8")
        for path, count in ((small, rows // 10), (large, rows)):
            make = [sys.executable, str(here / "make_csv.py"), str(path), "--rows", str(count)]
            subprocess.run(make, check=True)
            # In a process of its own: what this one has used counts for those that it starts.
            subprocess.run([sys.executable, __file__, "--fill", str(path)], check=True)
        os.environ |= ENVIRONMENT | {"MIGRATOR_STATE_DIR": str(folder / "state")}

        def reconcile(path: Path) -> Used:
            told = ("--against", "ledger", "--yes", "--ledger", str(path.with_suffix(".db")))
            return measured(RECONCILE, str(path), "-m", str(mapping), *told)

        ours, theirs = [], []
        for _ in range(options.repeat):  # in turns: the machine's noise strikes both alike
            ours.append(reconcile(large))
            theirs.append(measured(CHECK, str(large), "-m", str(mapping)))
        few = median([reconcile(small) for _ in range(options.repeat)])
    ledger, check = median(ours), median(theirs)
    print(shown("reconcile", rows, ledger))
    print(shown("reconcile", rows // 10, few))
    print(shown("check", rows, check))
    print(
        f"ratio reconcile / check: {ledger.wall / check.wall:.2f} wall, "
        f"{ledger.cpu / check.cpu:.2f} CPU (goal: 2); "
        f"peak memory, all / a tenth of the rows: {ledger.peak / few.peak:.2f} (goal: 1.1)"
    )


if __name__ == "__main__":
    main()
