"""Phones, e-mail addresses, users, lists of choices and declared words."""

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from migrator.convert import Refused, by_email, conversion
from migrator.mapping import ColumnField
from migrator.metadata import UserInfo

FIELDS: TypeAdapter[ColumnField] = TypeAdapter(ColumnField)
GUID = "4195df09-b7f0-59da-aa07-64a1dcbe1ce6"
USERS = {"Asha@example.com": GUID, "vikram@example.com": GUID.replace("4", "5")}


def converted(text: str, **declared: object) -> str | Refused:
    field = FIELDS.validate_python({"column": "A"} | declared)
    return conversion(field, timezone=None, users=USERS)(text)


def refused(text: str, **declared: object) -> Refused:
    found = converted(text, **declared)
    assert isinstance(found, Refused), found
    return found


# ------------------------------------------------------------------ phones


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("9000000000", "+91-9000000000"),
        ("09000000000", "+91-9000000000"),
        ("0091 90000-00000", "+91-9000000000"),
        ("+91 (90000) 00000", "+91-9000000000"),
        ("919000000000", "+91-9000000000"),
        ("+44 (0)20 7946 0958", "+44-2079460958"),
        ("+39 06 6982", "+39-066982"),
        ("+1 650-253-0000", "+1-6502530000"),
    ],
)
def test_a_phone_number_is_sent_as_leadsquared_stores_it(text: str, sent: str) -> None:
    assert converted(text, type="phone", region="IN") == sent
    assert converted(text, type="phone", region="IN", form="e164") == sent.replace("-", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("90000", "too short"),
        ("900000", "lacks its area code"),
        ("+91 90000 00000 00000", "too long"),
        ("+999 12345678", "no country code"),
        ("call me", "is not a phone number"),
        ("1800 FLOWERS", "is not a phone number"),
        ("9000000000 ext 12", "extension"),
        ("9000000000x12", "extension"),
        ("9000000000;ext=12", "extension"),
        ("9000000000 / 9000000001", "more than one number"),
        ("9000000000, 9000000001", "more than one number"),
        ("+91 1111111111", "gives out"),
        ("٩٠٠٠٠٠٠٠٠٠", "is not a phone number"),
        ("+", "is not a phone number"),
    ],
)
def test_a_wrong_phone_number_is_refused_with_what_is_wrong(text: str, words: str) -> None:
    assert words in refused(text, type="phone", region="IN").reason


def test_a_number_without_its_country_needs_a_region() -> None:
    assert "region: IN" in refused("9000000000", type="phone").advice
    assert converted("+919000000000", type="phone") == "+91-9000000000"


@given(
    region=st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    kind=st.sampled_from(
        [phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE]
    ),
    form=st.sampled_from(["leadsquared", "e164"]),
)
def test_a_number_of_every_country_comes_back_from_every_way_of_writing_it(
    region: str, kind: int, form: str
) -> None:
    number = phonenumbers.example_number_for_type(region, kind)
    if number is None:
        return
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    forms = (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    texts = [e164, *(phonenumbers.format_number(number, each) for each in forms)]

    for text in texts:
        found = converted(text, type="phone", region=region, form=form)
        assert isinstance(found, str), found
        assert found.replace("-", "") == e164
        # What is sent reads as itself.
        assert converted(found, type="phone", form=form) == found


# ------------------------------------------------------------------ e-mail


@pytest.mark.parametrize(
    "text", ["asha@example.com", "A.B+c@Example.COM", "अनिता@example.com", "a@bücher.de"]
)
def test_an_address_is_sent_as_it_stands(text: str) -> None:
    assert converted(f" {text}\u00a0", type="email") == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("asha", "@"),
        ("asha@example", "period"),
        ("asha@example..com", ""),
        ("asha@@example.com", ""),
        ("asha@example.com; b@example.com", "more than one"),
        ("a@example.com b@example.com", "more than one"),
        ("Asha <asha@example.com>", ""),
        (".a@example.com", ""),
        ("a@localhost", ""),
    ],
)
def test_what_is_no_address_is_refused(text: str, words: str) -> None:
    assert words in refused(text, type="email").reason


PARTS = st.text(st.sampled_from("abZ09.-_+'@ é"), max_size=70)


@given(
    local=PARTS, domain=PARTS | st.sampled_from(["example.com", "gmail.com", "localhost", "a.test"])
)
def test_the_short_way_for_plain_names_agrees_with_the_library(local: str, domain: str) -> None:
    text = f"{local}@{domain}".strip()
    try:
        validate_email(text, check_deliverability=False)
        is_good = True
    except EmailNotValidError:
        is_good = False

    assert (converted(text, type="email") == text) is is_good


# ------------------------------------------------------------------ users


def test_a_user_is_found_by_address_in_any_case_and_a_guid_passes() -> None:
    assert converted(" ASHA@example.com ", type="user") == GUID
    assert converted(GUID.upper(), type="user") == GUID.upper()


def test_nobodys_address_is_refused_with_near_ones() -> None:
    found = refused("asha@exmaple.com", type="user")

    assert found.fault == "not-a-user"
    assert "Near: asha@example.com." in found.advice


def test_an_inactive_user_is_not_among_the_users() -> None:
    people = [
        UserInfo(id=GUID, email="asha@example.com"),
        UserInfo(id="2", email="leena@example.com", is_active=False),
        UserInfo(id="3"),
    ]

    assert by_email(people) == {"asha@example.com": GUID}


# ------------------------------------------------------------------ several of a list


@pytest.mark.parametrize(
    ("text", "declared", "sent"),
    [
        ("a; b ;a;; c", {}, "a;b;c"),
        ("a|b", {"separator": "pipe", "joined_by": ","}, "a,b"),
        ("a\nb", {"separator": "newline"}, "a;b"),
        ("x, y", {"separator": ", ", "values": {"x": "One", "y": "Two"}}, "One;Two"),
        ("x;z", {"values": {"x": "One"}, "otherwise": "keep"}, "One;z"),
        ("x;z", {"values": {"x": "One"}, "otherwise": "blank"}, "One"),
        ("x;y", {"values": {"x": "One", "y": "One"}}, "One"),
        (";;", {}, ""),
    ],
)
def test_parts_are_trimmed_mapped_kept_once_and_joined(
    text: str, declared: dict[str, object], sent: str
) -> None:
    assert converted(text, type="choices", **declared) == sent


def test_a_part_that_is_not_among_the_values_refuses_the_cell() -> None:
    found = refused("x;X", type="choices", values={"x": "One"})

    assert '"X" is not among the values' in found.reason
    assert 'differs from "x" only in case' in found.advice


def test_a_part_that_holds_what_joins_them_is_refused() -> None:
    assert "joined" in refused("a;b, c;d", type="choices", separator=",").reason


# ------------------------------------------------------------------ words for yes and no


def test_declared_words_replace_the_usual_ones() -> None:
    declared = {"type": "boolean", "true": ["ja", "X"], "false": "nein"}

    assert [converted(text, **declared) for text in ("JA", "x", "Nein")] == [
        "true",
        "true",
        "false",
    ]
    assert "Write one of: ja, X, nein" in refused("yes", **declared).advice
