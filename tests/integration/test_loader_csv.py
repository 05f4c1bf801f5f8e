"""Text files: exact cells, true numbers, and refusals that name the place."""

import csv
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.loader.delimited import ENDLESS_CELL
from migrator.model import Rejected, SourceRow

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: str | bytes, name: str = "deals.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def refusal(path: Path, **options: object) -> SourceError:
    with pytest.raises(SourceError) as raised, open_rows(path, **options) as source:  # type: ignore[arg-type]
        list(source)
    return raised.value


# ------------------------------------------------------------------ rows and their numbers


def test_a_row_says_where_it_stands(write: Write) -> None:
    path = write('Id,Note\n1,"a\nb"\n\n2,c\n')

    with open_rows(path) as source:
        rows = [row for row in source if isinstance(row, SourceRow)]

    assert [(row.file, row.sheet, row.row, row.line) for row in rows] == [
        ("deals.csv", "", 2, 2),
        ("deals.csv", "", 4, 5),
    ]
    assert rows[0].columns is source.columns
    assert rows[0].columns == ("Id", "Note")


def test_the_lines_above_the_header_count_in_the_numbers(write: Write) -> None:
    path = write('Report\n"two\nlines"\nId,Name\n1,Ana\n')

    with open_rows(path, header_row=3) as source:
        (row,) = source

    assert isinstance(row, SourceRow)
    assert (row.row, row.line, source.columns) == (4, 5, ("Id", "Name"))


def test_counts_grow_while_the_rows_are_read(write: Write) -> None:
    path = write("Id,Name\n\n1,Ana\n2\n ,\n3,Cy\n")

    with open_rows(path) as source:
        seen = [(source.rows_read, source.blank_rows) for _ in source]

    assert seen == [(1, 1), (2, 1), (3, 2)]


def test_rows_are_read_once(write: Write) -> None:
    with open_rows(write("Id\n1\n")) as source:
        list(source)
        with pytest.raises(RuntimeError, match="read already"):
            list(source)


def test_closed_rows_are_not_read(write: Write) -> None:
    source = open_rows(write("Id\n1\n"))
    source.close()
    source.close()

    with pytest.raises(RuntimeError, match="closed"):
        list(source)


def test_reading_can_stop_in_the_middle(write: Write) -> None:
    path = write("Id\n1\n2\n3\n")

    with open_rows(path) as source:
        for row in source:
            assert isinstance(row, SourceRow)
            break
    path.unlink()  # fails on Windows while the file is open

    assert source.rows_read == 1


def test_a_rejected_row_keeps_its_raw_cells(write: Write) -> None:
    with open_rows(write("Id,Name\n1,Ana,what is this\n")) as source:
        (item,) = source

    assert isinstance(item, Rejected)
    assert item.row.cells == ("1", "Ana", "what is this")
    assert item.problems[0].reason == "the row has 3 cells, the header 2"


def test_every_bad_cell_of_a_row_is_named(write: Write) -> None:
    with open_rows(write(b"Id,Name,Note\n1,a\0b,c\0d\n")) as source:
        (item,) = source

    assert isinstance(item, Rejected)
    assert [(found.code, found.column) for found in item.problems] == [
        ("nul", "Name"),
        ("nul", "Note"),
    ]


