"""How a text reads in other encodings, for a person who must say which one is right.

Owns the choice of what is offered: what charset_normalizer thinks likely, then what exports of a
CRM are usually in. It never decides: the mapping declares the encoding. What cannot decode the
sample, or reads as control characters, is never offered.
"""

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrator.loader.packed import open_bytes
from migrator.redact import printable

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatches

OFFERED: Final = 3
HEAD: Final = 65_536  #: Bytes at the beginning from which lines are taken.
AROUND: Final = 4_096  #: Bytes before and after the place of the trouble.
_SHOWN: Final = 20  #: Characters of a cell before and after that place.

COMMON: Final = (
    "cp1252", "cp1250", "cp1251", "mac_roman", "cp932", "gb18030", "cp949", "cp950", "cp1256",
    "cp1254", "cp1253", "cp1255", "cp1257", "cp1258", "koi8_r", "euc_jp", "cp874", "iso8859_2",
    "iso8859_15", "cp850", "cp852", "cp866", "cp437", "mac_cyrillic", "mac_latin2",
)  # fmt: skip
"""The commonest first. Of several that read a sample alike, the first is named: a file is oftener
in cp1252 than in Latin-1; cp932, gb18030 and cp949 hold all that Shift JIS, GBK and EUC-KR do."""

_LEVEL_1: Final = {
    0x97: ("cp932", "shift_jis", "shift_jis_2004", "shift_jisx0213"),
    0xCF: ("euc_jp", "euc_jis_2004", "euc_jisx0213"),
    0xD7: ("gb18030", "gbk", "gb2312"),
    0xC6: ("cp950", "big5", "big5hkscs"),
    0xC8: ("cp949", "euc_kr"),
}
_EVERYDAY: Final = {name: last for last, names in _LEVEL_1.items() for name in names}
"""The last first byte of what the standards call level 1, the characters of everyday; in Korean
of the syllables, after which the Chinese characters come."""

