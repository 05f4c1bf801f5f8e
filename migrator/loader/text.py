"""From bytes to lines of text, strictly: a byte that does not fit is never replaced in silence.

Owns encodings, byte-order marks and what is suspicious in the bytes. It never guesses an
encoding: UTF-8, UTF-16 by its mark, or what the mapping declares. What is declared nowhere is
refused with the likely readings (`readings`), for a person to choose.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from migrator.errors import SourceError
from migrator.loader.files import changed
from migrator.loader.packed import is_packed, open_bytes
from migrator.loader.readings import is_mostly_utf8, likely_readings, take_sample
from migrator.loader.rows import LONGEST_CELL

CHUNK: Final = 65_536  #: Bytes read at once.
MOST_LINE: Final = 64 * 1024**2  #: Bytes of one line, which is held in memory.

_BY_LINE: Final = re.compile(r"utf-8|ascii|cp125\d|iso8859-\d+|latin-1")
"""Encodings whose lines can be decoded one by one, since each character stands for itself."""

_LOOK: Final = 1_024  #: Bytes that show whether a text is UTF-16: half of them are NUL there.

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, which begins alike
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARE: Final = (
    "Declare it in the mapping, for example `source: {encoding: cp1252}` (Excel on Windows), "
    "or save the file as CSV UTF-8."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the bytes of a file become text."""

    name: str  #: As Python knows it.
    mark: int  #: Bytes of the byte-order mark in front; 0 when there is none.
    declared: bool

    @property
    def is_bytewise(self) -> bool:
        """Whether a line end is one byte, so that lines can be counted in the bytes."""
        return not self.name.startswith(("utf-16", "utf-32"))


def decide_encoding(head: bytes, declared: str | None, *, where: str) -> Encoding:
    """The encoding of a file: its mark, else what is declared, else UTF-8.

    Raises:
        SourceError: The declared name is unknown, or the file's mark says otherwise.
    """
    name = _python_name(declared, where) if declared else ""
    for mark, marked in _MARKS:
        if head.startswith(mark):
            if name and not marked.startswith(name.removesuffix("-sig")):
                raise SourceError(
                    f"the file begins with the mark of {marked}, but {declared} is declared",
                    where=where,
                    advice=f"Remove the declaration, or declare {marked}.",
                )
            return Encoding(name=marked, mark=len(mark), declared=bool(name))
    if name in {"utf-16", "utf-32"}:
        raise SourceError(
            f"{declared} is declared, but the file does not begin with its mark",
            where=where,
            advice=f"Declare the byte order: {name}-le (usual on Windows) or {name}-be.",
        )
    if not name and head[:_LOOK].count(0) * 4 > len(head[:_LOOK]):
        order = "be" if head.startswith(b"\0") else "le"
        raise SourceError(
            "the file looks like UTF-16, but does not begin with its mark",
            where=where,
            advice=f"Declare it in the mapping, `source: {{encoding: utf-16-{order}}}`, or save "
            "the file as CSV UTF-8.",
        )
    return Encoding(name=name.removesuffix("-sig") or "utf-8", mark=0, declared=bool(name))


_HALF_CHARACTERS: Final = frozenset({"utf-7", "unicode-escape", "raw-unicode-escape"})
"""Encodings that can give half a character, which has no UTF-8; no spreadsheet is saved in them."""


def _python_name(declared: str, where: str) -> str:
    try:
        name = codecs.lookup(declared).name
        "".encode(name)  # refuses what is no text encoding, such as base64
    except (LookupError, UnicodeError):
        name = ""
    if not name or name in _HALF_CHARACTERS:
        raise SourceError(
            f'the encoding "{declared}" cannot be read',
            where=where,
            advice="Use a name such as utf-8, utf-16-le, cp1252, latin-1 or shift_jis.",
        )
    return name


