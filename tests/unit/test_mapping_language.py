"""The mapping language: what is read, what is refused, and where the message points."""

import pytest

from migrator.errors import MappingError
from migrator.mapping import Mapping, parse_mapping

WORKED = """\
version: 1
source: {sheet: Deals, timezone: Asia/Kolkata}
opportunity:
  type: 12000
  id: Opportunity Id
  note: "Migrated from the old CRM: {Remarks}"
fields:
  mx_Custom_6: Amount
  mx_Custom_7: {column: Discount, type: number, grouping: indian}
  mx_Custom_2: {column: Stage, type: choice, values: {won: Closed Won}, otherwise: error}
  mx_Custom_8: {column: Closing, type: datetime, formats: ["%d/%m/%Y %H:%M"]}
  mx_Custom_9: {constant: Old CRM}
  mx_Custom_10: {template: "{First name} {Last name}"}
  CreatedOn: Created
"""


def mapping_of(fields: str = "  mx_Custom_1: A\n", *, head: str = "") -> Mapping:
    start = "version: 1\nopportunity: {type: 12000, id: Id}\n"
    return parse_mapping(f"{start}{head}fields:\n{fields}", name="deals.yaml")


def refusal(text: str) -> str:
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, name="deals.yaml")
    return str(caught.value)


def refused_field(field: str, *, head: str = "") -> str:
    with pytest.raises(MappingError) as caught:
        mapping_of(f"  mx_Custom_1: {field}\n", head=head)
    return str(caught.value)


def test_the_worked_mapping_is_read_in_its_order() -> None:
    mapping = parse_mapping(WORKED, name="deals.yaml")

    assert mapping.schema_names == (
        *(f"mx_Custom_{number}" for number in (6, 7, 2, 8, 9, 10)),
        "CreatedOn",
    )
    assert mapping.opportunity.type == 12000
    assert mapping.source.timezone == "Asia/Kolkata"
    assert mapping.line_of("fields", "mx_Custom_9") == 12


def test_layout_and_comments_do_not_change_the_digest_but_content_does() -> None:
    mapping = parse_mapping(WORKED, name="deals.yaml")
    spaced = parse_mapping(f"# a comment\n{WORKED}\n", name="deals.yaml")
    changed = parse_mapping(WORKED.replace("Old CRM}", "New CRM}"), name="deals.yaml")

    assert mapping.digest == spaced.digest
    assert mapping.digest != changed.digest


def test_the_order_of_fields_is_content() -> None:
    one = mapping_of("  mx_Custom_1: A\n  mx_Custom_2: B\n")
    other = mapping_of("  mx_Custom_2: B\n  mx_Custom_1: A\n")

    assert one.digest != other.digest


@pytest.mark.parametrize("text", ["no", "12:30", "0123", "1e5", "null", "2024-04-02", "~", "yes"])
def test_a_constant_is_the_text_that_stands_there(text: str) -> None:
    field = mapping_of(f"  mx_Custom_1: {{constant: {text}}}\n").fields["mx_Custom_1"]

    assert field.constant == text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("opportunity:", "oportunity:", "deals.yaml:3", 'Did you mean "opportunity"'),
        ("version: 1", "version: 2", "deals.yaml:1", "version"),
        ("version: 1\n", "", "deals.yaml:1", '"version" is missing'),
        ("type: 12000", "type: many", "deals.yaml:4", "many"),
        ("Asia/Kolkata", "Asia/Kolkatta", "deals.yaml:2", 'Did you mean "Asia/Kolkata"'),
        ("type: number", "type: nummber", "deals.yaml:9", 'Did you mean "number"'),
        ("grouping: indian", "grouping: Indian", "deals.yaml:9", '"indian"'),
        ("otherwise: error", "otherwise: drop", "deals.yaml:10", '"keep"'),
        ("column: Discount, ", "", "deals.yaml:9", '"column" is missing'),
        ("values: {won: Closed Won}, ", "", "deals.yaml:10", '"values" is missing'),
        ("{constant: Old CRM}", "{constant: Old CRM, blank: skip}", "deals.yaml:12", "blank"),
        ("CreatedOn: Created", "ModifiedOn: Created", "deals.yaml:14", "ModifiedOn"),
        ("mx_Custom_9:", "mx_Custom_6:", "deals.yaml:12", "mx_Custom_6"),
        ("mx_Custom_9:", "MX_custom_6:", "deals.yaml:12", "mx_Custom_6"),
        ("{First name}", "{First name", "deals.yaml:13", "brace"),
        ("{First name}", "{}", "deals.yaml:13", "braces"),
        ('"{First name} {Last name}"', "{First name: x}", "deals.yaml:13", "quotes"),
        ("Old CRM}", "!!python/object:os.system Old}", "deals.yaml:12", "tag"),
        ("%d/%m/%Y %H:%M", "%d/%m %H:%M", "deals.yaml:11", "year, month and day"),
        ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M %Z", "deals.yaml:11", "%Z"),
        ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M %p", "deals.yaml:11", "%I"),
        ("%d/%m/%Y %H:%M", "%d/%d/%Y %H:%M", "deals.yaml:11", "more than once"),
        ("fields:", "fields: [", "deals.yaml:", ""),
    ],
)
def test_a_fault_is_named_with_its_line_and_what_to_do(
    old: str, new: str, place: str, words: str
) -> None:
    assert old in WORKED

    text = refusal(WORKED.replace(old, new, 1))

    assert place in text
    assert words in text
    assert "\n  " in text


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = refusal(
        WORKED.replace("opportunity:", "oportunity:").replace("version: 1", "version: 7")
    )

    assert "deals.yaml:1" in text
    assert "version" in text


