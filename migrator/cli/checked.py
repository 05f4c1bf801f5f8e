"""What `check` found, in words or as JSON.

Owns the wording and the layout only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import Final

import orjson
from tabulate import tabulate

from migrator.cli.screen import Whole
from migrator.problems import CHOICE_CODES, ProblemGroup
from migrator.reasons import ROWS_NAMED, masked
from migrator.redact import printable
from migrator.reports.text import counted, delimiter_name, duration, noun, rows_text
from migrator.runs.found import Checked, Clock, Doubt, Fact
from migrator.settings import RateLimit
from migrator.snippets import Snippet

_NARROW: Final = 100  #: Columns of a terminal; below, each witness is a paragraph.
_VALUES_SHOWN: Final = 5  #: Of one field and fault.
_FAMILIES_SHOWN: Final = 20
_LEVELS: Final = ("error", "warning", "note")
_HEADS: Final = ("", "row", "the sheet says", "on the clock there", "is sent (UTC)")
_DOUBTS: Final = {"nonexistent": "that the clocks skipped", "ambiguous": "that they showed twice"}
_POLICIES: Final = {
    "forward": "moved on by the length of the gap (nonexistent: forward)",
    "earlier": "read as the first of the two (ambiguous: earlier)",
    "later": "read as the second of the two (ambiguous: later)",
    "error": "refused, as no policy is declared",
}


def checked_lines(checked: Checked, rate: RateLimit, *, command: str, width: int) -> Iterator[str]:
    """Counts, what is wrong and what to do, how clocks were read, what is worth knowing.

    Args:
        checked: What was found.
        rate: The account's limit, for the time that the updates take.
        command: As it was typed, with its sheet and mapping.
        width: Of the terminal; 0 where there is none.
    """
    yield _read_as(checked)
    if checked.against:
        yield f"held against {printable(checked.against)}"
    yield from (f"note: {printable(note)}" for note in checked.notes)
    if checked.file:
        yield from _balance(checked)
    yield from _misfits(checked)
    yield from _problems(checked)
    yield from snippet_lines(checked.snippets, checked.mapping)
    yield from (line for clock in checked.clocks for line in _clock(clock, width))
    yield from _facts(checked.facts)
    if checked.file:
        yield from _ending(checked, rate)
    if not checked.against:
        yield (
            "not held against an account: --online asks it which fields and options there are, "
            "--metadata FILE a saved answer"
        )
    if checked.problems and not checked.problems_file:
        yield f"next: {command} --problems problems.xlsx"


def _read_as(checked: Checked) -> str:
    if not checked.file:
        return f"{printable(checked.mapping)}: the mapping alone, without a sheet"
    if checked.sheet:
        return f'{printable(checked.file)}, sheet "{printable(checked.sheet)}"'
    delimiter = delimiter_name(checked.delimiter)
    return f"{printable(checked.file)}: {checked.encoding}, delimiter {delimiter}"


def _balance(checked: Checked) -> Iterator[str]:
    yield f"{checked.ready:>9,}  ready to be sent"
    if checked.nothing_to_send:
        yield f"           (of these {checked.nothing_to_send:,} have nothing to send)"
    yield f"{checked.rejected:>9,}  refused: `migrator run` would not send them"
    if checked.against:
        yield f"{checked.would_fail:>9,}  would be sent, and refused by LeadSquared"
    boxes = checked.ready + checked.rejected + checked.would_fail
    yield f"{boxes:>9,}  = {counted(checked.rows_read, 'row')} read"
    if checked.blank_rows:
        yield f"{checked.blank_rows:>9,}  blank {noun(checked.blank_rows, 'row')} beside them"


# ------------------------------------------------------------------ what is wrong


def _misfits(checked: Checked) -> Iterator[str]:
    if not checked.misfits:
        if checked.against:
            yield ""
            yield f"{printable(checked.mapping)} fits the opportunity type"
        return
    yield ""
    yield f"{printable(checked.mapping)} and the opportunity type:"
    for level in _LEVELS:
        for misfit in checked.misfits:
            if misfit.level == level:
                yield f"  {level}, line {misfit.line}: {printable(misfit.text)}"
                yield f"      {printable(misfit.advice)}"


def _problems(checked: Checked) -> Iterator[str]:
    if not checked.problems:
        return
    yield ""
    yield "what is wrong with rows (a row may have several problems):"
    families = [list(groups) for _, groups in groupby(checked.problems, key=_family)]
    for family in families[:_FAMILIES_SHOWN]:
        yield from _family_lines(family)
    if len(families) > _FAMILIES_SHOWN:
        rest = sum(group.count for family in families[_FAMILIES_SHOWN:] for group in family)
        yield f"{rest:>9,}  for {counted(len(families) - _FAMILIES_SHOWN, 'other reason')}"
    if checked.problems_file:
        lines = counted(checked.problem_lines, "problem")
        yield f"{printable(checked.problems_file)} has them all: {lines}, a line for each"


def _family(group: ProblemGroup) -> tuple[str, str, str]:
    return group.family


def _family_lines(groups: Sequence[ProblemGroup]) -> Iterator[str]:
    """The groups of one field and one fault; their advice once where it is the same."""
    if len(groups) > _VALUES_SHOWN and groups[0].code not in CHOICE_CODES:
        groups = [_together(groups)]
    shown = groups[:_VALUES_SHOWN]
    for place, group in enumerate(shown):
        column = f'"{printable(group.column)}": ' if group.column else ""
        yield f"{group.count:>9,}  {noun(group.count, 'row')}: {column}{printable(group.text)}"
        yield f"           {noun(group.count, 'row')} {rows_text(group.rows, group.count)}"
        if group.value is None and group.example != group.text:
            yield f"           such as: {printable(group.example)}"
        following = shown[place + 1].advice if place + 1 < len(shown) else ""
        if group.advice and group.advice != following:
            yield f"           {printable(group.advice)}"
    others = groups[_VALUES_SHOWN:]
    if others:
        rows = sum(group.count for group in others)
        yield (
            f"{rows:>9,}  {noun(rows, 'row')} with {counted(len(others), 'other value')}: "
            "--problems FILE.xlsx lists every row"
        )


def _together(groups: Sequence[ProblemGroup]) -> ProblemGroup:
    """Many values as one group: which they are, matters of options only."""
    first = groups[0]
    rows = [row for group in groups for row in group.rows]
    return replace(
        first,
        value=None,
        text=masked(first.text),
        count=sum(group.count for group in groups),
        rows=sorted(rows, key=_natural)[:ROWS_NAMED],
    )


def _natural(row: int | str) -> tuple[str, int]:
    """By file, then by number."""
    file, _, number = str(row).rpartition(":")
    return file, int(number)


def snippet_lines(snippets: Iterable[Snippet], mapping_name: str) -> Iterator[str]:
    """Proposals to be pasted into a mapping."""
    for snippet in snippets:
        yield ""
        yield (
            f"to paste into {printable(mapping_name)} in place of {snippet.schema_name} "
            f"(line {snippet.line}), once you have read it:"
        )
        yield from map(Whole, snippet.yaml.splitlines())


# ------------------------------------------------------------------ clocks


def _clock(clock: Clock, width: int) -> Iterator[str]:
    yield ""
    zone = clock.zone or "the offset in each text"
    yield f'how {clock.schema_name} is read from "{printable(clock.column)}", {zone}:'
    if not clock.seen:
        yield "  no row has a time"
    elif 0 < width < _NARROW:
        for one in clock.seen:
            yield f"  {one.which}, row {one.row}: {printable(one.text)}"
            yield f"      is {one.reading}, sent as {one.utc} UTC"
    else:
        rows = [
            (one.which, str(one.row), printable(one.text), one.reading, one.utc)
            for one in clock.seen
        ]
        text = tabulate([_HEADS, *rows], tablefmt="plain", disable_numparse=True)
        yield from (f"  {line.rstrip()}" for line in text.splitlines())
    yield from map(_doubt, clock.doubts)


def _doubt(doubt: Doubt) -> str:
    return (
        f"  {counted(doubt.count, 'local time')} {_DOUBTS[doubt.what]}, such as "
        f"{printable(doubt.example)}: {_POLICIES[doubt.policy]}; "
        f"{noun(doubt.count, 'row')} {rows_text(doubt.rows, doubt.count)}"
    )


# ------------------------------------------------------------------ facts and the end


def _facts(facts: Iterable[Fact]) -> Iterator[str]:
    ordered = sorted(facts, key=lambda fact: _LEVELS.index(fact.level))
    if ordered:
        yield ""
        yield "worth knowing before you send:"
    for fact in ordered:
        yield f"  {fact.level}: {printable(fact.text)}"
        if fact.rows and fact.count > 1 and fact.code != "duplicate-ids":
            yield f"      {noun(fact.count, 'row')} {rows_text(fact.rows, fact.count)}"
        if fact.advice:
            yield f"      {printable(fact.advice)}"


def _ending(checked: Checked, rate: RateLimit) -> Iterator[str]:
    for sample in checked.samples[:1]:
        yield ""
        yield "the first update, as it would be sent:"
        yield from (f"  {printable(line)}" for line in _compact(sample))
    calls = checked.updates
    yield ""
    yield (
        f"{counted(calls, 'update')} at {rate.limit} per {rate.window:g} s: "
        f"about {duration(calls / rate.per_second)}"
    )


def _compact(sample: str) -> Iterator[str]:
    """The body with one field on a line."""
    content = orjson.loads(sample)
    fields = content.pop("Fields", [])
    for key, value in content.items():
        yield f"{key}: {orjson.dumps(value).decode()}"
    for field in fields:
        yield f"Fields: {orjson.dumps(field).decode()}"


def checked_json(checked: Checked, *, exit_code: int) -> str:
    """The same content for programs; docs/checking.md lists the keys."""
    content = asdict(checked)
    content["samples"] = [orjson.loads(sample) for sample in checked.samples]
    content["misfits"] = [misfit._asdict() for misfit in checked.misfits]
    content["snippets"] = [snippet._asdict() for snippet in checked.snippets]
    content["exit_code"] = exit_code
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
