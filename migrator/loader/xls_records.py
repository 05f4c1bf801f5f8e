"""The records of an old Excel workbook (.xls), made safe for xlrd before it sees them.

Owns what may reach xlrd: the records that cells depend on. Names, formulas of names, comments,
drawings, links, fonts and colours are masked, for xlrd reads them too, and fails on many that
Excel and other programs write. It changes no cell, and moves no record.

Source: [MS-XLS] 2.3 (record enumeration), 2.4.28 (BoundSheet8), 2.5.293 (strings).
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_BEGIN, _END, _PASSWORD, _CODE_PAGE = 0x0809, 0x000A, 0x002F, 0x0042
_SHEET, _TEXTS, _CONTINUED, _STRING = 0x0085, 0x00FC, 0x003C, 0x0207
_CALCULATED: Final = 0x01C1  #: RecalcId: by which version of Excel the formulas were calculated.
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
_UNICODE: Final = 0x0600  #: The version of Excel 97 and later, whose texts are UTF-16.
_VERSIONS: Final = frozenset({0x0500, _UNICODE})
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
    is_calculated: bool  #: Whether their values are known; xlwt writes formulas without any.


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
    survey = _Survey(stream, has_code_page=_SHORT.unpack_from(stream, 4)[0] == _UNICODE)
    for at, kind, size in _records(stream):
        if kind in _VALUES:
            continue
        if kind in _READ:
            survey.meet(at, kind, size)
        else:
            survey.pass_over(kind)
            _SHORT.pack_into(stream, at, _MASK)
    return survey.found()


@dataclass(slots=True)
class _Survey:
    """Gathers what the records say, one after another."""

    stream: bytearray
    has_code_page: bool
    _begin: int = 0  #: Where the present sheet begins.
    _depth: int = 0  #: Charts within a sheet begin and end as sheets do.
    _sheets: list[tuple[int, bool]] = field(default_factory=list)  #: Begins where; is it hidden.
    _formulas: Counter[int] = field(default_factory=Counter)  #: By where their sheet begins.
    _blank: Counter[int] = field(default_factory=Counter)  #: Of these, those with the text "".
    _is_stamped: bool = False

    def pass_over(self, kind: int) -> None:
        """Note a record that xlrd need not see."""
        if kind == _PASSWORD:
            raise PasswordError
        self._is_stamped |= kind == _CALCULATED

    def meet(self, at: int, kind: int, size: int) -> None:
        """Note, and where needed mend, a record that xlrd will see."""
        if kind in _FORMULAS:
            self._meet_formula(self.stream[at + 10 : at + 18])
        elif kind == _BEGIN:
            self._begin = self._begin if self._depth else at
            self._depth += 1
        elif kind == _END:
            self._depth = max(self._depth - 1, 0)
        elif kind == _SHEET:
            self._meet_sheet(self.stream[at + 4 : at + 10])
        elif kind == _CODE_PAGE:
            self.has_code_page = True
        elif kind == _STRING:
            _count_characters(self.stream, at, size)
        elif kind == _TEXTS:
            _mend_shared_texts(self.stream, at, size)

    def _meet_formula(self, value: bytearray) -> None:
        self._formulas[self._begin] += 1
        self._blank[self._begin] += value[:1] == b"\3" and value[6:] == b"\xff\xff"

    def _meet_sheet(self, data: bytearray) -> None:
        if len(data) == 6 and data[5] == 0:  # a worksheet
            self._sheets.append((int.from_bytes(data[:4], "little"), data[4] & 3 > 0))

    def found(self) -> Found:
        """What was gathered."""
        sheets = (
            SheetRecord(is_hidden, self._formulas[at], self._is_calculated(at))
            for at, is_hidden in self._sheets
        )
        return Found(tuple(sheets), self.has_code_page)

    def _is_calculated(self, at: int) -> bool:
        """Whether the values of a sheet's formulas are known.

        xlwt stores "" for every formula, and leaves out which version of Excel calculated them,
        so that Excel does when it opens the workbook. Until then none has a value.
        """
        return self._is_stamped or self._blank[at] < self._formulas[at] or not self._blank[at]


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
        at += _HEAD.size + _HEAD.unpack_from(stream, at)[1]  # again: its size may have been mended


# ------------------------------------------------------------------ what xlrd reads wrongly


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
        moved = _join_halves(stream, at, following)
        at, size, total = following - moved, more + moved, total + more
    if stated * _SMALLEST_TEXT > total:
        raise RecordError(f"it states {stated:,} shared texts, more than it can hold")


def _join_halves(stream: bytearray, at: int, following: int) -> int:
    """Move the first half of a character (an emoji) behind the border of two records.

    Returns:
        The bytes by which the border moved.

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
        return 0
    half = stream[following - 2 : following]
    stream[following - 2 : text] = stream[following:text] + half
    for place, change in ((at, -2), (following - 2, 2)):
        (size,) = _SHORT.unpack_from(stream, place + 2)
        _SHORT.pack_into(stream, place + 2, size + change)
    return 2
