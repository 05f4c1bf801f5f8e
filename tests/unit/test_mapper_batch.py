"""Mapping many rows at once gives exactly what mapping them one by one gives."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.mapper import Mapper
from migrator.mapping import parse_mapping
from migrator.model import Cell, Rejected, SourceRow, Update

COLUMNS = ("Id", "A", "B", "C")
GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
USERS = {"Asha@example.com": "4195df09-b7f0-59da-aa07-64a1dcbe1ce6"}

#: Every type, with and without what changes its way.
FIELDS = [
    "A",
    "{column: A, max_length: 3}",
    "{column: A, max_length: 3, too_long: truncate}",
    "{column: A, blank: clear}",
    "{column: A, blank_values: [NA, '0'], clear_value: '#CLEAR'}",
    "{column: A, required: true}",
    "{column: A, type: number}",
    "{column: A, type: number, grouping: western, blank: error}",
    "{column: A, type: number, grouping: indian, currency: [₹, INR], max_length: 4}",
    "{column: A, type: number, grouping: european}",
    "{column: A, type: integer, grouping: space, blank: clear}",
    "{column: A, type: boolean}",
    "{column: A, type: date, formats: ['%d/%m/%Y', '%Y-%m-%d'], serials: true}",
    "{column: A, type: datetime}",
    "{column: A, type: datetime, formats: '%d/%m/%Y %H:%M', blank: clear}",
    "{column: A, type: datetime, serials: true, time: '09:00', blank_values: [NA]}",
    "{column: A, type: choice, values: {won: Won, lost: ''}, otherwise: keep}",
    "{column: A, type: choice, values: {won: Won}, blank: clear}",
    "{column: A, type: choices}",
    "{column: A, type: phone, region: IN}",
    "{column: A, type: email}",
    "{column: A, type: user}",
    "{constant: Old CRM}",
    "{template: '{A} {B}', max_length: 5, too_long: truncate}",
    "{template: '{A}', clear_value: '#CLEAR', blank_values: [NA], blank: clear}",
]
SOURCES = [
    "{timezone: Europe/Berlin}",
    "{timezone: UTC, blank_values: [NA], clear_value: '#CLEAR'}",
]
CELLS = st.one_of(
    st.sampled_from(
        [
            "", " ", "\u00a0", "NA", "#CLEAR", " #CLEAR", "0", "won", "lost", "Won;lost;won",
            "1,234", "1.234", "12,34,567.5", "₹ 5", "1\u00a0234", "1\x1f2", "12.5", "45384.5",
            "45384", "2024-04-02 12:13:44", " 2024-04-02 12:13:44 ", "2026-03-29 02:30:00",
            "02/04/2024 17:43", "2024-04-02", "Yes", "9000000000", "+91 90000 00000",
            "asha@example.com", "a@b", GUID, "\ud800", "a\0b", "Zoe\u0308",
            "long enough to be cut",
        ]
    ),
    st.text(max_size=8),
    st.just(date(2024, 4, 2)),
    st.just(datetime(2024, 4, 2, 12, 13, 44)),
    st.just(time(9, 5)),
    st.just(timedelta(hours=30)),
)  # fmt: skip
IDS = st.sampled_from([GUID, GUID.upper(), f"{{{GUID}}}", "17", "", "NA", "1E+5", "\ud800"])
CELL_ROWS = st.lists(
    st.tuples(IDS, CELLS, CELLS, CELLS)
    | st.tuples(st.just(GUID), CELLS, st.just("b"), st.just("c"))
    | st.tuples(IDS, CELLS),
    max_size=12,
)


def rows_of(cells: list[tuple[Cell, ...]]) -> list[SourceRow]:
    return [SourceRow("a.csv", "", at, at, COLUMNS, one) for at, one in enumerate(cells, 2)]


def mapper_of(fields: list[str], *, source: str, note: str, kind: str) -> Mapper:
    lines = "".join(f"  mx_Custom_{number}: {field}\n" for number, field in enumerate(fields, 1))
    text = (
        f"version: 1\nsource: {source}\n"
        f"opportunity: {{type: 12000, id: {{column: Id, kind: {kind}}}, note: {note!r}}}\n"
        f"fields:\n{lines}"
    )
    return Mapper(parse_mapping(text, name="deals.yaml"), COLUMNS, users=USERS)


@pytest.mark.no_cover
@settings(max_examples=400)
@given(
    fields=st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4),
    source=st.sampled_from(SOURCES),
    note=st.sampled_from(["", "Was: {B}", "Moved"]),
    kind=st.sampled_from(["any", "guid", "auto_id"]),
    cells=CELL_ROWS,
)
def test_rows_mapped_together_are_as_if_mapped_one_by_one(
    fields: list[str], source: str, note: str, kind: str, cells: list[tuple[Cell, ...]]
) -> None:
    rows = rows_of(cells)
    alone = mapper_of(fields, source=source, note=note, kind=kind)
    together = mapper_of(fields, source=source, note=note, kind=kind)

    expected = [alone.map(row) for row in rows]

    assert together.map_all(rows) == expected
    # What is remembered of the first time changes nothing the second time.
    assert together.map_all(rows) == expected


@pytest.mark.no_cover
@pytest.mark.parametrize("field", FIELDS)
@given(column=st.lists(CELLS, min_size=1, max_size=30))
def test_a_column_of_every_type_reads_as_its_cells(field: str, column: list[Cell]) -> None:
    mapper = mapper_of([field], source=SOURCES[0], note="", kind="any")
    rows = rows_of([(GUID, cell, "b", "c") for cell in column])

    assert mapper.map_all(rows) == [mapper.map(row) for row in rows]


def test_columns_hold_what_the_updates_hold() -> None:
    mapper = mapper_of(["A", "{column: B, type: number}"], source="{}", note="{C}", kind="any")
    rows = rows_of([(GUID, "a", "1", "n"), (GUID, "", "2", ""), (GUID, "b", "many", "n")])

    mapped = mapper.map_columns(rows)

    assert mapped.ids[:2] == (GUID, GUID)
    assert mapped.notes is not None
    assert list(mapped.notes[:2]) == ["n", ""]
    assert [(name, list(values[:2])) for name, values in mapped.fields] == [
        ("mx_Custom_1", ["a", None]),
        ("mx_Custom_2", ["1", "2"]),
    ]
    assert list(mapped.unusual) == [2]
    assert isinstance(mapped.unusual[2], Rejected)


def test_a_mapping_of_a_note_alone_is_mapped_together_too() -> None:
    text = "version: 1\nopportunity: {type: 1, id: Id, note: 'Was: {A}'}\n"
    mapper = Mapper(parse_mapping(text, name="m.yaml"), COLUMNS)

    results = mapper.map_all(rows_of([(GUID, "x", "", ""), (GUID, "", "", "")]))

    assert [result.note for result in results if isinstance(result, Update)] == ["Was: x", ""]


def test_no_rows_give_no_results() -> None:
    assert mapper_of(["A"], source="{}", note="", kind="any").map_all([]) == []
