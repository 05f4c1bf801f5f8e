"""Whether a value that was sent and a value that was found mean the same, and which differ.

Owns the one comparison that settling, reconcile, verify and undo share. It never reads the CRM
and knows no field's type: a text is compared by what it can be read as.

What each side is read as (the first line that fits), and what then counts as equal:

===========================  ==============================  ==============================
read as                      such as                         equal when
===========================  ==============================  ==============================
datetime                     ``2024-04-02 12:13:44``         the same instant, in UTC
datetime, fraction           ``2024-04-02 12:13:44.000``     the same instant
datetime, US style           ``4/2/2024 12:13:44 PM``        the same instant
datetime, WCF                ``/Date(1712060024000+0000)/``  the same instant
date                         ``2024-04-02``                  midnight of that day, in UTC
number                       ``50000.000``, ``200,000``      the same number
truth value                  ``true``, ``False``             1 for true, 0 for false
GUID                         ``5CA5B042-51EA-…``             the same but for case
text                         everything else                 the same characters
===========================  ==============================  ==============================

Source: the four datetime styles, padded numbers, 1/0 for truth values and midnight for dates
are what reads of live accounts gave (public code, read 2026-11). The grouped number is what the
vendor's own example of an update sends.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from migrator.model import FieldValue, text_digest

_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?", re.ASCII
)
_US: Final = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d\d):(\d\d) ([AP])M", re.ASCII | re.IGNORECASE
)
_WCF: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_NUMBER: Final = re.compile(
    # No leading zeros and no plus: 007 and +91 are names. Groups of three, or Indian ones.
    r"-?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d\d)+,\d{3})(?:\.\d+)?",
    re.ASCII,
)
_PADDED: Final = re.compile(r"-?\d+\.\d{3}", re.ASCII)  #: How reads write numbers: seen.
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_BEGINNINGS: Final = frozenset("0123456789-/abcdefABCDEFtT")  #: Of all that is read as such.
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Meaning = datetime | Decimal | str


def same_value(sent: str, found: str) -> bool:
    """Whether both texts mean the same.

    >>> same_value("2026-07-31 05:33:50", "7/31/2026 5:33:50 AM")
    True
    >>> same_value("50000", "50000.000"), same_value("true", "1"), same_value("007", "7")
    (True, True, False)
    """
    return sent == found or meaning(sent) == meaning(found)


def meaning(text: str) -> Meaning:
    """What the text says, without how it is written: equal for texts that mean the same.

    Args:
        text: A field's value, as it is sent or as the CRM shows it.
    """
    if text[:1] not in _BEGINNINGS:  # most texts are no more than that
        return text
    for read in _READERS:
        value = read(text)
        if value is not None:
            return value
    return text


def canonical(text: str) -> str:
    """One way to write what the text says: the same for texts that mean the same.

    >>> canonical("7/31/2026 5:33:50 AM"), canonical("50000.000"), canonical("True")
    ('2026-07-31 05:33:50', '50000', '1')
    >>> canonical("12345678901234567890123456789.50")
    '12345678901234567890123456789.5'
    """
    value = meaning(text)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, Decimal):
        text = f"{value:f}"  # Decimal.normalize would round to 28 digits
        return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"
    return value


@lru_cache(maxsize=4096)
def value_digest(text: str) -> str:
    """The digest of what a value says, however it is written; of "" as of any text."""
    return text_digest(canonical(text))


def is_digest_of(digest: str, text: str) -> bool:
    """Whether a confirmed value and a text mean the same.

    Ledgers before version 6 hold digests of the very letters that were sent.
    """
    return digest in (value_digest(text), text_digest(text))


def as_written(found: str, like: str) -> str:
    """What a read shows, as an update writes it.

    Args:
        found: As the CRM shows it.
        like: A value that an update wrote to the field; it tells what the field takes.

    >>> as_written("7/31/2026 5:33:50 AM", like="2024-04-02 12:13:44")
    '2026-07-31 05:33:50'
    >>> as_written("2024-04-02 00:00:00", like="2024-05-01"), as_written("1", like="false")
    ('2024-04-02', 'true')
    >>> as_written("50000.000", like="7"), as_written("7/31/2026 5:33:50 AM", like="any text")
    ('50000', '7/31/2026 5:33:50 AM')
    >>> as_written("true", like="7"), as_written("2.50", like="7")  # a text's, as no read pads so
    ('true', '2.50')
    """
    shown, written = meaning(found), meaning(like)
    if isinstance(shown, datetime) and isinstance(written, datetime):
        text = shown.replace(tzinfo=None).isoformat(" ", "seconds")
        return text.removesuffix(" 00:00:00") if len(like) == len("2024-05-01") else text
    if like.lower() in ("true", "false"):
        return {"1": "true", "0": "false"}.get(found, found)
    if _PADDED.fullmatch(found) and isinstance(written, Decimal):
        return canonical(found)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The fields of one row, held against what there is."""

    same: tuple[str, ...] = ()  #: SchemaNames.
    changed: tuple[FieldValue, ...] = ()  #: To be sent.
    conflicts: tuple[tuple[FieldValue, str], ...] = ()  #: With what was found: somebody's change.


