"""Reading what the sandbox is given: opportunities and declared fields.

Owns these files' forms. Each problem is a `FormError` that says where it is.
"""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from migrator.sandbox.schema import FieldRule
from migrator.sandbox.state import GUID, Seed, named


class FormError(ValueError):
    """What was given has another form than the sandbox takes."""


def seeds_from_json(path: Path) -> tuple[Seed, ...]:
    """Opportunities from a list of ``{"id", "auto_id", "note", "fields"}``.

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


def rules_from_json(path: Path) -> dict[str, FieldRule]:
    """Declared fields: SchemaName to an object with members named as in `FieldRule`.

    Raises:
        OSError: The file cannot be read.
        FormError: It has another form.
    """
    content = _json(path)
    if not isinstance(content, dict):
        raise FormError(f"{path}: an object from SchemaName to its rules is needed")
    rules = {}
    for name, members in content.items():
        try:
            rules[name] = _rule(name, members)
        except (TypeError, AttributeError) as error:
            raise FormError(f"{path}: {name}: {error}") from error
    return rules


def _rule(name: str, members: dict[str, Any]) -> FieldRule:
    values = dict(members)
    values["options"] = tuple(values.get("options", ()))
    values["options_under"] = {
        parent: tuple(options) for parent, options in values.get("options_under", {}).items()
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
    fields = item.get("fields") or {}
    return Seed(
        guid=guid,
        auto_id=auto_id,
        note=str(item.get("note") or ""),
        fields={str(name): str(value) for name, value in fields.items()},
    )


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise FormError(f"{path}: {error}") from error
