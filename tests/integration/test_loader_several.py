"""Several files with one header: one source, in natural order, each row of its own file."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader import NoRowsError, open_rows
from migrator.loader.several import files_of, name_of, open_several
from migrator.model import Rejected, SourceRow

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: str) -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write_file


def test_a_pattern_names_its_files_in_natural_order(write: Write, tmp_path: Path) -> None:
    for name in ("d-10.csv", "d-2.csv", "d-1.csv", "other.csv", "~$d-3.csv", ".d-4.csv"):
        write(name, "Id\n1\n")

    found = files_of([str(tmp_path / "*d-*.csv")])

    assert [path.name for path in found] == ["d-1.csv", "d-2.csv", "d-10.csv"]


def test_files_that_a_shell_has_listed_stand_in_the_same_order(write: Write) -> None:
    paths = [write(name, "Id\n1\n") for name in ("d-10.csv", "d-2.csv", "d-1.csv")]

    assert [path.name for path in files_of(paths)] == ["d-1.csv", "d-2.csv", "d-10.csv"]
    assert files_of([paths[0], paths[0]]) == [paths[0]]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(write: Write) -> None:
    path = write("deals [2024].csv", "Id\n1\n")

    assert files_of([path]) == [path]


def test_a_pattern_that_fits_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refusal:
        files_of([tmp_path / "deals-*.csv"])

    assert "no file fits this pattern" in str(refusal.value)
    assert str(tmp_path) in refusal.value.advice


def test_each_row_is_of_its_own_file_and_has_its_number_there(write: Write) -> None:
    paths = [write("d-1.csv", "Id,Name\n1,Ana\n\n2,Bo\n"), write("d-2.csv", "Id,Name\n3,Cy\nx\n")]

    with open_several(paths, open_rows) as source:
        items = list(source)

    rows = [item.row if isinstance(item, Rejected) else item for item in items]
    assert [(row.file, row.row, row.cells[0]) for row in rows] == [
        ("d-1.csv", 2, "1"),
        ("d-1.csv", 4, "2"),
        ("d-2.csv", 2, "3"),
        ("d-2.csv", 3, "x"),
    ]
    assert isinstance(items[3], Rejected)
    assert (source.rows_read, source.blank_rows, source.file) == (4, 1, "d-*.csv")


def test_notes_say_which_file_they_are_about(write: Write) -> None:
    paths = [write("d-1.csv", "Id\n1\n"), write("d-2.csv", "\ufeffId\n2\n")]

    with open_several(paths, open_rows) as source:
        list(source)

    assert "d-2.csv: The file's byte-order mark (utf-8) was removed." in source.notes


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("Id,Nam", 'it lacks "Name" and has besides "Nam"'),
        ("Id", 'it lacks "Name"'),
        ("Id,Name,Stage", 'it has besides "Stage"'),
        ("Name,Id", "stand in another order"),
    ],
)
def test_a_file_with_other_columns_is_refused(write: Write, header: str, problem: str) -> None:
    paths = [write("d-1.csv", "Id,Name\n1,Ana\n"), write("d-2.csv", f"{header}\n3,Cy,x\n")]

    with pytest.raises(SourceError) as refusal, open_several(paths, open_rows) as source:
        list(source)

    assert problem in refusal.value.problem
    assert refusal.value.where == "d-2.csv"


def test_an_empty_file_among_others_is_said_and_only_empty_ones_are_refused(write: Write) -> None:
    empty, full = write("d-1.csv", "Id\n"), write("d-2.csv", "Id\n1\n")

    with open_several([empty, full], open_rows) as source:
        assert len(list(source)) == 1
    assert "d-1.csv: there are no rows under the column names." in source.notes
    with pytest.raises(NoRowsError), open_several([empty, empty], open_rows) as source:
        list(source)


def test_reading_can_stop_in_the_middle(write: Write) -> None:
    paths = [write("d-1.csv", "Id\n1\n2\n"), write("d-2.csv", "Id\n3\n")]

    with open_several(paths, open_rows) as source:
        next(iter(source))
    for path in paths:
        path.unlink()  # fails on Windows while a file is open


def test_the_same_files_have_the_same_name_by_pattern_or_by_list(write: Write) -> None:
    paths = [write(f"deals-2024-{month:02}.csv", "Id\n1\n") for month in range(1, 13)]

    assert name_of(paths) == "deals-2024-*.csv"


@given(
    tables=st.lists(
        st.lists(st.sampled_from(["1", "22", "", "x y"]), max_size=5), min_size=1, max_size=4
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_row_of_any_file_is_lost(tmp_path: Path, tables: list[list[str]]) -> None:
    paths = []
    for number, table in enumerate(tables):
        path = tmp_path / f"part-{number}.csv"
        path.write_text("Id\n" + "".join(f"{cell}\n" for cell in table), encoding="utf-8")
        paths.append(path)
    expected = [
        (path.name, number, cell)
        for path, table in zip(paths, tables, strict=True)
        for number, cell in enumerate(table, start=2)
        if cell
    ]

    with open_several(paths, partial(open_rows)) as source:
        try:
            found = [
                (row.file, row.row, row.cells[0]) for row in source if isinstance(row, SourceRow)
            ]
        except NoRowsError:
            found = []

    assert found == expected
    assert source.blank_rows == sum(cell == "" for table in tables for cell in table)
