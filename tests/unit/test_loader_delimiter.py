"""Which character stands between the cells."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader.delimiter import CANDIDATES, detect_delimiter
from migrator.loader.dialect import check_delimiter


def detected(text: str, *, header_row: int = 1, is_whole: bool = True) -> str | None:
    return detect_delimiter(text, header_row=header_row, is_whole=is_whole)


@pytest.mark.parametrize("delimiter", CANDIDATES)
def test_each_delimiter_is_found(delimiter: str) -> None:
    assert detected(f"Id{delimiter}Name\n1{delimiter}Ana\n") == delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Id;Amount, EUR;Note\n1;1,5;x\n2;2,5;y\n", ";"),
        ('Id;"Amount, EUR"\n7;"1,5"\n', ";"),
        ('Id,"a;b;c;d;e",Note\n1,x;y,z\n', ","),
        ('Id,Note\n1,"one; two; three\n four; five"\n2,b\n', ","),
        ("Id|Note\n1|a, b, c\n2|d; e\n", "|"),
        ("Id\tName, first\n1\tAna\n", "\t"),
        ("Id,Name,Stage\n1,Ana\n2,Bo,won\n3,Cy,lost\n", ","),
    ],
)
def test_a_delimiter_inside_cells_misleads_nobody(text: str, delimiter: str) -> None:
    assert detected(text) == delimiter


def test_a_header_of_one_column_has_no_delimiter() -> None:
    assert detected("Id\n1,5\n2,5\n") is None


def test_rows_above_the_header_do_not_count() -> None:
    assert detected("Report, of, many, commas\nId;Name\n1;Ana\n", header_row=2) == ";"


def test_a_record_cut_off_by_the_sample_does_not_count() -> None:
    assert detected("Id,A|B\n1,x|y\n2,x|y\n3", is_whole=False) == ","


WORDS = st.text(st.sampled_from("ab 1,;|\t\"'\n"), max_size=6)


@given(
    delimiter=st.sampled_from(CANDIDATES),
    rows=st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=8),
)
def test_what_pythons_writer_quotes_is_split_as_it_was(
    delimiter: str, rows: list[tuple[str, str, str]]
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("Opportunity Id", "Name", "Stage"), *rows])

    assert detected(file.getvalue()) == delimiter


@pytest.mark.parametrize("declared", ["", ",,", '"', "\n", "\r", "\0"])
def test_what_cannot_stand_between_cells_is_refused(declared: str) -> None:
    with pytest.raises(SourceError, match="cannot be a delimiter"):
        check_delimiter(declared, where="deals.csv")
