"""The spreadsheet: not there, not readable, not a spreadsheet, or with rows that cannot be sent."""

import gzip
import zipfile

import openpyxl

from tests.acceptance.error_scene import CHECK, RUN, Group, Scene, without_root_power
from tests.acceptance.rehearsal import COLUMNS, Deal, deals, guid

case = Group("The sheet")


def check(name: str) -> str:
    return f"migrator check {name} -m deals.yaml"


# ------------------------------------------------------------------ the file

case("A sheet that is not there", check("offers.xlsx"), code=3)
case("A sheet that is not there, at run", "migrator run offers.xlsx -m deals.yaml --yes", code=3)
case("A misspelt name with a near one in the folder", check("dealls.csv"), code=3)
case("The right name with another ending", check("deals.xlsx"), code=3)
case("A sheet in a folder that is not there", check("exports/deals.csv"), code=3)


@case("A folder instead of a file", check("exports"), code=3)
def _(at: Scene) -> None:
    (at.folder / "exports").mkdir()


@case("A workbook that is open in Excel", check("deals.xlsx"), code=3)
def _(at: Scene) -> None:
    without_root_power(at)
    at.sample("deals.xlsx").chmod(0)
    at.file("~$deals.xlsx", b"\x05Night")


@case("A workbook that is open in Excel and can be read", check("deals.xlsx"), code=0)
def _(at: Scene) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(COLUMNS)
    book.worksheets[0].append(next(iter(deals(1))).cells)
    book.save(at.folder / "deals.xlsx")
    at.file("~$deals.xlsx", b"\x05Night")


@case("A sheet that may not be read", code=3)
def _(at: Scene) -> None:
    without_root_power(at)
    (at.folder / "deals.csv").chmod(0)


@case("A sheet name that is not in the workbook", check("deals.xlsx"), code=3)
def _(at: Scene) -> None:
    at.sample("deals.xlsx")
    at.write_mapping("version: 1\nsource: {sheet: Dials}\n" + SHORT)


SHORT = "opportunity: {type: 12000, id: Opportunity Id}\nfields: {mx_Custom_1: Name}\n"


# ------------------------------------------------------------------ what is no spreadsheet

for title, name in {
    "A web report that calls itself .xls": "traps/page.xls",
    "A workbook of the old format that is broken": "traps/old_broken.xls",
    "A workbook with a password": "traps/password_protected.xlsx",
    "A workbook that is cut off": "traps/cut_off.xlsx",
    "A zip archive that calls itself .xlsx": "traps/only_a_zip.xlsx",
    "A compressed CSV that is damaged": "traps/packed_damaged.csv.gz",
    "A compressed CSV that is cut off": "traps/packed_cut_off.csv.gz",
    "A compressed workbook": "traps/packed_workbook.xlsx.gz",
    "An empty file": "traps/empty.csv",
    "A CSV in an encoding that is not declared": "traps/cp1252.csv",
    "A CSV in Russian that is not declared": "traps/cp1251.csv",
    "A CSV with one line that is not UTF-8": "traps/one_line_not_utf8.csv",
    "A CSV with a title above the header": "traps/preamble.csv",
    "A CSV with two columns of one name": "traps/twice_the_same_name.csv",
}.items():

    @case(title, check(name.rpartition("/")[2]), code=3)
    def _(at: Scene, name: str = name) -> None:
        at.sample(name)


@case("A CSV with a quote that is never closed", CHECK, code=3)
def _(at: Scene) -> None:
    at.file("deals.csv", f'Opportunity Id,Name,Amount,Region,Remarks\n{guid(1)},"Deal,1,South,x\n')


@case("A CSV with quotes behind backslashes", CHECK, code=3)
def _(at: Scene) -> None:
    row = f'{guid(1)},"Deal \\"One\\"",1,South,x'
    at.file("deals.csv", f"Opportunity Id,Name,Amount,Region,Remarks\n{row}\n")


@case("A zip archive with a spreadsheet in it", check("deals.zip"), code=3)
def _(at: Scene) -> None:
    with zipfile.ZipFile(at.folder / "deals.zip", "w") as packed:
        packed.write(at.folder / "deals.csv", "deals.csv")


