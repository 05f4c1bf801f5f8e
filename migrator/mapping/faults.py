"""Pydantic's errors about a mapping, said with lines and advice.

Owns the words only; what is wrong is decided by `schema`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from migrator.mapping.complaints import Complaint, did_you_mean, listed
from migrator.mapping.fields import TAGS, TYPES, tag_of
from migrator.mapping.schema import Content, Opportunity, OpportunityId, Source
from migrator.mapping.yaml_text import Path, Plain, dotted

_SECTIONS: Final[Mapping[Path, type[BaseModel]]] = {
    (): Content,
    ("source",): Source,
    ("opportunity",): Opportunity,
    ("opportunity", "id"): OpportunityId,
}
_FIELD: Final = (
    "A field is a column's name, or {column: …}, {template: …} or {constant: …}; a custom field "
    "set is {fields: {mx_CustomObject_1: …}}."
)
_WRONG_SHAPE: Final = {
    "string_type": "a text",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "tuple_type": "a list",
}


def complaints_of(
    error: ValidationError, lines: Mapping[Path, int], values: Mapping[str, Plain]
) -> Iterator[tuple[Path, Complaint]]:
    """Every error as a complaint, with its place.

    Args:
        error: What pydantic found in the mapping.
        lines: Of every key and list item.
        values: The mapping as it stands.
    """
    found = error.errors(include_url=False)
    misspelt = [details["loc"] for details in found if details["type"] == "extra_forbidden"]
    for details in found:
        if details["type"] == "missing" and _is_misspelt(details["loc"], misspelt):
            continue
        place = _place(details["loc"], lines)
        problem, advice = _words(details, place, values)
        yield place, Complaint(lines.get(place, 1), problem, advice)


def _is_misspelt(missing: tuple[str | int, ...], unknown: list[tuple[str | int, ...]]) -> bool:
    """Whether a key is there in another spelling, which is complained about already."""
    *inside, key = missing
    words = [str(loc[-1]) for loc in unknown if list(loc[:-1]) == inside]
    return any(did_you_mean(word, [str(key)]) for word in words)


def _place(loc: tuple[str | int, ...], lines: Mapping[Path, int]) -> Path:
    """The path in the file: pydantic's, without the tags and keys that the file does not have."""
    path: Path = ()
    for part in loc:
        if (*path, part) in lines:
            path = (*path, part)
    return path


def _words(details: ErrorDetails, place: Path, values: Mapping[str, Plain]) -> tuple[str, str]:
    """Problem and advice."""
    kind, context = details["type"], details.get("ctx", {})
    where = dotted(place)
    prefix = f"{where}: " if where else ""
    match kind:
        case "mapping":
            words = context["problem"], context["advice"]
        case "missing":
            words = f'"{details["loc"][-1]}" is missing', _add(str(details["loc"][-1]))
        case "literal_error" | "union_tag_invalid":
            words = _not_allowed(details, context)
        case "union_tag_not_found":
            words = "this is no field", _FIELD
        case "extra_forbidden":
            return _unknown_key(str(details["loc"][-1]), place, values)
        case "string_type" | "dict_type" | "model_type" | "tuple_type":
            return _wrong_shape(details, where)
        case _:
            words = details["msg"], "docs/mapping.md shows what is allowed here."
    return prefix + words[0], words[1]


def _unknown_key(word: str, place: Path, values: Mapping[str, Plain]) -> tuple[str, str]:
    """A key that does not belong where it stands."""
    # What an alias repeats has lines only where it stands itself.
    parent = place[:-1] if place[-1:] == (word,) else place
    inside = f" in {dotted(parent)}" if parent else ""
    if parent in _SECTIONS:
        known = set(_SECTIONS[parent].model_fields)
        owner = _section_of(word) if not parent else ""
        if owner:
            return f'unknown key "{word}"', f"It stands under {owner}: `{owner}: {{{word}: …}}`."
        return f'unknown key "{word}"{inside}', _use(word, known)
    field: Any = values
    for part in parent:
        field = field[part]
    tag = tag_of(field) or "text"
    known = set(TAGS[tag].model_fields)
    owners = [owner for owner, model in TAGS.items() if word in model.model_fields]
    if owners:
        article = "an" if tag[0] in "aeiou" else "a"
        return (
            f'"{word}" does not belong to {article} {tag}{inside}',
            f"It belongs to: {', '.join(dict.fromkeys(owners))}. {_use(word, known)}",
        )
    return f'unknown key "{word}"{inside}', _use(word, known)


def _section_of(word: str) -> str:
    """The section to which a key that stands at the top belongs; "" for none."""
    sections = (("opportunity",), ("source",))
    return next((path[0] for path in sections if word in _SECTIONS[path].model_fields), "")


def _use(word: str, known: set[str]) -> str:
    return f"{did_you_mean(word, known)}Allowed here: {listed(sorted(known))}."


def _add(key: str) -> str:
    return {
        "version": "Begin the file with `version: 1`.",
        "opportunity": "Add `opportunity: {type: 12000, id: Opportunity Id}`.",
        "type": "Add `type:` with the event code of the opportunity type, such as 12000.",
        "id": "Add `id:` with the column that holds the opportunity's id.",
        "column": "Add `column:` with the header of a column.",
        "values": "Add `values: {SHEET: CRM}`, what the sheet says and what the CRM says instead.",
    }.get(key, f"Add `{key}:`.")


def _not_allowed(details: ErrorDetails, context: Mapping[str, Any]) -> tuple[str, str]:
    """A word that is not among the few that are allowed."""
    if details["type"] == "union_tag_invalid":
        word, allowed = str(context["tag"]), list(TYPES)
        problem = f'there is no type "{word}"'
    else:
        word, allowed = str(details["input"]), re.findall(r"'([^']*)'", context["expected"])
        problem = f'"{word}" is not allowed'
    return problem, f"{did_you_mean(word, allowed)}Allowed here: {listed(allowed)}."


def _wrong_shape(details: ErrorDetails, where: str) -> tuple[str, str]:
    """A list where a text belongs, and the like."""
    wanted, found = _WRONG_SHAPE[details["type"]], details["input"]
    kinds = ((str, "a text"), (list, "a list"), (dict, "keys with values"))
    what = next((name for kind, name in kinds if isinstance(found, kind)), "something")
    advice = f"Write {wanted}; docs/mapping.md shows an example."
    if wanted == "a text" and isinstance(found, dict):
        advice = 'A text with braces needs double quotes, as in "{First name} {Last name}".'
    return f"{where} is {what}, not {wanted}", advice
