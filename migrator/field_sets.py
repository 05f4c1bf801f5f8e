"""Custom field sets: flat names inside, nested lists on the way out, JSON texts on the way in.

Owns the two forms and the names between them. Everywhere in this program a member of a set is a
field of its own, called by its path; it never decides what is sent.

Source: the nested list is seen in public code; a set reads back as a JSON text keyed by member;
``mx_Custom_3~mx_CustomObject_1`` is the path that LeadSquared's searches use.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import orjson

from migrator.model import FieldValue

_BETWEEN: Final = "~"
_MEMBER: Final = re.compile(r"mx_CustomObject_\d+", re.ASCII)


def path_of(set_name: str, member: str) -> str:
    """The flat name of a member.

    >>> path_of("mx_Custom_13", "mx_CustomObject_1")
    'mx_Custom_13~mx_CustomObject_1'
    """
    return f"{set_name}{_BETWEEN}{member}"


def in_set(name: str) -> tuple[str, str] | None:
    """Set and member of a flat name; None for a field that is in no set.

    >>> in_set("mx_Custom_13~mx_CustomObject_1"), in_set("mx_Custom_13")
    (('mx_Custom_13', 'mx_CustomObject_1'), None)
    """
    if _BETWEEN not in name:
        return None
    set_name, _, member = name.partition(_BETWEEN)
    return (set_name, member) if _MEMBER.fullmatch(member) else None


def nested(fields: Iterable[FieldValue]) -> list[dict[str, object]]:
    """The fields as LeadSquared takes them; a set stands where its first member stood.

    >>> nested([FieldValue("mx_Custom_13~mx_CustomObject_1", "a"), FieldValue("Status", "Won")])
    [{'SchemaName': 'mx_Custom_13', 'Value': '', 'Fields': [{'SchemaName': 'mx_CustomObject_1', \
'Value': 'a'}]}, {'SchemaName': 'Status', 'Value': 'Won'}]
    """
    listed: list[dict[str, object]] = []
    sets: dict[str, list[dict[str, object]]] = {}
    for name, value in fields:
        found = in_set(name)
        if found is None:
            listed.append({"SchemaName": name, "Value": value})
            continue
        set_name, member = found
        if set_name not in sets:
            sets[set_name] = []
            listed.append({"SchemaName": set_name, "Value": "", "Fields": sets[set_name]})
        sets[set_name].append({"SchemaName": member, "Value": value})
    return listed


def flat(values: Mapping[str, str]) -> dict[str, str]:
    """The values with those of every set's members beside the set's own text.

    >>> flat({"mx_Custom_13": '{"mx_CustomObject_1": "a", "mx_CustomObject_2": null}'})
    {'mx_Custom_13': '{"mx_CustomObject_1": "a", "mx_CustomObject_2": null}', \
'mx_Custom_13~mx_CustomObject_1': 'a', 'mx_Custom_13~mx_CustomObject_2': ''}
    """
    found = dict(values)
    for name, text in values.items():
        for member, value in _members(text).items():
            found[path_of(name, member)] = as_text(value)
    return found


def _members(text: str) -> dict[str, object]:
    """What a set's text says; nothing for a text that is no set's."""
    if not text.lstrip().startswith("{"):
        return {}
    content: object = None
    with suppress(orjson.JSONDecodeError):  # a text that begins with a brace
        content = orjson.loads(text)
    if not isinstance(content, dict) or not all(map(_MEMBER.fullmatch, content)):
        return {}
    return content


def as_text(value: object) -> str:
    """A field's value as text: JSON's own form where it is not a text already; "" for null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