@case("A workbook that needs more memory than it may take", check("deals.xlsx"), code=3)
def _(at: Scene) -> None:
    at.sample("traps/old.xls", under="deals.xlsx")
    at.set(MIGRATOR_MEMORY="50KiB")


@case("A pattern that fits no file", check("'offers-*.csv'"), code=3)
def _(at: Scene) -> None:
    pass


@case("Files with other columns", check("'deals-*.csv'"), code=3)
def _(at: Scene) -> None:
    at.write_sheet(deals(2), name="deals-1.csv")
    at.write_sheet(deals(1), name="deals-2.csv", columns=("Id", *COLUMNS[1:]))


@case("A PDF", check("deals.pdf"), code=3)
def _(at: Scene) -> None:
    at.file("deals.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n")


@case("An image", check("deals.png"), code=3)
def _(at: Scene) -> None:
    at.file("deals.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0")


@case("A photograph of a sheet", check("deals.jpg"), code=3)
def _(at: Scene) -> None:
    at.file("deals.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0C\0")


@case("A Word document", check("deals.docx"), code=3)
def _(at: Scene) -> None:
    with zipfile.ZipFile(at.folder / "deals.docx", "w") as packed:
        packed.writestr("[Content_Types].xml", DOCUMENT)
        packed.writestr("word/document.xml", "<w:document/>")


DOCUMENT = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override '
    'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)


# ------------------------------------------------------------------ rows


@case("A compressed CSV", check("deals.csv.gz"), code=0)
def _(at: Scene) -> None:
    at.write_sheet(deals(1))
    at.file("deals.csv.gz", gzip.compress((at.folder / "deals.csv").read_bytes()))


@case("A first line that states another delimiter", CHECK, code=3)
def _(at: Scene) -> None:
    at.file("deals.csv", "sep=;\nOpportunity Id;Name\n")
    at.write_mapping("version: 1\nsource: {delimiter: comma}\n" + SHORT)


@case("A first line that states the delimiter, and blank rows above the header", CHECK, code=0)
def _(at: Scene) -> None:
    at.file("deals.csv", f"sep=;\n\n;\nOpportunity Id;Name\n{guid(1)};Deal 1\n")
    at.write_mapping("version: 1\n" + SHORT)


@case("A header and nothing but blank rows below it", CHECK, code=3)
def _(at: Scene) -> None:
    at.file("deals.csv", "Opportunity Id,Name,Amount,Region,Remarks\n\n,,,,\n")


@case("A header and nothing below it", CHECK, code=3)
def _(at: Scene) -> None:
    at.write_sheet([])


@case("A header and nothing below it, at run", code=3)
def _(at: Scene) -> None:
    at.write_sheet([])


@case("Ids of two kinds", code=4)
def _(at: Scene) -> None:
    at.write_sheet([*deals(1), Deal(opportunity="AUTO-7", name="Deal 2")])


@case("Every row is rejected, at check", CHECK, code=10)
def _(at: Scene) -> None:
    every_row_is_wrong(at)


@case("Every row is rejected", RUN, code=10)
def _(at: Scene) -> None:
    every_row_is_wrong(at)


@case("A row with more cells than the header", CHECK, code=10)
def _(at: Scene) -> None:
    at.write_sheet([*deals(1), (guid(2), "Deal 2", "1,000", "0", "South", "Remark 2")])


@case("A cell with control characters is refused", CHECK, code=10)
def _(at: Scene) -> None:
    at.write_sheet([Deal(opportunity=guid(1), name="Deal", amount="\x1b[31m1.50\x07")])
    at.write_mapping("version: 1\nsource: {encoding: utf-8}\n" + AMOUNT)


AMOUNT = (
    "opportunity: {type: 12000, id: Opportunity Id}\n"
    "fields: {mx_Custom_6: {column: Amount, type: number}}\n"
)


def every_row_is_wrong(at: Scene) -> None:
    at.write_sheet([(guid(1), "One", "about 5", "", ""), ("", "Two", "2.00", "", "")])
