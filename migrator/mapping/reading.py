"""A mapping file as a `Mapping`, or one error that tells all that is wrong with it.

Owns the way from text to `Mapping`; it never looks at a sheet, so whether the columns exist is
asked by `migrator.mapper`.
"""

import json
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
from migrator.mapping.complaints import Complaint, complain
from migrator.mapping.faults import complaints_of
from migrator.mapping.schema import VERSION, AnyField, Content, Opportunity, Source
from migrator.mapping.yaml_text import Path, Plain, dotted, read_yaml
from migrator.nearby import instead_of

MOST_BYTES: Final = 1024 * 1024
_BINARY: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
ENDINGS: Final = frozenset({".yaml", ".yml"})
_NO_VALUE: Final = 'Write one, or leave the key out; a text that is meant to be empty is "".'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mapping:
    """How the columns of a sheet become the fields of opportunities."""

    name: str  #: The file's name without its folder.
    text: str  #: The file as it stands.
    digest: str  #: Of the content: comments, layout and short forms do not change it.
    source: Source
    opportunity: Opportunity
    fields: ReadOnly[str, AnyField]  #: By SchemaName, in the order in which they are sent.
    lines: ReadOnly[Path, int]  #: Of every key and list item; the first line is 1.

    @property
    def schema_names(self) -> tuple[str, ...]:
        """The SchemaNames, in the order in which they are sent."""
        return tuple(self.fields)

    def line_of(self, *path: str | int) -> int:
        """The line of a key, or of the nearest one around it.

        Args:
            path: The keys that lead to it, such as ``"fields", "mx_Custom_7", "column"``.
        """
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
    found = [(place, complaint) for place, complaint in found if place not in asked]
    complaints.extend(_without_echoes(found, empty, lines))
    if complaints:
        complain(complaints, name=name)
    return Mapping(
        name=name,
        text=text,
        digest=_digest(content),
        source=content.source,
        opportunity=content.opportunity,
        fields=MappingProxyType(content.fields),
        lines=MappingProxyType(lines),
    )


def open_questions(text: str) -> tuple[int, ...]:
    """The lines of a draft that hold a question.

    Raises:
        MappingError: The text is no YAML.
    """
    read = read_yaml(text, name="the draft")
    return tuple(read.lines[place] for place in read.open)


def _check_version(values: dict[str, Plain], lines: ReadOnly[Path, int], *, name: str) -> None:
    """Refuse another version before anything else: all other complaints might be wrong."""
    version = values.get("version", VERSION)
    if version != VERSION:
        complain(
            [
                Complaint(
                    lines["version",],
                    f'this migrator reads version {VERSION} of the mapping, not "{version}"',
                    f"Write `version: {VERSION}`, or use the migrator that the file is for.",
                )
            ],
            name=name,
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
            yield Complaint(lines[place], f"{dotted(place)} has no value", _NO_VALUE)


def _doubled(values: dict[str, Plain], lines: ReadOnly[Path, int]) -> Iterator[Complaint]:
    """SchemaNames that stand twice in different spelling."""
    fields = values.get("fields")
    spelt: defaultdict[str, list[str]] = defaultdict(list)
    for field in fields if isinstance(fields, dict) else ():
        spelt[field.lower()].append(field)
    for first, *others in spelt.values():
        for other in others:
            yield Complaint(
                lines["fields", other],
                f'fields.{other}: "{first}" stands in line {lines["fields", first]} already',
                "SchemaNames that differ only in case name one field; keep one.",
            )


def _digest(content: Content) -> str:
    """A digest of what is said, not how; what is left to its default is left out.

    So a key that a later version adds does not change the digest of older mappings.
    """
    said = content.model_dump(mode="json", exclude_defaults=True)
    fields = said.pop("fields", {})
    ordered = json.dumps([said, list(fields.items())], sort_keys=True, ensure_ascii=True)
    return blake2b(ordered.encode("ascii"), digest_size=16).hexdigest()
