"""Excel's bare numbers of days as text: 45384.5 is noon of 2 April 2024.

Owns the system of 1900 for texts; date cells of workbooks are read by the loader, which knows the
workbook's own system. A test holds both to the same days.

Source: ECMA-376 part 1, 18.17.4: day 1 is 1 January 1900; a 29 February 1900 is counted, which
never was.
"""

import re
from datetime import datetime, timedelta
from typing import Final

_SERIAL: Final = re.compile(r"[1-9][0-9]{0,6}(?:\.[0-9]{1,20})?")
_DAY: Final = 86_400  #: Seconds.
_PHANTOM: Final = 60  #: The day that never was.
_BEFORE_IT: Final = datetime(1899, 12, 31)  # noqa: DTZ001 -- a wall clock
_BEHIND_IT: Final = datetime(1899, 12, 30)  # noqa: DTZ001


def is_serial(text: str) -> bool:
    """Whether the text may be such a number.

    >>> is_serial("45384.5"), is_serial("02042024"), is_serial("45384,5")
    (True, False, False)
    """
    return _SERIAL.fullmatch(text) is not None


def moment_of(text: str) -> tuple[datetime, bool] | None:
    """The local moment of a number, and whether it has a time of day; None when it has no day.

    Rounded to the second, half up, as Excel shows it.

    >>> moment_of("45384.509537")
    (datetime.datetime(2024, 4, 2, 12, 13, 44), True)
    >>> moment_of("60.5"), moment_of("9999999")
    (None, None)
    """
    if not is_serial(text):
        return None
    days, seconds = divmod(int(float(text) * _DAY + 0.5), _DAY)
    if days == _PHANTOM:
        return None
    start = _BEFORE_IT if days < _PHANTOM else _BEHIND_IT
    try:
        return start + timedelta(days=days, seconds=seconds), "." in text and seconds != 0
    except OverflowError:
        return None
