"""Line charts as SVG: panels side by side with the same axes, and one legend. Readable on light and on dark pages."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

COLOURS: Final = ("#2f7de1", "#d9660d", "#2a9d5c", "#8b5cf6", "#d1435b", "#0d97a6", "#a8743a", "#868e99")
"""Of lines. Each stands out from white and from near black by a contrast of 3 or more."""

_PLOT_WIDTH: Final = 290
_ALONE_WIDTH: Final = 640
"""A single panel may be wide."""
_PLOT_HEIGHT: Final = 260
_LEFT: Final = 62
_RIGHT: Final = 22
_TOP: Final = 66
_LEGEND_ROW: Final = 20
_CHARACTER: Final = 6.4
"""Mean width of a character of the legend, in pixels."""

_STYLE: Final = """\
text{font:12px system-ui,sans-serif;fill:#24292f}
.title{font-size:15px;font-weight:600}
.panel{font-weight:600}
.card{fill:#ffffff}
.grid{stroke:#d8dee4;stroke-width:1}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round}
.bold{stroke-width:3}
.dashed{stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){text{fill:#d1d7e0}.card{fill:#0d1117}.grid{stroke:#30363d}}"""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis, from its first tick to its last.

    Attributes:
        label: what it shows, with its unit.
        ticks: values with a line and a number, rising.
        log: equal steps stand for equal factors.
        form: how a value is written.
    """

    label: str
    ticks: Sequence[float]
    log: bool = False
    form: Callable[[float], str] = "{:g}".format

    def share(self, value: float) -> float:
        """Where a value lies, from 0 at the first tick to 1 at the last; values beyond lie on the edge."""
        low, high = self.ticks[0], self.ticks[-1]
        value = min(max(value, low), high)
        if self.log:
            return math.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart.

    Attributes:
        label: in the legend, where lines of the same label in several panels stand once.
        points: x and y, in order of x.
        colour: index into `COLOURS`.
        bold, dashed: how it is drawn.
    """

    label: str
    points: Sequence[tuple[float, float]]
    colour: int
    bold: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Figure:
    """Charts with common axes."""

    title: str
    x: Axis
    y: Axis
    panels: Sequence[Panel]


def log_ticks(values: Sequence[float]) -> list[float]:
    """1, 2 and 5 times powers of ten, from the last one below all the values to the first one above them."""
    least, most = min(values), max(values)
    # One more on either side, because logarithms are rounded.
    decades = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(most)) + 2)
    ticks = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    first = max(place for place, tick in enumerate(ticks) if tick <= least)
    last = min(place for place, tick in enumerate(ticks) if tick >= most)
    return ticks[first : max(last, first + 1) + 1]


def draw(figure: Figure) -> str:
    """The picture, as the text of an SVG file."""
    plot_width = _ALONE_WIDTH if len(figure.panels) == 1 else _PLOT_WIDTH
    panel_width = _LEFT + plot_width + _RIGHT
    width = panel_width * len(figure.panels)
    lines = {line.label: line for panel in figure.panels for line in panel.lines}
    legend, rows = _legend(sorted(lines.values(), key=lambda line: not line.bold), width)
    height = _TOP + _PLOT_HEIGHT + 62 + rows * _LEGEND_ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label={quoteattr(figure.title)}>',
        f"<style>{_STYLE}</style>",
        f'<rect class="card" width="{width}" height="{height}" rx="6"/>',
        _text(_LEFT, 26, figure.title, kind="title"),
    ]
    for place, panel in enumerate(figure.panels):
        parts.append(f'<g transform="translate({place * panel_width + _LEFT} {_TOP})">')
        parts.extend(_panel(figure, panel, plot_width, labels_y=place == 0))
        parts.append("</g>")
    return "\n".join([*parts, *legend, "</svg>"]) + "\n"


def _panel(figure: Figure, panel: Panel, width: int, *, labels_y: bool) -> Iterator[str]:
    x, y = figure.x, figure.y
    yield _text(0, -12, panel.title, kind="panel")
    for tick in x.ticks:
        at = x.share(tick) * width
        yield f'<line class="grid" x1="{at:.1f}" y1="0" x2="{at:.1f}" y2="{_PLOT_HEIGHT}"/>'
        yield _text(at, _PLOT_HEIGHT + 18, x.form(tick), anchor="middle")
    for tick in y.ticks:
        at = (1 - y.share(tick)) * _PLOT_HEIGHT
        yield f'<line class="grid" x1="0" y1="{at:.1f}" x2="{width}" y2="{at:.1f}"/>'
        yield _text(-8, at + 4, y.form(tick), anchor="end")
    yield _text(width / 2, _PLOT_HEIGHT + 40, x.label, anchor="middle")
    if labels_y:
        turned = f' transform="rotate(-90 -46 {_PLOT_HEIGHT / 2:g})"'
        yield _text(-46, _PLOT_HEIGHT / 2, y.label, anchor="middle", more=turned)
    for line in panel.lines:
        places = [(x.share(at) * width, (1 - y.share(value)) * _PLOT_HEIGHT) for at, value in line.points]
        yield from _line(line, places)


def _line(line: Line, places: Sequence[tuple[float, float]]) -> Iterator[str]:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    colour = COLOURS[line.colour]
    kind = "line" + " bold" * line.bold + " dashed" * line.dashed
    yield f'<polyline class="{kind}" stroke="{colour}" points="{points}"/>'
    if line.bold:
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _legend(lines: Sequence[Line], width: float) -> tuple[list[str], int]:
    """Samples of the lines with their labels, in columns, and how many rows they take."""
    each = 46 + _CHARACTER * max(len(line.label) for line in lines)
    columns = max(1, int((width - _LEFT) / each))
    parts: list[str] = []
    for place, line in enumerate(lines):
        row, column = divmod(place, columns)
        x, y = _LEFT + column * each, _TOP + _PLOT_HEIGHT + 70 + row * _LEGEND_ROW
        parts.extend(_line(line, [(x, y - 4), (x + 24, y - 4)]))
        parts.append(_text(x + 32, y, line.label))
    return parts, -(-len(lines) // columns)


def _text(x: float, y: float, text: str, *, kind: str = "", anchor: str = "", more: str = "") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}{more}>{escape(text)}</text>'
