"""OpenDocument spreadsheets: every cell exact, every fault named, and no more than is there."""

import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import python_calamine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from migrator.cells import cell_text
from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.loader.excel_values import number_text
from migrator.loader.grid import Fault, RawRow, SheetAccount
from migrator.loader.ods import OdsBook
from migrator.loader.rows import Told
from migrator.loader.xml_events import XmlError
from migrator.model import Cell, SourceRow
from sample_data.raw_ods import (
    Spreadsheet,
    blank,
    cell,
    formula,
    number,
    paragraphs,
    row,
    text,
    write_package,
)

SAMPLES = Path(__file__).parents[2] / "sample_data"
TRAPS = SAMPLES / "traps"
SOFFICE = shutil.which("soffice")

Make = Callable[..., Path]


@contextmanager
def opened(path: Path) -> Iterator[OdsBook]:
    file = path.open("rb")
    book = None
    try:
        book = OdsBook.open(path, file, zipfile.ZipFile(file))
        yield book
    finally:
        file.close()
        if book is not None:
            book.close()


def read(path: Path, sheet: int = 0) -> tuple[list[RawRow], SheetAccount]:
    account = SheetAccount(header_row=0)
    with opened(path) as book:
        return list(book.rows(book.sheets[sheet], account)), account


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a spreadsheet whose sheet "Deals" has these rows."""

    def write(*rows: str, **parts: object) -> Path:
        path = tmp_path / "deals.ods"
        Spreadsheet(sheets={"Deals": "".join(rows)}, **parts).write(path)  # type: ignore[arg-type]
        return path

    return write


def one(path: Path) -> Cell | Fault:
    """The only cell, A1; "" for none."""
    rows, _ = read(path)
    return rows[0].cells.get(0, "") if rows else ""


def code(value: Cell | Fault) -> str:
    assert isinstance(value, Fault)
    return value.problem.code


# ------------------------------------------------------------------ text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("<text:p>a<text:s/> b</text:p>", "a  b"),
        ("<text:p>a<text:s text:c='0'/>b</text:p>", "ab"),
        ("<text:p> one space </text:p>", " one space "),
        ("<text:p>\n\t\t<text:span>a</text:span>\n\t</text:p>", "a"),
        ("<text:p>a \n <text:s/>\n b</text:p>", "a   b"),
        ("<text:p>\n</text:p>", ""),
        ("<text:p/><text:p/>", "\n"),
        ("<text:h>heading</text:h>", "heading"),
        ("<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>", "item"),
        ("<text:p>a<text:a>link</text:a><text:sheet-name>S</text:sheet-name></text:p>", "alinkS"),
        (
            "<text:p><text:ruby><text:ruby-base>A</text:ruby-base>"  # noqa: ISC004
            "<text:ruby-text>how to read it</text:ruby-text></text:ruby></text:p>",
            "A",
        ),
        ("<text:p>a<office:annotation><text:p>no</text:p></office:annotation>b</text:p>", "ab"),
        ("stray<text:p>a</text:p>stray", "a"),
    ],
)
def test_a_text_reads_as_libreoffice_shows_it(make: Make, shown: str, expected: str) -> None:
    assert one(make(row(cell("string", shown=shown)))) == expected


def test_a_text_that_is_stated_goes_before_the_one_that_is_shown(make: Make) -> None:
    shown = "<text:p>shortened…</text:p>"
    stated = ' office:string-value="the whole&#10;text"'

    assert one(make(row(cell("string", shown=shown, attributes=stated)))) == "the whole\ntext"
    assert one(make(row(cell("string", attributes=stated)))) == "the whole\ntext"
    assert one(make(row(cell(shown="<text:p>without a type</text:p>")))) == "without a type"


def test_an_overlong_text_is_a_fault(make: Make) -> None:
    rows, _ = read(
        make(
            row(text("é" * 32_767)),
            row(text("é" * 32_768)),
            row(text("x" * 2_000_000)),
            row(cell("string", shown='<text:p><text:s text:c="100000"/></text:p>')),
        )
    )

    assert rows[0].cells[0] == "é" * 32_767
    reasons = [raw.cells[0].problem.reason for raw in rows[1:]]  # type: ignore[union-attr]
    assert [reason.split()[3] for reason in reasons] == ["32,768", "2,000,000", "100,000"]


# ------------------------------------------------------------------ numbers, days, errors


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (number("1E+021"), "1000000000000000000000"),
        (number("0.30000000000000004"), "0.30000000000000004"),
        (cell("percentage", "0.07", "<text:p>7%</text:p>", style="zeros"), "0.07"),
        (number("-7", "zeros"), "-00007"),
        (number("45384.5", "moment"), datetime(2024, 4, 2, 12)),
        (cell("date", "2024-04-02T23:59:59.99", style="day"), date(2024, 4, 3)),
        (cell("date", "2024-04-02T06:00:00", style="clock"), time(6)),
        (cell("date", "1850-05-01"), date(1850, 5, 1)),
        (cell("time", "PT23H59M59.9S", style="clock"), time(0)),
        (cell("time", "PT24H00M00S", style="clock"), timedelta(days=1)),
        (cell("time", "P1DT2H"), timedelta(hours=26)),
        (cell("time", "-PT06H00M00S", style="elapsed"), timedelta(hours=-6)),
        (cell("time", "PT1M44S"), time(0, 1, 44)),
        (formula("TRUE()", "float", 1, "<text:p>TRUE</text:p>"), "TRUE"),
        (cell("void"), ""),
    ],
)
def test_a_value_is_what_its_cell_shows(make: Make, stored: str, expected: Cell) -> None:
    assert one(make(row(stored))) == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (number("NaN"), "broken-number"),
        (cell("float", shown="<text:p>7</text:p>"), "broken-number"),
        (cell("boolean", "ja"), "broken-number"),
        (cell("date", "2023-02-29"), "impossible-date"),
        (cell("date", "10000-01-01"), "impossible-date"),
        (cell("date", "2024"), "impossible-date"),
        (cell("date", "1899-12-30", style="day"), "impossible-date"),
        (number("-1", "day"), "impossible-date"),
        (cell("time", "PT"), "impossible-date"),
        (cell("time", "12:13"), "impossible-date"),
        (cell("time", "-PT06H00M00S", style="clock"), "impossible-date"),
        (formula("NV()", "float", 0, "<text:p>#NV</text:p>"), "error-cell"),
        (formula("A1", "float", 0, "<text:p>Fehler:502</text:p>"), "error-cell"),
        (formula("A1", "date", "2024-04-02", "<text:p>#REF!</text:p>"), "error-cell"),
        (formula("A1", shown="<text:p>#VALUE!</text:p>"), "error-cell"),
        (cell("float", 0, "<text:p>#DIV/0!</text:p>"), "error-cell"),
        (formula("A1", "float"), "no-cached-value"),
    ],
)
def test_a_cell_at_fault_is_never_a_value(make: Make, stored: str, expected: str) -> None:
    assert code(one(make(row(stored)))) == expected


def test_numbers_are_counted_from_the_day_that_the_document_names(make: Make) -> None:
    settings_ = (
        "<table:calculation-settings><table:null-date table:date-value='1904-01-01'/>"
        "</table:calculation-settings>"
    )

    assert one(make(row(number(43922, "day")), before=settings_)) == date(2024, 4, 2)


def test_an_unknown_type_is_refused_not_guessed(make: Make) -> None:
    with pytest.raises(XmlError, match="unknown type 'fraction'"):
        read(make(row(cell("fraction", 1))))


def test_what_the_cells_are_is_counted_by_kind(make: Make) -> None:
    _, account = read(
        make(
            row(text("x"), number(1), cell("percentage", 0.5), cell("currency", 5)),
            row(text(" "), cell("boolean", "true"), number(0.1, "percent"), number(9, "money")),
            row(cell("date", "2024-04-02"), number("1234567890123456.5"), blank(3)),
        )
    )

    assert account.kinds == {
        "text": {0: Told(1, "x", 1)},
        "number": {1: Told(1, "1", 2)},
        "percent": {2: Told(1, "0.5", 2)},
        "currency": {3: Told(1, "5", 2)},
        "date": {0: Told(3, "2024-04-02", 1)},
    }
    assert account.long == {1: Told(3, "1234567890123456.5", 1)}


# ------------------------------------------------------------------ styles


def data_style(inside: str, name: str = "N1", kind: str = "number-style") -> str:
    return f'<number:{kind} style:name="{name}">{inside}</number:{kind}>'


def cell_style(name: str, data: str = "", parent: str = "") -> str:
    uses = f' style:data-style-name="{data}"' if data else ""
    uses += f' style:parent-style-name="{parent}"' if parent else ""
    return f'<style:style style:name="{name}" style:family="table-cell"{uses}/>'


FOUR = '<number:number number:decimal-places="0" number:min-integer-digits="4"/>'


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (FOUR, "0007"),
        (f'<style:text-properties color="red"/>{FOUR}', "0007"),
        (FOUR.replace("/>", ' number:grouping="true"/>'), "7"),
        (FOUR.replace('places="0"', 'places="2"'), "7"),
        (FOUR.replace("/>", ' number:display-factor="1000"/>'), "7"),
        (f"<number:text>No. </number:text>{FOUR}", "7"),
        (
            FOUR.replace("/>", ">")
            + '<number:embedded-text number:position="2">-</number:embedded-text></number:number>',
            "7",
        ),
    ],
)
def test_only_a_format_of_zeros_alone_pads(make: Make, inside: str, expected: str) -> None:
    path = make(row(number(7, "a")), automatic=data_style(inside) + cell_style("a", "N1"))

    assert one(path) == expected


def test_the_format_for_positive_numbers_decides(make: Make) -> None:
    chooses = (
        "<number:text>-</number:text><number:number/>"
        '<style:map style:condition="value()&gt;=0" style:apply-style-name="N1P0"/>'
    )
    styles = data_style(FOUR, "N1P0") + data_style(chooses) + cell_style("a", "N1")

    assert one(make(row(number(7, "a")), automatic=styles)) == "0007"


def test_a_cell_without_a_style_has_that_of_its_row_or_column(make: Make) -> None:
    column = '<table:table-column table:default-cell-style-name="zeros"/>'
    of_row = ' table:default-cell-style-name="percent"'
    rows, account = read(make(column, row(number(7)), row(number(7), attributes=of_row)))

    assert [raw.cells[0] for raw in rows] == ["00007", "7"]
    assert account.kinds["percent"] == {0: Told(2, "7", 1)}


def test_a_style_inherits_from_the_common_ones_and_their_names_stay_apart(make: Make) -> None:
    common = data_style(FOUR) + cell_style("Code", "N1") + cell_style("Default", "N1")
    automatic = data_style("<number:number/>") + cell_style("a", parent="Code")
    path = make(row(number(7, "a"), number(8)), common=common, automatic=automatic)

    assert read(path)[0][0].cells == {0: "0007", 1: "0008"}


def test_styles_that_are_each_others_parents_have_no_format(make: Make) -> None:
    styles = cell_style("a", parent="b") + cell_style("b", parent="a")

    assert one(make(row(number(7, "a")), automatic=styles)) == "7"


def test_a_currency_sign_in_plain_text_counts_as_one(make: Make) -> None:
    styles = data_style("<number:text>$</number:text><number:number/>") + cell_style("a", "N1")

    assert "currency" in read(make(row(number(7, "a")), automatic=styles))[1].kinds


# ------------------------------------------------------------------ rows, columns, sheets


def test_blank_rows_to_the_end_of_the_sheet_cost_nothing(make: Make) -> None:
    rows, _ = read(make(row(text("Id")), row(blank(16_384), repeat=1_048_575)))

    assert rows == [RawRow(1, {0: "Id"})]


def test_a_value_in_the_last_row_and_column_is_not_lost(make: Make) -> None:
    path = make(row(blank(), repeat=1_048_575), row(blank(16_383), text("far")))

    assert read(path)[0] == [RawRow(1_048_576, {16_383: "far"})]


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        (row(blank(), repeat=1_048_576) + row(text("x")), "beyond the last row"),
        (row(text("x"), repeat=1_048_577), "beyond the last row"),
        (row(blank(16_384), text("x")), "beyond the last column"),
        (row(blank("0")), "0 times"),  # type: ignore[arg-type]
        (row(blank("-1")), "no count"),  # type: ignore[arg-type]
        (row(blank("9" * 5_000)), "no count"),  # type: ignore[arg-type]
        (row(cell("string", shown="<text:p><text:s text:c='x'/></text:p>")), "no count"),
        (row(cell(shown="<table:table/>")), "cell A1 holds a table of its own"),
        (row(cell()) + "</nonsense>", "not well-formed"),
    ],
)
def test_a_sheet_that_cannot_be_is_refused_not_guessed(
    make: Make, inside: str, problem: str
) -> None:
    with pytest.raises(XmlError, match=problem):
        read(make(inside))


def test_hidden_rows_and_columns_are_counted_where_something_is(make: Make) -> None:
    folded, filtered = ' table:visibility="collapse"', ' table:visibility="filter"'
    columns = (
        "<table:table-columns><table:table-column/>"
        f'<table:table-column{folded} table:number-columns-repeated="1000"/></table:table-columns>'
    )
    rows, account = read(
        make(
            columns,
            row(text("Id"), text("x"), text("y")),
            row(number(1), attributes=filtered, repeat=2),
            row(blank(), repeat=1_000_000, attributes=folded),
        )
    )

    assert len(rows) == 3
    assert (account.hidden_rows, len(account.hidden_columns)) == (2, 2)


def test_merged_ranges_are_named(make: Make) -> None:
    spans = ' table:number-columns-spanned="{}" table:number-rows-spanned="{}"'
    rows, account = read(
        make(
            row(blank(), text("x", spans.format(2, 3)), text("y", spans.format(1, 1))),
            row(
                text("z"),
                "<table:covered-table-cell office:value-type='string'><text:p>under"
                "</text:p></table:covered-table-cell>",
            ),
        )
    )

    assert account.merged == ["B1:C3"]
    assert rows[1].cells == {0: "z", 1: "under"}


def test_only_the_tables_that_are_tabs_are_sheets(tmp_path: Path) -> None:
    inner = "<table:table table:name='inner'>{}</table:table>"
    linked = f"<table:dde-links><table:dde-link>{inner}</table:dde-link></table:dde-links>"
    shapes = f"<table:shapes><draw:frame>{inner}</draw:frame></table:shapes>"
    book = Spreadsheet(
        sheets={
            "One": shapes + row(text("1")),
            "'file:///x.ods'#$Two": "",
            "Two & 2": row(text("2")),
        },
        hidden=("Two & 2",),
        before=linked.format(row(text("0"))),
    )
    book.write(tmp_path / "deals.ods")

    with opened(tmp_path / "deals.ods") as found:
        assert [(sheet.name, sheet.is_hidden) for sheet in found.sheets] == [
            ("One", False),
            ("Two & 2", True),
        ]
    assert [read(tmp_path / "deals.ods", at)[0][0].cells for at in range(2)] == [
        {0: "1"},
        {0: "2"},
    ]


# ------------------------------------------------------------------ what is refused


def refused(path: Path) -> str:
    with pytest.raises(SourceError) as refusal, opened(path):
        pass
    return str(refusal.value)


@pytest.mark.parametrize(
    ("mimetype", "what"),
    [
        ("application/vnd.oasis.opendocument.presentation", "an OpenDocument presentation"),
        ("application/vnd.oasis.opendocument.text-template\n", "an OpenDocument text"),
        ("application/vnd.sun.xml.calc", "OpenOffice.org 1"),
    ],
)
def test_another_kind_of_document_is_called_by_its_name(
    make: Make, mimetype: str, what: str
) -> None:
    assert what in refused(make(row(text("Id")), mimetype=mimetype))


def test_a_document_that_does_not_say_its_kind_shows_it(tmp_path: Path) -> None:
    parts = Spreadsheet(sheets={"Deals": row(text("Id"))}).parts()
    del parts["mimetype"]
    write_package(tmp_path / "deals.ods", parts)
    assert one(tmp_path / "deals.ods") == "Id"

    parts["content.xml"] = parts["content.xml"].replace("office:spreadsheet", "office:drawing")
    write_package(tmp_path / "deals.ods", parts)
    assert "an OpenDocument drawing" in refused(tmp_path / "deals.ods")

    del parts["content.xml"]
    write_package(tmp_path / "deals.ods", parts)
    with pytest.raises(XmlError, match=r"content\.xml is missing"):
        refused(tmp_path / "deals.ods")

    write_package(tmp_path / "book.ods", {"mimetype": "application/epub+zip"})
    assert "another kind of document" in refused(tmp_path / "book.ods")


def test_a_template_is_a_spreadsheet(make: Make) -> None:
    mimetype = "application/vnd.oasis.opendocument.spreadsheet-template"

    assert one(make(row(text("Id")), mimetype=mimetype)) == "Id"


def test_a_spreadsheet_without_a_sheet_is_refused(tmp_path: Path) -> None:
    Spreadsheet().write(tmp_path / "deals.ods")

    assert "no worksheet" in refused(tmp_path / "deals.ods")


@pytest.mark.parametrize("part", ["content.xml", "styles.xml"])
def test_a_document_type_is_refused(tmp_path: Path, part: str) -> None:
    parts = Spreadsheet(sheets={"Deals": row(text("Id"))}).parts()
    parts[part] = parts[part].replace("\n", '\n<!DOCTYPE x [<!ENTITY a "aaaa">]>', 1)
    write_package(tmp_path / "deals.ods", parts)

    with pytest.raises(XmlError, match="document type"):
        read(tmp_path / "deals.ods")


@pytest.mark.parametrize(
    "inside",
    [
        row(text("x", ' table:number-columns-repeated="16384"'), repeat=1_048_576),
        row(text("x" * 30_000), repeat=1_048_576),
        row(cell("string", shown='<text:p><text:s text:c="30000"/></text:p>') * 16_384),
        row(number(1, attributes=' table:number-columns-repeated="999999999"'), repeat=999_999_999),
    ],
)
def test_a_small_file_cannot_mean_more_than_memory_or_a_night(make: Make, inside: str) -> None:
    path = make(row(text("Id")), inside)
    assert path.stat().st_size < 20_000

    with pytest.raises((SourceError, XmlError), match=r"over and over|beyond the last"):
        read(path)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"automatic": "".join(map(cell_style, map(str, range(200_001))))}, "styles"),
        ({"common": "".join(data_style("", str(at)) for at in range(200_001))}, "styles"),
        ({"sheets": {str(at): "" for at in range(10_001)}}, "sheets"),
    ],
    ids=["cell styles", "data styles", "sheets"],
)
def test_what_is_held_in_memory_has_an_end(
    tmp_path: Path, parts: dict[str, object], problem: str
) -> None:
    Spreadsheet(**parts).write(tmp_path / "deals.ods")  # type: ignore[arg-type]

    with pytest.raises(XmlError, match=rf"more than \d+,000 {problem}"):
        read(tmp_path / "deals.ods")


def test_repeated_rows_are_given_as_often_as_they_are_meant(make: Make) -> None:
    path = make(row(text("Id"), text("Stage")), row(number(7), text("won"), repeat=100_000))

    rows, account = read(path)

    assert len(rows) == 100_001
    assert rows[-1] == RawRow(100_001, {0: "7", 1: "won"})
    assert account.kinds["number"] == {0: Told(2, "7", 100_000)}


@pytest.mark.no_cover
def test_memory_stays_flat_however_many_rows(make: Make) -> None:
    def peak(count: int) -> int:
        path = make(*(row(number(at), text(f"person {at}")) for at in range(count)))
        with opened(path) as book:
            tracemalloc.start()
            for _ in book.rows(book.sheets[0], SheetAccount(header_row=0)):
                pass
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    small = peak(2_000)
    assert peak(20_000) < small * 1.5


# ------------------------------------------------------------------ laws

TEXTS = st.text(
    st.one_of(
        st.sampled_from(" \t\n\r"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    ),
    max_size=14,
)


@given(table=st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_table_of_text_comes_back_equal(tmp_path: Path, table: list[list[str]]) -> None:
    path = tmp_path / "any.ods"
    Spreadsheet(sheets={"Any": "".join(row(*map(text, cells)) for cells in table)}).write(path)

    rows, _ = read(path)

    found = {raw.number: raw.cells for raw in rows}
    for at, cells in enumerate(table, start=1):
        assert [found[at].get(place, "") for place in range(len(cells))] == cells


def test_calamine_reads_the_same_texts(make: Make) -> None:
    # No tab: calamine loses it.
    texts = ["  a   b  ", "one\ntwo\n\nthree", "'tis", "=1+1", "अनिता", "&<>"]
    path = make(*(row(text(found)) for found in texts))

    theirs = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)

    ours = [raw.cells[0] for raw in read(path)[0]]
    assert ours == texts == [cells[0] for cells in theirs.to_python()]


# ------------------------------------------------------------------ beside LibreOffice

needs_soffice = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")


def convert(path: Path) -> Path:
    """The workbook as LibreOffice saves it as .ods."""
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "ods", path.name]
    subprocess.run(command, cwd=path.parent, check=True, capture_output=True, timeout=100)
    return path.with_suffix(".ods")


def cells_by_row(path: Path) -> dict[int, tuple[Cell, ...]]:
    with open_rows(path) as source:
        return {
            item.row if isinstance(item, SourceRow) else item.row.row: (
                item.cells if isinstance(item, SourceRow) else item.row.cells
            )
            for item in source
        }


@needs_soffice
def test_the_sample_deals_are_the_same_when_libreoffice_saves_them(tmp_path: Path) -> None:
    copy = Path(shutil.copy(SAMPLES / "deals.xlsx", tmp_path))
    # LibreOffice 7.4 itself loses the tab in a cell of several lines.
    expected = {
        at: tuple(
            found.replace("\t", "") if isinstance(found, str) and "\n" in found else found
            for found in cells
        )
        for at, cells in cells_by_row(copy).items()
    }

    rows, account = read(convert(copy))

    width = len(next(iter(expected.values())))
    found = {
        raw.number: tuple(
            value.text if isinstance(value, Fault) else value
            for value in (raw.cells.get(place, "") for place in range(width))
        )
        for raw in rows[1:]
        if raw.cells
    }
    assert found == expected
    assert account.merged == []


VALUES: list[tuple[object, str, Cell | None]] = [
    # value, number format, what is expected; None: a fault
    ("=1/0", "", None),
    ("#N/A", "", None),
    ("=1+1", "", "2"),
    ('=""', "", ""),
    (date(2024, 4, 2), "", date(2024, 4, 2)),
    (datetime(2024, 4, 2), "dd/mm/yyyy hh:mm", datetime(2024, 4, 2)),
    (datetime(2024, 4, 2, 12, 13, 44), "", datetime(2024, 4, 2, 12, 13, 44)),
    (45384.5095370255, "dd/mm/yyyy", date(2024, 4, 2)),
    (time(12, 13, 44), "", time(12, 13, 44)),
    (timedelta(hours=30, minutes=2), "", timedelta(hours=30, minutes=2)),
    (0.25, "[h]:mm:ss", timedelta(hours=6)),
    (0.12, "0%", "0.12"),
    (434650.97, "[$₹-4009] #,##0.00", "434650.97"),
    (5, '"$"#,##0.00', "5"),
    (123, "00000", "00123"),
    (7, "00000;-00000", "00007"),
    (7, "000-00", "7"),
    (7, "0000.00", "7"),
    (1e21, "", "1000000000000000000000"),
    (1e-7, "", "0.0000001"),
    (0.1 + 0.2, "", "0.3"),  # LibreOffice keeps 15 digits; the file itself holds 0.3
    (True, "", "TRUE"),
    (False, "", "FALSE"),
    ("  a   b  ", "", "  a   b  "),
    ("one  two\n  three \n\n", "", "one  two\n  three \n\n"),
    ("a\tb", "", "a\tb"),
    ("x y\n" * 8_000, "", "x y\n" * 8_000),
    ("00123", "", "00123"),
    (
        CellRichText("plain ", TextBlock(InlineFont(b=True), " bold  x"), " end"),
        "",
        "plain  bold  x end",
    ),
]


def everything(path: Path) -> Path:
    """A workbook with every kind of value in column B, a merged range and hidden things."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, openpyxl.worksheet.worksheet.Worksheet)
    for at, (value, shown_as, _) in enumerate(VALUES, start=1):
        sheet.cell(at, 1).value = f"row {at}"
        sheet.cell(at, 2).value = value  # type: ignore[assignment]
        if shown_as:
            sheet.cell(at, 2).number_format = shown_as
    sheet.merge_cells("C3:D4")
    sheet["C3"] = "merged"
    sheet["D9"] = "last"
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("Other").sheet_state = "hidden"
    book.save(path)
    return path


