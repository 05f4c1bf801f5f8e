"""Every sample file gives exactly the rows it was made for, or the refusal that it deserves."""

import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.mapper import compile_mapping
from migrator.mapping import load_mapping
from migrator.model import Cell, Rejected, SourceRow

SAMPLES = Path(__file__).parents[2] / "sample_data"
TRAPS = SAMPLES / "traps"

Given = tuple[int, tuple[Cell, ...]]
"""Row number and cells of a row that was given."""
Refused = tuple[int, str]
"""Row number and the codes of the problems of a row that was rejected."""

ROWS: dict[str, tuple[list[Given], list[Refused], int]] = {
    # name: rows given, rows rejected, blank rows
    "utf8_bom_semicolon.csv": ([(2, ("007", "Zoë", "1,5"))], [], 0),
    "utf16.csv": ([(2, ("1", "अनिता"))], [], 0),
    "pipe.csv": ([(2, ("1", "Ana", "a, b; c"))], [], 0),
    "looks_like_values.csv": (
        [
            (2, ("00123", "1E5", "NA", "null", " x ")),
            (3, ("12345678901234567890", "+91 98", "-", "=1+1", "'q")),
        ],
        [],
        0,
    ),
    "quotes.csv": (
        [(2, ("1", 'said "hi", left')), (3, ("2", "line one\nline two")), (4, ("3", '5" pipe'))],
        [],
        0,
    ),
    "mixed_line_ends.csv": (
        [(2, ("1", "a")), (3, ("2", "b")), (4, ("3", "c\r\nd")), (5, ("4", "e"))],
        [],
        0,
    ),
    "ragged.csv": (
        [(2, ("1", "Ana", "won")), (7, ("4", "Di", "won"))],
        [(3, "cell-count"), (4, "cell-count")],
        2,
    ),
    "nul.csv": ([(2, ("1", "Ana")), (4, ("3", "Cy"))], [(3, "nul")], 0),
    "long_cell.csv": ([(2, ("1", "x" * 32_767)), (4, ("3", "z"))], [(3, "too-long")], 0),
    "trailing_delimiter.csv": (
        [(2, ("1", "Ana"))],
        [(3, "unnamed-column"), (4, "cell-count")],
        0,
    ),
    "packed.csv.gz": ([(2, ("1", "Zoë")), (3, ("2", "अनिता"))], [], 0),
    "packed_utf16.csv.gz": ([(2, ("1", "Zoë")), (3, ("2", "अनिता"))], [], 0),
    "packed_twice.csv.gz": ([(2, ("1", "Ana")), (3, ("2", "Bo"))], [], 0),
    "sep_line.csv": ([(2, ("1", "a, b\r\nc")), (3, ("2", "d"))], [], 0),
    "sep_line_quoted.csv": ([(2, ("1", "Ana"))], [], 0),
    "blank_above.csv": ([(4, ("1", "Ana"))], [], 0),
    "rare_delimiter.csv": ([(2, ("1", "Ana, Bo", "1;5")), (3, ("2", "Zoë|Cy", "2"))], [], 0),
    "double_pipes.csv": (
        [(2, ("1", "Ana", "x"))],
        [(3, "cell-count"), (4, "cell-count")],
        0,
    ),
    "cr_ends.csv": ([(2, ("1", "a")), (3, ("2", "b\rc")), (4, ("3", "d"))], [], 0),
    "quoted_blanks.csv": ([(3, ("1", "")), (5, ("2", "\n"))], [], 2),
    "one_quoted_column.csv": ([(2, ("1",)), (3, ("a, b; c",)), (4, ('say "x"',))], [], 0),
    "header_in_utf8.csv": ([(2, ("1", "さくら", "ठीक"))], [], 0),
    "tabs_and_spaces.txt": ([(2, ("1", " Ana ", "")), (3, ("2", "Bo B", " "))], [], 0),
    "numbers.xlsx": (
        [
            (2, ("00123", "200000", "0.1", "1000000000000000000000")),
            (3, ("12345678901234567890", "434650.97", "-5", "")),
            (4, ("0.30000000000000004", "", "TRUE", "")),
            (5, ("1E5", "NA", " x ", "FALSE")),
        ],
        [],
        0,
    ),
    "dates_1900.xlsx": (
        [
            (2, ("2", datetime(2024, 4, 2, 12, 13, 44))),
            (3, ("3", date(2024, 4, 3))),
            (4, ("4", time(12, 13, 44))),
            (5, ("5", timedelta(hours=30))),
            (6, ("6", date(1900, 1, 1))),
        ],
        [(7, "impossible-date"), (8, "impossible-date")],
        0,
    ),
    "dates_1904.xlsx": (
        [
            (2, ("2", datetime(2028, 4, 3, 12, 13, 44))),
            (3, ("3", date(2028, 4, 4))),
            (4, ("4", time(12, 13, 44))),
            (5, ("5", timedelta(hours=30))),
            (6, ("6", date(1904, 1, 2))),
            (7, ("7", date(1904, 3, 1))),
        ],
        [(8, "impossible-date")],
        0,
    ),
    "texts.xlsx": (
        [
            (2, ("2", "a\rb")),
            (3, ("3", "_x000D_")),
            (4, ("4", "rich text")),
            (5, ("5", "東京")),
            (6, ("6", "x005F_ stays")),
            (7, ("7", "=1+1")),
        ],
        [],
        0,
    ),
    "faults.xlsx": (
        [(5, ("5", "2", "won")), (6, ("6", "", "won"))],
        [(2, "error-cell"), (3, "error-cell"), (4, "no-cached-value"), (7, "cell-count")],
        0,
    ),
    "formats.xlsx": (
        [
            (2, ("1", "01234", "0.125", "5")),
            (3, ("2", "123456", "1", "2.5")),
            (4, ("3", "1.5", "-00005", "7")),
            (5, ("4", "00099", "0.0000001", "123456789012345678")),
        ],
        [],
        0,
    ),
    "strict.xlsx": (
        [(2, ("007", "Zoë", date(2024, 4, 2)))],
        [(3, "error-cell"), (4, "impossible-date")],
        0,
    ),
    "table_below_and_right.xlsx": ([(5, ("1", "Ana")), (7, ("2", "Bo"))], [], 1),
    "formatted_but_blank.xlsx": ([(2, ("1", "Ana")), (2_500, ("2", "Bo"))], [], 2_997),
    "hidden_columns.xlsx": ([(2, ("1", "Ana", "x"))], [], 0),
    "odd_package.xlsx": ([(2, ("2", "<Bo>"))], [], 0),
    "wrong_size.xlsx": ([(at, (str(at), "x")) for at in range(2, 6)], [], 0),
    "gaps.xlsx": ([(2, ("2", "Ana")), (6, ("6", "Bo")), (9, ("9", "merged"))], [], 8),
    "several_sheets.xlsx": ([(2, ("1", "Ana"))], [], 0),
    "old.xls": (
        [
            (2, ("00007", "Zoë", "0.1", datetime(2024, 4, 2, 12, 13, 44), "TRUE", "a\rb 😀")),
            (3, ("00123", "अनिता", "-5", timedelta(hours=30), "FALSE", "")),
            (7, ("7", "_x000D_", "1500.5", date(2024, 4, 2), "", "")),
        ],
        [(4, "error-cell impossible-date")],
        2,
    ),
    "old_1904.xls": ([(2, ("1", date(2028, 4, 3)))], [], 0),
    "old_formulas.xls": ([], [(2, "error-cell")], 0),
    "old_not_calculated.xls": ([], [(2, "no-cached-value")], 0),
    "excel_5.xls": ([(2, ("1", "Żółw €", date(2024, 4, 2), "rich"))], [], 0),
    "binary.xlsb": (
        [
            (2, ("00007", "Zoë", "0.1", datetime(2024, 4, 2, 12, 13, 44), "TRUE")),
            (3, ("00123", "rich text", "1500.5", timedelta(hours=30), "FALSE")),
            (7, ("7", "東京", "-5", date(2024, 4, 2), "_x000D_ 😀")),
        ],
        [(4, "error-cell impossible-date")],
        2,
    ),
    "binary_1904.xlsb": ([(2, ("1", "", "", date(2028, 4, 3), ""))], [], 0),
    "values.ods": (
        [
            (2, ("2", "200000", "12345678901234600000")),
            (3, ("3", "0.12", "")),
            (4, ("4", "434650.97", "-5")),
            (5, ("5", "00123", "0.5")),
            (6, ("6", "TRUE", "FALSE")),
            (7, ("7", date(2024, 4, 2), date(2024, 4, 2))),
            (8, ("8", datetime(2024, 4, 2), datetime(2024, 4, 2, 12, 13, 44))),
            (9, ("9", time(12, 13, 44), timedelta(hours=6))),
            (11, ("11", "00123", "=1+1")),
        ],
        [(10, "impossible-date")],
        0,
    ),
    "texts.ods": (
        [
            (2, ("2", "  two  spaces  ", "")),
            (3, ("3", "as  LibreOffice\n  writes  lines ", "")),
            (4, ("4", "laid out by a program", "")),
            (5, ("5", "one\ntwo\tthree  ", "")),
            (6, ("6", "with a comment", "")),
            (7, ("7", "", "")),
        ],
        [],
        0,
    ),
    "faults.ods": (
        [(6, ("6", "2", "")), (7, ("7", "", "")), (8, ("8", "#N/A", ""))],
        [(2, "error-cell"), (3, "error-cell"), (4, "error-cell"), (5, "no-cached-value")],
        0,
    ),
    "shapes.ods": (
        [
            (2, ("2", "same", "same")),
            (3, ("3", "thrice", "")),
            (4, ("3", "thrice", "")),
            (5, ("3", "thrice", "")),
            (8, ("8", "Bo", "")),
            (9, ("9", "merged", "")),
        ],
        [],
        2,
    ),
    "column_without_name.xlsx": ([(2, ("2", "Ana"))], [(3, "unnamed-column")], 0),
}

