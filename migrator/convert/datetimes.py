"""The type datetime: a clock on a wall, or an instant with its offset, sent in UTC.

Owns which zone and which time of day apply (docs/mapping.md, "datetime"). A fraction of a second
is cut, since the vendor's form has none; nothing else of a moment is ever changed.
"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from migrator.cells import cell_text
from migrator.convert.columnwise import Columnwise
from migrator.convert.dates import (
    Reading,
    how_to_write,
    reader,
    several_readings,
)
from migrator.convert.day_table import with_day_table
from migrator.convert.memory import remembering
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.mapping import DateTime
from migrator.model import Cell
from migrator.zones import NoInstant, in_utc, to_utc, zone

_FORM = "YYYY-MM-DD HH:MM:SS"


def datetime_conversion(field: DateTime, *, timezone: str | None) -> Columnwise:
    """The conversion of a moment: sent as ``YYYY-MM-DD HH:MM:SS`` in UTC.

    Args:
        field: As the mapping has it.
        timezone: The source's zone, where the field names none.

    Source:
        LeadSquared "Update an Opportunity": the supported format, and that it is UTC.
    """
    name = field.timezone or timezone
    where = zone(name) if name else None
    moments = _Moments(field, where)
    read = reader(field.formats, serials=field.serials)

    @remembering
    def convert_text(text: str) -> str | Refused:
        readings = read(text)
        if not readings:
            return Refused(
                Fault.NOT_A_DATETIME,
                f"{quoted(text)} is not a date and time",
                how_to_write(text, field.formats, _FORM, serials=field.serials),
            )
        meanings = {moments.of_text(reading, text) for reading in readings}
        return meanings.pop() if len(meanings) == 1 else several_readings(text)

    of_text = with_day_table(
        convert_text, read=read, formats=field.formats, where=where or zone("UTC")
    )

    def convert(cell: Cell) -> str | Refused:
        if isinstance(cell, str):
            return of_text.one(cell.strip())
        return moments.of_cell(cell)

    return Columnwise(convert, of_text.many)


class _Moments:
    """Readings as instants, by a field's zone, time of day and policies."""

    def __init__(self, field: DateTime, where: ZoneInfo | None) -> None:
        self._field, self._where = field, where
        self._time = time.fromisoformat(field.time) if field.time else None

    def of_text(self, reading: Reading, text: str) -> str | Refused:
        moment = self._with_time(reading.moment, text, has_time=reading.has_time)
        if isinstance(moment, Refused):
            return moment
        if moment.tzinfo is not None:
            return _written(in_utc(moment), text, "")
        if self._where is None:  # the vendor's own form, which is UTC
            return _text(moment)
        return self._in_zone(moment, self._where, text)

    def of_cell(self, cell: Cell) -> str | Refused:
        """An Excel cell: a date or a datetime; a time or a duration is no moment."""
        shown = cell_text(cell)
        if not isinstance(cell, date):
            return Refused(
                Fault.NOT_A_DATETIME,
                f"{quoted(shown)} is a time or a duration, not a date and time",
                "Correct the cell, or map another column.",
            )
        if self._where is None:
            return Refused(
                Fault.NO_ZONE,
                f"{quoted(shown)} is an Excel date, and no time zone is declared for it",
                "Declare `timezone` in the field or under `source`: the zone whose clock the "
                "sheet's times show.",
            )
        has_time = isinstance(cell, datetime)
        moment = cell if isinstance(cell, datetime) else datetime.combine(cell, time.min)
        timed = self._with_time(moment, shown, has_time=has_time)
        return timed if isinstance(timed, Refused) else self._in_zone(timed, self._where, shown)

    def _with_time(self, moment: datetime, shown: str, *, has_time: bool) -> datetime | Refused:
        if has_time:
            return moment
        if self._time is not None:
            return datetime.combine(moment, self._time, tzinfo=moment.tzinfo)
        return Refused(
            Fault.NO_TIME,
            f"{quoted(shown)} has no time of day",
            'Declare `time: "HH:MM"`, the local time that a day alone stands for; midnight in one '
            "zone is another day in UTC.",
        )

    def _in_zone(self, moment: datetime, where: ZoneInfo, shown: str) -> str | Refused:
        found = to_utc(
            moment,
            where,
            nonexistent=self._field.nonexistent,
            ambiguous=self._field.ambiguous,
        )
        return _written(found, shown, where.key)


def _written(found: datetime | NoInstant, shown: str, zone_name: str) -> str | Refused:
    if isinstance(found, datetime):
        return _text(found)
    fault, advice = _NO_INSTANT[found]
    place = f" in {zone_name}" if zone_name else ""
    return Refused(fault, f"{quoted(shown)} {found.value}{place}", advice)


_NO_INSTANT = {
    NoInstant.NONEXISTENT: (
        Fault.NONEXISTENT_TIME,
        "The clocks skipped it. Correct the cell, or declare `nonexistent: forward`.",
    ),
    NoInstant.AMBIGUOUS: (
        Fault.AMBIGUOUS_TIME,
        "The clocks showed it twice. Declare `ambiguous: earlier` or `ambiguous: later`.",
    ),
    NoInstant.OUT_OF_RANGE: (Fault.OUT_OF_RANGE, "Correct the cell."),
}


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")
