"""The records of an old Excel workbook (.xls), made safe for xlrd before it sees them.

Owns what may reach xlrd: the records that cells depend on. Names, formulas of names, comments,
drawings, links, fonts and colours are masked, for xlrd reads them too, and fails on many that
Excel and other programs write. It changes no cell, and moves no record.

Source: [MS-XLS] 2.3 (record enumeration), 2.4.28 (BoundSheet8), 2.5.293 (strings).
"""

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

_BEGIN, _END, _PASSWORD, _CODE_PAGE = 0x0809, 0x000A, 0x002F, 0x0042
_SHEET, _TEXTS, _CONTINUED, _STRING = 0x0085, 0x00FC, 0x003C, 0x0207
_FORMULAS: Final = frozenset({0x0006, 0x0206, 0x0406})
_AFTER_FORMULA: Final = frozenset({0x0221, 0x0021, 0x04BC, 0x0236, 0x0037, 0x0036})
_VALUES: Final = frozenset({0x0203, 0x027E, 0x00BD, 0x00FD, 0x0204, 0x00D6, 0x0205})
_LAYOUT: Final = frozenset({0x0208, 0x007D, 0x00E5})  #: Rows, columns, merged cells.
_FORMATS: Final = frozenset({0x041E, 0x00E0, 0x0022})  #: Codes, cell formats, the date system.
_READ: Final = (
    frozenset({_BEGIN, _END, _CODE_PAGE, _SHEET, _TEXTS, _CONTINUED, _STRING})
    | _FORMULAS
    | _AFTER_FORMULA
    | _VALUES
    | _LAYOUT
    | _FORMATS
)
_MASK: Final = 0xFFFF  #: A kind that no program writes and xlrd passes over.
_VERSIONS: Final = {0x0500: 5, 0x0600: 8}
_SMALLEST_TEXT: Final = 3  #: Bytes of an empty shared text.

_HEAD: Final = struct.Struct("<HH")
_SHORT: Final = struct.Struct("<H")


class RecordError(Exception):
    """The stream is no workbook, or a damaged one."""


class PasswordError(Exception):
    """The workbook is encrypted."""


class SheetRecord(NamedTuple):
    """What the workbook says of a worksheet, beside its name."""

    is_hidden: bool
    formulas: int  #: Cells with a formula.


class Found(NamedTuple):
    """What was met while the records were masked."""

    sheets: tuple[SheetRecord, ...]  #: The worksheets; charts and macro sheets are left out.
    has_code_page: bool  #: Whether texts that are not Unicode can be read without a guess.


def mask_records(stream: bytearray) -> Found:
    """Mask, in place, every record that no cell depends on.

    Raises:
        RecordError: It is not a workbook of Excel 5 or later.
        PasswordError: It is encrypted.
    """
    _refuse_other_versions(stream)
    sheets: list[tuple[int, bool]] = []  # where each begins, and whether it is hidden
    formulas: Counter[int] = Counter()
    depth, begin, has_code_page = 0, 0, stream[4:6] == b"\0\x06"
    for at, kind, size in _records(stream):
        if kind not in _READ:
            if kind == _PASSWORD:
                raise PasswordError
            _SHORT.pack_into(stream, at, _MASK)
        elif kind in _FORMULAS:
            formulas[begin] += depth == 1
        elif kind == _BEGIN:
            begin, depth = at if depth == 0 else begin, depth + 1
        elif kind == _END:
            depth = max(depth - 1, 0)
        elif kind == _SHEET and size >= 6 and stream[at + 9] == 0:
            sheets.append(
                (int.from_bytes(stream[at + 4 : at + 8], "little"), stream[at + 8] & 3 > 0)
            )
        elif kind == _CODE_PAGE:
            has_code_page = True
        else:
            _mend_texts(stream, at, kind, size)
    found = (SheetRecord(is_hidden, formulas[at]) for at, is_hidden in sheets)
    return Found(tuple(found), has_code_page)


def _refuse_other_versions(stream: bytearray) -> None:
    if len(stream) < 8 or _SHORT.unpack_from(stream)[0] != _BEGIN:
        raise RecordError("it is of an Excel before version 5, or damaged")
    if _SHORT.unpack_from(stream, 4)[0] not in _VERSIONS:
        raise RecordError("it is of an unknown version of Excel")


def _records(stream: bytearray) -> Iterator[tuple[int, int, int]]:
    """Where each record begins, its kind and the size of its data."""
    at, last = 0, len(stream) - _HEAD.size
    while at <= last:
        kind, size = _HEAD.unpack_from(stream, at)
        yield at, kind, size
        at += _HEAD.size + size


# ------------------------------------------------------------------ what xlrd reads wrongly


def _mend_texts(stream: bytearray, at: int, kind: int, size: int) -> None:
    if kind == _STRING:
        _count_characters(stream, at, size)
    elif kind == _TEXTS:
        _mend_shared_texts(stream, at, size)


def _count_characters(stream: bytearray, at: int, size: int) -> None:
    """State the length of a formula's text in characters, as xlrd counts it.

    Excel counts an emoji twice. A text that goes on in another record is left as it is.
    """
    begin = at + _HEAD.size
    if size > 3 and stream[begin + 2] == 1:
        text = stream[begin + 3 : begin + size].decode("utf-16-le", "surrogatepass")
        if 2 * len(text) < size - 3 and 2 * _SHORT.unpack_from(stream, begin)[0] == size - 3:
            _SHORT.pack_into(stream, begin, len(text))


def _mend_shared_texts(stream: bytearray, at: int, size: int) -> None:
    """Check the number of shared texts, and join characters that two records share.

    Raises:
        RecordError: It states more texts than there can be; xlrd would look for them for long.
    """
    stated = int.from_bytes(stream[at + 8 : at + 12], "little")
    total = size
    while True:
        following = at + _HEAD.size + size
        if following + _HEAD.size > len(stream):
            break
        kind, more = _HEAD.unpack_from(stream, following)
        if kind != _CONTINUED:
            break
        _join_halves(stream, at, following)
        at, size, total = following, more, total + more
    if stated * _SMALLEST_TEXT > total:
        raise RecordError(f"it states {stated:,} shared texts, more than it can hold")


def _join_halves(stream: bytearray, at: int, following: int) -> None:
    """Move the first half of a character (an emoji) behind the border of two records.

    Excel cuts there without regard to halves; xlrd cannot read one. The next record begins with a
    byte that says how its text is written (1: UTF-16).
    """
    text = following + _HEAD.size + 1
    is_torn = (
        0xD8 <= stream[following - 1] <= 0xDB
        and stream[text - 1 : text] == b"\x01"
        and 0xDC <= (stream[text + 1 : text + 2] or b"\0")[0] <= 0xDF
    )
    if not is_torn:
        return
    half = stream[following - 2 : following]
    stream[following - 2 : text] = stream[following:text] + half
    for place, change in ((at, -2), (following - 2, 2)):
        (size,) = _SHORT.unpack_from(stream, place + 2)
        _SHORT.pack_into(stream, place + 2, size + change)
