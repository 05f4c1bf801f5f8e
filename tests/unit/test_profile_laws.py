"""What holds for the profile of any column at all."""

import datetime as dt
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.convert.dates import reader
from migrator.profile import Kind, Profiler
from migrator.profile.days import MomentReader
from migrator.profile.forms import Sorter, form_of, number_reader
from migrator.profile.model import Form
from tests.unit.profiling import profile_of

LIKE_VALUES = st.from_regex(
    r"\A[-+$ ]?[0-9]{1,4}[-/., ][0-9]{1,3}[-/., ][0-9]{1,4}( [0-9]{1,2}:[0-9]{2}( ?[ap]m)?)?\Z"
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", " ", "NA", "won", "won ", "0", "007", "1E5", "12 %", "Yes", "a@b.co"]),
    st.integers(-10_000, 10**18).map(str),
    LIKE_VALUES,
    st.dates().map(lambda day: day.strftime("%d/%m/%Y")),
    st.uuids().map(str),
)
CELLS = st.one_of(
    TEXTS,
    st.dates(),
    st.datetimes(timezones=st.none()),
    st.times(),
    st.timedeltas(dt.timedelta(0), dt.timedelta(days=9)),
)


@given(st.lists(CELLS, max_size=40), st.integers(1, 40), st.sampled_from(["Id", "Phone", ""]))
def test_the_counts_add_up(cells: list, at_once: int, name: str) -> None:
    profile = profile_of(cells, name, at_once=at_once)

    blank = sum(isinstance(cell, str) and not cell.strip() for cell in cells)
    assert (profile.rows, profile.blanks) == (len(cells), blank)
    assert sum(profile.forms.values()) == profile.filled
    assert 0 <= profile.fits <= profile.filled
    assert all(0 < one.count <= profile.rows for one in profile.cautions)
    assert all(
        len(one.sightings) <= one.count or one.code == "variants" for one in profile.cautions
    )


@given(st.lists(CELLS, max_size=60), st.integers(1, 60))
def test_different_values_are_counted_exactly(cells: list, at_once: int) -> None:
    profile = profile_of(cells, at_once=at_once)

    filled = [cell for cell in cells if not isinstance(cell, str) or cell.strip()]
    assert profile.is_distinct_exact
    assert profile.distinct == len(set(filled))
    if profile.values is not None:
        assert sum(count for _, count in profile.values) == len(filled)


@given(st.lists(CELLS, max_size=40), st.integers(1, 40))
def test_the_pieces_in_which_a_column_comes_do_not_matter(cells: list, at_once: int) -> None:
    assert profile_of(cells, at_once=at_once) == profile_of(cells, at_once=1_000)


@given(st.lists(st.decimals(-(10**9), 10**9, places=2).map(str), min_size=1, max_size=30))
def test_the_smallest_number_is_not_above_the_largest(numbers: list[str]) -> None:
    profile = profile_of(numbers)

    assert profile.kind in (Kind.NUMBER, Kind.INTEGER)
    assert float(profile.smallest or "") == min(map(float, numbers))
    assert float(profile.largest or "") == max(map(float, numbers))


@given(st.lists(st.dates(dt.date(1000, 1, 1)), min_size=1, max_size=30))
def test_the_first_day_is_not_after_the_last(days: list[dt.date]) -> None:
    profile = profile_of([day.isoformat() for day in days])

    assert (profile.smallest, profile.largest) == (min(days).isoformat(), max(days).isoformat())


@given(TEXTS)
def test_a_text_has_one_form_however_it_is_looked_for(text: str) -> None:
    text = text.strip()
    form = form_of(text)

    assert Sorter().sort({text: 1}, text) == {form: {text: 1}}
    if MomentReader().read(text):
        assert form is Form.TEXT
    if form in (Form.INTEGER, Form.DECIMAL, Form.WESTERN, Form.INDIAN, Form.GROUPED, Form.EUROPEAN):
        number_reader(form)(text)


@given(LIKE_VALUES)
def test_a_date_is_read_by_each_pattern_that_it_is_said_to_fit(text: str) -> None:
    for pattern, _ in profile_of([text]).formats:
        assert reader((pattern,))(text.strip())


@given(
    st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2068, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%y", "%d-%b-%Y", "%B %d, %Y", "%Y.%m.%d"]),
    st.sampled_from(["", " %H:%M", " %I:%M:%S %p", "T%H:%M:%S.%f"]),
)
def test_what_a_pattern_writes_is_found_to_fit_it(
    moment: dt.datetime, day: str, clock: str
) -> None:
    pattern = day.replace("%B", "%b") + clock if moment.month == 5 else day + clock

    found = [one.pattern for one in profile_of([moment.strftime(day + clock)]).formats]

    assert pattern in found


@pytest.mark.no_cover
def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(count: int) -> int:
        profiler = Profiler([("Id", "A"), ("Remarks", "B")], most_numbers=5_000)
        tracemalloc.start()
        for begin in range(0, count, 500):
            rows = range(begin, begin + 500)
            profiler.add(rows, [(f"id {row}", f"remark {row} " * 5) for row in rows])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10_000)  # what is imported on the way is not to count

    assert peak(40_000) < 1.2 * peak(10_000)
