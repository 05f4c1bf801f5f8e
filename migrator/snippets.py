"""A field of a mapping with more `values:`, as YAML to paste in its place.

Owns the form of the proposal; what is near is `migrator.fit`'s word. It changes no mapping.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from typing import Any, Final, NamedTuple

from migrator.fit.words import nearest
from migrator.mapping import Choice, Mapping, Text
from migrator.mapping.yaml_scalar import scalar

_OTHERWISE: Final = "keep"  #: Of a field that was text: other texts go as they went before.


class Wrong(NamedTuple):
    """A value of the sheet that the field does not take."""

    value: str
    rows: int


class Snippet(NamedTuple):
    """A proposal for one field."""

    schema_name: str
    line: int  #: Of the mapping: where the field stands now.
    yaml: str


def values_snippet(
    mapping: Mapping, name: str, wrong: Iterable[Wrong], options: Sequence[str]
) -> Snippet | None:
    """The field with a line for each value: the near option, or a comment where none is near.

    Args:
        mapping: The mapping.
        name: The SchemaName; None is given for a field that is neither a choice nor a text.
        wrong: The values, the commonest first.
        options: What the field takes.
    """
    field = mapping.fields.get(name)
    if not isinstance(field, Choice | Text):
        return None
    said = field.model_dump(mode="json", exclude_defaults=True, exclude={"too_long"})
    said |= {"type": "choice", "column": field.column}
    known = said.pop("values", {})
    if isinstance(field, Text):
        said["otherwise"] = _OTHERWISE
    entries = [f"    {scalar(key)}: {scalar(value)}" for key, value in known.items()]
    entries += _entries(wrong, options, {key.strip(): value for key, value in known.items()})
    lines = [f"{scalar(name)}:", *_settings(said), "  values:", *entries]
    if all(entry.lstrip().startswith("#") for entry in entries):
        # A list without a single value is no mapping: all of it waits for a person.
        lines = [f"# {line.replace('    # ', '    ', 1)}" for line in lines]
    return Snippet(name, mapping.line_of("fields", name), "\n".join(f"  {line}" for line in lines))


def _settings(said: dict[str, Any]) -> Iterator[str]:
    for key, value in said.items():
        if isinstance(value, list):
            yield f"  {key}: [{', '.join(map(scalar, value))}]"
        elif isinstance(value, bool):
            yield f"  {key}: {str(value).lower()}"
        else:
            yield f"  {key}: {scalar(str(value))}"


def _entries(
    wrong: Iterable[Wrong], options: Sequence[str], known: ReadOnly[str, str]
) -> Iterator[str]:
    taken = set(known)
    for value, rows in wrong:
        key = value.strip()
        if not key or key in taken:
            continue
        taken.add(key)
        count = f"{rows:,} row{'' if rows == 1 else 's'}"
        near = _near(value, options) or known.get(_near(value, list(known)) or "")
        if not near:
            yield f"    # {scalar(key)}: ...  # {count}; no option is near"
        else:
            yield f"    {scalar(key)}: {scalar(near)}  # {count}"


def _near(value: str, options: Sequence[str]) -> str | None:
    """The option that is probably meant; never one with another number, for that is another thing.

    >>> _near("Zone 11", ["Zone 1", "Zone 12"]) is None
    True
    >>> _near("zone 011 ", ["Zone 1", "Zone 11"]), _near("1. Won", ["Won"])
    ('Zone 11', 'Won')
    """
    numbers = _numbers(value)
    return nearest(value, [one for one in options if _numbers(one) in (numbers, []) or not numbers])


def _numbers(text: str) -> list[str]:
    return [digits.lstrip("0") for digits in re.findall(r"[0-9]+", text)]
