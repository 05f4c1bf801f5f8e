"""Binary workbooks (.xlsb): the parts of the package, and which sheets it has.

Owns what stands around a sheet: the list of sheets, the shared texts, the number formats. The
zip archive was checked, and the workbook's part found, by the caller. How a sheet is read stands
in `xlsb_sheet`.

Source: [MS-XLSB] 2.1.7 (parts), 2.4 (records).
"""

import struct
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, Self

from migrator.errors import SourceError
from migrator.loader.binary_cells import checked_text
from migrator.loader.binary_records import read_records, whole_records, wide_bytes, wide_text
from migrator.loader.excel_values import Format, format_of_number
from migrator.loader.grid import Fault, RawRow, Sheet, SheetAccount
from migrator.loader.package import Package, Relationship
from migrator.loader.xlsb_sheet import SheetReader
from migrator.loader.xml_events import XmlError

MOST_TEXT_BYTES: Final = (
    1024**3
)  #: Of the shared texts, unpacked (UTF-16): they are held in memory.

_FORMAT_CODE, _CELL_FORMAT, _TEXT = 44, 47, 19  # BrtFmt, BrtXF, BrtSSTItem
_CELL_FORMATS, _CELL_FORMATS_END = 617, 618  # BrtBeginCellXFs, BrtEndCellXFs
_PROPERTIES, _SHEET, _BOOK_END, _TEXTS_END = 153, 156, 132, 160

_CODE_NUMBER: Final = struct.Struct("<H")  #: BrtFmt: its number; the code follows.
_FORMAT_NUMBER: Final = struct.Struct("<2xH")  #: BrtXF: the number of its format.
_STATE: Final = struct.Struct("<I4x")  #: BrtBundleSh: 0 where it is shown; its id.
_FLAGS: Final = struct.Struct("<I")


class XlsbBook:
    """A workbook that was opened; its sheets are read one at a time.

    What is broken raises XmlError, or what zipfile raises; `package.translated_errors` makes
    refusals of these.
    """

    def __init__(
        self,
        *,
        file: IO[bytes],
        archive: zipfile.ZipFile,
        sheets: Sequence[Sheet],
        is_1904: bool,
        texts: Sequence[str | Fault],
        formats: Sequence[Format],
    ) -> None:
        self._file, self._archive, self._sheets = file, archive, tuple(sheets)
        self._is_1904, self._texts, self._formats = is_1904, texts, formats

    @classmethod
    def open(cls, path: Path, file: IO[bytes], package: Package, workbook_part: str) -> Self:
        """List the worksheets, and read the shared texts and the number formats.

        Args:
            path: The file, for refusals.
            file: Closed by `close`, as the package's archive is.
            package: The parts, whose sizes were checked.
            workbook_part: The part that lists the sheets, such as xl/workbook.bin.

        Raises:
            XmlError: A part is broken or missing.
            SourceError: It has no worksheet, or too many texts.
        """
        archive, related = package.archive, _relations(package, workbook_part)
        sheets, is_1904 = _read_workbook(archive, workbook_part, related)
        if not sheets:
            raise SourceError(
                "the workbook has no worksheet",
                where=path.name,
                advice="Open it in Excel and save it again; if it has no sheet there either, get "
                "a fresh copy.",
            )
        texts_part, styles_part = _part_of(related, "sharedStrings"), _part_of(related, "styles")
        return cls(
            file=file,
            archive=archive,
            sheets=sheets,
            is_1904=is_1904,
            texts=_read_texts(path, archive, texts_part) if texts_part else (),
            formats=_read_formats(archive, styles_part) if styles_part else (),
        )

    @property
    def sheets(self) -> Sequence[Sheet]:
        """The worksheets in the order of their tabs, hidden ones too."""
        return self._sheets

    def rows(self, sheet: Sheet, account: SheetAccount) -> Iterator[RawRow]:
        """Every row that the sheet stores, blank ones too, in ascending order.

        Raises:
            XmlError: The sheet is broken, or its rows and cells stand in no order.
        """
        reader = SheetReader(
            texts=self._texts, formats=self._formats, is_1904=self._is_1904, account=account
        )
        with self._archive.open(sheet.part) as source:
            account.watch(source, self._archive.getinfo(sheet.part).file_size)
            yield from reader.rows(source)

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        self._archive.close()
        self._file.close()


