"""Old Excel workbooks (.xls): every cell exact, every fault named, broken files refused."""

import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.loader.compound import CompoundFile
from migrator.loader.grid import Fault, RawRow, SheetAccount
from migrator.loader.rows import Told
from migrator.loader.xls import NEED_PER_BYTE, XlsBook
from migrator.loader.xls_records import mask_records
from migrator.model import Cell, Rejected
from sample_data.raw_xls import excel_5, formulas, record
from tests.integration.test_loader_xlsb import as_calamine, as_text

SAMPLES = Path(__file__).parents[2] / "sample_data"
Write = Callable[[xlwt.Worksheet], None]
Make = Callable[..., Path]

MUCH = 1 << 40  #: A budget that nothing here exceeds.


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a workbook with xlwt; the function fills its sheet "Deals"."""

    def write(fill: Write, *, is_1904: bool = False) -> Path:
        book = xlwt.Workbook()
        book.dates_1904 = is_1904
        fill(book.add_sheet("Deals"))
        book.save(str(tmp_path / "deals.xls"))
        return tmp_path / "deals.xls"

    return write


def rows_of(
    path: Path, sheet: int = 0, account: SheetAccount | None = None, budget: int = MUCH
) -> list[RawRow]:
    book = XlsBook.open(path, budget=budget)
    try:
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


def refusal(path: Path, budget: int = MUCH) -> SourceError:
    with pytest.raises(SourceError) as raised:
        rows_of(path, budget=budget)
    assert raised.value.advice
    return raised.value


def shown_as(code: str) -> xlwt.XFStyle:
    return xlwt.easyxf(num_format_str=code)


def line(sheet: xlwt.Worksheet, row: int, *values: object) -> None:
    """Fill a row, counted from 1; a pair is a value and the code of its format."""
    for column, value in enumerate(values):
        if isinstance(value, tuple):
            sheet.write(row - 1, column, value[0], shown_as(value[1]))
        elif value is not None:
            sheet.write(row - 1, column, value)


# ------------------------------------------------------------------ cells


def test_every_kind_of_number_is_exact(make: Make) -> None:
    def fill(sheet: xlwt.Worksheet) -> None:
        line(sheet, 1, 200000, -5, 123.45, 0.1, 0.30000000000000004, 1e21, -0.0, 2**53)

    assert cells_of(make(fill)) == {
        1: {
            0: "200000",
            1: "-5",
            2: "123.45",
            3: "0.1",
            4: "0.30000000000000004",
            5: "1000000000000000000000",
            6: "0",
            7: "9007199254740992",
        }
    }


SERIALS = [
    (45384.5095370255, "dd/mm/yyyy hh:mm:ss"),
    (45384.9999999, "dd/mm/yyyy"),
    (0.509537037037037, "hh:mm:ss"),
    (1.25, "[h]:mm:ss"),
    (1, "dd/mm/yyyy"),
    (60, "dd/mm/yyyy"),
    (-1, "dd/mm/yyyy"),
]
IN_1900 = [datetime(2024, 4, 2, 12, 13, 44), date(2024, 4, 3), time(12, 13, 44)]
IN_1900 += [timedelta(hours=30), date(1900, 1, 1), "impossible-date: 60", "impossible-date: -1"]
IN_1904 = [datetime(2028, 4, 3, 12, 13, 44), date(2028, 4, 4), time(12, 13, 44)]
IN_1904 += [timedelta(hours=30), date(1904, 1, 2), date(1904, 3, 1), "impossible-date: -1"]


@pytest.mark.parametrize(("is_1904", "expected"), [(False, IN_1900), (True, IN_1904)])
def test_a_number_with_a_format_of_dates_is_a_date(
    make: Make, is_1904: bool, expected: list[Cell]
) -> None:
    path = make(lambda sheet: line(sheet, 1, *SERIALS), is_1904=is_1904)

    assert cells_of(path) == {1: dict(enumerate(expected))}


def test_the_built_in_formats_of_east_asia_are_dates_too(make: Make) -> None:
    """xlrd has no codes for them, and takes others for numbers (xlrd.formatting)."""
    path = make(lambda sheet: line(sheet, 1, (45384, "M/D/YY")))
    content = path.read_bytes()
    stream = bytearray(content)
    at = find_format(stream, 14)
    struct.pack_into("<H", stream, at, 31)
    path.write_bytes(stream)

    assert cells_of(path) == {1: {0: date(2024, 4, 2)}}


def find_format(stream: bytearray, number: int) -> int:
    """Where the one cell format (XF) of an xlwt file with this number format names it."""
    wanted = struct.pack("<HHH", 0x00E0, 20, 0)
    at = -1
    while (at := stream.find(wanted[:4], at + 1)) >= 0:
        if struct.unpack_from("<H", stream, at + 6)[0] == number:
            return at + 6
    raise AssertionError(number)


def test_zeros_that_a_format_shows_are_kept(make: Make) -> None:
    account = SheetAccount(header_row=0)
    path = make(lambda sheet: line(sheet, 1, (42, "00000"), (123456, "00000"), (42, "0000-00")))

    ((_, cells),) = rows_of(path, account=account)

    assert cells == {0: "00042", 1: "123456", 2: "42"}
    assert account.padded == {0: Told(1, "00042", 1)}


def test_an_error_is_a_fault_that_names_it(make: Make) -> None:
    # xlwt writes #NUM! where it is told #VALUE!
    names = ["#NULL!", "#DIV/0!", "#REF!", "#NAME?", "#NUM!", "#N/A"]

    def fill(sheet: xlwt.Worksheet) -> None:
        for column, name in enumerate(names):
            sheet.row(0).set_cell_error(column, name.replace("/A", "/A!"))  # as xlwt calls it

    assert list(cells_of(make(fill))[1].values()) == [f"error-cell: {name}" for name in names]


def test_texts_are_exact(make: Make) -> None:
    odd = " a\rb\nc\t_x000D_ Zoë 東京 😀 "

    def fill(sheet: xlwt.Worksheet) -> None:
        bold = xlwt.easyfont("bold true")
        line(sheet, 1, odd, "00123", "", "=1+1")
        sheet.write_rich_text(0, 4, [("rich", bold), " text"])

    assert cells_of(make(fill)) == {1: {0: odd, 1: "00123", 3: "=1+1", 4: "rich text"}}


def test_long_texts_with_emoji_survive_the_borders_of_records(make: Make) -> None:
    """A record holds 8,224 bytes; Excel cuts between the two halves of an emoji as well."""
    texts = ["a" * shift + "😀" * 9_000 for shift in range(4)]

    assert cells_of(make(lambda sheet: line(sheet, 1, *texts))) == {1: dict(enumerate(texts))}


def test_halves_of_an_emoji_in_two_records_are_joined() -> None:
    """As Excel writes them; xlwt never cuts there."""
    text = ("x" + "😀" * 10).encode("utf-16-le")
    for cut in range(2, len(text), 2):
        head = struct.pack("<II", 1, 1) + struct.pack("<HB", len(text) // 2, 1)
        first, second = head + text[:cut], b"\1" + text[cut:]
        begin = struct.pack("<HHHHHHII", 0x0809, 16, 0x0600, 5, 0, 0, 0, 0)
        stream = bytearray(
            begin + record(0x00FC, first) + record(0x003C, second) + record(0x000A, b"")
        )

        mask_records(stream)

        at = len(begin)
        (size,) = struct.unpack_from("<H", stream, at + 2)
        mended = stream[at + 15 : at + 4 + size], stream[at + 9 + size : -4]
        assert "".join(piece.decode("utf-16-le") for piece in mended) == "x" + "😀" * 10


def test_booleans_and_blank_cells_read_as_excel_shows_them(make: Make) -> None:
    def fill(sheet: xlwt.Worksheet) -> None:
        line(sheet, 1, True, False, ("", "dd/mm/yyyy"))
        line(sheet, 2, None, ("", "dd/mm/yyyy"))

    assert cells_of(make(fill)) == {1: {0: "TRUE", 1: "FALSE"}}


def test_rows_keep_the_numbers_of_excel(make: Make) -> None:
    def fill(sheet: xlwt.Worksheet) -> None:
        line(sheet, 1, "Id")
        line(sheet, 5, None, None, "sparse")
        sheet.write(65_535, 255, "last")

    assert cells_of(make(fill)) == {1: {0: "Id"}, 5: {2: "sparse"}, 65_536: {255: "last"}}


def test_a_formula_reads_as_the_value_stored_with_it(tmp_path: Path) -> None:
    account = SheetAccount(header_row=0)

    path = formulas(tmp_path / "a.xls")

    found = {0: datetime(2024, 4, 2, 6), 1: "TRUE", 2: "error-cell: #N/A", 3: "Zoë 😀"}
    assert cells_of(path)[2] == found  # the last one's value is the text ""
    rows_of(path, account=account)
    assert account.formulas == 5


def test_a_formula_that_was_never_calculated_is_a_fault(make: Make) -> None:
    """xlwt stores the text "" for each; so does Excel for a formula that gives it."""
    account = SheetAccount(header_row=0)
    path = make(lambda sheet: line(sheet, 1, "Id", xlwt.Formula("1+1"), ("", "0"), 7))

    assert cells_of(path) == {1: {0: "Id", 1: "no-cached-value: ", 3: "7"}}
    rows_of(path, account=account)
    assert account.formulas == 1


# ------------------------------------------------------------------ the account and the sheets


def test_the_account_counts_what_the_sheet_holds(make: Make) -> None:
    account = SheetAccount(header_row=0)

    def fill(sheet: xlwt.Worksheet) -> None:
        line(sheet, 1, "Id", (0.25, "0.0%"), (45384, "dd/mm/yyyy"), (9.5, "[$₹-4009] #,##0.00"))
        line(sheet, 2, 7, None, 1234567890123456)
        sheet.write_merge(8, 9, 1, 27, "merged")
        sheet.row(1).hidden = True
        sheet.col(2).hidden = sheet.col(3).hidden = True

    rows_of(make(fill), account=account)

    assert (account.formulas, account.hidden_rows, len(account.hidden_columns)) == (0, 1, 2)
    assert account.merged == ["B9:AB10"]
    assert account.long == {2: Told(2, "1234567890123456", 1)}
    assert {kind: sorted(found) for kind, found in account.kinds.items()} == {
        "text": [0, 1],
        "number": [0, 2],
        "percent": [1],
        "date": [2],
        "currency": [3],
    }


def test_sheets_stand_in_order_and_hidden_ones_say_so(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    for name, visibility in (("Setup", 1), ("Zoë's", 0), ("Deep", 2)):
        sheet = book.add_sheet(name)
        sheet.visibility = visibility
        sheet.write(0, 0, name)
    book.set_active_sheet(1)
    book.save(str(tmp_path / "a.xls"))

    opened = XlsBook.open(tmp_path / "a.xls", budget=MUCH)
    opened.close()
    opened.close()

    found = [(sheet.name, sheet.is_hidden) for sheet in opened.sheets]
    assert found == [("Setup", True), ("Zoë's", False), ("Deep", True)]
    assert cells_of(tmp_path / "a.xls", sheet=1) == {1: {0: "Zoë's"}}


def test_a_sheet_that_is_a_chart_is_left_out(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    for name in ("Chart", "Deals"):
        book.add_sheet(name).write(0, 0, name)
    path = tmp_path / "a.xls"
    book.save(str(path))
    content = bytearray(path.read_bytes())
    content[content.index(b"\x85\x00") + 9] = 2  # the kind of the first sheet
    path.write_bytes(content)

    assert [sheet.name for sheet in XlsBook.open(path, budget=MUCH).sheets] == ["Deals"]
    assert cells_of(path) == {1: {0: "Deals"}}


# ------------------------------------------------------------------ what is refused


def test_a_workbook_that_may_exceed_the_memory_is_refused_with_the_figures(make: Make) -> None:
    path = make(lambda sheet: line(sheet, 1, "Id"))
    need = path.stat().st_size * NEED_PER_BYTE

    error = refusal(path, budget=need - 1)

    assert "iB of memory" in error.problem
    assert "CSV UTF-8" in error.advice
    assert "MIGRATOR_MEMORY" in error.advice
    assert XlsBook.open(path, budget=need).sheets


def test_an_encrypted_workbook_says_how_to_open_it(make: Make) -> None:
    path = make(lambda sheet: line(sheet, 1, "Id"))
    content = path.read_bytes()
    window = struct.pack("<HH", 0x003D, 18)  # WINDOW1; of the size of no matter
    assert window in content
    path.write_bytes(content.replace(window, struct.pack("<HH", 0x002F, 18), 1))

    error = refusal(path)

    assert error.problem == "the workbook is password-protected"
    assert "remove the password" in error.advice


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "sectors have a size"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "no compound file"),
        (b"", "no compound file"),
        (b"\x09\x04\x06\x00" + b"\0" * 600, "no compound file"),
        (b"PK\x03\x04" + b"\0" * 600, "no compound file"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "a.xls").write_bytes(content)

    assert problem in refusal(tmp_path / "a.xls").problem


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("WordDocument", "a Word document"),
        ("__properties_version1.0", "an Outlook message"),
        ("Something", "an Office file"),
        ("EncryptedPackage", "password-protected"),
    ],
)
def test_another_office_file_is_called_by_its_name(
    make: Make, tmp_path: Path, name: str, what: str
) -> None:
    path = make(lambda sheet: line(sheet, 1, "Id"))
    entry = "Workbook".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 18)
    other = name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)
    content = path.read_bytes()
    assert entry in content
    path.write_bytes(content.replace(entry, other))

    assert what in refusal(path).problem


def test_a_workbook_of_excel_5_is_read_in_its_code_page(tmp_path: Path) -> None:
    found = cells_of(excel_5(tmp_path / "a.xls", code_page=1250))

    assert found[2] == {0: "1", 1: "Żółw €", 2: date(2024, 4, 2), 3: "rich"}


def test_texts_in_an_unknown_code_page_are_not_guessed(tmp_path: Path) -> None:
    assert "in which code page" in refusal(excel_5(tmp_path / "a.xls", code_page=None)).problem


def test_a_file_that_is_cut_off_is_refused_wherever(make: Make) -> None:
    path = make(lambda sheet: [line(sheet, at, "Id", at, 0.1) for at in range(1, 200)])
    content = path.read_bytes()

    for length in range(0, len(content) - 512, 997):
        path.write_bytes(content[:length])
        refusal(path)


def test_a_damaged_file_ends_in_rows_or_a_refusal_and_soon(make: Make) -> None:
    drawn = random.Random(20_240_402)
    path = make(lambda sheet: [line(sheet, at, f"Zoë {at}", at / 7, True) for at in range(1, 30)])
    sound = path.read_bytes()

    for _ in range(500):
        content = bytearray(sound)
        for _ in range(drawn.randrange(1, 8)):
            at = drawn.choice([drawn.randrange(512), drawn.randrange(len(content))])
            content[at] = drawn.choice([0, 1, 2, 127, 128, 254, 255, drawn.randrange(256)])
        path.write_bytes(content)
        with suppress(SourceError):
            rows_of(path)


@pytest.mark.parametrize("place", [48, 60, 68, 76])
@pytest.mark.parametrize("sector", [0, 1, 2, 5])
def test_sectors_that_run_in_a_circle_are_refused(make: Make, place: int, sector: int) -> None:
    """The header's pointers to the directory, the small sectors and the table."""
    path = make(lambda sheet: line(sheet, 1, "Id"))
    content = bytearray(path.read_bytes())
    table = struct.unpack_from("<I", content, 76)[0]
    for at in range(128):
        struct.pack_into("<I", content, (table + 1) * 512 + 4 * at, at % 6)
    struct.pack_into("<I", content, place, sector)
    path.write_bytes(content)

    refusal(path)


