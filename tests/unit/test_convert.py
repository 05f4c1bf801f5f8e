"""Any cell gives a value in the form its type promises, or a refusal; never an error."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from migrator.convert import Refused, conversion
from migrator.mapping import ColumnField
from migrator.model import Cell

FIELDS: TypeAdapter[ColumnField] = TypeAdapter(ColumnField)
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"

#: What is declared, and the only form in which it may be sent.
TYPES: list[tuple[dict[str, object], str]] = [
    ({"type": "number"}, r"-?[0-9]+(\.[0-9]+)?"),
    ({"type": "number", "grouping": "western"}, r"-?[0-9]+(\.[0-9]+)?"),
    ({"type": "number", "grouping": "indian"}, r"-?[0-9]+(\.[0-9]+)?"),
    ({"type": "integer"}, r"-?[0-9]+"),
    ({"type": "boolean"}, r"true|false"),
    ({"type": "date"}, DATE),
    ({"type": "date", "formats": ["%d/%m/%Y", "%d %b %y"]}, DATE),
    ({"type": "datetime"}, f"{DATE} {CLOCK}"),
    ({"type": "datetime", "time": "00:00"}, f"{DATE} {CLOCK}"),
    (
        {"type": "datetime", "formats": ["%d/%m/%Y %H:%M"], "timezone": "Europe/Lisbon"},
        f"{DATE} {CLOCK}",
    ),
    ({"type": "datetime", "formats": ["%d/%m/%Y %H:%M %z"]}, f"{DATE} {CLOCK}"),
    ({"type": "choice", "values": {"won": "Closed Won"}}, "Closed Won"),
    ({"type": "number", "grouping": "european"}, r"-?[0-9]+(\.[0-9]+)?"),
    (
        {"type": "number", "grouping": "european", "lone_point": "group", "currency": ["€"]},
        r"-?[0-9]+(\.[0-9]+)?",
    ),
    ({"type": "number", "grouping": "space", "decimal": ","}, r"-?[0-9]+(\.[0-9]+)?"),
    ({"type": "integer", "grouping": "space", "currency": ["₹", "Rs."]}, r"-?[0-9]+"),
    ({"type": "integer", "decimal": ",", "lone_point": "decimal"}, r"-?[0-9]+"),
    ({"type": "boolean", "true": ["won"], "false": ["0"]}, r"true|false"),
    ({"type": "date", "serials": True}, DATE),
    ({"type": "datetime", "serials": True, "time": "09:00"}, f"{DATE} {CLOCK}"),
    ({"type": "choices", "values": {"won": "Won", "0": "Zero"}}, r"(Won|Zero)?(;(Won|Zero))?"),
    ({"type": "phone", "region": "IN"}, r"\+[0-9]{1,3}-[0-9]+"),
    ({"type": "phone", "form": "e164"}, r"\+[0-9]+"),
    ({"type": "email"}, r"[^@\s]+@[^@\s]+"),
    ({"type": "user"}, r"[0-9a-fA-F-]{36}"),
]

ANY_TEXT = st.text(st.characters(exclude_categories=()))
#: Texts near to what is read, where a mistake would hide.
NEAR = st.one_of(
    st.from_regex(r"\A[-+]?[0-9,.eE_ ]{1,12}\Z"),
    st.from_regex(
        r"\A[0-9]{1,4}[-/ ][0-9]{1,2}[-/ ][0-9]{1,4}( [0-9:]{1,8}( [-+][0-9:]{4,6})?)?\Z"
    ),
    st.from_regex(r"\A[-+]?[₹€]?[0-9. \u00a0,()x/-]{1,16}(€|Rs\.)?\Z"),
    st.from_regex(r"\A[a-z.+]{1,8}@[a-z.-]{1,12}\Z"),
    st.sampled_from(["won;0;won;", "asha@example.com", "5ca5b042-51ea-4699-b6f0-84c40ab12770"]),
    st.sampled_from(["won", "WON", "yes", "No", "TRUE", "0", "01", "\u0661", "\u00b2", "1\n"]),
)
OTHERS = st.one_of(
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)),
)


@pytest.mark.parametrize(("declared", "form"), TYPES, ids=lambda part: str(part)[:60])
@given(cell=ANY_TEXT | NEAR | OTHERS)
def test_a_cell_is_sent_in_the_form_of_its_type_or_refused(
    declared: dict[str, object], form: str, cell: Cell
) -> None:
    field = FIELDS.validate_python({"column": "A"} | declared, context={"timezone": True})

    users = {"asha@example.com": "4195df09-b7f0-59da-aa07-64a1dcbe1ce6"}

    result = conversion(field, timezone="Asia/Kolkata", users=users)(cell)

    if isinstance(result, Refused):
        assert result.reason
        assert result.advice.endswith(".")
    else:
        assert re.fullmatch(form, result, re.ASCII)


@given(text=ANY_TEXT)
def test_a_text_is_sent_as_it_stands(text: str) -> None:
    field = FIELDS.validate_python({"column": "A", "type": "text"})

    assert conversion(field, timezone=None)(text) == text


@pytest.mark.parametrize("declared", [declared for declared, _ in TYPES], ids=str)
@pytest.mark.parametrize(
    "piece",
    ["1", ",", "1,", "@", "a@", "a ", " 1", "1/", "+", "1 x", "\u20b9", "1.", "-", ";", "(", "a."],
)
def test_a_cell_as_long_as_a_book_is_refused_in_no_time(
    declared: dict[str, object], piece: str
) -> None:
    """Patterns that look back for every character would run into the time limit."""
    field = FIELDS.validate_python({"column": "A"} | declared, context={"timezone": True})
    convert = conversion(field, timezone="Asia/Kolkata", users={"asha@example.com": "1"})

    for text in (piece * 200_000, f"1{piece * 200_000}", f"{piece * 200_000}x"):
        assert isinstance(convert(text), str | Refused)
