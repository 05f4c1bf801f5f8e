"""How a column of dates is to be read, as far as its cells prove it.

Owns the rule that the order of day and month is never guessed.
"""

from collections.abc import Iterator
from typing import Final

from migrator.drafting.model import Key
from migrator.profile import ColumnProfile, DayOrder, Form, FormatCount, Kind
from migrator.profile.model import settled

DATED: Final = (Kind.DATE, Kind.DATETIME)
_FEW: Final = 0.1  #: Share of days without a time up to which they are taken for mistakes.


def date_keys(column: ColumnProfile) -> Iterator[Key]:
    """`formats` of a field that takes days."""
    yield from _formats(column, column.settled_formats)


def datetime_keys(column: ColumnProfile) -> Iterator[Key]:
    """`formats`, and `time` where days come without one."""
    days, filled = column.forms.get(Form.DATE, 0), column.filled
    if column.kind not in DATED or not days:
        yield from _formats(column, column.settled_formats)
    elif days <= _FEW * filled:
        timed = tuple(one for one in column.settled_formats if has_time(one.pattern))
        said = (
            f"{cells(days)} no time of day, and will be refused. Where that is meant: add their "
            'format, and `time: "09:00"`, the time that they get.'
        )
        yield from _formats(column, timed, said)
    else:
        yield from _formats(column, column.settled_formats)
        asked = (
            f"{cells(days)} no time of day. Which one do they get, by the clock of the timezone? "
            'Midnight is `time: "00:00"`.'
        )
        yield Key(name="time", hints=(asked,))


def needs_zone(column: ColumnProfile) -> bool:
    """Whether times of this column mean nothing until somebody names their zone."""
    if column.kind not in DATED:
        return True
    return bool(column.moments) or not all(
        one.pattern.endswith("%z") for one in column.settled_formats
    )


def has_time(pattern: str) -> bool:
    """Whether a pattern reads a time of day.

    >>> has_time("%d/%m/%Y"), has_time("%d/%m/%Y %I:%M %p")
    (False, True)
    """
    return "%H" in pattern or "%I" in pattern


def cells(count: int) -> str:
    """So many cells have.

    >>> cells(1), cells(1200)
    ('1 cell has', '1,200 cells have')
    """
    return f"{count:,} cell has" if count == 1 else f"{count:,} cells have"


# ------------------------------------------------------------------ formats


def _formats(column: ColumnProfile, formats: tuple[FormatCount, ...], *hints: str) -> Iterator[Key]:
    if column.kind not in DATED:
        yield Key(name="formats", hints=(_no_dates(column), *hints))
    elif _is_open(column.day_order, formats):
        yield Key(name="formats", hints=(*_both_orders(column.day_order, formats), *hints))
    elif formats:
        yield Key(
            name="formats",
            value=tuple(one.pattern for one in formats),
            hints=(*_evidence(column.day_order, formats), *hints),
        )
    elif hints:
        yield Key(name="", hints=hints)


def _is_open(order: DayOrder, formats: tuple[FormatCount, ...]) -> bool:
    """Whether day and month could stand either way round."""
    return order.is_day_first is None and any(
        (one.pattern[:2], one.pattern[3:5]) in {("%d", "%m"), ("%m", "%d")} for one in formats
    )


def _both_orders(order: DayOrder, formats: tuple[FormatCount, ...]) -> Iterator[str]:
    if order.day_first and order.month_first:
        yield (
            f"Day first or month first? The cells contradict each other: {order.day_first:,} can "
            f"only be day first, {order.month_first:,} only month first. Find out where they come "
            "from; cells of two makes need two columns."
        )
    else:
        yield "Day first or month first? No cell tells. Ask whoever made the export."
    for words, proof in (("Day", DayOrder(day_first=1)), ("Month", DayOrder(month_first=1))):
        listed = ", ".join(f'"{one.pattern}"' for one in settled(formats, proof))
        yield f"{words} first: formats: [{listed}]"


def _evidence(order: DayOrder, formats: tuple[FormatCount, ...]) -> Iterator[str]:
    if order.is_day_first is not None:
        proofs = order.day_first or order.month_first
        words = "1 cell proves" if proofs == 1 else f"{proofs:,} cells prove"
        yield f"{'Day' if order.is_day_first else 'Month'} first: {words} it."
    if len(formats) > 1:
        yield ", ".join(f"{one.cells:,} as {one.pattern}" for one in formats) + "."


def _no_dates(column: ColumnProfile) -> str:
    if column.kind in (Kind.INTEGER, Kind.NUMBER):
        return (
            "The cells are numbers. If they count days as Excel does, write `serials: true` "
            "instead; else name their format, such as %Y%m%d for 20240402."
        )
    return 'How are the dates written? Name the format, such as formats: ["%d/%m/%Y"].'
