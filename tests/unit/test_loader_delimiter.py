"""Which character stands between the cells."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader.delimiter import CANDIDATES, RARE, detect_delimiter
from migrator.loader.dialect import Quoting, check_delimiter, stated_delimiter
from migrator.loader.preamble import likely_header_row


def detected(
    text: str,
    *,
    header_row: int | None = None,
    is_whole: bool = True,
    quote: str = '"',
    escape: str = "",
) -> str | None:
    quoting = Quoting(quote=quote, escape=escape)
    return detect_delimiter(text, header_row=header_row, is_whole=is_whole, quoting=quoting)


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


def test_blank_rows_above_the_header_do_not_count() -> None:
    assert detected("\n ; ;\nId;Name\n1;Ana\n") == ";"


@pytest.mark.parametrize("delimiter", RARE)
def test_a_rare_delimiter_is_found_where_every_row_has_it_alike(delimiter: str) -> None:
    assert detected(f"Id{delimiter}Name\n\n1{delimiter}Ana, Bo\n") == delimiter


@pytest.mark.parametrize(
    "text",
    [
        "Start\n10:00\n11:30\n",
        "Address:web\nhttps://a.example\nhttps://b.example\n",
        "Id~Name\n",
        "Id~Name\n1~Ana\n2~Bo~Cy\n",
        "Id\n~1\n~2\n",
        "Price §\n5 §\n6\n",
        '"a^b"\n"c^d"\n',
    ],
)
def test_a_rare_delimiter_is_never_found_in_one_column(text: str) -> None:
    assert detected(text) is None


def test_a_usual_delimiter_comes_before_a_rare_one() -> None:
    assert detected("Id,a^b^c\n1,a^b^c\n") == ","


@pytest.mark.parametrize(
    ("text", "quote", "escape", "delimiter"),
    [
        ("Id;Note\n1;'a,b,c'\n2;'d,e'\n", "'", "", ";"),
        ("Id;'A,B','C'\n1;'a,b','c'\n", "'", "", ";"),
        ('Id;"Note\n1;"a;b\n2;c\n', "", "", ";"),
        ('Id;Note\n1;"a \\"; \\"b, c"\n', '"', "\\", ";"),
        ("Id|A\\,B\n1|x\\,y\n", '"', "\\", "|"),
        ("Id|Note|x\n1|a|b\n", "|", "", None),
    ],
)
def test_declared_quote_and_escape_are_obeyed(
    text: str, quote: str, escape: str, delimiter: str | None
) -> None:
    assert detected(text, quote=quote, escape=escape) == delimiter


# ------------------------------------------------------------------ stated and declared


@pytest.mark.parametrize(
    "line", ["sep=", "sep=;;\n", "sep=;x\n", '"sep=;\n', " sep=;\n", "sep:;\n"]
)
def test_what_only_looks_like_a_stated_delimiter_is_a_row(line: str) -> None:
    assert stated_delimiter(line + "Id;Name\n" * line.endswith("\n")) is None


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [("sep=,\n", ","), ("Sep=\t\r\n", "\t"), ('"sep=;"\r', ";"), ("sep= \n", " "), ("sep=|", "|")],
)
def test_the_first_line_states_the_delimiter(line: str, delimiter: str) -> None:
    assert stated_delimiter(line) == (delimiter, line)


# ------------------------------------------------------------------ a header further down


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("Id,Name\n1,Ana\n2,Bo\n", 1),
        ("Title\nId,Name\n1,Ana\n", 2),
        ("Title\nmade, by, me\n\nId,Name\n1,Ana\n2,Bo\n", 4),
        ("Title,,\n,,\nId,Name,Note\n1,Ana,\n2,Bo,\n3,Cy,x\n", 3),
        ("a\nb\nc\nd\nId,Name\n1,Ana\n", 5),
        ("Id\n1\n2\n", None),
        ("Id\n1,\n2,\n", None),
        ("Remark\nhello, you\nand, me, too\nor nobody\n", None),
        ("Title\nId,Name\n", None),
        ("", None),
    ],
)
def test_the_first_row_as_wide_as_the_table_is_its_likely_header(
    text: str, row: int | None
) -> None:
    assert likely_header_row(list(csv.reader(io.StringIO(text)))) == row


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
