"""Text files packed with gzip: the same rows, the same places, and no trust."""

import gzip
import time
import tracemalloc
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.loader.packed import LARGE, RATIO
from migrator.model import Rejected, SourceRow

Pack = Callable[..., Path]


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    def pack_file(content: str | bytes, name: str = "deals.csv.gz") -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(content.encode() if isinstance(content, str) else content))
        return path

    return pack_file


def refusal(path: Path, **options: object) -> SourceError:
    with pytest.raises(SourceError) as raised, open_rows(path, **options) as source:  # type: ignore[arg-type]
        list(source)
    return raised.value


@pytest.mark.parametrize("name", ["deals.csv.gz", "deals.csv", "deals.bin"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_packed_file_is_read_whatever_its_name_and_encoding(
    pack: Pack, name: str, encoding: str
) -> None:
    rows = [("Id", "Name"), *((str(at), f"Zoë {at}") for at in range(20_000))]

    with open_rows(pack("\n".join(map(";".join, rows)).encode(encoding), name)) as source:
        assert [row.cells for row in source if isinstance(row, SourceRow)] == rows[1:]
    assert source.delimiter == ";"


def test_places_in_a_packed_file_are_those_of_its_content(pack: Pack) -> None:
    filler = "1,x\n" * 30_000

    assert refusal(pack(f'Id,Note\n{filler}2,"open\n3,c\n')).where == "deals.csv.gz: line 30002"
    assert refusal(pack(f"Id,Note\n{filler}2,\x1b\n")).where.startswith("deals.csv.gz: line 30002,")
    with open_rows(pack(f"Id,Note\n{filler}2,a\0b\n3,{'y' * 32_768}\n")) as source:
        assert [item.row.line for item in source if isinstance(item, Rejected)] == [30_002, 30_003]


def test_several_members_and_zeros_behind_them_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv.gz"
    pieces = [b"Id,Na", b"", b"me\n1,Ana\n" * 2_000, b"2,Bo"]
    path.write_bytes(b"".join(map(gzip.compress, pieces)) + b"\0" * 10_000)

    with open_rows(path) as source:
        assert sum(1 for _ in source) == 3_999 + 1


@pytest.mark.parametrize("rows", [1, 50_000])
def test_a_packed_file_cut_anywhere_is_refused(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "deals.csv.gz"
    whole = gzip.compress(b"Id,Name\n" + b"".join(b"%d,Ana\n" % at for at in range(rows)))
    for cut in {3, 10, 12, len(whole) // 2, len(whole) - 8, len(whole) - 4, len(whole) - 1}:
        path.write_bytes(whole[:cut])

        assert "the gzip file is cut off" in str(refusal(path)), cut


@pytest.mark.parametrize("at", [2, 3, 15, 5_000, -6, -2])
def test_a_damaged_packed_file_is_refused(tmp_path: Path, at: int) -> None:
    path = tmp_path / "deals.csv.gz"
    data = bytearray(gzip.compress(b"".join(b"%d,Ana\n" % at for at in range(50_000))))
    data[at] ^= 0xFF
    path.write_bytes(data)

    error = refusal(path)

    assert error.exit_code == 3
    assert "Get a fresh copy" in error.advice


def test_something_else_behind_a_packed_file_is_refused(pack: Pack) -> None:
    path = pack("Id\n1\n")
    path.write_bytes(path.read_bytes() + b"something else")

    assert "damaged" in str(refusal(path))


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        (b"PK\x03\x04" + b"\0" * 30, "what is in it is no text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "what is in it is no text"),
        (gzip.compress(b"Id\n1\n", mtime=0), "what is in it is no text"),
        (b"deals.csv".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 248, "no text"),
        (b"%PDF-1.7", "PDF"),
        (b"<html><body>", "a web page"),
        (b"", "empty"),
    ],
    ids=["zip", "ole", "gzip", "tar", "pdf", "web", "nothing"],
)
def test_what_is_packed_must_be_text(pack: Pack, inside: bytes, problem: str) -> None:
    assert problem in str(refusal(pack(inside)))


def bomb(path: Path, piece: bytes, *, begin: bytes = b"Id,Name\n1,Ana\n") -> Path:
    """A gzip file that unpacks to a little more than what is allowed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        file.write(packer.compress(begin))
        for _ in range(2 * LARGE // len(piece)):
            file.write(packer.compress(piece))
        file.write(packer.flush())
    assert RATIO * path.stat().st_size < 2 * LARGE
    return path


@pytest.mark.parametrize("piece", [b"\n" * 65_536, b"x" * 65_536, b"1,2\n" * 16_384])
def test_a_bomb_is_refused_soon_and_in_little_memory(tmp_path: Path, piece: bytes) -> None:
    path = bomb(tmp_path / "bomb.csv.gz", piece)

    began = time.monotonic()
    tracemalloc.start()
    error = refusal(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert error.problem == "the file unpacks to more than 500 times its size"
    assert time.monotonic() - began < 5  # a slow machine under load; else a tenth of a second
    assert peak < 1_048_576


def test_a_bomb_behind_good_rows_is_refused_while_it_is_read(tmp_path: Path) -> None:
    rows = "".join(f"{at},{at * 7_919 % 10_007}\n" for at in range(200_000)).encode()
    long_row = b"1," + b"x" * 30_000 + b"\n"
    path = bomb(tmp_path / "bomb.csv.gz", long_row * 2, begin=b"Id,Name\n" + rows[:100_000])

    given: deque[SourceRow | Rejected] = deque(maxlen=1)

    with pytest.raises(SourceError, match="500 times"), open_rows(path) as source:
        given.extend(source)

    assert isinstance(given[0], SourceRow)
    assert given[0].row > 5_000


@pytest.mark.no_cover
def test_memory_does_not_grow_with_a_packed_file(pack: Pack) -> None:
    def peak_of(count: int) -> int:
        path = pack("Id,Note\n" + "".join(f"{at},{at * at}\n" for at in range(count)))
        tracemalloc.start()
        with open_rows(path) as source:
            assert sum(1 for _ in source) == count
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    few = peak_of(20_000)

    assert peak_of(150_000) < few + 200_000
