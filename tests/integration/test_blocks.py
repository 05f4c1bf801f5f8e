"""A source read in blocks holds the same rows as one read row by row."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.model import Rejected, SourceRow

SAMPLES = Path(__file__).parents[2] / "sample_data"
FILES = sorted(path for path in SAMPLES.rglob("*") if path.suffix in {".csv", ".tsv", ".xlsx"})

Read = tuple[list[SourceRow], list[Rejected], int, int, tuple[str, ...]]


def _by_rows(path: Path) -> Read | str:
    try:
        with open_rows(path) as rows:
            found = list(rows)
            good = [row for row in found if isinstance(row, SourceRow)]
            bad = [row for row in found if isinstance(row, Rejected)]
            return good, bad, rows.rows_read, rows.blank_rows, rows.notes
    except SourceError as error:
        return str(error)


def _by_blocks(path: Path) -> Read | str:
    try:
        with open_rows(path) as rows:
            good: list[SourceRow] = []
            bad: list[Rejected] = []
            for block in rows.blocks():
                bad += block.rejected
                cells = list(zip(*block.by_column, strict=True))
                for place, number in enumerate(block.numbers):
                    row = block.row(place)
                    assert (row.row, row.file, row.cells) == (number, block.file, cells[place])
                    good.append(row)
            return good, bad, rows.rows_read, rows.blank_rows, rows.notes
    except SourceError as error:
        return str(error)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_sample_is_the_same_in_blocks(path: Path) -> None:
    assert _by_blocks(path) == _by_rows(path)


cells = st.one_of(
    st.sampled_from(["", " ", "x", '"a\nb"', '"a\r\nb"', '"a""b"', "\0", "é", "x" * 40_000]),
    st.text("abc ", max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.lists(cells, min_size=1, max_size=3).map(",".join), max_size=40),
    st.integers(0, 40),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_text_file_is_the_same_in_blocks(
    tmp_path: Path, lines: list[str], repeated: int, end: str
) -> None:
    path = tmp_path / "d.csv"
    header, plain = "Id,Name", ["1,one"] * (20 * repeated)
    path.write_text(end.join([header, *plain, *lines, ""]), encoding="utf-8", newline="")

    assert _by_blocks(path) == _by_rows(path)


def test_rows_in_blocks_are_read_once() -> None:
    with open_rows(SAMPLES / "deals.csv") as rows:
        list(rows.blocks())

        with pytest.raises(RuntimeError, match="read already"):
            rows.blocks()