@needs_soffice
def test_what_excel_writes_is_the_same_when_libreoffice_saves_it(tmp_path: Path) -> None:
    path = convert(everything(tmp_path / "everything.xlsx"))

    rows, account = read(path)

    found = [None if isinstance(raw.cells.get(1), Fault) else raw.cells.get(1, "") for raw in rows]
    assert found == [expected for _, _, expected in VALUES]
    assert (account.merged, account.hidden_rows, len(account.hidden_columns)) == (["C3:D4"], 1, 1)
    assert {
        name: sum(told.times for told in kind.values()) for name, kind in account.kinds.items()
    }["currency"] == 2
    with opened(path) as book:
        assert [sheet.is_hidden for sheet in book.sheets] == [False, True]


@needs_soffice
def test_calamine_agrees_on_what_libreoffice_saves(tmp_path: Path) -> None:
    path = convert(everything(tmp_path / "everything.xlsx"))
    theirs = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    ours, _ = read(path)

    differ = [
        raw.number
        for raw, cells in zip(ours, theirs, strict=True)
        if not isinstance(raw.cells.get(1), Fault) and not _same(raw.cells.get(1, ""), cells[1])
    ]

    # It knows no zeros before a number, leaves a midnight to the format and a moment as long as
    # it is stored, gives long durations as they are stored and short ones as times of day, and
    # loses tabs. LibreOffice stores the Booleans of an Excel workbook as numbers.
    formats = {"dd/mm/yyyy hh:mm", "dd/mm/yyyy", "00000", "00000;-00000", "[h]:mm:ss"}
    expected = [
        at
        for at, (value, shown_as, _) in enumerate(VALUES, start=1)
        if shown_as in formats or isinstance(value, bool | timedelta) or value == "a\tb"
    ]
    assert differ == expected


def _same(ours: Cell, theirs: object) -> bool:
    if isinstance(theirs, float):
        return isinstance(ours, str) and number_text(repr(theirs)) == ours
    if isinstance(theirs, timedelta) and isinstance(ours, time):
        ours = timedelta(hours=ours.hour, minutes=ours.minute, seconds=ours.second)
    return ours == theirs or (isinstance(theirs, str) and cell_text(ours) == theirs)


def test_paragraphs_are_written_as_libreoffice_writes_them() -> None:
    assert paragraphs("a  b\n c") == (
        '<text:p>a<text:s text:c="2"/>b</text:p><text:p><text:s/>c</text:p>'
    )
