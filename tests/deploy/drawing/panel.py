"""A panel of a dashboard in Grafana's style: its title and its series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from tests.deploy.drawing.graph import Series, colour, graph, sparkline
from tests.deploy.drawing.scale import Window
from tests.deploy.drawing.units import formatted

Panel = dict[str, Any]

# Pixels. A panel of so many columns and rows is as wide and high as the page's grid makes it.
COLUMN, ROW, GAP, PADDING, TITLE, LEGEND_ROW = 33, 30, 8, 12, 34, 20
NAMED_COLOURS = {"green": "#1b7f3b", "red": "#c4162a"}
MOST_NAMES = 8  # of series in a legend; beyond it, those that are 0 all the time are only counted


def inside(panel: Panel) -> tuple[int, int]:
    """Width and height of what is below the panel's title."""
    cell = panel["gridPos"]
    width, height = cell["w"] * (COLUMN + GAP) - GAP, cell["h"] * (ROW + GAP) - GAP
    return width - 2 * PADDING, height - TITLE - PADDING


def threshold_colour(value: float, steps: Sequence[dict[str, Any]]) -> str:
    """The colour of the last step that the value has reached; the first step has no value and is always reached."""
    name = [each["color"] for each in steps if each.get("value") is None or value >= each["value"]][-1]
    return NAMED_COLOURS[name]


def _stat(panel: Panel, series: Sequence[Series], window: Window) -> str:
    """The last value of each series, large, and its line behind it."""
    defaults = panel["fieldConfig"]["defaults"]
    width, height = inside(panel)
    parts = []
    for each in series:
        value = each.finite[-1][1]
        paint = threshold_colour(value, defaults["thresholds"]["steps"])
        name = f"<small>{escape(each.name)}</small>" if len(series) > 1 else ""
        text = f'<b style="color: {paint}">{formatted(value, defaults["unit"])}</b>'
        small = (width // len(series), height // 2)
        parts.append(f'<div class="stat">{name}{text}{sparkline(each, window, small, paint)}</div>')
    return f'<div class="stats">{"".join(parts)}</div>'


def _time_series(panel: Panel, series: Sequence[Series], window: Window) -> str:
    """Lines over time, with a legend below."""
    defaults = panel["fieldConfig"]["defaults"]
    width, height = inside(panel)
    legend, rows = _legend(series, width)
    size = (width, height - rows * LEGEND_ROW)
    return graph(series, defaults["unit"], window, size, defaults["custom"]["fillOpacity"] / 100) + legend


def _legend(series: Sequence[Series], width: int) -> tuple[str, int]:
    """The names with their colours, and how many rows they take."""
    numbers = list(range(len(series)))
    if len(series) > MOST_NAMES:
        numbers = [number for number in numbers if any(value for _, value in series[number].finite)]
    names = [(colour(number), series[number].name) for number in numbers]
    items = [f'<li><i style="background: {paint}"></i>{escape(name)}</li>' for paint, name in names]
    if left := len(series) - len(numbers):
        names.append(("", f"{left} more, always 0"))
        items.append(f"<li>{names[-1][1]}</li>")
    pixels = sum(len(name) * 7 + 28 for _, name in names)
    return f"<ul>{''.join(items)}</ul>", max(1, -(-pixels // width))


TYPES: dict[str, Callable[[Panel, Sequence[Series], Window], str]] = {"stat": _stat, "timeseries": _time_series}


def draw(panel: Panel, series: Sequence[Series], window: Window) -> str:
    """The panel as HTML. Raises KeyError for a type or a unit that no dashboard has used so far."""
    cell = panel["gridPos"]
    area = f"{cell['y'] + 1} / {cell['x'] + 1} / span {cell['h']} / span {cell['w']}"
    drawable = [each for each in series if each.finite]
    body = TYPES[panel["type"]](panel, drawable, window) if drawable else '<p class="empty">No data</p>'
    return f'<section style="grid-area: {area}"><h2>{escape(panel["title"])}</h2>{body}</section>'
