"""The package that a workbook is: its parts, its sheets, its texts and its number formats.

Owns what stands around a sheet. openpyxl reads manifest, workbook and relationships; shared
texts and styles are read here, because openpyxl damages texts with ``x005F_`` in them and refuses
workbooks for styles that no cell's value depends on. Nothing is unpacked to disk.
"""

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from xml.etree.ElementTree import ParseError

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.xml.constants import SHARED_STRINGS, STYLES_TYPE

from migrator.errors import SourceError
from migrator.loader.excel_values import BUILTIN_KINDS, Kind, kind_of_format, unescape
from migrator.loader.xml_events import MAIN, XmlError, parse_xml

MOST_PARTS: Final = 10_000
MOST_BYTES: Final = 4 * 1024**3  #: Of all parts together, unpacked; a full sheet needs about 1 GiB.
MOST_TEXT_BYTES: Final = 512 * 1024**2  #: Of the shared texts, unpacked: they are held in memory.
MOST_HELD_BYTES: Final = 64 * 1024**2  #: Of any other part that is read in one piece.
RATIO_FROM_BYTES: Final = 16 * 1024**2  #: A part below this size may be packed as it likes.
MOST_RATIO: Final = (
    500  #: Unpacked to packed. Blank formatted rows reach 260; deflate ends at 1,030.
)

