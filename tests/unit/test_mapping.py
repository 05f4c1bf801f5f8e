"""Mapping files at their edges: keys, tags, short forms, templates, and the reference's example."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import ExitCode, MappingError
from migrator.mapping import (
    Constant,
    DateTime,
    Mapping,
    Piece,
    Template,
    Text,
    columns_of,
    parse_mapping,
    parse_template,
)

ROOT = Path(__file__).parents[2]
HEAD = "version: 1\nopportunity: {type: 12000, id: Id}\nfields:\n"


def fields_of(fields: str) -> Mapping:
    return parse_mapping(HEAD + fields, name="deals.yaml")


def refusal(text: str) -> str:
    """What is said of a mapping that is refused."""
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, name="deals.yaml")
    assert caught.value.exit_code is ExitCode.MAPPING
    return str(caught.value)


# ------------------------------------------------------------------ short forms


def test_a_column_alone_is_short_for_a_text() -> None:
    short, long = (
        fields_of("  mx_Custom_6: Amount\n"),
        fields_of("  mx_Custom_6: {column: Amount, type: text}\n"),
    )

    assert short.fields["mx_Custom_6"] == long.fields["mx_Custom_6"] == Text(column="Amount")
    assert short.digest == long.digest


def test_created_on_alone_is_short_for_a_datetime() -> None:
    field = fields_of("  CreatedOn: Created\n").fields["CreatedOn"]

    assert field == DateTime(type="datetime", column="Created")


def test_an_id_alone_is_short_for_a_column_of_any_kind() -> None:
    long = "version: 1\nopportunity: {type: 12000, id: {column: Id, kind: any}}\nfields:\n"

    assert parse_mapping(f"{long}  mx_Custom_1: A\n", name="m").opportunity.id == (
        fields_of("  mx_Custom_1: A\n").opportunity.id
    )


# ------------------------------------------------------------------ what the loader refuses


@pytest.mark.parametrize("tag", ["!!str", "!!int", "!!binary", "!mine", "!", "!!python/name:os"])
def test_every_tag_is_refused_at_its_line(tag: str) -> None:
    said = refusal(f"{HEAD}  mx_Custom_1: A\n  mx_Custom_2: {{constant: {tag} x}}\n")

    assert said.startswith("deals.yaml:5: ")
    assert "tag" in said


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("version: 1\nversion: 1\nopportunity: {type: 1, id: I}\nfields: {A1: A}\n", 2, "version"),
        ("version: 1\nopportunity: {type: 1, id: I, type: 2}\nfields: {A1: A}\n", 2, "type"),
        (f"{HEAD}  mx_Custom_1: A\n  mx_Custom_1: B\n", 5, "mx_Custom_1"),
        (f"{HEAD}  mx_Custom_1: {{column: A, type: choice, values: {{a: x, a: y}}}}\n", 4, "a"),
    ],
)
def test_a_key_that_stands_twice_is_refused_at_every_level(text: str, line: int, key: str) -> None:
    said = refusal(text)

    assert said.startswith(f"deals.yaml:{line}: ")
    assert key in said
    assert "keep one" in said


@pytest.mark.parametrize(
    ("text", "line", "nearest"),
    [
        ("version: 1\nsorce: {}\nopportunity: {type: 1, id: I}\nfields: {A1: A}\n", 2, "source"),
        (
            "version: 1\nsource: {timezon: UTC}\nopportunity: {type: 1, id: I}\nfields: {A1: A}\n",
            2,
            "timezone",
        ),
        ("version: 1\nopportunity: {type: 1, id: I, note_: x}\nfields: {A1: A}\n", 2, "note"),
        (
            "version: 1\nopportunity: {type: 1, id: {column: I, kid: any}}\nfields: {A1: A}\n",
            2,
            "kind",
        ),
        (f"{HEAD}  mx_Custom_1: {{column: A, requird: true}}\n", 4, "required"),
        (f"{HEAD}  mx_Custom_1: {{column: A, type: number, groupng: indian}}\n", 4, "grouping"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(text: str, line: int, nearest: str) -> None:
    said = refusal(text)

    assert said.startswith(f"deals.yaml:{line}: ")
    assert f'Did you mean "{nearest}"?' in said


def test_every_fault_of_a_file_is_told_with_its_own_line() -> None:
    said = refusal(
        f"{HEAD}  mx_Custom_1: {{column: A, type: nummber}}\n"
        "  mx_Custom_2: {column: B, blank: never}\n"
        "  mx_Custom_3: {column: C, type: datetime, timezone: Asia/Kolkatta}\n"
    )

    assert re.findall(r"^deals\.yaml:(\d+): ", said, re.MULTILINE) == ["4", "5", "6"]


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("type: number, formats: ['%d/%m/%Y']", "formats"),
        ("type: date, timezone: UTC", "timezone"),
        ("type: date, time: '09:00'", "time"),
        ("type: text, values: {a: b}", "values"),
        ("type: boolean, grouping: western", "grouping"),
        ("type: choice, values: {a: b}, nonexistent: forward", "nonexistent"),
    ],
)
def test_a_key_of_another_type_is_refused_and_its_owners_named(field: str, key: str) -> None:
    said = refusal(f"{HEAD}  mx_Custom_1: {{column: A, {field}}}\n")

    assert f'deals.yaml:4: "{key}" does not belong to' in said
    assert "It belongs to: " in said


# ------------------------------------------------------------------ templates


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        ("", ()),
        ("a", (Piece("a", ""),)),
        ("{A}", (Piece("", "A"),)),
        ("{{{A}}}", (Piece("{", ""), Piece("", "A"), Piece("}", ""))),
        ("{{A}}", (Piece("{A}", ""),)),
    ],
)
def test_a_doubled_brace_is_a_brace(template: str, pieces: tuple[Piece, ...]) -> None:
    assert parse_template(template) == pieces


@given(text=st.text())
def test_any_text_with_its_braces_doubled_is_that_text(text: str) -> None:
    pieces = parse_template(text.replace("{", "{{").replace("}", "}}"))

    assert "".join(piece.text for piece in pieces) == text
    assert not list(columns_of(pieces))


def test_constant_and_template_need_no_type() -> None:
    fields = fields_of(
        '  mx_Custom_1: {constant: "{A}"}\n  mx_Custom_2: {template: "{A}"}\n'
    ).fields

    assert fields["mx_Custom_1"] == Constant(constant="{A}")
    assert fields["mx_Custom_2"] == Template(template="{A}")


# ------------------------------------------------------------------ the reference


def test_the_reference_shows_a_mapping_that_is_read() -> None:
    page = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    assert examples
    for example in examples:
        assert parse_mapping(example, name="mapping.md").schema_names


def test_the_reference_names_every_key_and_type() -> None:
    page = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    words = "text number integer boolean date datetime choice sheet timezone header_row encoding"
    words += " delimiter quote escape type id note blank required max_length otherwise formats"
    words += " nonexistent time"

    assert [word for word in words.split() if not re.search(rf"`[^`\n]*\b{word}\b", page)] == []
