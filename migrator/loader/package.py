"""The package that a workbook is: its parts, how they refer to each other, and what is refused.

Owns the zip archive and the relationships between its parts (ECMA-376 part 2). Nothing is
unpacked to disk, and sizes are checked before anything is parsed.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from migrator.errors import SourceError
from migrator.loader.xml_events import XmlError

MOST_PARTS: Final = 10_000
MOST_BYTES: Final = 4 * 1024**3  #: Of all parts together, unpacked; a full sheet needs about 1 GiB.
RATIO_FROM_BYTES: Final = 16 * 1024**2  #: A part below this size may be packed as it likes.
MOST_RATIO: Final = (
    500  #: Unpacked to packed. Blank formatted rows reach 260; deflate ends at 1,030.
)

SAVE_AGAIN: Final = (
    "Open it in Excel or LibreOffice and save it again as Excel Workbook (*.xlsx); if it does not "
    "open there either, get a fresh copy."
)
OFFICE_DOCUMENT: Final = "officeDocument"
"""The relationship of a package to its main part; the end of a URL in both forms of the format."""

_MOST_HELD: Final = {".rels": 8, "[content_types].xml": 8, "workbook.xml": 8, "styles.xml": 32}
"""MiB of a part that is read in one piece, by the end of its name."""
_RELATIONSHIPS: Final = "_rels"


class Relationship(NamedTuple):
    """A reference from one part to another."""

    id: str
    type: str  #: The last piece of its URL, such as "worksheet": alike in both forms of the format.
    target: str  #: The part's name in the package as it is stored; "" when there is no such part.


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A zip archive whose sizes are harmless; parts are found by name whatever their case."""

    archive: zipfile.ZipFile
    names: dict[str, str]  #: Names in lower case, with slashes, to those in the archive.

    def part(self, name: str) -> str:
        """The name under which a part is stored; "" when there is none."""
        return self.names.get(name.lower().lstrip("/"), "")

    def tree(self, part: str) -> Element:
        """A small part as a tree."""
        found: Element = fromstring(self.archive.read(part), forbid_dtd=True)
        return found

    def relationships(self, part: str) -> list[Relationship]:
        """What a part refers to inside the package, in the order in which it is written.

        Args:
            part: A part's name; "" for the package itself.
        """
        folder, name = posixpath.split(part)
        listed = self.part(posixpath.join(folder, _RELATIONSHIPS, f"{name}.rels"))
        if not listed:
            return []
        return [
            Relationship(
                element.get("Id", ""),
                element.get("Type", "").rpartition("/")[2],
                self._target(folder, element.get("Target", "")),
            )
            for element in self.tree(listed)
            if element.get("TargetMode") != "External"
        ]

    def size_of(self, part: str, kind: str) -> int:
        """Bytes, unpacked, of the part of this kind that another part refers to; 0: none."""
        found = next((one.target for one in self.relationships(part) if one.type == kind), "")
        return self.archive.getinfo(found).file_size if found else 0

    def _target(self, folder: str, target: str) -> str:
        target = target.replace("\\", "/")
        if not target.startswith("/"):
            target = posixpath.normpath(posixpath.join(folder, target))
        return self.part(target)


def open_package(path: Path, file: IO[bytes]) -> Package:
    """Open the zip archive of a workbook; the sizes of all parts are checked first.

    Raises:
        SourceError: It is broken, or unpacks to too much.
    """
    with translated_errors(path.name):
        archive = zipfile.ZipFile(file)
        _refuse_bomb(path, archive)
        names = {part.replace("\\", "/").lower().lstrip("/"): part for part in archive.namelist()}
    return Package(archive=archive, names=names)


def is_open_document(package: Package) -> bool:
    """Whether it is a package of OpenDocument's, which begins with a part `mimetype`."""
    return bool(package.part("mimetype")) and not package.part("[Content_Types].xml")


def main_part(package: Package, *, where: str) -> str:
    """The part that the package is about: of a workbook its list of sheets.

    Raises:
        SourceError: The archive is something else.
    """
    for found in package.relationships(""):
        if found.type == OFFICE_DOCUMENT and found.target:
            return found.target
    if package.part("[Content_Types].xml"):
        usual = package.part("xl/workbook.xml") or package.part("xl/workbook.bin")
        if usual:  # a careless writer left the relationship out; Excel opens it after a repair
            return usual
        raise not_a_workbook(where)
    raise SourceError(
        "the file is a zip archive, not a workbook",
        where=where,
        advice="Unpack it, and give the spreadsheet that is in it.",
    )


def not_a_workbook(where: str) -> SourceError:
    """The refusal of a Word document, a presentation, and the like."""
    return SourceError(
        "the file is an Office document, but not a workbook",
        where=where,
        advice="Name the workbook; a table in a document must be saved as .xlsx or CSV first.",
    )


@contextmanager
def translated_errors(where: str) -> Iterator[None]:
    """Turn what zip and XML say about a broken workbook into a refusal."""
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
    except DefusedXmlException as error:
        raise SourceError(
            "the workbook is broken: its XML has a document type, which no workbook has",
            where=where,
            advice=SAVE_AGAIN,
        ) from error
    except (ParseError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        # Numbers, names and references that are not what the format says.
        raise SourceError(
            f"the workbook is broken ({type(error).__name__}: {error})",
            where=where,
            advice=SAVE_AGAIN,
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
        _refuse_large(part)
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


def _refuse_large(part: zipfile.ZipInfo) -> None:
    for end, most in _MOST_HELD.items():
        if part.filename.lower().endswith(end) and part.file_size > most * 1024**2:
            raise SourceError(
                f"{part.filename} in the workbook unpacks to {part.file_size:,} bytes, more than "
                f"{most} MiB",
                where=part.filename,
                advice="Save the sheet as CSV UTF-8 and give that file.",
            )
