# ruff: noqa: RUF001 - names and signs as people write them
"""A file in an unknown encoding: three readings to choose from, none chosen by the loader."""

import gzip
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.model import SourceRow

NAMES = {
    "cp1252": ("Élodie Lefèvre", "François Ñandú"),
    "cp1250": ("Łukasz Żak", "Świętosława Wójcik"),
    "cp1251": ("Иван Петров", "Анна Смирнова"),
    "cp1253": ("Γιώργος", "Αθήνα"),
    "cp1254": ("Ayşe Yılmaz", "Işık Çağlar"),
    "cp1256": ("محمد", "فاطمة"),
    "cp874": ("สมชาย ใจดี", "มานี"),
    "mac_roman": ("Müller – “Söhne”", "José"),
    "cp932": ("田中さくら", "佐藤 東京都"),
    "gb18030": ("王小明 北京市", "李华"),
    "cp949": ("김철수", "서울"),
    "cp950": ("王小明 臺北市", "林怡君"),
}


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as raised, open_rows(path) as source:
        list(source)
    return raised.value


def offered(error: SourceError) -> dict[str, str]:
    """Encoding to example, in the order in which they are shown."""
    lines = [line.strip() for line in error.advice.splitlines() if line.startswith("    source:")]
    split = [line.partition("}") for line in lines]
    return {
        head.removeprefix("source: {encoding: "): tail.strip().strip('"') for head, _, tail in split
    }


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("before", [0, 20_000])
def test_the_right_encoding_is_among_the_three_and_its_line_reads_the_file(
    tmp_path: Path, encoding: str, before: int
) -> None:
    names = NAMES[encoding]
    path = tmp_path / "deals.csv"
    text = "Id,Name\r\n" + "1,Ana\r\n" * before + "".join(f"2,{name}\r\n" for name in names)
    path.write_bytes(text.encode(encoding))

    error = refusal(path)

    found = offered(error)
    assert len(set(found.values())) == len(found) == 3
    assert found[encoding] in names
    assert error.where.startswith(f"deals.csv: line {before + 2}, byte ")
    with open_rows(path, encoding=encoding) as source:
        *_, one, other = source
    assert isinstance(one, SourceRow)
    assert isinstance(other, SourceRow)
    assert (one.cells[1], other.cells[1]) == names


@pytest.mark.parametrize("sign", ["5 €", "£5", "he’s “fine” – really", "20 °C"])
def test_signs_of_windows_in_plain_text_are_offered_first(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(f"Id,Note\n1,{sign}\n".encode("cp1252"))

    assert next(iter(offered(refusal(path)).items())) == ("cp1252", sign)


@pytest.mark.parametrize("name", ["é, è", "ÄÖÜ", "à"])
def test_the_commonest_encoding_is_offered_however_strange_it_looks(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(f'Id,Name\n1,"{name}"\n'.encode("cp1252"))

    assert "cp1252" in offered(refusal(path))


def test_readings_that_are_the_same_are_offered_once(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes("Id,Name\n1,Zoë\n".encode("latin-1"))

    found = offered(refusal(path))

    assert found["cp1252"] == "Zoë"
    assert not found.keys() & {"cp1250", "cp1254", "latin_1", "iso8859_15"}


def test_a_cell_is_shown_in_which_the_readings_differ(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(("Id,Name\n" + "1,Müller\n" * 9 + "2,Señor Zoë\n").encode("cp1252"))

    assert offered(refusal(path))["cp1252"] == "Señor Zoë"


def test_a_long_cell_is_cut_and_its_controls_are_written_out(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(b'Id,Note\n1,"' + b"x" * 9_000 + b" Zo\xeb \t|" + b"y" * 9_000 + b'"\n')

    error = refusal(path)

    assert offered(error)["cp1252"] == "…xxxxxxxxxxxxxxxxx Zoë"
    assert max(map(len, error.advice.splitlines())) < 200


def test_a_line_that_is_not_utf8_among_others_that_are_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes("Id,Name\n1,Zoë\n2,Ünal\n".encode() + b"3,Jos\xe9\n")

    error = refusal(path)

    assert "Other lines are UTF-8" in error.advice
    assert offered(error) == {}


def test_a_file_with_the_mark_of_utf8_is_not_offered_another(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(b"\xef\xbb\xbfId,Name\n1,Zo\xeb\n")

    assert "it is damaged" in refusal(path).advice


def test_a_packed_file_is_looked_at_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv.gz"
    content = ("Id,Name\n" + "1,Ana\n" * 30_000 + "2,Иван Петров\n").encode("cp1251")
    path.write_bytes(gzip.compress(content))

    error = refusal(path)

    assert error.where == f"deals.csv.gz: line 30002, byte {len(content) - 12}"
    assert next(iter(offered(error).items())) == ("cp1251", "Иван Петров")


@given(content=st.binary(max_size=60), before=st.sampled_from([0, 70_000]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_is_offered_that_cannot_be_read_or_holds_controls(
    tmp_path: Path, content: bytes, before: int
) -> None:
    path = tmp_path / "deals.csv"
    data = b"Id,Name\n" + b"x" * before + b"1,\xff\xe9" + content.replace(b"\x1b", b"")
    path.write_bytes(data)

    found = offered(refusal(path))

    for encoding, example in found.items():
        assert all(unicodedata.category(one) not in {"Cc", "Co", "Cn", "Cs"} for one in example)
        assert "\ufffd" not in data.decode(encoding)


def test_a_good_file_is_read_without_importing_the_detector(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(b"Id\n1\n")
    code = (
        "import sys; from migrator.loader import open_rows; list(open_rows(sys.argv[1])); "
        "assert 'charset_normalizer' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
