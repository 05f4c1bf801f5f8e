"""A sheet written anew: it reads back cell by cell, in the same rows."""

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.model import Cell, Rejected, SourceRow
from migrator.reports.sheet_export import NumberedRow, write_sheet_csv, write_sheet_xlsx

HEADER = ("Id", "Deal", "Created")


def read(path: Path, **options: object) -> list[tuple[int, tuple[Cell, ...]]]:
    with open_rows(path, **options) as rows:  # type: ignore[arg-type]
        assert rows.columns == HEADER
        return [(row.row, row.cells) for row in rows if isinstance(row, SourceRow)]


def xlsx(path: Path, rows: Sequence[NumberedRow], **more: object) -> Path:
    write_sheet_xlsx(path, HEADER, rows, **({"title": "Deals"} | more))  # type: ignore[arg-type]
    return path


def csv(path: Path, rows: Sequence[NumberedRow], **more: object) -> Path:
    options = {"encoding": "utf-8", "delimiter": ","} | more
    write_sheet_csv(path, HEADER, rows, **options)  # type: ignore[arg-type]
    return path


TEXTS = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\x1b"), max_size=12
).map(lambda text: text if text.strip() else "x")
DAYS = st.dates(date(1900, 3, 1), date(2100, 12, 31))
CELLS = st.one_of(
    TEXTS,
    DAYS,
    st.builds(
        lambda day, second: datetime.combine(day, time()) + timedelta(seconds=second),
        DAYS,
        st.integers(1, 86_399),
    ),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS, CELLS), min_size=1, max_size=4), st.integers(0, 3))
@example([("007", "=1+1", "+91-9000"), ("a", "-5", "@x"), ("_x0041_", "#N/A", "1e5")], 0)
@example([("a", "b", datetime(2024, 4, 2, 23, 59, 59)), ("a", "b", date(1900, 3, 1))], 2)
def test_a_workbook_reads_back_cell_by_cell_in_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[Cell, ...]], gap: int
) -> None:
    rows = [(2 + gap + 2 * at, row) for at, row in enumerate(cells)]

    path = xlsx(tmp_path_factory.mktemp("sheet") / "out.xlsx", rows)

    assert read(path) == rows


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=4), st.sampled_from(",;\t|"))
@example([("007", "=1+1", "'+91-9000"), ('a"b', "c;d", "e\nf"), ("a", "'tis", "g,h")], ";")
def test_a_csv_reads_back_cell_by_cell_in_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, ...]], delimiter: str
) -> None:
    rows = [(2 + 2 * at, row) for at, row in enumerate(cells)]

    path = csv(tmp_path_factory.mktemp("sheet") / "out.csv", rows, delimiter=delimiter)

    assert read(path, delimiter=delimiter) == rows


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-8", "shift_jis"])
def test_a_csv_has_the_encoding_of_its_source(tmp_path: Path, encoding: str) -> None:
    text = "東京" if encoding == "shift_jis" else "Zoë"

    path = csv(tmp_path / "out.csv", [(2, ("1", text, "x"))], encoding=encoding)

    declared = None if encoding.startswith("utf") else encoding
    assert read(path, encoding=declared) == [(2, ("1", text, "x"))]


def test_a_character_that_the_encoding_does_not_have_is_named_and_no_file_is_left(
    tmp_path: Path,
) -> None:
    with pytest.raises(SourceError, match=r"row 3: .*cp1252 does not have \('\\u6771'\)"):
        csv(tmp_path / "out.csv", [(2, "abc"), (3, ("1", "東", "x"))], encoding="cp1252")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_header_stands_in_the_row_that_was_declared(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"out.{kind}"

    {"csv": csv, "xlsx": xlsx}[kind](path, [(5, ("a", "b", "c"))], header_row=4)

    assert read(path) == read(path, header_row=4) == [(5, ("a", "b", "c"))]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_with_too_many_cells_is_refused_again_when_it_is_read(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"out.{kind}"
    {"csv": csv, "xlsx": xlsx}[kind](path, [(2, ("a", "b", "c", "d"))])

    with open_rows(path) as rows:
        (row,) = rows

    assert isinstance(row, Rejected)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_that_is_there_is_never_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"out.{kind}"
    path.write_text("mine")

    with pytest.raises(SourceError, match="come into being"):
        {"csv": csv, "xlsx": xlsx}[kind](path, [(2, ("a", "b", "c"))])

    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_date_before_excel_s_first_sure_day_is_a_text(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "out.xlsx", [(2, ("a", "b", date(1899, 12, 30)))])

    assert read(path) == [(2, ("a", "b", "1899-12-30"))]


def test_times_and_durations_stay_what_they_are(tmp_path: Path) -> None:
    cells = (time(9, 5), timedelta(hours=30, minutes=2), "x")

    assert read(xlsx(tmp_path / "out.xlsx", [(2, cells)])) == [(2, cells)]


def test_a_name_that_excel_does_not_take_for_a_sheet_is_made_one(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "out.xlsx", [(2, "abc")], title="Deals [2024]/all: " + "x" * 40)

    assert openpyxl.load_workbook(path).sheetnames == ["Deals _2024__all_ " + "x" * 13]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes are POSIX's")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_full_disk_leaves_no_half_file(tmp_path: Path, kind: str) -> None:
    code = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from uuid import uuid4
        from migrator.errors import SourceError
        from migrator.reports.sheet_export import write_sheet_csv, write_sheet_xlsx
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        rows = ((at, [str(uuid4()) for _ in range(9)]) for at in range(2, 9000))
        try:
            if {kind!r} == "csv":
                write_sheet_csv(Path("out.csv"), "abcdefghi", rows, encoding="utf-8", delimiter=",")
            else:
                write_sheet_xlsx(Path("out.xlsx"), "abcdefghi", rows, title="x")
        except SourceError as error:
            print(error.problem)
    """)

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert "cannot be written" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
