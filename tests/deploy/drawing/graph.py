"""Lines over time, as SVG: the graphs, and the small ones behind single numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.deploy.drawing.scale import Axis, Window, grid, moments
from tests.deploy.drawing.units import formatted

# Grafana's classic order (green, yellow, blue, orange, red, ...), in shades that show on white.
PALETTE = ("#56a64b", "#e0b400", "#3274d9", "#ff780a", "#e02f44", "#a352cc", "#1aa5b8", "#8a5a2b", "#f06aa6", "#7b8794")
LETTER, LINE = 6.0, 16  # pixels: about as wide as a figure, as high as a line of text
PIXELS_A_MOMENT = 54

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name in the legend, and its values by time. Where it has none, the line has a gap."""

    name: str
    points: Points

    @property
    def finite(self) -> list[tuple[float, float]]:
        """The values that can be drawn: a quantile of nothing is NaN."""
        return [point for point in self.points if math.isfinite(point[1])]


def colour(number: int) -> str:
    """Return the colour of a line by its index."""
    return PALETTE[number % len(PALETTE)]


def runs(points: Points, step: float) -> Iterator[list[tuple[float, float]]]:
    """The points without the gaps: what lies further apart than one step and a half is not joined."""
    run: list[tuple[float, float]] = []
    for point in points:
        if run and point[0] - run[-1][0] > 1.5 * step:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def line(series: Series, step: float, x: Axis, y: Axis, paint: str, fill: float) -> str:
    """A series' line, and the area below it. paint -- its colour; fill -- the area's opacity, 0 to 1"""
    parts = []
    for run in runs(series.finite, step):
        places = [f"{x.at(at):.1f},{y.at(value):.1f}" for at, value in run]
        if len(places) == 1:
            left, top = places[0].split(",")
            parts.append(f'<circle cx="{left}" cy="{top}" r="1.6" fill="{paint}"/>')
            continue
        path = "M" + "L".join(places)
        ends = [f"{x.at(run[end][0]):.1f},{y.at(0):.1f}" for end in (-1, 0)]
        parts.append(f'<path d="{path}L{"L".join(ends)}Z" fill="{paint}" fill-opacity="{fill}"/>')
        parts.append(f'<path d="{path}" fill="none" stroke="{paint}" stroke-width="1.5" stroke-linejoin="round"/>')
    return "".join(parts)


def graph(series: Sequence[Series], unit: str, window: Window, size: tuple[int, int], fill: float) -> str:
    """The lines with their axes. size -- width and height in pixels; fill -- opacity below a line, 0 to 1"""
    width, height = size
    lines = grid(max((value for each in series for _, value in each.finite), default=0.0), unit)
    words = [formatted(value, unit) for value in lines]
    x = Axis(window.start, window.end, max(map(len, words)) * LETTER + 10, width - 8)
    y = Axis(0, lines[-1], height - LINE - 4, 8)
    rule = '<line x1="{}" y1="{}" x2="{}" y2="{}" class="rule"/>'
    parts = []
    for value, word in zip(lines, words, strict=True):
        parts.append(rule.format(x.origin, y.at(value), x.far, y.at(value)))
        parts.append(f'<text x="{x.origin - 8}" y="{y.at(value) + 4:.1f}" text-anchor="end">{word}</text>')
    times = moments(window, int((x.far - x.origin) // PIXELS_A_MOMENT))
    clock = "%H:%M" if all(at % 60 == 0 for at in times) else "%H:%M:%S"
    for at in times:
        parts.append(rule.format(f"{x.at(at):.1f}", y.origin, f"{x.at(at):.1f}", y.far))
        # Half a label is as wide as about three letters: at the right edge it must not be cut off.
        place = min(x.at(at), width - 3 * LETTER)
        text = datetime.fromtimestamp(at, UTC).strftime(clock)
        parts.append(f'<text x="{place:.1f}" y="{height - 3}" text-anchor="middle">{text}</text>')
    parts += [line(each, window.step, x, y, colour(number), fill) for number, each in enumerate(series)]
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}">{"".join(parts)}</svg>'


def sparkline(series: Series, window: Window, size: tuple[int, int], paint: str) -> str:
    """One line without axes."""
    width, height = size
    top = max((value for _, value in series.finite), default=0.0)
    x, y = Axis(window.start, window.end, 0, width), Axis(0, top or 1.0, height - 1, 3)
    drawn = line(series, window.step, x, y, paint, 0.15)
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}">{drawn}</svg>'
