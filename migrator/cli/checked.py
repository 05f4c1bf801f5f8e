"""What `check` found, in words or as JSON.

Owns the wording only.
"""

from collections.abc import Iterator
from dataclasses import asdict

import orjson

from migrator.redact import printable
from migrator.reports.text import counted, delimiter_name, duration, noun, reason_lines
from migrator.runs.checking import Checked
from migrator.settings import RateLimit


def checked_lines(checked: Checked, rate: RateLimit) -> Iterator[str]:
    """What was read, what is ready, what is refused and why, samples, and the time it takes."""
    yield _read_as(checked)
    for note in checked.notes:
        yield f"note: {printable(note)}"
    yield f"{checked.ready:>9,}  ready to be sent"
    if checked.nothing_to_send:
        yield f"           (of these {checked.nothing_to_send:,} have nothing to send)"
    yield f"{checked.rejected:>9,}  refused"
    yield f"{checked.ready + checked.rejected:>9,}  = {counted(checked.rows_read, 'row')} read"
    if checked.blank_rows:
        yield f"{checked.blank_rows:>9,}  blank {noun(checked.blank_rows, 'row')} beside them"
    if checked.reasons:
        yield "why rows are refused (a row may have several reasons):"
        yield from reason_lines(checked.reasons, shown=20)
    for number, sample in enumerate(checked.samples, 1):
        yield f"sample update {number}:"
        yield from (f"  {printable(line)}" for line in sample.splitlines())
    calls = checked.ready - checked.nothing_to_send
    yield (
        f"{counted(calls, 'update')} at {rate.limit} per {rate.window:g} s: "
        f"about {duration(calls / rate.per_second)}"
    )


def _read_as(checked: Checked) -> str:
    if checked.sheet:
        return f'{printable(checked.file)}, sheet "{printable(checked.sheet)}"'
    delimiter = delimiter_name(checked.delimiter)
    return f"{printable(checked.file)}: {checked.encoding}, delimiter {delimiter}"


def checked_json(checked: Checked) -> str:
    """The same content for programs."""
    content = asdict(checked)
    content["samples"] = [orjson.loads(sample) for sample in checked.samples]
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
