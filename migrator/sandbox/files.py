"""Reading what the sandbox is given: opportunities, opportunity types, fields and users.

Owns these files' forms. Each problem is a `FormError` that says where it is.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator.sandbox.schema import FieldRule, OpportunityType
from migrator.sandbox.state import FIRST_TYPE, GUID, Seed, is_time, named
from migrator.sandbox.users import User, read_users


class FormError(ValueError):
    """What was given has another form than the sandbox takes."""


def seeds_from_json(path: Path) -> tuple[Seed, ...]:
    """Opportunities from a list of objects with an ``id`` or an ``auto_id``.

    Further members: ``type``, ``lead``, ``lead_fields``, ``note``, ``fields``, ``created_on``,
    ``modified_on``, ``modified_by``.

    Raises:
        OSError: The file cannot be read.
        FormError: It has another form.
    """
    content = _json(path)
    if isinstance(content, dict):
        content = content.get("opportunities")  # what GET /sandbox/state gives
    if not isinstance(content, list):
        raise FormError(f"{path}: a list of opportunities is needed")
    try:
        return read_seeds(content)
    except ValueError as error:
        raise FormError(f"{path}: {error}") from error


def read_seeds(items: Iterable[Any]) -> tuple[Seed, ...]:
    """Opportunities from parsed JSON.

    Raises:
        FormError: One of them has another form.
    """
    return tuple(_seed(position, item) for position, item in enumerate(items, start=1))


def seeds_from_csv(path: Path, column: str) -> tuple[Seed, ...]:
    """One opportunity for each different id in a column; what is no GUID is an AutoId.

    Raises:
        OSError: The file cannot be read.
        FormError: It has no such column, or is not UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        file.seek(0)
        delimiter = max(",;\t|", key=header.count)
        records = csv.DictReader(file, delimiter=delimiter)
        if column not in (records.fieldnames or ()):
            listed = ", ".join(f'"{name}"' for name in records.fieldnames or ())
            raise FormError(f'{path}: there is no column "{column}"; its columns are {listed}')
        ids = dict.fromkeys((record[column] or "").strip(" \t\r\n\"'{}") for record in records)
    return tuple(named(text) for text in ids if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a schema file declares."""

    types: tuple[OpportunityType, ...]
    users: tuple[User, ...] = ()


def schema_from_json(path: Path) -> Schema:
    """Opportunity types with their fields, and users.

    Either ``{"types": [{"code", "name", "fields": {…}}], "users": [{"ID", …}]}``, or fields
    alone, which are those of type 12000. A field is a SchemaName and an object with members
    named as in `FieldRule`.

    Raises:
        OSError: The file cannot be read.
        FormError: It has another form.
    """
    content = _json(path)
    if not isinstance(content, dict):
        raise FormError(f"{path}: an object from SchemaName to its rules is needed")
    if not isinstance(content.get("types"), list):
        return Schema(types=(OpportunityType(code=FIRST_TYPE, rules=_rules(path, content)),))
    unknown = content.keys() - {"types", "users"}
    if unknown or not content["types"]:
        raise FormError(f'{path}: it takes "types", at least one, and "users"')
    try:
        users = read_users(content.get("users", ()))
    except ValueError as error:
        raise FormError(f"{path}: {error}") from error
    return Schema(types=tuple(_type(path, item) for item in content["types"]), users=users)


def rules_from_json(path: Path) -> dict[str, FieldRule]:
    """The declared fields of the first type in a file; see `schema_from_json`."""
    return dict(schema_from_json(path).types[0].rules or {})


def _type(path: Path, item: Any) -> OpportunityType:
    fits = isinstance(item, dict) and isinstance(item.get("fields"), dict)
    if not fits or type(item.get("code")) is not int:
        raise FormError(f'{path}: a type has a number as its "code", and "fields"')
    unknown = item.keys() - {"code", "name", "fields"}
    if unknown:
        raise FormError(f"{path}: type {item['code']} has no {', '.join(sorted(unknown))}")
    name = str(item.get("name") or "Opportunity")
    return OpportunityType(code=item["code"], name=name, rules=_rules(path, item["fields"]))


def _rules(path: Path, fields: Mapping[str, Any]) -> dict[str, FieldRule]:
    rules = {}
    for name, members in fields.items():
        try:
            rules[name] = _rule(name, members)
        except (TypeError, AttributeError, ValueError) as error:
            raise FormError(f"{path}: {name}: {error}") from error
    return rules


def _rule(name: str, members: dict[str, Any]) -> FieldRule:
    values = dict(members)
    values["options"] = tuple(values.get("options", ()))
    values["options_under"] = {
        parent: tuple(options) for parent, options in values.get("options_under", {}).items()
    }
    values["members"] = {
        member: _rule(member, its) for member, its in values.get("members", {}).items()
    }
    return FieldRule(schema_name=name, **values)


def _seed(position: int, item: Any) -> Seed:
    if not isinstance(item, dict):
        raise FormError(f"opportunity {position} is not an object")
    guid, auto_id = str(item.get("id") or ""), str(item.get("auto_id") or "")
    if not guid and not auto_id:
        raise FormError(f'opportunity {position} needs an "id" or an "auto_id"')
    if guid and not GUID.fullmatch(guid):
        raise FormError(f'opportunity {position}: "{guid}" is not a GUID')
    return Seed(
        guid=guid,
        auto_id=auto_id,
        type=_code(position, item.get("type")),
        lead=_guid(position, item, "lead"),
        lead_fields=_text_members(position, item, "lead_fields"),
        note=str(item.get("note") or ""),
        fields=_text_members(position, item, "fields"),
        created_on=_time(position, item, "created_on"),
        modified_on=_time(position, item, "modified_on"),
        modified_by=_guid(position, item, "modified_by"),
    )


def _text_members(position: int, item: Mapping[str, Any], member: str) -> dict[str, str]:
    members = item.get(member) or {}
    if not isinstance(members, dict):
        raise FormError(f"opportunity {position}: {member} is an object from SchemaName to text")
    return {str(name): str(value) for name, value in members.items()}


def _code(position: int, value: Any) -> int | None:
    if value is not None and type(value) is not int:
        raise FormError(f"opportunity {position}: a type is a number, not {value!r}")
    return value


def _guid(position: int, item: Mapping[str, Any], member: str) -> str:
    text = str(item.get(member) or "")
    if text and not GUID.fullmatch(text):
        raise FormError(f'opportunity {position}: {member} is a GUID, not "{text}"')
    return text


def _time(position: int, item: Mapping[str, Any], member: str) -> str:
    text = str(item.get(member) or "")
    if text and not is_time(text):
        raise FormError(
            f'opportunity {position}: {member} is YYYY-MM-DD HH:MM:SS in UTC, not "{text}"'
        )
    return text


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise FormError(f"{path}: {error}") from error
