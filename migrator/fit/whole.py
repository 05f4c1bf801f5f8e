"""A mapping against an opportunity type, before any row.

Owns what can be said of the mapping alone: fields that are not there, names that are others,
types that do not go together, constants and targets that would be refused.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from migrator.convert import quoted
from migrator.field_sets import in_set
from migrator.fit.checks import Subject, mandatory_check, value_check
from migrator.fit.kinds import (
    CREATED_ON,
    STATUS,
    STATUS_COMMENT,
    Kind,
    all_options,
    find,
    kind_of,
)
from migrator.fit.misfit import Code, Level, Misfit
from migrator.fit.sent import Sent, sent_by
from migrator.fit.words import bare, by_display_name, called, some
from migrator.mapping import FromRow, Mapping, did_you_mean
from migrator.metadata import FieldInfo, TypeInfo, UserInfo
from migrator.model import Problem


def fit(mapping: Mapping, type_: TypeInfo, *, users: Iterable[UserInfo] = ()) -> list[Misfit]:
    """Everything in the mapping that does not fit the type, in the order of its lines.

    Args:
        mapping: The mapping, whose type's code should be the type's.
        type_: The opportunity type as its account describes it.
        users: The account's users; none: they are not known.
    """
    judge = _Judge(mapping, type_, users)
    found = [*judge.of_the_type(), *judge.of_what_is_not_sent()]
    for sent in sent_by(mapping):
        found += judge.of_a_field(sent)
    return sorted(dict.fromkeys(found), key=lambda misfit: misfit.line)


class _Judge:
    """One mapping and one type."""

    def __init__(self, mapping: Mapping, type_: TypeInfo, users: Iterable[UserInfo]) -> None:
        self._mapping, self._type = mapping, type_
        self._users = {user.id.lower(): user.is_active for user in users} or None
        self._sent = {sent.name for sent in sent_by(mapping)}

    # -------------------------------------------------------------- the mapping as a whole

    def of_the_type(self) -> Iterator[Misfit]:
        """The type's code, and whether it has an AutoId where the ids are to be ones."""
        opportunity = self._mapping.opportunity
        if opportunity.type != self._type.code:
            line = self._mapping.line_of("opportunity", "type")
            yield Misfit(
                "error",
                Code.OTHER_TYPE,
                "",
                line,
                f"the mapping is for the opportunity type {opportunity.type}, and this is "
                f"{self._type.code} ({self._type.name})",
                f"Read the metadata of {opportunity.type}, or correct `type`.",
            )
        has_auto_id = any(field.data_type.lower() == "autoid" for field in self._type.fields)
        if opportunity.id.kind == "auto_id" and self._type.fields and not has_auto_id:
            yield Misfit(
                "warning",
                Code.WRONG_TYPE,
                "",
                self._mapping.line_of("opportunity", "id", "kind"),
                f"the ids are to be AutoIds, and {self._type.name or self._type.code} shows no "
                "AutoId field",
                "Check in LeadSquared whether the type has one; else give the GUIDs.",
            )

    def of_what_is_not_sent(self) -> Iterator[Misfit]:
        """Fields that a row may need, and that the mapping does not name."""
        missing = [
            field
            for field in self._type.fields
            if field.is_mandatory and not field.is_read_only and not self._is_sent(field)
        ]
        if missing:
            names = ", ".join(f"{field.schema_name} ({called(field)})" for field in missing)
            yield Misfit(
                "warning",
                Code.MANDATORY_NOT_SENT,
                "",
                self._mapping.line_of("fields"),
                f"mandatory and not sent: {names}",
                "An update does not need them; where LeadSquared holds none yet, it may refuse "
                "the row.",
            )
        yield from self._of_the_status()

    def _is_sent(self, field: FieldInfo) -> bool:
        name = field.schema_name
        return name in self._sent or any((in_set(sent) or ("",))[0] == name for sent in self._sent)

    def _of_the_status(self) -> Iterator[Misfit]:
        """What has to go with a change of a parent, such as the status."""
        for field in self._type.fields:
            if field.parent in self._sent and field.schema_name not in self._sent:
                parent = self._type.field(field.parent) or FieldInfo(schema_name=field.parent)
                yield self._of_field(
                    "warning",
                    Code.DEPENDENT_NOT_SENT,
                    field.parent,
                    f"{field.parent} ({called(parent)}) is sent without {field.schema_name} "
                    f"({called(field)}), whose options depend on it",
                    "A row that changes the one leaves the other as it is, and LeadSquared may "
                    "refuse it: map both.",
                )
        comment = self._type.field(STATUS_COMMENT)
        if comment is None or STATUS not in self._sent or STATUS_COMMENT in self._sent:
            return
        if "comment" in comment.display_name.casefold() or not comment.display_name:
            yield self._of_field(
                "warning",
                Code.STATUS_COMMENT,
                STATUS,
                f"{STATUS} is sent without {STATUS_COMMENT} ({called(comment)})",
                "Where the account asks for a comment on each change of the status, such rows are "
                f"refused without one: map {STATUS_COMMENT}.",
            )

    def _of_field(self, level: Level, code: Code, name: str, text: str, advice: str) -> Misfit:
        return Misfit(level, code, name, self._mapping.line_of("fields", name), text, advice)

    # -------------------------------------------------------------- one field

    def of_a_field(self, sent: Sent) -> Iterator[Misfit]:
        """Everything about one field of the mapping."""
        info = find(self._type, sent.name)
        if info is None:
            yield self._unknown(sent)
            return
        yield from self._of_the_name(sent, info)
        refusal = _unwritable(sent, info)
        if refusal is not None:
            yield refusal
            if refusal.level == "error":
                return
        yield from _of_the_kind(sent, info)
        yield from _of_the_options(sent, info)
        yield from _of_the_length(sent, info)
        yield from self._of_fixed_values(sent, info)

    def _unknown(self, sent: Sent) -> Misfit:
        inside = in_set(sent.name)
        owner = self._type.field(inside[0]) if inside else None
        if inside and owner is not None:
            return _unknown_member(sent, owner, inside[1])
        if sent.name == CREATED_ON:
            return sent_misfit(
                "warning",
                Code.UNKNOWN_FIELD,
                sent,
                f"{CREATED_ON} is not among the fields that {self._type.code} shows",
                "It is written only where LeadSquared's support has enabled that: ask them.",
            )
        known = [field.schema_name for field in self._type.fields]
        advice = by_display_name(
            self._type, [sent.expected_name, sent.name, sent.column]
        ) or did_you_mean(sent.name, known)
        name = f" ({self._type.name})" if self._type.name else ""
        return sent_misfit(
            "error",
            Code.UNKNOWN_FIELD,
            sent,
            f"the opportunity type {self._type.code}{name} has no field {sent.name}",
            f"{advice}`migrator fields --type {self._type.code}` lists its {len(known)} fields.",
        )

    def _of_the_name(self, sent: Sent, info: FieldInfo) -> Iterator[Misfit]:
        """The display name against the one that the mapping expects."""
        expected, found = sent.expected_name, info.display_name.strip()
        if not expected or expected == found:
            return
        if not found:
            text = f"the metadata tells no name of {sent.name}, so `expect` cannot be checked"
            yield sent_misfit("warning", Code.CANNOT_CHECK, sent, text, "Look in LeadSquared.")
        elif " ".join(expected.casefold().split()) == " ".join(found.casefold().split()):
            yield sent_misfit(
                "warning",
                Code.OTHER_NAME,
                sent,
                f"{sent.name} is called {quoted(found)}, the mapping expects {quoted(expected)}",
                f"They differ in case or spaces only: write `expect: {found}`.",
            )
        else:
            elsewhere = by_display_name(self._type, [expected])
            yield sent_misfit(
                "error",
                Code.OTHER_NAME,
                sent,
                f"{sent.name} is called {quoted(found)} here, the mapping expects "
                f"{quoted(expected)}",
                f"This mapping was written for another opportunity type or account. {elsewhere}"
                f"Name the right field, or correct `expect`.",
            )

    def _of_fixed_values(self, sent: Sent, info: FieldInfo) -> Iterator[Misfit]:
        """Constants, and what the values of a choice become: judged once, not row by row."""
        subject = Subject(info, sent.name, sent.column, sent.joined_by)
        check = value_check(subject, users=self._users)
        if info.is_mandatory:
            check = mandatory_check(subject, check)
        if check is None:
            return
        for key, value in sent.fixed_values:
            problem = check(value)
            if problem is None:
                continue
            line = self._mapping.line_of("fields", sent.name, *key)
            told = f" (for {quoted(key[-1])})" if len(key) > 1 else ""
            advice = _of_fixed(problem, is_constant=not told)
            yield Misfit(
                "error", Code(problem.code), sent.name, line, problem.reason + told, advice
            )