SAVE_AGAIN: Final = (
    "Open it in Excel or LibreOffice and save it again as Excel Workbook (*.xlsx); if it does not "
    "open there either, get a fresh copy."
)
_HELD: Final = (".rels", "[content_types].xml", "workbook.xml", "styles.xml")
_STRICT: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_OPEN_DOCUMENT: Final = "mimetype"
_ITEM, _TEXT, _PHONETIC = f"{MAIN}si", f"{MAIN}t", f"{MAIN}rPh"
_NUMBER_FORMAT, _CELL_FORMATS, _FORMAT = f"{MAIN}numFmt", f"{MAIN}cellXfs", f"{MAIN}xf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One worksheet of a workbook."""

    name: str
    part: str  #: Its place in the package.
    is_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A workbook that was opened; its sheets are read through `archive`."""

    archive: zipfile.ZipFile
    sheets: tuple[Sheet, ...]  #: The worksheets in the order of their tabs, hidden ones too.
    is_1904: bool
    texts_part: str  #: "" when the workbook shares no texts.
    styles_part: str  #: "" when there are none.


def open_package(path: Path, file: IO[bytes]) -> Package:
    """Open a workbook and list its sheets; the sizes of all parts are checked first.

    Raises:
        SourceError: It is no workbook, a broken one, or one that unpacks to too much.
    """
    with translated_errors(path.name):
        with zipfile.ZipFile(file) as listing:
            _refuse_bomb(path, listing)
            _refuse_other_zip(path, listing)
            _refuse_strict(path, listing)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of what it leaves out: not our parts
            reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
            reader.read_manifest()
            reader.read_workbook()
            sheets = tuple(_worksheets(reader))
        if not sheets:
            raise SourceError("the workbook has no worksheet", where=path.name, advice=SAVE_AGAIN)
        return Package(
            archive=reader.archive,
            sheets=sheets,
            is_1904=reader.wb.epoch == MAC_EPOCH,
            texts_part=_part_of_type(reader, SHARED_STRINGS),
            styles_part=_part_of_type(reader, STYLES_TYPE),
        )


@contextmanager
def translated_errors(where: str) -> Iterator[None]:
    """Turn what zip, XML and openpyxl say about a broken workbook into a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceError(
            "the workbook is broken: its zip archive is cut off or damaged",
            where=where,
            advice="Copy or download it again. " + SAVE_AGAIN,
        ) from error
    except XmlError as error:
        raise SourceError(
            f"the workbook is broken: {error}", where=where, advice=SAVE_AGAIN
        ) from error
    except (
        ParseError,
        LookupError,
        ArithmeticError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        # openpyxl meets what it does not expect in all these ways.
        raise SourceError(
            f"the workbook is broken ({type(error).__name__}: {error})",
            where=where,
            advice=SAVE_AGAIN,
        ) from error
    except OSError as error:
        if error.errno is not None:  # the disk's trouble, not the workbook's
            raise
        raise SourceError(
            "the file is an Office document, but not a workbook",
            where=where,
            advice="Name the workbook; a table in a document must be saved as .xlsx or CSV first.",
        ) from error
    except (NotImplementedError, RuntimeError) as error:
        raise SourceError(
            f"the workbook's zip archive is packed in a way that cannot be read ({error})",
            where=where,
            advice=SAVE_AGAIN,
        ) from error


# ------------------------------------------------------------------ before anything is parsed


def _refuse_bomb(path: Path, listing: zipfile.ZipFile) -> None:
    parts = listing.infolist()
    total = sum(part.file_size for part in parts)
    packed_hard = [
        part.filename
        for part in parts
        if part.file_size > RATIO_FROM_BYTES
        and part.file_size > MOST_RATIO * max(part.compress_size, 1)
    ]
    for part in parts:
        if part.filename.lower().endswith(_HELD):
            _refuse_large(part, MOST_HELD_BYTES)
    if len(parts) > MOST_PARTS:
        problem = f"the workbook has {len(parts):,} parts, more than {MOST_PARTS:,}"
    elif total > MOST_BYTES:
        problem = f"the workbook unpacks to {total:,} bytes, more than {MOST_BYTES:,}"
    elif packed_hard:
        problem = f"{packed_hard[0]} in the workbook unpacks to over {MOST_RATIO} times its size"
    else:
        return
    raise SourceError(
        problem,
        where=path.name,
        advice="No ordinary workbook does so; it may be made to exhaust memory. If you trust it, "
        "save the sheet as CSV UTF-8 and give that file.",
    )


def _refuse_other_zip(path: Path, listing: zipfile.ZipFile) -> None:
    names = set(listing.namelist())
    if "xl/workbook.bin" in names:
        what = "a binary workbook (.xlsb)"
    elif "[Content_Types].xml" in names:
        return  # where the parts of a workbook stand, openpyxl finds out by this manifest
    elif _OPEN_DOCUMENT in names:
        what = "an OpenDocument file (.ods)"
    else:
        raise SourceError(
            "the file is a zip archive, not a workbook",
            where=path.name,
            advice="Unpack it, and give the spreadsheet that is in it.",
        )
    raise SourceError(
        f"the file is {what}, which cannot be read yet",
        where=path.name,
        advice="Open it, choose Save As, and pick Excel Workbook (*.xlsx).",
    )


def _refuse_strict(path: Path, listing: zipfile.ZipFile) -> None:
    """Of such a workbook openpyxl shows no sheets, and says nothing."""
    names = [name for name in listing.namelist() if name.lower().endswith("/workbook.xml")]
    if any(_STRICT in listing.read(name) for name in names):
        raise SourceError(
            "the workbook is in the Strict Open XML form, which cannot be read yet",
            where=path.name,
            advice="Open it in Excel, choose Save As, and pick Excel Workbook (*.xlsx), not "
            "Strict Open XML Spreadsheet.",
        )


# ------------------------------------------------------------------ what openpyxl reads


def _worksheets(reader: ExcelReader) -> Iterator[Sheet]:
    actual = {name.lower(): name for name in reader.valid_files}
    for sheet, relation in reader.parser.find_sheets():
        if not relation.Type.endswith("/worksheet"):
            continue  # a chart or a dialog has no rows
        part = actual.get(relation.target.lower())
        if part is None:
            raise KeyError(f'the sheet "{sheet.name}" is missing')
        yield Sheet(name=sheet.name, part=part, is_hidden=sheet.state != "visible")


def _part_of_type(reader: ExcelReader, content_type: str) -> str:
    actual = {name.lower(): name for name in reader.valid_files}
    for part in reader.package.Override:
        if part.ContentType == content_type:
            return actual.get(part.PartName.lstrip("/").lower(), "")
    return ""


# ------------------------------------------------------------------ what is read here


def read_texts(package: Package) -> list[str]:
    """The texts that cells share, in the order in which cells number them."""
    if not package.texts_part:
        return []
    _refuse_large(package.archive.getinfo(package.texts_part), MOST_TEXT_BYTES)
    gathered = _SharedTexts()
    with package.archive.open(package.texts_part) as source:
        for _ in parse_xml(source, start=gathered.start, end=gathered.end, text=gathered.text):
            pass
    return gathered.texts


class _SharedTexts:
    """Gathers the texts of a shared string table, formatting left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._is_text = self._is_phonetic = False

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        if name == _TEXT:
            self._is_text = True
        elif name == _PHONETIC:
            # How to read Japanese characters: stands beside the text, Excel does not show it in it.
            self._is_phonetic = True

    def end(self, name: str) -> None:
        if name == _TEXT:
            self._is_text = False
        elif name == _PHONETIC:
            self._is_phonetic = False
        elif name == _ITEM:
            self.texts.append(unescape("".join(self._parts)))
            self._parts.clear()

    def text(self, data: str) -> None:
        if self._is_text and not self._is_phonetic:
            self._parts.append(data)


def read_kinds(package: Package) -> Sequence[Kind]:
    """What each cell style shows, in the order in which cells number them."""
    if not package.styles_part:
        return []
    codes: dict[int, str] = {}
    formats: list[int] = []
    inside: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == _NUMBER_FORMAT:
            codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == _FORMAT and inside[-1:] == [_CELL_FORMATS]:
            formats.append(int(attributes.get("numFmtId", "0")))
        inside.append(name)

    def end(_name: str) -> None:
        inside.pop()

    with package.archive.open(package.styles_part) as source:
        for _ in parse_xml(source, start=start, end=end, text=lambda _: None):
            pass
    return [
        kind_of_format(codes[number]) if number in codes else BUILTIN_KINDS.get(number, Kind.NUMBER)
        for number in formats
    ]


def _refuse_large(part: zipfile.ZipInfo, most: int) -> None:
    if part.file_size > most:
        raise SourceError(
            f"{part.filename} in the workbook unpacks to {part.file_size:,} bytes, more than "
            f"{most:,}",
            where=part.filename,
            advice="Save the sheet as CSV UTF-8, which is read piece by piece, and give that file.",
        )
