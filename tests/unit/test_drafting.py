"""A draft says what the cells and the account prove, and asks the rest."""

import re
from datetime import datetime

import pytest

from migrator.drafting import draft
from migrator.errors import MappingError
from migrator.mapping import DateTime, parse_mapping
from migrator.metadata import UserInfo
from tests.unit.drafts import account, answered, field, sheet, with_suggestions

GUIDS = [f"5ca5b042-51ea-4699-86f0-00000000000{number}" for number in range(8)]


def lines_of(text: str, begin: str) -> list[str]:
    """The lines that begin so, without their indent."""
    return [line.strip() for line in text.splitlines() if line.strip().startswith(begin)]


# ------------------------------------------------------------------ questions


def test_day_first_is_written_when_one_cell_proves_it() -> None:
    text = draft(sheet({"Id": GUIDS[:2], "Closed": ["02/04/2024", "31/01/2024"]})).text

    assert '#   formats: ["%d/%m/%Y"]' in text
    assert "Day first: 1 cell proves it." in text


def test_month_first_is_written_when_one_cell_proves_it() -> None:
    text = draft(sheet({"Id": GUIDS[:2], "Closed": ["02/04/2024", "01/31/2024"]})).text

    assert '#   formats: ["%m/%d/%Y"]' in text


def test_the_order_of_day_and_month_is_asked_when_no_cell_tells() -> None:
    text = draft(sheet({"Id": GUIDS[:2], "Closed": ["02/04/2024", "05/05/2024"]})).text

    assert "#   formats: ???" in text
    assert 'Day first: formats: ["%d/%m/%Y"]' in text
    assert 'Month first: formats: ["%m/%d/%Y"]' in text


def test_the_order_is_asked_when_the_cells_contradict_each_other() -> None:
    text = draft(sheet({"Id": GUIDS[:2], "Closed": ["31/01/2024", "01/31/2024"]})).text

    assert "#   formats: ???" in text
    assert "1 can only be day first, 1 only month first" in " ".join(text.replace("#", "").split())


def test_an_open_question_of_a_mapped_field_is_refused_by_its_line() -> None:
    type_ = account(field("mx_Custom_8", "Closed", "Date"))
    drafted = draft(
        sheet({"Id": GUIDS[:2], "Closed": ["02/04/2024", "03/04/2024"]}), code=12000, type_=type_
    )

    with pytest.raises(MappingError) as refused:
        parse_mapping(drafted.text, name="deals.yaml")

    assert f"deals.yaml:{drafted.questions[0]}: fields.mx_Custom_8.formats" in str(refused.value)
    assert "open question" in str(refused.value)


def test_every_open_question_is_told_at_once_and_nothing_else() -> None:
    type_ = account(field("mx_Custom_1", "Name"))
    columns = {"Name": ["a", "b"], "At": [datetime(2024, 4, 2, 9, 30)] * 2}
    drafted = draft(sheet(columns), type_=type_)

    with pytest.raises(MappingError) as refused:
        parse_mapping(drafted.text, name="deals.yaml")

    assert len(drafted.questions) == 3
    assert str(refused.value).count("is an open question") == 3
    assert str(refused.value).count("deals.yaml:") == 3


def test_a_suggestion_taken_without_its_number_is_an_open_question_by_itself() -> None:
    text = draft(sheet({"Id": GUIDS[:2], "A": ["x", "y"], "B": ["x", "y"]}), code=12000).text

    with pytest.raises(MappingError) as refused:
        parse_mapping(text.replace("# mx_Custom_?", "mx_Custom_?"), name="deals.yaml")

    assert str(refused.value).count('"mx_Custom_?" is an open question') == 2
    assert "stands twice" not in str(refused.value)


def test_a_text_in_quotes_is_no_question() -> None:
    text = 'version: 1\nopportunity: {type: 1, id: "???"}\nfields: {mx_Custom_1: "???"}\n'

    mapping = parse_mapping(text, name="deals.yaml")

    assert mapping.opportunity.id.column == "???"


