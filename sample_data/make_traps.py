"""Make the files of `traps/`: each small, each about one thing that goes wrong with real files.

What the loader gives for each stands in `tests/integration/test_loader_samples.py`; what each is
about in `README.md`.
"""

import struct
import zipfile
import zlib
from pathlib import Path

from raw_workbook import (
    CLOCK,
    DAY,
    ELAPSED,
    MOMENT,
    MONEY,
    Workbook,
    data,
    number,
    row,
    text,
    write_zip,
)

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"


def packed(content: bytes) -> bytes:
    """As gzip stores what it cannot make smaller: the same bytes with every version of zlib."""
    size = len(content)
    block = b"\x01" + struct.pack("<HH", size, size ^ 0xFFFF) + content
    return (
        b"\x1f\x8b\x08"
        + b"\0" * 6
        + b"\xff"
        + block
        + struct.pack("<II", zlib.crc32(content), size)
    )


DEALS = "Id,Name\r\n1,Zoë\r\n2,अनिता\r\n"

TEXT_FILES = {
    "utf8_bom_semicolon.csv": b"\xef\xbb\xbf" + 'Id;Name;Amount\r\n007;Zoë;"1,5"\r\n'.encode(),
    "cp1252.csv": "Id,Name\r\n1,Zoë\r\n2,Ünal\r\n".encode("cp1252"),
    "utf16.csv": b"\xff\xfe" + "Id\tName\r\n1\tअनिता\r\n".encode("utf-16-le"),
    "utf16_without_mark.csv": "Id,Name\r\n1,Zoë\r\n".encode("utf-16-le"),
    "iso2022jp.csv": "Id,Name\n1,田中\n".encode("iso-2022-jp"),
    "pipe.csv": b"Id|Name|Note\n1|Ana|a, b; c\n",
    "looks_like_values.csv": b"Id,A,B,C,D\n00123,1E5,NA,null, x \n"
    b"12345678901234567890,+91 98,-,=1+1,'q\n",
    "quotes.csv": b'Id,Note\n1,"said ""hi"", left"\n2,"line one\nline two"\n3,5" pipe\n',
    "mixed_line_ends.csv": b'Id,Note\r\n1,a\n2,b\r3,"c\r\nd"\r\n4,e',
    "ragged.csv": b"Id,Name,Stage\n1,Ana,won\n2,Bo\n3,Cy,lost,extra\n\n , ,\n4,Di,won\n",
    "nul.csv": b"Id,Name\n1,Ana\n2,B\0b\n3,Cy\n",
    "long_cell.csv": b"Id,Note\n1," + b"x" * 32_767 + b"\n2," + b"y" * 32_768 + b"\n3,z\n",
    "unclosed_quote.csv": b'Id,Note\n1,"fine\nstill fine"\n2,"never closed\n3,c\n4,d\n',
    "stray_quote.csv": b'Id,Note\n1,ok\n2,"said "hi" to me"\n3,c\n',
    "twice_the_same_name.csv": b"Id,Name,Stage,Name\n1,a,b,c\n",
    "trailing_delimiter.csv": b"Id;Name;\n1;Ana;\n2;Bo;left over\n3;Cy\n",
    "preamble.csv": b"Report of 2 April 2024\nOld CRM; all regions\nId,Name\n1,Ana\n",
    "header_only.csv": b"Id,Name\n",
    "empty.csv": b"",
    "page.xls": b"\r\n<html><body><table><tr><td>Id</td></tr></table></body></html>\r\n",
    "data.csv": b'[{"Id": "1", "Name": "Ana"}]\n',
    "packed.csv.gz": packed(DEALS.encode()),
    "packed_utf16.csv.gz": packed(b"\xff\xfe" + DEALS.encode("utf-16-le")),
    "packed_twice.csv.gz": packed(b"Id,Name\n1,Ana\n") + packed(b"2,Bo\n"),
    "packed_cut_off.csv.gz": packed(DEALS.encode())[:-12],
    "packed_damaged.csv.gz": packed(DEALS.encode()).replace(b"1,Zo", b"7,Zo"),
    "packed_workbook.xlsx.gz": packed(b"PK\x03\x04" + b"\0" * 26),
    "sep_line.csv": b'sep=;\r\nId;Note\r\n1;"a, b\r\nc"\r\n2;d\r\n',
    "sep_line_quoted.csv": b'\xef\xbb\xbf"SEP=~"\nId~Name, first\n1~Ana\n',
    "blank_above.csv": b"\r\n,\r\nId,Name\r\n1,Ana\r\n",
    "blank_below.csv": b'Id,Name\n,\n"  ",\n\n',
    "rare_delimiter.csv": "Id¦Name¦Amount\n1¦Ana, Bo¦1;5\n2¦Zoë|Cy¦2\n".encode(),
    "double_pipes.csv": b"Id||Name||Note\n1||Ana||x\n2||Bo\n3||Cy|lost||y\n",
    "backslash_quotes.csv": b'Id,Note\n1,ok\n2,"said \\"hi\\", left"\n3,c:\\\\dir\n',
    "single_quotes.csv": b"Id,Note\n1,'a, b'\n2,'it''s \"so\"'\n",
    "no_quoting.tsv": b'Id\tNote\n1\t"tall" one\n2\t5" pipe\n3\t"\n',
    "padded_title.csv": b"Report of April,,\r\n,,\r\nId,Name,Note\r\n1,Ana,\r\n2,Bo,x\r\n",
    "cr_ends.csv": b'Id,Note\r1,a\r2,"b\rc"\r3,d',
    "quoted_blanks.csv": b'"Id","Note"\n"",""\n"1",""\n" ","\n"\n"2","\n"\n',
    "one_quoted_column.csv": b'"Id"\n"1"\n"a, b; c"\n"say ""x"""\n',
    "header_in_utf8.csv": "Nº,名前,नोट\n1,さくら,ठीक\n".encode(),
    "tabs_and_spaces.txt": b"Id \tName\tNote\n1\t Ana \t\n2\tBo B\t \n",
    "cp1250.csv": "Id,Name\n1,Łukasz Żak\n2,Świętosława\n".encode("cp1250"),
    "cp1251.csv": "Id,Name\n1,Иван Петров\n2,Анна\n".encode("cp1251"),
    "shift_jis.csv": "Id,Name\n1,田中さくら\n2,佐藤\n".encode("shift_jis"),
    "one_line_not_utf8.csv": "Id,Name\n1,Zoë\n2,Ünal\n".encode() + b"3,Jos\xe9\n",
}


