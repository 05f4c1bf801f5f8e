"""Rows at the edges of the language: blanks, white space, zones, and text that cannot be sent."""

from datetime import date, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import MappingError
from migrator.leadsquared import update_request
from migrator.mapper import compile_mapping, map_row
from migrator.mapping import parse_mapping
from migrator.model import Cell, IdKind, Rejected, SourceRow, Update

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
COLUMNS = ("Id", "A", "B")


def result_of(
    fields: str, cells: tuple[Cell, ...], *, source: str = "{}", note: str = ""
) -> Update | Rejected:
    """What a mapping of columns Id, A and B makes of one row."""
    text = (
        f"version: 1\nsource: {source}\n"
        f"opportunity: {{type: 12000, id: Id, note: {note!r}}}\nfields:\n{fields}"
    )
    row = SourceRow("deals.csv", "", 2, 2, COLUMNS, cells)
    return map_row(row, parse_mapping(text, name="deals.yaml"))


def sent(field: str, cell: Cell, *, source: str = "{}") -> str | None:
    """The value that is sent for a cell in column A; None where the field is left alone."""
    update = result_of(f"  mx_Custom_1: {field}\n", (GUID, cell, ""), source=source)
    assert isinstance(update, Update), update
    return dict(update.fields).get("mx_Custom_1")


def codes(result: Update | Rejected) -> list[tuple[str, str]]:
    """Column and code of every problem."""
    assert isinstance(result, Rejected), result
    return [(problem.column, problem.code) for problem in result.problems]


# ------------------------------------------------------------------ text that cannot be sent


UNSENDABLE = st.sampled_from(["\ud800", "\udbff", "\udc00", "\udfff", "\0"])
WITH_DAMAGE = st.builds(lambda a, bad, b: a + bad + b, st.text(), UNSENDABLE, st.text())
PASSING = """\
  mx_Custom_1: A
  mx_Custom_2: {template: "<{A}>"}
  mx_Custom_3: {column: A, type: choice, values: {won: Won}, otherwise: keep}
"""


@given(damaged=WITH_DAMAGE, place=st.sampled_from(["Id", "A", "B"]))
def test_half_a_character_or_a_nul_never_reaches_a_request(damaged: str, place: str) -> None:
    cells = tuple(
        damaged if name == place else whole
        for name, whole in zip(COLUMNS, (GUID, "whole", "whole"), strict=True)
    )

    result = result_of(PASSING, cells, note="Was: {B}")

    assert (place, "damaged-text") in codes(result)


@given(
    cells=st.tuples(*[st.text(st.characters(codec=None, exclude_categories=())) | WITH_DAMAGE] * 3)
)
def test_every_update_that_is_mapped_can_be_written_as_json(cells: tuple[str, str, str]) -> None:
    result = result_of(PASSING, cells, note="Was: {B}")

    if isinstance(result, Update):
        body = orjson.loads(update_request(result.opportunity_id, result.note, result.fields).body)
        assert body["ProspectOpportunityId"] == result.opportunity_id
        assert body.get("OpportunityNote", "") == result.note
        assert [tuple(field.values()) for field in body["Fields"]] == [*result.fields]


def test_a_damaged_cell_is_told_once_with_the_other_problems_of_its_row() -> None:
    fields = "  mx_Custom_1: A\n  mx_Custom_2: A\n  mx_Custom_3: {column: B, type: integer}\n"

    result = result_of(fields, (GUID, "a\ud800", "many"))

    assert codes(result) == [("A", "damaged-text"), ("B", "not-an-integer")]


def test_a_damaged_cell_of_a_column_that_is_not_mapped_is_of_no_concern() -> None:
    assert isinstance(result_of("  mx_Custom_1: A\n", (GUID, "a", "\ud800")), Update)


def test_characters_beyond_the_first_plane_are_whole() -> None:
    assert sent("A", "\U0001f600 Zoë") == "\U0001f600 Zoë"


# ------------------------------------------------------------------ blanks


TYPED = [
    "column: A",
    "column: A, type: number",
    "column: A, type: integer",
    "column: A, type: boolean",
    "column: A, type: date",
    "column: A, type: datetime",
    "column: A, type: choice, values: {won: Won}",
    'template: "{A}"',
]


