"""Whether a call that brought no clear answer was applied: the note is the witness.

Owns the judgement only (DESIGN section 4, "Settling unknown"): it reads nothing and waits for
nothing. One call applies all of an update or nothing of it, so a note that is there proves the
fields, too.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from migrator.compare import is_digest_of, same_value
from migrator.model import Details, FieldValue, Known, text_digest

READ_AT: Final = (0.0, 3.0, 10.0, 30.0, 90.0)
"""Seconds after the attempt at which the CRM is read: reads lag behind writes by seconds, and one
team polls up to 90 (`shared/api/leadsquared.md` 1.6, seen)."""


class Judgement(StrEnum):
    """What a read of the CRM says of a doubtful call."""

    APPLIED = "applied"
    NOT_THERE = "not there"
    READ_AGAIN = "read again"  #: Not there yet; reads may lag.
    CANNOT_TELL = "cannot tell"


def read_times(patience: float) -> tuple[float, ...]:
    """When to read, in seconds after the attempt; the last is the patience itself.

    >>> read_times(12.0)
    (0.0, 3.0, 10.0, 12.0)
    """
    return (*(at for at in READ_AT if at < patience), patience)


def judge(
    found: Details, *, note: str, fields: Sequence[FieldValue], known: Known, is_last: bool
) -> Judgement:
    """Judge a doubtful call by what the opportunity shows now.

    Args:
        found: The opportunity as it reads.
        note: The note that was sent; never "".
        fields: The fields that were sent.
        known: What was confirmed of the opportunity before the call.
        is_last: Whether the patience is over: only then does absence count.
    """
    ours, shown = text_digest(note), text_digest(found.note) if found.note else ""
    if ours == known.last_note:
        if shown != ours:
            return Judgement.CANNOT_TELL if is_last else Judgement.READ_AGAIN
        return _judge_by_fields(found.values, fields, known, is_last=is_last)
    if shown == ours:
        return Judgement.APPLIED
    if not is_last:
        return Judgement.READ_AGAIN
    return Judgement.NOT_THERE if shown in ("", known.last_note) else Judgement.CANNOT_TELL


def judge_by_values(found: Details, *, fields: Sequence[FieldValue], is_last: bool) -> Judgement:
    """Judge a doubtful call without a witness: whether the CRM has what it was to write."""
    if all(same_value(field.value, found.values.get(field.schema_name, "")) for field in fields):
        return Judgement.APPLIED
    return Judgement.NOT_THERE if is_last else Judgement.READ_AGAIN


def _judge_by_fields(
    found: Mapping[str, str], fields: Sequence[FieldValue], known: Known, *, is_last: bool
) -> Judgement:
    """The same note was there before: a field that the call was to change decides."""
    telling = [
        field
        for field in fields
        if field.schema_name in found
        and field.schema_name in known.values
        and not is_digest_of(known.values[field.schema_name], field.value)
    ]
    if not telling:
        return Judgement.CANNOT_TELL
    if all(same_value(field.value, found[field.schema_name]) for field in telling):
        return Judgement.APPLIED
    return Judgement.NOT_THERE if is_last else Judgement.READ_AGAIN
