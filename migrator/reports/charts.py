"""The charts of a report, drawn by matplotlib as SVG that stands in a page.

Owns how they look: readable in black and white, and in two shapes, one for a desk and for paper,
one for a phone. The numbers are also in a table beside each chart; nothing here decides anything.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from migrator.model import Verdict
from migrator.reports.run_report import Speed
from migrator.reports.timeline import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Draw = Callable[[Figure, Speed, "_Places", "Shape", ZoneInfo], None]

_INK, _LINE, _FILL, _BAD, _DOUBT = "#1b1f24", "#0b4f8a", "#cfe0f0", "#a4262c", "#7a5200"
_BREAK: Final = 1.5  #: Buckets of room that a silence takes.
_STYLE: Final[dict[Any, Any]] = {  # matplotlib types its names one by one
    "svg.fonttype": "none",  # text stays text: it is found, read aloud and small
    "font.family": "sans-serif",
    "font.sans-serif": ["Segoe UI", "Helvetica Neue", "Arial", "DejaVu Sans"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "path.simplify": True,
}
_IDS: Final = re.compile(r'(\bid="|xlink:href="#|url\(#)')
_COLLECTION_IDS: Final = re.compile(r'<g id="[^"]*"')
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where a chart is looked at."""

    name: str
    width: float  #: Inches.
    height: float
    font: float  #: Points.
    ticks: int


