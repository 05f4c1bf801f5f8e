"""Binary workbooks (.xlsb): every cell exact, every fault named, broken records refused."""

import random
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from migrator.errors import SourceError
from migrator.loader.binary_cells import rk_number
from migrator.loader.grid import Fault, RawRow, SheetAccount
from migrator.loader.package import open_package, translated_errors
from migrator.loader.rows import Told
from migrator.loader.xlsb import XlsbBook
from migrator.model import Cell
from sample_data.raw_xlsb import (
    CLOCK,
    DAY,
    ELAPSED,
    FORMULA,
    MOMENT,
    MONEY,
    PERCENT,
    RUPEES,
    ZEROS,
    BinaryWorkbook,
    blank,
    boolean,
    cell,
    columns,
    error,
    real,
    record,
    rich,
    rk,
    row,
    shared,
    sheet,
    text,
    whole,
    wide,
    write_parts,
)

TRAPS = Path(__file__).parents[2] / "sample_data" / "traps"
SHEET = "xl/worksheets/sheet1.bin"
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a workbook whose sheet "Deals" has these rows."""

    def write(*rows: bytes, merged=(), head: bytes = b"", **parts: object) -> Path:
        sheets = {"Deals": sheet(*rows, merged=merged, head=head)}
        return BinaryWorkbook(sheets=sheets, **parts).write(tmp_path / "deals.xlsb")  # type: ignore[arg-type]

    return write


def opened(path: Path) -> XlsbBook:
    file = path.open("rb")
    try:
        with translated_errors(path.name):
            return XlsbBook.open(path, file, open_package(path, file), "xl/workbook.bin")
    except BaseException:
        file.close()
        raise


def rows_of(path: Path, sheet: int = 0, account: SheetAccount | None = None) -> list[RawRow]:
    book = opened(path)
    try:
        with translated_errors(path.name):
            return list(book.rows(book.sheets[sheet], account or SheetAccount(header_row=0)))
    finally:
        book.close()


def cells_of(path: Path, sheet: int = 0) -> dict[int, dict[int, Cell]]:
    """By row and column; a fault as its code and text."""
    return {
        number: {
            column: f"{found.problem.code}: {found.text}" if isinstance(found, Fault) else found
            for column, found in cells.items()
        }
        for number, cells in rows_of(path, sheet)
    }


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as raised:
        rows_of(path)
    assert raised.value.advice
    return str(raised.value)


# ------------------------------------------------------------------ cells


def test_every_kind_of_number_is_exact(make: Make) -> None:
    exact = ["200000", "-5", "123.45", "1", "0.1", "0.30000000000000004"]
    path = make(
        row(
            1,
            whole(0, 200000),
            whole(1, -5),
            rk(2, 12345 << 2 | 3),
            rk(3, 0x3FF00000),
            real(4, 0.1),
            real(5, 0.30000000000000004),
            real(6, 1e21),
            real(7, -0.0),
        ),
        row(2, real(0, float("nan")), real(1, float("inf"))),
    )

    assert cells_of(path) == {
        1: dict(enumerate([*exact, "1" + "0" * 21, "0"])),
        2: {0: "broken-number: nan", 1: "broken-number: inf"},
    }


MOMENTS = [
    (45384.5095370255, MOMENT),
    (45384.9999999, DAY),
    (0.509537037037037, CLOCK),
    (1.25, ELAPSED),
    (1, DAY),
    (60, DAY),
    (-1, DAY),
]


IN_1900 = [datetime(2024, 4, 2, 12, 13, 44), date(2024, 4, 3), time(12, 13, 44)]
IN_1900 += [timedelta(hours=30), date(1900, 1, 1), "impossible-date: 60", "impossible-date: -1"]
IN_1904 = [datetime(2028, 4, 3, 12, 13, 44), date(2028, 4, 4), time(12, 13, 44)]
IN_1904 += [timedelta(hours=30), date(1904, 1, 2), date(1904, 3, 1), "impossible-date: -1"]


@pytest.mark.parametrize(("is_1904", "expected"), [(False, IN_1900), (True, IN_1904)])
def test_a_number_with_a_format_of_dates_is_a_date(
    make: Make, is_1904: bool, expected: list[Cell]
) -> None:
    cells = [real(at, number, style) for at, (number, style) in enumerate(MOMENTS)]

    assert cells_of(make(row(1, *cells), is_1904=is_1904)) == {1: dict(enumerate(expected))}


def test_whole_numbers_and_formulas_can_be_dates_too(make: Make) -> None:
    formula = cell(9, 1, struct.pack("<d", 45384.0) + FORMULA, DAY)

    path = make(row(1, whole(0, 45384, DAY), formula, whole(2, 45384, MONEY)))

    assert cells_of(path) == {1: {0: date(2024, 4, 2), 1: date(2024, 4, 2), 2: "45384"}}


def test_an_error_is_a_fault_that_names_it(make: Make) -> None:
    codes = (0x00, 0x07, 0x0F, 0x17, 0x1D, 0x24, 0x2A, 0x2B, 0x63)
    cells = [error(at, code) for at, code in enumerate(codes)]
    cells.append(cell(11, 9, b"\x07" + FORMULA))

    found = cells_of(make(row(1, *cells)))[1]

    assert list(found.values()) == [
        f"error-cell: {name}"
        for name in (
            *("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"),
            *("#GETTING_DATA", "#ERROR 99", "#DIV/0!"),
        )
    ]


def test_texts_are_exact_wherever_they_stand(make: Make) -> None:
    odd = " a\rb\nc\t_x000D_ 😀 "
    path = make(
        row(1, text(0, odd), shared(1, 0), shared(2, 1), shared(3, 2)),
        row(2, cell(8, 0, wide(odd) + FORMULA), cell(62, 1, rich(odd, is_formatted=True))),
        row(3, text(0, ""), text(1, "00123"), cell(8, 2, wide("") + FORMULA)),
        texts=[rich(odd), rich("rich text", is_formatted=True), rich("東京", phonetic="トウ")],
    )

    assert cells_of(path) == {
        # Texts of this format are UTF-16 as it is ([MS-XLSB] 2.5.169): _x000D_ is no escape.
        1: {0: odd, 1: odd, 2: "rich text", 3: "東京"},
        2: {0: odd, 1: odd},
        3: {1: "00123"},
    }


def test_a_text_that_no_cell_can_hold_is_a_fault(make: Make) -> None:
    path = make(
        row(1, text(0, "x" * 32_767), text(1, "y" * 32_768), text(2, "a\0b"), text(3, "a\ud83d")),
        row(2, shared(0, 0)),
        texts=[rich("z" * 40_000)],
    )

    (_, first), (_, second) = rows_of(path)

    assert first[0] == "x" * 32_767
    codes = [found.problem.code for found in (first[1], first[2], first[3], second[0])]  # type: ignore[union-attr]
    assert codes == ["too-long", "nul", "half-character", "too-long"]
    first[3].text.encode()  # type: ignore[union-attr]  # what a report shows can be written


def test_booleans_and_blank_cells_read_as_excel_shows_them(make: Make) -> None:
    truth = cell(10, 3, b"\x01" + FORMULA)

    path = make(row(1, boolean(0, True), boolean(1, False), blank(2, DAY), truth))

    assert cells_of(path) == {1: {0: "TRUE", 1: "FALSE", 3: "TRUE"}}


def test_a_short_cell_stands_beside_the_one_before(make: Make) -> None:
    style = struct.pack("<I", 0)
    short = [
        record(13, style + struct.pack("<I", 7 << 2 | 2)),
        record(12, style),
        record(14, style + b"\x2a"),
        record(15, style + b"\x01"),
        record(16, struct.pack("<Id", DAY, 45384.0)),
        record(17, style + wide("short")),
        record(18, style + struct.pack("<I", 0)),
    ]

    path = make(row(1, text(2, "first"), *short), texts=[rich("shared")])

    assert cells_of(path)[1] == {
        2: "first",
        3: "7",
        5: "error-cell: #N/A",
        6: "TRUE",
        7: date(2024, 4, 2),
        8: "short",
        9: "shared",
    }


def test_a_cell_whose_style_is_not_there_is_a_plain_number(make: Make) -> None:
    assert cells_of(make(row(1, whole(0, 45384, 99)))) == {1: {0: "45384"}}


# ------------------------------------------------------------------ the account


def test_the_account_counts_what_the_sheet_holds(make: Make) -> None:
    account = SheetAccount(header_row=0)
    path = make(
        row(1, text(0, "Id"), whole(1, 42, ZEROS), real(2, 0.25, PERCENT)),
        row(3, whole(0, 45384, DAY), real(1, 9.5, RUPEES), is_hidden=True),
        row(4, cell(9, 0, struct.pack("<d", 1234567890123456.0) + FORMULA), is_hidden=True),
        merged=((8, 9, 1, 27),),
        head=columns((1, 3), (16_383, 16_383)),
    )

    assert [number for number, _ in rows_of(path, account=account)] == [1, 3, 4]
    assert (account.formulas, account.hidden_rows, len(account.hidden_columns)) == (1, 2, 4)
    assert account.merged == ["B9:AB10"]
    assert account.padded == {1: Told(1, "00042", 1)}
    assert account.long == {0: Told(4, "1234567890123456", 1)}
    assert {kind: sorted(found) for kind, found in account.kinds.items()} == {
        "text": [0],
        "number": [0, 1],
        "percent": [2],
        "date": [0],
        "currency": [1],
    }


# ------------------------------------------------------------------ sheets


@pytest.fixture
def four_sheets(tmp_path: Path) -> Path:
    names = ("Setup", "Chart", "Deals 2024", "Zoë's")
    sheets = {name: sheet(row(1, text(0, name))) for name in names}
    return BinaryWorkbook(sheets=sheets, hidden=("Setup",), charts=("Chart",)).write(
        tmp_path / "four.xlsb"
    )


def test_sheets_stand_in_order_and_charts_are_left_out(four_sheets: Path) -> None:
    book = opened(four_sheets)
    book.close()
    book.close()

    assert [(found.name, found.is_hidden) for found in book.sheets] == [
        ("Setup", True),
        ("Deals 2024", False),
        ("Zoë's", False),
    ]
    assert cells_of(four_sheets, sheet=2) == {1: {0: "Zoë's"}}


def test_a_workbook_without_a_worksheet_is_refused(tmp_path: Path) -> None:
    path = BinaryWorkbook(sheets={"Chart": sheet()}, charts=("Chart",)).write(tmp_path / "a.xlsb")

    assert "no worksheet" in refusal(path)


def test_texts_and_styles_may_be_missing(tmp_path: Path) -> None:
    parts = BinaryWorkbook(sheets={"Deals": sheet(row(1, whole(0, 7), text(1, "x")))}).parts()
    related = parts["xl/_rels/workbook.bin.rels"].replace(b"/styles", b"/theme")
    parts["xl/_rels/workbook.bin.rels"] = related.replace(b"/sharedStrings", b"/theme")
    write_parts(tmp_path / "a.xlsb", parts)

    assert cells_of(tmp_path / "a.xlsb") == {1: {0: "7", 1: "x"}}


def test_parts_may_be_named_from_the_root_and_in_other_letters(tmp_path: Path) -> None:
    parts = BinaryWorkbook(sheets={"Deals": sheet(row(1, text(0, "x")))}).parts()
    related = parts["xl/_rels/workbook.bin.rels"]
    parts["xl/_rels/workbook.bin.rels"] = related.replace(
        b'"worksheets/sheet1.bin"', b'"/xl/Worksheets/SHEET1.bin"'
    )
    write_parts(tmp_path / "a.xlsb", parts)

    assert cells_of(tmp_path / "a.xlsb") == {1: {0: "x"}}


# ------------------------------------------------------------------ what is broken


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        (row(3) + row(2), "row 2 stands after row 3"),
        (row(2) + row(2), "row 2 stands after row 2"),
        (row(1_048_577), "row 1048577"),
        (row(2, whole(1, 1), whole(0, 1)), "cell A2 stands after a cell to its right"),
        (row(2, whole(1, 1), whole(1, 1)), "cell B2"),
        (row(2, whole(16_384, 1)), "beyond the last column"),
        (whole(0, 1), "outside of every row"),
        (row(2, shared(0, 7)), "the shared text 7, but there are 0"),
        (row(2, record(5, b"\0" * 9)), "too short"),
        (row(2, record(4, b"\0" * 8)), "too short"),
        (row(2, cell(6, 0, struct.pack("<I", 0xFFFFFFF0) + b"x")), "a text is longer"),
        (record(0, b"\0"), "too short"),
        (row(2) + b"\x06\xff\xff\xff\x7f" + b"x" * 50, "states a size of 268,435,455 bytes"),
    ],
)
def test_a_sheet_in_no_order_is_refused_not_guessed(
    make: Make, inside: bytes, problem: str
) -> None:
    assert problem in refusal(make(inside))


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (SHEET, "its sheet is cut off"),
        ("xl/sharedStrings.bin", "shared texts are cut off"),
        ("xl/styles.bin", "cell styles are cut off"),
        ("xl/workbook.bin", "list of sheets is cut off"),
    ],
)
def test_a_part_that_ends_early_is_never_a_short_one(
    tmp_path: Path, part: str, problem: str
) -> None:
    """However few records are missing: the cut lies at the border of two."""
    workbook = BinaryWorkbook(sheets={"Deals": sheet(row(1, whole(0, 1)))}, texts=[rich("a")])
    parts = workbook.parts()
    ends = {
        SHEET: record(146),
        "xl/sharedStrings.bin": record(160),
        "xl/styles.bin": record(618),
        "xl/workbook.bin": record(132),
    }
    parts[part] = parts[part][: parts[part].rindex(ends[part])]
    write_parts(tmp_path / "a.xlsb", parts)

    assert problem in refusal(tmp_path / "a.xlsb")


def test_a_part_that_ends_within_a_record_is_refused(tmp_path: Path) -> None:
    parts = BinaryWorkbook(sheets={"Deals": sheet(row(1, text(0, "Ana")))}).parts()
    whole_part = parts[SHEET]

    for length in range(len(whole_part) - len(record(130))):
        parts[SHEET] = whole_part[:length]
        write_parts(tmp_path / "a.xlsb", parts)
        assert "broken" in refusal(tmp_path / "a.xlsb")


@pytest.mark.parametrize("part", ["xl/_rels/workbook.bin.rels", SHEET])
def test_a_missing_part_is_refused(tmp_path: Path, part: str) -> None:
    parts = BinaryWorkbook(sheets={"Deals": sheet(row(1, text(0, "Ana")))}).parts()
    del parts[part]
    write_parts(tmp_path / "a.xlsb", parts)

    assert "broken" in refusal(tmp_path / "a.xlsb")


def test_entities_in_the_relations_are_refused(tmp_path: Path) -> None:
    parts = BinaryWorkbook(sheets={"Deals": sheet(row(1, text(0, "Ana")))}).parts()
    name = "xl/_rels/workbook.bin.rels"
    front = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Relationships'
    parts[name] = parts[name].replace(b"<Relationships", front, 1)
    write_parts(tmp_path / "a.xlsb", parts)

    assert "broken" in refusal(tmp_path / "a.xlsb")


def test_a_damaged_part_ends_in_rows_or_a_refusal(tmp_path: Path) -> None:
    drawn = random.Random(20_240_402)
    workbook = BinaryWorkbook(
        sheets={
            "Deals": sheet(
                *(row(at, text(0, "Zoë"), real(1, at / 7), shared(2, 0)) for at in range(1, 9))
            )
        },
        texts=[rich("shared", is_formatted=True)],
    )
    sound = workbook.parts()
    names = [name for name in sound if name.endswith(".bin")]

    for _ in range(500):
        parts, name = dict(sound), drawn.choice(names)
        content = bytearray(parts[name])
        for _ in range(drawn.randrange(1, 5)):
            content[drawn.randrange(len(content))] = drawn.randrange(256)
        parts[name] = bytes(content)
        write_parts(tmp_path / "a.xlsb", parts)
        with suppress(SourceError):
            rows_of(tmp_path / "a.xlsb")


# ------------------------------------------------------------------ the samples


def test_the_binary_trap_gives_exactly_its_cells() -> None:
    assert cells_of(TRAPS / "binary.xlsb", sheet=1) == {
        1: dict(enumerate(("Id", "Name", "Amount", "Closing", "Won"))),
        2: dict(enumerate(("00007", "Zoë", "0.1", datetime(2024, 4, 2, 12, 13, 44), "TRUE"))),
        3: dict(enumerate(("00123", "rich text", "1500.5", timedelta(hours=30), "FALSE"))),
        4: {0: "4", 2: "error-cell: #N/A", 3: "impossible-date: -1"},
        7: dict(enumerate(("7", "東京", "-5", date(2024, 4, 2), "_x000D_ 😀"))),
    }


def test_the_binary_trap_of_1904_counts_from_there() -> None:
    assert cells_of(TRAPS / "binary_1904.xlsb")[2] == {0: "1", 3: date(2028, 4, 3)}


def test_the_binary_trap_that_is_cut_off_is_refused() -> None:
    assert "its sheet is cut off" in refusal(TRAPS / "binary_cut_off.xlsb")


# ------------------------------------------------------------------ a second opinion


def everything() -> bytes:
    return sheet(
        row(1, *(text(at, f"Column {at}") for at in range(6))),
        row(2, whole(0, 2), real(1, 0.1), rk(2, 12345 << 2 | 3), whole(3, -5), rk(4, 0x3FF00000)),
        row(3, whole(0, 3), real(1, 45384.5, MOMENT), real(2, 45384, DAY), real(3, 1.25, ELAPSED)),
        row(4, whole(0, 4), boolean(1, True), error(2, 0x2A), shared(3, 0), blank(4), shared(5, 1)),
        row(7, whole(0, 7), text(1, "_x000D_ a\rb 😀"), whole(2, 42, ZEROS), real(3, 0.5, CLOCK)),
        row(8, cell(8, 1, wide("text") + FORMULA), cell(9, 2, struct.pack("<d", 2.5) + FORMULA)),
        row(9, cell(10, 1, b"\x01" + FORMULA), cell(11, 2, b"\x07" + FORMULA)),
        row(10, whole(0, 45384, DAY), cell(62, 1, rich("rich", is_formatted=True))),
    )


def test_calamine_reads_the_same_but_for_what_it_hides(make: Make, tmp_path: Path) -> None:
    texts = [rich("plain"), rich("東京", phonetic="トウキョウ")]
    path = BinaryWorkbook(sheets={"Deals": everything()}, texts=texts).write(tmp_path / "a.xlsb")
    ours = cells_of(path)

    theirs = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()

    different = {}
    for at, line in enumerate(theirs, start=1):
        for column, found in enumerate(line):
            own = ours.get(at, {}).get(column, "")
            if as_calamine(own) != as_text(found):
                different[at, column] = (own, found)
    assert different == {
        (4, 2): ("error-cell: #N/A", ""),  # calamine hides errors
        (9, 2): ("error-cell: #DIV/0!", ""),
        (7, 2): ("00042", 42),  # and zeros that a format shows
        (10, 0): (date(2024, 4, 2), 45384),  # whole numbers are never dates to it
        (10, 1): ("rich", ""),  # nor does it know BrtCellRString
    }


def as_calamine(own: Cell) -> str:
    """Our cell in the one text that both readers' values are compared by."""
    if isinstance(own, datetime) and own.time() == time(0):
        own = own.date()
    return str(own)


