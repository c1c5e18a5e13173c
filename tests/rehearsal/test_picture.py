"""The picture of the small load test of `test_story`."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.rehearsal.picture import HEIGHT, LEFT, RIGHT, Panel, nice, picture, shares, smooth, stacked
from tests.rehearsal.test_story import small


def drawn() -> ElementTree.Element:
    return ElementTree.fromstring(picture(small()))  # noqa: S314 -- our own


def of_class(name: str) -> list[ElementTree.Element]:
    return [each for each in drawn().iter() if name in each.get("class", "").split()]


def test_a_panel_maps_seconds_and_values_to_the_page() -> None:
    panel = Panel(upper=100, height=50, top=200, last=10)
    assert [panel.x(0), panel.x(10)] == [LEFT, RIGHT]
    assert [panel.y(0), panel.y(200), panel.y(100)] == [150, 100, 125]
    assert panel.path([(0, 0), (10, 200)]) == f"M{LEFT}.0 150.0L{RIGHT}.0 100.0"
    assert panel.area([(0, 200), (10, 200)], [(0, 0), (10, 0)]).endswith(f"L{RIGHT}.0 150.0L{LEFT}.0 150.0Z")


def test_the_workers_rates_stand_one_above_the_other() -> None:
    bottom, first, both = (dict(curve) for curve in stacked(small()))
    assert bottom[77.5] == 0
    assert first[77.5] == pytest.approx(100)
    assert both[77.5] == pytest.approx(160)


def test_smoothing_keeps_what_is_even_and_ends_with_what_is_there() -> None:
    assert smooth([7, 7, 7]) == [7, 7, 7]
    assert smooth([0, 3, 0, 0]) == [1.5, 1, 1, 0]


def test_429s_are_a_share_of_the_last_seconds() -> None:
    curve = dict(shares(small()))
    assert curve[50] == 0
    assert curve[80] == pytest.approx(100 * 67 / 1667, abs=0.1)


@pytest.mark.parametrize(("most", "top"), [(2.5, 2.5), (7, 8), (61, 80), (26_339, 30_000), (100, 100)])
def test_an_axis_ends_at_a_number_that_people_like(most: float, top: float) -> None:
    assert nice(most) == top


def test_each_life_is_a_bar_and_a_restart_a_gap() -> None:
    bars = [each for each in drawn().iter("{http://www.w3.org/2000/svg}rect") if each.get("class") in ("w0", "w1")]
    assert [each.get("class") for each in bars] == ["w0", "w1", "w0"]
    ends = [float(each.attrib["x"]) + float(each.attrib["width"]) for each in bars]
    assert ends[0] < float(bars[2].attrib["x"]), "between SIGTERM and the replacement"
    assert ends[2] <= RIGHT


def test_the_restart_the_limit_and_the_arrivals_are_marked() -> None:
    assert len(of_class("band")) == 1
    words = [each.text for each in drawn().iter() if each.text]
    for expected in ("ClickSend takes 250", "300 arrive", "1 worker", "2 workers", "rolling restart"):
        assert expected in words


def test_no_curve_lies_outside_its_axes() -> None:
    text = re.sub(r"<style>.*</style>", "", picture(small()), flags=re.DOTALL)
    for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", text):
        assert LEFT <= float(x) <= RIGHT
        assert 0 <= float(y) <= HEIGHT
