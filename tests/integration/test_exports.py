"""Exports on real files: what is in them, and that they read back as they were written."""

import csv
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.cells import cell_text
from migrator.errors import SourceError, UsageError
from migrator.ledger import Ledger, PlannedRow, open_ledger
from migrator.loader import open_rows
from migrator.mapping import Mapping, parse_mapping
from migrator.model import (
    Cell,
    EntryRecord,
    Problem,
    Rejected,
    Run,
    Source,
    SourceRow,
    State,
)
from migrator.reports.table import EXPORT_SHEET, OUR_COLUMNS
from migrator.reports.xlsx_export import LONGEST_CELL, MOST_ROWS, refuse_rows, write_xlsx
from migrator.runs.exporting import export
from migrator.runs.mended import MendedRows
from migrator.runs.planning import open_source

PROBLEM = Problem(code="odd", column="", value="", reason="=odd", advice="Mend it.")
KINDS = ("csv", "xlsx")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def a_mapping(source: str = "{}", column: str = "Id") -> Mapping:
    text = f"version: 1\nsource: {source}\nopportunity: {{type: 12000, id: {column}}}\n"
    return parse_mapping(text + "fields: {mx_Custom_1: Name}\n", name="deals.yaml")


def rejected_run(ledger: Ledger, columns: tuple[str, ...], *rows: tuple[Cell, ...]) -> Run:
    """A sealed run in which every row is rejected; entry 1 is row 2."""
    return planned_run(ledger, columns, *rows)


def planned_run(
    ledger: Ledger,
    columns: tuple[str, ...],
    *rows: tuple[Cell, ...],
    problems: tuple[Problem, ...] = (),
    mapping_digest: str = "m",
) -> Run:
    """The same, with these problems in every row."""
    source = Source(
        name="deals.xlsx[Deals]",
        mapping_name="deals.yaml",
        mapping_digest=mapping_digest,
        event_code=12000,
        columns=columns,
        schema_names=("mx_Custom_1",),
    )
    run = ledger.plans.begin(source, account="account")
    planned = []
    for number, cells in enumerate(rows, 2):
        row = SourceRow("=deals.xlsx", "Deals", number, number, columns, cells)
        refused = Rejected(row=row, problems=problems or (PROBLEM,))
        planned.append(PlannedRow(row, refused, None))
    content = blake2b()
    ledger.plans.add(run, planned, first_number=1, content=content)
    return ledger.plans.seal(
        run, content_digest=content.hexdigest(), rows_read=len(rows), blank_rows=0
    )


def a_record(
    run: Run, cells: tuple[Cell, ...], *, exception: str, message: str, attempts: int = 1
) -> EntryRecord:
    """A failed entry."""
    return EntryRecord(
        run=run.number,
        number=1,
        file="deals.xlsx",
        sheet="Deals",
        row=2,
        line=2,
        cells=cells,
        opportunity_id=cell_text(cells[0]),
        state=State.FAILED,
        doubt=None,
        attempts=attempts,
        http_status=500,
        exception=exception,
        message=message,
        column="",
        advice="",
        updated_at=0.0,
        other=None,
    )


def exported(ledger: Ledger, run: Run, path: Path) -> Path:
    export(ledger, run, (State.REJECTED,), path)
    return path


def mended(ledger: Ledger, path: Path, mapping: Mapping | None = None) -> list[tuple[Cell, ...]]:
    """The cells that `run` would plan from a file."""
    with open_source(path, mapping or a_mapping()) as rows:
        given = MendedRows(rows, ledger, account="account")
        return [
            row.row.cells if isinstance(row, Rejected) else row.cells for row, _ in given.linked()
        ]


def change(path: Path, cell: str, text: str) -> None:
    """Type a text over a cell, as a person does in a spreadsheet program."""
    book = openpyxl.load_workbook(path)
    book.worksheets[0][cell].value = text
    book.worksheets[0][cell].data_type = "s"
    book.save(path)


# ------------------------------------------------------------------ what is in them

HOSTILE = (
    "007", "=SUM(1)", "'=1+1", "''tis", "'tis", "1e5", "12345678901234567890", "-1", "@x", "#N/A",
    "TRUE", "2024-04-02", " padded ", "_x0041_", "_x005F_x0041_", "_x0041\x01", "a\x01b\x1fc",
    "a\rb", "a\r\nb", "\n", " ", "\t=1", "\x1b[31m", "\ufffe", "😀", "é", "", "a\nb", "_x00",
)  # fmt: skip


