"""From bytes to lines of text, strictly: a byte that does not fit is never replaced in silence.

Owns encodings, byte-order marks and what is suspicious in the bytes. It never guesses an
encoding: UTF-8, UTF-16 by its mark, or what the mapping declares. What is declared nowhere is
refused with the likely readings (`readings`), for a person to choose.
"""

import codecs
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migrator.errors import SourceError
from migrator.loader.packed import open_bytes
from migrator.loader.readings import is_mostly_utf8, likely_readings, take_sample

CHUNK: Final = 16_384
"""Bytes read at once. Below the longest cell, so that reading an overlong cell always takes a
read, and only rows that took one need a look (see `delimited`)."""

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
        self.reads = 0  #: Grows with every read.
        # In UTF-16 and UTF-32 half of all bytes are NUL: there each row is looked at.
        self.has_nul = not encoding.is_bytewise
        self._watches_escape = not encoding.declared and encoding.is_bytewise
        self._path = path

    def read1(self, size: int = -1, /) -> bytes:
        """The next bytes, as `TextIOWrapper` asks for them.

        Raises:
            SourceError: There is an ESC byte and no encoding was declared.
        """
        data = super().read1(CHUNK if size < 0 else min(size, CHUNK))
        if not self.has_nul and b"\0" in data:
            self.has_nul = True
        if self._watches_escape and b"\x1b" in data:
            raise _escape_found(self._path, self.position + data.index(b"\x1b"))
        self.position += len(data)
        self.reads += 1
        return data


def open_text(source: WatchedBytes, encoding: Encoding) -> io.TextIOWrapper:
    """The file as text; a line ends at LF, CR or CRLF, and keeps its end as it is."""
    return io.TextIOWrapper(source, encoding.name, errors="strict", newline="")


def decode_sample(head: bytes, encoding: Encoding, *, is_whole: bool) -> str:
    """The beginning of a file as text; a character cut off at the end of `head` is left out."""
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    return decoder.decode(head[encoding.mark :], is_whole)


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
