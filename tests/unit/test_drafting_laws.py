"""What holds for the draft of any sheet and any account at all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.drafting import draft
from migrator.drafting.telling import is_nameable
from migrator.mapping import Mapping, parse_mapping
from migrator.mapping.yaml_scalar import scalar
from migrator.mapping.yaml_text import read_yaml
from migrator.metadata import FieldInfo, TypeInfo, UserInfo
from tests.unit.drafts import answered, sheet, with_suggestions
from tests.unit.test_profile_laws import CELLS

STRANGE = st.sampled_from(
    [
        "no", "12:30", "a: b", " leading", "trailing ", "#hash", "a #b", "???", "mx_Custom_?",
        "- x", "{braces}", "[x]", "'single'", '"double"', "back\\slash", "tab\there", "line\nbreak",
        "null", "~", "&a", "*a", "!t", "%x", "@x", "`x`", "|", ">", "?", "? x", ":", "=", "<<",
        "1e5", "0x1f", "\ufeffmark", "\u2028line", "\x85next", "\ufffe", "naïve", "名前",
        "\U0001f600", "Status", "Owner", "Created", "Opportunity Id", "Remarks", "mx_Custom_1",
        "\u00a0",
    ]
)  # fmt: skip
NAMES = st.one_of(STRANGE, st.text(min_size=1, max_size=20)).filter(str.strip)
TYPES = st.sampled_from(
    ["String", "Number", "Boolean", "Date", "DateTime", "Dropdown", "Phone", "Email", "ActiveUsers",
     "AutoId", "", "CustomObject", "Whatever"]
)  # fmt: skip
TEXTS = st.one_of(STRANGE, st.text(max_size=12))


@st.composite
def columns(draw: st.DrawFn) -> dict[str, list]:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    rows = draw(st.integers(1, 8))
    few = draw(st.lists(CELLS, min_size=1, max_size=3))
    cells = st.one_of(st.sampled_from(few), CELLS, TEXTS)
    return {name: draw(st.lists(cells, min_size=rows, max_size=rows)) for name in names}


@st.composite
def accounts(draw: st.DrawFn, named: list[str]) -> TypeInfo:
    """A type whose fields are called as the columns are, or otherwise."""
    names = draw(st.lists(st.one_of(st.sampled_from(named), NAMES), max_size=6))
    fields = [
        FieldInfo(
            schema_name=f"mx_Custom_{number}",
            display_name=name,
            data_type=draw(TYPES),
            is_mandatory=draw(st.booleans()),
            is_read_only=draw(st.booleans()),
            is_multi_select=draw(st.booleans()),
            takes_others=draw(st.booleans()),
            options=draw(st.none() | st.lists(TEXTS, max_size=4).map(tuple)),
            max_length=draw(st.none() | st.integers(1, 300)),
        )
        for number, name in enumerate(names, 1)
    ]
    return TypeInfo(code=12000, name=draw(TEXTS), fields=tuple(fields))


def answered_mapping(text: str, first: str) -> Mapping:
    """The mapping that a person gets who takes every suggestion and answers every question."""
    whole = answered(with_suggestions(text), id_column=scalar(first))
    nothing = r"\nfields:\n(?: *(?:#.*)?\n)*\Z"
    whole = re.sub(nothing, "\nfields: {CreatedOn: {constant: x}}\n", whole)
    return parse_mapping(whole, name="deals.yaml")


def columns_in(mapping: Mapping) -> list[str]:
    found = [getattr(field, "column", None) for field in mapping.fields.values()]
    return [name for name in found if name is not None]


@pytest.mark.no_cover
@given(columns())
def test_without_an_account_every_column_is_suggested_exactly_once(cells: dict[str, list]) -> None:
    drafted = draft(sheet(cells))
    nameable = [name for name in cells if is_nameable(name)]

    mapping = answered_mapping(drafted.text, nameable[0] if nameable else "Id")

    asked = re.search(r"(?m)^  id: \?\?\?$", drafted.text) is not None
    ids = [] if asked else [mapping.opportunity.id.column]
    assert sorted([*columns_in(mapping), *ids]) == sorted(nameable)


@pytest.mark.no_cover
@given(st.data())
def test_with_an_account_every_column_stands_exactly_once(data: st.DataObject) -> None:
    cells = data.draw(columns())
    type_ = data.draw(accounts(list(cells)))
    users = data.draw(st.lists(TEXTS.map(lambda text: UserInfo(id=text, email=text)), max_size=3))
    drafted = draft(sheet(cells), code=12000, type_=type_, users=users)
    nameable = [name for name in cells if is_nameable(name)]

    mapping = answered_mapping(drafted.text, nameable[0] if nameable else "Id")

    asked = re.search(r"(?m)^  id: \?\?\?$", drafted.text) is not None
    ids = [] if asked else [mapping.opportunity.id.column]
    assert sorted([*columns_in(mapping), *ids]) == sorted(nameable)


@pytest.mark.no_cover
@given(st.data())
def test_a_mapped_column_has_the_name_of_its_field(data: st.DataObject) -> None:
    cells = data.draw(columns())
    type_ = data.draw(accounts(list(cells)))
    drafted = draft(sheet(cells), code=12000, type_=type_)
    read = read_yaml(drafted.text, name="deals.yaml").values["fields"]

    names = {field.schema_name: field for field in type_.fields}
    for schema_name, field in read.items() if isinstance(read, dict) else ():
        assert isinstance(field, dict)
        assert not names[schema_name].is_read_only
        letters = "".join(filter(str.isalnum, names[schema_name].display_name.casefold()))
        column = "".join(filter(str.isalnum, str(field["column"]).casefold()))
        assert sorted(column) == sorted(letters) or column == schema_name.casefold().replace(
            "_", ""
        )


@given(st.text().filter(lambda text: not re.search("[\x00\ud800-\udfff]", text)))
def test_any_text_is_written_so_that_it_loads_as_it_is(text: str) -> None:
    for line in (f"key: {scalar(text)}\n", f"key: {{inner: {scalar(text)}, more: x}}\n"):
        value = read_yaml(line, name="x").values["key"]
        assert value in (text, {"inner": text, "more": "x"})
    if text:
        assert read_yaml(f"{scalar(text)}: x\n", name="x").values == {text: "x"}


@pytest.mark.no_cover
@given(columns())
def test_every_line_but_those_of_the_language_is_a_comment(cells: dict[str, list]) -> None:
    text = draft(sheet(cells)).text

    ours = r" *#.*|version: 1|source:|opportunity:|fields:|  (?:timezone|type|id): .*|"
    assert [line for line in text.splitlines() if not re.fullmatch(ours, line)] == []