def test_every_text_of_an_xlsx_export_is_a_text_cell(ledger: Ledger, tmp_path: Path) -> None:
    columns = tuple(f"Column {n}" for n in range(len(HOSTILE)))
    path = exported(ledger, rejected_run(ledger, columns, HOSTILE), tmp_path / "out.xlsx")

    sheet = openpyxl.load_workbook(path).worksheets[0]

    cells = [cell for row in sheet.iter_rows() for cell in row[: len(columns)]]
    assert {cell.number_format for cell in cells} == {"@"}
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert [cell.value for cell in sheet[2]][:4] == ["007", "=SUM(1)", "'=1+1", "''tis"]


def test_dates_and_times_of_the_source_are_dates_and_times_in_an_xlsx_export(
    ledger: Ledger, tmp_path: Path
) -> None:
    cells = (date(2024, 4, 2), datetime(2024, 4, 2, 12, 13, 44), time(9, 5), timedelta(hours=30))
    run = rejected_run(ledger, ("a", "b", "c", "d"), cells)

    row = openpyxl.load_workbook(exported(ledger, run, tmp_path / "out.xlsx")).worksheets[0][2]

    assert [cell.value for cell in row[:4]] == [
        datetime(2024, 4, 2), datetime(2024, 4, 2, 12, 13, 44), time(9, 5), timedelta(hours=30),
    ]  # fmt: skip
    assert [cell.number_format for cell in row[:4]] == [
        "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss", "[h]:mm:ss",
    ]  # fmt: skip


def test_a_text_in_a_column_of_dates_waits_for_a_date(ledger: Ledger, tmp_path: Path) -> None:
    run = rejected_run(ledger, ("Id", "Closed"), ("1", date(2024, 4, 2)), ("2", "soon"), ("3", ""))

    sheet = openpyxl.load_workbook(exported(ledger, run, tmp_path / "out.xlsx")).worksheets[0]

    assert [cell.number_format for cell in sheet["B"][1:]] == ["yyyy-mm-dd"] * 3
    assert [cell.data_type for cell in sheet["B"][1:]] == ["d", "s", "n"]


