"""Laws of the conversions: what holds for every number, date, format, zone and year."""

import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.convert import Refused, conversion
from migrator.convert.dates import reader
from migrator.convert.day_table import cut_of, offset_of_day, with_day_table
from migrator.mapping import Date, DateTime, Number
from migrator.model import Cell
from migrator.zones import zone, zone_names

ZONES = [
    "Asia/Kolkata",
    "Pacific/Apia",
    "Europe/Lisbon",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Africa/Monrovia",
    "Antarctica/Troll",
]
ENDS = [date.min, date.max, datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)]
YEARS = {"min_value": datetime(1900, 1, 1), "max_value": datetime(2100, 12, 31)}
MOMENTS = st.datetimes(**YEARS).map(lambda moment: moment.replace(microsecond=0))

#: Days around which clocks change, where a day table would go wrong first.
CHANGES = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 3, 29),
            datetime(2026, 10, 25),
            datetime(2011, 12, 30),
            datetime(1945, 10, 15),
            datetime(1941, 10, 1),
            datetime(1972, 1, 7),
            datetime(2024, 4, 7),
            datetime(2025, 2, 23),
            datetime(1992, 9, 27),
        ]
    ),
    st.integers(-3000, 3000),
)


def instants(local: datetime, name: str) -> list[datetime]:
    """Every instant at which the zone's clocks showed this time, found by asking back."""
    where = zone(name)
    asked = (local + timedelta(hours=hours) for hours in range(-48, 49))
    offsets = {moment.replace(tzinfo=UTC).astimezone(where).utcoffset() for moment in asked}
    found = {(local - offset).replace(tzinfo=UTC) for offset in offsets if offset is not None}
    return sorted(
        moment for moment in found if moment.astimezone(where).replace(tzinfo=None) == local
    )


@given(local=MOMENTS | CHANGES, name=st.sampled_from(ZONES) | st.sampled_from(sorted(zone_names())))
def test_a_wall_clock_is_the_instant_that_shows_it_or_is_refused(
    local: datetime, name: str
) -> None:
    found = conversion(DateTime(type="datetime", column="A"), timezone=name)(str(local))
    expected = instants(local, name)

    if len(expected) == 1:
        assert found == expected[0].strftime("%Y-%m-%d %H:%M:%S")
    else:
        assert isinstance(found, Refused)
        assert found.fault == ("ambiguous-time" if expected else "nonexistent-time")


@pytest.mark.parametrize(
    ("name", "local", "sent"),
    [
        ("Asia/Kolkata", "1943-06-01 12:00:00", "1943-06-01 05:30:00"),  # war time, +06:30
        ("Asia/Kolkata", "1945-10-14 23:30:00", "ambiguous-time"),
        ("Asia/Kolkata", "1945-10-16 00:00:00", "1945-10-15 18:30:00"),
        ("Asia/Kolkata", "1905-06-01 12:00:00", "1905-06-01 06:38:50"),  # Madras, +05:21:10
        ("Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30 09:59:59"),
        ("Pacific/Apia", "2011-12-30 12:00:00", "nonexistent-time"),  # a day that was skipped
        ("Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30 10:00:00"),
        ("Europe/Lisbon", "1992-12-01 12:00:00", "1992-12-01 11:00:00"),  # the time of Brussels
        ("Europe/Lisbon", "1995-07-01 12:00:00", "1995-07-01 10:00:00"),
        ("Europe/Lisbon", "2024-12-01 12:00:00", "2024-12-01 12:00:00"),
        ("Europe/Lisbon", "1911-12-31 12:00:00", "1911-12-31 12:36:45"),
        ("Europe/Berlin", "2099-07-01 12:00:00", "2099-07-01 10:00:00"),
    ],
)
def test_history_counts(name: str, local: str, sent: str) -> None:
    found = conversion(DateTime(type="datetime", column="A"), timezone=name)(local)

    assert (found.fault if isinstance(found, Refused) else found) == sent


