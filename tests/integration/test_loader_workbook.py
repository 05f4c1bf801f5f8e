"""Workbooks: every cell exact, every fault named, every row accounted for."""

import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ERROR_CODES

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.model import Cell, Rejected, SourceRow
from sample_data.raw_workbook import DAY, Workbook, data, number, row, text

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a workbook whose sheet "Deals" has this inside, and the header Id, Name."""

    def write(*rows: str, header: str = "", after: str = "", **parts: object) -> Path:
        path = tmp_path / "deals.xlsx"
        first = header or row(1, text("Id"), text("Name"))
        sheets = {"Deals": data(first, *rows) + after}
        Workbook(sheets=sheets, **parts).write(path)  # type: ignore[arg-type]
        return path

    return write


def refusal(path: Path, **options: object) -> SourceError:
    with pytest.raises(SourceError) as raised, open_rows(path, **options) as source:  # type: ignore[arg-type]
        list(source)
    return raised.value


def cells_of(path: Path) -> list[tuple[Cell, ...]]:
    with open_rows(path) as source:
        return [item.cells for item in source if isinstance(item, SourceRow)]


def problems_of(path: Path) -> list[list[tuple[str, str]]]:
    with open_rows(path) as source:
        return [
            [(found.code, found.column) for found in item.problems]
            for item in source
            if isinstance(item, Rejected)
        ]


def change(path: Path, part: str, old: str, new: str) -> Path:
    """Replace text in one part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"

# ------------------------------------------------------------------ which sheet


@pytest.fixture
def three_sheets(tmp_path: Path) -> Path:
    def sheet(name: str) -> str:
        return data(row(1, text("Id")), row(2, text(name)))

    path = tmp_path / "three.xlsx"
    names = ("Setup", "Deals 2024", "Deals 2023")
    Workbook(sheets={name: sheet(name) for name in names}, hidden=("Setup",)).write(path)
    return path


@pytest.mark.parametrize(
    ("wanted", "name"),
    [(None, "Deals 2024"), (1, "Setup"), (3, "Deals 2023"), ("Deals 2023", "Deals 2023")],
)
def test_a_sheet_is_found_by_name_or_number(
    three_sheets: Path, wanted: str | int | None, name: str
) -> None:
    with open_rows(three_sheets, sheet=wanted) as source:
        (only,) = source

    assert isinstance(only, SourceRow)
    assert (source.sheet, only.sheet, only.cells) == (name, name, (name,))


def test_an_unknown_sheet_is_refused_with_those_that_are_there(three_sheets: Path) -> None:
    error = refusal(three_sheets, sheet="deals 203")

    assert 'there is no sheet "deals 203"' in str(error)
    assert 'Did you mean "Deals 2023"?' in error.advice
    assert '"Setup", "Deals 2024", "Deals 2023"' in error.advice


@pytest.mark.parametrize("wanted", [0, 4, -1])
def test_a_sheet_number_out_of_range_is_refused(three_sheets: Path, wanted: int) -> None:
    assert f"no sheet number {wanted}" in str(refusal(three_sheets, sheet=wanted))


def test_what_is_said_about_text_files_is_ignored_and_said(make: Make) -> None:
    with open_rows(make(), encoding="cp1252", delimiter=";") as source:
        assert "A workbook has no encoding: what was said about it was ignored." in source.notes
        assert "A workbook has no delimiter: what was said about it was ignored." in source.notes
        assert (source.encoding, source.delimiter) == ("", "")


def test_a_hidden_sheet_that_is_asked_for_is_read_and_said(three_sheets: Path) -> None:
    with open_rows(three_sheets, sheet="Setup") as source:
        assert 'The sheet "Setup" is hidden in Excel; it is read.' in source.notes


# ------------------------------------------------------------------ rows and their numbers