# Euro, pound and other signs, dashes and quotes: what texts hold that are else plain ASCII.
_SIGNS: Final = frozenset(
    "\u20ac\xa3\xa7\xa9\xae\xb0\xb7\xab\xbb\xa0\u2026"
    "\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e"
)
_ASCII: Final = bytes(range(0x20, 0x7F))
_BEYOND: Final = re.compile(rb"[^\x00-\x7f]+")
_LOOKED_AT: Final = 300  #: Places at which readings are compared.
_BORDERS: Final = ',;|\t"'  #: Of cells, for showing one.
_LINE_END: Final = re.compile(rb"[\r\n]")
# No encoding of several bytes to a character has one of these as its second byte.
_CELL_END: Final = re.compile(rb'[\r\n,;\t"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read the file."""

    encoding: str
    example: str  #: The cell in which the trouble stands; harmless to show.


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The lines of a file that tell its encoding: those with bytes beyond ASCII."""

    lines: tuple[bytes, ...]
    line: bytes  #: The one with the trouble; a very long one is cut at the borders of cells.
    at: int  #: Where in it.


def take_sample(path: Path, offset: int) -> Sample:
    """Lines from the beginning of the file and from around a place in it."""
    with io.BufferedReader(open_bytes(path)) as file:
        head = file.read(HEAD)
        start = max(0, offset - AROUND)
        near = head[start:]
        for skipped in _pieces(start - len(head)):
            file.read(skipped)
        near += file.read(max(0, offset + AROUND - start - len(near)))
        is_end = not file.read(1)
    line, at = _line_around(near, offset - start, begins=not start, ends=is_end)
    lines = _whole_lines(head, begins=True, ends=is_end and len(head) < HEAD)
    if start >= len(head):
        lines += _whole_lines(near, begins=False, ends=is_end)
    return Sample(lines=tuple(one for one in lines if not one.isascii()), line=line, at=at)


def _pieces(size: int) -> Iterator[int]:
    while size > 0:
        yield min(size, HEAD)
        size -= HEAD


def _whole_lines(data: bytes, *, begins: bool, ends: bool) -> list[bytes]:
    lines = _LINE_END.split(data)
    return lines[0 if begins else 1 : None if ends else -1]


def _line_around(data: bytes, at: int, *, begins: bool, ends: bool) -> tuple[bytes, int]:
    """The line with this place, and where in it; where it is torn, whole cells of it."""
    left = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1
    if not left and not begins:
        found = _CELL_END.search(data, 0, at)
        left = found.end() if found else 0
    after = _LINE_END.search(data, at)
    if after is None and not ends:
        *_, after = [None, *_CELL_END.finditer(data, at)]
    right = after.start() if after else len(data)
    return data[left:right], at - left


def is_mostly_utf8(sample: Sample) -> bool:
    """Whether other lines beyond ASCII are UTF-8: by chance, hardly any text of another is."""
    good = sum(_read(line, "utf-8") is not None for line in sample.lines)
    return good > len(sample.lines) - good


def likely_readings(sample: Sample) -> list[Reading]:
    """At most three readings that differ, the likeliest first."""
    data = b"\n".join({**dict.fromkeys(sample.lines), sample.line: None})
    texts = {name: text for name in _candidates(data) if (text := _read(data, name)) is not None}
    strangeness = {name: _strangeness(data, name, text) for name, text in texts.items()}
    distinct: dict[str, str] = {}
    for name in sorted(texts, key=lambda one: (strangeness[one], _rank(one))):
        distinct.setdefault(texts[name], name)
    names = list(distinct.values())[:OFFERED]
    usual = distinct.get(texts.get(COMMON[0], ""))
    if usual and usual not in names:  # a word or two can look stranger in it than they are
        names[-1] = usual
    line, at = _telling_place(sample, names)
    return [Reading(encoding=name, example=_example(line, at, name)) for name in names]


def _telling_place(sample: Sample, names: Sequence[str]) -> tuple[bytes, int]:
    """Where the readings differ: the place of the trouble, if they do there."""
    others = ((line, found.start()) for line in sample.lines for found in _BEYOND.finditer(line))
    places = [(sample.line, sample.at), *islice(others, _LOOKED_AT)]

    def distinct(place: tuple[bytes, int]) -> int:
        return len({_example(place[0], place[1], name) for name in names})

    return max(places, key=distinct)


def _candidates(data: bytes) -> list[str]:
    proposed = [name for match in _charsets(data) for name in match.could_be_from_charset]
    return [*COMMON, *(name for name in proposed if name not in COMMON and _keeps_ascii(name))]


def _charsets(data: bytes, *names: str) -> "CharsetMatches":
    # It is needed only when something is wrong, and takes as long to import as the loader itself.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    if not names:
        return from_bytes(data)
    return from_bytes(data, cp_isolation=list(names), threshold=1.0, enable_fallback=False)


def _strangeness(data: bytes, name: str, text: str) -> float:
    """How unlike a text it reads, in tenths; finer differences are chance in a short text."""
    if all(one.isascii() or one in _SIGNS for one in text):
        return 0.0
    match = _charsets(data, name).best()
    judged = match.chaos - match.coherence / 2 if match else 1.0
    return round(judged + _share_of_rare(text, name), 1)


def _share_of_rare(text: str, name: str) -> float:
    """How many of the letters beyond ASCII are such as stand in no name or everyday word."""
    beyond = [one for one in text if not one.isascii()]
    first = _EVERYDAY.get(name)
    if first is None or not beyond:
        return 0.0
    return sum(one.encode(name)[0] > first for one in beyond) / len(beyond)


def _rank(name: str) -> int:
    return COMMON.index(name) if name in COMMON else len(COMMON)


def _keeps_ascii(name: str) -> bool:
    return not name.startswith("utf") and _read(_ASCII, name) == _ASCII.decode("ascii")


def _read(data: bytes, name: str) -> str | None:
    """The text, or None when these bytes are none in that encoding."""
    try:
        text = data.decode(name)
    except (UnicodeError, LookupError):
        return None
    return None if any(map(_is_unreal, set(text) - set("\t\n\r"))) else text


def _is_unreal(character: str) -> bool:
    """Whether no text holds it: control, unassigned and private characters, and U+FFFD."""
    return character == "\ufffd" or unicodedata.category(character) in {"Cc", "Cn", "Co", "Cs"}


def _example(line: bytes, at: int, name: str) -> str:
    """The cell around a place, cut where it is long."""
    text = line.decode(name)
    at = len(codecs.getincrementaldecoder(name)().decode(line[:at]))
    left = max(text.rfind(mark, 0, at) for mark in _BORDERS) + 1
    right = min((end for mark in _BORDERS if (end := text.find(mark, at)) >= 0), default=len(text))
    cell = text[max(left, at - _SHOWN) : min(right, at + _SHOWN)].strip()
    front, back = left < at - _SHOWN, right > at + _SHOWN
    return printable(f"{'…' * front}{cell}{'…' * back}")