@given(
    locals_=st.lists(MOMENTS | CHANGES, min_size=1, max_size=12),
    name=st.sampled_from(ZONES),
    formats=st.sampled_from(
        [
            (),
            ("%d/%m/%Y %H:%M",),
            ("%d/%m/%Y %I:%M:%S %p",),
            ("%d %b %Y %H:%M",),
            ("%H:%M %d/%m/%Y",),
            ("%Y%m%d %H%M%S",),
            ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
            ("%a %d/%m/%Y %H:%M",),
        ]
    ),
)
def test_what_is_remembered_of_days_and_times_changes_no_result(
    locals_: list[datetime], name: str, formats: tuple[str, ...]
) -> None:
    field = DateTime.model_validate(
        {"type": "datetime", "column": "A", "formats": formats}, context={"timezone": True}
    )
    remembering = conversion(field, timezone=name)
    pattern = formats[0] if formats else "%Y-%m-%d %H:%M:%S"
    days = {local.date() for local in locals_}
    texts = [
        datetime.combine(day, local.time()).strftime(pattern) for local in locals_ for day in days
    ]

    for text in [*texts, *texts]:
        assert remembering(text) == conversion(field, timezone=name)(text)


@pytest.mark.parametrize("name", ["Asia/Kolkata", "America/New_York", "Pacific/Kiritimati", "UTC"])
def test_every_minute_of_a_remembered_day_is_its_instant(name: str) -> None:
    convert = conversion(DateTime(type="datetime", column="A"), timezone=name)
    day = datetime(2024, 4, 2)
    minutes = [day + timedelta(minutes=minute) for minute in range(1440)]
    for local in minutes:
        convert(str(local))

    for local in minutes:
        assert convert(str(local)) == f"{instants(local, name)[0]:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("text", ["02/ 5/2024 10:00", "02/ 1/2024\t10:00", "2/1/2024  10:00"])
def test_a_half_that_depends_on_the_other_is_not_remembered(text: str) -> None:
    cut = cut_of(("%d/%m/%Y %H:%M",))
    assert cut is not None
    day, _, clock = cut.halves(text)

    assert not cut.is_clean(day, clock)


def test_a_text_read_before_in_halves_is_not_read_again() -> None:
    asked: list[str] = []
    field = DateTime(type="datetime", column="A")

    def exact(text: str) -> str | Refused:
        asked.append(text)
        return conversion(field, timezone="Asia/Kolkata")(text)

    fast = with_day_table(exact, read=reader(()), formats=(), where=zone("Asia/Kolkata")).one
    first = ["2024-04-02 12:00:00", "2024-04-03 03:00:00"]

    assert [fast(text) for text in first] == ["2024-04-02 06:30:00", "2024-04-02 21:30:00"]
    assert fast("2024-04-02 03:00:00") == "2024-04-01 21:30:00"
    assert fast("2024-04-03 12:00:00") == "2024-04-03 06:30:00"
    assert asked == first


def changes(name: str) -> list[int]:
    """When a zone's clocks change, in seconds since 1970 (RFC 9636, the 64-bit block)."""
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    is_utc, is_std, leaps, times, types, letters = struct.unpack(">6l", data[20:44])
    second = 44 + times * 5 + types * 6 + letters + leaps * 8 + is_std + is_utc
    (count,) = struct.unpack(">l", data[second + 32 : second + 36])
    return list(struct.unpack(f">{count}q", data[second + 44 : second + 44 + 8 * count]))


def test_no_zone_ever_changed_its_clocks_and_back_within_an_hour() -> None:
    shortest = min(
        later - earlier for name in zone_names() for earlier, later in pairwise(changes(name))
    )

    assert len(changes("Europe/Berlin")) > 50
    assert shortest > 3600


def test_a_day_on_which_the_clocks_change_has_no_one_offset() -> None:
    assert offset_of_day(datetime(2026, 3, 29), zone("Europe/Berlin")) is None
    assert offset_of_day(datetime(2011, 12, 30), zone("Pacific/Apia")) is None
    assert offset_of_day(datetime(2026, 3, 30), zone("Europe/Berlin")) == timedelta(hours=2)


@given(local=MOMENTS)
def test_a_datetime_in_the_vendors_form_without_a_zone_comes_back_as_it_is(local: datetime) -> None:
    convert = conversion(DateTime(type="datetime", column="A"), timezone=None)

    assert convert(str(local)) == str(local)


