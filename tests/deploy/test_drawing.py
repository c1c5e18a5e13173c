"""The drawing of the dashboards in deploy/README.md, on fixed data."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from tests.deploy import dashboards
from tests.deploy.drawing.graph import Series, colour, graph, line
from tests.deploy.drawing.page import page
from tests.deploy.drawing.panel import draw, threshold_colour
from tests.deploy.drawing.scale import Axis, Window, grid, moments
from tests.deploy.drawing.units import formatted

WINDOW = Window(1_000_020, 1_000_080, 10)  # 13:47:00 to 13:48:00
STEPS: list[dict[str, Any]] = [{"color": "green", "value": None}, {"color": "red", "value": 60}]
X, Y = Axis(0, 40, 0, 400), Axis(0, 10, 100, 0)


def steady(name: str, value: float) -> Series:
    """A series that has this value all the time."""
    return Series(name, [(at, value) for at in range(int(WINDOW.start), int(WINDOW.end) + 1, 10)])


def panel(title: str, unit: str) -> dict[str, Any]:
    """A panel as the dashboards have it, but for its unit."""
    (found,) = [each for each in dashboards.panels() if each["title"] == title]
    found["fieldConfig"]["defaults"]["unit"] = unit
    return found


def number(unit: str = "s") -> dict[str, Any]:
    return panel("Oldest record waits", unit)


def lines(unit: str = "short") -> dict[str, Any]:
    return panel("Where sign-ups stop", unit)


def texts(html: str) -> list[str]:
    """All that stands in the panel, in order."""
    return [each for each in re.findall(r">([^<>]+)<", html) if each.strip()]


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0, "short", "0"),
        (7, "short", "7"),
        (1234, "short", "1.23 K"),
        (2_500_000, "short", "2.5 Mil"),
        (0, "s", "0 s"),
        (0.042, "s", "42 ms"),
        (59.96, "s", "60 s"),
        (90, "s", "1.5 min"),
        (7200, "s", "2 h"),
        (0.0144, "percentunit", "1.44%"),
        (1, "percentunit", "100%"),
        (24.96, "reqps", "25 req/s"),
        (1500, "ops", "1.5 K ops/s"),
        (0, "recps", "0 rec/s"),
        (94 * 2**20, "bytes", "94 MiB"),
        (0, "bytes", "0 B"),
        (1, "bool_yes_no", "Yes"),
        (0, "bool_yes_no", "No"),
    ],
)
def test_a_value_is_worded_in_its_unit(value: float, unit: str, words: str) -> None:
    assert formatted(value, unit) == words


@pytest.mark.parametrize(
    ("top", "unit", "expected"),
    [
        (0, "short", [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (7, "short", [0, 2, 4, 6, 8]),
        (100, "reqps", [0, 20, 40, 60, 80, 100]),
        (100, "s", [0, 30, 60, 90, 120]),
        (0.03, "s", [0, 0.01, 0.02, 0.03]),
        (90 * 2**20, "bytes", [0, 32 * 2**20, 64 * 2**20, 96 * 2**20]),
    ],
)
def test_the_grid_has_a_few_round_lines(top: float, unit: str, expected: list[float]) -> None:
    assert grid(top, unit) == pytest.approx(expected)


def test_the_times_below_a_graph_are_round_and_not_too_many() -> None:
    assert moments(WINDOW, 4) == [1_000_020, 1_000_050, 1_000_080]
    assert moments(Window(1_000_030, 1_000_390, 1), 8) == [1_000_080 + 60 * n for n in range(6)]


def test_a_step_gives_that_line_and_the_area_below_it() -> None:
    step = Series("step", [(0, 2), (10, 2), (20, 8), (30, 8)])
    area, stroke = re.findall(r'd="([^"]+)"', line(step, 10, X, Y, "#000", 0.1))
    assert stroke == "M0.0,80.0L100.0,80.0L200.0,20.0L300.0,20.0"
    assert area == f"{stroke}L300.0,100.0L0.0,100.0Z"


def test_where_there_is_no_value_there_is_a_gap_and_a_lone_value_is_a_dot() -> None:
    broken = Series("broken", [(0, 5), (10, 5), (20, math.nan), (30, 5)])
    drawn = line(broken, 10, X, Y, "#000", 0.1)
    assert re.findall(r'd="([^"]+)" fill="none"', drawn) == ["M0.0,50.0L100.0,50.0"]
    assert '<circle cx="300.0" cy="50.0"' in drawn


def test_a_graph_names_its_axes() -> None:
    drawn = graph([steady("a", 90)], "s", WINDOW, (400, 200), 0.1)
    assert texts(drawn)[:4] == ["0 s", "30 s", "1 min", "1.5 min"]
    assert texts(drawn)[4:] == ["13:47:00", "13:47:15", "13:47:30", "13:47:45", "13:48:00"]


@pytest.mark.parametrize(("value", "name"), [(59.9, "#1b7f3b"), (60, "#c4162a")])
def test_a_number_turns_red_at_its_threshold(value: float, name: str) -> None:
    assert threshold_colour(value, STEPS) == name
    assert f'<b style="color: {name}">{formatted(value, "s")}</b>' in draw(number(), [steady("oldest", value)], WINDOW)


def test_a_number_is_the_last_one_that_there_is() -> None:
    gone = Series("gone", [(WINDOW.start, 5), (WINDOW.end, math.nan)])
    assert texts(draw(number(), [gone], WINDOW)) == ["Oldest record waits", "5 s"]


def test_a_legend_names_each_line_in_its_colour() -> None:
    html = draw(lines(), [steady("ready", 1), steady("<parked>", 2)], WINDOW)
    assert texts(html)[-2:] == ["ready", "&lt;parked&gt;"]
    assert re.findall(r"<i style=.background: (#\w+)", html) == [colour(0), colour(1)]
    assert re.findall(r'fill="none" stroke="(#\w+)"', html) == [colour(0), colour(1)]


def test_a_long_legend_only_counts_what_is_zero_all_the_time() -> None:
    html = draw(lines(), [steady(f"s{n}", n % 5) for n in range(10)], WINDOW)
    assert texts(html)[-9:] == ["s1", "s2", "s3", "s4", "s6", "s7", "s8", "s9", "2 more, always 0"]


@pytest.mark.parametrize("make", [number, lines])
@pytest.mark.parametrize("series", [[], [Series("nan", [(WINDOW.start, math.nan)])]], ids=["none", "nan"])
def test_an_empty_answer_says_no_data(make: Any, series: list[Series]) -> None:
    assert texts(draw(make(), series, WINDOW))[1:] == ["No data"]


@pytest.mark.parametrize("path", dashboards.FILES, ids=lambda path: path.stem)
def test_each_committed_dashboard_can_be_drawn(path: Any) -> None:
    board = dashboards.dashboard(path)
    drawn = page(board, [[steady("a", 1), steady("b", 0)] for _ in board["panels"]], WINDOW)
    assert "No data" not in drawn
    assert re.findall(r"<h2>(.*?)</h2>", drawn) == [each["title"] for each in board["panels"]]


@pytest.mark.parametrize("query", dashboards.queries(), ids=str)
def test_no_variable_is_left_in_a_query(query: dashboards.Query) -> None:
    assert "$" not in query.filled_in()
    assert not set("{}") & set(query.name({}))


def test_a_legend_takes_the_labels_of_its_series() -> None:
    assert dashboards.Query("", "", "{{topic}}-{{ partition }}").name({"topic": "t", "partition": "3"}) == "t-3"
