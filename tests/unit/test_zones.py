"""Time zones from the tzdata package: names and instants."""

from datetime import datetime

import pytest

from migrator.zones import NoInstant, in_utc, to_utc, zone, zone_names


def test_an_unknown_zone_is_a_key_error() -> None:
    assert "Asia/Kolkata" in zone_names()
    with pytest.raises(KeyError):
        zone("Asia/Calcuttaa")


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        ("Asia/Kolkata", "1944-06-01T12:00:00", "1944-06-01T05:30:00"),
        ("Pacific/Apia", "2011-12-30T12:00:00", NoInstant.NONEXISTENT),
        ("Pacific/Apia", "2011-12-31T12:00:00", "2011-12-30T22:00:00"),
        ("Europe/Lisbon", "1995-07-01T12:00:00", "1995-07-01T10:00:00"),
        ("Europe/Berlin", "2026-03-29T02:30:00", NoInstant.NONEXISTENT),
        ("Europe/Berlin", "2026-10-25T02:30:00", NoInstant.AMBIGUOUS),
    ],
)
def test_a_wall_clock_is_one_instant_or_none(
    name: str, local: str, expected: str | NoInstant
) -> None:
    found = to_utc(
        datetime.fromisoformat(local), zone(name), nonexistent="error", ambiguous="error"
    )

    if isinstance(expected, NoInstant):
        assert found is expected
    else:
        assert isinstance(found, datetime)
        assert found.replace(tzinfo=None).isoformat() == expected


def test_a_time_outside_of_the_calendar_is_refused() -> None:
    assert in_utc(datetime(9999, 12, 31, 23, tzinfo=zone("America/New_York"))) is (
        NoInstant.OUT_OF_RANGE
    )
