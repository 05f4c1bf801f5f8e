"""One value against one field: options, users, numbers, dates, lengths.

Owns the rules for a value by itself. Each is compiled for its field and gives a `Problem`, or None
where LeadSquared would take the value as far as can be told.

Source:
    /work/shared/api/leadsquared.md sections 1.8 and 1.9; the vendor's pages stand there.
"""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from migrator.convert import quoted
from migrator.fit.kinds import SEPARATOR, Kind, all_options, kind_of
from migrator.fit.misfit import Code
from migrator.fit.words import Nearest, bare, called, in_yaml, some
from migrator.metadata import FieldInfo
from migrator.model import Problem

Check = Callable[[str], Problem | None]
Users = Mapping[str, bool]
"""GUID in lower case to whether the user is active."""

_MOST_REMEMBERED: Final = 4096  #: Refused values per field; they repeat, and finding words is slow.
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_GROUPED: Final = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_TRUTH: Final = frozenset({"true", "false", "1", "0"})


class Subject(NamedTuple):
    """What a check speaks of."""

    info: FieldInfo
    name: str  #: As the mapping has it: a member of a field set with the set's name.
    column: str  #: The source column; "" where there is not the one.
    joined_by: str | None = None  #: What the mapping puts between several options; None: nothing.

    def problem(self, code: Code, value: str, reason: str, advice: str) -> Problem:
        """A problem with this field's value."""
        return Problem(
            code=code,
            column=self.column,
            value=value,
            reason=reason,
            advice=advice,
            schema_name=self.name,
        )


def value_check(subject: Subject, *, users: Users | None) -> Check | None:
    """The check of the field's values; None where any is taken.

    "" is always taken here: it empties the field.

    Args:
        subject: The field.
        users: None where the account's users are not known.
    """
    kind = kind_of(subject.info)
    if kind is Kind.USER:
        return _users(subject, users)
    return _BY_KIND.get(kind, _length)(subject)


def free_length(subject: Subject) -> int:
    """Characters up to which any value is taken, so that none of them needs a look; -1 for none."""
    kind = kind_of(subject.info)
    is_free = kind is Kind.OPTION and all_options(subject.info) is None
    if kind is not Kind.USER and (is_free or kind not in _BY_KIND):
        return sys.maxsize if subject.info.max_length is None else subject.info.max_length
    return -1


def mandatory_check(subject: Subject, check: Check | None) -> Check:
    """The same check, for a field that cannot be emptied."""

    def with_value(value: str) -> Problem | None:
        if value:
            return check(value) if check is not None else None
        return subject.problem(
            Code.MANDATORY_BLANK,
            value,
            f"{subject.name} ({called(subject.info)}) is mandatory and would be emptied",
            "Fill in the cell, or let a blank one leave the field alone: `blank: skip`.",
        )

    return with_value


# ------------------------------------------------------------------ texts


def _length(subject: Subject) -> Check | None:
    longest = subject.info.max_length
    if longest is None:
        return None

    def check(value: str) -> Problem | None:
        if len(value) <= longest:
            return None
        return subject.problem(
            Code.OVER_FIELD_LENGTH,
            value,
            f"{called(subject.info)} has {len(value)} characters, {subject.name} takes {longest}",
            f"Shorten the text; `max_length: {longest}` in the mapping says what is done with it.",
        )

    return check


# ------------------------------------------------------------------ options


def _options(subject: Subject) -> Check | None:
    """Exact texts, alone or several with a separator between them."""
    options = all_options(subject.info)
    if options is None:
        return _length(subject)
    if subject.info.takes_others:
        return _others(subject, options)
    known, near = frozenset(options), Nearest(options)
    separator = _separator(subject)
    refused: dict[str, Problem] = {}

    def check(value: str) -> Problem | None:
        if value in known or not value:
            return None
        if separator is not None and known.issuperset(value.split(separator)):
            return None
        problem = refused.get(value)
        if problem is None:
            if len(refused) >= _MOST_REMEMBERED:
                refused.clear()
            problem = refused[value] = _no_option(subject, value, options, near)
        return problem

    return check


def _others(subject: Subject, options: tuple[str, ...]) -> Check:
    """Any text but one that only just misses an option: it would be kept beside it for good."""
    known = frozenset(options)
    alike = {bare(option): option for option in options}
    length = _length(subject)

    def check(value: str) -> Problem | None:
        if value in known or not value:
            return None
        option = alike.get(bare(value))
        if option is None or not bare(value):
            return length(value) if length is not None else None
        return subject.problem(
            Code.NOT_AN_OPTION,
            value,
            f"{called(subject.info)} {quoted(value)} differs from the option {quoted(option)} of "
            f"{subject.name} in case, spaces or punctuation only",
            f"Say in the mapping that it means it: `values: {{{in_yaml(value)}: "
            f"{in_yaml(option)}}}`. LeadSquared would take it as another text.",
        )

    return check