WIDE: Final = Shape(name="wide", width=8.6, height=2.7, font=9.5, ticks=7)
NARROW: Final = Shape(name="narrow", width=4.0, height=2.7, font=10.5, ticks=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart in both shapes."""

    wide: Markup
    narrow: Markup


def throughput(speed: Speed, zone: ZoneInfo) -> Chart:
    """Calls per second over time, and the account's limit as a line."""
    return _both(
        "throughput",
        "Calls per second over time",
        _told(speed),
        speed=speed,
        zone=zone,
        draw=_calls,
    )


def outcomes(speed: Speed, zone: ZoneInfo) -> Chart:
    """Rows by what became of them, adding up over time."""
    rows = [f"{name} {count:,}" for name, count in _row_sums(speed).items()]
    told = f"At the end: {', '.join(rows) or 'no rows sent'}."
    return _both(
        "outcomes", "Rows sent and what became of them", told, speed=speed, zone=zone, draw=_rows
    )


def _told(speed: Speed) -> str:
    rates = [bucket.calls / speed.bucket_seconds for bucket in speed.buckets]
    limit = speed.limit_per_second
    against = f"; the account's limit is {limit:g} per second" if limit else ""
    return f"The busiest {speed.bucket_seconds:g} s had {max(rates):.1f} calls per second{against}."


def _row_sums(speed: Speed) -> dict[str, int]:
    sums: dict[str, int] = {}
    for bucket in speed.buckets:
        for name, count in bucket.rows.items():
            sums[name] = sums.get(name, 0) + count
    return {name.replace("_", " "): count for name, count in sums.items()}


# ------------------------------------------------------------------ drawing


def _both(name: str, title: str, told: str, *, speed: Speed, zone: ZoneInfo, draw: "Draw") -> Chart:
    wide, narrow = (
        _svg(f"{name}-{shape.name}", title, told, _figure(speed, zone, shape, draw))
        for shape in (WIDE, NARROW)
    )
    return Chart(wide=wide, narrow=narrow)


def _figure(speed: Speed, zone: ZoneInfo, shape: Shape, draw: "Draw") -> "Figure":
    import matplotlib as mpl  # noqa: PLC0415 - half a second, where a chart is drawn
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({**_STYLE, "font.size": shape.font}):
        figure = Figure(figsize=(shape.width, shape.height), layout="constrained")
        draw(figure, speed, _Places(speed.buckets), shape, zone)
    return figure


class _Places:
    """Where each bucket stands on the axis: side by side, a silence being a short gap."""

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        self.stretches = [list(group) for _, group in groupby(buckets, lambda one: one.stretch)]
        self.starts: list[float] = []
        at = 0.0
        for stretch in self.stretches:
            self.starts.append(at)
            at += len(stretch) + _BREAK
        self.end = at - _BREAK if buckets else 1.0

    def silences(self) -> list[float]:
        """The middle of each silence."""
        return [start - _BREAK / 2 for start in self.starts[1:]]

    def ticks(self, most: int, zone: ZoneInfo, width: float) -> tuple[list[float], list[str]]:
        """Some places with the time that stands there; a new day is told with its first one."""
        every = [
            (start + number, bucket)
            for start, stretch in zip(self.starts, self.stretches, strict=True)
            for number, bucket in enumerate(stretch)
        ]
        step = -(-len(every) // most)
        firsts = set(self.starts)
        room = self.end / (most + 1)
        chosen: list[tuple[float, Bucket]] = []
        for number, (place, bucket) in enumerate(every):
            if place in firsts or number % step == 0:
                if chosen and place - chosen[-1][0] < room * 0.8:
                    if place not in firsts:
                        continue
                    chosen.pop()
                chosen.append((place, bucket))
        pattern, labels, day = "%H:%M" if width >= 60 else "%H:%M:%S", [], ""
        for _, bucket in chosen:
            local = bucket.began_at.astimezone(zone)
            today = f"{local:%d %b}"
            labels.append(f"{local:{pattern}}" + (f"\n{today}" if today != day else ""))
            day = today
        return [place for place, _ in chosen], labels


def _calls(figure: "Figure", speed: Speed, places: _Places, shape: Shape, zone: ZoneInfo) -> None:
    axes = figure.subplots()
    width = speed.bucket_seconds
    for start, stretch in zip(places.starts, places.stretches, strict=True):
        rates = [bucket.calls / width for bucket in stretch]
        edges = [start + number for number in range(len(stretch) + 1)]
        axes.stairs(rates, edges, fill=True, color=_FILL)
        axes.stairs(rates, edges, color=_LINE, linewidth=1.4)
    _mark_rate_answers(axes, speed, places)
    if speed.limit_per_second:
        axes.axhline(
            speed.limit_per_second, color=_INK, linewidth=1.2, linestyle="--", label="limit"
        )
    axes.set_ylabel("calls per second")
    axes.set_ylim(bottom=0)
    _finish(axes, places, shape, zone, width)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False
        )


def _mark_rate_answers(axes: "Axes", speed: Speed, places: _Places) -> None:
    marks = [
        (start + number + 0.5, bucket.calls / speed.bucket_seconds)
        for start, stretch in zip(places.starts, places.stretches, strict=True)
        for number, bucket in enumerate(stretch)
        if bucket.verdicts.get(Verdict.RATE)
    ]
    if marks:
        axes.plot(
            *zip(*marks, strict=True),
            linestyle="",
            marker="v",
            markersize=6,
            color=_BAD,
            label="with rate answers",
        )


_LINES: Final = (
    ("succeeded", "succeeded", _LINE, "-", "o"),
    ("failed", "failed", _BAD, "--", "x"),
    ("in_doubt", "in doubt", _DOUBT, ":", "s"),
    ("planned", "to be sent again", _INK, "-.", "^"),
)


def _rows(figure: "Figure", speed: Speed, places: _Places, shape: Shape, zone: ZoneInfo) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as in `_figure`

    present = {state for bucket in speed.buckets for state in bucket.rows}
    below = [line for line in _LINES[1:] if line[0] in present]
    if below:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _add_up(lower, speed, places, below)
        lower.set_ylabel("rows")
        lower.margins(y=0.2)
    else:
        upper = lower = figure.subplots()
    _add_up(upper, speed, places, _LINES[:1])
    upper.set_ylabel("rows")
    for axes in {upper, lower}:
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    _finish(lower, places, shape, zone, speed.bucket_seconds)
    found = [axes.get_legend_handles_labels() for axes in dict.fromkeys((upper, lower))]
    handles = [handle for some, _ in found for handle in some]
    labels = [label for _, some in found for label in some]
    figure.legend(handles, labels, loc="outside upper right", ncols=4, frameon=False)


def _add_up(
    axes: "Axes",
    speed: Speed,
    places: _Places,
    lines: Sequence[tuple[str, str, str, str, str]],
) -> None:
    for state, label, colour, style, marker in lines:
        sums = list(accumulate((bucket.rows.get(state, 0) for bucket in speed.buckets), initial=0))
        at = [0.0] + [
            start + number + 1
            for start, stretch in zip(places.starts, places.stretches, strict=True)
            for number in range(len(stretch))
        ]
        axes.plot(
            at,
            sums,
            color=colour,
            linestyle=style,
            linewidth=1.6,
            marker=marker,
            markersize=4,
            markevery=max(1, len(at) // 8),
            label=label,
            clip_on=False,
        )


def _finish(axes: "Axes", places: _Places, shape: Shape, zone: ZoneInfo, width: float) -> None:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415 - as in `_figure`

    axes.set_xlim(0, places.end)
    axes.set_xticks(*places.ticks(shape.ticks, zone, width), ha="left")
    for one in axes.figure.axes:
        one.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        _mark_silences(one, places)


def _mark_silences(axes: "Axes", places: _Places) -> None:
    for at in places.silences():
        axes.axvspan(
            at - _BREAK / 2,
            at + _BREAK / 2,
            facecolor="white",
            hatch="///",
            edgecolor="#8a8f96",
            linewidth=0,
        )


# ------------------------------------------------------------------ as a part of a page


def _svg(name: str, title: str, told: str, figure: "Figure") -> Markup:
    import matplotlib as mpl  # noqa: PLC0415 - as in `_figure`

    written = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    text = written.getvalue()
    text = _METADATA.sub("", text[text.index("<svg") :])
    text = _COLLECTION_IDS.sub("<g", text)
    text = _IDS.sub(lambda found: f"{found[1]}{name}-", text).replace("xlink:href", "href")
    head, _, body = text.partition(">")
    head = re.sub(r' (?:width|height|version|xmlns(?::xlink)?)="[^"]*"', "", head)
    labelled = f'role="img" aria-labelledby="{name}-title {name}-desc"'
    return Markup(  # noqa: S704 - matplotlib's own text, and ours escaped
        f'{head} {labelled}><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(told)}</desc>{body}'
    )
