"""Text files: exact cells, true numbers, and refusals that name the place."""

import csv
import gzip
import os
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
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


@given(
    notes=st.lists(st.sampled_from(["", "a", "a\nb", "\n\n", "a\rb", "a\r\nb", " "]), max_size=300),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_row_says_on_which_line_it_begins(
    tmp_path: Path, notes: list[str], ends: str
) -> None:
    path, line, expected = tmp_path / "deals.csv", 2, []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator=ends, quoting=csv.QUOTE_ALL)
        writer.writerow(["Id", "Note"])
        writer.writerow(["first", "x"])
        for number, note in enumerate(notes):
            writer.writerow([f"D{number}" if number % 7 else "", note])
    for number, (name, note) in enumerate([("first", "x"), *_named(notes)], start=2):
        if name or note.strip():
            expected.append((number, line))
        line += 1 + len(re.findall("\r\n|\r|\n", note))

    with open_rows(path, delimiter=",") as source:
        found = [(row.row, row.line) for row in source if isinstance(row, SourceRow)]

    assert found == expected


def _named(notes: list[str]) -> list[tuple[str, str]]:
    return [(f"D{number}" if number % 7 else "", note) for number, note in enumerate(notes)]


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
    error = refusal(write(content), header_row=1)

    assert "the header row is blank" in str(error)
    assert "header_row" in error.advice


@pytest.mark.parametrize(
    ("above", "note"),
    [
        ("\n", "Row 1 is blank; row 2 holds the column names."),
        (" \t ,\n,,,\n\n", "Rows 1 to 3 are blank; row 4 holds the column names."),
    ],
)
def test_the_first_row_that_is_not_blank_holds_the_names_where_none_is_declared(
    write: Write, above: str, note: str
) -> None:
    with open_rows(write(f"{above}Id,Name\n\n1,Ana\n")) as source:
        (row,) = source

    lines = above.count("\n")
    assert isinstance(row, SourceRow)
    assert (source.columns, row.row, row.line) == (("Id", "Name"), lines + 3, lines + 3)
    assert (source.blank_rows, source.notes) == (1, (note,))


def test_a_file_of_blank_cells_is_refused(write: Write) -> None:
    assert "no row holds anything but blanks" in str(refusal(write(",,\n , \n\n")))


@pytest.mark.parametrize("below", ["", "\n\n", " ,\n,\n"])
def test_a_header_without_rows_is_refused(write: Write, below: str) -> None:
    error = refusal(write(f"Id,Name\n{below}"))

    assert str(error).startswith("deals.csv: there are no rows under the column names")
    assert error.exit_code == 3


# ------------------------------------------------------------------ a title above the table


@pytest.mark.parametrize(
    "content",
    [
        "Report of April\nby region\nId;Name\n1;Ana\n",
        "Report,,\n,,\nId,Name,Note\n1,Ana,\n2,Bo,x\n",
        'Report of April\n\n"Id"|"Name"\n"1"|"Ana"\n',
    ],
)
def test_a_title_above_the_table_is_refused_and_the_header_named(
    write: Write, content: str
) -> None:
    error = refusal(write(content))

    assert "row 1 holds one cell, but the rows from row 3 on hold" in error.problem
    assert "`source: {header_row: 3}`" in error.advice


def test_a_title_that_is_declared_to_be_the_header_is_one_and_said(write: Write) -> None:
    with open_rows(write("Remark\nhello; you\nand; me\n"), header_row=1) as source:
        cells = [row.cells for row in source if isinstance(row, SourceRow)]

    assert cells == [("hello; you",), ("and; me",)]
    assert any("declare header_row: 2." in note for note in source.notes)


# ------------------------------------------------------------------ a first line with sep=


