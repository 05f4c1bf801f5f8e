import base64
import io
import logging
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from migrator.redact import (
    REPLACEMENT,
    SecretFilter,
    guard_logging,
    printable,
    redact,
    redact_bytes,
    without_urls,
)

KEY = "u$r1234 abc/+=xyz"
SECRETS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=6, max_size=40)

FORMS = {
    "raw": KEY,
    "percent-encoded": quote(KEY, safe=""),
    "percent-encoded but for slashes": quote(KEY),
    "percent-encoded in small letters": quote(KEY, safe="").lower(),
    "form-encoded": quote_plus(KEY),
    "encoded twice": quote(quote(KEY, safe=""), safe=""),
    "Base64": base64.b64encode(KEY.encode()).decode(),
    "Base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "Base64 of more": base64.b64encode(b"user:" + KEY.encode() + b"!").decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    found = redact(f"before {form} after", [KEY])

    assert found.startswith("before ")
    assert found.endswith(" after")
    assert REPLACEMENT in found
    assert not [part for part in (KEY[:8], quote(KEY[:8]), form[4:-4]) if part in found]


@given(before=st.text(), secret=SECRETS, after=st.text())
def test_no_secret_is_left_in_any_text(before: str, secret: str, after: str) -> None:
    assume(secret not in REPLACEMENT * 20)
    texts = [secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()]

    for text in texts:
        assert text not in redact(before + text + after, [secret]).replace(REPLACEMENT, "\0")


@given(before=st.binary(max_size=7), secret=SECRETS, after=st.binary(max_size=7))
def test_no_secret_can_be_read_out_of_base64(before: bytes, secret: str, after: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()

    left = redact(encoded, [secret])

    assert REPLACEMENT in left
    assert len(left.replace(REPLACEMENT, "")) <= (len(before) + len(after)) * 4 / 3 + 8


@given(st.text())
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assume(KEY not in text)

    assert redact(text, [KEY]) == text


@given(st.binary())
def test_bytes_without_secrets_stay_as_they_are(body: bytes) -> None:
    assert redact_bytes(body, [KEY]) == body


def test_a_secret_in_bytes_is_taken_out() -> None:
    assert redact_bytes(b"\xff" + KEY.encode() + b"\x00", [KEY]) == b"\xff***\x00"


def test_very_short_secrets_would_leave_nothing_to_read() -> None:
    assert redact("Status: Success", ["s", "", "us"]) == "Status: Success"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://api.x.com/v2/a?b=c", "https://api.x.com"),
        ("at http://127.0.0.1:80?b=c: refused", "at http://127.0.0.1:80 refused"),
        ("HTTPS://X/a'b", "HTTPS://X'b"),
        ("no address", "no address"),
    ],
)
def test_addresses_are_cut_down_to_their_host(text: str, shown: str) -> None:
    assert without_urls(text) == shown


# ------------------------------------------------------------------ what is shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("\x7f", r"\x7f"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("\u2066\u061c\u200f", r"\u2066\u061c\u200f"),
        ("\ud800", r"\ud800"),
        ("Größe ₹ 大 👍 שלום", "Größe ₹ 大 👍 שלום"),
    ],
)
def test_control_and_direction_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_whatever_is_shown_has_no_control_character_left(text: str) -> None:
    shown = printable(text)

    assert not [c for c in shown if ord(c) < 32 or 0x7F <= ord(c) < 0xA0]
    assert printable(shown) == shown


def test_lines_of_our_own_stay_lines() -> None:
    assert printable("one\n  two\x1b", keep_lines=True) == "one\n  two\\x1b"


# ------------------------------------------------------------------ logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the root logger's handler writes, guarded; afterwards everything is as before."""
    root, text = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(message)s %(row)s", defaults={"row": ""}))
    root.addHandler(handler)
    guarded: list[logging.Filterer] = [root, *root.handlers]
    if logging.lastResort is not None:
        guarded.append(logging.lastResort)
    before = [list(one.filters) for one in guarded]
    guard_logging([KEY])
    yield text
    root.removeHandler(handler)
    for one, filters in zip(guarded, before, strict=True):
        one.filters = filters


def test_a_key_in_a_message_its_arguments_or_its_fields_is_not_logged(
    written: io.StringIO,
) -> None:
    logging.getLogger("aiohttp.client").warning("GET %s", f"/x?k={quote(KEY)}", extra={"row": KEY})

    assert written.getvalue() == "GET /x?k=*** ***\n"


def test_a_key_in_a_traceback_is_not_logged(written: io.StringIO) -> None:
    try:
        int(f"cannot open {KEY}")
    except ValueError:
        logging.getLogger("migrator").exception("it broke", stack_info=True)

    assert "'cannot open ***'" in written.getvalue()
    assert KEY not in written.getvalue()
    assert written.getvalue().count("\n") > 3


def test_a_log_line_is_one_line(written: io.StringIO) -> None:
    logging.getLogger().warning("cell %s", "a\nFORGED \x1b[2J")

    assert written.getvalue() == "cell a\\nFORGED \\x1b[2J \n"


def test_no_record_is_held_back() -> None:
    record = logging.makeLogRecord({"msg": "100 %", "args": None})

    assert SecretFilter([KEY]).filter(record)
    assert record.getMessage() == "100 %"