@pytest.mark.parametrize("cell", ["", " ", "\t\n", "\u00a0\u3000"])
@pytest.mark.parametrize("field", TYPED)
def test_a_blank_means_the_same_in_every_type(field: str, cell: str) -> None:
    assert sent(f"{{{field}}}", cell) is None
    assert sent(f"{{{field}, blank: skip}}", cell) is None
    assert sent(f"{{{field}, blank: clear}}", cell) == ""
    for refusing in ("blank: error", "required: true"):
        result = result_of(f"  mx_Custom_1: {{{field}, {refusing}}}\n", (GUID, cell, "b"))
        assert [code for _, code in codes(result)] == ["blank"]


def test_a_template_is_blank_only_when_all_its_columns_are() -> None:
    field = '  mx_Custom_1: {template: "{A}-{B}", blank: error}\n'

    update = result_of(field, (GUID, " ", "b"))

    assert isinstance(update, Update)
    assert update.fields[0].value == " -b"
    assert codes(result_of(field, (GUID, " ", ""))) == [("", "blank")]


@pytest.mark.parametrize(
    ("otherwise", "blank", "value"),
    [
        ("keep", "skip", "open"),
        ("keep", "clear", "open"),
        ("blank", "skip", None),
        ("blank", "clear", ""),
    ],
)
def test_a_value_that_is_not_listed_goes_as_otherwise_says(
    otherwise: str, blank: str, value: str | None
) -> None:
    field = f"{{column: A, type: choice, values: {{won: Won}}, otherwise: {otherwise}, blank: "

    assert sent(f"{field}{blank}}}", " open ") == value


def test_what_otherwise_takes_for_blank_is_refused_where_a_value_is_required() -> None:
    field = "{column: A, type: choice, values: {won: W}, otherwise: blank, required: true}"

    assert codes(result_of(f"  mx_Custom_1: {field}\n", (GUID, "open", ""))) == [("A", "blank")]


@pytest.mark.parametrize(
    ("note", "remark", "expected"),
    [
        ("Was: {A}", "late", "Was: late"),
        ("Was: {A}", " ", ""),
        ("Migrated", "", "Migrated"),
        ("{{{A}}}", "late", "{late}"),
        ("", "late", ""),
    ],
)
def test_a_note_whose_columns_are_blank_is_left_out(note: str, remark: str, expected: str) -> None:
    update = result_of("  mx_Custom_1: B\n", (GUID, remark, "b"), note=note)

    assert isinstance(update, Update)
    assert update.note == expected
    body = orjson.loads(update_request(update.opportunity_id, update.note, update.fields).body)
    assert ("OpportunityNote" in body) is bool(expected)


# ------------------------------------------------------------------ white space, lengths, dates


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("A", "\tx\u00a0", "\tx\u00a0"),
        ('{template: "{A}"}', " x ", " x "),
        ("{column: A, type: number}", "\u00a01.5\t", "1.5"),
        ("{column: A, type: integer}", " -7 ", "-7"),
        ("{column: A, type: boolean}", " No ", "false"),
        ("{column: A, type: date}", " 2024-04-02 ", "2024-04-02"),
        ("{column: A, type: datetime}", " 2024-04-02 12:13:44 ", "2024-04-02 12:13:44"),
        ("{column: A, type: choice, values: {won: Won}}", " won ", "Won"),
    ],
)
def test_white_space_stays_in_text_and_is_cut_in_other_types(
    field: str, cell: str, value: str
) -> None:
    assert sent(field, cell) == value


@pytest.mark.parametrize("text", ["true", "TRUE", "Yes", "1"])
def test_yes_in_any_case_is_sent_as_true(text: str) -> None:
    assert sent("{column: A, type: boolean}", text) == "true"


@pytest.mark.parametrize("text", ["false", "False", "NO", "0"])
def test_no_in_any_case_is_sent_as_false(text: str) -> None:
    assert sent("{column: A, type: boolean}", text) == "false"


def test_the_longest_length_is_of_what_is_sent_not_of_what_is_read() -> None:
    choice = "{column: A, type: choice, values: {w: Closed Won}, max_length: 5}"

    assert sent("{column: A, type: integer, max_length: 3}", "   123   ") == "123"
    assert codes(result_of(f"  mx_Custom_1: {choice}\n", (GUID, "w", ""))) == [
        ("A", "over-max-length")
    ]