@pytest.mark.parametrize(
    "first",
    ["sep=;\n", "sep=;\r\n", "sep=;\r", '"sep=;"\r\n', "SEP=;\n", "\ufeffsep=;\n"],
)
def test_a_line_that_states_the_delimiter_is_no_row(write: Write, first: str) -> None:
    with open_rows(write(first + 'Id;"A, b"\n1;"x\ny"\n2;z\n')) as source:
        rows = [row for row in source if isinstance(row, SourceRow)]

    assert source.columns == ("Id", "A, b")
    assert [(row.row, row.line, row.cells[1]) for row in rows] == [(2, 3, "x\ny"), (3, 5, "z")]
    assert any("sep=;, states the delimiter" in note for note in source.notes)


def test_a_stated_delimiter_counts_more_than_what_the_cells_look_like(write: Write) -> None:
    with open_rows(write("sep=~\nId,x~Name\n1,y~Ana\n"), delimiter="~") as source:
        assert source.columns == ("Id,x", "Name")


def test_a_declared_delimiter_against_the_stated_one_is_refused(write: Write) -> None:
    error = refusal(write("sep=;\nId;Name\n1;Ana\n"), delimiter=",")

    assert error.where == "deals.csv: line 1"
    assert "Remove the declaration" in error.advice


def test_an_unclosed_quote_below_a_stated_delimiter_is_named_by_its_line(write: Write) -> None:
    assert refusal(write('sep=,\nId,Note\n1,x\n2,"open\n3,x\n')).where == "deals.csv: line 4"


# ------------------------------------------------------------------ rare delimiters


@pytest.mark.parametrize("delimiter", ["^", "~", "¦", "§", "\x1f", "\x01"])
def test_a_rare_delimiter_is_found_and_said(write: Write, delimiter: str) -> None:
    rows = [("Id", "Name"), ("1", "Ana; x"), ("2", "a, b")]
    path = write("\n".join(delimiter.join(row) for row in rows))

    with open_rows(path) as source:
        assert [row.cells for row in source if isinstance(row, SourceRow)] == rows[1:]

    assert source.delimiter == delimiter
    assert any("every row has it alike" in note for note in source.notes)
    assert all(note.isprintable() for note in source.notes)


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


@pytest.mark.no_cover
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


@pytest.mark.parametrize(
    ("content", "line", "shown"),
    [
        ('Id,Note\n1,"said \\"hi\\" to me"\n', 2, '1,"said \\"hi\\" to me"'),
        ('Id,Note\n1,"a\nb \\" c"\n', 2, 'b \\" c"'),
        ('Id,Note\n1,x\n2,"ends so \\""\n3,x\n', 3, '2,"ends so \\""'),
    ],
)
def test_quotes_behind_backslashes_are_seen_and_their_line_shown(
    write: Write, content: str, line: int, shown: str
) -> None:
    path = write(content)

    error = refusal(path)

    assert error.where == f"deals.csv: line {line}"
    assert "`source: {escape: '\\'}`" in error.advice
    assert f"\n    {shown}\n" in error.advice
    with open_rows(path, escape="\\") as source:
        assert all(isinstance(row, SourceRow) for row in source)


def test_the_line_that_is_shown_is_short_and_harmless(write: Write) -> None:
    path = write('Id,Note\n1,"' + "x" * 500 + '\x07 \\"hi\\" ' + "y" * 500 + '"\n')

    shown = refusal(path).advice.splitlines()[1]

    assert len(shown) < 100
    assert '\\x07 \\"hi' in shown


@pytest.mark.parametrize(
    ("options", "content", "cells"),
    [
        ({"quote": "'"}, "Id,Note\n1,'a, \"b'\n", 'a, "b'),
        ({"quote": "none"}, 'Id,Note\n1,5" pipe "x\n', '5" pipe "x'),
        ({"quote": "none", "escape": "\\"}, 'Id,Note\n1,"a\\, b\\\nc\n', '"a, b\nc'),
        ({"escape": "\\"}, 'Id;Note\n1;"a \\"; b"\n', 'a "; b'),
    ],
)
def test_quote_and_escape_are_obeyed_as_declared(
    write: Write, options: dict[str, str], content: str, cells: str
) -> None:
    with open_rows(write(content), **options) as source:  # type: ignore[arg-type]
        (row,) = source

    assert isinstance(row, SourceRow)
    assert row.cells == ("1", cells)


