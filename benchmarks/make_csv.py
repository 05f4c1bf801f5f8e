"""Write a CSV like a real export: 12 columns, hostile where real ones are. Deterministic.

python benchmarks/make_csv.py OUT.csv [--rows 1000000]
"""

import argparse
import csv
import random
import uuid
from datetime import datetime, timedelta
from pathlib import Path

COLUMNS = (
    "Opportunity Id", "Lead Id", "Reference", "Email", "Name", "Stage",
    "Amount", "Created", "Closing", "Active", "Phone", "Remarks",
)  # fmt: skip
NAMES = ("Zoë Müller", "José Ñandú", "अनिता शर्मा", "Łukasz Żak", "田中 さくら", "Priya Nair")
STAGES = ("Prospecting", "Negotiation", "Won", "Lost", "On hold")
TEXTS = (
    "Met at the trade fair. Wants an offer by Friday and asked for references twice.",
    'Said "call me again next week", then hung up; the number is right.',
    "Prices, delivery, payment: all open. Decides with the board, not alone.",
    "Long-standing customer. Discount agreed in writing, see the mail of last month.",
    "",
    "NA",
)
START = datetime(2019, 1, 1)


def rows(count: int, seed: int = 7):
    """The rows, each a list of text; about one in a thousand has a line break inside a cell."""
    draw = random.Random(seed)
    for number in range(count):
        made = START + timedelta(minutes=draw.randrange(2_600_000))
        text = TEXTS[draw.randrange(len(TEXTS))]
        if draw.random() < 0.001:
            text = f"First line.\nSecond line, {number}."
        yield [
            str(uuid.UUID(int=draw.getrandbits(128), version=4)),
            str(uuid.UUID(int=draw.getrandbits(128), version=4)),
            f"{draw.randrange(10**8):010d}",
            f"person{number}@example.com",
            NAMES[draw.randrange(len(NAMES))],
            STAGES[draw.randrange(len(STAGES))],
            f"{draw.randrange(1_000, 9_999_999):,}",
            made.strftime("%Y-%m-%d %H:%M:%S"),
            (made + timedelta(days=draw.randrange(400))).strftime("%d/%m/%Y %H:%M"),
            "Yes" if draw.random() < 0.7 else "No",
            f"+91 {draw.randrange(7 * 10**9, 10**10)}",
            text,
        ]


def write(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(count))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    write(options.out, options.rows)
    print(f"{options.out}: {options.rows:,} rows, {options.out.stat().st_size:,} bytes")
