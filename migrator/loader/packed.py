"""The bytes of a text file, unpacked on their way where gzip packed them.

Owns the opening of every text file, so that a packed one is read like any other, in flat memory.
It never trusts a packed file: what is cut off or damaged is refused, and so is a bomb.
"""

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrator.errors import SourceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP: Final = b"\x1f\x8b"
LARGE: Final = 64 * 1_048_576  #: Bytes; below it, nothing is a bomb.
RATIO: Final = 500
"""Times its packed size at which a large content is taken for a bomb; a table of real rows
comes to 5 to 20, and gzip cannot do more than 1,032."""

_PIECE: Final = 4_096  #: Packed bytes read at once; few, so that the ratio is exact.
_LOOK: Final = 1_048_576  #: Unpacked bytes that show whether a file may be a bomb.
_SUSPICIOUS: Final = 100  #: The ratio from which it may be one.
_FORMAT: Final = 31  #: zlib's name for gzip with a check sum, and with the largest window.


class Unpacked(io.RawIOBase):
    """The content of a gzip file, also of several packed one after another; read once, forwards.

    Every read raises SourceError where the file is cut off, damaged or a bomb.
    """

    def __init__(self, path: Path, packed: io.FileIO) -> None:
        super().__init__()
        self.given = 0  #: Bytes unpacked so far.
        self.taken = 0  #: Packed bytes that they needed.
        self._name, self._packed, self._left = path.name, packed, b""
        self._member = zlib.decompressobj(_FORMAT)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer with unpacked bytes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self._next(len(view)) if view else b""
        view[: len(data)] = data
        self.given += len(data)
        if self.given > LARGE and self.given > RATIO * self.taken:
            raise SourceError(
                f"the file unpacks to more than {RATIO} times its size",
                where=self._name,
                advice="No table is packed so small; the file may be made to fill the memory. "
                "If you trust it, unpack it first (gunzip), then give the file in it.",
            )
        return len(data)

    def close(self) -> None:
        """Close the packed file, too."""
        self._packed.close()
        super().close()

    def _next(self, most: int) -> bytes:
        while True:
            if not self._left:
                self._left = self._packed.read(_PIECE) or b""
            if self._member.eof and not self._begins_another():
                return b""
            if not self._left:
                raise _unusable(self._name, "is cut off")
            had = len(self._left)
            data = self._inflated(most)
            self.taken += had - len(self._left)
            if data:
                return data

    def _begins_another(self) -> bool:
        """Go on with the next member; zeros that fill up the file are none."""
        while self._left and not self._left.strip(b"\0"):
            self._left = self._packed.read(_PIECE) or b""
        if not self._left:
            return False
        self._member = zlib.decompressobj(_FORMAT)
        return True

    def _inflated(self, most: int) -> bytes:
        member = self._member
        try:
            data = member.decompress(self._left, most)
        except zlib.error as error:
            raise _unusable(self._name, "is damaged") from error
        self._left = member.unused_data if member.eof else member.unconsumed_tail
        return data


def _unusable(name: str, problem: str) -> SourceError:
    return SourceError(
        f"the gzip file {problem}",
        where=name,
        advice="Nothing of it was used. Get a fresh copy: download or export it again.",
    )


def open_bytes(path: Path) -> io.RawIOBase:
    """The bytes of a file, unpacked where gzip packed them, whatever its name; to be closed."""
    file = io.FileIO(path)
    try:
        is_packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Unpacked(path, file) if is_packed else file


def read_head(path: Path, size: int) -> bytes:
    """The first bytes of a file, unpacked; fewer than ``size`` when there are no more."""
    with io.BufferedReader(open_bytes(path)) as file:
        return file.read(size)


def is_packed(path: Path) -> bool:
    """Whether the content is packed with gzip."""
    with open_bytes(path) as file:
        return isinstance(file, Unpacked)


def refuse_bomb(path: Path) -> None:
    """Look for a bomb before any row is read: millions of blank lines would take minutes.

    Reads on only while the content looks like a bomb, so that a good file costs a millisecond.

    Raises:
        SourceError: It is one, or the file is cut off or damaged there.
    """
    with open_bytes(path) as file:
        if not isinstance(file, Unpacked):
            return
        buffer = bytearray(65_536)
        while file.given < _LOOK or file.given > _SUSPICIOUS * file.taken:
            if not file.readinto(buffer):
                return