def as_text(found: object) -> str:
    if isinstance(found, bool):
        return str(found).upper()
    if isinstance(found, float) and found.is_integer():
        return str(int(found))
    if isinstance(found, datetime) and found.time() == time(0):
        return str(found.date())
    return str(found)


# ------------------------------------------------------------------ laws


TEXTS = st.text(st.characters(codec="utf-16-le", exclude_characters="\0"), max_size=40)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TABLES = st.lists(st.lists(TEXTS | NUMBERS, max_size=5), max_size=6)


@given(table=TABLES, shares=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_comes_back_as_it_was_written(
    tmp_path: Path, table: list[list[str | float]], shares: bool
) -> None:
    texts: list[bytes] = []

    def stored(column: int, value: str | float) -> bytes:
        if isinstance(value, float):
            return real(column, value)
        if shares:
            texts.append(rich(value))
            return shared(column, len(texts) - 1)
        return text(column, value)

    rows = [
        row(at, *(stored(column, value) for column, value in enumerate(line)))
        for at, line in enumerate(table, start=1)
    ]
    path = BinaryWorkbook(sheets={"Deals": sheet(*rows)}, texts=texts).write(tmp_path / "a.xlsb")

    found = cells_of(path)

    for at, line in enumerate(table, start=1):
        for column, value in enumerate(line):
            own = found[at].get(column, "")
            assert (float(str(own)) if isinstance(value, float) else own) == value


@given(number=st.integers(-(2**29), 2**29 - 1))
def test_a_whole_number_in_30_bits_comes_back(number: int) -> None:
    assert rk_number(number << 2 & 0xFFFFFFFF | 2) == number
    assert rk_number(number << 2 & 0xFFFFFFFF | 3) == number / 100
