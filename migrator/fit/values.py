"""Whether the values of an update are ones that their fields take.

Owns the rules for values that depend on each other, and which check belongs to which field; all
compiled once per mapping and type, since a million rows come through here. What the mapping's own
types guarantee (a `number` is a number) is not looked at again.
"""

import sys
from collections.abc import Iterable
from typing import Final, NamedTuple

from migrator.convert import quoted
from migrator.field_sets import in_set, path_of
from migrator.fit.checks import Check, Subject, free_length, mandatory_check, value_check
from migrator.fit.kinds import Kind, find, kind_of
from migrator.fit.misfit import Code
from migrator.fit.sent import Sent, sent_by
from migrator.fit.words import called, some
from migrator.mapping import Mapping
from migrator.metadata import TypeInfo, UserInfo
from migrator.model import Problem, Update

_GUARANTEED: Final = {
    "number": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
}
"""What a mapping's type always gives, so that its values need no look."""


class ValueChecks:
    """The checks of one mapping against one opportunity type.

    Args:
        mapping: What sends the values.
        type_: The opportunity type as its account describes it.
        users: The account's users; none: they are not known, and only the form is checked.
    """

    def __init__(
        self, mapping: Mapping, type_: TypeInfo, *, users: Iterable[UserInfo] = ()
    ) -> None:
        active = {user.id.lower(): user.is_active for user in users} or None
        subjects = {
            sent.name: Subject(info, sent.name, sent.column, sent.joined_by)
            for sent in sent_by(mapping)
            if (info := find(type_, sent.name)) is not None
        }
        self._checks: dict[str, Check] = {}
        self._free: dict[str, int] = {}  #: Characters up to which a field needs no look.
        for sent in sent_by(mapping):
            subject = subjects.get(sent.name)
            check = _check_of(sent, subject, active) if subject is not None else None
            if subject is None or check is None:
                self._free[sent.name] = sys.maxsize
                continue
            self._checks[sent.name] = check
            needs_value = subject.info.is_mandatory and sent.may_empty
            self._free[sent.name] = -1 if needs_value else free_length(subject)
        self._dependents = [
            _Dependent(subject, parent)
            for subject in subjects.values()
            if subject.info.options_under is not None
            and not subject.info.takes_others
            and (parent := subjects.get(_parent_name(subject))) is not None
        ]

    def check(self, schema_name: str, value: str) -> Problem | None:
        """What is wrong with one value by itself; None where nothing is, or nothing is known."""
        check = self._checks.get(schema_name)
        return check(value) if check is not None else None

    def problems(self, update: Update) -> tuple[Problem, ...]:
        """Everything that LeadSquared would refuse about the values of one update.

        What it cannot know is no problem: a stage that is sent without its status is only held
        against all the stages there are.
        """
        checks, free = self._checks, self._free
        found = [
            problem
            for name, value in update.fields
            if len(value) > free.get(name, sys.maxsize)
            and (problem := checks[name](value)) is not None
        ]
        if self._dependents:
            values = dict(update.fields)
            wrong = (dependent.problem(values) for dependent in self._dependents)
            found += [problem for problem in wrong if problem is not None]
        return tuple(found)


def _check_of(sent: Sent, subject: Subject, users: dict[str, bool] | None) -> Check | None:
    """The check of a field's values; None where whatever is sent is taken.

    A constant is judged once, with the mapping.
    """
    if sent.type == "constant":
        return None
    is_sure = _GUARANTEED.get(sent.type) is kind_of(subject.info)
    check = None if is_sure else value_check(subject, users=users)
    is_needed = subject.info.is_mandatory and sent.may_empty
    return mandatory_check(subject, check) if is_needed else check


# ------------------------------------------------------------------ a stage under its status


def _parent_name(subject: Subject) -> str:
    """The parent's name in the mapping: a member's parent is a member of the same field set."""
    inside = in_set(subject.name)
    return path_of(inside[0], subject.info.parent) if inside else subject.info.parent


class _Dependent(NamedTuple):
    """A field whose options depend on what is sent for another one."""

    subject: Subject
    parent: Subject

    def problem(self, values: dict[str, str]) -> Problem | None:
        """What is wrong with the two together; None where one of them is wrong by itself."""
        value, above = values.get(self.subject.name), values.get(self.parent.name)
        if not value or not above:
            return None
        under = self.subject.info.options_under or {}
        if above not in under and above not in (self.parent.info.options or ()):
            return None
        options = under.get(above, ())
        if value in options or not any(value in others for others in under.values()):
            return None
        return self._not_under(value, above, options)

    def _not_under(self, value: str, above: str, options: tuple[str, ...]) -> Problem:
        under = (self.subject.info.options_under or {}).items()
        where = [parent for parent, others in under if value in others]
        name, parent = called(self.subject.info), called(self.parent.info)
        allowed = f"under {quoted(above)} stand {some(options)}" if options else "none is told"
        return self.subject.problem(
            Code.NOT_UNDER_PARENT,
            value,
            f"{name} {quoted(value)} is not an option of {self.subject.name} under {parent} "
            f"{quoted(above)}",
            f"It stands under {parent} {some(where)}; {allowed}. Correct one of the two.",
        )
