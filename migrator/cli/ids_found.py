"""What `ids` found, in words or as JSON.

Owns the wording only.
"""

import argparse
import shlex
from collections.abc import Iterator

import orjson

from migrator.lookups import Fate
from migrator.redact import printable
from migrator.reports.text import counted, noun, rows_text
from migrator.runs.ids import free_name
from migrator.runs.ids_sheet import IdsFound

_WORDS = {
    Fate.FOUND: "found: exactly one opportunity",
    Fate.NONE: "none: the lead has no such opportunity, or none agrees",
    Fate.SEVERAL: "several: more than one is left",
    Fate.DIFFERS: "differs: the row has another id already, which is kept",
    Fate.UNCLEAR: "not told: LeadSquared refused the lead, or gave no clear answer",
    Fate.NO_KEY: "no lead key in the row",
    Fate.REFUSED: "refused: the row is broken",
}


def stopped_text(found: IdsFound) -> str:
    """Why it stopped early, and how far it came; "" if it did not."""
    kept = f"{found.asked:,} of {counted(found.calls, 'lead')}"
    if found.error is not None:
        text = printable(str(found.error), keep_lines=True)
        return f"migrator: {text}\n  Answered and kept: {kept}. No sheet was written."
    if found.signal:
        return (
            f"migrator: interrupted; answered and kept: {kept}\n  Type the same command again "
            "(without --again): it asks for the others, then writes the sheet."
        )
    return ""


def found_lines(found: IdsFound, options: argparse.Namespace) -> Iterator[str]:
    """The counts, what did not get an id, and what to do now."""
    for note in found.notes:
        yield f"note: {printable(note)}"
    yield (
        f"{printable(found.file)}: {counted(found.leads, 'distinct lead')}, "
        f"{counted(found.calls, 'lead')} asked for"
    )
    for fate, words in _WORDS.items():
        if found.fates[fate]:
            yield f"{found.fates[fate]:>9,}  {words}"
    yield f"{sum(found.fates.values()):>9,}  = {counted(found.rows_read, 'row')} read"
    if found.blank_rows:
        yield f"{found.blank_rows:>9,}  blank {noun(found.blank_rows, 'row')} beside them"
    for fate in _WORDS:
        yield from _listed_lines(found, fate)
    yield from _hint_lines(found, options)
    yield f"written: {found.output}"
    if found.fates[Fate.FOUND]:
        yield f"next: migrator check {shlex.quote(str(found.output))} -m MAPPING"
        yield "      with `opportunity: {id: ProspectOpportunityId}` in the mapping"


def _listed_lines(found: IdsFound, fate: Fate) -> Iterator[str]:
    listed = found.listed.get(fate, [])
    for one in listed:
        key = f", {printable(one.key)}" if one.key else ""
        yield f"row {one.row}{key}: {printable(one.told)}"
    more = found.fates[fate] - len(listed)
    if listed and more:
        yield f"and {counted(more, 'row')} more ({fate}): see the sheet's column migrator_ids"


def _hint_lines(found: IdsFound, options: argparse.Namespace) -> Iterator[str]:
    if options.lead_field and not found.fates[Fate.FOUND] + found.fates[Fate.SEVERAL]:
        yield (
            f'Nothing at all was found by "{options.lead_field[0]}": the name of a lead field is '
            "case-sensitive (EmailAddress, Phone, Mobile, mx_…), and a wrong one finds nothing."
        )
    if found.fates[Fate.NONE]:
        again = free_name(found.output)
        yield (
            "None found may be wrong: LeadSquared answers these look-ups from an index that lags "
            "by minutes, and has listed nothing for leads that do have opportunities. Look at one "
            "of them in LeadSquared; in a quarter of an hour the same command with "
            f"`-o {again}` asks for these again, and for no others."
        )
    for name in found.silent_fields:
        yield f"No opportunity showed a field {name}: check the SchemaName behind --match."
    if found.fates[Fate.SEVERAL]:
        yield (
            "Several are never guessed: add --match SCHEMANAME=COLUMN with what tells them apart, "
            "or copy the right id into the sheet yourself."
        )
    if found.repeated:
        yield (
            f"{counted(found.repeated, 'row')} got an opportunity that an earlier row has, too: "
            f"rows {rows_text(found.repeated_rows, found.repeated)}"
        )


def found_json(found: IdsFound) -> str:
    """The same content for programs."""
    content = {
        "file": found.file,
        "output": str(found.output) if found.is_written else None,
        "leads": found.leads,
        "calls": found.calls,
        "answered": found.asked,
        "rows_read": found.rows_read,
        "blank_rows": found.blank_rows,
        "rows": {str(fate): found.fates[fate] for fate in Fate},
        "listed": {
            str(fate): [{"row": one.row, "lead": one.key, "told": one.told} for one in listed]
            for fate, listed in found.listed.items()
        },
        "repeated": found.repeated,
        "silent_fields": list(found.silent_fields),
        "notes": found.notes,
        "error": str(found.error) if found.error else None,
        "declined": found.declined,
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