def _of_fixed(problem: Problem, *, is_constant: bool) -> str:
    """The advice for a value that stands in the mapping and in no cell."""
    where = "the constant" if is_constant else "the value"
    return {
        Code.NOT_AN_OPTION: f"Correct {where}, or add the option in LeadSquared.",
        Code.RENAMED_OPTION: f"Write the option's name of today as {where}.",
        Code.MANDATORY_BLANK: "Write a value, or take the field out.",
    }.get(Code(problem.code), f"Correct {where}.")


# ------------------------------------------------------------------ can it be written at all


def _unwritable(sent: Sent, info: FieldInfo) -> Misfit | None:
    shown = f"{sent.name} ({called(info)})"
    kind = kind_of(info)
    if kind is Kind.UNWRITABLE:
        text = f"{shown} is of the type {info.data_type}, which no update can fill"
        advice = "Take the field out of the mapping."
        return sent_misfit("error", Code.NOT_WRITABLE, sent, text, advice)
    if kind is Kind.FIELD_SET:
        text = f"{shown} is a field set, which takes no value of its own"
        inside = [member.schema_name for member in info.members]
        advice = f"Map its members{': ' + some(inside) if inside else ''}, under `fields:`."
        return sent_misfit("error", Code.WRONG_TYPE, sent, text, advice)
    if not info.is_read_only:
        return None
    if sent.name == CREATED_ON:
        text = f"{shown} is shown as read-only"
        advice = "It is written only where LeadSquared's support has enabled that: ask them."
        return sent_misfit("warning", Code.READ_ONLY, sent, text, advice)
    text = f"{shown} is read-only: LeadSquared writes it itself"
    return sent_misfit("error", Code.READ_ONLY, sent, text, "Take the field out of the mapping.")


