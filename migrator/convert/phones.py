"""Phone numbers: read, checked and written by the phonenumbers library.

Owns what is handed to that library, which is generous (letters, several numbers, words around),
and the words for what it refuses. It never asks anybody whether a number is in use.
"""

import re
from collections.abc import Callable
from typing import Final

from migrator.cells import cell_text
from migrator.convert.memory import remembering
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.mapping import Phone
from migrator.model import Cell

_PLAIN: Final = re.compile(r"\+?[0-9 ()./\-\u00a0\u2010-\u2015]+")
_SEVERAL: Final = re.compile(r"[0-9][^0-9/;,|\n]*[/;,|\n][^0-9]*[0-9]")
_EXTENSION: Final = re.compile(
    r"[0-9)]\s*(?:;?ext|extn|x|#|extension)\.?\s*=?[0-9]+", re.IGNORECASE
)


def phone_conversion(field: Phone) -> Callable[[Cell], str | Refused]:
    """The conversion of a phone number.

    Source:
        LeadSquared stores ``+CC-NUMBER``, such as ``+91-9000000000``.
    """
    import phonenumbers  # noqa: PLC0415 - a large library, for phones alone

    region, is_e164 = field.region, field.form == "e164"

    @remembering
    def convert_text(text: str) -> str | Refused:
        refused = _beforehand(text, region)
        if refused is not None:
            return refused
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException as error:
            return _unread(text, error)
        if number.extension:
            return _extension(text)
        if not phonenumbers.is_valid_number(number):
            return _invalid(text, number, phonenumbers.is_possible_number_with_reason(number))
        if is_e164:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return f"+{number.country_code}-{phonenumbers.national_significant_number(number)}"

    def convert(cell: Cell) -> str | Refused:
        return convert_text(cell_text(cell).strip())

    return convert


def _beforehand(text: str, region: str | None) -> Refused | None:
    """What the library would let pass, or guess at."""
    if _EXTENSION.search(text):
        return _extension(text)
    if _SEVERAL.search(text):
        return _refused(text, "holds more than one number", "Keep one number in the cell.")
    if not _PLAIN.fullmatch(text):
        return _refused(
            text,
            "is not a phone number",
            "Write +, digits, spaces, hyphens and brackets only.",
        )
    if region is None and not text.startswith("+"):
        return _refused(
            text,
            "does not begin with + and a country code",
            "Declare `region:`, the country of such numbers, as in `region: IN`; or write the "
            "number with its country code.",
        )
    return None


def _extension(text: str) -> Refused:
    return _refused(
        text,
        "has an extension, which a phone field does not hold",
        "Take it out of the cell, or put it into a field of its own.",
    )


def _unread(text: str, error: Exception) -> Refused:
    import phonenumbers  # noqa: PLC0415

    kind = getattr(error, "error_type", -1)
    of_kind = phonenumbers.NumberParseException
    words = {
        of_kind.INVALID_COUNTRY_CODE: "begins with no country code that exists",
        of_kind.TOO_SHORT_AFTER_IDD: "is too short behind the international prefix",
        of_kind.TOO_SHORT_NSN: "is too short for a phone number",
        of_kind.TOO_LONG: "is too long for a phone number",
    }
    return _refused(text, words.get(kind, "is not a phone number"), "Correct the cell.")


def _invalid(text: str, number: object, reason: int) -> Refused:
    import phonenumbers  # noqa: PLC0415

    code = getattr(number, "country_code", "")
    of_reason = phonenumbers.ValidationResult
    words = {
        of_reason.TOO_SHORT: f"is too short for a number of +{code}",
        of_reason.TOO_LONG: f"is too long for a number of +{code}",
        of_reason.INVALID_LENGTH: f"has not as many digits as any number of +{code}",
        of_reason.IS_POSSIBLE_LOCAL_ONLY: f"lacks its area code (+{code})",
    }
    return _refused(
        text,
        words.get(reason, f"is no number that +{code} gives out"),
        "Correct the cell; map the column as text to send it as it stands.",
    )


def _refused(text: str, what: str, advice: str) -> Refused:
    return Refused(Fault.NOT_A_PHONE, f"{quoted(text)} {what}", advice)
