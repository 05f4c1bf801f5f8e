"""Write an XLSX like a real export: the rows of `make_csv`, with numbers and dates as Excel has them.

python benchmarks/make_xlsx.py OUT.xlsx [--rows 200000]
"""

import argparse
from datetime import datetime
from pathlib import Path

import openpyxl
from make_csv import COLUMNS, rows


def write(path: Path, count: int) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Deals")
    sheet.append(COLUMNS)
    amount, created, closing = (COLUMNS.index(name) for name in ("Amount", "Created", "Closing"))
    for cells in rows(count):
        cells[amount] = int(cells[amount].replace(",", "")) / 100
        cells[created] = datetime.strptime(cells[created], "%Y-%m-%d %H:%M:%S")
        cells[closing] = datetime.strptime(cells[closing], "%d/%m/%Y %H:%M")
        sheet.append(cells)
    book.save(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args()
    write(options.out, options.rows)
    print(f"{options.out}: {options.rows:,} rows, {options.out.stat().st_size:,} bytes")
