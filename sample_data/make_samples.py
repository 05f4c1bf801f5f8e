"""Make the sample spreadsheets: deals.xlsx, deals.csv, and the files of traps/.

python sample_data/make_samples.py [FOLDER]

The same content at every run: names, amounts and ids are drawn from a fixed seed. No person in
them is real.
"""

import csv
import random
import sys
import uuid
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
from make_traps import make_traps
from openpyxl.styles import Font
from raw_workbook import LONG_AGO

COLUMNS = (
    "Opportunity Id", "Reference", "First name", "Last name", "Email", "Phone", "Stage",
    "Amount", "Discount", "Closing", "Created", "Owner", "Remarks",
)  # fmt: skip
NAMES = (
    ("Aarav", "Sharma"), ("Anita", "D'Souza"), ("अनिता", "शर्मा"), ("Zoë", "Müller"),
    ("José", "Ñandú"), ("Łukasz", "Żak"), ("さくら", "田中"), ("Priya", "Nair"),
    ("Kabir", "Singh"), ("Meera", "Iyer"), ("Rohan", "O'Neil"), ("Fátima", "Al-Sayed"),
)  # fmt: skip
REMARKS = (
    "Met at the trade fair, wants an offer.",
    "Call again next week; asked for references.",
    'Said "yes, but later", board decides.',
    "Discount agreed in writing.\nSee the mail of 12 March.",
    "Long-standing customer — handle with care.",
    "",
    "NA",
    "",
)
ROWS = 170
TWICE = {57: 12, 103: 44, 160: 90}  #: Row to an earlier row with the same opportunity.
CREATED_FORMAT = "yyyy-mm-dd hh:mm:ss"


def indian(number: int) -> str:
    """
    >>> indian(1234567), indian(999), indian(-180000)
    ('12,34,567', '999', '-1,80,000')
    """
    sign, digits = ("-" if number < 0 else ""), str(abs(number))
    head, tail = digits[:-3], digits[-3:]
    pairs = []
    while head:
        pairs.insert(0, head[-2:])
        head = head[:-2]
    return sign + ",".join([*pairs, tail])