# ------------------------------------------------------------------ the workbook's part


def _relations(package: Package, workbook_part: str) -> dict[str, Relationship]:
    """The parts that the workbook names, by the id under which it does."""
    listed = package.relationships(workbook_part)
    if not listed:
        raise XmlError("it does not say where its sheets are")
    return {found.id: found for found in listed}


def _part_of(related: dict[str, Relationship], kind: str) -> str:
    """The place of the one part of this kind; "" when there is none."""
    return next((found.target for found in related.values() if found.type == kind), "")


def _read_workbook(
    archive: zipfile.ZipFile, part: str, related: dict[str, Relationship]
) -> tuple[list[Sheet], bool]:
    """The worksheets, and whether days are counted from 1904."""
    sheets: list[Sheet] = []
    is_1904, last = False, -1
    with archive.open(part) as source, whole_records():
        for last, data in read_records(source):
            if last == _PROPERTIES:
                is_1904 = bool(_FLAGS.unpack_from(data)[0] & 1)
            elif last == _SHEET and (sheet := _sheet(data, related)) is not None:
                sheets.append(sheet)
    if last != _BOOK_END:
        raise XmlError("its list of sheets is cut off")
    return sheets, is_1904


def _sheet(data: bytes, related: dict[str, Relationship]) -> Sheet | None:
    """The worksheet that a record names; None for a chart, a dialog or a macro sheet."""
    (state,) = _STATE.unpack_from(data)
    relation, at = wide_text(data, _STATE.size)
    name, _ = wide_text(data, at)
    found = related.get(relation)
    if found is not None and found.type != "worksheet":
        return None
    if found is None or not found.target:
        raise XmlError(f'the sheet "{name}" is missing')
    return Sheet(name=name, part=found.target, is_hidden=state != 0)


# ------------------------------------------------------------------ texts and formats


def _read_texts(path: Path, archive: zipfile.ZipFile, part: str) -> list[str | Fault]:
    """The texts that cells share, in the order in which cells number them.

    A byte of flags stands before each. What follows it (fonts of its pieces, how to read
    Japanese characters) is not part of the text.
    """
    size = archive.getinfo(part).file_size
    if size > MOST_TEXT_BYTES:
        raise SourceError(
            f"{part} in the workbook unpacks to {size:,} bytes, more than {MOST_TEXT_BYTES:,}",
            where=path.name,
            advice="Save the sheet as CSV UTF-8, which is read piece by piece, and give that file.",
        )
    last = -1
    texts: list[str | Fault] = []
    with archive.open(part) as source, whole_records():
        for last, data in read_records(source):
            if last == _TEXT:
                texts.append(checked_text(wide_bytes(data, 1)))
    if last != _TEXTS_END:
        raise XmlError("its shared texts are cut off")
    return texts


def _read_formats(archive: zipfile.ZipFile, part: str) -> list[Format]:
    """The number format of each cell style, in the order in which cells number them."""
    codes: dict[int, str] = {}
    numbers: list[int] = []
    is_inside = False
    with archive.open(part) as source, whole_records():
        for kind, data in read_records(source):
            if kind == _FORMAT_CODE:
                codes[_CODE_NUMBER.unpack_from(data)[0]] = wide_text(data, _CODE_NUMBER.size)[0]
            elif kind == _CELL_FORMAT and is_inside:
                numbers.append(_FORMAT_NUMBER.unpack_from(data)[0])
            elif kind in {_CELL_FORMATS, _CELL_FORMATS_END}:
                is_inside = kind == _CELL_FORMATS
    if is_inside:
        raise XmlError("its cell styles are cut off")
    return [format_of_number(number, codes) for number in numbers]
