"""Opening a user's file: what it is by its content, and what is refused with good advice.

Owns the choice of the reader. The file's extension decides nothing alone, for a "workbook" is
often a web page or a text file.
"""

import re
from pathlib import Path
from typing import Final

from migrator.errors import SourceError
from migrator.loader.delimited import Declared, open_delimited
from migrator.loader.files import is_open_in_excel, unreadable
from migrator.loader.packed import GZIP, is_packed, read_head, refuse_bomb
from migrator.loader.rows import DEFAULT_BUDGET, OLE, Look, Rows, Tally

_HEAD: Final = 4_096  #: Bytes that are enough to tell the kinds apart.
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_PICTURE: Final = (
    "is a picture",
    "A picture of a table cannot be read; export the table itself as .xlsx or CSV.",
)
_OTHERS: Final = {
    b"%PDF": ("is a PDF document", "Export the table as .xlsx or CSV from the program it is from."),
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), _PICTURE),
    b"{\\rtf": ("is an RTF document", "Export the table as .xlsx or CSV."),
}
_TAR: Final = slice(257, 262)  #: Where "ustar" stands in a tar archive.
_WEB_PAGE: Final = re.compile(
    rb"<(!doctype\s+html|html|head|body|table|meta|style|!--|div)\b|<\?xml", re.IGNORECASE
)
_JSON: Final = re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\]]")
_TEXT_ONLY: Final = ("encoding", "delimiter", "quote", "escape")
_WORKBOOK_NAMES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})


def open_rows(
    path: str | Path,
    *,
    sheet: str | int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    header_row: int | None = None,
    budget: int = DEFAULT_BUDGET,
    look: Look | None = None,
) -> Rows:
    """Open a spreadsheet and read its header: CSV and its relatives, also packed, or a workbook.

    Args:
        path: The file.
        sheet: The sheet's name, or its number from 1; None is the first that is not hidden.
            Only for workbooks.
        encoding: Of a text file; None is UTF-8, or UTF-16 by its mark.
        delimiter: Of a text file; None obeys a first line such as ``sep=;``, else finds it among
            comma, semicolon, tab and pipe, else among rare ones that split all rows alike.
        quote: Of a text file, one character; "none" where nothing is quoted, None is ``"``.
        escape: Of a text file: the character that takes the meaning from the next, such as a
            backslash; None for none.
        header_row: The row that holds the column names, as Excel numbers it; None is the first
            that is not blank.
        budget: Bytes of memory that reading a workbook may take.
        look: Is told now and then, while the rows are read, how far that is.

    Returns:
        Rows to be iterated once and closed; every cell as exact text, dates and times of a
        workbook as such.

    Raises:
        SourceError: The file, its encoding or its header cannot be used, or there are no rows.
            Raised here, or while the rows are read, when the trouble stands further down.
        ValueError: ``header_row`` is below 1.
    """
    if header_row is not None and header_row < 1:
        raise ValueError(f"header_row counts from 1, not {header_row}")
    declared = Declared(
        encoding=encoding, delimiter=delimiter, quote=quote, escape=escape, header_row=header_row
    )
    path = Path(path)
    try:
        head = _read_head(path)
        if head.startswith((*_ZIP, OLE)):
            rows = _open_workbook(path, sheet, declared, budget)
        else:
            rows = _open_text(path, head, sheet, declared)
    except OSError as error:
        raise unreadable(path, error) from error
    rows.watch(look)
    return rows


def _open_workbook(path: Path, sheet: str | int | None, declared: Declared, budget: int) -> Rows:
    tally = Tally()
    text_only = {name: getattr(declared, name) for name in _TEXT_ONLY}
    _ignored(tally, "A workbook has no", **text_only)
    if is_open_in_excel(path):
        tally.notes.append(f"Excel has {path.name} open: what is not saved is not read.")
    # Readers of workbooks take longer to import than a small CSV to read.
    from migrator.loader.workbook import open_workbook  # noqa: PLC0415

    return open_workbook(
        path, sheet=sheet, header_row=declared.header_row, budget=budget, tally=tally
    )


def _open_text(path: Path, head: bytes, sheet: str | int | None, declared: Declared) -> Rows:
    tally = Tally()
    _refuse_foreign(path, head)
    _ignored(tally, "A text file has no", sheet=sheet)
    if path.suffix.lower() in _WORKBOOK_NAMES:
        tally.notes.append(f"The file is called {path.suffix}, but holds text; read as CSV.")
    return open_delimited(path, declared, tally=tally)


def _ignored(tally: Tally, problem: str, **options: object) -> None:
    for name, value in options.items():
        if value is not None:
            tally.notes.append(f"{problem} {name}: what was said about it was ignored.")


def _read_head(path: Path) -> bytes:
    if path.is_dir():
        raise SourceError(
            "this is a folder, not a file", where=str(path), advice="Name one spreadsheet in it."
        )
    if path.exists() and not path.is_file():
        raise SourceError(
            "this is not a regular file",
            where=str(path),
            advice="Save the data to a file first; it is read more than once.",
        )
    head = read_head(path, _HEAD)
    if is_packed(path):
        _refuse_packed(path, head)
        refuse_bomb(path)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise SourceError(
            "the file is empty" if len(head) < _HEAD else "the file begins with nothing but blanks",
            where=path.name,
            advice="Export the data again; a spreadsheet needs at least a row of column names.",
        )
    return head


def _refuse_packed(path: Path, head: bytes) -> None:
    """Only text is read from inside gzip: a workbook and an archive are read back and forth."""
    if head.startswith((*_ZIP, OLE, GZIP)) or head[_TAR] == b"ustar":
        raise SourceError(
            "the file is compressed with gzip, and what is in it is no text",
            where=path.name,
            advice="Unpack it first (gunzip, or tar for an archive), then give the file in it.",
        )


def _refuse_foreign(path: Path, head: bytes) -> None:
    for magic, (what, advice) in _OTHERS.items():
        if head.startswith(magic):
            raise SourceError(f"the file {what}", where=path.name, advice=advice)
    text = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")
    if _WEB_PAGE.match(text):
        raise SourceError(
            "the file is a web page or XML, whatever its name says",
            where=path.name,
            advice="Open it in Excel, choose Save As, and pick Excel Workbook (*.xlsx). If it is "
            "a login or error page, download the export again.",
        )
    if _JSON.match(text):
        raise SourceError(
            "the file is JSON, not a spreadsheet",
            where=path.name,
            advice="Export the data as .xlsx or CSV.",
        )