def _separator(subject: Subject) -> str | None:
    """What stands between several options in a value; None where it holds one alone."""
    if not subject.info.is_multi_select:
        return None
    return SEPARATOR if subject.joined_by is None else subject.joined_by or None


def _no_option(subject: Subject, value: str, options: tuple[str, ...], alike: Nearest) -> Problem:
    """The problem with a value, or with the first of several that is no option."""
    separator = _separator(subject)
    parts = value.split(separator) if separator is not None else [value]
    wrong = next(part for part in parts if part not in options)
    shown = f"{called(subject.info)} {quoted(wrong)}"
    among = f" (in {quoted(value)})" if len(parts) > 1 else ""
    today = subject.info.old_options.get(wrong)
    if today is not None:
        return subject.problem(
            Code.RENAMED_OPTION,
            value,
            f"{shown}{among} is no option of {subject.name} any more (renamed to {quoted(today)})",
            f"Say so in the mapping: `values: {{{in_yaml(wrong)}: {in_yaml(today)}}}`.",
        )
    near = alike.to(wrong)
    hint = f" (nearest: {quoted(near)})" if near is not None else ""
    return subject.problem(
        Code.NOT_AN_OPTION,
        value,
        f"{shown}{among} is not an option of {subject.name}{hint}",
        _what_to_do(wrong, near, options),
    )


def _what_to_do(wrong: str, near: str | None, options: tuple[str, ...]) -> str:
    if not wrong:
        return "Two separators stand side by side, or one at an end: correct the cell."
    if near is not None:
        return (
            f"If it means that, say so in the mapping: `values: {{{in_yaml(wrong)}: "
            f"{in_yaml(near)}}}`; else add the option in LeadSquared."
        )
    return (
        f"Say in the mapping which option it means (`values: {{{in_yaml(wrong)}: …}}`), or add it "
        f"in LeadSquared. The options are {some(options)}."
    )


# ------------------------------------------------------------------ users


def _users(subject: Subject, users: Users | None) -> Check:
    """A GUID; of an active user where the users are known.

    That inactive ones are refused is a guess from the data type's name.
    """

    def check(value: str) -> Problem | None:
        if not value:
            return None
        if not _GUID.fullmatch(value):
            return _no_user(subject, value, "a user's GUID")
        if users is None:
            return None
        is_active = users.get(value.lower())
        if is_active is None:
            return _no_user(subject, value, "a user of this account")
        return None if is_active else _inactive(subject, value)

    return check


def _no_user(subject: Subject, value: str, what: str) -> Problem:
    advice = "Correct the cell: `migrator fields --users` lists the account's users."
    if "@" in value:
        advice = "It is an e-mail address: `type: user` finds the user by it."
    return subject.problem(
        Code.NOT_A_USER, value, f"{called(subject.info)} {quoted(value)} is not {what}", advice
    )


def _inactive(subject: Subject, value: str) -> Problem:
    return subject.problem(
        Code.INACTIVE_USER,
        value,
        f"{called(subject.info)} {quoted(value)} is a user who is not active",
        "Name an active user, or have this one activated for the time of the migration.",
    )


# ------------------------------------------------------------------ numbers, truth, days


def _number(subject: Subject) -> Check:
    def check(value: str) -> Problem | None:
        # The vendor's own example sends "200,000" ("Update an Opportunity").
        if not value or _NUMBER.fullmatch(value) or _GROUPED.fullmatch(value):
            return None
        advice = "Correct the cell, or declare `type: number`, which says what is wrong with it."
        return _no_data(subject, value, "a number", advice)

    return check


def _boolean(subject: Subject) -> Check:
    def check(value: str) -> Problem | None:
        if not value or value.lower() in _TRUTH:
            return None
        return _no_data(
            subject, value, "true or false", "Declare `type: boolean`, or correct the cell."
        )

    return check


def _date(subject: Subject) -> Check:
    def check(value: str) -> Problem | None:
        if not value or ((_DAY.fullmatch(value) or _MOMENT.fullmatch(value)) and _is_real(value)):
            return None
        advice = "Declare `type: date` with the `formats` of the sheet, or correct the cell."
        return _no_data(subject, value, "a day as YYYY-MM-DD", advice)

    return check


def _datetime(subject: Subject) -> Check:
    def check(value: str) -> Problem | None:
        if not value or (_MOMENT.fullmatch(value) and _is_real(value)):
            return None
        advice = "Declare `type: datetime` with the `formats` and the `timezone` of the sheet."
        return _no_data(subject, value, "a time as YYYY-MM-DD HH:MM:SS", advice)

    return check


def _is_real(text: str) -> bool:
    """Whether the calendar and the clock have it."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _no_data(subject: Subject, value: str, what: str, advice: str) -> Problem:
    return subject.problem(
        Code.WRONG_DATA_TYPE,
        value,
        f"{called(subject.info)} {quoted(value)} is not {what}, which {subject.name} "
        f"({subject.info.data_type}) takes",
        advice,
    )


_BY_KIND: Final[Mapping[Kind, Callable[[Subject], Check | None]]] = {
    Kind.OPTION: _options,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
}