class WatchedBytes(io.BufferedReader):
    """A file's bytes, unpacked, counted and looked at on their way to the decoder."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        super().__init__(open_bytes(path), CHUNK)
        self.read(encoding.mark)  # not `seek`: what is packed has no place to go to
        self.position = encoding.mark  #: Where the next read begins.
        self.is_suspect = not _BY_LINE.fullmatch(encoding.name)
        """From now on each row must be looked at: a NUL was met, or a line that may hold an
        overlong cell; in encodings that are not decoded line by line, always."""
        self._watches_escape = not encoding.declared and encoding.is_bytewise
        self._path = path
        self._size = 0 if is_packed(path) else path.stat().st_size

    def part(self) -> float | None:
        """Which part of the file is read; None where it is packed."""
        return min(1.0, self.position / self._size) if self._size else None

    def read1(self, size: int = -1, /) -> bytes:
        """The next bytes, as `TextIOWrapper` asks for them.

        Raises:
            SourceError: There is an ESC byte and no encoding was declared.
        """
        data = super().read1(CHUNK if size < 0 else min(size, CHUNK))
        if b"\0" in data:
            self.is_suspect = True
        if self._watches_escape and b"\x1b" in data:
            raise _escape_found(self._path, self.position + data.index(b"\x1b"))
        self.position += len(data)
        return data

    def lines(self) -> Iterator[list[bytes]]:
        """All lines, many at a time, each with its end (LF, CR or CRLF) as it is.

        Raises:
            SourceError: A line has no end within `MOST_LINE`.
        """
        held: list[bytes] = []  # a line whose end has not come yet
        while data := self.read1():
            held.append(data)
            if b"\n" in data or b"\r" in data:
                lines = b"".join(held).splitlines(keepends=True)
                held.clear()
                if not data.endswith(b"\n"):  # behind a CR, an LF may come with the next piece
                    held.append(lines.pop())
                self._watch(lines)
                yield lines
            elif len(held) * CHUNK > MOST_LINE:
                raise _endless_line(self._path)
        lines = b"".join(held).splitlines(keepends=True)
        self._watch(lines)
        yield lines

    def _watch(self, lines: list[bytes]) -> None:
        if not self.is_suspect and max(map(len, lines), default=0) > LONGEST_CELL:
            self.is_suspect = True


def open_lines(
    source: WatchedBytes, encoding: Encoding
) -> tuple[Iterator[str], Callable[[], None]]:
    """The file as lines of text, each with its end as it is; and what closes it.

    Raises:
        UnicodeDecodeError: While they are read; `undecodable` tells where.
    """
    if not _BY_LINE.fullmatch(encoding.name):
        text = open_text(source, encoding)
        return text, text.close
    # A third faster than TextIOWrapper: a line without other characters stays one of ASCII.
    decode: Callable[[bytes], str] = bytes.decode  # strict UTF-8
    if encoding.name != "utf-8":
        decode = partial(bytes.decode, encoding=encoding.name)
    return chain.from_iterable(map(decode, lines) for lines in source.lines()), source.close


def _endless_line(path: Path) -> SourceError:
    return SourceError(
        f"a line has more than {MOST_LINE // 1024**2} MiB",
        where=path.name,
        advice="This is no table. Export the data again, as CSV UTF-8.",
    )


def open_text(source: WatchedBytes, encoding: Encoding) -> io.TextIOWrapper:
    """The file as text; a line ends at LF, CR or CRLF, and keeps its end as it is."""
    return io.TextIOWrapper(source, encoding.name, errors="strict", newline="")


def decode_sample(head: bytes, encoding: Encoding, *, is_whole: bool) -> str:
    """The beginning of a file as text; a character cut off at the end of `head` is left out."""
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    return decoder.decode(head[encoding.mark :], is_whole)


def where_undecodable(path: Path, encoding: Encoding) -> SourceError:
    """The refusal of a file in which a byte was met that does not fit; it is looked for anew."""
    source = WatchedBytes(path, encoding)
    with open_text(source, encoding) as text:
        try:
            while text.read(CHUNK):
                pass
        except UnicodeDecodeError as error:
            return undecodable(path, encoding, error, source.position)
    return changed(path)


def undecodable(path: Path, encoding: Encoding, error: UnicodeDecodeError, end: int) -> SourceError:
    """The refusal of a file whose bytes are not what they are said to be.

    Args:
        path: The file.
        encoding: How it was read.
        error: What the decoder said.
        end: Offset in the file of the end of the bytes that the decoder was given.
    """
    offset = end - len(error.object) + error.start
    wrong = f"byte 0x{error.object[error.start]:02X}" if error.object else "the last character"
    line = f"line {line_of(path, offset)}, " if encoding.is_bytewise else ""
    if encoding.declared:
        advice = "The declaration is wrong, or the file is damaged. " + _DECLARE
    elif encoding.name != "utf-8" or encoding.mark:
        advice = f"The file's mark says {encoding.name}: it is damaged. Export it again."
    else:
        advice = _other_readings(path, offset)
    return SourceError(
        f"{wrong} is not {encoding.name.upper()} text",
        where=f"{path.name}: {line}byte {offset}",
        advice=advice,
    )


def _other_readings(path: Path, offset: int) -> str:
    sample = take_sample(path, offset)
    if is_mostly_utf8(sample):
        return (
            "Other lines are UTF-8, so this one is damaged or comes from another program. Correct "
            "it, or export the file again."
        )
    readings = likely_readings(sample)
    if not readings:
        return "The file is in another encoding. " + _DECLARE
    declarations = [f"source: {{encoding: {reading.encoding}}}" for reading in readings]
    width = max(map(len, declarations))
    # The cell stands last: one that is written from right to left would turn round what follows.
    offered = "".join(
        f'    {declaration:{width}}   "{reading.example}"\n'
        for declaration, reading in zip(declarations, readings, strict=True)
    )
    return (
        "The file is in another encoding. See below how one of its cells reads in the likely ones, "
        f"and add the right line to the mapping:\n{offered}  If none is right, save the file as "
        "CSV UTF-8."
    )


def line_of(path: Path, offset: int) -> int:
    """The line of the byte at this offset, counted from 1; LF, CR and CRLF end a line."""
    lines, last = 1, b""
    with io.BufferedReader(open_bytes(path)) as file:
        while offset > 0 and (data := file.read(min(CHUNK, offset))):
            offset -= len(data)
            lines += data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
            lines -= last == b"\r" and data.startswith(b"\n")
            last = data[-1:]
    return lines


def _escape_found(path: Path, offset: int) -> SourceError:
    return SourceError(
        "the file holds an escape character (ESC), as Japanese text in ISO-2022-JP does",
        where=f"{path.name}: line {line_of(path, offset)}, byte {offset}",
        advice="Declare what it is in the mapping, `source: {encoding: iso-2022-jp}`, or "
        "`source: {encoding: utf-8}` where the character is meant; or save the file as CSV UTF-8.",
    )
