"""The mapping language as a JSON Schema, from the models, for editors.

Owns what the models cannot say of themselves: short forms, and that no key stands without a value.
An editor that knows it completes keys and marks faults while somebody types; what a mapping may
be is decided by `reading` alone.
"""

import json
from typing import Any, Final

from migrator.mapping.fields import TAGS
from migrator.mapping.kinds import MEMBER_NAME_PATTERN, READ_ONLY, SCHEMA_NAME_PATTERN
from migrator.mapping.schema import Content

_DIALECT: Final = "http://json-schema.org/draft-07/schema#"  #: What every editor reads.
_TEXT: Final = {"type": ["string", "number", "boolean"], "minLength": 1}
_SHORT: Final = _TEXT | {"title": "Column", "description": "The header of a column, as text."}


def json_schema() -> dict[str, Any]:
    """The schema; the same for the same models."""
    schema = _without_null(Content.model_json_schema())
    schema["title"] = "A mapping of migrator"
    definitions = schema["$defs"]
    _add_short_forms(schema, definitions)
    for name in ("Choice", "Choices"):
        definitions[name]["properties"]["values"]["minProperties"] = 1
    return {"$schema": _DIALECT, **schema}


def schema_text() -> str:
    """The schema as it stands in a file; `migrator init` writes it beside its drafts."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _add_short_forms(schema: dict[str, Any], definitions: dict[str, Any]) -> None:
    """A column alone, for an id, a field, and a member of a field set."""
    identity = definitions["Opportunity"]["properties"]["id"]
    identity["anyOf"] = [_SHORT, {"$ref": identity.pop("$ref")}]
    members = definitions["FieldSet"]["properties"]["fields"]
    members["additionalProperties"] = {"anyOf": [_SHORT, *_variants(with_sets=False)]}
    members |= {"propertyNames": {"pattern": MEMBER_NAME_PATTERN}, "minProperties": 1}
    fields = schema["properties"]["fields"]
    fields["additionalProperties"] = {"anyOf": [_SHORT, *_variants(with_sets=True)]}
    fields["propertyNames"] = {
        "pattern": SCHEMA_NAME_PATTERN,
        "not": {"enum": [*READ_ONLY]},
    }
    # CreatedOn is a datetime where it names no type.
    moment = definitions["DateTime"]
    definitions["CreatedOn"] = moment | {"title": "CreatedOn", "required": ["column"]}
    created = {"$ref": "#/$defs/CreatedOn"}
    fields["properties"] = {"CreatedOn": {"anyOf": [_SHORT, created, *_variants(with_sets=False)]}}


def _variants(*, with_sets: bool) -> list[dict[str, str]]:
    names = dict.fromkeys(model.__name__ for tag, model in TAGS.items() if tag != "field set")
    return [{"$ref": f"#/$defs/{name}"} for name in (*names, *(["FieldSet"] * with_sets))]


def _without_null(value: Any) -> Any:
    """The same without null: a key without a value is refused, so nobody can write one."""
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned = {name: _without_null(item) for name, item in value.items()}
    if "default" in cleaned and cleaned["default"] in (None, "", [], {}):
        del cleaned["default"]
    choices = cleaned.get("anyOf", [])
    left = [choice for choice in choices if choice != {"type": "null"}]
    if len(left) == 1 and len(left) < len(choices):
        del cleaned["anyOf"]
        cleaned = left[0] | cleaned
    elif choices:
        cleaned["anyOf"] = left
    return cleaned