def make_traps(folder: Path) -> None:
    """Write every file into the folder, which must exist."""
    for name, content in TEXT_FILES.items():
        (folder / name).write_bytes(content)
    _values(folder)
    _faults(folder)
    _shapes(folder)
    _not_workbooks(folder)


# ------------------------------------------------------------------ cells


def _values(folder: Path) -> None:
    header = row(1, text("Id"), text("A"), text("B"), text("C"))
    Workbook(
        sheets={
            "Numbers": data(
                header,
                row(2, text("00123"), number("200000"), number("0.1"), number("1E+21")),
                row(3, number("12345678901234567890"), number("434650.97", MONEY), number("-5")),
                row(4, number("0.30000000000000004"), "<c/>", '<c t="b"><v>1</v></c>'),
                row(5, text("1E5"), text("NA"), text(" x "), '<c t="b"><v>0</v></c>'),
            )
        }
    ).write(folder / "numbers.xlsx")
    moments = [
        (2, 45384.5095370255, MOMENT),  # 12:13:43.999: shown, and given, as 12:13:44
        (3, 45384.9999999, DAY),
        (4, 0.509537037037037, CLOCK),
        (5, 1.25, ELAPSED),
        (6, 1, DAY),
        (7, 60, DAY),  # 29 February 1900, which never was
        (8, -1, DAY),
    ]
    rows = [row(at, text(str(at)), number(value, style)) for at, value, style in moments]
    sheet = data(row(1, text("Id"), text("When")), *rows)
    Workbook(sheets={"Dates": sheet}).write(folder / "dates_1900.xlsx")
    Workbook(sheets={"Dates": sheet}, is_1904=True).write(folder / "dates_1904.xlsx")
    Workbook(
        texts=[
            "<t>a_x000D_b</t>",
            "<t>_x005F_x000D_</t>",
            "<r><t>rich</t></r><r><rPr><b/></rPr><t xml:space='preserve'> text</t></r>",
            "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>",
            "<t>x005F_ stays</t>",
        ],
        sheets={
            "Texts": data(
                row(1, text("Id"), text("Text")),
                *(row(at + 2, number(at + 2), f'<c t="s"><v>{at}</v></c>') for at in range(5)),
                row(7, number(7), text("=1+1")),
            )
        },
    ).write(folder / "texts.xlsx")


