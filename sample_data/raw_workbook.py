"""Write workbooks from the XML up, so that a sample holds exactly the oddity it is about.

Never uses a spreadsheet library: those would mend what is meant to be odd. The bytes are the
same at every run.
"""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    RELATIONS: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
LONG_AGO = (2024, 4, 2, 12, 13, 44)

FORMATS = (
    "General",
    "dd/mm/yyyy",
    "dd/mm/yyyy hh:mm:ss",
    "hh:mm:ss",
    "[h]:mm:ss",
    "#,##0.00",
    "00000",
    "0.00%",
    "[$₹-4009] #,##0.00",
)
"""The cell styles 0 to 8 of every workbook made here."""
DAY, MOMENT, CLOCK, ELAPSED, MONEY, ZEROS, PERCENT, RUPEES = range(1, 9)


@dataclass
class Workbook:
    """The parts of a workbook with one or more sheets, as XML."""

    sheets: dict[str, str] = field(default_factory=dict)  #: Name to the inside of <worksheet>.
    texts: list[str] = field(default_factory=list)  #: Shared texts, each the inside of <si>.
    hidden: tuple[str, ...] = ()
    is_1904: bool = False
    is_strict: bool = False

    def write(self, path: Path) -> None:
        parts = {
            "[Content_Types].xml": self._types(),
            "_rels/.rels": relations([("officeDocument", "xl/workbook.xml")]),
            "xl/workbook.xml": self._workbook(),
            "xl/_rels/workbook.xml.rels": relations(
                [("worksheet", f"worksheets/sheet{n}.xml") for n, _ in self._numbered()]
                + [("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")]
            ),
            "xl/styles.xml": styles(),
            "xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{MAIN}">'
            + "".join(f"<si>{text}</si>" for text in self.texts)
            + "</sst>",
        }
        for number, name in self._numbered():
            content = self.sheets[name]
            parts[f"xl/worksheets/sheet{number}.xml"] = (
                f'{HEAD}<worksheet xmlns="{MAIN}">{content}</worksheet>'
            )
        if self.is_strict:
            for loose, strict in STRICT.items():
                parts = {name: text.replace(loose, strict) for name, text in parts.items()}
        write_zip(path, parts)

    def _numbered(self):
        return list(enumerate(self.sheets, start=1))

    def _types(self) -> str:
        sheets = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TYPE}.worksheet+xml"/>'
            for n, _ in self._numbered()
        )
        return (
            f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>{sheets}'
            f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>'
            '<Override PartName="/xl/sharedStrings.xml" '
            f'ContentType="{TYPE}.sharedStrings+xml"/></Types>'
        )

    def _workbook(self) -> str:
        sheets = "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"'
            + (' state="hidden"' if name in self.hidden else "")
            + "/>"
            for n, name in self._numbered()
        )
        properties = '<workbookPr date1904="1"/>' if self.is_1904 else "<workbookPr/>"
        return (
            f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
            f"{properties}<sheets>{sheets}</sheets></workbook>"
        )


def relations(targets: list[tuple[str, str]]) -> str:
    inside = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{inside}</Relationships>'


def styles() -> str:
    codes = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{escape(code)}"/>'
        for n, code in enumerate(FORMATS)
    )
    uses = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(FORMATS)))
    return (
        f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="{len(FORMATS)}">{codes}</numFmts>'
        '<fonts count="1"><font/></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        f'<cellXfs count="{len(FORMATS)}">{uses}</cellXfs></styleSheet>'
    )


def text(content: str) -> str:
    """A cell with its own text, without its place: put it into `row`."""
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(content)}</t></is></c>'


def number(stored: object, style: int = 0) -> str:
    return f'<c s="{style}"><v>{stored}</v></c>'


def row(at: int, *cells: str, attributes: str = "", first: str = "A") -> str:
    """A row whose cells stand side by side from the column `first` on, or where they say."""
    placed = [
        cell if ' r="' in cell else cell.replace("<c", f'<c r="{chr(ord(first) + place)}{at}"', 1)
        for place, cell in enumerate(cells)
    ]
    return f'<row r="{at}"{attributes}>{"".join(placed)}</row>'


def data(*rows: str) -> str:
    return f"<sheetData>{''.join(rows)}</sheetData>"


def write_zip(path: Path, parts: dict[str, str | bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            part = zipfile.ZipInfo(name, LONG_AGO)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.external_attr = 0o600 << 16
            archive.writestr(part, content.encode() if isinstance(content, str) else content)