def _unknown_member(sent: Sent, owner: FieldInfo, member: str) -> Misfit:
    """A member that the set does not show, of a set that may show none at all."""
    shown = f"{owner.schema_name} ({called(owner)})"
    if owner.members:
        known = [one.schema_name for one in owner.members]
        named = (one for one in owner.members if bare(one.display_name) == bare(member))
        by_name = next(
            (f"{one.schema_name} is called {quoted(one.display_name)}. " for one in named), ""
        )
        return sent_misfit(
            "error",
            Code.UNKNOWN_FIELD,
            sent,
            f"the field set {shown} has no member {member}",
            f"{by_name or did_you_mean(member, known)}Its members are {some(known)}.",
        )
    if kind_of(owner) is Kind.FIELD_SET or kind_of(owner) is Kind.TEXT:
        text = f"the metadata tells no members of {shown}, so {member} cannot be checked"
        return sent_misfit("warning", Code.CANNOT_CHECK, sent, text, "Look in LeadSquared.")
    text = f"{shown} is no field set but of the type {owner.data_type}"
    return sent_misfit("error", Code.WRONG_TYPE, sent, text, "Map the field itself.")


# ------------------------------------------------------------------ types that go together

_FREE: Final = frozenset({"text", "template"})
"""What sends any text: its values are judged one by one."""

