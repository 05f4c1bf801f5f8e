"""Rows and the worked mapping: what is sent, and every reason why a row is not."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import MappingError
from migrator.leadsquared import update_request
from migrator.mapper import compile_mapping, map_row
from migrator.mapping import load_mapping, parse_mapping
from migrator.model import Cell, FieldValue, IdKind, Rejected, SourceRow, Update
from tests.unit.test_mapping_language import WORKED

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
COLUMNS = ("Id", "A", "B")
ROOT = Path(__file__).parents[2]


def a_row(cells: tuple[Cell, ...], columns: tuple[str, ...] = COLUMNS) -> SourceRow:
    return SourceRow("deals.csv", "", 2, 2, columns, cells)


def mapped(
    field: str, cell: Cell, *, other: Cell = "", source: str = "{}"
) -> str | Rejected | None:
    """What a field makes of a cell in column A: a value, None where it is left out."""
    text = (
        f"version: 1\nsource: {source}\nopportunity: {{type: 12000, id: Id}}\n"
        f"fields:\n  mx_Custom_1: {field}\n"
    )
    result = map_row(a_row((GUID, cell, other)), parse_mapping(text, name="deals.yaml"))
    if isinstance(result, Rejected):
        return result
    return dict(result.fields).get("mx_Custom_1")


def code(result: str | Rejected | None) -> str:
    assert isinstance(result, Rejected), result
    (problem,) = result.problems
    assert problem.advice
    assert problem.column == "A"
    return problem.code


KOLKATA = "{timezone: Asia/Kolkata}"
BERLIN = "{timezone: Europe/Berlin}"


def test_the_vendors_example_comes_out_as_its_json_body() -> None:
    page = {
        "ProspectOpportunityId": GUID,
        "OpportunityNote": "Update note",
        "Fields": [
            {"SchemaName": "mx_Custom_6", "Value": "200,000"},
            {"SchemaName": "mx_Custom_7", "Value": "180,000"},
            {"SchemaName": "mx_Custom_8", "Value": "2020-09-16 12:13:44"},
        ],
    }
    text = """\
version: 1
opportunity: {type: 12000, id: Id, note: "{Note}"}
fields:
  mx_Custom_6: Expected
  mx_Custom_7: Actual
  mx_Custom_8: {column: Closing, type: datetime}
"""
    columns = ("Id", "Expected", "Actual", "Closing", "Note")
    row = a_row((GUID, "200,000", "180,000", "2020-09-16 12:13:44", "Update note"), columns)

    update = map_row(row, parse_mapping(text, name="seed.yaml"))

    assert isinstance(update, Update)
    body = update_request(update.opportunity_id, update.note, update.fields).body
    assert body.decode() == json.dumps(page, separators=(",", ":"))


def test_the_worked_mapping_maps_a_row_of_the_old_crm() -> None:
    columns = ("Opportunity Id", "Remarks", "Amount", "Discount", "Stage", "Closing")
    columns += ("First name", "Last name", "Created")
    cells = (f" {{{GUID.upper()}}} ", "", "200,000", "-1,23,456.50", " won ", "31/03/2024 09:30")
    cells += ("Zoë", "", datetime(2024, 4, 2, 5, 0))

    update = map_row(a_row(cells, columns), parse_mapping(WORKED, name="deals.yaml"))

    assert update == Update(
        GUID.upper(),
        IdKind.GUID,
        "",
        (
            FieldValue("mx_Custom_6", "200,000"),
            FieldValue("mx_Custom_7", "-123456.50"),
            FieldValue("mx_Custom_2", "Closed Won"),
            FieldValue("mx_Custom_8", "2024-03-31 04:00:00"),
            FieldValue("mx_Custom_9", "Old CRM"),
            FieldValue("mx_Custom_10", "Zoë "),
            FieldValue("CreatedOn", "2024-04-01 23:30:00"),
        ),
    )


def test_every_problem_of_a_row_is_told() -> None:
    text = """\
version: 1
opportunity: {type: 12000, id: {column: Id, kind: guid}}
fields:
  mx_Custom_1: {column: A, type: number}
  mx_Custom_2: {column: B, type: boolean}
