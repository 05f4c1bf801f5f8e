"""Which opportunity a row means: exactly one, or none at all; never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.lookups import Answer, Fate, Found, LeadKey, as_guid, decide, lead_key

ONE, TWO = "5ca5b042-51ea-4699-86f0-000000000001", "5ca5b042-51ea-4699-86f0-000000000002"
LEAD = "1ead0000-0000-4000-8000-000000000001"


def found(guid: str = ONE, **values: str) -> Found:
    return Found(guid=guid, values=values)


def listed(*opportunities: Found) -> Answer:
    return Answer(found=opportunities)


def test_the_only_one_is_the_row_s() -> None:
    decision = decide(listed(found()))

    assert (decision.fate, decision.guid) == (Fate.FOUND, ONE)


def test_of_several_none_is_guessed_and_all_are_told() -> None:
    decision = decide(listed(found(ONE, Status="Open"), found(TWO, Status="Won")))

    assert (decision.fate, decision.guid) == (Fate.SEVERAL, "")
    assert decision.told == f'several: {ONE} (Status "Open"); {TWO} (Status "Won")'


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("50,000", "50000.000"),
        ("2024-04-02", "4/2/2024 12:00:00 AM"),
        ("2024-04-02 12:13:44", "/Date(1712060024000+0000)/"),
        (" Acme pumps ", "Acme pumps"),
        ("TRUE", "1"),
        ("", ""),
    ],
)
def test_a_field_agrees_by_its_meaning(cell: str, value: str) -> None:
    two = listed(found(ONE, mx_Custom_6=value), found(TWO, mx_Custom_6="another"))

    assert decide(two, wanted=[("mx_Custom_6", cell)]).guid == ONE


@pytest.mark.parametrize(("cell", "value"), [("", "Acme"), ("acme", "Acme"), ("007", "7")])
def test_a_field_that_does_not_agree_leaves_even_the_only_one_out(cell: str, value: str) -> None:
    decision = decide(listed(found(mx_Custom_1=value)), wanted=[("mx_Custom_1", cell)])

    assert (decision.fate, decision.guid) == (Fate.NONE, "")
    assert decision.told == f'none agrees: {ONE} (mx_Custom_1 "{value}")'


def test_all_fields_have_to_agree() -> None:
    two = listed(found(ONE, a="1", b="2"), found(TWO, a="1", b="3"))

    assert decide(two, wanted=[("a", "1"), ("b", "3")]).guid == TWO


def test_a_field_that_is_not_shown_agrees_with_nothing() -> None:
    assert decide(listed(found(Status="Open")), wanted=[("mx_Cusom_6", "")]).fate is Fate.NONE


def test_an_id_in_the_row_that_is_not_listed_is_kept_and_said() -> None:
    decision = decide(listed(found(ONE)), own=TWO)

    assert (decision.fate, decision.guid) == (Fate.DIFFERS, "")
    assert decision.told == f"the id in the row is kept; found was: {ONE}"


def test_an_id_in_the_row_decides_among_several() -> None:
    decision = decide(listed(found(ONE), found(TWO)), own=f"{{{TWO.upper()}}}")

    assert (decision.fate, decision.told) == (Fate.FOUND, "found (one of 2, chosen in the sheet)")


def test_an_id_in_the_row_is_kept_where_nothing_is_found_and_needs_a_look() -> None:
    assert decide(listed(), own=ONE).fate is Fate.NONE


def test_what_leadsquared_did_not_tell_is_neither_none_nor_found() -> None:
    decision = decide(Answer(problem="HTTP 500 MXSomething: no"))

    assert (decision.fate, decision.told) == (Fate.UNCLEAR, "not told: HTTP 500 MXSomething: no")


def test_a_long_list_is_cut() -> None:
    many = listed(*(found(f"{number:032}") for number in range(40)))

    assert decide(many).told.endswith("; and 30 more")


@pytest.mark.parametrize(
    "cell", [LEAD, LEAD.upper(), f"{{{LEAD}}}", f' "{LEAD}" ', f"\u201c{LEAD}\u201d\xa0"]
)
def test_a_lead_id_is_read_in_every_form_that_spreadsheets_give_it(cell: str) -> None:
    assert lead_key("", cell) == LeadKey("", LEAD)


@pytest.mark.parametrize("cell", ["", "  ", "4711", LEAD[:-1], "N/A"])
def test_what_is_no_lead_id_is_not_asked_for(cell: str) -> None:
    assert isinstance(lead_key("", cell), str)


def test_the_value_of_a_lead_field_is_taken_as_it_is() -> None:
    assert lead_key("Phone", " +91-0900 ") == LeadKey("Phone", "+91-0900")


GUIDS = st.uuids().map(str)
FOUND = st.builds(
    Found,
    guid=GUIDS,
    values=st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "1.0", "x", ""])),
)


@given(
    answer=st.builds(Answer, found=st.lists(FOUND, max_size=4).map(tuple)),
    wanted=st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["1", "x", ""])), max_size=2
    ),
)
def test_a_row_gets_an_id_only_where_one_alone_agrees(
    answer: Answer, wanted: list[tuple[str, str]]
) -> None:
    decision = decide(answer, wanted=wanted)

    same = {"1": {"1", "1.0"}, "x": {"x"}, "": {""}}
    agreeing = [
        one.guid
        for one in answer.found
        if all(one.values.get(name) in same[cell] for name, cell in wanted)
    ]
    assert (decision.fate is Fate.FOUND) == (len(agreeing) == 1)
    assert decision.guid == (agreeing[0] if len(agreeing) == 1 else "")


@given(answer=st.builds(Answer, found=st.lists(FOUND, max_size=4).map(tuple)), own=st.text())
def test_an_id_that_the_row_has_is_never_changed(answer: Answer, own: str) -> None:
    decision = decide(answer, own=own or ONE)

    assert decision.guid == ""


@given(st.text())
def test_any_text_is_a_guid_or_is_none(text: str) -> None:
    assert as_guid(text) in ("", as_guid(as_guid(text)))
