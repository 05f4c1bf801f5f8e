"""Field sets: nested on the way out, flat inside, and a JSON text on the way in."""

import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from migrator.compare import same_value
from migrator.field_sets import flat, in_set, nested, path_of
from migrator.leadsquared import read_details, update_request
from migrator.mapper import map_row
from migrator.mapping import parse_mapping
from migrator.model import Details, FieldValue, Reply, SourceRow, Update

GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  mx_Custom_13:
    fields:
      mx_CustomObject_1: A
      mx_CustomObject_2: {column: B, type: number, blank: clear}
  mx_Custom_1: A
"""


def update_of(a: str, b: str) -> Update:
    row = SourceRow("a.csv", "", 2, 2, ("Id", "A", "B"), (GUID, a, b))
    update = map_row(row, parse_mapping(MAPPING, name="m.yaml"))
    assert isinstance(update, Update), update
    return update


def test_members_are_fields_of_their_own_and_travel_in_their_set() -> None:
    update = update_of("Pune", "")

    body = orjson.loads(update_request(GUID, "", update.fields).body)

    assert [field.schema_name for field in update.fields] == [
        "mx_Custom_13~mx_CustomObject_1",
        "mx_Custom_13~mx_CustomObject_2",
        "mx_Custom_1",
    ]
    assert body["Fields"] == [
        {
            "SchemaName": "mx_Custom_13",
            "Value": "",
            "Fields": [
                {"SchemaName": "mx_CustomObject_1", "Value": "Pune"},
                {"SchemaName": "mx_CustomObject_2", "Value": ""},
            ],
        },
        {"SchemaName": "mx_Custom_1", "Value": "Pune"},
    ]


def test_a_set_whose_members_are_all_blank_is_not_sent() -> None:
    text = MAPPING.replace(", blank: clear", "")
    row = SourceRow("a.csv", "", 2, 2, ("Id", "A", "B"), (GUID, "", ""))

    update = map_row(row, parse_mapping(text, name="m.yaml"))

    assert isinstance(update, Update)
    assert update.fields == ()


def test_what_is_read_back_compares_with_what_was_sent() -> None:
    stored = json.dumps({"mx_CustomObject_1": "Pune", "mx_CustomObject_2": "5.000"})
    content = {"ID": GUID, "Fields": [{"SchemaName": "mx_Custom_13", "Value": stored}]}

    details = read_details(Reply(status=200, body=json.dumps(content).encode()))

    assert isinstance(details, Details)
    for name, value in update_of("Pune", "5").fields[:2]:
        assert same_value(value, details.values[name])


def test_a_text_that_only_looks_like_a_set_stays_a_text() -> None:
    for text in ("{curly}", '{"a": 1}', "{}", "[1]", '{"mx_CustomObject_1": 1, "b": 2}'):
        assert flat({"mx_Custom_1": text}) == {"mx_Custom_1": text}


MEMBERS = st.dictionaries(
    st.integers(1, 60).map(lambda number: f"mx_CustomObject_{number}"), st.text(), min_size=1
)


@given(sets=st.dictionaries(st.sampled_from(["mx_Custom_3", "mx_Custom_13"]), MEMBERS, max_size=2))
def test_every_member_comes_back_as_it_was_sent(sets: dict[str, dict[str, str]]) -> None:
    sent = [
        FieldValue(path_of(name, member), value)
        for name, members in sets.items()
        for member, value in members.items()
    ]
    listed = nested([FieldValue("Status", "Won"), *sent])
    stored = {
        str(one["SchemaName"]): json.dumps(
            {member["SchemaName"]: member["Value"] for member in one["Fields"]}  # type: ignore[attr-defined]
        )
        for one in listed[1:]
    }

    found = flat(stored)

    assert listed[0] == {"SchemaName": "Status", "Value": "Won"}
    assert {name: found[name] for name, _ in sent} == dict(sent)
    assert [in_set(name) for name, _ in sent] == [
        (name, member) for name, members in sets.items() for member in members
    ]


def test_a_member_is_found_by_its_path_and_stands_on_its_own_line() -> None:
    mapping = parse_mapping(MAPPING, name="m.yaml")

    assert mapping.schema_names[0] == "mx_Custom_13~mx_CustomObject_1"
    assert mapping.line_of("fields", "mx_Custom_13~mx_CustomObject_2") == 7
    assert mapping.line_of("fields", "mx_Custom_13~mx_CustomObject_2", "column") == 7
