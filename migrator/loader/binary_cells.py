"""What the two binary kinds of workbook (XLS and XLSB) share: numbers, error codes and places.

Owns the step from what their records store to what `grid` takes. It reads no record and no file.
"""

import struct
from typing import Final

from migrator.loader.excel_values import Format
from migrator.loader.grid import (
    Fault,
    SheetAccount,
    error_cell,
    kind_of_cell,
    number_cell,
    text_cell,
)
from migrator.loader.rows import column_letter, half_a_character
from migrator.model import Cell

_ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""[MS-XLS] 2.5.10 and [MS-XLSB] 2.5.98.2 (BErr)."""
_EXACT: Final = 1e15  #: Whole numbers below it have at most 15 digits, which every double holds.
_DOUBLE: Final = struct.Struct("<d")


def stored_number(number: float) -> str:
    """The shortest text that means the same double; what XLSX would store for it.

    >>> stored_number(200000.0), stored_number(0.1), stored_number(-0.0), stored_number(1e21)
    ('200000', '0.1', '0', '1e+21')
    """
    if -_EXACT < number < _EXACT and number.is_integer():
        return str(int(number))
    return repr(number)


def rk_number(stored: int) -> float:
    """The number in an RkNumber: 30 bits, whole or the top of a double, perhaps in hundredths.

    Args:
        stored: Its 32 bits, as an unsigned number.

    Source:
        [MS-XLSB] 2.5.123, [MS-XLS] 2.5.217.

    >>> rk_number(0x3FF00000), rk_number(12345 << 2 | 3), rk_number(0xFFFFFFFE)
    (1.0, 123.45, -1.0)
    """
    if stored & 2:
        number = float((stored ^ 0x80000000) - 0x80000000 >> 2)
    else:
        (number,) = _DOUBLE.unpack(b"\0\0\0\0" + (stored & 0xFFFFFFFC).to_bytes(4, "little"))
    return number / 100 if stored & 1 else number


def error_of_code(code: int) -> Fault:
    """The fault of a cell that shows the error with this code.

    >>> error_of_code(0x2A).text, error_of_code(3).text
    ('#N/A', '#ERROR 3')
    """
    return error_cell(_ERRORS.get(code, f"#ERROR {code}"))


def truth(stored: int) -> str:
    """A Boolean cell as Excel shows it."""
    return "TRUE" if stored else "FALSE"


def double_cell(
    number: float, format_: Format, *, is_1904: bool, row: int, column: int, account: SheetAccount
) -> Cell | Fault:
    """What a double with a format reads as; it is counted in the account."""
    text = stored_number(number)
    account.meet(kind_of_cell(format_), column, row, text)
    return number_cell(text, format_, is_1904=is_1904, row=row, column=column, account=account)


def string_cell(text: str | Fault, *, row: int, column: int, account: SheetAccount) -> str | Fault:
    """A cell with a text that was checked; it is counted in the account, unless it is blank."""
    if isinstance(text, Fault):
        account.meet("text", column, row, text.text)
    elif text:
        account.meet("text", column, row, text)
    return text


def checked_text(stored: bytes) -> str | Fault:
    """The text of UTF-16 bytes, or the fault that it cannot be a cell's.

    >>> checked_text("Zoë".encode("utf-16-le"))
    'Zoë'
    """
    try:
        return text_cell(stored.decode("utf-16-le"))
    except UnicodeDecodeError:
        torn = stored.decode("utf-16-le", "surrogatepass")
        return Fault(stored.decode("utf-16-le", "replace"), half_a_character("", torn))


def range_name(rows: tuple[int, int], columns: tuple[int, int]) -> str:
    """The name of a range of cells, from its first and last row and column, counted from 0.

    >>> range_name((0, 1), (1, 27))
    'B1:AB2'
    """
    first, last = (f"{column_letter(c)}{r + 1}" for r, c in zip(rows, columns, strict=True))
    return f"{first}:{last}"
