"""What `undo` found, in lines or as JSON.

Owns the wording of the list; every figure comes from `migrator.runs.undoing`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from migrator.redact import printable
from migrator.reports.text import counted, rows_text

if TYPE_CHECKING:
    from migrator.runs.undoing import Outlook, Seen, Undone

KEPT_SHOWN = 20  #: Values; a dry run shows all of them.


def undone_lines(undone: "Undone", *, dry_run: bool) -> Iterator[str]:
    """What is, or would be, written back, and what is kept."""
    from migrator.runs.undoing import outlook_in_words

    outlook = undone.outlook
    if outlook is None:
        return
    run = undone.run
    if dry_run:
        yield f"undo of {run.id} ({printable(run.source.name)}), a dry run: nothing is sent"
        yield from _seen_lines(sorted([*outlook.changes, *outlook.kept]))
    else:
        yield from _seen_lines(outlook.kept[:KEPT_SHOWN])
        if len(outlook.kept) > KEPT_SHOWN:
            more = counted(len(outlook.kept) - KEPT_SHOWN, "value")
            yield f"and {more} more kept; `migrator undo {run.id} --dry-run` lists them"
    if outlook.without:
        rows = [call.row for call in outlook.without]
        yield f"no before-image: rows {rows_text(rows[:20], len(rows))}"
    if not outlook.opportunities:
        yield f"nothing to take back of run {run.id}"
    if dry_run or undone.finished is None:
        yield from outlook_in_words(run, outlook)
    if dry_run and outlook.opportunities:
        yield f"next: migrator undo {run.id}"


def undone_json(undone: "Undone") -> str:
    """The same content for programs."""
    import orjson

    content: dict[str, Any] = {"run": undone.run.id, "exit_code": int(undone.exit_code)}
    if undone.outlook is not None:
        content |= _outlook_json(undone.outlook)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def _outlook_json(outlook: "Outlook") -> dict[str, Any]:
    return {
        "opportunities": outlook.opportunities,
        "values": outlook.values,
        "as_before": outlook.as_before,
        "not_in_leadsquared": outlook.gone,
        "notes": outlook.notes,
        "changes": [_seen_json(one) for one in outlook.changes],
        "kept": [_seen_json(one) | {"reason": one.kept} for one in outlook.kept],
        "no_before_image": [{"file": one.file, "row": one.row} for one in outlook.without],
    }


def _seen_json(one: "Seen") -> dict[str, Any]:
    return {
        "file": one.file,
        "row": one.row,
        "opportunity": one.opportunity,
        "field": one.schema_name,
        "from": one.now,
        "to": one.before,
    }


def _seen_lines(seen: "Iterable[Seen]") -> Iterator[str]:
    for (file, row, opportunity), fields in groupby(seen, key=lambda one: one[1:4]):
        yield f"{printable(str(file))}, row {row}, opportunity {opportunity}"
        for one in fields:
            now, before = f'"{printable(one.now)}"', f'"{printable(one.before)}"'
            if not one.kept:
                yield f"  {one.schema_name}: {now} → {before}"
            else:
                was = f", was {before}" if one.kept != "not known before" else ""
                yield f"  {one.schema_name}: {now} kept: {one.kept}{was}"