def _faults(folder: Path) -> None:
    calculated = "<c><f>1+1</f><v>2</v></c>"
    Workbook(
        sheets={
            "Faults": data(
                row(1, text("Id"), text("Amount"), text("Stage")),
                row(2, number(2), '<c t="e"><v>#N/A</v></c>', text("won")),
                row(3, number(3), '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', text("won")),
                row(4, number(4), "<c><f>A1*2</f></c>", text("won")),
                row(5, number(5), calculated, text("won")),
                row(6, number(6), '<c t="str"><f>""</f><v></v></c>', text("won")),
                row(7, number(7), number(1), text("won"), text("a note in the margin")),
            )
        }
    ).write(folder / "faults.xlsx")


# ------------------------------------------------------------------ sheets


def _shapes(folder: Path) -> None:
    header = row(1, text("Id"), text("Name"))
    Workbook(
        sheets={
            "Deals": '<dimension ref="A1:B2"/>'
            + data(header, *(row(at, number(at), text("x")) for at in range(2, 6)))
        }
    ).write(folder / "wrong_size.xlsx")
    Workbook(
        sheets={
            "Deals": data(
                header,
                row(2, number(2), text("Ana")),
                row(3, text(" "), "<c/>"),
                row(6, number(6), text("Bo"), attributes=' hidden="1"'),
                row(9, number(9), text("merged"), "<c/>"),
                "<row r='12'/>",
            )
            + '<mergeCells count="1"><mergeCell ref="B9:C9"/></mergeCells>'
        }
    ).write(folder / "gaps.xlsx")
    one = data(header, row(2, number(1), text("Ana")))
    Workbook(
        sheets={"Notes": data(row(1, text("Secret"))), "Deals 2024": one, "Deals 2023": one},
        hidden=("Notes",),
    ).write(folder / "several_sheets.xlsx")
    unnamed = row(1, text("Id"), text(" "), text("Name"))
    Workbook(
        sheets={
            "Deals": data(
                unnamed,
                row(2, number(2), "<c/>", text("Ana")),
                row(3, number(3), text("left over"), text("Bo")),
            )
        }
    ).write(folder / "column_without_name.xlsx")


# ------------------------------------------------------------------ what is no workbook


def _not_workbooks(folder: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    named = "EncryptedPackage".encode("utf-16-le")
    (folder / "password_protected.xlsx").write_bytes(ole + named + b"\0" * 480)
    (folder / "old.xls").write_bytes(ole + "Workbook".encode("utf-16-le") + b"\0" * 496)
    Workbook(sheets={"Deals": data(row(1, text("Id")))}, is_strict=True).write(
        folder / "strict.xlsx"
    )
    whole = folder / "numbers.xlsx"
    (folder / "cut_off.xlsx").write_bytes(whole.read_bytes()[:-300])
    write_zip(folder / "only_a_zip.xlsx", {"deals.csv": "Id,Name\n1,Ana\n"})
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    Workbook(sheets={"Deals": data(row(1, text("Id")))}).write(folder / "entities.xlsx")
    _replace(folder / "entities.xlsx", "xl/worksheets/sheet1.xml", bomb)


def _replace(path: Path, part: str, front: str) -> None:
    """Write a document type in front of one part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    head, rest = parts[part].split("\n", 1)
    parts[part] = f"{head}\n{front}{rest}"
    write_zip(path, parts)
