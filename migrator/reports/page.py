"""A report as one HTML page, or as Markdown.

Owns the templates beside it and how times and texts are written in them. Every text is escaped and
made printable where it is put in; a page loads nothing and runs nothing.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from migrator.catalogue import find
from migrator.model import Balance, Verdict
from migrator.redact import printable
from migrator.reports.run_report import RunReport
from migrator.reports.text import balance_boxes, counted, duration, noun, rows_text

KINDS: Final = {
    "update": "an update from a sheet",
    "reconcile": "a reconcile of a sheet that comes again",
    "undo": "an undo: values of an earlier run were put back",
}
MEANINGS: Final = {
    Verdict.APPLIED: "applied",
    Verdict.REFUSED: "refused: nothing was applied, and it would be refused again",
    Verdict.RATE: "rate limit: nothing was applied, it was sent again later",
    Verdict.TARGET_FAULT: "never left: LeadSquared was not reached",
    Verdict.UNKNOWN: "unknown: it may have been applied",
    Verdict.ACCESS: "access refused: nothing was applied",
    Verdict.NOT_PERMITTED: "not permitted: nothing was applied",
    Verdict.FOREIGN: "an answer that is not LeadSquared's",
}
_CODE: Final = re.compile(r"`([^`]+)`")
_MARKS: Final = re.compile(r"([\\`*|~\[\]]|(?<!\w)_|_(?!\w))")


def html(report: RunReport) -> str:
    """The page."""
    from migrator.reports import charts  # noqa: PLC0415 - matplotlib, where a chart is drawn

    zone = ZoneInfo(report.run.zone or "UTC")
    drawn = {}
    if report.speed.buckets:
        drawn = {
            "throughput": charts.throughput(report.speed, zone),
            "outcomes": charts.outcomes(report.speed, zone),
        }
    return _rendered("report.html.j2", report, finalize=_escaped, charts=drawn)


def markdown(report: RunReport) -> str:
    """The same in Markdown, without the charts."""
    return _rendered("report.md.j2", report, finalize=_in_markdown)


def _rendered(
    template: str, report: RunReport, *, finalize: Callable[[Any], Any], **more: object
) -> str:
    environment = Environment(
        loader=PackageLoader("migrator.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    clock = _Clock(report.run.zone)
    environment.filters |= {
        "moment": clock.moment,
        "clock": clock.local,
        "unbroken": unbroken,
        "utc": clock.utc,
        "counted": counted,
        "duration": span,
        "prose": prose,
        "commands": commands,
        "rows_text": rows_text,
        "as_lines": as_lines,
        "fence": fence,
        "state": lambda state: state.replace("_", " "),
    }
    return environment.get_template(template).render(
        report=report,
        run=report.run,
        boxes=list(balance_boxes(report.balance)),
        kinds=KINDS,
        meanings=MEANINGS,
        kind_of=find,
        noun=noun,
        succeeded=_box(report.balance, "succeeded"),
        next=[line for line in report.next if not line.startswith("migrator report ")],
        written_at=clock.moment(report.made_at),
        states=_states(report),
        verdicts=_verdicts(report),
        **more,
    )


def _box(balance: Balance, name: str) -> int:
    return {state.value: count for state, count in balance.states.items()}.get(name, 0)


def _states(report: RunReport) -> list[str]:
    """The states of rows that were sent, in the order in which they are told."""
    found = {state for bucket in report.speed.buckets for state in bucket.rows}
    return [state for state in (*report.balance.states, *sorted(found)) if state in found]


def _verdicts(report: RunReport) -> list[str]:
    return list(report.course.verdicts)


class _Clock:
    """Times as the report writes them: in the mapping's zone and in UTC."""

    def __init__(self, zone: str | None) -> None:
        self._name = zone
        self._zone = ZoneInfo(zone or "UTC")

    def moment(self, at: datetime | None) -> str:
        """Such as "2026-11-29 17:19:34 Asia/Kolkata (11:49:34 UTC)"."""
        if at is None:
            return "none"
        if self._name is None or self._name == "UTC":
            return f"{at:%Y-%m-%d %H:%M:%S} UTC"
        local = at.astimezone(self._zone)
        day = "" if local.date() == at.date() else f"{at:%Y-%m-%d} "
        return f"{local:%Y-%m-%d %H:%M:%S} {self._name} ({day}{at:%H:%M:%S} UTC)"

    def local(self, at: datetime) -> str:
        """Day and time in the report's zone."""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def utc(self, at: datetime) -> str:
        """The time in UTC, for programs."""
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def unbroken(time: str) -> Markup:
    """A day and a time that a narrow column may part, but neither of them.

    >>> str(unbroken("2026-11-29 17:19:34"))
    '<span class="d">2026-11-29</span> <span class="d">17:19:34</span>'
    """
    parts = (f'<span class="d">{escape(part)}</span>' for part in time.split(" "))
    return Markup(" ".join(parts))  # noqa: S704 - escaped here


def span(seconds: float) -> str:
    """A length of time, without a nought at its end.

    >>> span(120), span(121), span(7200)
    ('2 min', '2 min 1 s', '2 h')
    """
    return duration(seconds).removesuffix(" 0 s").removesuffix(" 0 min")


def prose(text: str) -> Markup:
    """Advice, its commands set off.

    >>> str(prose("then `migrator retry` <b>"))
    'then <code>migrator retry</code> &lt;b&gt;'
    """
    marked = _CODE.sub(r"<code>\1</code>", str(escape(printable(text))))
    return Markup(marked)  # noqa: S704 - escaped before it is marked


def commands(text: str) -> Markup:
    r"""The same for Markdown: the marks around commands stay, all else is escaped.

    >>> str(commands("then `migrator retry` <b>|"))
    'then `migrator retry` &lt;b&gt;\\|'
    """
    pieces = _CODE.split(printable(text))
    said = (
        "`" + piece.replace("|", "\\|") + "`" if number % 2 else _in_markdown(piece)
        for number, piece in enumerate(pieces)
    )
    return Markup("".join(said))  # noqa: S704 - escaped, or code


def as_lines(text: str) -> Markup:
    """A text of several lines, whose line breaks stay."""
    return escape(printable(text, keep_lines=True))


def fence(text: str) -> Markup:
    """A text of several lines as a block of code in Markdown, whatever marks are in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    shown = printable(text.rstrip("\n"), keep_lines=True)
    return Markup(f"{marks}yaml\n{shown}\n{marks}")  # noqa: S704 - nothing in a block is marked up


def _escaped(value: Any) -> Any:
    """What an expression gives, for HTML; `Markup` is ours and stays."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _in_markdown(value: Any) -> Any:
    r"""What an expression gives, for a cell of a table in Markdown.

    >>> str(_in_markdown("<b>|*mx_Custom_1"))
    '&lt;b&gt;\\|\\*mx_Custom_1'
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = printable(value)
    for mark, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, written)
    return Markup(_MARKS.sub(r"\\\1", text))  # noqa: S704 - escaped here
