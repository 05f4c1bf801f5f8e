"""Write old workbooks (.xls) record by record, where xlwt cannot: of Excel 5, or with values.

xlwt writes the records that nothing depends on, and the container around them. The bytes are the
same at every run.

Source: [MS-XLS]; for Excel 5, "Microsoft Excel File Format" (OpenOffice.org, Daniel Rentz).
"""

import struct
from pathlib import Path

import xlwt
from xlwt.CompoundDoc import XlsDoc

NO_NUMBER = b"\xff\xff"  #: Ends the value of a formula that is none.


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def write_compound(path: Path, stream: bytes, name: str = "Workbook") -> Path:
    """Write the stream of a workbook, or another one, into a compound file."""
    with path.open("wb") as file:
        XlsDoc().save(file, stream)
    path.write_bytes(path.read_bytes().replace(_entry("Workbook"), _entry(name)))
    return path


def _entry(name: str) -> bytes:
    """How the directory of a compound file writes a name: 64 bytes, and how many are used."""
    return name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)


# ------------------------------------------------------------------ formulas

VALUES = (
    struct.pack("<d", 45384.25),
    b"\1\0\1\0\0\0" + NO_NUMBER,
    b"\2\0\x2a\0\0\0" + NO_NUMBER,
    b"\0\0\0\0\0\0" + NO_NUMBER + "Zoë 😀".encode("utf-16-le"),
    b"\3\0\0\0\0\0" + NO_NUMBER,
)
"""A number, TRUE, #N/A, a text (which stands behind), and no text."""


def formulas(path: Path) -> Path:
    """A sheet "Deals" with a formula for each of `VALUES` in row 2, as days with times."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Deals")
    for column in range(len(VALUES)):
        sheet.write(0, column, f"Column {column}")
    sheet.write(1, 0, "here", xlwt.easyxf(num_format_str="dd/mm/yyyy hh:mm"))
    stream = book.get_biff_data()
    at = stream.index(struct.pack("<HHHH", 0x00FD, 10, 1, 0))
    cells = b"".join(_formula(column, value) for column, value in enumerate(VALUES))
    return write_compound(path, stream[:at] + cells + stream[at + 14 :])


def _formula(column: int, value: bytes) -> bytes:
    text = value[8:]
    cell = struct.pack("<HHH", 1, column, 18) + value[:8] + struct.pack("<HIH", 0, 0, 3)
    behind = record(0x0207, struct.pack("<HB", len(text) // 2, 1) + text) if text else b""
    return record(0x0006, cell + b"\x1e\x01\0") + behind


# ------------------------------------------------------------------ Excel 5


def excel_5(path: Path, *, code_page: int | None = 1250) -> Path:
    """A sheet "Deals" as Excel 5 wrote it: one byte for a character, and no shared texts."""
    header = b"".join(_label(0, column, name) for column, name in enumerate((b"Id", b"Name")))
    header += _label(0, 2, b"Closing") + _label(0, 3, b"Note")
    cells = _label(1, 0, b"1") + _label(1, 1, "Żółw €".encode("cp1250"))
    cells += record(0x0203, struct.pack("<HHHd", 1, 2, 1, 45384.0))
    cells += record(0x00D6, struct.pack("<HHHH", 1, 3, 0, 4) + b"rich" + b"\1\0\0")
    sheet = _begin(16) + header + cells + record(0x000A)
    start = len(_globals(0, code_page))
    return write_compound(path, (_globals(start, code_page) + sheet).ljust(4096, b"\0"))


def _begin(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHH", 0x0500, kind, 3218, 1994))


def _globals(sheet: int, code_page: int | None) -> bytes:
    code = b"dd/mm/yyyy"
    return (
        _begin(5)
        + (record(0x0042, struct.pack("<H", code_page)) if code_page else b"")
        + record(0x041E, struct.pack("<HB", 164, len(code)) + code)
        + record(0x00E0, bytes(16))
        + record(0x00E0, struct.pack("<HH", 0, 164) + bytes(12))
        + record(0x0085, struct.pack("<IBBB", sheet, 0, 0, 5) + b"Deals")
        + record(0x000A)
    )


def _label(row: int, column: int, text: bytes) -> bytes:
    return record(0x0204, struct.pack("<HHHH", row, column, 0, len(text)) + text)