@given(
    day=st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31)),
    pattern=st.sampled_from(["%d/%m/%Y", "%m-%d-%Y", "%d %B %Y", "%Y%m%d", "%a %d.%m.%Y", "%j %Y"]),
)
def test_a_date_written_by_its_format_comes_back(day: date, pattern: str) -> None:
    convert = conversion(Date(type="date", column="A", formats=(pattern,)), timezone=None)

    assert convert(day.strftime(pattern)) == day.isoformat()


@given(local=MOMENTS, offset=st.integers(-14 * 4, 14 * 4))
def test_an_offset_in_the_text_wins_over_the_zone(local: datetime, offset: int) -> None:
    field = DateTime(type="datetime", column="A", formats=("%d/%m/%Y %H:%M:%S %z",))
    hours, minutes = divmod(abs(offset) * 15, 60)
    text = f"{local:%d/%m/%Y %H:%M:%S} {'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"

    expected = local - timedelta(minutes=15 * offset)

    assert conversion(field, timezone="Asia/Kolkata")(text) == str(expected)


def grouped(digits: str, rest: int) -> str:
    """Digits with a comma before the last three, and before every `rest` in front of them."""
    head, tail = digits[:-3], digits[-3:]
    parts = [tail]
    while head:
        head, part = head[:-rest], head[-rest:]
        parts.insert(0, part)
    return ",".join(parts)


@given(
    number=st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=0, max_value=10**15
    ),
    is_negative=st.booleans(),
)
def test_a_number_keeps_its_digits_through_every_grouping(
    number: Decimal, is_negative: bool
) -> None:
    text = ("-" if is_negative else "") + f"{number:f}"
    whole, _, fraction = text.lstrip("-").partition(".")
    sign = "-" if is_negative else ""

    for grouping, rest in (("western", 3), ("indian", 2)):
        field = Number.model_validate({"type": "number", "column": "A", "grouping": grouping})
        convert = conversion(field, timezone=None)
        assert convert(f"{sign}{grouped(whole, rest)}.{fraction}") == text
        assert convert(text) == text


@pytest.mark.parametrize(
    "text",
    ["1,2345", ",123", "1,,234", "12,34", "1,234,56", "+1", ".5", "5.", "1 000", "\u22121", "1_0"],
)
@pytest.mark.parametrize("grouping", [None, "western", "indian"])
def test_what_is_not_strictly_a_number_is_refused(text: str, grouping: str | None) -> None:
    field = Number.model_validate({"type": "number", "column": "A", "grouping": grouping})

    assert isinstance(conversion(field, timezone=None)(text), Refused)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%d%m%Y", "1122024"),
        ("%d/%m/%Y", "٠٢/٠٤/٢٠٢٤"),
        ("%a %d/%m/%Y", "Mon 02/04/2024"),
        ("%d/%m/%Y", "02/04/24"),
        ("%d/%m/%y", "02/04/2024"),
        ("%d/%m/%Y", "31/02/2024"),
    ],
)
def test_what_strptime_is_generous_about_is_refused(pattern: str, text: str) -> None:
    convert = conversion(Date(type="date", column="A", formats=(pattern,)), timezone=None)

    assert isinstance(convert(text), Refused)


@pytest.mark.parametrize("cell", ENDS)
@pytest.mark.parametrize("name", ["Asia/Kolkata", "America/New_York"])
def test_the_ends_of_the_calendar_are_values_or_refusals(cell: Cell, name: str) -> None:
    convert = conversion(DateTime(type="datetime", column="A", time="00:00:00"), timezone=name)

    for given_cell in (cell, str(cell)[:19]):
        assert isinstance(convert(given_cell), str | Refused)


def test_zones_are_the_same_as_those_of_zoneinfo() -> None:
    local = datetime(2024, 7, 1, 12)
    for name in ZONES:
        assert local.replace(tzinfo=zone(name)).utcoffset() == (
            local.replace(tzinfo=ZoneInfo(name)).utcoffset()
        )
