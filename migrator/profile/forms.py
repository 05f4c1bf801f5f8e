r"""How a text is written: the forms that a pattern tells, dates apart.

Owns the patterns. They exclude each other, so that a column may be tried with the likeliest first.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from migrator.profile.model import Form

_MONEY: Final = (
    r"(?:INR|USD|EUR|GBP|AED|SAR|QAR|KWD|OMR|BHD|SGD|MYR|IDR|THB|PHP|VND|HKD|CNY|RMB|JPY|KRW|LKR"
    r"|NPR|BDT|PKR|AUD|NZD|CAD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|TRY|RUB|ZAR|NGN|KES|EGP|BRL|MXN"
    r"|US\$|Rs\.?|[$€£¥₹])"
)
_PATTERNS: Final = {
    Form.GUID: r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?",
    Form.EMAIL: r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(?:\.[^@\s,;<>\".]+)+",
    Form.BIT: r"[01]",
    Form.INTEGER: r"-?(?:[2-9]|[0-9]{2,}+|(?<=-)[01])",
    Form.DECIMAL: r"-?[0-9]++\.[0-9]++",
    Form.GROUPED: r"-?[0-9]{1,2},[0-9]{3}(?:\.[0-9]+)?",
    Form.WESTERN: r"-?(?:[0-9]{3},[0-9]{3}|[0-9]{1,3}(?:,[0-9]{3}){2,})(?:\.[0-9]+)?",
    Form.INDIAN: r"-?[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?",
    Form.EUROPEAN: r"-?(?:[0-9]{1,3}(?:\.[0-9]{3}){2,}(?:,[0-9]+)?|[0-9]{1,3}\.[0-9]{3},[0-9]+"
    r"|[0-9]+,[0-9]{1,2}|0,[0-9]+)",
    # With a sign, or with separators and more digits than a date has.
    Form.PHONE: r"\+[0-9](?:[ ()-]{0,2}[0-9]){7,14}"
    r"|(?=[0-9]*+[ ()-])\(?[0-9](?:[ ()-]{0,2}[0-9]){9,14}",
    Form.BOOLEAN: r"(?i:true|false|yes|no)",
    Form.EXPONENT: r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]{1,3}",
    Form.PLACEHOLDER: r"(?i:n/?a|n\.a\.?|null|none|nil|nan|-{1,3}|\u2014|\u2013|\?)",
    Form.ERROR: r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)",
    Form.UNIT: rf"(?:-?{_MONEY} *+-?[0-9][0-9.,]*+|-?[0-9][0-9.,]*+ *+(?:%|{_MONEY}))(?:/-)?",
}
NUMBERS: Final = (
    Form.BIT, Form.INTEGER, Form.DECIMAL, Form.WESTERN, Form.INDIAN, Form.GROUPED, Form.EUROPEAN,
)  # fmt: skip
_DIGIT: Final = "0123456789"
_NEEDED: Final = {
    Form.EMAIL: "@", Form.GROUPED: ",", Form.WESTERN: ",", Form.INDIAN: ",", Form.EUROPEAN: ",.",
    Form.DECIMAL: ".", Form.ERROR: "#", Form.GUID: "-", Form.EXPONENT: "eE", Form.BOOLEAN: "eEoO",
    Form.BIT: "01", Form.INTEGER: _DIGIT, Form.PHONE: _DIGIT, Form.UNIT: _DIGIT,
}  # fmt: skip
"""Characters of which a text of the form has at least one; the quickest way to say no."""

_ONE: Final = {form: re.compile(pattern).fullmatch for form, pattern in _PATTERNS.items()}
_ALL: Final = {
    form: re.compile(rf"(?:(?:{pattern})\n)*+").fullmatch for form, pattern in _PATTERNS.items()
}


def form_of(text: str) -> Form:
    """The form of one text without white space around it; dates count as text here.

    >>> form_of("2,00,000"), form_of("+91 90000 00000"), form_of("n/a")
    (<Form.INDIAN: 'indian grouping'>, <Form.PHONE: 'phone'>, <Form.PLACEHOLDER: 'placeholder'>)
    """
    return next((form for form, matches in _ONE.items() if matches(text)), Form.TEXT)


class Sorter:
    """Sorts the texts of one column by their forms, the form met last before all others."""

    def __init__(self) -> None:
        self._order = list(_ONE)

    def sort(self, texts: dict[str, int], joined: str) -> dict[Form, dict[str, int]]:
        """The texts by form, each with its count and in its order; the rest is `Form.TEXT`.

        Args:
            texts: Without white space around them, and how often each occurs.
            joined: The same, or with the white space, joined by line feeds.
        """
        found: dict[Form, dict[str, int]] = {}
        for form in tuple(self._order):
            needed = _NEEDED.get(form, "")
            if not texts or (needed and not any(letter in joined for letter in needed)):
                continue
            taken = self._take(form, texts)
            if taken:
                found[form] = taken
                texts = {} if taken is texts else {t: texts[t] for t in texts if t not in taken}
        if texts:
            found[Form.TEXT] = texts
        self._order.sort(key=lambda form: -len(found.get(form, ())))
        return found

    def _take(self, form: Form, texts: dict[str, int]) -> dict[str, int]:
        first = next(iter(texts))
        matches = _ONE[form]
        if matches(first) and _all_fit(form, texts):
            return texts
        return {text: count for text, count in texts.items() if matches(text)}


def _all_fit(form: Form, texts: dict[str, int]) -> bool:
    """Whether all texts have this form: one look at them together, at a fraction of the time."""
    joined = "\n".join(texts)
    return joined.count("\n") == len(texts) - 1 and _ALL[form](joined + "\n") is not None


def _as_decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _as_european(text: str) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", "."))


def number_reader(form: Form) -> Callable[[str], Decimal]:
    """What gives the number of a text of this form.

    >>> number_reader(Form.EUROPEAN)("1.234,50"), number_reader(Form.INDIAN)("2,00,000")
    (Decimal('1234.50'), Decimal('200000'))
    """
    if form is Form.EUROPEAN:
        return _as_european
    return Decimal if form in (Form.BIT, Form.INTEGER, Form.DECIMAL) else _as_decimal
