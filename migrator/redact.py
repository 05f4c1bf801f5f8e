"""Taking secrets out of texts, and making control characters harmless to look at.

Owns both rules for everything that is printed, logged or kept. It never reads a setting: the
secrets are handed in.
"""

import base64
import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

REPLACEMENT: Final = "***"

SHORTEST_SECRET: Final = 6
"""Shorter ones are not searched for: every text would be full of holes. Real keys have 30 or
more characters."""

_LINE_BREAKS: Final = "\n"
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: cursor movement, colours, title of the window
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi: text that reads in another order
    "\u2028\u2029\ufeff\ud800-\udfff]"  # line and paragraph ends, byte-order mark, half characters
)
_NAMES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ACCESS_KEY: Final = re.compile(r"u(?:\$|%24)r[^\s'\"&]+", re.IGNORECASE)  #: How all of them begin.
_NAMED_KEY: Final = re.compile(r"((?:access|secret)_?key['\"]?\s*[=:]\s*)[^\s&]+", re.IGNORECASE)
_URL: Final = re.compile(r"\bhttps?://[^\s'\"<>]+", re.IGNORECASE)


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced by ``***``.

    A secret is found raw, with any of its characters URL-encoded once or twice, and in Base64
    at any offset, also in the middle of something longer.

    >>> redact("GET /v2/x?accessKey=u%24r7f3a9", ["u$r7f3a9"])
    'GET /v2/x?accessKey=***'
    """
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = _pattern(secret).sub(REPLACEMENT, text)
    return text


def redact_bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    """The same for bytes that came from outside; all others stay as they are."""
    # Latin-1 gives each byte one character and back; the keys are ASCII (settings see to it).
    return redact(body.decode("latin-1"), secrets).encode("latin-1")


def without_urls(text: str) -> str:
    """The text with every URL cut down to its scheme and host.

    >>> without_urls("cannot reach http://me:word@crm.example/v2/x?key=1: refused")
    'cannot reach http://crm.example refused'
    """
    return _URL.sub(lambda found: _scheme_and_host(found.group()), text)


def without_keys(text: str, secrets: Iterable[str]) -> str:
    """A text that a person wrote, to be kept, without anything that is a key or looks like one.

    >>> without_keys("# LSQ_SECRET_KEY: 'abc' of u$r7f3a9", ())
    '# LSQ_SECRET_KEY: *** of ***'
    """
    text = redact(text, secrets)
    text = _NAMED_KEY.sub(lambda found: f"{found[1]}{REPLACEMENT}", text)
    return _ACCESS_KEY.sub(REPLACEMENT, text)


def printable(text: str, *, keep_lines: bool = False) -> str:
    r"""The text with control and direction characters written out, so that none takes effect.

    Args:
        text: Anything; cells and server messages above all.
        keep_lines: Leave line feeds alone, for texts of several lines that are our own.

    >>> printable("won\x1b[31m\n")
    'won\\x1b[31m\\n'
    """
    return _UNSAFE.sub(
        lambda found: (
            found.group()
            if keep_lines and found.group() in _LINE_BREAKS
            else _written_out(found.group())
        ),
        text,
    )


def escaped_json(text: str) -> str:
    r"""JSON with control and direction characters as escapes: the same JSON, harmless to look at.

    Args:
        text: JSON in one line, as `json.dumps` makes it with ``ensure_ascii=False``.

    >>> escaped_json('"won\x9b31m"')
    '"won\\u009b31m"'
    """
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _scheme_and_host(url: str) -> str:
    scheme, _, rest = url.partition("//")
    return f"{scheme}//{re.split('[/?#]', rest)[0].rpartition('@')[2]}"


class SecretFilter(logging.Filter):
    """Redacts and escapes each log record: message, traceback, stack and extra fields.

    A filter of a logger sees only what is logged to that very logger, so it belongs on the
    handlers, too: `guard_logging` puts it there.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; none is held back."""
        record.msg, record.args = self._clean(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._clean(record.exc_text, keep_lines=True)
        if record.stack_info:
            record.stack_info = self._clean(record.stack_info, keep_lines=True)
        for name, value in record.__dict__.items():
            if isinstance(value, str) and name not in _CLEANED_APART:
                record.__dict__[name] = self._clean(value)
        return True

    def _clean(self, text: str, *, keep_lines: bool = False) -> str:
        return printable(redact(text, self._secrets), keep_lines=keep_lines)


_CLEANED_APART: Final = frozenset({"msg", "exc_text", "stack_info"})


def guard_logging(secrets: Iterable[str]) -> None:
    """Put a `SecretFilter` on the root logger and on its handlers; call it once they are set up."""
    guard = SecretFilter(secrets)
    root = logging.getLogger()
    root.addFilter(guard)
    for handler in [*root.handlers, logging.lastResort]:
        if handler is not None:
            handler.addFilter(guard)


def _written_out(character: str) -> str:
    if character in _NAMES:
        return _NAMES[character]
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


@lru_cache(maxsize=16)
def _pattern(secret: str) -> re.Pattern[str]:
    url_encoded = "".join(_character_pattern(character) for character in secret)
    return re.compile("|".join([url_encoded, *map(re.escape, _base64_cores(secret))]))


def _character_pattern(character: str) -> str:
    """The character itself, or percent-encoded (a second encoding turns ``%`` into ``%25``)."""
    encoded = "".join(
        f"%(?:25)?{_either_case(byte)}" for byte in character.encode("utf-8", "surrogatepass")
    )
    plus = r"|\+|%2[bB]" if character == " " else ""  # A form writes a space so.
    return f"(?:{re.escape(character)}|{encoded}{plus})"


def _either_case(byte: int) -> str:
    return "".join(f"[{digit}{digit.upper()}]" for digit in f"{byte:02x}")


def _base64_cores(secret: str) -> list[str]:
    """What Base64 makes of the secret whatever stands before and after it, at each offset."""
    found: set[str] = set()
    for offset in range(3):
        data = b"\0" * offset + secret.encode("utf-8", "surrogatepass")
        # The first characters hold bits of what stands before, the last ones of what follows.
        core = slice((offset * 8 + 5) // 6, len(data) * 8 // 6)
        found.add(base64.b64encode(data).decode("ascii")[core])
        found.add(base64.urlsafe_b64encode(data).decode("ascii")[core])
    return sorted(found, key=len, reverse=True)
