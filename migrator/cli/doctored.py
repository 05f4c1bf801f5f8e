"""What the doctor found: in lines, or as JSON.

Owns the layout only; the words are `migrator.checkup`'s.
"""

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from migrator.checkup import Mark, Topic
from migrator.environment import Origin, origins
from migrator.errors import MigratorError
from migrator.redact import printable
from migrator.reports.text import counted
from migrator.runs.doctor import Report, in_words

if TYPE_CHECKING:
    from migrator.settings import Settings

_MARK = max(map(len, Mark)) + 2
_TOPIC = max(map(len, Topic)) + 2
_ORIGIN = max(map(len, Origin)) + 2


class Stated(NamedTuple):
    """A setting and where it comes from."""

    name: str
    value: str
    origin: str


def stated(settings: "Settings | None", options: argparse.Namespace) -> list[Stated]:
    """Every setting; without `settings` only the names of those that are set."""
    try:
        known = origins(Path.cwd(), os.environ)
    except MigratorError:
        known = origins(Path(os.devnull), os.environ)
    for name, said in (("LSQ_QUOTA", options.quota), ("LSQ_SHARE", options.share)):
        if said is not None:
            known[name] = Origin.OPTION
    values = in_words(settings) if settings else dict.fromkeys(sorted(known), "set")
    return [Stated(name, text, known.get(name, Origin.DEFAULT)) for name, text in values.items()]


def report_lines(report: Report, settings: Sequence[Stated]) -> Iterator[str]:
    """A line for each check, its advice below it; then the settings."""
    for check in report.checks:
        yield f"{check.mark:<{_MARK}}{check.topic:<{_TOPIC}}{printable(check.found)}"
        if check.advice:
            yield f"    {printable(check.advice)}"
    if settings:
        yield ""
        yield "settings, and where they come from:"
        names = max(len(row.name) for row in settings) + 2
        for row in settings:
            yield f"    {row.name:<{names}}{row.origin:<{_ORIGIN}}{printable(row.value)}"
    yield ""
    marks = Counter(check.mark for check in report.checks)
    told = ", ".join(f"{marks[mark]} {mark}" for mark in Mark if marks[mark])
    yield f"{counted(len(report.checks), 'check')}: {told}"


def report_json(report: Report, settings: Sequence[Stated]) -> str:
    """The same content for programs."""
    trial = report.trial
    content: dict[str, Any] = {
        "exit_code": int(report.exit_code),
        "checks": [
            {"name": one.topic, "mark": one.mark, "found": one.found, "advice": one.advice}
            for one in report.checks
        ],
        "settings": [row._asdict() for row in settings],
        "created_on": trial
        and {
            "opportunity": trial.opportunity,
            "old_value": trial.old,
            "switch": trial.switch,
            "stands": trial.stands,
        },
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