@pytest.mark.parametrize("before", [0, 1, 8_191, 8_192, 16_383, 16_384, 40_000])
def test_a_nul_is_found_wherever_it_stands(write: Write, before: int) -> None:
    filler = "1,x\n" * (before // 4)
    path = write(f"Id,Note\n{filler}2,a\0b\n3,c\n")

    with open_rows(path) as source:
        rejected = [item.row.row for item in source if isinstance(item, Rejected)]

    assert rejected == [before // 4 + 2]


@pytest.mark.parametrize("before", [0, 8_000, 16_300, 50_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "cp1252"])
def test_an_overlong_cell_is_found_wherever_it_stands(
    write: Write, before: int, encoding: str
) -> None:
    filler = "1,x\n" * (before // 4)
    text = f'Id,Note\n{filler}2,{"é" * 32_768}\n3,"{"z" * 20_000}\n{"z" * 12_766}"\n'
    path = write(text.encode(encoding))

    with open_rows(path, encoding=encoding) as source:
        items = list(source)

    rejected = [item.row.row for item in items if isinstance(item, Rejected)]
    assert rejected == [before // 4 + 2]


# ------------------------------------------------------------------ the header


def test_white_space_around_column_names_is_cut_and_said(write: Write) -> None:
    with open_rows(write("Id , Name\t\n1, Ana \n")) as source:
        (row,) = source

    assert source.columns == ("Id", "Name")
    assert isinstance(row, SourceRow)
    assert row.cells == ("1", " Ana ")
    assert "White space around column names was cut." in source.notes


def test_names_that_differ_only_in_white_space_are_the_same_name(write: Write) -> None:
    assert "columns A and C" in str(refusal(write("Id,Name, Id\n1,2,3\n")))


def test_columns_beyond_z_are_named_as_excel_does(write: Write) -> None:
    names = [f"c{at}" for at in range(28)]
    names[27] = "c25"

    assert "columns Z and AB" in str(refusal(write(",".join(names) + "\n")))


@pytest.mark.parametrize("content", ["\n1,2\n", ",,\n1,2,3\n", " \t ,\n1,2\n"])
def test_a_blank_header_is_refused(write: Write, content: str) -> None:
    error = refusal(write(content))

    assert "the header row is blank" in str(error)
    assert "header_row" in error.advice


def test_a_header_below_the_end_is_refused(write: Write) -> None:
    assert "the file has 2 rows" in str(refusal(write("Id\n1\n"), header_row=5))


def test_a_row_number_below_one_is_a_mistake_of_the_caller(write: Write) -> None:
    with pytest.raises(ValueError, match="counts from 1"):
        open_rows(write("Id\n"), header_row=0)


# ------------------------------------------------------------------ encodings


def test_a_mark_is_not_part_of_the_first_name(write: Write) -> None:
    with open_rows(write("\ufeffId,Name\n1,Ana\n")) as source:
        assert source.columns[0] == "Id"
        assert source.encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "UTF8", "utf_8"])
def test_a_declaration_that_agrees_with_the_mark_is_fine(write: Write, encoding: str) -> None:
    with open_rows(write("\ufeffId\n1\n"), encoding=encoding) as source:
        assert source.columns == ("Id",)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_mark_names_the_encoding(write: Write, encoding: str) -> None:
    path = write("\ufeffId;Name\r\n1;Zoë\r\n2;a\0b\r\n".encode(encoding))

    with open_rows(path) as source:
        good, bad = source

    assert isinstance(good, SourceRow)
    assert good.cells == ("1", "Zoë")
    assert isinstance(bad, Rejected)
    assert source.encoding == encoding


def test_a_declaration_against_the_mark_is_refused(write: Write) -> None:
    error = refusal(write("\ufeffId\n1\n"), encoding="cp1252")

    assert "mark of utf-8, but cp1252 is declared" in str(error)


@pytest.mark.parametrize("name", ["klingon", "base64", "utf-16"])
def test_an_encoding_that_cannot_be_used_is_refused(write: Write, name: str) -> None:
    assert name in str(refusal(write("Id\n1\n"), encoding=name))


def test_a_wrong_byte_far_down_is_named_by_line_and_offset(write: Write) -> None:
    good = b"Id,Name\r\n" + b"1,Ana\r\n" * 30_000

    error = refusal(write(good + b"2,Zo\xeb\r\n"))

    assert error.where == f"deals.csv: line 30002, byte {len(good) + 4}"
    assert "0xEB" in error.problem


def test_a_character_cut_off_at_the_end_of_the_file_is_refused(write: Write) -> None:
    assert "is not UTF-8" in str(refusal(write("Id,Name\n1,Zoë".encode()[:-1])))


def test_a_character_across_the_end_of_the_sample_is_whole(write: Write) -> None:
    path = write("Id,Name\n" + "1,ë\n" * 40_000)

    with open_rows(path) as source:
        assert sum(1 for _ in source) == 40_000


def test_an_escape_far_down_is_refused_by_line(write: Write) -> None:
    error = refusal(write("Id,Name\n" + "1,Ana\n" * 20_000 + "2,\x1b$B\n"))

    assert error.where.startswith("deals.csv: line 20002,")


def test_an_escape_in_a_declared_encoding_is_text(write: Write) -> None:
    with open_rows(write("Id\n\x1b[0m\n"), encoding="utf-8") as source:
        (row,) = source

    assert isinstance(row, SourceRow)
    assert row.cells == ("\x1b[0m",)


# ------------------------------------------------------------------ quotes


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('Id,Note\n1,"open\n2,b\n', 2),
        ('Id,Note\n1,"a\nb","open\n', 3),
        ('Id,"Note\n1,b\n', 1),
        ('Id,Note\n1,"a ""b"" \nc\n', 2),
    ],
)
def test_an_unclosed_quote_is_named_by_the_line_where_it_opens(
    write: Write, content: str, line: int
) -> None:
    error = refusal(write(content))

    assert error.where == f"deals.csv: line {line}"
    assert "never closed" in error.problem