def compare_with_crm(
    fields: Iterable[FieldValue], shown: Mapping[str, str], base: Mapping[str, str]
) -> Compared:
    """Hold a row's fields against a read of the CRM.

    A value that is neither what this ledger confirmed last nor what the row says was changed by
    somebody else; without such a base nobody can tell. A field that the read does not show is held
    against the base.

    Args:
        fields: What the row would send.
        shown: SchemaName to value as the CRM shows it.
        base: SchemaName to digest of the newest confirmed value.

    >>> row = [FieldValue("mx_Custom_6", "50000")]
    >>> compare_with_crm(row, {"mx_Custom_6": "50000.000"}, {}).same
    ('mx_Custom_6',)
    >>> compare_with_crm(row, {"mx_Custom_6": "7"}, {"mx_Custom_6": value_digest("9")}).conflicts
    ((FieldValue(schema_name='mx_Custom_6', value='50000'), '7'),)
    """
    same: list[str] = []
    changed: list[FieldValue] = []
    conflicts: list[tuple[FieldValue, str]] = []
    for field in fields:
        name, value = field
        found, last = shown.get(name), base.get(name, "")
        if is_digest_of(last, value) if found is None else same_value(value, found):
            same.append(name)
        elif found is not None and last and not is_digest_of(last, found):
            conflicts.append((field, found))
        else:
            changed.append(field)
    return Compared(same=tuple(same), changed=tuple(changed), conflicts=tuple(conflicts))


def compare_with_confirmed(fields: Iterable[FieldValue], base: Mapping[str, str]) -> Compared:
    """Hold a row's fields against what this ledger confirmed last; nothing is a conflict then."""
    return compare_with_crm(fields, {}, base)


def _read_iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    microsecond = int((found[7] or "").ljust(6, "0"))
    return _instant(year, month, day, hour, minute, second, microsecond)


def _read_us(text: str) -> datetime | None:
    found = _US.fullmatch(text)
    if not found or not 1 <= int(found[4]) <= 12:
        return None
    month, day, year, hour, minute, second = (int(part) for part in found.groups()[:6])
    afternoon = 12 if found[7] in "Pp" else 0
    return _instant(year, month, day, hour % 12 + afternoon, minute, second, 0)


def _read_wcf(text: str) -> datetime | None:
    """Milliseconds since 1970 in UTC; the offset behind them only says where it was written."""
    found = _WCF.fullmatch(text)
    if not found:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        return None


def _read_number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def _read_truth(text: str) -> Decimal | None:
    return {"true": Decimal(1), "false": Decimal(0)}.get(text.lower())


def _read_guid(text: str) -> str | None:
    return text.lower() if _GUID.fullmatch(text) else None


def _instant(*parts: int) -> datetime | None:
    try:
        return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type] # seven of them
    except ValueError:
        return None


_READERS: Final[tuple[Callable[[str], Meaning | None], ...]] = (
    _read_iso,
    _read_us,
    _read_wcf,
    _read_number,
    _read_truth,
    _read_guid,
)
