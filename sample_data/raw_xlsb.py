"""Write binary workbooks (.xlsb) record by record, so that a sample holds exactly its oddity.

The counterpart of `raw_workbook` for [MS-XLSB]. The bytes are the same at every run.
"""

import struct
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.ms-excel"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
LONG_AGO = (2024, 4, 2, 12, 13, 44)

FORMATS = (
    "General",
    "dd/mm/yyyy",
    "dd/mm/yyyy hh:mm:ss",
    "hh:mm:ss",
    "[h]:mm:ss",
    "#,##0.00",
    "00000",
    "0.0%",
    "[$₹-4009] #,##0.00",
)
"""The cell styles 0 to 8 of every workbook made here."""
DAY, MOMENT, CLOCK, ELAPSED, MONEY, ZEROS, PERCENT, RUPEES = range(1, 9)


@dataclass
class BinaryWorkbook:
    """The parts of a workbook with one or more sheets."""

    sheets: dict[str, bytes] = field(default_factory=dict)  #: Name to what `sheet` gives.
    texts: list[bytes] = field(default_factory=list)  #: Shared texts, each a `rich` structure.
    hidden: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()  #: Which of the sheets are declared as charts.
    is_1904: bool = False

    def parts(self) -> dict[str, bytes]:
        """The content of every part, by its place in the package."""
        numbered = list(enumerate(self.sheets, start=1))
        targets = [
            ("chartsheet" if name in self.charts else "worksheet", f"worksheets/sheet{n}.bin")
            for n, name in numbered
        ] + [("sharedStrings", "sharedStrings.bin"), ("styles", "styles.bin")]
        found = {
            "[Content_Types].xml": content_types(len(numbered)).encode(),
            "_rels/.rels": relations([("officeDocument", "xl/workbook.bin")]).encode(),
            "xl/workbook.bin": self._workbook(),
            "xl/_rels/workbook.bin.rels": relations(targets).encode(),
            "xl/styles.bin": styles(),
            "xl/sharedStrings.bin": record(159, struct.pack("<II", *[len(self.texts)] * 2))
            + b"".join(record(19, text) for text in self.texts)
            + record(160),
        }
        return found | {f"xl/worksheets/sheet{n}.bin": self.sheets[name] for n, name in numbered}

    def write(self, path: Path) -> Path:
        write_parts(path, self.parts())
        return path

    def _workbook(self) -> bytes:
        sheets = b"".join(
            record(156, struct.pack("<II", name in self.hidden, n) + wide(f"rId{n}") + wide(name))
            for n, name in enumerate(self.sheets, start=1)
        )
        properties = record(153, struct.pack("<II", self.is_1904, 0) + wide(""))
        return record(131) + properties + record(143) + sheets + record(144) + record(132)


def write_parts(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            part = zipfile.ZipInfo(name, LONG_AGO)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.external_attr = 0o600 << 16
            archive.writestr(part, content)


def content_types(sheets: int) -> str:
    named = [("workbook.bin", "sheet.binary.macroEnabled.main"), ("styles.bin", "styles")]
    named += [("sharedStrings.bin", "sharedStrings")]
    named += [(f"worksheets/sheet{n}.bin", "worksheet") for n in range(1, sheets + 1)]
    inside = "".join(
        f'<Override PartName="/xl/{part}" ContentType="{TYPE}.{kind}"/>' for part, kind in named
    )
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="bin" ContentType="{TYPE}.worksheet"/>{inside}</Types>'
    )


def relations(targets: list[tuple[str, str]]) -> str:
    inside = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{inside}</Relationships>'


def styles() -> bytes:
    codes = b"".join(
        record(44, struct.pack("<H", 164 + n) + wide(code)) for n, code in enumerate(FORMATS)
    )
    uses = b"".join(
        record(47, struct.pack("<HHHHHBBHH", 0, 164 + n, 0, 0, 0, 0, 0, 0, 1))
        for n in range(len(FORMATS))
    )
    # A style that cells are not numbered by: its format must not be counted among theirs.
    other = record(47, struct.pack("<HHHHHBBHH", 0xFFFF, 14, 0, 0, 0, 0, 0, 0, 0))
    count = struct.pack("<I", len(FORMATS))
    return (
        record(278)
        + (record(615, count) + codes + record(616))
        + (record(626, struct.pack("<I", 1)) + other + record(627))
        + (record(617, count) + uses + record(618))
        + record(279)
    )


