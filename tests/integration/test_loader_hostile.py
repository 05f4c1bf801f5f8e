"""Whatever bytes come: rows or a clear refusal, soon, in bounded memory; never a traceback.

Good files of every kind are damaged at random, and read in processes of their own, which are
stopped when they take too long and cannot take more memory than a bound. `make soak` does it for
a longer time, from another beginning each time (it prints its seed).
"""

import gzip
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

SAMPLES: Final = Path(__file__).parents[2] / "sample_data"
FILES_PER_PROCESS: Final = 200
SECONDS_PER_PROCESS: Final = 100
MEMORY: Final = 1024**3  #: Bytes of address space; the interpreter itself takes some 300 MB.

READ: Final = """
import sys
from pathlib import Path
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
except ImportError:  # Windows
    pass
from migrator.errors import SourceError
from migrator.loader import open_rows
from migrator.model import Rejected, SourceRow

read = refused = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    print(path.name, file=sys.stderr, flush=True)
    try:
        with open_rows(path) as source:
            given = sum(isinstance(item, SourceRow | Rejected) for item in source)
        assert given == source.rows_read
        read += 1
    except SourceError as error:
        assert path.stem in str(error) and error.problem and error.advice, error
        refused += 1
print(read, refused)
"""


def good_files() -> list[Path]:
    kinds = {".csv", ".gz", ".xlsx", ".xls", ".xlsb", ".ods"}
    found = [path for path in SAMPLES.rglob("*") if path.suffix in kinds]
    return sorted(path for path in found if path.stat().st_size < 100_000)


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The bytes with some of them changed, cut out, doubled, or cut off behind."""
    data = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 5, 20])):
        at = draw.randrange(len(data) + 1)
        size = draw.choice([1, 1, 2, 4, 8, 100])
        match draw.randrange(6):
            case 0:
                data[at : at + size] = draw.randbytes(size)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size] * draw.choice([1, 2, 50])
            case 3:
                data[at : at + size] = draw.choice([b"\0", b"\xff", b'"', b"<", b"&"]) * size
            case 4:
                data[at:at] = draw.choice([b"\r", b"\n", b'"\n', b"\x1b", b"]]>", b"\xef\xbb\xbf"])
            case _:
                del data[draw.randrange(len(data) + 1) :]
    return bytes(data)


def damaged_inside(path: Path, draw: random.Random) -> bytes:
    """A damaged file; of a package one part is damaged, and the archive around it is good."""
    content = path.read_bytes()
    if path.suffix == ".gz" and draw.random() < 0.5:
        try:
            return gzip.compress(damaged(gzip.decompress(content), draw), mtime=0)
        except (OSError, EOFError):
            return damaged(content, draw)
    if not zipfile.is_zipfile(path) or draw.random() < 0.2:
        return damaged(content, draw)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if parts:
        chosen = draw.choice(sorted(parts))
        parts[chosen] = damaged(parts[chosen], draw)
    return zipped(parts)


def zipped(parts: dict[str, bytes]) -> bytes:
    import io

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def read_all(folder: Path) -> tuple[int, int]:
    """Read every file of a folder in one process: how many gave rows, how many were refused."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder), str(MEMORY)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS_PER_PROCESS,
        check=False,
        env={**os.environ, "COVERAGE_PROCESS_START": ""},
    )
    last = [line for line in done.stderr.splitlines() if line][-12:]
    assert done.returncode == 0, "\n".join(last)
    read, refused = map(int, done.stdout.split())
    return read, refused


def write_damaged(folder: Path, draw: random.Random, count: int) -> None:
    folder.mkdir()
    sources = good_files()
    for number in range(count):
        path = draw.choice(sources)
        content = (
            draw.randbytes(draw.randrange(5_000))
            if draw.random() < 0.05
            else damaged_inside(path, draw)
        )
        (folder / f"{number:05}{path.suffix}").write_bytes(content)


def test_damaged_files_give_rows_or_a_refusal(tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    write_damaged(folder, random.Random(20261125), FILES_PER_PROCESS)

    read, refused = read_all(folder)

    assert read + refused == FILES_PER_PROCESS
    assert min(read, refused) > 20


@pytest.mark.soak
@pytest.mark.timeout(1_200)
def test_damaged_files_for_five_minutes(tmp_path: Path) -> None:
    import time

    ends, number, totals = time.monotonic() + 300, 0, [0, 0]
    seed = random.SystemRandom().randrange(10**9)
    while time.monotonic() < ends:
        folder = tmp_path / str(number)
        print(f"seed {seed + number}")
        write_damaged(folder, random.Random(seed + number), FILES_PER_PROCESS)
        read, refused = read_all(folder)
        totals = [totals[0] + read, totals[1] + refused]
        for path in folder.iterdir():
            path.unlink()
        number += 1
    print(f"{totals[0]:,} gave rows, {totals[1]:,} were refused")
