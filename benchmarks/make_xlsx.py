"""Write an XLSX as Excel does: the rows of `make_csv`, with numbers and dates as such.

python benchmarks/make_xlsx.py OUT.xlsx [--rows 200000]
"""

import argparse
from datetime import datetime
from pathlib import Path

import xlsxwriter
from make_csv import COLUMNS, rows

AMOUNT, CREATED, CLOSING = (COLUMNS.index(name) for name in ("Amount", "Created", "Closing"))


def write(path: Path, count: int) -> None:
    book = xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy hh:mm"})
    book.use_zip64()
    sheet = book.add_worksheet("Deals")
    sheet.write_row(0, 0, COLUMNS)
    for at, cells in enumerate(rows(count), 1):
        for place, cell in enumerate(cells):
            if place == AMOUNT:
                sheet.write_number(at, place, int(cell.replace(",", "")) / 100)
            elif place == CREATED:
                sheet.write_datetime(at, place, datetime.strptime(cell, "%Y-%m-%d %H:%M:%S"))
            elif place == CLOSING:
                sheet.write_datetime(at, place, datetime.strptime(cell, "%d/%m/%Y %H:%M"))
            else:
                sheet.write_string(at, place, cell)
    book.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args()
    write(options.out, options.rows)
    print(f"{options.out}: {options.rows:,} rows, {options.out.stat().st_size:,} bytes")