REFUSALS = {
    "cp1252.csv": ("cp1252.csv: line 2, byte 13: byte 0xEB is not UTF-8", "encoding: cp1252"),
    "utf16_without_mark.csv": ("looks like UTF-16", "encoding: utf-16-le"),
    "iso2022jp.csv": ("iso2022jp.csv: line 2, byte 10", "encoding: iso-2022-jp"),
    "cp1250.csv": ("line 2, byte 10: byte 0xA3", '"Łukasz Żak"'),
    "cp1251.csv": ("line 2, byte 10: byte 0xC8", "source: {encoding: cp1251}"),
    "shift_jis.csv": ("line 2, byte 10: byte 0x93", "source: {encoding: cp932}"),
    "one_line_not_utf8.csv": ("line 4, byte 28: byte 0xE9", "Other lines are UTF-8"),
    "packed_cut_off.csv.gz": ("the gzip file is cut off", "Get a fresh copy"),
    "packed_damaged.csv.gz": ("the gzip file is damaged", "Get a fresh copy"),
    "packed_workbook.xlsx.gz": ("compressed with gzip, and what is in it is no text", "Unpack it"),
    "blank_below.csv": ("there are no rows under the column names", "the right file"),
    "preamble.csv": ("row 1 holds one cell, but the rows from row 3 on", "{header_row: 3}"),
    "padded_title.csv": ("row 1 holds one cell, but the rows from row 3 on", "{header_row: 3}"),
    "backslash_quotes.csv": ("line 3: a quoted cell ends on line 3", "source: {escape: '\\'}"),
    "unclosed_quote.csv": ("unclosed_quote.csv: line 4: a quote opens", "Close the quote"),
    "stray_quote.csv": ("stray_quote.csv: line 3: a quoted cell ends", "must be doubled"),
    "twice_the_same_name.csv": ('columns B and D are both called "Name"', "Rename one"),
    "empty.csv": ("empty.csv: the file is empty", "Export the data again"),
    "page.xls": ("page.xls: the file is a web page", "Save As"),
    "data.csv": ("data.csv: the file is JSON", "Export the data"),
    "header_only.csv": ("there are no rows under the column names", "the right file"),
    "password_protected.xlsx": ("the workbook is password-protected", "remove the password"),
    "old_broken.xls": ("old_broken.xls", "Excel Workbook (*.xlsx)"),
    "binary_cut_off.xlsb": ("the workbook is broken", "fresh copy"),
    "letter.ods": ("an OpenDocument text, not a spreadsheet", "Name the spreadsheet"),
    "password_protected.ods": ("the workbook is password-protected", "LibreOffice"),
    "repeated.ods": ("repeats cells over and over (row 2)", "CSV UTF-8"),
    "cut_off.xlsx": ("zip archive is cut off or damaged", "fresh copy"),
    "only_a_zip.xlsx": ("a zip archive, not a workbook", "Unpack it"),
    "entities.xlsx": ('sheet "Deals": the workbook is broken: its XML has a document', "again"),
}