# ------------------------------------------------------------------ records


def record(kind: int, data: bytes = b"") -> bytes:
    """A record: its kind in one or two bytes, its size in one to four, its data."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    size, rest = len(data) & 127, len(data) >> 7
    while rest:
        head, size, rest = head + bytes([size | 128]), rest & 127, rest >> 7
    return head + bytes([size]) + data


def wide(text: str) -> bytes:
    """An XLWideString."""
    stored = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<I", len(stored) // 2) + stored


def rich(text: str, *, is_formatted: bool = False, phonetic: str = "") -> bytes:
    """A RichStr: a text that may have fonts, and a reading of its Japanese characters."""
    found = bytes([is_formatted | (2 if phonetic else 0)]) + wide(text)
    if is_formatted:
        found += struct.pack("<IHHHH", 2, 0, 0, 1, 0)
    if phonetic:
        found += wide(phonetic) + struct.pack("<IHHHHHHH", 1, 0, 0, 1, 0, 0, 0, 0)
    return found


def sheet(
    *rows: bytes, merged: tuple[tuple[int, int, int, int], ...] = (), head: bytes = b""
) -> bytes:
    """The part of a sheet; merged ranges as first and last row, first and last column, from 0."""
    ranges = b"".join(record(176, struct.pack("<IIII", *area)) for area in merged)
    if ranges:
        ranges = record(177, struct.pack("<I", len(merged))) + ranges + record(178)
    size = record(148, struct.pack("<IIII", 0, 0, 0, 0))  # wrong, as some programs write it
    return (
        record(129)
        + size
        + head
        + record(145)
        + b"".join(rows)
        + record(146)
        + ranges
        + record(130)
    )


def columns(*hidden: tuple[int, int]) -> bytes:
    """Ranges of hidden columns, first and last from 0."""
    ranges = (struct.pack("<IIIIH", first, last, 2304, 0, 1) for first, last in hidden)
    return record(390) + b"".join(record(60, data) for data in ranges) + record(391)


def row(at: int, *cells: bytes, is_hidden: bool = False) -> bytes:
    """A row, numbered as Excel shows it, with cells made by the functions below."""
    flags = 0x10 if is_hidden else 0
    return record(0, struct.pack("<IIHBBBI", at - 1, 0, 300, 0, flags, 0, 0)) + b"".join(cells)


def cell(kind: int, column: int, data: bytes = b"", style: int = 0) -> bytes:
    return record(kind, struct.pack("<II", column, style) + data)


def blank(column: int, style: int = 0) -> bytes:
    return cell(1, column, style=style)


def rk(column: int, stored: int, style: int = 0) -> bytes:
    """A number in 32 bits, as they are stored."""
    return cell(2, column, struct.pack("<I", stored), style)


def whole(column: int, number: int, style: int = 0) -> bytes:
    return rk(column, number << 2 & 0xFFFFFFFF | 2, style)


def real(column: int, number: float, style: int = 0) -> bytes:
    return cell(5, column, struct.pack("<d", number), style)


def error(column: int, code: int) -> bytes:
    return cell(3, column, bytes([code]))


def boolean(column: int, value: bool) -> bytes:
    return cell(4, column, bytes([value]))


def text(column: int, content: str) -> bytes:
    return cell(6, column, wide(content))


def shared(column: int, number: int) -> bytes:
    return cell(7, column, struct.pack("<I", number))


FORMULA = struct.pack("<HI", 0, 3) + b"\x1e\x01\x00" + struct.pack("<I", 0)
"""What stands behind the value of a formula cell: its flags, and the formula =1."""
