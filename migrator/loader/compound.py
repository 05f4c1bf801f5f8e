"""The container that an old Office file is: a little file system in one file (OLE).

Owns the way to the one stream that holds a workbook. Every chain of sectors is followed at most
as far as the file is long, and every entry of the directory is seen once, so that a damaged file
ends in an error and never in a loop. It knows nothing of what a stream means.

Source: [MS-CFB] 2.2 (header), 2.3 (sector chains), 2.6 (directory).
"""

import struct
from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER: Final = struct.Struct("<HH14xI4xII4xI4x")
"""From byte 30: the sizes of sectors, and where directory, small sectors and tables begin."""
_ENTRY: Final = struct.Struct("<HBxIII36xII4x")
"""From byte 64 of an entry: its name's bytes, kind, neighbours, first sector and size."""
_ENTRY_BYTES: Final = 128
_LISTED: Final = 109  #: Sectors of the table that the header itself names.
_LAST_SECTOR: Final = 0xFFFFFFFA  #: Numbers above it are marks, such as the end of a chain.
_NOBODY: Final = 0xFFFFFFFF
_STREAM: Final = 2


class CompoundError(Exception):
    """The file is no compound file, or a damaged one."""


class Entry(NamedTuple):
    """One stream or folder at the top of the file."""

    name: str
    is_stream: bool
    start: int  #: Its first sector.
    size: int  #: Bytes.


class CompoundFile:
    """The top of a compound file: what is in it, and the bytes of its streams.

    Args:
        content: The whole file, as bytes or mapped into memory.

    Raises:
        CompoundError: It is none, or a damaged one.
    """

    def __init__(self, content: memoryview) -> None:
        if bytes(content[:8]) != SIGNATURE or len(content) < 512:
            raise CompoundError("it is no compound file")
        self._content = content
        shift, small_shift, directory, self._cutoff, small, more = _HEADER.unpack_from(content, 30)
        if shift not in {9, 12} or small_shift != 6:
            raise CompoundError("its sectors have a size that no program writes")
        self._sector, self._small_sector = 1 << shift, 1 << small_shift
        self._next = self._table(more)
        records = self._chained(directory)
        root, self.entries = _top(records)
        self._small_next = _numbers(self._chained(small)) if small <= _LAST_SECTOR else array("I")
        self._small = self._chained(root.start) if root.start <= _LAST_SECTOR else b""

    def read(self, entry: Entry) -> bytearray:
        """The bytes of a stream."""
        if entry.size >= self._cutoff:
            found = self._chained(entry.start, entry.size)
        else:
            found = self._chained_small(entry.start, entry.size)
        if len(found) < entry.size:
            raise CompoundError("the file is cut off")
        return found

    def _table(self, more: int) -> "array[int]":
        """For every sector the one that follows it; the table stands in sectors itself."""
        places = list(_numbers(self._content[76 : 76 + 4 * _LISTED]))
        listing: list[int] = []
        while more <= _LAST_SECTOR and more not in listing:
            listing.append(more)
            *here, more = _numbers(self._at(more)) or [_NOBODY]
            places.extend(here)
        table = array("I")
        for place in dict.fromkeys(places):  # each once: a damaged list must not grow without end
            if place <= _LAST_SECTOR:
                table.extend(_numbers(self._at(place)))
        return table

    def _at(self, sector: int) -> memoryview:
        start = (sector + 1) * self._sector
        if start >= len(self._content):
            raise CompoundError("the file is cut off, or its table of sectors is damaged")
        return self._content[start : start + self._sector]

    def _chained(self, start: int, size: int | None = None) -> bytearray:
        """The sectors from this one on, put together; all of them, or enough for a size."""
        found = bytearray()
        for sector in _chain(self._next, start):
            if size is not None and len(found) >= size:
                break
            found += self._at(sector)
        return found if size is None else found[:size]

    def _chained_small(self, start: int, size: int) -> bytearray:
        """The same for a stream that is too small for sectors of its own."""
        found, width = bytearray(), self._small_sector
        for sector in _chain(self._small_next, start):
            if len(found) >= size:
                break
            found += self._small[sector * width : (sector + 1) * width]
        return found[:size]


def _chain(following: "array[int]", start: int) -> Iterator[int]:
    """The sectors of a chain, in order."""
    for _ in range(len(following) + 1):
        if start > _LAST_SECTOR:
            return
        yield start
        if start >= len(following):
            raise CompoundError("its table of sectors is damaged")
        start = following[start]
    raise CompoundError("its sectors run in a circle")


def _numbers(data: bytes | bytearray | memoryview) -> "array[int]":
    return array("I", bytes(data[: len(data) - len(data) % 4]))


def _top(records: bytearray) -> tuple[Entry, tuple[Entry, ...]]:
    """The root of the directory, and what lies directly in it (not in a folder of it)."""
    if len(records) < _ENTRY_BYTES:
        raise CompoundError("it has no directory")
    root, child, _ = _entry(records, 0)
    found, waiting, seen = [], [child], {0, _NOBODY}
    while waiting:
        place = waiting.pop()
        if place in seen or (place + 1) * _ENTRY_BYTES > len(records):
            continue
        seen.add(place)
        entry, _, beside = _entry(records, place)
        found.append(entry)
        waiting.extend(beside)
    return root, tuple(found)


def _entry(records: bytearray, place: int) -> tuple[Entry, int, tuple[int, int]]:
    """An entry of the directory, the first thing in it, and its neighbours."""
    at = place * _ENTRY_BYTES
    length, kind, left, right, child, start, size = _ENTRY.unpack_from(records, at + 64)
    name = records[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
    return Entry(name, kind == _STREAM, start, size), child, (left, right)
