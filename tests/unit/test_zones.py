"""Time zones from the tzdata package: names and instants."""

from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


NAMES = ["Asia/Kolkata", "Pacific/Apia", "Europe/Lisbon", "Europe/Dublin", "Australia/Lord_Howe"]
#: Days on which one of these zones changed its clocks.
CHANGES = ["1941-10-01", "1942-05-15", "1945-10-15", "2011-12-30", "1992-09-27", "2026-10-25"]


@pytest.mark.parametrize(("ambiguous", "fold"), [("earlier", 0), ("later", 1)])
@given(
    local=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 12, 31))
    | st.builds(datetime.combine, st.sampled_from(CHANGES).map(datetime.fromisoformat), st.times()),
    name=st.sampled_from(NAMES),
)
def test_of_two_instants_the_chosen_one_agrees_with_zoneinfo(
    ambiguous: Literal["earlier", "later"], fold: int, local: datetime, name: str
) -> None:
    first = local.replace(tzinfo=zone(name), fold=0).astimezone(UTC)
    second = local.replace(tzinfo=zone(name), fold=1).astimezone(UTC)

    # In a gap PEP 495 turns the two round: there the offset before it, fold 0, is "forward".
    expected = (first, second)[fold] if first <= second else first

    found = to_utc(local, zone(name), nonexistent="forward", ambiguous=ambiguous)
    assert found == expected
