"""XML as events, piece by piece, in flat memory and without entities.

Owns the hardening: a document type (and with it every entity, the stuff of XML bombs) is
refused, for no workbook has one. expat is used directly, because a sheet has ten million
elements and a tree of them would grow with the rows.
"""

from collections.abc import Callable, Iterator
from typing import IO, Final
from xml.parsers import expat

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
"""In front of the names of a sheet's elements, as expat gives them; ECMA-376, transitional."""

STRICT: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main "
"""The same in the strict form of the format."""

CHUNK: Final = 65_536  #: Unpacked bytes that are read at once.
_BUFFER: Final = 65_536  #: Characters that expat gathers before it hands text over.


def local_name(name: str) -> str:
    """An element's or attribute's name without its namespace, as expat or ElementTree give it.

    >>> local_name("http://x/main c"), local_name("{http://x/main}c"), local_name("c")
    ('c', 'c', 'c')
    """
    return name.rpartition(" ")[2].rpartition("}")[2]


class XmlError(Exception):
    """The XML is not well-formed, or has a document type."""


def parse_xml(
    source: IO[bytes],
    *,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> Iterator[None]:
    """Parse a document, and come back after each piece, so that the caller can give rows on.

    Args:
        source: The bytes of the document.
        start: Called with the name and the attributes of an element that begins.
        end: Called with the name of an element that ends.
        text: Called with text; one text may come in several pieces.

    Raises:
        XmlError: The XML is broken.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = _BUFFER
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        while data := source.read(CHUNK):
            parser.Parse(data, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise XmlError(f"its XML is not well-formed: {error}") from error


def _refuse_document_type(*_: object) -> None:
    raise XmlError("its XML has a document type, which no workbook has")
