"""Write OpenDocument spreadsheets from the XML up, so that a sample holds exactly its oddity.

Never uses a spreadsheet program: those would mend what is meant to be odd. The bytes are the
same at every run.
"""

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

LONG_AGO = (2024, 4, 2, 12, 13, 44)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "number": "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
    "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
    "of": "urn:oasis:names:tc:opendocument:xmlns:of:1.2",
}
DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())

_DAY = "<number:day/><number:text>/</number:text><number:month/><number:year/>"
_CLOCK = "<number:hours/><number:text>:</number:text><number:minutes/><number:seconds/>"
DATA_STYLES = {
    "day": f'<number:date-style style:name="Nday">{_DAY}</number:date-style>',
    "moment": f'<number:date-style style:name="Nmoment">{_DAY}{_CLOCK}</number:date-style>',
    "clock": f'<number:time-style style:name="Nclock">{_CLOCK}</number:time-style>',
    "elapsed": '<number:time-style style:name="Nelapsed" '
    f'number:truncate-on-overflow="false">{_CLOCK}</number:time-style>',
    "zeros": '<number:number-style style:name="Nzeros">'
    '<number:number number:decimal-places="0" number:min-integer-digits="5"/>'
    "</number:number-style>",
    "percent": '<number:percentage-style style:name="Npercent">'
    "<number:number/><number:text>%</number:text></number:percentage-style>",
    "money": '<number:currency-style style:name="Nmoney"><number:currency-symbol>₹'
    "</number:currency-symbol><number:number/></number:currency-style>",
}
"""The number formats of every spreadsheet made here, by the name of the cell style with it."""


@dataclass
class Spreadsheet:
    """The parts of a spreadsheet with one or more sheets, as XML."""

    sheets: dict[str, str] = field(default_factory=dict)  #: Name to the inside of <table:table>.
    hidden: tuple[str, ...] = ()
    automatic: str = ""  #: More automatic styles.
    common: str = ""  #: Common styles, of styles.xml.
    before: str = ""  #: What stands in front of the sheets.
    mimetype: str = SPREADSHEET
    manifest: str = ""  #: More inside the entry of content.xml, such as encryption-data.

    def write(self, path: Path) -> None:
        write_package(path, self.parts())

    def parts(self) -> dict[str, str]:
        return {
            "mimetype": self.mimetype,
            "META-INF/manifest.xml": self._manifest(),
            "styles.xml": f"{HEAD}<office:document-styles {DECLARED}>"
            f"<office:styles>{self.common}</office:styles></office:document-styles>",
            "content.xml": self._content(),
        }

    def _manifest(self) -> str:
        return (
            f'{HEAD}<m:manifest xmlns:m="{MANIFEST}" m:version="1.3">'
            f'<m:file-entry m:full-path="/" m:media-type="{self.mimetype}"/>'
            '<m:file-entry m:full-path="styles.xml" m:media-type="text/xml"/>'
            '<m:file-entry m:full-path="content.xml" m:media-type="text/xml">'
            f"{self.manifest}</m:file-entry></m:manifest>"
        )

    def _content(self) -> str:
        uses = "".join(
            f'<style:style style:name="{name}" style:family="table-cell" '
            f'style:data-style-name="N{name}"/>'
            for name in DATA_STYLES
        )
        shown = "".join(
            f'<style:style style:name="{name}" style:family="table">'
            f'<style:table-properties table:display="{value}"/></style:style>'
            for name, value in (("shown", "true"), ("hidden", "false"))
        )
        tables = "".join(
            f"<table:table table:name={quoteattr(name)} "
            f'table:style-name="{"hidden" if name in self.hidden else "shown"}">'
            f"{inside}</table:table>"
            for name, inside in self.sheets.items()
        )
        return (
            f'{HEAD}<office:document-content {DECLARED} office:version="1.3">'
            f"<office:automatic-styles>{''.join(DATA_STYLES.values())}{uses}{shown}"
            f"{self.automatic}</office:automatic-styles><office:body><office:spreadsheet>"
            f"{self.before}{tables}</office:spreadsheet></office:body>"
            "</office:document-content>"
        )


# ------------------------------------------------------------------ inside a table


def cell(
    kind: str = "", value: object = "", shown: str = "", *, style: str = "", attributes: str = ""
) -> str:
    """A cell with a value of a type, and the paragraphs that show it, as XML."""
    names = {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}
    stated = f' office:{names.get(kind, "value")}="{value}"' if value != "" else ""
    kind = f' office:value-type="{kind}"' if kind else ""
    style = f' table:style-name="{style}"' if style else ""
    return f"<table:table-cell{kind}{stated}{style}{attributes}>{shown}</table:table-cell>"


def text(content: str, attributes: str = "") -> str:
    return cell("string", shown=paragraphs(content), attributes=attributes)


def number(value: object, style: str = "", attributes: str = "") -> str:
    return cell("float", value, f"<text:p>{value}</text:p>", style=style, attributes=attributes)


def formula(code: str, kind: str = "", value: object = "", shown: str = "") -> str:
    return cell(kind, value, shown, attributes=f" table:formula={quoteattr('of:=' + code)}")


def blank(columns: int = 1) -> str:
    return f'<table:table-cell table:number-columns-repeated="{columns}"/>'


def row(*cells: str, repeat: int = 1, attributes: str = "") -> str:
    repeated = f' table:number-rows-repeated="{repeat}"' if repeat > 1 else ""
    return f"<table:table-row{repeated}{attributes}>{''.join(cells)}</table:table-row>"


def paragraphs(content: str) -> str:
    """The text as LibreOffice writes it: a paragraph for each line, elements for white space."""
    return "".join(f"<text:p>{_spaced(line)}</text:p>" for line in content.split("\n"))


def _spaced(line: str) -> str:
    # A single space between words stands as it is.
    pieces = re.split(r"(^ +| +$| {2,}|\t|\r)", line)
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    if piece == "\t":
        return "<text:tab/>"
    if piece == "\r":
        return "&#13;"
    if piece and not piece.strip(" "):
        return f'<text:s text:c="{len(piece)}"/>' if len(piece) > 1 else "<text:s/>"
    return escape(piece)


def write_package(path: Path, parts: dict[str, str]) -> None:
    """Write the parts; the mimetype is first and not packed, as OpenDocument wants it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            part = zipfile.ZipInfo(name, LONG_AGO)
            part.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            part.external_attr = 0o600 << 16
            archive.writestr(part, content.encode())
