"""Every sample workbook, cell for cell, by every engine; each difference has a reason.

Ours reads a sheet in two ways (the quick one, and expat for what is not plain), which must agree
in everything. openpyxl and calamine are other people's readers of the same file: where they show
something else, the reason stands in `EXPLAINED`, so that a new difference fails.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.loader.excel_values import Format, Kind, number_text, to_second
from migrator.loader.grid import Fault, SheetAccount
from migrator.loader.package import main_part, open_package
from migrator.loader.plain_sheet import PlainSheetReader
from migrator.loader.plain_xml import NotPlainError
from migrator.loader.sheet import SheetReader
from migrator.loader.xlsx import XlsxBook
from migrator.loader.xml_events import MAIN, XmlError
from migrator.model import Cell

SAMPLES: Final = Path(__file__).parents[2] / "sample_data"
Grid = dict[tuple[int, int], Any]
"""Row (from 1) and column (from 0) to a cell that is not blank."""


def opens(path: Path) -> bool:
    try:
        open_rows(path).close()
    except SourceError:
        return False
    return True


WORKBOOKS: Final = sorted(
    path for path in SAMPLES.rglob("*.xlsx") if opens(path) and path.name != "entities.xlsx"
)


# ------------------------------------------------------------------ our two ways


def read_by(kind: type, path: Path) -> tuple[list[tuple[Grid, SheetAccount]], bool]:
    """Every sheet, by one of our readers; and whether it could read all."""
    found = []
    with path.open("rb") as file:
        package = open_package(path, file)
        book = XlsxBook(path, package, main_part(package, where=path.name))
        for sheet in book.sheets:
            account = SheetAccount(header_row=0)
            try:
                rows = list(book._read(kind, sheet, account))
            except NotPlainError:
                return found, False
            cells = {
                (number, place): cell
                for number, cells in rows
                for place, cell in cells.items()
                if cell != ""
            }
            found.append((cells, account))
        book.close()
    return found, True


@pytest.mark.parametrize("path", WORKBOOKS, ids=lambda path: path.name)
def test_the_quick_reader_and_the_whole_parser_agree_in_everything(path: Path) -> None:
    quick, is_plain = read_by(PlainSheetReader, path)
    whole, _ = read_by(SheetReader, path)

    assert [cells for cells, _ in quick] == [cells for cells, _ in whole][: len(quick)]
    if is_plain:
        assert list(map(known, quick)) == list(map(known, whole))


def known(reading: tuple[Grid, SheetAccount]) -> dict[str, Any]:
    account = {
        part.name: getattr(reading[1], part.name)
        for part in fields(reading[1])
        if part.name != "source"  # each engine opens the sheet for itself
    }
    account["kinds"] = {
        (kind, place): told.times
        for kind, columns in reading[1].kinds.items()
        for place, told in columns.items()
        if told.times
    }
    return account


def test_most_samples_are_plain() -> None:
    odd = [path.name for path in WORKBOOKS if not read_by(PlainSheetReader, path)[1]]

    assert set(odd) == NOT_PLAIN


NOT_PLAIN: Final = {"strict.xlsx", "odd_package.xlsx", "gaps.xlsx"}


SHEET: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<worksheet xmlns="{MAIN.strip()}"><cols><col min="2" max="2" hidden="1"/></cols><sheetData>
<row r="1" spans="1:3"><c r="A1" t="s"><v>0</v></c>
<c r="B1" t="inlineStr"><is><t>B&amp;o</t></is></c></row>
<row r="2" hidden="1"><c r="A2" s="1"><v>45384.5</v></c><c r="B2"><f>A1*2</f><v>1E-3</v></c>
<c r="D2" t="b"><v>1</v></c><c r="E2" t="e"><v>#N/A</v></c></row><row r="4"/><row r="7">
<c r="C7" s="2"><v>12</v></c><c r="D7" t="str"><f>x</f><v>a_x000D_b</v></c><c r="E7"><f>1</f></c>
</row></sheetData><mergeCells count="1"><mergeCell ref="B2:C2"/></mergeCells></worksheet>
""".encode()
FORMATS: Final = (Format(), Format(Kind.DATETIME), Format(zeros=5))
PIECES: Final = [
    *(b"<!-- x -->", b"<![CDATA[x]]>", b"&lt;", b"&#10;", b"&#0;", b"&x;", b"]]>", b"<", b">"),
    *(b"</row>", b"<row r='9'>", b"</sheetData>", b"<sheetData>", b"\0", b"\x01", b"\xff", b"\r\n"),
    *(b'"', b"9", b"-", b'r="A1"', b' t="s"', b' s="7"', b"</c>", b'<c r="B2"><v>1</v></c>', b"/>"),
    *(b"<?pi?>", b"\xef\xbf\xbe", b"\xc3\xa9", b"<is><t/></is>", b'<v xml:space="preserve">'),
    *(b" ", b"<v/>", b"\xef\xbb\xbf", b"<is>", b"<f/>", b"<f a='>'/>", b"A", b"=", b"x:"),
]


def rows_of(kind: type, content: bytes) -> tuple[list[Any], dict[str, Any]]:
    account = SheetAccount(header_row=0)
    reader = kind(texts=["Zoë"], formats=FORMATS, is_1904=False, account=account)
    rows = [
        (row.number, {place: cell for place, cell in row.cells.items() if cell != ""})
        for row in reader.rows(io.BytesIO(content))
    ]
    return rows, known(({}, account))


def test_the_plain_sheet_of_the_next_test_is_plain() -> None:
    assert rows_of(PlainSheetReader, SHEET) == rows_of(SheetReader, SHEET)


