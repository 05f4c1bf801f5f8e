"""The whole draft: source, opportunity, fields, and what the account has besides.

Owns the order of its parts and their explanations.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from migrator.drafting.dates import needs_zone
from migrator.drafting.entries import entry_of
from migrator.drafting.ids import IdGuess, chosen_id, guess_id
from migrator.drafting.matching import is_closed, is_writable, matched, suitable, words
from migrator.drafting.model import Draft, Entry, Key, Match, Sheet
from migrator.drafting.telling import described, field_in_words, is_nameable
from migrator.drafting.yaml_lines import (
    QUESTION,
    UNKNOWN,
    can_stand,
    commented,
    entry_lines,
    key_lines,
)
from migrator.fit.kinds import Kind as Takes
from migrator.fit.kinds import kind_of
from migrator.fit.words import called
from migrator.mapping import open_questions
from migrator.mapping.yaml_scalar import scalar
from migrator.metadata import FieldInfo, TypeInfo, UserInfo
from migrator.profile import ColumnProfile, Kind

_MOST_SUITABLE: Final = 6
_WELL_KNOWN: Final = {
    "status": "Status",
    "owner": "Owner",
    "created": "CreatedOn",
    "created on": "CreatedOn",
    "created at": "CreatedOn",
    "created date": "CreatedOn",
    "date created": "CreatedOn",
}
"""By the words of a header: SchemaNames that every opportunity type has."""

_NOTE: Final = re.compile(r"\b(notes?|remarks?|comments?)\b")


def draft(
    sheet: Sheet,
    *,
    code: int | None = None,
    timezone: str | None = None,
    id_column: str | None = None,
    type_: TypeInfo | None = None,
    users: Iterable[UserInfo] = (),
    schema: str = "",
) -> Draft:
    """Draft a mapping.

    Args:
        sheet: What the columns hold.
        code: The opportunity type's event code; None: it is asked.
        timezone: Of the clock that the sheet's times show; None: it is asked where it matters.
        id_column: The column of the opportunity's ids; None: it is guessed, or asked.
        type_: What the account says of the type; None: no SchemaName is known.
        users: The account's users.
        schema: Where the mapping's JSON Schema is, for editors; "": it is not named.
    """
    by_name = {column.name: column for column in sheet.columns}
    nameable = [column for column in sheet.columns if is_nameable(column.name)]
    ids = chosen_id(by_name[id_column], type_) if id_column else guess_id(nameable, type_)
    entries, unnameable = _entries(sheet.columns, ids.column, type_, tuple(users))
    parts = _Parts(sheet=sheet, code=code, timezone=timezone, ids=ids, type_=type_, entries=entries)
    lines = [
        *([f"# yaml-language-server: $schema={schema}"] if schema else []),
        *parts.head(),
        "version: 1",
        *parts.source(),
        *parts.opportunity(),
        *parts.fields(unnameable),
    ]
    text = "".join(f"{line}\n" for line in lines)
    live = [entry for entry in entries if entry.is_live]
    return Draft(
        text=text,
        questions=open_questions(text),
        mapped=len(live),
        suggested=len(entries) - len(live),
    )


def _entries(
    columns: Sequence[ColumnProfile],
    id_column: ColumnProfile | None,
    type_: TypeInfo | None,
    users: tuple[UserInfo, ...],
) -> tuple[list[Entry], list[ColumnProfile]]:
    """What is said about each column but the id; and the columns that no mapping can name."""
    left = [column for column in columns if column is not id_column]
    unnameable = [column for column in left if not is_nameable(column.name)]
    nameable = [column for column in left if is_nameable(column.name)]
    matches: dict[str, Match] = matched(nameable, type_) if type_ is not None else {}
    known = _well_known(nameable) if type_ is None else {}
    return [
        entry_of(
            column,
            matches.get(column.letter),
            well_known=known.get(column.letter, ""),
            users=users,
        )
        for column in nameable
    ], unnameable


def _well_known(columns: Iterable[ColumnProfile]) -> dict[str, str]:
    """By letter; each SchemaName for the first column that it suits."""
    found: dict[str, str] = {}
    for column in columns:
        name = _WELL_KNOWN.get(words(column.name), "")
        if name and name not in found.values():
            found[column.letter] = name
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of one draft, as lines."""

    sheet: Sheet
    code: int | None
    timezone: str | None
    ids: IdGuess
    type_: TypeInfo | None
    entries: list[Entry]

    # ---------------------------------------------------------- head

    def head(self) -> Iterator[str]:
        count = len(self.sheet.columns)
        yield from commented(
            f"A draft for {self.sheet.file}, by `migrator init`, from {self.sheet.rows:,} rows in "
            f"{count} columns."
        )
        yield from commented(
            f"{QUESTION} is a question that only a person can answer. Until none is left, `check` "
            "and `run` refuse this file and name the lines."
        )
        yield from commented(
            "Lines with ## explain. Lines with one # are suggestions: take the # and the blank "
            "behind it away to use one, or delete it."
        )
        if self.type_ is None:
            yield from commented(
                f"No column is mapped yet: which field is which mx_Custom_N differs from account "
                f"to account and from type to type. Put the number in place of the ? in {UNKNOWN}; "
                "`migrator fields --type N` lists them, and `migrator init --online` (or "
                "--metadata FILE) matches them by their names."
            )
        yield from commented(
            "The comments show cells of the sheet: give this file to nobody who may not see those."
        )

    # ---------------------------------------------------------- source and opportunity

    def source(self) -> Iterator[str]:
        keys = [Key(name=name, value=value) for name, value in self.sheet.reading]
        times = [entry.column.name for entry in self.entries if _is_datetime(entry)]
        if self.timezone is not None:
            keys.append(Key(name="timezone", value=self.timezone))
        elif times:
            listed = ", ".join(f'"{name}"' for name in times)
            hint = (
                f"Whose clock do the times show in {listed}? The one that the old CRM showed, not "
                "your own: an IANA name such as Asia/Kolkata or Europe/London, or UTC."
            )
            keys.append(Key(name="timezone", hints=(hint,)))
        if keys:
            yield "source:"
            yield from (line for key in keys for line in key_lines(key, indent=2))

    def opportunity(self) -> Iterator[str]:
        yield "opportunity:"
        yield from key_lines(self._code(), indent=2)
        yield from key_lines(self._id(), indent=2)
        note = next((entry.column.name for entry in self.entries if _is_note(entry)), None)
        if note is not None:
            yield from commented("A note for each opportunity, besides its fields:", indent=2)
            braced = note.replace("{", "{{").replace("}", "}}")
            yield f"  # note: {scalar(f'{{{braced}}}')}"

    def _code(self) -> Key:
        if self.code is None:
            hint = "Which opportunity type? Its number (event code); `migrator fields` lists them."
            return Key(name="type", hints=(hint,))
        hints = (f'"{self.type_.name}" in LeadSquared.',) if self.type_ and self.type_.name else ()
        return Key(name="type", value=str(self.code), hints=hints)

    def _id(self) -> Key:
        column = self.ids.column
        if column is None:
            return Key(name="id", hints=tuple(self._asked_id()))
        hints = tuple(described(column))
        if self.ids.kind:
            return Key(
                name="id", pairs=(("column", column.name), ("kind", self.ids.kind)), hints=hints
            )
        return Key(name="id", value=column.name, hints=hints)

    def _asked_id(self) -> Iterator[str]:
        yield (
            "Which column holds the opportunity's id: LeadSquared's ProspectOpportunityId (a "
            "GUID), or the number that it counts itself? Where there is none, `migrator ids` looks "
            "the ids up."
        )
        for column in self.ids.candidates:
            yield from described(column)

    # ---------------------------------------------------------- fields

    def fields(self, unnameable: Sequence[ColumnProfile]) -> Iterator[str]:
        yield "fields:"
        for entry in self.entries:
            yield ""
            for text in (*described(entry.column), *entry.hints, *self._suitable(entry)):
                yield from commented(text, indent=2)
            yield from entry_lines(entry)
        for column in unnameable:
            yield ""
            for text in described(column):
                yield from commented(text, indent=2)
            yield from commented("No mapping can name this column: rename it.", indent=2)
        yield from self._rest()

    def _suitable(self, entry: Entry) -> Iterator[str]:
        """For a column without a field: those that take what it holds."""
        if self.type_ is None or entry.schema_name:
            return
        listed = [field_in_words(field) for field in suitable(entry.column, self._free())]
        if listed:
            more = " …" if len(listed) > _MOST_SUITABLE else ""
            yield f"No field is called so. Of this kind: {', '.join(listed[:_MOST_SUITABLE])}{more}"
        else:
            yield "No field is called so; those that are left stand at the end."

    def _free(self) -> list[FieldInfo]:
        taken = {entry.schema_name for entry in self.entries}
        fields = self.type_.fields if self.type_ is not None else ()
        return [field for field in fields if field.schema_name not in taken]

    def _rest(self) -> Iterator[str]:
        """What the account has besides."""
        free = self._free()
        writable = [field for field in free if is_writable(field)]
        sets = [one for one in free if not is_closed(one) and kind_of(one) is Takes.FIELD_SET]
        mandatory = (
            "LeadSquared calls these mandatory, and no column fills them. An update leaves them as "
            "they are; give them a column or a {constant: …} where that is not wanted"
        )
        parts = (
            (mandatory, [field for field in writable if field.is_mandatory]),
            ("Also without a column", [field for field in writable if not field.is_mandatory]),
            ("Nothing can be written to", [field for field in free if is_closed(field)]),
            ("Field sets, whose members are not told", [one for one in sets if not one.members]),
        )
        for words_, fields in parts:
            if fields:
                yield ""
                listed = ", ".join(map(field_in_words, fields))
                yield from commented(f"{words_}: {listed}.", indent=2)
        for field in sets:
            yield from _field_set(field)


def _field_set(field: FieldInfo) -> Iterator[str]:
    """A field set as a suggestion, with the members that a column may fill."""
    members = [one for one in field.members if is_writable(one) and can_stand(called(one))]
    if not members:
        return
    yield ""
    yield from commented(f"{field_in_words(field)} is a field set. Its members:", indent=2)
    yield f"  # {field.schema_name}:"
    yield "  #   fields:"
    for member in members:
        expected = f"{{column: {QUESTION}, expect: {scalar(called(member))}}}"
        yield f"  #     {member.schema_name}: {expected}"


def _is_datetime(entry: Entry) -> bool:
    is_one = any(key.name == "type" and key.value == "datetime" for key in entry.keys)
    return is_one and needs_zone(entry.column)


def _is_note(entry: Entry) -> bool:
    is_text = entry.column.kind is Kind.TEXT and not entry.is_live
    return is_text and _NOTE.search(words(entry.column.name)) is not None