def test_the_zone_is_asked_where_times_have_none_and_only_there() -> None:
    times = sheet({"Id": GUIDS[:2], "At": ["2024-04-02 09:30", "2024-04-03 10:30"]})
    offsets = sheet({"Id": GUIDS[:2], "At": ["2024-04-02T09:30+0530", "2024-04-03T10:30+0530"]})
    days = sheet({"Id": GUIDS[:2], "At": ["2024-04-02", "2024-04-03"]})

    assert "timezone: ???" in draft(times).text
    assert "timezone: Asia/Kolkata" in draft(times, timezone="Asia/Kolkata").text
    assert "timezone" not in draft(offsets).text
    assert "timezone" not in draft(days).text


def test_days_for_a_field_of_times_ask_for_the_time() -> None:
    type_ = account(field("mx_Custom_8", "Closed", "DateTime"))
    drafted = draft(sheet({"Id": GUIDS[:2], "Closed": ["31/01/2024", "02/04/2024"]}), type_=type_)

    assert "time: ???" in drafted.text
    field_ = parse_mapping(answered(drafted.text), name="deals.yaml").fields["mx_Custom_8"]
    assert isinstance(field_, DateTime)


def test_a_rare_day_without_a_time_is_left_out_and_said() -> None:
    cells = [f"{day:02d}/01/2024 09:30" for day in range(1, 30)] + ["31/01/2024"]
    text = draft(sheet({"Id": GUIDS[:1] * 30, "At": cells})).text

    assert '#   formats: ["%d/%m/%Y %H:%M"]' in text
    assert "1 cell has no time of day" in text


# ------------------------------------------------------------------ the id


def test_the_one_column_of_guids_is_the_id() -> None:
    text = draft(sheet({"Deal": ["a", "b"], "Key": GUIDS[:2]})).text

    assert lines_of(text, "id:") == ["id: Key"]


def test_a_guid_of_a_lead_is_not_the_id() -> None:
    text = draft(sheet({"Prospect Id": GUIDS[:2], "Opportunity ID": GUIDS[2:4]})).text

    assert lines_of(text, "id:") == ["id: Opportunity ID"]


def test_several_columns_of_guids_are_a_question_that_names_them() -> None:
    text = draft(sheet({"Key": GUIDS[:2], "Other": GUIDS[2:4]})).text

    assert lines_of(text, "id:") == ["id: ???"]
    opportunity = text.partition("opportunity:")[2].partition("fields:")[0]
    assert '"Key"' in opportunity
    assert '"Other"' in opportunity


def test_the_column_called_as_the_types_counter_is_the_id() -> None:
    type_ = account(field("mx_Custom_20", "Opportunity Number", "AutoId", is_read_only=True))
    text = draft(sheet({"Opportunity number": ["4711", "4712"]}), type_=type_).text

    assert lines_of(text, "id:") == ["id: {column: Opportunity number, kind: auto_id}"]


# ------------------------------------------------------------------ names


def test_a_header_that_is_a_fields_name_is_mapped_whatever_its_case_and_punctuation() -> None:
    type_ = account(field("mx_Custom_6", "Expected Deal Size", "Number"))
    drafted = draft(sheet({"Id": GUIDS[:2], "expected_dealSize": ["1", "2"]}), type_=type_)

    assert drafted.mapped == 1
    assert (
        "  mx_Custom_6: {column: expected_dealSize, type: number, expect: Expected Deal Size}"
        in drafted.text
    )


def test_a_header_that_is_a_schema_name_is_mapped() -> None:
    type_ = account(field("mx_Custom_6", "Expected Deal Size", "Number"))
    drafted = draft(sheet({"Id": GUIDS[:2], "mx_Custom_6": ["1", "2"]}), type_=type_)

    assert drafted.mapped == 1


def test_a_like_name_is_only_suggested() -> None:
    type_ = account(field("mx_Custom_1", "Contract name"))
    drafted = draft(sheet({"Id": GUIDS[:2], "Contact name": ["a", "b"]}), type_=type_)

    assert drafted.mapped == 0
    assert "  # mx_Custom_1: {column: Contact name" in drafted.text
    assert 'Perhaps mx_Custom_1 "Contract name"' in drafted.text