_FIXED: Final = frozenset({"constant", "choice", "choices"})
"""What sends texts of the mapping: these are judged with it."""

_GOES_WITH: Final = {
    Kind.NUMBER: frozenset({"number", "integer"}),
    Kind.BOOLEAN: frozenset({"boolean", "number", "integer"}),
    Kind.DATE: frozenset({"date"}),
    Kind.DATETIME: frozenset({"datetime"}),
    Kind.USER: frozenset({"user"}),
}
"""The mapping's types that give what a field takes; a field of another kind takes any."""

_SHOULD_BE: Final = {
    Kind.NUMBER: "`type: number`",
    Kind.BOOLEAN: "`type: boolean`",
    Kind.DATE: "`type: date`",
    Kind.DATETIME: "`type: datetime`",
    Kind.USER: "`type: user`",
}


def _of_the_kind(sent: Sent, info: FieldInfo) -> Iterator[Misfit]:
    """What the mapping sends against what the field takes."""
    kind = kind_of(info)
    fitting = _GOES_WITH.get(kind)
    if fitting is None or sent.type in fitting or sent.type in _FIXED:
        return
    shown = f"{sent.name} ({called(info)}) is of the type {info.data_type or 'user'}"
    article = "an" if sent.type[0] in "aeiou" else "a"
    wanted = _SHOULD_BE[kind]
    if kind is Kind.DATE and sent.type == "datetime":
        text = f"{shown}, and a datetime is sent"
        advice = f"The day that UTC has may be another than the sheet's: use {wanted}."
        yield sent_misfit("warning", Code.WRONG_TYPE, sent, text, advice)
    elif sent.type in _FREE:
        if kind is Kind.USER:
            return
        text = f"{shown}, and {article} {sent.type} is sent as it stands"
        advice = f"Each value is checked; {wanted} reads what the sheet has."
        yield sent_misfit("warning", Code.WRONG_TYPE, sent, text, advice)
    else:
        text = f"{shown}, and {article} {sent.type} is sent"
        yield sent_misfit(
            "error", Code.WRONG_TYPE, sent, text, f"Use {wanted}, or name another field."
        )


def _of_the_options(sent: Sent, info: FieldInfo) -> Iterator[Misfit]:
    """A dropdown that tells no options: nothing can be checked, which is not nothing allowed."""
    if kind_of(info) is Kind.OPTION and all_options(info) is None and not info.takes_others:
        text = f"the metadata lists no options of {sent.name} ({called(info)}): cannot check them"
        advice = "Compare its values with the dropdown in LeadSquared; it takes exact texts only."
        yield sent_misfit("warning", Code.CANNOT_CHECK, sent, text, advice)
    if sent.type == "choices" and not info.is_multi_select:
        text = f"{sent.name} ({called(info)}) takes one value, and several may be sent"
        advice = "Use `type: choice`, or name a field that is a multi-select dropdown."
        yield sent_misfit("warning", Code.WRONG_TYPE, sent, text, advice)


def _of_the_length(sent: Sent, info: FieldInfo) -> Iterator[Misfit]:
    longest, allowed = info.max_length, sent.field.max_length
    if longest is not None and allowed is not None and allowed > longest:
        text = f"`max_length: {allowed}`, and {sent.name} ({called(info)}) takes {longest}"
        advice = f"Write `max_length: {longest}`."
        yield sent_misfit("warning", Code.MAX_LENGTH, sent, text, advice)
    if info.is_mandatory and isinstance(sent.field, FromRow) and sent.field.blank == "clear":
        text = f"{sent.name} ({called(info)}) is mandatory, and a blank cell would empty it"
        advice = "Use `blank: skip` or `blank: error`."
        yield sent_misfit("warning", Code.MANDATORY_BLANK, sent, text, advice)


def sent_misfit(level: Level, code: Code, sent: Sent, text: str, advice: str) -> Misfit:
    """A misfit of a field as a whole."""
    return Misfit(level, code, sent.name, sent.line, text, advice)
