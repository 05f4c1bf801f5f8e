"""What `check` says of whole columns is what the mapper says of every row."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.loader.blocks import blocks_of
from migrator.mapper import Mapper
from migrator.mapping import Mapping, parse_mapping
from migrator.model import Cell, Rejected, SourceRow, Update
from migrator.runs.checking import SAMPLES, Checking
from migrator.runs.duplicates import Duplicates
from migrator.runs.found import Checked

COLUMNS = ("Id", "A", "B")
TEXT_FIELDS = (
    "A",
    "{column: A, required: true}",
    "{column: A, blank: error, blank_values: [NA, '0']}",
    "{column: A, max_length: 4}",
    "{column: A, max_length: 4, too_long: truncate}",
    "{column: A, clear_value: '#CLEAR', blank: clear}",
    "{column: A, type: boolean}",
    "{column: A, type: choice, values: {Won: Closed Won, '0': '', no: No}}",
    "{column: A, type: choice, values: {Won: Closed Won}, otherwise: keep}",
    "{column: A, type: choices, values: {Won: W, Lost: L}}",
    "{column: A, type: phone, region: IN}",
    "{column: A, type: email}",
    "{template: '{A} {B}'}",
    "{template: '{A}{B}', required: true, max_length: 6}",
    "{template: '{A}{B}', max_length: 6, too_long: truncate}",
    "{constant: x}",
)
NUMBER_FIELDS = (
    "{column: A, type: number}",
    "{column: A, type: number, blank_values: ['0', '-'], required: true}",
    "{column: A, type: number, clear_value: '7'}",
    "{column: A, type: number, grouping: european, lone_point: decimal}",
    "{column: A, type: number, grouping: western}",
    "{column: A, type: number, grouping: indian, currency: ['₹']}",
    "{column: A, type: integer, max_length: 3}",
)
_CLOCK = "{column: A, type: datetime, formats: ['%d/%m/%Y %H:%M']"
CLOCK_FIELDS = (
    f"{_CLOCK}}}",
    f"{_CLOCK}, blank_values: ['25/10/2020 01:30'], required: true}}",
    f"{_CLOCK}, ambiguous: later, nonexistent: forward}}",
    f"{_CLOCK}, ambiguous: earlier, nonexistent: forward}}",
    f"{_CLOCK}, serials: true, time: '09:00', ambiguous: later}}",
    "{column: A, type: datetime, formats: ['%d %b %Y %I:%M %p', '%d/%m/%Y %H:%M']}",
    "{column: A, type: datetime, formats: ['%d %m %Y %H:%M']}",
    "{column: A, type: datetime, formats: ['%d %m %Y %H:%M:%S'], ambiguous: later}",
    "{column: A, type: datetime}",
    "{column: A, type: date, formats: ['%d/%m/%Y', '%Y-%m-%d']}",
    "{column: A, type: date, serials: true}",
)
IDS = ("Id", "{column: Id, kind: guid}", "{column: Id, kind: auto_id}")
ZONES = ("Europe/London", "Asia/Kolkata", "Pacific/Apia")
GUIDS = tuple(f"5ca5b042-51ea-4699-b6f0-84c40ab1277{digit}" for digit in "01ABab")
IDENTITIES = (*GUIDS, *(f"{{{guid.upper()}}}" for guid in GUIDS), "", "OPP-1", "OPP-2", "1E5", "10")
HOSTILE = ("", " ", "NA", "a\nb", "a\0b", "\ud800", "٣", "é" * 9)
WORDS = ("0", "-", "#CLEAR", "Won", "won ", "no", "Won;Lost", "a@b.example", "+91 98765 43210")


def _clock_text(day: str, clock: str, form: str) -> str:
    year, month, date = day.split("-")
    return form.format(y=year, m=month, d=date, clock=clock)


moments = st.datetimes().map(lambda moment: moment.replace(microsecond=0))
# The days on which London and Apia change their clocks, and those beside them.
days = st.sampled_from(
    ["2020-03-28", "2020-03-29", "2020-10-24", "2020-10-25", "2020-10-26", "2020-02-30",
     "2011-12-29", "2011-12-30", "2011-12-31", "2020-09-26", "2020-09-27", "0001-01-01"]
)  # fmt: skip
clocks = st.sampled_from(["00:00", "00:30", "01:30", "02:30", "03:30", "12:00", "23:30", "24:00"])
forms = st.sampled_from(
    ["{d}/{m}/{y} {clock}"] * 8
    + ["{d} {m} {y} {clock}", "{d} {m} {y} {clock}:07", "{y}-{m}-{d} {clock}:00", "{d}/{m}/{y}"]
    + [" {d}/{m}/{y} {clock}", "{d}/{m}/{y}  {clock}", "{d}/{m}/{y} {clock}\n{d}/{m}/{y} {clock}"]
)
clock_cells = st.one_of(
    st.builds(_clock_text, days, clocks, forms),
    st.builds(_clock_text, days, clocks, st.just("{d}/{m}/{y} {clock}")),
    st.sampled_from(HOSTILE),
    moments,
    st.sampled_from(["45000", "45000.5"]),
)
digits = st.text("01234567890,.-", min_size=1, max_size=6)
number_cells = st.one_of(
    digits,
    st.sampled_from(["0", "5", "7", "-", "₹ 5", " 5", "1\n2", "1,234", "1.234", "1,23,456"]),
    st.sampled_from(HOSTILE),
    st.dates(),
)
text_cells = st.one_of(st.sampled_from(HOSTILE + WORDS), st.text(max_size=6), st.dates())


def _written(identity: str, note: str, zone: str, fields: Sequence[str]) -> Mapping:
    lines = "".join(f"  mx_Custom_{n}: {field}\n" for n, field in enumerate(fields, 1))
    return parse_mapping(
        f"version: 1\nsource: {{timezone: {zone}}}\nopportunity: {{type: 12000, id: {identity}, "
        f"note: '{note}'}}\nfields:\n{lines}",
        name="law.yaml",
    )


Rows = list[tuple[Cell, ...]]


def _pairs(
    fields: Sequence[str], cells: st.SearchStrategy[Cell]
) -> st.SearchStrategy[tuple[Mapping, Rows]]:
    """A mapping, and rows that are made for it."""
    mappings = st.builds(
        _written,
        st.sampled_from(IDS),
        st.sampled_from(["", "{B}"]),
        st.sampled_from(ZONES),
        st.lists(st.sampled_from(fields), min_size=1, max_size=3),
    )
    # Few bad ids: in a row without an id nothing else matters.
    ids = st.one_of(st.sampled_from(GUIDS), st.sampled_from(IDENTITIES), st.sampled_from(GUIDS))
    return st.tuples(mappings, st.lists(st.tuples(ids, cells, text_cells), min_size=1, max_size=40))


pairs = st.one_of(
    _pairs(TEXT_FIELDS, text_cells),
    _pairs(NUMBER_FIELDS, number_cells),
    _pairs(CLOCK_FIELDS, clock_cells),
    _pairs(CLOCK_FIELDS, clock_cells),
)


def _source(given_rows: Sequence[tuple[Cell, ...]]) -> list[SourceRow]:
    return [SourceRow("d.csv", "", n, n, COLUMNS, one) for n, one in enumerate(given_rows, 2)]


def _checked(source: Sequence[SourceRow], mapping: Mapping, *, at_once: int) -> Checking:
    with Duplicates() as duplicates:
        checking = Checking(
            COLUMNS,
            range(len(COLUMNS)),
            mapping,
            Checked(mapping=mapping.name),
            make=Mapper,
            checks=None,
            duplicates=duplicates,
            book=None,
            names_files=False,
        )
        for begin in range(0, len(source), at_once):
            for block in blocks_of(source[begin : begin + at_once], len(COLUMNS)):
                checking.look(block)
        duplicates.search()
    return checking


@pytest.mark.no_cover
@settings(max_examples=400)
@given(pairs, st.sampled_from([1, 4, 100]))
def test_ready_is_what_run_plans_and_the_rest_has_the_same_problems(
    pair: tuple[Mapping, Rows], at_once: int
) -> None:
    mapping, given_rows = pair
    source = _source(given_rows)
    mapped = [Mapper(mapping, COLUMNS).map(row) for row in source]
    updates = [update for update in mapped if isinstance(update, Update)]
    refused = [one for one in mapped if isinstance(one, Rejected)]

    checking = _checked(source, mapping, at_once=at_once)

    assert checking.checked.ready == len(updates)
    assert checking.checked.rejected == len(refused)
    told = {(row, group.example) for group in checking.problems.listed() for row in group.rows}
    one_by_one = {(one.row.row, problem.reason) for one in refused for problem in one.problems}
    assert {row for row, _ in told} == {row for row, _ in one_by_one}
    assert {reason for _, reason in told} <= {reason for _, reason in one_by_one}
    assert checking.checked.nothing_to_send == sum(
        not update.fields and not update.note for update in updates
    )
    assert len(checking.checked.samples) == min(SAMPLES, len(updates))


@pytest.mark.no_cover
@settings(max_examples=400)
@given(pairs)
def test_what_is_met_is_what_run_sends(pair: tuple[Mapping, Rows]) -> None:
    mapping, given_rows = pair
    source = _source(given_rows)
    mapped = [Mapper(mapping, COLUMNS).map(row) for row in source]
    # Rows that nothing else refuses, so that every accepted value is one that is sent.
    kept = [row for row, one in zip(source, mapped, strict=True) if isinstance(one, Update)]
    sent: dict[str, list[tuple[str, int]]] = {name: [] for name in mapping.fields}
    truncated: dict[str, int] = dict.fromkeys(mapping.fields, 0)
    for row, update in zip(source, mapped, strict=True):
        if isinstance(update, Update):
            for name, value in update.fields:
                sent[name].append((value, row.row))
            for name in update.truncated:
                truncated[name] += 1

    checking = _checked(kept, mapping, at_once=7)

    for name, met in checking.met().items():
        values = [value for value, _ in sent[name]]
        assert (met.value is None) == (not values)
        assert met.is_varied == (len(set(values)) > 1)
        cut = met.doubts.get("over-max-length")
        assert (cut.count if cut else 0) == truncated[name]
        clocks = [value for value in values if value]
        if met.earliest is not None and met.latest is not None:
            assert met.earliest.utc == min(clocks)
            assert met.latest.utc == max(clocks)
            assert (met.earliest.utc, met.earliest.row) in sent[name]
            assert (met.latest.utc, met.latest.row) in sent[name]


@given(_pairs(TEXT_FIELDS[:1], text_cells).map(lambda pair: pair[1]))
def test_the_same_opportunity_in_several_rows_is_found_exactly(given_rows: Rows) -> None:
    mapping = parse_mapping(
        "version: 1\nopportunity: {type: 12000, id: Id}\nfields: {mx_Custom_1: {constant: x}}\n",
        name="law.yaml",
    )
    source = _source(given_rows)
    places: dict[tuple[str, str], list[int]] = {}
    for row in source:
        update = Mapper(mapping, COLUMNS).map(row)
        if isinstance(update, Update):
            key = update.opportunity_id
            key = key.lower() if update.id_kind == "guid" else key
            places.setdefault((update.id_kind, key), []).append(row.row)
    several = [group for group in places.values() if len(group) > 1]

    found = _checked(source, mapping, at_once=5).duplicates

    assert found.opportunities == len(several)
    assert found.rows == sum(map(len, several))
    assert [[row for _, row in group] for group in found.first] == sorted(several)[:20]


# ------------------------------------------------------------------ what chance seldom finds


def _looked_at(field: str, cells: Sequence[str], zone: str = "Europe/London") -> Checking:
    mapping = _written("Id", "", zone, [field])
    rows: Rows = [(GUIDS[0], cell, "") for cell in cells]
    return _checked(_source(rows), mapping, at_once=1)


def test_a_known_day_and_a_known_time_are_not_known_together_when_clocks_change() -> None:
    others = ("01/10/2020 09:00", "24/10/2020 01:30", "30/10/2020 09:00")
    cells = (*others, "25/10/2020 09:00", "25/10/2020 01:30")

    checking = _looked_at(CLOCK_FIELDS[0], cells)

    assert [(group.code, group.rows) for group in checking.problems.listed()] == [
        ("ambiguous-time", [6])
    ]


def test_the_earliest_and_the_latest_row_are_found_on_days_that_were_known() -> None:
    days = [f"{day:02d}/01/2020 12:00" for day in range(1, 20)]
    cells = (*days, "10/01/2020 09:00", "01/01/2020 09:00", "10/01/2020 15:00", "19/01/2020 15:00")

    met = _looked_at(CLOCK_FIELDS[0], cells).met()["mx_Custom_1"]

    assert met.earliest is not None
    assert met.latest is not None
    assert (met.earliest.row, met.latest.row) == (22, 24)


def test_a_number_that_counts_as_blank_is_not_known_by_its_shape() -> None:
    checking = _looked_at("{column: A, type: number, blank_values: ['0'], required: true}", "5670")

    assert [(group.code, group.rows) for group in checking.problems.listed()] == [("blank", [5])]


def test_each_doubtful_time_is_counted_under_its_policy() -> None:
    cells = ("29/03/2020 01:30", "25/10/2020 01:30", "25/10/2020 01:30", "24/10/2020 01:30")

    met = _looked_at(CLOCK_FIELDS[2], cells).met()["mx_Custom_1"]

    assert {code: (one.count, one.rows) for code, one in met.doubts.items()} == {
        "nonexistent-time": (1, [2]),
        "ambiguous-time": (2, [3, 4]),
    }