@given(st.lists(st.tuples(st.integers(0, len(SHEET)), st.integers(0, 12), st.sampled_from(PIECES))))
@settings(max_examples=400, deadline=None)
def test_whatever_the_quick_reader_reads_the_whole_parser_reads_equally(
    edits: list[tuple[int, int, bytes]],
) -> None:
    content = SHEET
    for at, cut, piece in edits[:4]:
        content = content[:at] + piece + content[at + cut :]
    try:
        quick = rows_of(PlainSheetReader, content)
    except (NotPlainError, XmlError, ValueError):  # the last becomes a refusal upstream
        return

    assert rows_of(SheetReader, content) == quick


# ------------------------------------------------------------------ other people's readers


def ours(path: Path) -> dict[str, Grid]:
    """Every sheet as the raw cells that our reader gives, faults by what they show."""
    with path.open("rb") as file:
        package = open_package(path, file)
        book = XlsxBook(path, package, main_part(package, where=path.name))
        return {
            sheet.name: {
                (number, place): cell.text or "not calculated" if isinstance(cell, Fault) else cell
                for number, cells in book.rows(sheet, SheetAccount(header_row=0))
                for place, cell in cells.items()
                if cell != ""
            }
            for sheet in book.sheets
        }


def by_openpyxl(path: Path) -> dict[str, Grid]:
    book = openpyxl.load_workbook(path, data_only=True)
    return {
        sheet.title: {
            (cell.row, cell.column - 1): as_ours(cell.value)
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None and cell.value != ""
        }
        for sheet in book.worksheets
    }


def by_calamine(path: Path) -> dict[str, Grid]:
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    found = {}
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False)
        found[name] = {
            (row, place): as_ours(value)
            for row, values in enumerate(rows, 1)
            for place, value in enumerate(values)
            if value != ""
        }
    return found


def as_ours(value: Any) -> Cell:
    """A value of another reader as we write it; what it has lost stays lost."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(repr(value)) or repr(value)
    if isinstance(value, datetime):
        return to_second(value)
    if isinstance(value, time):
        return to_second(datetime.combine(date(2000, 1, 1), value)).time()
    if isinstance(value, timedelta):
        return timedelta(seconds=round(value.total_seconds()))
    return value


def differences(mine: dict[str, Grid], theirs: dict[str, Grid]) -> Iterator[tuple[Any, Any]]:
    for sheet, cells in mine.items():
        other = theirs.get(sheet, {})
        for place in sorted(cells.keys() | other.keys()):
            if cells.get(place, "") != other.get(place, ""):
                yield cells.get(place, ""), other.get(place, "")


@pytest.mark.filterwarnings("ignore:Workbook contains no default style")
@pytest.mark.filterwarnings("ignore:File contains an invalid specification")
@pytest.mark.parametrize("engine", [by_openpyxl, by_calamine])
@pytest.mark.parametrize("path", WORKBOOKS, ids=lambda path: path.name)
def test_other_readers_show_the_same_or_the_difference_has_a_reason(
    path: Path, engine: Callable[[Path], dict[str, Grid]]
) -> None:
    if path.name in REFUSED:
        with pytest.raises((OSError, python_calamine.CalamineError)):
            engine(path)
        return
    reasons = [*EVERYWHERE, *filter(None, [IN_ONE_FILE.get(path.name)])]

    found = list(differences(ours(path), engine(path)))

    name = engine.__name__.removeprefix("by_")
    assert [pair for pair in found if not any(why(name, *pair) for why in reasons)] == []


# ------------------------------------------------------------------ the reasons


def calamine_hides_errors(engine: str, mine: Any, theirs: Any) -> bool:
    return engine == "calamine" and str(mine).startswith("#") and theirs == ""


def both_hide_formulas_without_a_value(_engine: str, mine: Any, theirs: Any) -> bool:
    return bool(mine == "not calculated" and theirs == "")


def both_give_midnight_to_some_days(_engine: str, mine: Any, theirs: Any) -> bool:
    return type(mine) is date and theirs == datetime.combine(mine, time())


def both_make_days_of_what_excel_cannot_show(_engine: str, mine: Any, theirs: Any) -> bool:
    return mine in {"-1", "60"} and isinstance(theirs, date | time)


def neither_pads_numbers_that_are_shown_with_zeros(_engine: str, mine: Any, theirs: Any) -> bool:
    padded = re.fullmatch(r"(-?)0+(\d+)", str(mine))
    return padded is not None and theirs == "".join(padded.groups())


def calamine_rounds_long_numbers(engine: str, mine: Any, theirs: Any) -> bool:
    return engine == "calamine" and len(str(mine)) > 15 and float(mine) == float(theirs)


def openpyxl_keeps_or_cuts_escapes(engine: str, mine: Any, theirs: Any) -> bool:
    return engine == "openpyxl" and (mine, theirs) in {
        ("a\rb", "a_x000D_b"),
        ("x005F_ stays", " stays"),
    }


def openpyxl_shows_no_sheets_of_a_strict_workbook(engine: str, _mine: Any, theirs: Any) -> bool:
    return engine == "openpyxl" and theirs == ""


EVERYWHERE: Final = (
    calamine_hides_errors,
    both_hide_formulas_without_a_value,
    both_give_midnight_to_some_days,
    both_make_days_of_what_excel_cannot_show,
    neither_pads_numbers_that_are_shown_with_zeros,
    calamine_rounds_long_numbers,
)
IN_ONE_FILE: Final = {
    "texts.xlsx": openpyxl_keeps_or_cuts_escapes,
    "strict.xlsx": openpyxl_shows_no_sheets_of_a_strict_workbook,
}
REFUSED: Final = {"odd_package.xlsx"}
"""What both refuse: they look for the parts by the letter, or at the usual places."""
