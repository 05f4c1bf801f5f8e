"""XML that is written in one plain way, read as text; whatever is written otherwise is not plain.

Owns what the quick readers of sheets and shared texts have in common. They read what Excel,
LibreOffice and the usual libraries write. Everything that needs a whole XML parser (comments,
CDATA, document types, other encodings, characters that XML does not allow) ends in
`NotPlainError`, and the caller starts again with `xml_events`: so nothing is ever understood in
two ways.
"""

import codecs
import io
import re
from collections.abc import Iterator
from typing import IO, Final

BYTES: Final = 262_144  #: Unpacked bytes that are read at once.
MOST_HELD: Final = 8 * 1024**2  #: Characters of one piece; a longer one is not plain.

_UTF_8: Final = codecs.getincrementaldecoder("utf-8-sig")
_DECLARATION: Final = re.compile(
    r"<\?xml version=[\"']1\.0[\"'](?:\s+encoding=[\"']utf-8[\"'])?"
    r"(?:\s+standalone=[\"'](?:yes|no)[\"'])?\s*\?>",
    re.IGNORECASE,
)
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r"))
_ODD: Final = ("<!", "]]>", "\ufffe", "\uffff")
_ENTITY: Final = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));|&")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_FIRST_CHARACTER: Final = 32
_WHITE_SPACE: Final = frozenset(b"\t\n\r")
_LAST_CHARACTER: Final = 0x10FFFF


class NotPlainError(Exception):
    """The XML is not written in the plain way; it may be good XML all the same."""


def pieces(source: IO[bytes], ends: str) -> Iterator[str]:
    """The text of a document in pieces that end with ``ends``, and what is left behind the last.

    Line ends are those of XML: a line feed.

    Raises:
        NotPlainError: A piece holds what is not plain, or is not found within `MOST_HELD`.
    """
    decoder = io.IncrementalNewlineDecoder(_UTF_8("strict"), translate=True)
    held, is_first, is_last = "", True, False
    while not is_last:
        data = source.read(BYTES)
        is_last = not data
        if len(data.translate(None, _CONTROLS)) < len(data):
            raise NotPlainError
        try:
            held += decoder.decode(data, final=is_last)
        except UnicodeDecodeError as error:
            raise NotPlainError from error
        end = len(held) if is_last else held.rfind(ends) + len(ends)
        if end < len(ends) and not is_last:
            if len(held) > MOST_HELD:
                raise NotPlainError
            continue
        yield _checked(held[:end], is_first=is_first)
        held, is_first = held[end:], False


def _checked(piece: str, *, is_first: bool) -> str:
    begin = 0
    if is_first and (declaration := _DECLARATION.match(piece)):
        begin = declaration.end()
    if piece.find("<?", begin) >= 0 or any(odd in piece for odd in _ODD):
        raise NotPlainError
    return piece[begin:]


def with_entities(text: str) -> str:
    r"""The text that stands between two tags.

    >>> with_entities("a &lt; b &amp; c&#10;&#x20AC;")
    'a < b & c\n€'
    """
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    name, decimal, hexadecimal = found.groups()
    if name:
        return _ENTITIES[name]
    number = int(decimal) if decimal else int(hexadecimal or "0", 16)
    if number > _LAST_CHARACTER or 0xD800 <= number < 0xE000:
        raise NotPlainError
    if (number < _FIRST_CHARACTER and number not in _WHITE_SPACE) or chr(number) in _ODD:
        raise NotPlainError
    return chr(number)
