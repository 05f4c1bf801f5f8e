"""Make the files of `traps/`: each small, each about one thing that goes wrong with real files.

What the loader gives for each stands in `tests/integration/test_loader_samples.py`; what each is
about in `README.md`.
"""

import struct
import zipfile
import zlib
from pathlib import Path

import raw_ods as ods
import raw_xls
import raw_xlsb
import xlwt
from make_workbook_traps import make_workbook_traps
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
    _old(folder)
    _binary(folder)
    _not_workbooks(folder)
    make_workbook_traps(folder)
    _open_document(folder)
    _not_spreadsheets(folder)


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


# ------------------------------------------------------------------ old and binary workbooks


def _old(folder: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("Notes").visibility = 1
    sheet = book.add_sheet("Deals")
    moment, day, elapsed, zeros = (
        xlwt.easyxf(num_format_str=code)
        for code in ("dd/mm/yyyy hh:mm:ss", "dd/mm/yyyy", "[h]:mm:ss", "00000")
    )
    _line(sheet, 1, "Id", "Name", "Amount", "Closing", "Won", "Note")
    _line(sheet, 2, (7, zeros), "Zoë", 0.1, (45384.5095370255, moment), True, "a\rb 😀")
    _line(sheet, 3, "00123", "अनिता", -5, (1.25, elapsed), False, ("", day))
    _line(sheet, 4, 4, None, None, (-1, day))
    sheet.row(3).set_cell_error(2, "#N/A!")
    sheet.write_merge(3, 4, 5, 6, "merged")
    _line(sheet, 7, 7, "_x000D_", 1500.5, (45384, day))
    sheet.row(6).hidden = sheet.col(4).hidden = True
    book.set_active_sheet(1)
    book.save(str(folder / "old.xls"))

    book = xlwt.Workbook()
    book.dates_1904 = True
    sheet = book.add_sheet("Deals")
    _line(sheet, 1, "Id", "Closing")
    _line(sheet, 2, 1, (45384, day))
    book.save(str(folder / "old_1904.xls"))

    book = xlwt.Workbook()
    sheet = book.add_sheet("Deals")
    _line(sheet, 1, "Id", "Amount")
    _line(sheet, 2, 2, xlwt.Formula("1+1"))
    book.save(str(folder / "old_not_calculated.xls"))
    raw_xls.formulas(folder / "old_formulas.xls")
    raw_xls.excel_5(folder / "excel_5.xls")


def _line(sheet: xlwt.Worksheet, at: int, *values: object) -> None:
    """Fill a row, numbered as Excel does; a pair is a value and its style."""
    for column, value in enumerate(values):
        if isinstance(value, tuple):
            sheet.write(at - 1, column, *value)
        elif value is not None:
            sheet.write(at - 1, column, value)


def _binary(folder: Path) -> None:
    b = raw_xlsb
    names = ("Id", "Name", "Amount", "Closing", "Won")
    header = b.row(1, *(b.text(column, name) for column, name in enumerate(names)))
    when, moment = 45384.5095370255, b.MOMENT
    sheet = b.sheet(
        header,
        b.row(
            2,
            *(b.whole(0, 7, b.ZEROS), b.shared(1, 0), b.real(2, 0.1)),
            *(b.real(3, when, moment), b.boolean(4, True)),
        ),
        b.row(
            3,
            *(b.text(0, "00123"), b.shared(1, 1), b.rk(2, 150050 << 2 | 3)),
            *(b.real(3, 1.25, b.ELAPSED), b.boolean(4, False)),
            is_hidden=True,
        ),
        b.row(4, b.whole(0, 4), b.blank(1, b.DAY), b.error(2, 0x2A), b.real(3, -1, b.DAY)),
        b.row(
            7,
            *(b.whole(0, 7), b.shared(1, 2), b.whole(2, -5), b.whole(3, 45384, b.DAY)),
            b.cell(8, 4, b.wide("_x000D_ 😀") + b.FORMULA),
        ),
        merged=((8, 9, 1, 2),),
        head=b.columns((4, 4)),
    )
    texts = [b.rich("Zoë"), b.rich("rich text", is_formatted=True), b.rich("東京", phonetic="トウ")]
    notes = b.sheet(b.row(1, b.text(0, "Secret")))
    sheets = {"Notes": notes, "Chart": sheet, "Deals": sheet}
    book = b.BinaryWorkbook(sheets=sheets, texts=texts, hidden=("Notes",), charts=("Chart",))
    book.write(folder / "binary.xlsb")
    days = b.sheet(header, b.row(2, b.whole(0, 1), b.whole(3, 45384, b.DAY)))
    b.BinaryWorkbook(sheets={"Deals": days}, is_1904=True).write(folder / "binary_1904.xlsb")
    parts = b.BinaryWorkbook(sheets={"Deals": days}).parts()
    part = "xl/worksheets/sheet1.bin"
    parts[part] = parts[part].removesuffix(b.record(146) + b.record(130))
    b.write_parts(folder / "binary_cut_off.xlsb", parts)


# ------------------------------------------------------------------ what is no workbook


def _not_workbooks(folder: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    raw_xls.write_compound(folder / "password_protected.xlsx", bytes(8_192), "EncryptedPackage")
    (folder / "old_broken.xls").write_bytes(ole + "Workbook".encode("utf-16-le") + bytes(496))
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


# ------------------------------------------------------------------ OpenDocument


def _open_document(folder: Path) -> None:
    header = ods.row(ods.text("Id"), ods.text("A"), ods.text("B"))
    rows = [
        (ods.number(200000), ods.number("1.23456789012346E+019")),
        (ods.cell("percentage", 0.12, "<text:p>12%</text:p>", style="percent"), ods.blank()),
        (ods.cell("currency", 434650.97, style="money"), ods.number(-5)),
        (ods.number(123, "zeros"), ods.number("0.5", "zeros")),
        (ods.cell("boolean", "true"), ods.formula("1=2", "float", 0, "<text:p>FALSE</text:p>")),
        (ods.cell("date", "2024-04-02", style="day"), ods.cell("date", "2024-04-02")),
        (
            ods.cell("date", "2024-04-02", style="moment"),  # midnight: LibreOffice leaves it out
            ods.cell("date", "2024-04-02T12:13:43.999", style="moment"),
        ),
        (
            ods.cell("time", "PT12H13M43.999S", style="clock"),
            ods.cell("time", "PT06H00M00S", style="elapsed"),
        ),
        (ods.cell("time", "PT30H02M00S", style="elapsed"), ods.cell("date", "2024-02-31")),
        (ods.text("00123"), ods.text("=1+1")),
    ]
    numbered = [ods.row(ods.number(at), *cells) for at, cells in enumerate(rows, start=2)]
    ods.Spreadsheet(sheets={"Values": header + "".join(numbered)}).write(folder / "values.ods")
    _open_document_texts(folder, header)
    _open_document_faults(folder, header)
    _open_document_shapes(folder, header)


def _open_document_texts(folder: Path, header: str) -> None:
    comment = "<office:annotation><text:p>not the cell's</text:p></office:annotation>"
    laid_out = "<text:p>\n  laid out\n  <text:span>by\n a program</text:span>\n</text:p>"
    texts = [
        ods.paragraphs("  two  spaces  "),
        "<text:p>as  LibreOffice</text:p><text:p>  writes  lines </text:p>",
        laid_out,
        "<text:p>one<text:line-break/>two<text:tab/>three<text:s text:c='2'/></text:p>",
        comment + "<text:p>with a comment</text:p>",
        "<draw:frame><draw:text-box><text:p>a box</text:p></draw:text-box></draw:frame>",
    ]
    rows = [ods.row(ods.number(at), ods.cell("string", shown=t)) for at, t in enumerate(texts, 2)]
    ods.Spreadsheet(sheets={"Texts": header + "".join(rows)}).write(folder / "texts.ods")


def _open_document_faults(folder: Path, header: str) -> None:
    not_available = "<text:p>#N/A</text:p>"
    stated = ' table:formula="of:=1/0" office:string-value="" calcext:value-type="error"'
    rows = [
        ods.cell("string", shown="<text:p>#DIV/0!</text:p>", attributes=stated),
        ods.formula("NA()", "float", 0, not_available),
        ods.formula("FOO(", "string", shown="<text:p>Err:502</text:p>"),
        ods.formula("A1*2"),
        ods.formula("1+1", "float", 2, "<text:p>2</text:p>"),
        ods.formula('""', shown="<text:p/>"),
        ods.text("#N/A"),
    ]
    inside = "".join(ods.row(ods.number(at), found) for at, found in enumerate(rows, start=2))
    ods.Spreadsheet(sheets={"Faults": header + inside}).write(folder / "faults.ods")


def _open_document_shapes(folder: Path, header: str) -> None:
    folded = ' table:visibility="collapse"'
    merged = ' table:number-columns-spanned="2"'
    inside = (
        '<table:table-column table:number-columns-repeated="1024"/>'
        f"<table:table-header-rows>{header}</table:table-header-rows>"
        + ods.row(ods.number(2), ods.text("same", ' table:number-columns-repeated="2"'))
        + ods.row(ods.number(3), ods.text("thrice"), repeat=3)
        + ods.row(ods.blank(1024), repeat=2)
        + f"<table:table-row-group>{ods.row(ods.number(8), ods.text('Bo'), attributes=folded)}"
        f"</table:table-row-group>"
        + ods.row(ods.number(9), ods.text("merged", merged), "<table:covered-table-cell/>")
        + ods.row(ods.blank(1024), repeat=1_048_567)
    )
    ods.Spreadsheet(
        sheets={"Notes": header, "Deals": inside, "'file:///x.ods'#$Deals": header},
        hidden=("Notes",),
    ).write(folder / "shapes.ods")


def _not_spreadsheets(folder: Path) -> None:
    whole = ods.Spreadsheet(sheets={"Deals": ods.row(ods.text("Id"))})
    letter = whole.parts()
    letter["mimetype"] = "application/vnd.oasis.opendocument.text"
    letter["content.xml"] = letter["content.xml"].replace("office:spreadsheet", "office:text")
    ods.write_package(folder / "letter.ods", letter)
    whole.manifest = '<m:encryption-data m:checksum="x"/>'
    whole.write(folder / "password_protected.ods")
    long = ods.text("x" * 1_000, ' table:number-columns-repeated="1000"')
    ods.Spreadsheet(
        sheets={"Deals": ods.row(ods.text("Id")) + ods.row(long, repeat=1_000_000)}
    ).write(folder / "repeated.ods")