def test_an_empty_file_and_a_list_are_refused() -> None:
    assert "empty" in refusal("")
    assert "keys" in refusal("- a\n- b\n")
    assert "---" in refusal(f"{WORKED}---\nversion: 1\n")


def test_a_flood_of_aliases_is_refused() -> None:
    fields = "  mx_Custom_1: {column: A, type: choice, values: &shared {a: b}}\n"
    fields += "".join(
        f"  mx_Custom_{number}: {{column: A, type: choice, values: *shared }}\n"
        for number in range(2, 60)
    )
    with pytest.raises(MappingError, match="alias"):
        mapping_of(fields)


def test_formats_without_a_zone_and_without_an_offset_are_refused() -> None:
    assert "time zone" in refused_field('{column: A, type: datetime, formats: ["%d/%m/%Y %H:%M"]}')
    with_offset = '  mx_Custom_1: {column: A, type: datetime, formats: ["%d/%m/%Y %H:%M %z"]}\n'
    with_zone = (
        "  mx_Custom_1: {column: A, type: datetime, timezone: Asia/Kolkata,"
        ' formats: ["%d/%m/%Y %H:%M"]}\n'
    )
    assert mapping_of(with_offset).fields
    assert mapping_of(with_zone).fields


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("{column: A, required: true, blank: clear}", "contradict"),
        ("{column: A, required: perhaps}", "perhaps"),
        ("{column: A, max_length: long}", "long"),
        ("{constant: abcdef, max_length: 3}", "max_length"),
        ("{column: A, type: choice, values: {}}", "no values"),
        ('{column: A, type: choice, values: {"a": x, " a": y}}', "white space"),
        ('{column: A, type: choice, values: {" ": x}}', "blank"),
        ('{column: A, type: datetime, time: "25:00"}', "25:00"),
        ('{column: A, type: date, formats: ["%d/%m/%Y %z"]}', "offset"),
        ("{column: A, type: text, grouping: indian}", "does not belong"),
        ("[A, B]", "field"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(field: str, words: str) -> None:
    assert words in refused_field(field)


def test_a_mapping_that_sends_nothing_is_refused() -> None:
    assert "sends nothing" in refusal("version: 1\nopportunity: {type: 12000, id: Id}\n")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{encoding: klingon}", "klingon"),
        ('{delimiter: ";;"}', "delimiter"),
        ("{header_row: 0}", "header_row"),
        ('{quote: "ab"}', "ab"),
        ("{quote: a}", "no quote"),
        ('{escape: "\\n"}', "no escape"),
        ("{escape: none}", "no escape"),
        ("{escape: '\"'}", "different characters"),
        ("{delimiter: '|', quote: '|'}", "different characters"),
    ],
)
def test_a_source_that_cannot_be_is_refused(source: str, words: str) -> None:
    with pytest.raises(MappingError, match=words):
        mapping_of(head=f"source: {source}\n")


@pytest.mark.parametrize(
    ("source", "quote", "escape", "header_row"),
    [
        ("{sheet: Deals}", None, None, None),
        ("{quote: none, header_row: 1}", "none", None, 1),
        ("{quote: \"'\", escape: '\\'}", "'", "\\", None),
        ("{escape: \\}", None, "\\", None),
    ],
)
def test_quote_escape_and_header_row_are_as_they_are_written(
    source: str, quote: str | None, escape: str | None, header_row: int | None
) -> None:
    found = mapping_of(head=f"source: {source}\n").source

    assert (found.quote, found.escape, found.header_row) == (quote, escape, header_row)
