"""OpenDocument spreadsheets (.ods): the list of sheets, and their rows.

Owns what stands around a sheet, and the refusal of what is no spreadsheet or is encrypted. The
whole of content.xml is gone through once for the sheets and styles, and once for the rows: both
as a stream, nothing is unpacked to disk.

Source: OASIS OpenDocument 1.3 part 2 (packages: mimetype, manifest) and part 3 (content.xml,
styles.xml).
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import IO, Final, Self

from migrator.errors import SourceError
from migrator.loader.grid import RawRow, Sheet, SheetAccount
from migrator.loader.ods_cells import NULL_DAY, CellReader
from migrator.loader.ods_sheet import (
    AROUND_SHEETS,
    MOST_REPEATED,
    MOST_REPEATED_PER_BYTE,
    SHEET,
    SheetReader,
)
from migrator.loader.ods_styles import AUTOMATIC, COMMON, OFFICE, TABLE, Styles, StyleSet
from migrator.loader.xml_events import XmlError, parse_xml

_CONTENT, _STYLES = "content.xml", "styles.xml"
_MANIFEST, _MIMETYPE = "META-INF/manifest.xml", "mimetype"
_MOST_MIMETYPE: Final = 256  #: Bytes.
_MOST_MANIFEST: Final = 16 * 1024**2  #: Bytes; one of 10,000 parts needs about 2 MiB.
_MOST_SHEETS: Final = 10_000  #: LibreOffice, "Maximum values for Calc", 2026.
_ENCRYPTED: Final = b"encryption-data"

_BODY, _SPREADSHEET = f"{OFFICE}body", f"{OFFICE}spreadsheet"
_SETTINGS, _NULL_DATE = f"{TABLE}calculation-settings", f"{TABLE}null-date"
_OPEN_DOCUMENT: Final = re.compile(r"application/(?:x-)?vnd\.oasis\.opendocument\.")
_KINDS: Final = {
    "text": "an OpenDocument text",
    "presentation": "an OpenDocument presentation",
    "graphics": "an OpenDocument drawing",
    "drawing": "an OpenDocument drawing",
    "chart": "an OpenDocument chart",
    "formula": "an OpenDocument formula",
    "image": "an OpenDocument image",
    "database": "an OpenDocument database",
    "base": "an OpenDocument database",
}
_OLD: Final = "application/vnd.sun.xml."
_EXTERNAL: Final = re.compile(r"'.*'#\$?.*", re.DOTALL)
"""How LibreOffice names its copy of a sheet of another file, which no tab shows."""


class OdsBook:
    """An OpenDocument spreadsheet that was opened; its sheets are read one at a time."""

    def __init__(
        self, path: Path, file: IO[bytes], archive: zipfile.ZipFile, listed: "_Listing"
    ) -> None:
        self.sheets: Sequence[Sheet] = listed.sheets()
        self._where = path.name
        self._file = file
        self._archive = archive
        self._styles = listed.styles
        self._null_day = listed.null_day

    @classmethod
    def open(cls, path: Path, file: IO[bytes], archive: zipfile.ZipFile) -> Self:
        """List the sheets of a spreadsheet.

        Args:
            path: The file, for its name in refusals.
            file: The open file; `close` closes it.
            archive: Its zip archive, whose sizes were checked.

        Raises:
            SourceError: It is encrypted, another kind of document, or has no sheet.
            XmlError: Its XML is broken or missing.
        """
        _refuse_encrypted(path, archive)
        _refuse_other_kind(path, archive)
        common = StyleSet(COMMON)
        if _STYLES in archive.namelist():
            with archive.open(_STYLES) as source:
                for _ in parse_xml(source, start=common.start, end=common.end, text=common.text):
                    pass
        listed = _Listing(common)
        with _open_content(archive) as source:
            for _ in parse_xml(source, start=listed.start, end=listed.end, text=listed.text):
                pass
        if listed.kind != "spreadsheet":
            raise _other_kind(path, listed.kind)
        book = cls(path, file, archive, listed)
        if not book.sheets:
            raise SourceError(
                "the workbook has no worksheet",
                where=path.name,
                advice="Open it in LibreOffice or Excel, and look whether the table is there.",
            )
        return book

    def rows(self, sheet: Sheet, account: SheetAccount) -> Iterator[RawRow]:
        """Every row of a sheet that holds something, in ascending order.

        Raises:
            SourceError: Its cells are repeated more often than the file's size allows.
            XmlError: Its XML is broken.
        """
        packed = self._archive.getinfo(_CONTENT).compress_size
        reader = SheetReader(
            index=int(sheet.part),
            styles=self._styles,
            reader=CellReader(null_day=self._null_day, account=account),
            account=account,
            allowance=MOST_REPEATED + MOST_REPEATED_PER_BYTE * packed,
            where=f'{self._where}: sheet "{sheet.name}"',
        )
        with _open_content(self._archive) as source:
            account.watch(source, self._archive.getinfo(_CONTENT).file_size)
            yield from reader.rows(source)

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        self._archive.close()
        self._file.close()


def _open_content(archive: zipfile.ZipFile) -> IO[bytes]:
    if _CONTENT not in archive.namelist():
        raise XmlError(f"{_CONTENT} is missing")
    return archive.open(_CONTENT)


# ------------------------------------------------------------------ what is refused


def _refuse_encrypted(path: Path, archive: zipfile.ZipFile) -> None:
    if _MANIFEST not in archive.namelist():
        return
    with archive.open(_MANIFEST) as source:
        # Not parsed: old versions of OpenOffice give it a document type.
        is_encrypted = _ENCRYPTED in source.read(_MOST_MANIFEST)
    if is_encrypted:
        raise SourceError(
            "the workbook is password-protected",
            where=path.name,
            advice="Open it in LibreOffice, choose Save As without a tick at Save with password, "
            "and run the command again with that file.",
        )


def _refuse_other_kind(path: Path, archive: zipfile.ZipFile) -> None:
    if _MIMETYPE not in archive.namelist():
        return  # the content tells
    with archive.open(_MIMETYPE) as source:
        stated = source.read(_MOST_MIMETYPE).decode("ascii", "replace").strip()
    if stated.startswith(_OLD):
        raise SourceError(
            "the file is from OpenOffice.org 1, whose format cannot be read",
            where=path.name,
            advice="Open it in LibreOffice, choose Save As, and pick ODF Spreadsheet (*.ods).",
        )
    kind = _OPEN_DOCUMENT.sub("", stated).removesuffix("-template")
    is_foreign = not _OPEN_DOCUMENT.match(stated) and _CONTENT not in archive.namelist()
    if kind in _KINDS or is_foreign:
        raise _other_kind(path, kind)


def _other_kind(path: Path, kind: str) -> SourceError:
    what = _KINDS.get(kind, "another kind of document")
    return SourceError(
        f"the file is {what}, not a spreadsheet",
        where=path.name,
        advice="Name the spreadsheet; a table in another document must be saved as .ods, .xlsx or "
        "CSV first.",
    )


# ------------------------------------------------------------------ what stands around the sheets


class _Listing:
    """Gathers the sheets and the automatic styles of content.xml; goes past all cells."""

    def __init__(self, common: StyleSet) -> None:
        self._automatic = StyleSet(AUTOMATIC)
        self.styles = Styles(sets=(self._automatic, common))
        self.kind = ""  #: What the body holds: "spreadsheet", "text" and so on.
        self.null_day: date = NULL_DAY
        self._tables: list[tuple[str, str]] = []  #: Name and style.
        self._skipped = 0
        self._is_styles = False

    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets in the order of their tabs."""
        return tuple(
            Sheet(name=name, part=str(index), is_hidden=self.styles.hides(style))
            for index, (name, style) in enumerate(self._tables)
            if not _EXTERNAL.fullmatch(name)
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if self._skipped:
            self._skipped += 1
        elif self._is_styles or name == AUTOMATIC:
            self._is_styles = True
            self._automatic.start(name, attributes)
        elif name == SHEET:
            stated = attributes.get(f"{TABLE}name", f"Sheet{len(self._tables) + 1}")
            self._tables.append((stated, attributes.get(f"{TABLE}style-name", "")))
            self._skipped = 1
            if len(self._tables) > _MOST_SHEETS:
                raise XmlError(f"it has more than {_MOST_SHEETS:,} sheets")
        elif name == _NULL_DATE:
            with suppress(ValueError):  # then it is as if none were stated
                self.null_day = date.fromisoformat(attributes.get(f"{TABLE}date-value", ""))
        elif name in AROUND_SHEETS or name == _SETTINGS:
            self.kind = "spreadsheet" if name == _SPREADSHEET else self.kind
        else:
            self._note_kind(name)
            self._skipped = 1

    def end(self, name: str) -> None:
        """An element ends."""
        if self._skipped:
            self._skipped -= 1
        elif self._is_styles:
            self._automatic.end(name)
            self._is_styles = name != AUTOMATIC

    def text(self, data: str) -> None:
        """Text between them."""
        if self._is_styles:
            self._automatic.text(data)

    def _note_kind(self, name: str) -> None:
        """The body of another document has an element of its own, as office:text."""
        kind = name.removeprefix(OFFICE)
        if not self.kind and kind in _KINDS:
            self.kind = kind
