"""From evidence to a kind: what most cells are, as long as nothing is lost by it.

Owns the thresholds. A column is text unless nearly all its cells are something else.
"""

import re
from collections import Counter
from typing import Final

from migrator.profile.column import ColumnEvidence
from migrator.profile.forms import NUMBERS
from migrator.profile.model import Form, Kind

ENOUGH: Final = 0.8  #: Share of the cells that have a meaning which makes a kind.
_FEW_ZEROS: Final = 0.01  #: Share of whole numbers up to which a zero in front is an accident.

_PHONE_NAME: Final = re.compile(r"phone|mobile|\btel\b|\bfax\b|whats ?app|\bcell\b", re.IGNORECASE)
_NO_MEANING: Final = (Form.PLACEHOLDER, Form.ERROR)
_OF_KIND: Final[dict[Kind, tuple[Form, ...]]] = {
    Kind.GUID: (Form.GUID,),
    Kind.EMAIL: (Form.EMAIL,),
    Kind.PHONE: (Form.PHONE,),
    Kind.TIME: (Form.TIME,),
    Kind.DATE: (Form.DATE, Form.DATETIME),
    Kind.NUMBER: NUMBERS,
    Kind.BOOLEAN: (Form.BOOLEAN,),
}


def judge(name: str, evidence: ColumnEvidence) -> tuple[Kind, int]:
    """What a column holds, and how many of its cells fit that."""
    filled = evidence.rows - evidence.blanks
    if not filled:
        return Kind.BLANK, 0
    fits = _fits(name, evidence.forms)
    best = max(fits, key=lambda kind: fits[kind])
    meaning = filled - sum(evidence.forms[form] for form in _NO_MEANING)
    if fits[best] < ENOUGH * meaning or not fits[best] or _is_code(best, evidence):
        return Kind.TEXT, filled
    return _finer(best, evidence), fits[best]


def forms_of(kind: Kind) -> tuple[Form, ...]:
    """The forms that fit a kind; none for text, which everything fits."""
    if kind in (Kind.INTEGER, Kind.NUMBER):
        return NUMBERS
    if kind is Kind.BOOLEAN:
        return (Form.BOOLEAN, Form.BIT)
    if kind is Kind.PHONE:
        return (Form.PHONE, Form.INTEGER)
    return _OF_KIND.get(Kind.DATE if kind is Kind.DATETIME else kind, ())


def _fits(name: str, forms: Counter[Form]) -> dict[Kind, int]:
    fits = {kind: sum(forms[form] for form in some) for kind, some in _OF_KIND.items()}
    if fits[Kind.BOOLEAN]:
        fits[Kind.BOOLEAN] += forms[Form.BIT]
    # Digits alone may be anything: here the column's name tips the scales.
    if fits[Kind.PHONE] > forms[Form.INTEGER] or _PHONE_NAME.search(name):
        fits[Kind.PHONE] += forms[Form.INTEGER]
        if fits[Kind.PHONE] >= fits[Kind.NUMBER]:
            fits[Kind.NUMBER] = 0
    return fits


def _is_code(kind: Kind, evidence: ColumnEvidence) -> bool:
    """Whether numbers are names in truth, from which a number field would take digits."""
    if kind is not Kind.NUMBER:
        return False
    spoilt = evidence.leading_zeros.count + evidence.many_digits.count
    return spoilt > _FEW_ZEROS * evidence.forms[Form.INTEGER]


def _finer(kind: Kind, evidence: ColumnEvidence) -> Kind:
    if kind is Kind.NUMBER and not evidence.fractions:
        return Kind.INTEGER
    if kind is Kind.DATE and evidence.forms[Form.DATETIME]:
        return Kind.DATETIME
    return kind
