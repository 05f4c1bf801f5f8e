"""Write what is generated: JSON Schema, tables of the mapping's reference, the table of verdicts.

python docs/make_reference.py [--check]

With --check nothing is written; exit 1 when a file is stale. `make docs` writes.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrator.events import MEANINGS
from migrator.mapping.fields import TAGS, FromRow
from migrator.mapping.json_schema import json_schema, schema_text
from migrator.reports.metrics import METRICS
from migrator.verdicts import RULES, Rule

ROOT = Path(__file__).parents[1]
PAGES = tuple(ROOT / "docs" / name for name in ("mapping.md", "verdicts.md", "logs-and-metrics.md"))
SCHEMA = ROOT / "mappings" / "mapping.schema.json"
_BETWEEN = re.compile(r"(?<=<!-- generated: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def tables() -> dict[str, str]:
    """Every generated table, by its name."""
    schema = json_schema()
    definitions = schema["$defs"]
    general = set(FromRow.model_fields)
    return {
        "source": _table(definitions["Source"]),
        "opportunity": _table(definitions["Opportunity"]),
        "id": _table(definitions["OpportunityId"]),
        "fields": _table(_only(definitions["Text"], general)),
        "types": "\n".join(_of_types(definitions, general)),
        "verdicts": "\n".join(_of_verdicts()),
        "events": "\n".join(_of_events()),
        "metrics": "\n".join(_of_metrics()),
    }


def _of_types(definitions: dict[str, Any], general: set[str]) -> Iterator[str]:
    """One table over all kinds of fields: what each has besides the general keys."""
    yield "| kind | key | means |"
    yield "| --- | --- | --- |"
    models = {model.__name__: tag for tag, model in TAGS.items()}
    for name, tag in models.items():
        kind = "`number`, `integer`" if name == "Number" else f"`{tag}`"
        kind = tag if " " in tag else kind
        own = {key for key in definitions[name]["properties"] if key not in {"type", "column"}}
        for key, means in _rows(_only(definitions[name], own - general)):
            yield f"| {kind} | {key} | {means} |"
            kind = ""
    yield ""


def _of_verdicts() -> Iterator[str]:
    """The table of verdicts, in the order in which it is asked."""
    yield "| | rule | the reply | verdict | the row | attempt | who pauses | the run | source |"
    yield "| ---: | --- | --- | --- | --- | --- | --- | --- | --- |"
    for number, rule in enumerate(RULES, 1):
        cells = (cell.replace("|", r"\|") for cell in _cells(rule))
        yield f"| {number} | {' | '.join(cells)} |"
    yield ""


def _of_events() -> Iterator[str]:
    """The names of the log's events and what each says."""
    yield "| event | what it says |"
    yield "| --- | --- |"
    for name, means in MEANINGS.items():
        yield f"| `{name}` | {means} |"
    yield ""


def _of_metrics() -> Iterator[str]:
    """The metrics with the label that is their own."""
    yield "| metric | its own label | what it says |"
    yield "| --- | --- | --- |"
    for name, (label, means) in METRICS.items():
        yield f"| `{name}` | {f'`{label}`' if label else ''} | {means} |"
    yield ""


def _cells(rule: Rule) -> tuple[str, ...]:
    then = rule.then
    attempt = "uses one" if then.uses_attempt else "uses none"
    run = then.run if then.exit is None else f"{then.run} (exit {int(then.exit)})"
    verdict = f"**{rule.verdict}**"
    return rule.name, rule.when, verdict, then.row, attempt, then.pauses, run, rule.source


def _only(model: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    kept = {key: value for key, value in model["properties"].items() if key in keys}
    return model | {"properties": kept}


def _table(model: dict[str, Any]) -> str:
    lines = [f"| {key} | {means} |" for key, means in _rows(model)]
    return "\n".join(["| key | means |", "| --- | --- |", *lines, ""])


def _rows(model: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in model["properties"].items():
        needed = " Required." if key in model.get("required", ()) else ""
        default = value.get("default")
        shown = str(default).lower() if isinstance(default, bool) else default
        left_out = f" Default: `{shown}`." if default is not None else ""
        means = value.get("description", "").replace("|", r"\|")
        yield f"`{key}`", f"{means}{needed}{left_out}"


def page(text: str) -> str:
    """The page with its tables as they must be."""
    made = tables()
    return _BETWEEN.sub(lambda found: f"{found[1]}{found[2]}{made[found[1]]}", text)


def main() -> int:
    """Write all files, or say which is stale."""
    wanted = {path: page(path.read_text(encoding="utf-8")) for path in PAGES}
    wanted[SCHEMA] = schema_text()
    stale = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`")
        else:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