"""
    result = map_row(a_row(("17", "ten", "maybe")), parse_mapping(text, name="deals.yaml"))

    assert isinstance(result, Rejected)
    assert [problem.code for problem in result.problems] == [
        "not-a-guid",
        "not-a-number",
        "not-a-boolean",
    ]


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("A", " x ", " x "),
        ("A", "007", "007"),
        ("A", "0", "0"),
        ("A", "False", "False"),
        ("A", "  ", None),
        ("A", date(2024, 4, 2), "2024-04-02"),
        ("A", datetime(2024, 4, 2, 12, 13, 44), "2024-04-02 12:13:44"),
        ("{column: A, blank: clear}", " ", ""),
        ("{column: A, type: number}", " -12.50 ", "-12.50"),
        ("{column: A, type: number, grouping: western}", "1,234,567.5", "1234567.5"),
        ("{column: A, type: number, grouping: indian}", "12,34,567.5", "1234567.5"),
        ("{column: A, type: integer}", "42", "42"),
        ("{column: A, type: boolean}", "YES", "true"),
        ("{column: A, type: boolean}", "0", "false"),
        ("{column: A, type: date}", "2024-04-02", "2024-04-02"),
        ("{column: A, type: date}", datetime(2024, 4, 2), "2024-04-02"),
        ("{column: A, type: date}", date(2024, 4, 2), "2024-04-02"),
        ('{column: A, type: date, formats: ["%d.%m.%Y"]}', "2.4.2024", "2024-04-02"),
        ("{column: A, type: choice, values: {a: X}, otherwise: keep}", "b", "b"),
        ("{column: A, type: choice, values: {a: X}, otherwise: blank}", "b", None),
        ('{column: A, type: choice, values: {a: ""}}', "a", None),
        ('{template: "{A}/{B} {{x}}"}', "1", "1/ {x}"),
        ('{template: "{A}{B}"}', "", None),
    ],
)
def test_a_cell_becomes_the_value_that_its_field_declares(
    field: str, cell: Cell, value: str | None
) -> None:
    assert mapped(field, cell) == value


@pytest.mark.parametrize(
    ("field", "cell", "fault"),
    [
        ("{column: A, type: number}", "1,000", "not-a-number"),
        ("{column: A, type: number}", "1e5", "not-a-number"),
        ("{column: A, type: number}", "٣", "not-a-number"),
        ("{column: A, type: number, grouping: indian}", "1,234,567", "not-a-number"),
        ("{column: A, type: number}", date(2024, 4, 2), "not-a-number"),
        ("{column: A, type: integer}", "1.0", "not-an-integer"),
        ("{column: A, type: boolean}", "2", "not-a-boolean"),
        ("{column: A, type: date}", "02/04/2024", "not-a-date"),
        ("{column: A, type: date}", "2024-02-30", "not-a-date"),
        ("{column: A, type: date}", datetime(2024, 4, 2, 1), "has-time"),
        ("{column: A, type: date}", time(1), "not-a-date"),
        (
            '{column: A, type: date, formats: ["%d/%m/%Y", "%m/%d/%Y"]}',
            "01/02/2024",
            "several-readings",
        ),
        ("{column: A, type: datetime}", "2024-04-02", "no-time"),
        ("{column: A, type: datetime}", "yesterday", "not-a-datetime"),
        ("{column: A, type: datetime}", datetime(2024, 4, 2, 1), "no-zone"),
        ("{column: A, type: datetime}", timedelta(hours=26), "not-a-datetime"),
        ("{column: A, type: choice, values: {a: X}}", "A", "not-a-choice"),
        ("{column: A, required: true}", " ", "blank"),
        ("{column: A, blank: error}", "", "blank"),
        ("{column: A, max_length: 3}", "four", "over-max-length"),
    ],
)
def test_a_cell_that_does_not_fit_rejects_its_row(field: str, cell: Cell, fault: str) -> None:
    assert code(mapped(field, cell)) == fault


@pytest.mark.parametrize(
    ("field", "source", "cell", "value"),
    [
        ("{column: A, type: datetime}", "{}", "2024-04-02 12:13:44", "2024-04-02 12:13:44"),
        ("{column: A, type: datetime}", KOLKATA, "2024-04-02 12:13:44", "2024-04-02 06:43:44"),
        ("{column: A, type: datetime}", KOLKATA, datetime(2024, 4, 2), "2024-04-01 18:30:00"),
        (
            "{column: A, type: datetime, timezone: UTC}",
            KOLKATA,
            datetime(2024, 4, 2),
            "2024-04-02 00:00:00",
        ),
        (
            '{column: A, type: datetime, time: "09:30"}',
            KOLKATA,
            date(2024, 4, 2),
            "2024-04-02 04:00:00",
        ),
        (
            '{column: A, type: datetime, formats: ["%d/%m/%Y %H:%M %z"]}',
            KOLKATA,
            "02/04/2024 12:00 +0200",
            "2024-04-02 10:00:00",
        ),
        (
            "{column: A, type: datetime, nonexistent: forward}",
            BERLIN,
            "2026-03-29 02:30:00",
            "2026-03-29 01:30:00",
        ),
        (
            "{column: A, type: datetime, ambiguous: earlier}",
            BERLIN,
            "2026-10-25 02:30:00",
            "2026-10-25 00:30:00",
        ),
        (
            "{column: A, type: datetime, ambiguous: later}",
            BERLIN,
            "2026-10-25 02:30:00",
            "2026-10-25 01:30:00",
        ),
    ],
)
def test_a_moment_is_sent_in_utc(field: str, source: str, cell: Cell, value: str) -> None:
    assert mapped(field, cell, source=source) == value


@pytest.mark.parametrize(
    ("cell", "fault"),
    [("2026-03-29 02:30:00", "nonexistent-time"), ("2026-10-25 02:30:00", "ambiguous-time")],
)
def test_a_local_time_that_is_not_one_instant_is_refused(cell: str, fault: str) -> None:
    assert code(mapped("{column: A, type: datetime}", cell, source=BERLIN)) == fault


@given(
    moment=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),
    zone=st.sampled_from(
        ["Asia/Kolkata", "Pacific/Apia", "Europe/Lisbon", "America/New_York", "Europe/Berlin"]
    ),
)
def test_a_wall_clock_agrees_with_zoneinfo(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    field = "{column: A, type: datetime, ambiguous: earlier, nonexistent: forward}"

    expected = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)

    assert mapped(field, moment, source=f"{{timezone: {zone}}}") == expected.isoformat(" ")


@given(
    cell=st.one_of(
        st.text(),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)),
    ),
    field=st.sampled_from(
        [
            "A",
            "{column: A, type: number, grouping: indian}",
            "{column: A, type: integer}",
            "{column: A, type: boolean}",
            "{column: A, type: date}",
            '{column: A, type: date, formats: ["%d/%m/%Y", "%d %b %y"]}',
            "{column: A, type: datetime}",
            '{column: A, type: datetime, time: "00:00", formats: ["%d/%m/%Y %H:%M", "%d%m%Y"]}',
            "{column: A, type: choice, values: {won: Won}}",
        ]
    ),
)
def test_any_cell_gives_a_value_or_a_refusal_and_never_an_error(cell: Cell, field: str) -> None:
    result = mapped(field, cell, source=KOLKATA)

    assert result is None or isinstance(result, str | Rejected)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (f'"{{{GUID}}}"', "any", (GUID, IdKind.GUID)),
        (f'{{ "{GUID}" }}', "any", (GUID, IdKind.GUID)),
        (" OPP-0017 ", "any", ("OPP-0017", IdKind.AUTO_ID)),
        ("00123", "auto_id", ("00123", IdKind.AUTO_ID)),
        (GUID, "auto_id", (GUID, IdKind.AUTO_ID)),
        ("00123", "guid", "not-a-guid"),
        ("5E+10", "any", "damaged-id"),
        ("  ", "any", "no-id"),
    ],
)
def test_an_id_is_cut_to_itself_and_told_apart(
    text: str, kind: str, expected: tuple[str, IdKind] | str
) -> None:
    mapping = (
        f"version: 1\nopportunity: {{type: 12000, id: {{column: Id, kind: {kind}}}}}\n"
        "fields: {mx_Custom_1: A}\n"
    )
    result = map_row(a_row((text, "a", "")), parse_mapping(mapping, name="deals.yaml"))

    if isinstance(expected, str):
        assert isinstance(result, Rejected)
        assert [problem.code for problem in result.problems] == [expected]
    else:
        assert isinstance(result, Update)
        assert (result.opportunity_id, result.id_kind) == expected


def test_a_row_of_the_wrong_width_is_never_padded() -> None:
    mapping = parse_mapping(
        "version: 1\nopportunity: {type: 1, id: Id}\nfields: {mx_Custom_1: A}\n", name="m.yaml"
    )

    result = compile_mapping(mapping, COLUMNS).map(a_row((GUID, "a")))

    assert isinstance(result, Rejected)
    assert result.problems[0].code == "cell-count"


def test_what_the_loader_refused_stays_refused() -> None:
    refused = Rejected(row=a_row((GUID,)), problems=())

    assert map_row(refused, parse_mapping(WORKED, name="m.yaml")) is refused


def test_unknown_columns_are_all_named_with_their_lines() -> None:
    mapping = parse_mapping(WORKED, name="deals.yaml")

    with pytest.raises(MappingError) as caught:
        compile_mapping(mapping, ("Opportunity Id", "Amont", "First name", "Last name"))

    text = str(caught.value)
    assert 'Did you mean "Amont"' in text or "deals.yaml:6" in text
    for column in ("Remarks", "Amount", "Discount", "Stage", "Closing", "Created"):
        assert f'no column "{column}"' in text


@pytest.mark.parametrize("path", sorted((ROOT / "mappings").glob("*.yaml")), ids=lambda p: p.name)
def test_every_mapping_that_is_shipped_is_sound(path: Path) -> None:
    assert load_mapping(path).schema_names