@pytest.mark.parametrize("cell", ["\\N", "c:\\dir", '"line\\nbreak"', '"a\nb\\t"', "\\\\\\0"])
def test_an_escape_whose_meaning_is_not_known_rejects_its_row(write: Write, cell: str) -> None:
    path = write(f"Id,Note\n1,a\\,b\n2,{cell}\n3,c\\\\dir \\' \n")

    with open_rows(path, escape="\\") as source:
        first, second, third = source

    assert isinstance(first, SourceRow)
    assert isinstance(second, Rejected)
    assert [found.code for found in second.problems] == ["unknown-escape"]
    assert isinstance(third, SourceRow)
    assert third.cells == ("3", "c\\dir ' ")


def test_an_unclosed_quote_is_found_with_the_declared_characters(write: Write) -> None:
    path = write("Id,Note\n1,'a \\' b\nc'\n2,'open \\'\n3,\"x\n")

    assert refusal(path, quote="'", escape="\\").where == "deals.csv: line 4"


def test_an_escape_character_at_the_end_of_the_file_is_refused(write: Write) -> None:
    error = refusal(write("Id,Note\n1,a\n2,b\\"), escape="\\")

    assert str(error).startswith("deals.csv: line 3: the file ends with the escape character")


@pytest.mark.parametrize(
    "options",
    [
        {"quote": ""},
        {"quote": "ab"},
        {"quote": " "},
        {"escape": "\n"},
        {"escape": ""},
        {"quote": "'", "escape": "'"},
        {"quote": ";", "delimiter": ";"},
        {"escape": "|", "delimiter": "|"},
    ],
)
def test_characters_that_cannot_stand_for_a_quote_or_an_escape_are_refused(
    write: Write, options: dict[str, str]
) -> None:
    assert refusal(write("Id,Note\n1,a\n"), **options).advice


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
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    """Every way in which Python's csv module writes."""
    quoting = draw(
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE])
    )
    escape = draw(st.sampled_from([None, "\\", "/"]))
    return {
        "delimiter": draw(st.sampled_from(",;\t|^é")),
        "quotechar": None if quoting == csv.QUOTE_NONE else draw(st.sampled_from("\"'%")),
        "escapechar": escape,
        "doublequote": escape is None or draw(st.booleans()),
        "quoting": quoting,
        "lineterminator": draw(st.sampled_from(["\n", "\r\n", "\r"])),
    }


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    first = st.text(st.sampled_from("abc019"), min_size=1, max_size=4)
    row = st.tuples(first, *([CELLS] * (width - 1)))
    rows = [list(cells) for cells in draw(st.lists(row, min_size=1, max_size=6))]
    return [[f"column {at}" for at in range(width)], *rows]


def written(path: Path, table: list[list[str]], dialect: dict[str, Any], encoding: str) -> bool:
    """Write the table; whether Python's own reader gives it back (a bare CR it may leave as is)."""
    try:
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, **dialect).writerows(table)
    except csv.Error:  # without an escape character, some cells cannot be written unquoted
        return False
    if dialect["quoting"] == csv.QUOTE_NONNUMERIC:  # Python would read what is unquoted as numbers
        dialect = dialect | {"quoting": csv.QUOTE_ALL}
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, **dialect)) == table


@given(
    table=tables(), dialect=dialects(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_any_table_that_pythons_csv_writes_comes_back_equal(
    tmp_path: Path,
    table: list[list[str]],
    dialect: dict[str, Any],
    encoding: str,
    *,
    is_packed: bool,
) -> None:
    path = tmp_path / "deals.csv"
    assume(written(path, table, dialect, encoding))
    if is_packed:
        path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))

    with open_rows(
        path,
        delimiter=dialect["delimiter"],
        quote=dialect["quotechar"] or "none",
        escape=dialect["escapechar"],
    ) as source:
        found = [row.cells if isinstance(row, SourceRow) else row for row in source]

    assert found == [tuple(row) for row in table[1:]]


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
