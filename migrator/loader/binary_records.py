"""The records of a part of a binary workbook (.xlsb), one after another.

Owns the form of a record: its kind, its size, its bytes. It knows no kind's meaning, and holds
one record at a time. A size that is stated and not there is never allocated.

Source: [MS-XLSB] 2.1.4 (Record), 2.5.169 (XLWideString).
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from migrator.loader.xml_events import XmlError

MOST_RECORD_BYTES: Final = 16 * 1024**2  #: A text of a cell, the longest here, has 64 KiB.

_CHUNK: Final = 65_536  #: Unpacked bytes that are read at once.
_LONGEST_HEAD: Final = 6  #: Two bytes of kind, four of size.
_LENGTH: Final = struct.Struct("<I")


def read_records(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The kind and the bytes of every record.

    Raises:
        XmlError: The part ends within a record, or a record is larger than any can be.
    """
    held, at = b"", 0
    while True:
        if len(held) - at < _LONGEST_HEAD:
            held, at = held[at:] + source.read(_CHUNK), 0
            if not held:
                return
        try:
            kind, size, at = held[at], held[at + 1], at + 2
            if kind > 127 or size > 127:
                kind, size, at = _long_head(held, at - 2)
        except IndexError as error:
            raise XmlError("one of its parts ends within a record") from error
        if len(held) - at < size:
            held, at = _filled(source, held[at:], size), 0
        yield kind, held[at : at + size]
        at += size


def _long_head(held: bytes, at: int) -> tuple[int, int, int]:
    """Kind and size of the record that begins here, and where its bytes begin.

    Of each byte seven bits count; the eighth says that another byte follows.
    """
    kind, size, at = held[at], held[at + 1], at + 2
    if kind > 127:
        kind, size, at = kind & 127 | (size & 127) << 7, held[at], at + 1
    if size > 127:
        size, shift = size & 127, 7
        while shift < 28:
            byte, at = held[at], at + 1
            size |= (byte & 127) << shift
            shift = shift + 7 if byte > 127 else 28
    return kind, size, at


def _filled(source: IO[bytes], held: bytes, size: int) -> bytes:
    """What is held, with as much more of the part as a record of this size needs."""
    if size > MOST_RECORD_BYTES:
        raise XmlError(f"a record states a size of {size:,} bytes")
    pieces, found = [held], len(held)
    while found < size:
        piece = source.read(max(size - found, _CHUNK))
        if not piece:
            raise XmlError("one of its parts ends within a record")
        pieces.append(piece)
        found += len(piece)
    return b"".join(pieces)


@contextmanager
def whole_records() -> Iterator[None]:
    """Turn a record that is shorter than its kind into a refusal."""
    try:
        yield
    except (struct.error, IndexError) as error:
        raise XmlError(f"one of its records is too short ({error})") from error


def wide_bytes(data: bytes, at: int) -> bytes:
    """The bytes of the text (UTF-16) that begins here; its length in characters comes first.

    Raises:
        XmlError: It is longer than its record.
    """
    (length,) = _LENGTH.unpack_from(data, at)
    found = data[at + 4 : at + 4 + 2 * length]
    if len(found) != 2 * length:
        raise XmlError("a text is longer than its record")
    return found


def wide_text(data: bytes, at: int) -> tuple[str, int]:
    """A name or a code that begins here, and where it ends; "" where there is none."""
    if data[at : at + 4] == b"\xff\xff\xff\xff":  # none, which some fields may hold
        return "", at + 4
    found = wide_bytes(data, at)
    return found.decode("utf-16-le", "replace"), at + 4 + len(found)
