"""One column as a field of a mapping: its type, and what belongs to the type.

Owns the choice of the type, from the field where one is known, else from the cells alone.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from migrator.drafting.dates import date_keys, datetime_keys
from migrator.drafting.model import Entry, Key, Match
from migrator.drafting.numbers import number_keys
from migrator.drafting.options import choice_keys, choices_keys
from migrator.drafting.truths import is_truth, needs_words, truth_words
from migrator.drafting.yaml_lines import can_stand, shown
from migrator.fit.kinds import Kind as Takes
from migrator.fit.kinds import kind_of
from migrator.fit.words import called
from migrator.metadata import FieldInfo, UserInfo
from migrator.profile import ColumnProfile, Form, Kind

FEW: Final = 8  #: Different values up to which a text is taken for a choice; as in `inspect`.
_SHORT: Final = 24  #: Characters of the longest of them.
_AGAIN: Final = 2  #: How often each must occur, on average.
_MOST_USERS: Final = 5
_BY_KIND: Final = {
    Kind.INTEGER: "integer",
    Kind.NUMBER: "number",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.BOOLEAN: "boolean",
    Kind.EMAIL: "email",
    Kind.PHONE: "phone",
}
_BY_FIELD: Final = {
    Takes.NUMBER: "number",
    Takes.BOOLEAN: "boolean",
    Takes.DATE: "date",
    Takes.DATETIME: "datetime",
    Takes.USER: "user",
}
_BY_DATA_TYPE: Final = {"phone": "phone", "email": "email"}
_BY_NAME: Final = {"CreatedOn": "datetime", "Owner": "user"}
_CODES: Final = frozenset({"leading-zeros", "many-digits"})


def entry_of(
    column: ColumnProfile,
    match: Match | None,
    *,
    well_known: str = "",
    users: Iterable[UserInfo] = (),
) -> Entry:
    """What the draft says about a column.

    Args:
        column: What its cells tell.
        match: The field it may fill; None where no field is known.
        well_known: The SchemaName that its name suggests where no fields are known.
        users: The account's users.
    """
    field = match.field if match is not None else None
    type_, more = _typed(column, well_known) if field is None else _by_field(column, field)
    keys = [Key(name="column", value=column.name), Key(name="type", value=type_)]
    hints = list(_hints(column, match)) if match is not None else []
    if field is not None:
        keys += _about(column, field, type_)
    if type_ == "user":
        hints += _user_hints(column, users)
    return Entry(
        column=column,
        schema_name=field.schema_name if field is not None else well_known,
        is_live=match is not None and match.is_sure and column.kind is not Kind.BLANK,
        keys=(*keys, *more),
        hints=tuple(hints),
    )


def _typed(column: ColumnProfile, well_known: str) -> tuple[str, list[Key]]:
    """The type's name, and the keys that belong to it."""
    type_ = _BY_NAME.get(well_known) or _BY_KIND.get(column.kind, "text")
    if type_ == "text" and is_truth(column):
        type_ = "boolean"
    if type_ == "text" and _is_choice(column):
        return "choice", list(choice_keys(column, None))
    return type_, _keys_of(type_, column)


def _by_field(column: ColumnProfile, field: FieldInfo) -> tuple[str, list[Key]]:
    takes = kind_of(field)
    if takes is Takes.OPTION and column.values:
        if field.is_multi_select:
            return "choices", list(choices_keys(column, field))
        return "choice", list(choice_keys(column, field))
    type_ = _BY_FIELD.get(takes) or _BY_DATA_TYPE.get(field.data_type.lower(), "text")
    return type_, _keys_of(type_, column)


def _keys_of(type_: str, column: ColumnProfile) -> list[Key]:
    """What a type needs to be said besides."""
    parts: dict[str, Callable[[ColumnProfile], Iterable[Key]]] = {
        "number": number_keys,
        "integer": number_keys,
        "date": date_keys,
        "datetime": datetime_keys,
        "boolean": _boolean_keys,
        "phone": _phone_keys,
    }
    return list(parts[type_](column)) if type_ in parts else []


def _is_choice(column: ColumnProfile) -> bool:
    different = {value.strip() for value, _ in column.values or ()}
    return (
        column.kind is Kind.TEXT
        and 1 < len(different) <= FEW
        and column.longest <= _SHORT
        and column.filled >= _AGAIN * len(different)
        and not any(caution.code in _CODES for caution in column.cautions)
    )


# ------------------------------------------------------------------ keys


def _about(column: ColumnProfile, field: FieldInfo, type_: str) -> Iterator[Key]:
    """What the account says of the field."""
    if field.display_name.strip() and can_stand(field.display_name):
        yield Key(name="expect", value=field.display_name)
    if field.max_length is None or type_ not in ("text", "phone", "email"):
        return
    hints: tuple[str, ...] = ()
    if column.longest > field.max_length:
        said = (
            f"The longest cell has {column.longest:,} characters: rows over {field.max_length:,} "
            "are refused. `too_long: truncate` cuts them instead."
        )
        hints = (said,)
    yield Key(name="max_length", value=str(field.max_length), hints=hints)


def _phone_keys(column: ColumnProfile) -> Iterator[Key]:
    national = column.forms.get(Form.INTEGER, 0)
    if national or not all(text.lstrip().startswith("+") for text in column.examples):
        asked = (
            "In which country are the numbers without + and a country's code? Two letters, such "
            "as IN."
        )
        yield Key(name="region", hints=(asked,))


def _boolean_keys(column: ColumnProfile) -> Iterator[Key]:
    """`true` and `false`, where the cells use other words than the usual ones."""
    if not needs_words(column):
        return
    for name, found in truth_words(column).items():
        asked = f"Which of the cells' words mean {name}? Write them as a list: [yes, y]."
        yield Key(name=name, value=found) if found else Key(name=name, hints=(asked,))


# ------------------------------------------------------------------ hints


def _hints(column: ColumnProfile, match: Match) -> Iterator[str]:
    field = match.field
    kind = field.data_type or "of no known type"
    begin = "Fills" if match.is_sure else "Perhaps"
    yield f'{begin} {field.schema_name} "{called(field)}" ({kind}): {match.reason}.'
    if field.is_mandatory and column.blanks:
        yield "LeadSquared calls the field mandatory; a blank cell leaves it as it is."


def _user_hints(column: ColumnProfile, users: Iterable[UserInfo]) -> Iterator[str]:
    """Which of the cells are no user, or none that is active."""
    known = {key.lower(): user for user in users for key in (user.email, user.id) if key}
    if not known or not column.values:
        return
    cells = dict.fromkeys(value.strip() for value, _ in column.values)
    strangers = [cell for cell in cells if cell.lower() not in known]
    inactive = [
        cell for cell in cells if cell.lower() in known and not known[cell.lower()].is_active
    ]
    for words, found in (("no user of the account", strangers), ("inactive", inactive)):
        if found:
            more = f" and {len(found) - _MOST_USERS} more" if len(found) > _MOST_USERS else ""
            yield f"beware: {', '.join(map(shown, found[:_MOST_USERS]))}{more}: {words}."