def deals(count: int, seed: int) -> list[dict[str, object]]:
    """Deals that all map well, in the order of the sheet; the first one stands in row 2."""
    draw = random.Random(seed)
    made: list[dict[str, object]] = []
    for number in range(count):
        first, last = draw.choice(NAMES)
        created = datetime(2021, 1, 4, 9) + timedelta(minutes=draw.randrange(1_400_000))
        closing = created + timedelta(days=draw.randrange(20, 300), minutes=draw.randrange(600))
        amount = draw.randrange(20, 4_000) * 1_000
        made.append(
            {
                "Opportunity Id": str(uuid.UUID(int=draw.getrandbits(128), version=4)),
                "Reference": f"{draw.randrange(10**7):010d}",
                "First name": first,
                "Last name": last,
                "Email": f"person{seed}{number:03d}@example.com",
                "Phone": f"+91 {draw.randrange(70_000, 99_999)} {draw.randrange(10_000, 99_999)}",
                "Stage": draw.choice(("won", "won", "lost")),
                "Amount": f"{amount:,}",
                "Discount": draw.choice(("", "0", indian(amount // 9), indian(-amount // 40))),
                "Closing": closing.strftime("%d/%m/%Y %H:%M"),
                "Created": created.replace(second=draw.randrange(60)),
                "Owner": draw.choice(("north@example.com", "south@example.com")),
                "Remarks": draw.choice(REMARKS),
            }
        )
    return made


# ------------------------------------------------------------------ the workbook


def workbook_deals() -> dict[int, dict[str, object]]:
    """The rows of deals.xlsx by their number: most map well, nine do not, two are blank."""
    found = dict(enumerate(deals(ROWS, seed=11), start=2))
    for at, earlier in TWICE.items():
        found[at]["Opportunity Id"] = found[earlier]["Opportunity Id"]
    _odd_but_good(found)
    _not_good(found)
    for blank in (61, 118):
        for at in range(max(found), blank - 1, -1):
            found[at + 1] = found.pop(at)
    return dict(sorted(found.items()))


def _odd_but_good(rows: dict[int, dict[str, object]]) -> None:
    rows[3]["Last name"] = "=Kumar"  # text, not a formula; sent as it stands
    rows[4]["Amount"] = 200000  # a number: given as "200000"
    rows[5]["Opportunity Id"] = "{" + str(rows[5]["Opportunity Id"]).upper() + "}"
    rows[6]["Stage"] = " won "
    rows[7]["Remarks"] = "-20% if signed by Friday"
    rows[8]["Discount"] = 1500.5
    rows[9]["Closing"] = ""  # blank: the field is left alone
    rows[10]["Amount"] = "2,00,000 INR"  # a text field takes any text
    rows[11]["Remarks"] = "First line\r\nsecond line with \ttab, and braces {like these}"


def _not_good(rows: dict[int, dict[str, object]]) -> None:
    rows[20]["Amount"] = "#N/A"  # an error cell
    rows[31]["Closing"] = "31/02/2024 10:00"  # a day that never was
    rows[42]["Stage"] = "negotiation"  # not in the mapping's values
    rows[53]["Discount"] = "ten per cent"
    rows[64]["Discount"] = "180,0000"  # no grouping at all
    rows[75]["Opportunity Id"] = ""
    rows[86]["Created"] = date(2022, 5, 17)  # a day without a time
    rows[97] |= {"Stage": "open", "Closing": "2023-05-04"}  # two problems in one row
    rows[108]["margin"] = "ask Meera"  # a note beside the table


def make_workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Deals"
    sheet.append(COLUMNS)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for at, row in workbook_deals().items():
        for place, column in enumerate((*COLUMNS, "margin"), start=1):
            value = row.get(column, "")
            if value == "":
                continue
            cell = sheet.cell(at, place, value)
            if value != "#N/A" and isinstance(value, str):
                cell.data_type = "s"  # a text that begins with "=" is no formula
            if isinstance(value, datetime):
                cell.number_format = CREATED_FORMAT
            elif isinstance(value, date):
                cell.number_format = "yyyy-mm-dd"
    for letter, width in zip(
        "ABCDEFGHIJKLM", (38, 12, 12, 12, 26, 16, 12, 12, 12, 17, 20, 19, 44), strict=True
    ):
        sheet.column_dimensions[letter].width = width
    notes = book.create_sheet("Read me")
    notes["A1"] = "Export of the old CRM. The deals stand in the sheet Deals."
    book.properties.creator = "make_samples.py"
    book.save(path)
    forget_the_time(path)


def forget_the_time(path: Path) -> None:
    """Write the archive again without the times of its making, so that it is always the same."""
    with zipfile.ZipFile(path) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    core = openpyxl.packaging.core.DocumentProperties(
        creator="make_samples.py", created=datetime(*LONG_AGO), modified=datetime(*LONG_AGO)
    )
    parts["docProps/core.xml"] = openpyxl.xml.functions.tostring(core.to_tree())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)


# ------------------------------------------------------------------ the CSV


def make_csv(path: Path) -> None:
    """About 40 deals: UTF-8 with a byte-order mark, commas, CRLF; two rows do not fit."""
    rows = [[as_text(row[column]) for column in COLUMNS] for row in deals(40, seed=12)]
    rows[4][3] = "=Kumar"
    rows[6][12] = "Two lines,\r\nand a comma"
    rows[9] = rows[9][:-1]  # one cell too few
    rows[21].append("one too many")
    rows[30][6] = "negotiation"
    rows[33][9] = "00/00/0000 00:00"
    rows.insert(15, [])
    rows.insert(28, [" "] * len(COLUMNS))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def as_text(value: object) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


def main(folder: Path) -> None:
    (folder / "traps").mkdir(parents=True, exist_ok=True)
    make_workbook(folder / "deals.xlsx")
    make_csv(folder / "deals.csv")
    make_traps(folder / "traps")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