def test_a_header_further_down_keeps_the_numbers_of_excel(make: Make) -> None:
    path = make(
        row(4, text("Id"), text("Name")), row(6, number(6), text("Ana")), header=row(2, text("x"))
    )

    with open_rows(path, header_row=4) as source:
        (only,) = source

    assert isinstance(only, SourceRow)
    assert (only.row, only.line, source.blank_rows) == (6, 6, 1)


def test_a_blank_header_row_is_refused(make: Make) -> None:
    error = refusal(make(row(5, number(5))), header_row=3)

    assert 'sheet "Deals", row 3' in error.where
    assert "the row for the column names is blank" in error.problem


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    Workbook(sheets={"Deals": data()}).write(tmp_path / "deals.xlsx")

    assert "the sheet is empty" in str(refusal(tmp_path / "deals.xlsx"))


def test_rows_and_cells_without_a_place_follow_each_other(make: Make) -> None:
    path = make(f"<row>{number(2)}{text('Ana')}</row>", f"<row>{number(3)}{text('Bo')}</row>")

    assert cells_of(path) == [("2", "Ana"), ("3", "Bo")]


def test_a_cell_stands_where_its_reference_says(make: Make) -> None:
    cell = '<c r="C2" t="inlineStr"><is><t>far</t></is></c>'
    header = row(1, text("Id"), text("Name"), text("Stage"))

    assert cells_of(make(row(2, number(2), cell), header=header)) == [("2", "", "far")]


def test_a_value_in_the_last_column_of_excel_is_not_lost(make: Make) -> None:
    path = make(row(2, number(2), '<c r="XFD2"><v>7</v></c>'))

    with open_rows(path) as source:
        (item,) = source

    assert isinstance(item, Rejected)
    assert 'column XFD holds "7"' in item.problems[0].reason


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        (row(3, number(3)) + row(2, number(2)), "row 2 stands after row 3"),
        (row(2, number(2)) + row(2, number(2)), "row 2 stands after row 2"),
        (row(2_000_000, number(2)), "row 2000000"),
        ('<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>', "cell A2"),
        ('<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>', "cell A2"),
        ('<row r="2"><c r="ZZZ2"><v>1</v></c></row>', "beyond the last column"),
        ('<row r="2"><c r="a2"><v>1</v></c></row>', "names no cell"),
        ('<row r="2"><c t="s"><v>7</v></c></row>', "the shared text 7"),
        ('<row r="2"><c t="s"><v>x</v></c></row>', "invalid literal"),
        ('<row r="2"><c t="zz"><v>x</v></c></row>', "unknown type"),
        ('<row r="2"><c><v>1</v></row>', "not well-formed"),
    ],
)
def test_a_sheet_in_no_order_is_refused_not_guessed(make: Make, inside: str, problem: str) -> None:
    error = refusal(make(inside))

    assert error.where == 'deals.xlsx: sheet "Deals"'
    assert problem in error.problem


# ------------------------------------------------------------------ cells


def test_a_date_that_is_stored_as_text_is_a_date(make: Make) -> None:
    good = f'<c t="d" s="{DAY}"><v>2024-04-02T00:00:00</v></c>'
    bad = '<c t="d"><v>2024-02-31</v></c>'
    path = make(row(2, number(2), good), row(3, number(3), bad))

    assert cells_of(path) == [("2", date(2024, 4, 2))]
    assert problems_of(path) == [[("impossible-date", "Name")]]


def test_a_number_that_is_none_refuses_its_row(make: Make) -> None:
    assert problems_of(make(row(2, number(2), number("NaN")))) == [[("broken-number", "Name")]]


def test_every_fault_of_a_row_is_named(make: Make) -> None:
    fault = '<c t="e"><v>#REF!</v></c>'

    assert problems_of(make(row(2, fault, fault, text("beside")))) == [
        [("error-cell", "Id"), ("error-cell", "Name"), ("cell-count", "")]
    ]


def test_a_row_of_nothing_but_an_error_is_not_blank(make: Make) -> None:
    assert problems_of(make(row(2, "<c/>", '<c t="e"><v>#N/A</v></c>'))) == [
        [("error-cell", "Name")]
    ]


