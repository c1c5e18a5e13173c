"""The rehearsal's story, its picture, and what of it is kept in the documents."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from consumer.commands.sizing import DAY, Load, plan
from tests.rehearsal.__main__ import DATA, PAGE, PICTURE
from tests.rehearsal.picture import HEIGHT, LEFT, RIGHT, Panel, nice, picture, shares, smooth, stacked
from tests.rehearsal.story import Act, Counts, Life, Sample, Setting, Story, load

ONE = Act("1 worker", 1, 0, 50)
BOTH = Act("2 workers", 2, 50, 100)
ROLL = Act("rolling restart", 2, 100, 110, replaces=True)
SETTING = Setting(limit=250, latency=0.1, concurrency=16)


def small() -> Story:
    """The first settles 100 a second from second 10 on; the second, from 50 on, 60 a second, each tenth answer a 429;
    at second 105 the first is replaced by one that has settled nothing yet.
    """
    samples = []
    for at in range(0, 111, 5):
        first = 100 * max(0, min(at, 105) - 10)
        second = 60 * max(0, at - 50)
        workers = [Counts(first, first, 0)]
        workers += [Counts(second, second * 10 // 9, second // 9)] if at > 50 else []
        workers += [Counts()] if at >= 110 else []
        samples.append(Sample(at, 1000 - at, tuple(workers)))
    lives = Life(0, 1, 105), Life(1, 51, 111), Life(0, 108, 111)
    return Story({"cores": "2"}, SETTING, (ONE, BOTH, ROLL), lives, tuple(samples), twice=3)


def test_a_rate_is_taken_from_the_end_of_an_act_when_the_limit_has_been_found() -> None:
    assert [each.rate for each in small().figures()[:2]] == [100, 160]


def test_the_rate_of_a_roll_is_that_of_the_whole() -> None:
    assert small().figures()[2].rate == (500 + 600) / 10


def test_the_share_of_429s_is_that_of_the_whole_act() -> None:
    first, second, _ = small().figures()
    assert first.refused == 0
    assert second.refused == pytest.approx(333 / (5000 + 3333))


def test_the_possible_rate_is_that_of_sizing_up_to_the_limit() -> None:
    assert [SETTING.possible(workers) for workers in (1, 2, 4)] == [160, 250, 250]


def test_a_replacement_continues_in_the_place_of_its_predecessor() -> None:
    assert small().rates(0)[-3:] == [100, 100, 0]
    assert small().rates(1)[-3:] == [60, 60, 60]


def test_the_table_has_a_line_for_each_act_and_says_where_it_was() -> None:
    lines = small().table().splitlines()
    assert lines[2] == "| 1 worker | 160 | 100 | 62% | 0.0% | 1,000 → 950 |"
    assert lines[4].startswith("| rolling restart | 250 | 110 | 44% |")
    assert lines[-1] == "Delivered again: 3. Measured: cores 2."


def test_what_is_saved_can_be_loaded() -> None:
    assert load(small().saved()) == small()


# The picture, on the small rehearsal of `test_story`.


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


# The page about sizing shows the load test that is kept, and it bears out what `sizing` says.


@pytest.fixture(scope="module")
def kept() -> Story:
    return load(DATA.read_bytes())


def test_the_page_has_its_table_and_its_picture(kept: Story) -> None:
    page = PAGE.read_text("utf-8")
    assert f"<!-- rehearsal:begin -->\n{kept.table()}<!-- rehearsal:end -->\n" in page, "make rehearse ARGS=--redraw"
    assert PICTURE.read_text("utf-8") == picture(kept), "make rehearse ARGS=--redraw"
    assert "../.github/scaling.svg" in page


def test_one_worker_delivers_the_rate_of_sizing(kept: Story) -> None:
    first = kept.figures()[0]
    assert first.rate == pytest.approx(kept.setting.means.of_a_worker, rel=0.1)


def test_the_limit_is_reached_with_as_many_workers_as_sizing_says(kept: Story) -> None:
    means = kept.setting.means
    enough = plan(Load(events_per_day=means.limit * DAY, enrolments=1), means).workers
    rates = {each.act.workers: each.rate for each in reversed(kept.figures())}
    assert rates[enough - 1] < 0.85 * means.limit
    assert rates[enough] > 0.85 * means.limit