OPTIONS: dict[str, tuple[dict[str, Any], list[Given]]] = {
    # name: how it must be opened, what it then gives
    "preamble.csv": ({"header_row": 3}, [(4, ("1", "Ana"))]),
    "padded_title.csv": ({"header_row": 3}, [(4, ("1", "Ana", "")), (5, ("2", "Bo", "x"))]),
    "backslash_quotes.csv": (
        {"escape": "\\"},
        [(2, ("1", "ok")), (3, ("2", 'said "hi", left')), (4, ("3", "c:\\dir"))],
    ),
    "single_quotes.csv": ({"quote": "'"}, [(2, ("1", "a, b")), (3, ("2", 'it\'s "so"'))]),
    "no_quoting.tsv": (
        {"quote": "none"},
        [(2, ("1", '"tall" one')), (3, ("2", '5" pipe')), (4, ("3", '"'))],
    ),
    "cp1250.csv": (
        {"encoding": "cp1250"},
        [(2, ("1", "Łukasz Żak")), (3, ("2", "Świętosława"))],
    ),
    "cp1251.csv": ({"encoding": "cp1251"}, [(2, ("1", "Иван Петров")), (3, ("2", "Анна"))]),
    "shift_jis.csv": ({"encoding": "cp932"}, [(2, ("1", "田中さくら")), (3, ("2", "佐藤"))]),
    "cp1252.csv": ({"encoding": "cp1252"}, [(2, ("1", "Zoë")), (3, ("2", "Ünal"))]),
    "iso2022jp.csv": ({"encoding": "iso-2022-jp"}, [(2, ("1", "田中"))]),
    "utf16_without_mark.csv": ({"encoding": "utf-16-le"}, [(2, ("1", "Zoë"))]),
    "pipe.csv": ({"delimiter": "|"}, [(2, ("1", "Ana", "a, b; c"))]),
    "several_sheets.xlsx": ({"sheet": 3}, [(2, ("1", "Ana"))]),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_trap_gives_exactly_its_rows(name: str) -> None:
    given: list[Given] = []
    refused: list[Refused] = []

    with open_rows(TRAPS / name) as source:
        for item in source:
            if isinstance(item, Rejected):
                refused.append((item.row.row, " ".join(found.code for found in item.problems)))
            else:
                given.append((item.row, item.cells))

    assert (given, refused, source.blank_rows) == ROWS[name]
    assert source.rows_read == len(given) + len(refused)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_trap_is_refused_with_place_and_advice(name: str) -> None:
    problem, advice = REFUSALS[name]

    with pytest.raises(SourceError) as refusal, open_rows(TRAPS / name) as source:
        list(source)

    assert problem in str(refusal.value)
    assert advice in refusal.value.advice


@pytest.mark.parametrize("name", OPTIONS)
def test_a_trap_gives_its_rows_when_told_how(name: str) -> None:
    options, expected = OPTIONS[name]

    with open_rows(TRAPS / name, **options) as source:
        found = [(row.row, row.cells) for row in source if isinstance(row, SourceRow)]

    assert found == expected


def test_every_trap_is_tested_and_described() -> None:
    names = {path.name for path in TRAPS.iterdir()}
    described = (SAMPLES / "README.md").read_text(encoding="utf-8")

    assert names == set(ROWS) | set(REFUSALS) | set(OPTIONS)
    assert {name for name in names if f"`{name}`" not in described} == set()


def test_the_script_makes_the_samples_that_are_here(tmp_path: Path) -> None:
    script = SAMPLES / "make_samples.py"

    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=60)

    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) > 30
    for path in made:
        assert content(tmp_path / path) == content(SAMPLES / path), path