def test_two_fields_of_one_name_are_not_mapped_but_suggested() -> None:
    type_ = account(field("mx_Custom_1", "Amount", "Number"), field("mx_Custom_2", "Amount"))
    drafted = draft(sheet({"Id": GUIDS[:2], "Amount": ["1", "2"]}), type_=type_)

    assert drafted.mapped == 0
    assert "  # mx_Custom_1: {column: Amount" in drafted.text


def test_a_schema_name_is_given_to_one_column_only() -> None:
    type_ = account(field("mx_Custom_1", "Stage"))
    text = draft(
        sheet({"Id": GUIDS[:2], "Stage": ["a", "b"], "Stages": ["c", "d"]}), type_=type_
    ).text

    assert text.count("mx_Custom_1:") == 1
    assert "  mx_Custom_1: {column: Stage," in text


def test_read_only_fields_are_never_mapped_and_are_listed() -> None:
    type_ = account(field("ModifiedOn", "Modified On", "DateTime", is_read_only=True))
    drafted = draft(sheet({"Id": GUIDS[:2], "Modified On": ["2024-04-02 09:30"] * 2}), type_=type_)

    assert drafted.mapped == 0
    assert 'Nothing can be written to: ModifiedOn "Modified On".' in drafted.text


def test_mandatory_fields_without_a_column_are_listed() -> None:
    type_ = account(field("mx_Custom_1", "Opportunity Name", is_mandatory=True))

    text = " ".join(draft(sheet({"Id": GUIDS[:2]}), type_=type_).text.replace("##", "").split())

    assert "mandatory, and no column fills them" in text
    assert 'mx_Custom_1 "Opportunity Name"' in text


def test_a_column_whose_values_are_a_fields_options_is_suggested_for_it() -> None:
    type_ = account(field("mx_Custom_3", "Source", "Dropdown", options=["Website", "Trade Fair"]))
    text = draft(
        sheet({"Id": GUIDS[:4], "Came by": ["website", "trade-fair"] * 2}), type_=type_
    ).text

    assert "  # mx_Custom_3:" in text
    assert "the values are its options" in text


def test_a_field_set_is_shown_with_its_members() -> None:
    members = [{"schema_name": "mx_CustomObject_1", "display_name": "Product: name"}]
    type_ = account(field("mx_Custom_13", "Products", "CustomObject", members=members))
    drafted = draft(sheet({"Id": GUIDS[:2], "Products": ["a", "b"]}), code=1, type_=type_)

    assert drafted.mapped == 0
    taken = re.sub(r"(?m)^  # (?!#)", "  ", drafted.text.partition("is a field set")[2])
    body = taken.partition("\n")[2].replace("???", "Products")
    whole = f"version: 1\nopportunity: {{type: 1, id: Id}}\nfields:\n{body}"
    mapping = parse_mapping(whole, name="deals.yaml")
    assert mapping.schema_names == ("mx_Custom_13~mx_CustomObject_1",)


# ------------------------------------------------------------------ values


STAGE = field("mx_Custom_2", "Stage", "Dropdown", options=["Won", "Closed Lost", "Invalid/ Junk"])


def test_values_that_differ_in_case_space_or_punctuation_are_mapped_to_their_option() -> None:
    cells = ["won ", "WON", "invalid/junk", "closed  lost"]
    drafted = draft(sheet({"Id": GUIDS[:4], "Stage": cells}), code=12000, type_=account(STAGE))

    values = parse_mapping(drafted.text, name="deals.yaml").fields["mx_Custom_2"].values  # type: ignore[union-attr]
    assert values == {
        "won": "Won",
        "WON": "Won",
        "invalid/junk": "Invalid/ Junk",
        "closed  lost": "Closed Lost",
    }


def test_a_value_without_an_option_is_a_comment_with_the_nearest() -> None:
    cells = ["Won", "Won", "lost", "banana"]
    text = draft(sheet({"Id": GUIDS[:4], "Stage": cells}), code=12000, type_=account(STAGE)).text

    assert "      # lost: Closed Lost" in text
    assert "      # banana: ???" in text
    assert "no option is near" in text


