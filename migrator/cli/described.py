"""What an account says of its types, fields and users: in words, as tables or as JSON.

Owns the wording and the layout only.
"""

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tabulate import tabulate

from migrator.cli.screen import cut, width_of
from migrator.field_sets import path_of
from migrator.fit.kinds import Kind, kind_of
from migrator.metadata import FieldInfo, Metadata, TypeInfo, UserInfo
from migrator.redact import printable
from migrator.reports.text import counted

_NARROW: Final = 100  #: Columns of a terminal; below, each user is a paragraph.
_PIPE: Final = 140  #: Columns of a table that goes to no terminal.
_LONGEST_NAME: Final = 22  #: Columns that a name gets at most in a table.
_LONGEST_OPTION: Final = 24
_FEWEST_COLUMNS: Final = 24  #: For what a field takes; with less, each field is a paragraph.
_ROOM: Final = 200  #: Columns of options where a field is a paragraph.
_MORE: Final = ", …"
_GAP: Final = 2  #: Blanks between two columns of tabulate's plain tables.
_HEADER: Final = ("SchemaName", "name", "type", "needs", "takes")


def described_lines(metadata: Metadata, *, width: int, saved: Path | None) -> Iterator[str]:
    """Types, or the fields of each that was described, then users and the next command.

    Args:
        metadata: What was read.
        width: Of the terminal; 0 where there is none.
        saved: The file in which it is kept; None: in none.
    """
    described = [one for one in metadata.types if one.fields]
    if described:
        for one in described:
            yield from _type_lines(one, metadata, width)
            yield ""
    else:
        yield from _types_lines(metadata)
        yield ""
    if metadata.users:
        yield from _user_lines(metadata.users, width)
        yield ""
    yield f"next: {_next(metadata, described, saved)}"


def described_json(metadata: Metadata) -> str:
    """The same content for programs, with every member."""
    return metadata.model_dump_json(indent=2)


def _next(metadata: Metadata, described: Sequence[TypeInfo], saved: Path | None) -> str:
    code = metadata.types[0].code if metadata.types else "N"
    if not described:
        return f"migrator fields --type {code}"
    if saved is None:
        return f"migrator fields --type {code} --save FILE"
    return f"migrator check SHEET -m MAPPING --metadata {shlex.quote(str(saved))}"


# ------------------------------------------------------------------ types


def _types_lines(metadata: Metadata) -> Iterator[str]:
    count = len(metadata.types)
    yield f"{metadata.host}: {counted(count, 'opportunity type')}"
    for one in metadata.types:
        yield f"{one.code:>9}  {printable(one.name)}{'' if one.name else '(no name is told)'}"


def _type_lines(one: TypeInfo, metadata: Metadata, width: int) -> Iterator[str]:
    yield f"{printable(one.name)} ({one.code}): {counted(len(one.fields), 'field')} on " + (
        metadata.host
    )
    yield ""
    fields = list(_with_members(one.fields))
    facts = [_HEADER[:-1], *(_facts(name, field) for name, field in fields)]
    used = sum(max(map(width_of, texts)) + _GAP for texts in zip(*facts, strict=True))
    room = (width or _PIPE) - used
    if room < _FEWEST_COLUMNS:
        yield from (line for name, field in fields for line in _block(name, field))
    else:
        takes = [_HEADER[-1], *(_takes(field, room) for _, field in fields)]
        yield from _table([(*fact, text) for fact, text in zip(facts, takes, strict=True)])
    unchecked = [name for name, field in fields if _tells_nothing(field)]
    if unchecked:
        yield ""
        yield (
            f"no options are told of {', '.join(unchecked)}: what is sent there cannot be checked "
            "beforehand"
        )


def _with_members(fields: Iterable[FieldInfo]) -> Iterator[tuple[str, FieldInfo]]:
    """Each field with the name that a mapping gives it, members of field sets behind their set."""
    for field in fields:
        yield field.schema_name, field
        for member in field.members:
            yield path_of(field.schema_name, member.schema_name), member


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The first row is the header."""
    text = tabulate(rows, tablefmt="plain", disable_numparse=True, preserve_whitespace=True)
    header, *lines = (line.rstrip() for line in text.splitlines())
    yield from (header, "-" * max(map(width_of, (header, *lines))), *lines)


def _facts(name: str, field: FieldInfo) -> tuple[str, ...]:
    return (
        printable(name),
        cut(field.display_name, _LONGEST_NAME),
        cut(field.data_type, _LONGEST_NAME),
        _needs(field),
    )


def _block(name: str, field: FieldInfo) -> Iterator[str]:
    yield f"{printable(name)}  {printable(field.display_name)}"
    facts = (printable(field.data_type), _needs(field))
    yield f"    {', '.join(fact for fact in facts if fact)}"
    takes = _takes(field, _ROOM)
    if takes:
        yield f"    {takes}"


def _needs(field: FieldInfo) -> str:
    if field.is_read_only:
        return "read-only"
    return "mandatory" if field.is_mandatory else ""


# ------------------------------------------------------------------ options


def _tells_nothing(field: FieldInfo) -> bool:
    is_told = field.options is not None or field.options_under is not None
    return kind_of(field) is Kind.OPTION and not is_told


def _takes(field: FieldInfo, room: int) -> str:
    """How long a text, or how many options of which kind, and the first as far as there is room."""
    if field.members:
        return counted(len(field.members), "member")
    if _tells_nothing(field):
        return "options not told"
    if field.options_under is not None:
        found = [option for options in field.options_under.values() for option in options]
        begins = f"{len(found):,} under {printable(field.parent)}"
    elif field.options is not None:
        found = list(field.options)
        begins = f"{len(found):,}"
    else:
        return "" if field.max_length is None else counted(field.max_length, "character")
    begins += ", several" if field.is_multi_select else ""
    begins += ", others too" if field.takes_others else ""
    first = _first(found, room - width_of(begins) - 2)
    return f"{begins}: {first}" if first else begins


def _first(options: Collection[str], room: int) -> str:
    """As many as there is room for; "" where there is none for the first."""
    shown: list[str] = []
    for option in options:
        longer = ", ".join([*shown, cut(option, _LONGEST_OPTION)])
        is_last = len(shown) + 1 == len(options)
        if width_of(longer) + (0 if is_last else width_of(_MORE)) > room:
            break
        shown.append(cut(option, _LONGEST_OPTION))
    return ", ".join(shown) + ("" if len(shown) == len(options) or not shown else _MORE)


# ------------------------------------------------------------------ users


def _user_lines(users: Sequence[UserInfo], width: int) -> Iterator[str]:
    active = sum(user.is_active for user in users)
    yield f"{counted(len(users), 'user')}, {active:,} active"
    yield ""
    if 0 < width < _NARROW:
        for user in users:
            yield printable(user.id)
            yield f"    {', '.join(text for text in _user(user)[1:] if text)}"
        return
    yield from _table([("GUID", "e-mail", "name", ""), *map(_user, users)])


def _user(user: UserInfo) -> tuple[str, str, str, str]:
    state = "" if user.is_active else "not active"
    return cut(user.id, 38), cut(user.email, 40), cut(user.name, _LONGEST_NAME), state