@pytest.mark.parametrize(
    "field",
    [
        "A",
        '{template: "{A}"}',
        "{column: A, type: choice, values: {won: Won}, otherwise: keep}",
    ],
)
@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (date(2024, 4, 2), "2024-04-02"),
        (datetime(2024, 4, 2, 12, 13, 44), "2024-04-02 12:13:44"),
        (datetime(2024, 4, 2), "2024-04-02 00:00:00"),
    ],
)
def test_an_excel_date_reads_the_same_wherever_text_is_wanted(
    field: str, cell: Cell, value: str
) -> None:
    assert sent(field, cell, source="{timezone: Asia/Kolkata}") == value


def test_an_excel_date_as_an_id_reads_as_text_too() -> None:
    update = result_of("  mx_Custom_1: A\n", (date(2024, 4, 2), "a", ""))

    assert isinstance(update, Update)
    assert (update.opportunity_id, update.id_kind) == ("2024-04-02", IdKind.AUTO_ID)


def test_a_date_is_never_shifted_by_a_zone() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Midway"):
        source = f"{{timezone: {zone}}}"
        for cell in ("2024-04-02", date(2024, 4, 2)):
            assert sent("{column: A, type: date}", cell, source=source) == "2024-04-02"


@pytest.mark.parametrize(
    ("keys", "cell", "value"),
    [
        ("timezone: Europe/Berlin", "2024-04-02 12:00:00", "2024-04-02 10:00:00"),
        ('time: "00:00"', "2024-04-02", "2024-04-01 18:30:00"),
        ('time: "00:00"', date(2024, 4, 2), "2024-04-01 18:30:00"),
        ('time: "00:00"', "2024-04-02 12:00:00", "2024-04-02 06:30:00"),
        ('time: "09:30", formats: ["%d.%m.%Y"]', "02.04.2024", "2024-04-02 04:00:00"),
    ],
)
def test_the_fields_own_zone_and_time_go_before_the_sheets(
    keys: str, cell: Cell, value: str
) -> None:
    field = f"{{column: A, type: datetime, {keys}}}"

    assert sent(field, cell, source="{timezone: Asia/Kolkata}") == value


def test_created_on_alone_is_short_for_a_datetime() -> None:
    update = result_of(
        "  CreatedOn: A\n", (GUID, "2024-04-02 12:00:00", ""), source="{timezone: Asia/Kolkata}"
    )

    assert isinstance(update, Update)
    assert update.fields == (("CreatedOn", "2024-04-02 06:30:00"),)


# ------------------------------------------------------------------ what is said of a refusal


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("{column: A, type: number}", "ten"),
        ("{column: A, type: integer}", "1.5"),
        ("{column: A, type: boolean}", "maybe"),
        ("{column: A, type: date}", "31/12/2024"),
        ("{column: A, type: datetime}", "noon"),
        ("{column: A, type: choice, values: {won: Won}}", "lost"),
    ],
)
def test_a_problem_names_column_value_field_and_what_to_do(field: str, cell: str) -> None:
    result = result_of(f"  mx_Custom_1: {field}\n", (GUID, cell, ""))

    assert isinstance(result, Rejected)
    (problem,) = result.problems
    assert (problem.column, problem.value) == ("A", cell)
    assert problem.reason.startswith(f'mx_Custom_1: "{cell}"')
    assert problem.advice.endswith(".")


def test_columns_that_do_not_exist_are_told_together_with_lines_and_the_nearest_name() -> None:
    text = """\
version: 1
opportunity: {type: 12000, id: Opportunity Id, note: "{Remraks}"}
fields:
  mx_Custom_1: Amuont
  mx_Custom_2: {template: "{First} {Last}"}
"""
    mapping = parse_mapping(text, name="deals.yaml")

    with pytest.raises(MappingError) as caught:
        compile_mapping(mapping, ("Opportunity Id", "Amount", "Remarks", "First"))

    said = str(caught.value)
    assert said.startswith('deals.yaml:2: the sheet has no column "Remraks"\n')
    assert 'Did you mean "Remarks"?' in said
    assert 'Line 4: there is no column "Amuont"' in said
    assert 'Line 5: there is no column "Last"' in said
    assert '"First"' in said.split("Its columns are ")[1]
