"""What mapping one row costs, alone and in batches: microseconds, without reading the file.

python benchmarks/map_rows.py [--rows 100000]

Twelve columns: two datetimes in a zone, two numbers, one choice, the rest text. Both ways must
give the same, or the script fails.
"""

import argparse
import time
from collections.abc import Callable

from make_csv import COLUMNS, rows

from migrator.mapper import Mapper
from migrator.mapping import parse_mapping
from migrator.model import SourceRow

MAPPING = """\
version: 1
source: {timezone: Asia/Kolkata}
opportunity: {type: 12000, id: Opportunity Id}
fields:
  mx_Custom_1: Lead Id
  mx_Custom_2: {column: Reference, type: number}
  mx_Custom_3: Email
  mx_Custom_4: Name
  mx_Custom_5: {column: Stage, type: choice, values: {Won: Won, Lost: Lost}, otherwise: keep}
  mx_Custom_6: {column: Amount, type: number, grouping: western}
  mx_Custom_7: {column: Created, type: datetime}
  mx_Custom_8: {column: Closing, type: datetime, formats: ["%d/%m/%Y %H:%M"]}
  mx_Custom_9: Active
  mx_Custom_10: Phone
  mx_Custom_11: Remarks
"""
AT_ONCE = 1000


def seconds(work: Callable[[], object]) -> float:
    """The best of three."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    """Make the rows, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    count = parser.parse_args().rows
    mapping = parse_mapping(MAPPING, name="map_rows.yaml")
    source = [
        SourceRow("a.csv", "", number, number, COLUMNS, tuple(cells))
        for number, cells in enumerate(rows(count), 2)
    ]
    mapper = Mapper(mapping, COLUMNS)
    batches = [source[first : first + AT_ONCE] for first in range(0, count, AT_ONCE)]

    alone = seconds(lambda: [mapper.map(row) for row in source])
    batched = seconds(lambda: [mapper.map_all(batch) for batch in batches])

    for batch in batches[:5]:
        assert mapper.map_all(batch) == [mapper.map(row) for row in batch]
    for name, took in (("map", alone), ("map_all", batched)):
        print(f"{name:8} {took / count * 1e6:6.2f} µs per row")


if __name__ == "__main__":
    main()
