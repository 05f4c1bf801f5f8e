"""Excel workbooks in XML (.xlsx, .xlsm, both forms of the format): sheets, texts and formats.

Owns what stands around a sheet. No library reads it: openpyxl shows no sheets of a strict
workbook, damages texts with ``x005F_`` in them, and refuses workbooks for styles that no cell's
value depends on; calamine hides error cells and number formats.

Source: ECMA-376 part 1, 18.2 (workbook), 18.4 (shared strings), 18.8 (styles).
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, dropwhile
from pathlib import Path
from typing import IO, Final

from migrator.errors import SourceError
from migrator.loader.excel_values import GENERAL, Format, format_of_number, unescape
from migrator.loader.grid import Fault, RawRow, Sheet, SheetAccount, text_cell
from migrator.loader.package import SAVE_AGAIN, Package, not_a_workbook, translated_errors
from migrator.loader.plain_sheet import PlainSheetReader
from migrator.loader.plain_xml import NotPlainError, pieces, with_entities
from migrator.loader.rows import LONGEST_CELL
from migrator.loader.sheet import SheetReader
from migrator.loader.xml_events import local_name, parse_xml

_RELATION_ID: Final = "id"
_TRUE: Final = frozenset({"1", "true", "on"})


class XlsxBook:
    """A workbook in XML; see `grid.Book`."""

    def __init__(self, path: Path, package: Package, part: str) -> None:
        self.sheets: Sequence[Sheet] = ()
        self._where, self._package = path.name, package
        self._is_1904 = False
        self._related = {found.id: found for found in package.relationships(part)}
        self._read_workbook(part)
        self._texts: list[str | Fault] | None = None
        self._formats: Sequence[Format] | None = None

    def rows(self, sheet: Sheet, account: SheetAccount) -> Iterator[RawRow]:
        """Every row that the sheet stores, blank ones too, in ascending order.

        Most sheets are written in one plain way, which is read quickly. At the first thing that
        is written otherwise, the sheet is read again with a whole XML parser.
        """
        last = 0
        try:
            for row in self._read(PlainSheetReader, sheet, account):
                last = row.number
                yield row
        except NotPlainError:
            account.clear()
            rows = self._read(SheetReader, sheet, account)
            yield from dropwhile(lambda row: row.number <= last, rows)

    def _read(
        self, kind: type[PlainSheetReader | SheetReader], sheet: Sheet, account: SheetAccount
    ) -> Iterator[RawRow]:
        reader = kind(
            texts=self._shared_texts(),
            formats=self._cell_formats(),
            is_1904=self._is_1904,
            account=account,
        )
        archive = self._package.archive
        with archive.open(sheet.part) as source:
            account.watch(source, archive.getinfo(sheet.part).file_size)
            yield from reader.rows(source)

    def close(self) -> None:
        """Close the archive."""
        self._package.archive.close()

    # -------------------------------------------------------------- the workbook

    def _read_workbook(self, part: str) -> None:
        root = self._package.tree(part)
        if local_name(root.tag) != "workbook":
            raise not_a_workbook(self._where)
        sheets = []
        for element in root.iter():
            name = local_name(element.tag)
            if name == "workbookPr":
                self._is_1904 = element.get("date1904", "") in _TRUE
            elif name == "sheet":
                sheets.append(dict(element.attrib))
        self.sheets = tuple(self._worksheets(sheets))
        if not self.sheets:
            raise SourceError("the workbook has no worksheet", where=self._where, advice=SAVE_AGAIN)

    def _worksheets(self, listed: Sequence[Mapping[str, str]]) -> Iterator[Sheet]:
        for attributes in listed:
            named = {local_name(key): value for key, value in attributes.items()}
            found = self._related.get(named.get(_RELATION_ID, ""))
            if found is None or (found.type == "worksheet" and not found.target):
                raise KeyError(f'the sheet "{named.get("name", "")}" is missing')
            if found.type == "worksheet":  # a chart or a dialog has no rows
                yield Sheet(
                    name=unescape(named.get("name", "")),
                    part=found.target,
                    is_hidden=named.get("state", "visible") != "visible",
                )

    def _part_of(self, kind: str) -> str:
        return next((one.target for one in self._related.values() if one.type == kind), "")

    # -------------------------------------------------------------- texts and formats

    def _shared_texts(self) -> list[str | Fault]:
        if self._texts is None:
            part = self._part_of("sharedStrings")
            with translated_errors(self._where):
                self._texts = read_texts(self._package.archive, part) if part else []
        return self._texts

    def _cell_formats(self) -> Sequence[Format]:
        if self._formats is None:
            part = self._part_of("styles")
            with translated_errors(self._where):
                self._formats = read_formats(self._package.archive, part) if part else []
        return self._formats


# ------------------------------------------------------------------ shared texts

_TABLE: Final = re.compile(r'\s*<sst xmlns="[^"<>]*"[^<>]*(?<!/)>', re.DOTALL)
_ITEM: Final = re.compile(
    r'\s*<si>(?:<t(?: xml:space="preserve")?>([^<]*)</t>|<t ?/>)</si>|(.+)', re.DOTALL
)
_TABLE_ENDS: Final = re.compile(r"\s*</sst>\s*")


def read_texts(archive: zipfile.ZipFile, part: str) -> list[str | Fault]:
    """The texts that cells share, in the order in which cells number them.

    As with sheets: plain ones are read quickly, all others by a whole XML parser.
    """
    texts: list[str | Fault] = []
    try:
        with archive.open(part) as source:
            for items in _plain_items(source):
                texts += items
    except NotPlainError:
        gathered = _SharedTexts()
        with archive.open(part) as source:
            for _ in parse_xml(source, start=gathered.start, end=gathered.end, text=gathered.text):
                pass
        texts = gathered.texts
    return texts


def _plain_items(source: IO[bytes]) -> Iterator[Sequence[str | Fault]]:
    parts = pieces(source, "</si>")
    first = next(parts)
    begins = _TABLE.match(first)
    if begins is None:
        raise NotPlainError
    has_ended = False
    for piece in chain([first[begins.end() :]], parts):
        found = _ITEM.findall(piece)
        if found and found[-1][1]:
            has_ended = _TABLE_ENDS.fullmatch(found.pop()[1]) is not None
            if not has_ended:
                raise NotPlainError
        texts = [text for text, _ in found]
        if "&" in piece or "_x" in piece or max(map(len, texts), default=0) > LONGEST_CELL:
            yield [text_cell(unescape(with_entities(text))) for text in texts]
        else:
            yield texts
    if not has_ended:
        raise NotPlainError


class _SharedTexts:
    """Gathers the texts of a shared string table, formatting left out."""

    def __init__(self) -> None:
        self.texts: list[str | Fault] = []
        self._parts: list[str] = []
        self._is_text = self._is_phonetic = False

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        name = local_name(name)
        if name == "t":
            self._is_text = True
        elif name == "rPh":
            # How to read Japanese characters: stands beside the text, Excel does not show it in it.
            self._is_phonetic = True

    def end(self, name: str) -> None:
        name = local_name(name)
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self.texts.append(text_cell(unescape("".join(self._parts))))
            self._parts.clear()

    def text(self, data: str) -> None:
        if self._is_text and not self._is_phonetic:
            self._parts.append(data)


# ------------------------------------------------------------------ formats


def read_formats(archive: zipfile.ZipFile, part: str) -> Sequence[Format]:
    """What each cell style shows, in the order in which cells number them."""
    codes: dict[int, str] = {}
    numbers: list[int] = []
    inside: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        name = local_name(name)
        if name == "numFmt" and inside[-1:] == ["numFmts"]:  # also in styles of tables
            codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "xf" and inside[-1:] == ["cellXfs"]:
            numbers.append(int(attributes.get("numFmtId", "0")))
        inside.append(name)

    def end(_name: str) -> None:
        inside.pop()

    with archive.open(part) as source:
        for _ in parse_xml(source, start=start, end=end, text=lambda _: None):
            pass
    known: dict[int, Format] = {0: GENERAL}
    for number in set(numbers) - {0}:
        known[number] = format_of_number(number, codes)
    return [known[number] for number in numbers]
