"""What `check` says of whole columns is what the mapper says of every row."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from migrator.loader.blocks import blocks_of
from migrator.mapper import Mapper
from migrator.mapping import Mapping, parse_mapping
from migrator.model import Cell, Rejected, SourceRow, Update
from migrator.runs.checking import SAMPLES, Checking
from migrator.runs.duplicates import Duplicates
from migrator.runs.found import Checked

COLUMNS = ("Id", "A", "B")
FIELDS = (
    "A",
    "{column: A, required: true}",
    "{column: A, blank: error, blank_values: [NA, '0']}",
    "{column: A, max_length: 4}",
    "{column: A, max_length: 4, too_long: truncate}",
    "{column: A, clear_value: '#CLEAR', blank: clear}",
    "{column: A, type: number}",
    "{column: A, type: number, blank_values: ['0', '-']}",
    "{column: A, type: number, grouping: european, lone_point: decimal}",
    "{column: A, type: number, grouping: indian, currency: ['₹']}",
    "{column: A, type: integer, max_length: 3}",
    "{column: A, type: boolean}",
    "{column: A, type: date, formats: ['%d/%m/%Y', '%Y-%m-%d']}",
    "{column: A, type: date, serials: true}",
    "{column: A, type: datetime, formats: ['%d/%m/%Y %H:%M']}",
    "{column: A, type: datetime, formats: ['%d/%m/%Y %H:%M'], blank_values: ['25/10/2020 01:30']}",
    (
        "{column: A, type: datetime, formats: ['%d/%m/%Y %H:%M'], ambiguous: later, "
        "nonexistent: forward}"
    ),
    "{column: A, type: datetime, formats: ['%d %b %Y %I:%M %p', '%d/%m/%Y %H:%M']}",
    "{column: A, type: datetime, formats: ['%d %m %Y %H:%M']}",
    "{column: A, type: datetime}",
    "{column: A, type: datetime, serials: true, time: '09:00'}",
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
IDS = ("Id", "{column: Id, kind: guid}", "{column: Id, kind: auto_id}")
TEXTS = (
    "", " ", "NA", "0", "-", "#CLEAR", "Won", "won ", "no", "7", "12", "1,234", "12,34,567",
    "1.234", "1234.5", "₹ 5", "Won;Lost", "45000", "25/10/2020 01:30", "25/10/2020 00:30",
    "25/10/2020 09:00",
    "29/03/2020 01:30", "29/03/2020 12:00", "30/03/2020 01:30", "31/02/2020 10:00", "01/01/2020",
    "2020-10-25", "2020-10-25 01:30:00", "2020-10-26 01:30:00", "2020-10-26 02:00:00",
    "25 10 2020 09:00", "25 Oct 2020 09:00 PM", " 26/10/2020 09:00", "26/10/2020  09:00",
    "01/01/1900 00:00", "31/12/9999 23:59", "01/01/0001 00:00", "a@b.example", "+91 98765 43210",
    "a\nb", "1\n2", "25/10/2020 09:00\n26/10/2020 09:00", "a\0b", "\ud800", "٣", "é" * 9,
)  # fmt: skip
GUIDS = tuple(f"5ca5b042-51ea-4699-b6f0-84c40ab1277{digit}" for digit in "01ABab")
IDENTITIES = (*GUIDS, *(f"{{{guid.upper()}}}" for guid in GUIDS), "", "OPP-1", "OPP-2", "1E5", "10")

mappings = st.builds(
    lambda identity, note, zone, fields: parse_mapping(
        f"version: 1\nsource: {{timezone: {zone}}}\n"
        f"opportunity: {{type: 12000, id: {identity}, note: '{note}'}}\nfields:\n"
        + "".join(f"  mx_Custom_{n}: {field}\n" for n, field in enumerate(fields, 1)),
        name="law.yaml",
    ),
    st.sampled_from(IDS),
    st.sampled_from(["", "{B}"]),
    st.sampled_from(["Europe/London", "Asia/Kolkata", "Pacific/Apia"]),
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3),
)
moments = st.datetimes().map(lambda moment: moment.replace(microsecond=0))
cells: st.SearchStrategy[Cell] = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=6),
    st.dates(),
    moments,
    moments.map(lambda moment: f"{moment:%d/%m/%Y %H:%M}"),
    st.integers(0, 10**8).map(lambda number: f"{number:,}"),
)
rows = st.lists(
    st.tuples(st.one_of(st.sampled_from(IDENTITIES), cells), cells, cells), min_size=1, max_size=30
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


@given(mappings, rows, st.sampled_from([1, 4, 100]))
def test_ready_is_what_run_plans_and_the_rest_has_the_same_problems(
    mapping: Mapping, given_rows: list[tuple[Cell, ...]], at_once: int
) -> None:
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


@given(mappings, rows)
def test_what_is_met_is_what_run_sends(
    mapping: Mapping, given_rows: list[tuple[Cell, ...]]
) -> None:
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


@given(rows)
def test_the_same_opportunity_in_several_rows_is_found_exactly(
    given_rows: list[tuple[Cell, ...]],
) -> None:
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