def content(path: Path) -> bytes | dict[str, bytes]:
    """The bytes of a file; of a workbook its parts, since packing differs between machines."""
    if path.suffix in {".xlsx", ".xlsb", ".ods"} and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return b"" if path.name == "cut_off.xlsx" else path.read_bytes()


# ------------------------------------------------------------------ the deals


def test_the_sample_workbook_holds_170_deals_and_2_blank_rows() -> None:
    with open_rows(SAMPLES / "deals.xlsx", sheet="Deals") as source:
        items = list(source)

    rejected = [item.row.row for item in items if isinstance(item, Rejected)]
    assert (len(items), rejected, source.blank_rows) == (170, [20, 109], 2)


def test_the_sample_workbook_holds_what_only_excel_can() -> None:
    with open_rows(SAMPLES / "deals.xlsx") as source:
        rows = {item.row: item for item in source if isinstance(item, SourceRow)}
    place = {name: at for at, name in enumerate(source.columns)}

    assert isinstance(rows[2].cells[place["Created"]], datetime)
    assert type(rows[87].cells[place["Created"]]) is date
    assert rows[3].cells[place["Last name"]] == "=Kumar"
    assert rows[4].cells[place["Amount"]] == "200000"
    assert rows[8].cells[place["Discount"]] == "1500.5"
    assert str(rows[2].cells[place["Reference"]]).startswith("00")


def test_the_sample_csv_holds_40_deals_two_of_them_torn() -> None:
    with open_rows(SAMPLES / "deals.csv") as source:
        items = list(source)

    rejected = [item.row.row for item in items if isinstance(item, Rejected)]
    assert (len(items), rejected, source.blank_rows) == (40, [11, 24], 2)
    assert source.notes == ("The file's byte-order mark (utf-8) was removed.",)


@pytest.mark.parametrize(
    ("name", "mapped", "rejected"),
    [
        ("deals.xlsx", 161, [20, 31, 42, 53, 65, 76, 87, 98, 109]),
        ("deals.csv", 36, [11, 24, 34, 37]),
    ],
)
def test_the_sample_deals_fit_the_worked_mapping(
    name: str, mapped: int, rejected: list[int]
) -> None:
    mapping = load_mapping(SAMPLES.parent / "mappings" / "deals.yaml")

    with open_rows(SAMPLES / name, sheet="Deals") as source:
        mapper = compile_mapping(mapping, source.columns)
        found = [item if isinstance(item, Rejected) else mapper.map(item) for item in source]

    assert [item.row.row for item in found if isinstance(item, Rejected)] == rejected
    assert len(found) - len(rejected) == mapped