def test_an_unclosed_quote_does_not_swallow_a_large_file(write: Write) -> None:
    path = write('Id,Note\n1,"open\n' + "2,some more text\n" * 400_000)
    assert path.stat().st_size > 4 * ENDLESS_CELL

    tracemalloc.start()
    error = refusal(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert error.where == "deals.csv: line 2"
    assert peak < 12 * ENDLESS_CELL


def test_an_endless_cell_without_quotes_is_no_table(write: Write) -> None:
    error = refusal(write("Id,Note\n1," + "x" * (ENDLESS_CELL + 1) + "\n"))

    assert "more than 1,048,576 characters" in str(error)


def test_text_after_a_closing_quote_is_refused(write: Write) -> None:
    error = refusal(write('Id,Note\n1,"a\nb" c\n'))

    assert error.where == "deals.csv: line 2"
    assert "ends on line 3" in error.problem


# ------------------------------------------------------------------ the file itself


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere.csv")

    assert "there is no such file" in str(error)
    assert error.exit_code == 3


def test_a_folder_is_no_spreadsheet(tmp_path: Path) -> None:
    assert "a folder" in str(refusal(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")

    assert "not a regular file" in str(refusal(tmp_path / "pipe.csv"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_without_permission_is_named(write: Write) -> None:
    path = write("Id\n1\n")
    path.chmod(0)

    assert "may not be read" in str(refusal(path))


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n", "  \r\n"])
def test_a_file_of_nothing_is_empty(write: Write, content: str) -> None:
    assert "the file is empty" in str(refusal(write(content)))


def test_a_file_that_changes_while_it_is_read_is_refused(write: Write) -> None:
    path = write("Id\n1\n2\n")

    with open_rows(path) as source:
        rows = iter(source)
        next(rows)
        path.write_bytes(b"Id\n1\n2\n3\n4\n")

        with pytest.raises(SourceError, match="changed while it was read"):
            list(rows)


def test_a_sheet_named_for_a_text_file_is_ignored_and_said(write: Write) -> None:
    with open_rows(write("Id\n1\n"), sheet="Deals") as source:
        assert "A text file has no sheet: what was said about it was ignored." in source.notes


def test_text_that_is_called_a_workbook_is_read_and_said(write: Write) -> None:
    with open_rows(write("Id\tName\n1\tAna\n", "export.xls")) as source:
        (row,) = source

    assert isinstance(row, SourceRow)
    assert row.cells == ("1", "Ana")
    assert any("holds text" in note for note in source.notes)


# ------------------------------------------------------------------ laws

CELLS = st.text(
    st.one_of(
        st.sampled_from(",;|\t\"' \r\n=é"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1b"),
    ),
    max_size=12,
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    first = st.text(st.sampled_from("abc019"), min_size=1, max_size=4)
    row = st.tuples(first, *([CELLS] * (width - 1)))
    return [list(cells) for cells in draw(st.lists(row, max_size=6))]


@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    style=st.sampled_from(
        [
            # Python's writer leaves a lone CR without quotes unless its own line end has one.
            (csv.QUOTE_MINIMAL, "\r\n"),
            (csv.QUOTE_ALL, "\r\n"),
            (csv.QUOTE_ALL, "\n"),
            (csv.QUOTE_ALL, "\r"),
        ]
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_table_that_pythons_csv_writes_comes_back_equal(
    tmp_path: Path,
    table: list[list[str]],
    delimiter: str,
    style: tuple[int, str],
    encoding: str,
) -> None:
    path = tmp_path / "deals.csv"
    width = len(table[0]) if table else 2
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(
            file,
            delimiter=delimiter,
            quoting=style[0],  # type: ignore[arg-type]
            lineterminator=style[1],
        )
        writer.writerow([f"column {at}" for at in range(width)])
        writer.writerows(table)

    with open_rows(path, delimiter=delimiter) as source:
        found = [row.cells if isinstance(row, SourceRow) else row for row in source]

    assert found == [tuple(row) for row in table]


def test_memory_does_not_grow_with_the_rows(write: Write) -> None:
    def peak_of(count: int) -> int:
        path = write("Id,Name,Note\n" + "0000123456,Zoë,some text\n" * count)
        tracemalloc.start()
        with open_rows(path) as source:
            assert sum(1 for _ in source) == count
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    few = peak_of(5_000)

    assert peak_of(50_000) < few + 200_000


@pytest.mark.parametrize("encoding", ["utf-7", "unicode_escape"])
def test_an_encoding_that_can_give_half_a_character_is_refused(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(b"Id,Name\n1,+2AA-\n")

    with pytest.raises(SourceError, match="cannot be read"):
        open_rows(path, encoding=encoding)
