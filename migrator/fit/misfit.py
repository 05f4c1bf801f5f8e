"""What does not fit, as values.

Owns the codes by which misfits and problems of values are told apart; it finds none.
"""

from enum import StrEnum
from typing import Literal, NamedTuple

Level = Literal["error", "warning"]


class Code(StrEnum):
    """What does not fit; as `Misfit.code`, and as `Problem.code` of a row's value."""

    OTHER_TYPE = "other-type"
    UNKNOWN_FIELD = "unknown-field"
    READ_ONLY = "read-only"
    NOT_WRITABLE = "not-writable"  #: A kind of field that no update can fill.
    OTHER_NAME = "other-name"  #: The field is called otherwise than the mapping expects.
    WRONG_TYPE = "wrong-type"  #: What the mapping sends is not what the field takes.
    MAX_LENGTH = "max-length"  #: The mapping lets through more than the field takes.
    CANNOT_CHECK = "cannot-check"
    MANDATORY_NOT_SENT = "mandatory-not-sent"
    DEPENDENT_NOT_SENT = "dependent-not-sent"
    STATUS_COMMENT = "status-comment"
    NOT_AN_OPTION = "not-an-option"
    RENAMED_OPTION = "renamed-option"
    NOT_UNDER_PARENT = "not-under-parent"  #: An option, but under another value of the parent.
    OVER_FIELD_LENGTH = "over-field-length"
    WRONG_DATA_TYPE = "wrong-data-type"  #: A text that is no number, date, … for its field.
    NOT_A_USER = "not-a-user"
    INACTIVE_USER = "inactive-user"
    MANDATORY_BLANK = "mandatory-blank"


class Misfit(NamedTuple):
    """One thing in a mapping that does not fit the opportunity type."""

    level: Level
    code: Code
    schema_name: str  #: "" when it is about the mapping as a whole.
    line: int  #: Of the mapping; the first is 1.
    text: str  #: What is wrong, without a full stop at the end.
    advice: str  #: What to do, in whole sentences.