def test_more_shared_texts_than_there_can_be_are_refused(make: Make) -> None:
    path = make(lambda sheet: line(sheet, 1, "Id"))
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<HHII", 0x00FC, 13, 1, 1))
    struct.pack_into("<I", content, at + 8, 0x7FFFFFFF)
    path.write_bytes(content)

    assert "2,147,483,647 shared texts" in refusal(path).problem


def test_xlrd_prints_nothing(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(lambda sheet: line(sheet, 1, "Id"))
    path.write_bytes(path.read_bytes() + b"\0" * 100)

    assert cells_of(path) == {1: {0: "Id"}}
    assert capsys.readouterr() == ("", "")


def test_small_streams_are_read_from_small_sectors(make: Make) -> None:
    """No workbook that Excel or xlwt writes has one; other programs' have."""
    path = make(lambda sheet: line(sheet, 1, "Id"))
    compound = CompoundFile(memoryview(path.read_bytes()))
    (entry,) = [found for found in compound.entries if found.name == "Workbook"]

    assert entry.is_stream
    assert compound.read(entry)[:2] == b"\x09\x08"


# ------------------------------------------------------------------ the samples

TRAPS: dict[str, dict[int, dict[int, Cell]]] = {
    "old.xls": {
        1: dict(enumerate(("Id", "Name", "Amount", "Closing", "Won", "Note"))),
        2: dict(
            enumerate(("00007", "Zoë", "0.1", datetime(2024, 4, 2, 12, 13, 44), "TRUE", "a\rb 😀"))
        ),
        3: {0: "00123", 1: "अनिता", 2: "-5", 3: timedelta(hours=30), 4: "FALSE"},
        4: {0: "4", 2: "error-cell: #N/A", 3: "impossible-date: -1", 5: "merged"},
        7: {0: "7", 1: "_x000D_", 2: "1500.5", 3: date(2024, 4, 2)},
    },
    "old_1904.xls": {1: {0: "Id", 1: "Closing"}, 2: {0: "1", 1: date(2028, 4, 3)}},
    "old_formulas.xls": {
        1: {at: f"Column {at}" for at in range(5)},
        2: {0: datetime(2024, 4, 2, 6), 1: "TRUE", 2: "error-cell: #N/A", 3: "Zoë 😀"},
    },
    "old_not_calculated.xls": {
        1: {0: "Id", 1: "Amount"},
        2: {0: "2", 1: "no-cached-value: "},
    },
    "excel_5.xls": {
        1: {0: "Id", 1: "Name", 2: "Closing", 3: "Note"},
        2: {0: "1", 1: "Żółw €", 2: date(2024, 4, 2), 3: "rich"},
    },
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_gives_exactly_its_cells(name: str) -> None:
    book = XlsBook.open(SAMPLES / "traps" / name, budget=MUCH)
    shown = next(at for at, sheet in enumerate(book.sheets) if not sheet.is_hidden)

    assert cells_of(SAMPLES / "traps" / name, shown) == TRAPS[name]


# ------------------------------------------------------------------ a second opinion


def everything(sheet: xlwt.Worksheet) -> None:
    line(sheet, 1, *(f"Column {at}" for at in range(6)))
    line(sheet, 2, 2, 0.1, 123.45, -5, 1e21, True)
    line(sheet, 3, 3, *SERIALS[:5])
    line(sheet, 4, 4, "Zoë 東京 😀", " a\rb\n", (42, "00000"), (0.5, "0%"), False)
    line(sheet, 9, 9, None, "sparse")
    sheet.row(9).set_cell_error(1, "#N/A!")


HIDDEN: dict[tuple[int, int], tuple[Cell, object]] = {
    (4, 3): ("00042", 42),  # zeros that a format shows
    (10, 1): ("error-cell: #N/A", ""),  # errors
}
DIFFERENT: dict[bool, dict[tuple[int, int], tuple[Cell, object]]] = {
    # calamine cuts to the millisecond where Excel rounds to the second, and shows the time of a
    # number whose format shows the day alone.
    False: HIDDEN
    | {
        (3, 1): (IN_1900[0], datetime(2024, 4, 2, 12, 13, 43, 999_000)),
        (3, 2): (IN_1900[1], datetime(2024, 4, 2, 23, 59, 59, 991_000)),
    },
    True: HIDDEN
    | {
        (3, 1): (IN_1904[0], datetime(2028, 4, 3, 12, 13, 43, 999_000)),
        (3, 2): (IN_1904[1], datetime(2028, 4, 3, 23, 59, 59, 991_000)),
    },
}


@pytest.mark.parametrize("is_1904", [False, True])
def test_calamine_reads_the_same_but_for_what_it_hides(make: Make, is_1904: bool) -> None:
    path = make(everything, is_1904=is_1904)
    ours = cells_of(path)

    theirs = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()

    different = {
        (at, column): (ours.get(at, {}).get(column, ""), found)
        for at, found_line in enumerate(theirs, start=1)
        for column, found in enumerate(found_line)
        if as_calamine(ours.get(at, {}).get(column, "")) != as_text(found)
    }
    assert different == DIFFERENT[is_1904]


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.timeout(180)
def test_the_sample_reads_the_same_when_libreoffice_saved_it(tmp_path: Path) -> None:
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    command = ["soffice", home, "--headless", "--convert-to", "xls", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(SAMPLES / "deals.xlsx")], check=True, timeout=150)
    expected = {}
    with open_rows(SAMPLES / "deals.xlsx", sheet="Deals") as source:
        for item in source:
            if not isinstance(item, Rejected):
                expected[item.row] = item.cells

    found = cells_of(tmp_path / "deals.xls")

    assert {
        at: cells
        for at, cells in expected.items()
        if tuple(found[at].get(place, "") for place in range(len(cells))) != cells
    } == {}


# ------------------------------------------------------------------ laws


TEXTS = st.text(st.characters(codec="utf-16-le", exclude_characters="\0"), max_size=40)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TABLES = st.lists(st.lists(TEXTS | NUMBERS | st.booleans(), max_size=5), max_size=6)


@pytest.mark.no_cover
@given(table=TABLES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_comes_back_as_it_was_written(
    make: Make, table: list[list[str | float | bool]]
) -> None:
    path = make(lambda sheet: [line(sheet, at, *row) for at, row in enumerate(table, start=1)])

    found = cells_of(path)

    for at, row in enumerate(table, start=1):
        for column, value in enumerate(row):
            own = found.get(at, {}).get(column, "")
            if isinstance(value, bool):
                assert own == str(value).upper()
            else:
                assert (float(str(own)) if isinstance(value, float) else own) == value