def test_a_nul_refuses_its_row(make: Make) -> None:
    assert problems_of(make(row(2, number(2), text("a_x0000_b")))) == [[("nul", "Name")]]


def test_an_overlong_text_refuses_its_row(make: Make) -> None:
    path = make(
        row(2, number(2), text("é" * 32_767)),
        row(3, number(3), text("é" * 32_768)),
        row(4, number(4), text("x" * 2_000_000)),
        row(5, number(5), '<c t="s"><v>0</v></c>'),
        texts=[f"<t>{'y' * 40_000}</t>"],
    )

    with open_rows(path) as source:
        rejected = [item for item in source if isinstance(item, Rejected)]

    assert [item.row.row for item in rejected] == [3, 4, 5]
    assert "2,000,000 characters" in rejected[1].problems[0].reason
    assert "40,000 characters" in rejected[2].problems[0].reason


def test_a_text_of_many_pieces_is_whole(make: Make) -> None:
    long = "&amp;<é\n" * 4_000

    assert cells_of(make(row(2, number(2), text(long)))) == [("2", long)]


def test_an_error_in_the_header_is_refused(make: Make) -> None:
    error = refusal(make(header=row(1, text("Id"), '<c t="e"><v>#NAME?</v></c>')))

    assert "a column name cannot be read: the cell shows the error #NAME?" in error.problem


def test_a_header_of_numbers_and_dates_reads_as_text(make: Make) -> None:
    path = make(header=row(1, number(2024), number(45384, DAY)))

    with open_rows(path) as source:
        assert source.columns == ("2024", "2024-04-02")


def test_twice_the_same_name_is_refused_by_letters(make: Make) -> None:
    header = row(1, text("Id"), "<c/>", text("Stage"), text(" Stage"))

    assert 'columns C and D are both called "Stage"' in str(refusal(make(header=header)))


# ------------------------------------------------------------------ the package


def test_names_with_a_prefix_mean_the_same(make: Make) -> None:
    path = make(row(2, number(2), text("Ana")))
    with zipfile.ZipFile(path) as archive:
        inside = archive.read(SHEET).decode()
    prefixed = inside.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    prefixed = prefixed.replace("<x:?xml", "<?xml").replace("xmlns=", "xmlns:x=")
    change(path, SHEET, inside, prefixed)

    assert cells_of(path) == [("2", "Ana")]


def test_a_sheet_of_an_unknown_form_is_not_read_as_empty(make: Make) -> None:
    path = change(make(), SHEET, "spreadsheetml/2006/main", "spreadsheetml/2042/main")

    assert "unknown form" in str(refusal(path))


def test_a_sheet_that_is_missing_is_refused(make: Make) -> None:
    path = change(make(), "xl/_rels/workbook.xml.rels", "sheet1.xml", "sheet7.xml")

    assert 'the sheet "Deals" is missing' in str(refusal(path))


def test_a_damaged_sheet_is_refused(make: Make) -> None:
    path = make(*(row(at, number(at), text(f"person {at * 7919}")) for at in range(2, 3_000)))
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(SHEET).header_offset
    content = bytearray(path.read_bytes())
    content[start + 2_000 : start + 2_010] = b"\0" * 10
    path.write_bytes(content)

    assert "the workbook is broken" in str(refusal(path))


def test_a_workbook_under_another_name_is_still_one(make: Make, tmp_path: Path) -> None:
    path = make(row(2, number(2), text("Ana"))).rename(tmp_path / "deals.csv")

    assert cells_of(path) == [("2", "Ana")]


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "content.xml is missing"),
        ({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": ""}, "broken"),
        ({"[Content_Types].xml": "<Types/>"}, "not a workbook"),
        ({"deals.csv": "Id"}, "a zip archive, not a workbook"),
    ],
)
def test_packages_that_hold_no_workbook_are_refused(
    tmp_path: Path, parts: dict[str, str], what: str
) -> None:
    path = tmp_path / "deals.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    assert what in str(refusal(path))