def test_the_header_of_an_xlsx_export_stays_in_sight_and_sets_our_columns_apart(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = rejected_run(ledger, ("Id", "Name"), ("1", "x" * 200))
    sheet = openpyxl.load_workbook(exported(ledger, run, tmp_path / "out.xlsx")).worksheets[0]

    assert sheet.title == EXPORT_SHEET
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:Q2"
    assert all(cell.font.b for cell in sheet[1])
    assert sheet["A1"].fill.fgColor.rgb != sheet["C1"].fill.fgColor.rgb
    assert sheet.column_dimensions["A"].width < sheet.column_dimensions["B"].width < 60


def test_both_kinds_have_the_same_columns_and_values(ledger: Ledger, tmp_path: Path) -> None:
    run = rejected_run(ledger, ("Id", "Name"), ("1", "one"), ("2", "two"))
    with exported(ledger, run, tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        in_csv = [[text.removeprefix("'") for text in row] for row in csv.reader(file)]

    sheet = openpyxl.load_workbook(exported(ledger, run, tmp_path / "out.xlsx")).worksheets[0]

    in_xlsx = [
        ["" if cell is None else str(cell) for cell in row]
        for row in sheet.iter_rows(values_only=True)
    ]
    assert in_xlsx == in_csv
    assert in_xlsx[0] == ["Id", "Name", *OUR_COLUMNS]
    assert [sheet.cell(2, in_csv[0].index(f"migrator_{name}") + 1).value for name in NUMBERS] == [
        1, 2, 0,
    ]  # fmt: skip


NUMBERS = ("entry", "row", "attempts")


# ------------------------------------------------------------------ they read back

TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from("_x0041F'=+-@\t\r\n \x01\x1b\"',;"), max_size=12),
)
CELLS = st.one_of(
    TEXTS,
    st.dates(date(1, 1, 1)),
    st.datetimes(datetime(1, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.times().map(lambda of_day: of_day.replace(microsecond=0)),
    st.integers(-(10**7), 10**7).map(lambda seconds: timedelta(seconds=seconds)),
)
NAMES = TEXTS.map(str.strip).filter(lambda name: name and "\0" not in name)


@pytest.mark.no_cover
@settings(max_examples=150, deadline=None)
@given(
    name=NAMES.filter(lambda name: name not in ("Id", "Name", *OUR_COLUMNS)),
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4),
)
@example(name="=1", rows=[(text, text) for text in HOSTILE])
@pytest.mark.parametrize("kind", KINDS)
def test_an_export_reads_back_with_every_cell_unchanged(
    kind: str,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    rows: list[tuple[Cell, Cell]],
) -> None:
    folder = tmp_path_factory.mktemp("export")
    with open_ledger(folder / "migrator.db") as ledger:
        columns = ("Id", name, "Name")
        run = rejected_run(ledger, columns, *[("id", *cells) for cells in rows])
        path = exported(ledger, run, folder / f"out.{kind}")

        with open_rows(path, encoding="utf-8" if kind == "csv" else None) as given:
            read = [row.row.cells if isinstance(row, Rejected) else row.cells for row in given]
        back = mended(ledger, path)

    has_nul = ["\0" in text for row in rows for text in map(cell_text, row)]
    if kind == "xlsx":
        texts = [tuple(map(cell_text, cells[:3])) for cells in read]
        assert texts == [("id", *map(cell_text, cells)) for cells in rows]
    if not any(has_nul):  # else its row is refused as a whole, and shown as it stands
        assert back == [("id", *cells) for cells in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_refused_for_its_number_of_cells_reads_back_at_the_headers_width(
    ledger: Ledger, tmp_path: Path, kind: str
) -> None:
    run = rejected_run(ledger, ("Id", "Name"), ("1",), ("2", "=b", "c"))

    back = mended(ledger, exported(ledger, run, tmp_path / f"out.{kind}"))

    assert back == [("1", ""), ("2", "=b")]


def test_a_text_typed_into_an_xlsx_export_is_taken_as_it_is(ledger: Ledger, tmp_path: Path) -> None:
    path = exported(
        ledger, rejected_run(ledger, ("Id", "Name"), ("1", "=1+1")), tmp_path / "out.xlsx"
    )

    change(path, "B2", "'=1+1")

    assert mended(ledger, path) == [("1", "'=1+1")]


def test_a_text_typed_into_a_csv_export_is_unescaped(ledger: Ledger, tmp_path: Path) -> None:
    path = exported(
        ledger, rejected_run(ledger, ("Id", "Name"), ("1", "old")), tmp_path / "out.csv"
    )
    text = path.read_text(encoding="utf-8-sig").replace("old", "'=new", 1)
    path.write_text(text, encoding="utf-8")

    assert mended(ledger, path) == [("1", "=new")]


@pytest.mark.parametrize("text", ["=1+1", "'=1+1", "''=1+1", "plain"])
def test_an_export_saved_as_the_other_kind_is_unchanged(
    ledger: Ledger, tmp_path: Path, text: str
) -> None:
    run = rejected_run(ledger, ("Id", "Name"), ("1", text))
    with exported(ledger, run, tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        write_plain_workbook(tmp_path / "saved.xlsx", list(csv.reader(file)))
    sheet = openpyxl.load_workbook(exported(ledger, run, tmp_path / "b.xlsx")).worksheets[0]
    with (tmp_path / "saved.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(sheet.iter_rows(values_only=True))

    assert mended(ledger, tmp_path / "saved.xlsx") == [("1", text)]
    assert mended(ledger, tmp_path / "saved.csv") == [("1", text)]


def write_plain_workbook(path: Path, rows: list[list[str]]) -> None:
    book = openpyxl.Workbook()
    for at, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            cell = book.worksheets[0].cell(at, column, text)
            cell.data_type = "s"
    book.save(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "source",
    [
        "{sheet: Deals}",
        "{sheet: 2}",
        "{header_row: 2}",
        "{delimiter: ';'}",
        "{quote: none}",
        "{quote: \"'\", escape: ','}",
    ],
)
def test_what_a_mapping_says_of_its_source_is_not_asked_of_an_export(
    ledger: Ledger, tmp_path: Path, kind: str, source: str
) -> None:
    run = rejected_run(ledger, ("Id", "Name"), ("1", "a"), ("2", "b"))
    path = exported(ledger, run, tmp_path / f"out.{kind}")

    assert mended(ledger, path, a_mapping(source)) == [("1", "a"), ("2", "b")]


def test_an_export_without_rows_says_that_nothing_is_to_be_done(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = exported(ledger, rejected_run(ledger, ("Id", "Name"), ("1", "a")), tmp_path / "out.csv")
    header = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(header)

    with pytest.raises(SourceError, match="this export has no rows"):
        mended(ledger, path)


def test_a_csv_export_is_read_as_utf8_whatever_encoding_its_source_had(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = exported(ledger, rejected_run(ledger, ("Id", "Name"), ("1", "é")), tmp_path / "out.csv")

    assert mended(ledger, path, a_mapping("{encoding: cp1252}")) == [("1", "é")]


# ------------------------------------------------------------------ what cannot be written


@pytest.mark.parametrize("name", ["out.xls", "out.txt", "out"])
def test_another_suffix_is_refused_and_both_kinds_are_named(
    ledger: Ledger, tmp_path: Path, name: str
) -> None:
    run = rejected_run(ledger, ("Id",), ("1",))

    with pytest.raises(UsageError, match=r"\.csv or an \.xlsx"):
        export(ledger, run, (State.REJECTED,), tmp_path / name)

    assert not (tmp_path / name).exists()


def test_a_text_that_excel_cannot_hold_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    path.write_bytes(b"old")

    with pytest.raises(SourceError, match=r'row 3, column "Name".*32,768 characters') as refused:
        write_xlsx(path, ("Id", "Name"), [("1", "short"), ("2", "x" * (LONGEST_CELL + 1))])

    assert ".csv" in refused.value.advice
    assert path.read_bytes() == b"old"
    assert names_beside(path) == ["out.xlsx"]


@pytest.mark.parametrize("text", ["x" * (LONGEST_CELL + 1), "\x01" * 5_000, "😀" * 16_384])
def test_a_cell_that_excel_cannot_hold_is_cut_in_the_export_and_whole_when_it_comes_back(
    ledger: Ledger, tmp_path: Path, text: str
) -> None:
    path = exported(ledger, rejected_run(ledger, ("Id", "Name"), ("1", text)), tmp_path / "o.xlsx")

    shown = openpyxl.load_workbook(path).worksheets[0]["B2"].value

    assert f"[cut: {len(text):,} characters" in shown
    assert mended(ledger, path) == [("1", text)]


@pytest.mark.parametrize("text", ["x" * LONGEST_CELL, "😀" * (LONGEST_CELL // 2)])
def test_the_longest_cell_that_excel_holds_is_whole(
    ledger: Ledger, tmp_path: Path, text: str
) -> None:
    path = exported(ledger, rejected_run(ledger, ("Id",), (text,)), tmp_path / "out.xlsx")

    assert mended(ledger, path) == [(text,)]


def test_characters_are_counted_as_excel_counts_them(ledger: Ledger, tmp_path: Path) -> None:
    run = rejected_run(ledger, ("Id",), ("😀" * (LONGEST_CELL // 2 + 1),))

    path = exported(ledger, run, tmp_path / "out.xlsx")

    assert "cut: 16,384" in openpyxl.load_workbook(path).worksheets[0]["A2"].value


def test_more_rows_than_a_sheet_holds_are_refused_with_the_way_out() -> None:
    refuse_rows(MOST_ROWS, where="out.xlsx")
    with pytest.raises(SourceError, match=r"1,048,576 rows(?s:.*)-o FILE\.csv"):
        refuse_rows(MOST_ROWS + 1, where="out.xlsx")


def test_more_columns_than_a_sheet_holds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="16,385 columns"):
        write_xlsx(tmp_path / "out.xlsx", ["x"] * 16_385, [])

    assert names_beside(tmp_path / "out.xlsx") == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mark", ["~$out.{}", ".~lock.out.{}#"])
def test_a_file_that_is_open_in_a_spreadsheet_program_is_left_alone(
    ledger: Ledger, tmp_path: Path, kind: str, mark: str
) -> None:
    path = tmp_path / f"out.{kind}"
    path.write_bytes(b"old")
    (tmp_path / mark.format(kind)).write_bytes(b"owner")

    with pytest.raises(SourceError, match="Close it"):
        exported(ledger, rejected_run(ledger, ("Id",), ("1",)), path)

    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_that_a_dead_program_left_beside_no_file_is_ignored(
    ledger: Ledger, tmp_path: Path, kind: str
) -> None:
    (tmp_path / f"~$out.{kind}").write_bytes(b"owner")

    exported(ledger, rejected_run(ledger, ("Id",), ("1",)), tmp_path / f"out.{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_is_missing_or_in_the_way_is_named(
    ledger: Ledger, tmp_path: Path, kind: str
) -> None:
    run = rejected_run(ledger, ("Id",), ("1",))
    (tmp_path / f"folder.{kind}").mkdir()

    with pytest.raises(SourceError, match="folder for the export does not exist"):
        exported(ledger, run, tmp_path / "missing" / f"out.{kind}")
    with pytest.raises(SourceError, match="it is a folder"):
        exported(ledger, run, tmp_path / f"folder.{kind}")


def written_by_a_process(kind: str, folder: Path, before: str, rows: int) -> str:
    """What a process says that writes an export in ``folder`` after the line ``before``."""
    code = f"""
        import os, resource
        from pathlib import Path
        from migrator.errors import SourceError
        from migrator.reports.{kind}_export import write_{kind}
        {before}
        rows = ([str(n * n) * 9] for n in range({rows}))
        try:
            write_{kind}(Path("out.{kind}"), ["Id"], rows)
        except SourceError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={"TMPDIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert not done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_may_not_be_written_to_is_said_so(tmp_path: Path, kind: str) -> None:
    tmp_path.chmod(0o555)

    said = written_by_a_process(kind, tmp_path, "os.geteuid() or os.setuid(65534)", 1)

    tmp_path.chmod(0o755)
    assert "folder that you may write to" in said


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize("kind", KINDS)
def test_a_write_protected_file_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"out.{kind}"
    path.write_bytes(b"old")
    path.chmod(0o444)
    tmp_path.chmod(0o777)

    said = written_by_a_process(kind, tmp_path, "os.geteuid() or os.setuid(65534)", 1)

    assert "open in another program, or write-protected" in said
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_takes_no_more_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"out.{kind}"
    path.write_bytes(b"old")
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"

    said = written_by_a_process(kind, tmp_path, limit, 100_000)

    assert "the export cannot be written" in said
    assert path.read_bytes() == b"old"
    assert names_beside(path) == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
def test_a_disk_that_ends_while_the_workbook_is_packed_leaves_no_traceback(tmp_path: Path) -> None:
    # A limit that the packed workbook does not reach, set while its parts are unpacked.
    before = (
        "import openpyxl.writer.excel as w; old = w.ExcelWriter.write_data; "
        "w.ExcelWriter.write_data = lambda self: ("
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000)), old(self))"
    )

    said = written_by_a_process("xlsx", tmp_path, before, 5_000)

    assert "the export cannot be written" in said
    assert names_beside(tmp_path / "out.xlsx") == []


def names_beside(path: Path) -> list[str]:
    """What stands in the folder, the ledger apart."""
    return sorted(
        found.name for found in path.parent.iterdir() if not found.name.startswith("migrator.db")
    )


def test_an_xlsx_export_leaves_no_temporary_file(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "temporary"  # other tests write workbooks meanwhile
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))

    exported(ledger, rejected_run(ledger, ("Id",), ("1",)), tmp_path / "out.xlsx")

    assert list(own.iterdir()) == []


def test_times_of_a_workbook_come_back_as_times(ledger: Ledger, tmp_path: Path) -> None:
    cells = (date(2024, 4, 2), datetime(2024, 4, 2, 12, 13, 44), time(9, 5), timedelta(hours=30))
    run = rejected_run(ledger, ("a", "b", "c", "d"), cells)

    assert mended(ledger, exported(ledger, run, tmp_path / "out.xlsx")) == [cells]


def test_a_sheet_that_is_no_export_is_read_as_its_mapping_says(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_bytes("A title;;\nId;Name\n1;é\n".encode("cp1252"))
    write_plain_workbook(tmp_path / "deals.xlsx", [["Id", "Name"], ["1", "a"]])

    mapping = a_mapping("{header_row: 2, encoding: cp1252, delimiter: ';'}")
    with open_source(tmp_path / "deals.csv", mapping) as rows:
        assert rows.columns == ("Id", "Name")
        assert [row.cells for row in rows if not isinstance(row, Rejected)] == [("1", "é")]
    with pytest.raises(SourceError, match='there is no sheet "Deals"'):
        open_source(tmp_path / "deals.xlsx", a_mapping("{sheet: Deals}"))
