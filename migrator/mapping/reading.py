"""A mapping file as a `Mapping`, or one error that tells all that is wrong with it.

Owns the way from text to `Mapping`; it never looks at a sheet, so whether the columns exist is
asked by `migrator.mapper`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from migrator.errors import MappingError
from migrator.field_sets import in_set, path_of
from migrator.mapping.complaints import Complaint, complain
from migrator.mapping.faults import complaints_of
from migrator.mapping.fields import AnyField, FieldSet, User
from migrator.mapping.schema import VERSION, Content, Opportunity, Source
from migrator.mapping.yaml_text import Path, Plain, dotted, read_yaml
from migrator.nearby import instead_of

MOST_BYTES: Final = 1024 * 1024
_BINARY: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
ENDINGS: Final = frozenset({".yaml", ".yml"})
_NUMBERED: Final = re.compile(r"v?\.?(\d{1,6})(?:\.\d+)*", re.ASCII | re.IGNORECASE)
_NO_FIELD: Final = (
    "Write at least one field, such as `mx_Custom_6: Amount`; in a draft, take the # away from a "
    "suggestion. Leave the key out where only a note is sent."
)
_NO_VALUE: Final = 'Write one, or leave the key out; a text that is meant to be empty is "".'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mapping:
    """How the columns of a sheet become the fields of opportunities."""

    name: str  #: The file's name without its folder.
    text: str  #: The file as it stands.
    digest: str  #: Of the content: comments, layout and short forms do not change it.
    source: Source
    opportunity: Opportunity
    fields: ReadOnly[str, AnyField]  #: By SchemaName, in the order in which they are sent; a
    #: member of a field set by its path, such as ``mx_Custom_13~mx_CustomObject_1``.
    lines: ReadOnly[Path, int]  #: Of every key and list item; the first line is 1.

    @property
    def schema_names(self) -> tuple[str, ...]:
        """The SchemaNames, in the order in which they are sent."""
        return tuple(self.fields)

    @property
    def needs_users(self) -> bool:
        """Whether a field names users by e-mail, so that the account's user list is needed."""
        return any(isinstance(field, User) for field in self.fields.values())

    def line_of(self, *path: str | int) -> int:
        """The line of a key, or of the nearest one around it.

        Args:
            path: The keys that lead to it, such as ``"fields", "mx_Custom_7", "column"``.
        """
        member = in_set(str(path[1])) if path[:1] == ("fields",) and len(path) > 1 else None
        if member is not None:
            path = ("fields", member[0], "fields", member[1], *path[2:])
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_mapping(path: str | FilePath) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingError: The file cannot be read, or what it says is wrong; tells everything that is.
    """
    file = FilePath(path)
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(file, error) from error
    if len(raw) > MOST_BYTES:
        raise MappingError(
            "the mapping is larger than 1 MiB",
            where=str(path),
            advice="A mapping is a short YAML file; check that -m names the right one.",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if raw.startswith(_BINARY) or b"\0" in raw:
            raise MappingError(
                "this is a workbook or another file that is no text, not a mapping",
                where=str(path),
                advice="Check the name after -m: the sheet comes first, as in "
                "`migrator check SHEET -m MAPPING`.",
            ) from error
        line = raw.count(b"\n", 0, error.start) + 1
        raise MappingError(
            "the mapping is not UTF-8",
            where=f"{path}:{line}",
            advice="Save it as UTF-8 in your editor.",
        ) from error
    return parse_mapping(text, name=file.name)


def _unreadable(file: FilePath, error: OSError) -> MappingError:
    if isinstance(error, FileNotFoundError):
        problem = "there is no such mapping"
        advice = (
            f"{instead_of(file, ENDINGS)}Check the name after -m; it was looked for as "
            f"{file.absolute()}. docs/mapping.md shows how to write one."
        )
    elif file.is_dir():
        problem, advice = "this is a folder, not a mapping", "Name one mapping (YAML) after -m."
    else:
        problem = f"the mapping cannot be read ({error.strerror or error})"
        advice = "Check the name after -m, and that you may read the file."
    return MappingError(problem, where=str(file), advice=advice)


def parse_mapping(text: str, *, name: str) -> Mapping:
    """Understand the text of a mapping.

    Args:
        text: The YAML.
        name: The file's name, for errors and for the ledger.

    Raises:
        MappingError: The text is wrong; tells everything that is.
    """
    values, lines, complaints, empty, asked = read_yaml(text, name=name)
    _check_version(values, lines, name=name)
    complaints.extend(_doubled(values, lines))
    source = values.get("source")
    context = {"timezone": isinstance(source, dict) and "timezone" in source}
    found: list[tuple[Path, Complaint]] = []
    try:
        content = Content.model_validate(values, context=context)
    except ValidationError as error:
        found = list(complaints_of(error, lines, values))
    found = [(place, said) for place, said in found if place not in asked and (place or not asked)]
    complaints.extend(_without_echoes(found, empty, lines))
    if complaints:
        complain(complaints, name=name)
    return Mapping(
        name=name,
        text=text,
        digest=_digest(content),
        source=content.source,
        opportunity=content.opportunity,
        fields=MappingProxyType(dict(_flat(content))),
        lines=MappingProxyType(lines),
    )


def open_questions(text: str) -> tuple[int, ...]:
    """The lines of a draft that hold a question.

    Raises:
        MappingError: The text is no YAML.
    """
    read = read_yaml(text, name="the draft")
    return tuple(read.lines[place] for place in read.open)


def _flat(content: Content) -> Iterator[tuple[str, AnyField]]:
    """The fields, with the members of field sets among them."""
    for name, field in content.fields.items():
        if isinstance(field, FieldSet):
            for member, inner in field.fields.items():
                yield path_of(name, member), inner
        else:
            yield name, field


def _check_version(values: dict[str, Plain], lines: ReadOnly[Path, int], *, name: str) -> None:
    """Refuse another version before anything else: all other complaints might be wrong."""
    version = values.get("version", VERSION)
    if version != VERSION:
        complain(
            [
                Complaint(
                    lines["version",],
                    f'this migrator reads version {VERSION} of the mapping, not "{version}"',
                    _change_for(version),
                )
            ],
            name=name,
        )


def _change_for(version: Plain) -> str:
    """What to do about a version that is not read here."""
    known = isinstance(version, str) and _NUMBERED.fullmatch(version.strip())
    if not known:
        return f"Write `version: {VERSION}`."
    number = int(known[1])
    if number > int(VERSION):
        return (
            f"The file is for a newer migrator: install that one. If it was written for this one, "
            f"write `version: {VERSION}`."
        )
    return (
        f"Write `version: {VERSION}`: it is the first version of the language, and the only one so "
        "far, so nothing else needs to change; keys that it does not know are then named line by "
        "line."
    )


def _without_echoes(
    found: list[tuple[Path, Complaint]], empty: list[Path], lines: ReadOnly[Path, int]
) -> Iterator[Complaint]:
    """What is found and the keys without a value, but no place twice."""
    places = {place for place, _ in found}
    for place, complaint in found:
        if place not in empty:
            yield complaint
    for place in empty:
        # `note: {Remarks}` is a text without its quotes, and no key without its value.
        if not any(place[:length] in places for length in range(1, len(place))):
            advice = _NO_FIELD if place == ("fields",) else _NO_VALUE
            yield Complaint(lines[place], f"{dotted(place)} has no value", advice)


def _doubled(values: dict[str, Plain], lines: ReadOnly[Path, int]) -> Iterator[Complaint]:
    """SchemaNames that stand twice in different spelling, in a field set, too."""
    fields = values.get("fields")
    if not isinstance(fields, dict):
        return
    yield from _doubled_in(fields, ("fields",), lines)
    for name, field in fields.items():
        members = field.get("fields") if isinstance(field, dict) else None
        if isinstance(members, dict):
            yield from _doubled_in(members, ("fields", name, "fields"), lines)


def _doubled_in(
    fields: dict[str, Plain], path: Path, lines: ReadOnly[Path, int]
) -> Iterator[Complaint]:
    spelt: defaultdict[str, list[str]] = defaultdict(list)
    for field in fields:
        spelt[field.lower()].append(field)
    for first, *others in spelt.values():
        for other in others:
            # What an alias repeats has lines only where it stands itself.
            line = lines.get((*path, first), 1)
            yield Complaint(
                lines.get((*path, other), 1),
                f'{dotted((*path, other))}: "{first}" stands in line {line} already',
                "SchemaNames that differ only in case name one field; keep one.",
            )


def _digest(content: Content) -> str:
    """A digest of what is said, not how; what is left to its default is left out.

    So a key that a later version adds does not change the digest of older mappings.
    """
    said = content.model_dump(mode="json", exclude_defaults=True)
    fields = said.pop("fields", {})
    for field in fields.values():
        if "fields" in field:
            field["fields"] = list(field["fields"].items())  # their order is content, too
    ordered = json.dumps([said, list(fields.items())], sort_keys=True, ensure_ascii=True)
    return blake2b(ordered.encode("ascii"), digest_size=16).hexdigest()