def test_a_part_that_unpacks_to_a_thousand_times_its_size_is_refused(make: Make) -> None:
    path = make(after=" " * 20_000_000)
    assert path.stat().st_size < 50_000

    error = refusal(path)

    assert f"{SHEET} in the workbook unpacks to over 500 times its size" in error.problem
    assert "CSV UTF-8" in error.advice


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deals.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for at in range(10_001):
            archive.writestr(f"xl/{at}", b"")

    assert "has 10,001 parts" in str(refusal(path))


def test_a_workbook_that_says_it_unpacks_to_more_than_memory_is_refused(make: Make) -> None:
    path = make()
    content = bytearray(path.read_bytes())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 24 : at + 28] = (0xF000_0000).to_bytes(4, "little")
    path.write_bytes(content)

    assert "bytes, more than" in str(refusal(path))


def test_a_manifest_as_large_as_a_bomb_is_not_read(make: Make) -> None:
    path = make()
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = (0x0500_0000).to_bytes(4, "little")
    path.write_bytes(content)

    assert "[Content_Types].xml in the workbook unpacks to" in str(refusal(path))


# ------------------------------------------------------------------ laws

TEXTS = st.text(
    # U+FFFE and U+FFFF are no characters of XML; openpyxl writes them all the same.
    st.characters(
        exclude_categories=["Cs", "Cc"],
        include_characters="\t\n",
        exclude_characters="\ufffe\uffff",
    ),
    max_size=12,
).filter(
    # openpyxl itself makes formulas of the first and error cells of the last.
    lambda found: not found.startswith("=") and "_x" not in found and found not in ERROR_CODES
)
MOMENTS = st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)).map(
    lambda found: found.replace(microsecond=0)
)
VALUES = st.one_of(
    TEXTS,
    MOMENTS,
    MOMENTS.map(lambda found: found.date()),
    st.times().map(lambda found: found.replace(microsecond=0)),
    st.timedeltas(timedelta(0), timedelta(days=400)).map(
        lambda found: timedelta(seconds=int(found.total_seconds()))
    ),
)


@given(table=st.lists(st.tuples(st.just("id"), VALUES, VALUES), min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_table_that_openpyxl_writes_comes_back_equal(
    tmp_path: Path, table: list[tuple[Cell, ...]]
) -> None:
    path = tmp_path / "any.xlsx"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Deals")
    sheet.append(["Id", "A", "B"])
    for cells in table:
        sheet.append(cells)
    book.save(path)

    assert cells_of(path) == table


def test_a_text_that_openpyxl_stores_as_an_error_is_one(tmp_path: Path) -> None:
    path = tmp_path / "errors.xlsx"
    book = openpyxl.Workbook()
    for cells in (["Id", "A"], *([code, code] for code in ERROR_CODES)):
        book.worksheets[0].append(cells)
    book.save(path)

    with open_rows(path) as source:
        assert [isinstance(item, Rejected) for item in source] == [True] * len(ERROR_CODES)


@pytest.mark.no_cover
def test_memory_does_not_grow_with_the_rows(make: Make) -> None:
    def peak_of(count: int) -> int:
        path = make(*(row(at, number(at), text("x" * 40)) for at in range(2, count + 2)))
        tracemalloc.start()
        with open_rows(path) as source:
            assert sum(1 for _ in source) == count
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    few = peak_of(8_000)

    # Growing with the rows, it would be 1.7 MB more; pieces of the XML differ by some hundred kB.
    assert peak_of(24_000) < few + 700_000


def test_midnight_and_noon_are_what_they_are(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Id", "When"])
    sheet.append(["1", datetime(2024, 4, 2)])
    sheet.append(["2", time(12, 0)])
    book.save(tmp_path / "deals.xlsx")

    assert cells_of(tmp_path / "deals.xlsx") == [
        ("1", datetime(2024, 4, 2, 0, 0)),
        ("2", time(12, 0)),
    ]