def test_a_column_without_any_option_is_an_open_question() -> None:
    drafted = draft(
        sheet({"Id": GUIDS[:4], "Stage": ["x", "y"] * 2}), code=12000, type_=account(STAGE)
    )

    assert len(drafted.questions) == 1
    assert "    values: ???" in drafted.text


def test_two_options_that_differ_in_case_only_are_both_named() -> None:
    source = field("mx_Custom_3", "Source", "Dropdown", options=["google_lp", "Google_lp", "Web"])
    text = draft(
        sheet({"Id": GUIDS[:4], "Source": ["GOOGLE_LP", "google_lp", "Web", "Web"]}),
        type_=account(source),
    ).text

    assert "      google_lp: google_lp" in text
    assert "# GOOGLE_LP: ???" in text
    assert '"google_lp" or "Google_lp"?' in text


def test_a_renamed_option_is_mapped_from_its_former_text() -> None:
    stage = field(
        "mx_Custom_2", "Stage", "Dropdown", options=["Proposal"], old_options={"Quote": "Proposal"}
    )
    text = draft(sheet({"Id": GUIDS[:2], "Stage": ["Quote"] * 2}), type_=account(stage)).text

    assert "      Quote: Proposal" in text
    assert "the option was renamed" in text


def test_users_who_are_unknown_or_inactive_are_named() -> None:
    users = [
        UserInfo(id=GUIDS[0], email="a@x.co"),
        UserInfo(id=GUIDS[1], email="b@x.co", is_active=False),
    ]
    text = draft(
        sheet({"Id": GUIDS[:3], "Owner": ["a@x.co", "b@x.co", "c@x.co"]}),
        type_=account(field("Owner", "Owner", "ActiveUsers")),
        users=users,
    ).text

    assert "beware: c@x.co: no user of the account." in text
    assert "beware: b@x.co: inactive." in text


# ------------------------------------------------------------------ without an account


@pytest.mark.parametrize(
    ("cells", "entry"),
    [
        (["1,234,567", "7"], "type: integer, grouping: western"),
        (["12,34,567.5", "7"], "type: number, grouping: indian"),
        (["1.234,50", "7,5"], 'type: number, decimal: ",", grouping: european'),
        (["007", "012"], "type: text"),
        (["yes", "No"], "type: boolean"),
        (["Y", "N"], 'type: boolean, true: ["Y"], false: ["N"]'),
        (["a@x.co", "b@x.co"], "type: email"),
        (["+91 85589 92559", "+91 85589 92560"], "type: phone"),
    ],
)
def test_the_type_is_what_the_cells_are(cells: list[str], entry: str) -> None:
    text = draft(sheet({"Id": GUIDS[:2], "Column": cells})).text

    assert f"  # mx_Custom_?: {{column: Column, {entry}}}" in text


def test_few_texts_that_occur_again_are_a_choice_with_counts() -> None:
    text = draft(sheet({"Id": GUIDS[:5], "Stage": ["won", "won ", "no", "won", "no"]})).text

    assert "  #     won: won    # 3 cells" in text
    assert '  #     "no": "no"  # 2 cells' in text


def test_addresses_of_persons_are_not_shown() -> None:
    text = draft(
        sheet(
            {"Id": GUIDS[:2], "Mail": ["asha@x.co", "ravi@x.co"], "Phone": ["+91 85589 92559"] * 2}
        )
    ).text

    assert "asha" not in text
    assert "85589" not in text


def test_the_suggestions_taken_and_the_questions_answered_are_a_mapping() -> None:
    columns = {
        "Id": GUIDS[:4],
        "Stage": ["won", "lost"] * 2,
        "Closed": ["02/04/2024"] * 4,
        "Created": ["2024-04-02 10:00:00"] * 4,
        "Amount": ["1,234", "5"] * 2,
    }
    text = answered(with_suggestions(draft(sheet(columns)).text))

    mapping = parse_mapping(text, name="deals.yaml")

    assert [field_.column for field_ in mapping.fields.values()] == list(columns)[1:]  # type: ignore[union-attr]
    assert "CreatedOn" in mapping.fields
