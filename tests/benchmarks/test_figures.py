"""The benchmarks' own arithmetic: figures, rounds, tallies, pauses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.contenders import WORKER, Contender
from tests.benchmarks.figures import Figure, compare, load, save, shown, table, without_repeats
from tests.benchmarks.limits import LIMITS, exceeded
from tests.benchmarks.loop_lag import longest_pause
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.tally import Count, Tally

SLOW = Figure("sink", "CPU a contact", 300.0, "us", 400.0, "loop")
FAST = Figure("sink", "CPU a contact", 150.0, "us", 300.0, "loop")


def test_a_figure_stands_beside_its_baseline_with_the_ratio() -> None:
    assert table([SLOW], {"cores": "2"}).splitlines()[-1].split()[4:] == ["300", "us", "400", "0.75", "loop"]


def test_a_value_alone_is_left_out_where_it_stands_beside_a_baseline() -> None:
    alone, other = Figure("sink", "CPU a contact", 300.0, "us"), Figure("sink", "memory", 80.0, "MiB")
    assert without_repeats([alone, SLOW, other]) == [SLOW, other]


def test_one_value_may_stand_beside_several_baselines(tmp_path: Path) -> None:
    beside_another = Figure("sink", "CPU a contact", 300.0, "us", 200.0, "floor")
    save(tmp_path / "a.json", [SLOW, beside_another], {})
    assert list(load(tmp_path / "a.json").values()) == [SLOW, beside_another]


def test_what_is_saved_can_be_loaded(tmp_path: Path) -> None:
    save(tmp_path / "a.json", [SLOW], {"cores": "2"})
    assert load(tmp_path / "a.json") == {("sink", "CPU a contact", "loop"): SLOW}


def test_two_runs_are_set_side_by_side(tmp_path: Path) -> None:
    for name, figure in (("a.json", SLOW), ("b.json", FAST)):
        save(tmp_path / name, [figure], {})
    line = compare(tmp_path / "a.json", tmp_path / "b.json").splitlines()[-1]
    assert line.split()[5:] == ["300", "150", "0.50", "0.75", "0.50"]


@pytest.mark.parametrize(("share", "complaints"), [(0.99, 0), (1.01, len(LIMITS))])
def test_a_ratio_beyond_its_limit_is_named(share: float, complaints: int) -> None:
    figures = [Figure(case, name, limit * share, "us", 1.0, loop) for (case, name, loop), limit in LIMITS.items()]
    assert len(exceeded(figures)) == complaints


def test_a_figure_that_was_not_measured_does_not_pass() -> None:
    assert len(exceeded([])) == len(LIMITS)


def test_a_text_takes_the_place_that_the_readme_has_for_it() -> None:
    readme = "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n<!-- other:begin -->\n<!-- other:end -->\n"
    assert shown(readme, "bench", "new\n") == readme.replace("old\n", "new\n")


FLOOR = Contender("floor", ("floor",))
OLD = Contender("old", ("old",))


def test_contenders_take_turns_and_each_round_begins_with_another() -> None:
    turns: list[str] = []
    alternate((WORKER, FLOOR, OLD), 3, lambda each: turns.append(each.name))
    assert turns == ["worker", "floor", "old", "floor", "old", "worker", "old", "worker", "floor"]


def test_the_median_of_the_rounds_counts() -> None:
    costs = iter([5.0, 100.0, 7.0])
    measured = alternate((WORKER,), 3, lambda _each: next(costs))
    assert medians(measured, lambda cost: cost) == {"worker": 7.0}


def test_the_worker_is_shown_beside_each_other_contender() -> None:
    figures = beside("order", "time", "s", {"worker": 2.0, "old": 4.0, "floor": 1.0})
    assert [(each.against, each.ratio) for each in figures] == [("old", 0.5), ("floor", 2.0)]


def test_a_worker_without_others_is_shown_alone() -> None:
    assert beside("order", "time", "s", {"worker": 2.0}) == [Figure("order", "time", 2.0, "s")]


def request(number: int) -> bytes:
    return b'POST / HTTP/1.1\r\n\r\n{"email":"u%d@example.com","custom_1":"marketing_opt_in"}' % number


@pytest.mark.parametrize(
    ("delivered", "count"),
    [
        pytest.param([0, 1, 2], Count(missing=0, twice=0), id="each once"),
        pytest.param([0, 2], Count(missing=1, twice=0), id="one is missing"),
        pytest.param([0, 1, 1, 2, 2, 2], Count(missing=0, twice=3), id="some more than once"),
        pytest.param([], Count(missing=3, twice=0), id="none"),
    ],
)
def test_what_is_missing_and_what_came_twice_is_counted(delivered: list[int], count: Count) -> None:
    tally = Tally(3)
    for number in delivered:
        tally.add(request(number))
    assert tally.count() == count


@pytest.mark.parametrize("data", [request(3), b'{"phone_number":"+442000000000"}'], ids=["beyond", "no email"])
def test_an_unexpected_contact_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="unexpected"):
        Tally(3).add(data)


BUCKETS = {
    'clicksend_consumer_loop_lag_seconds_bucket{le="0.01"}': 90.0,
    'clicksend_consumer_loop_lag_seconds_bucket{le="0.05"}': 97.0,
    'clicksend_consumer_loop_lag_seconds_bucket{le="0.1"}': 97.0,
    'clicksend_consumer_loop_lag_seconds_bucket{le="+Inf"}': 97.0,
    "clicksend_consumer_loop_lag_seconds_sum": 1.2,
    "clicksend_consumer_loop_lag_seconds_count": 97.0,
}


@pytest.mark.parametrize(
    ("series", "pause"),
    [
        pytest.param({}, None, id="not measured"),
        pytest.param({"loop_lag_records": 3.0}, None, id="another metric"),
        pytest.param({"clicksend_consumer_loop_lag_seconds": 0.003}, 0.003, id="a gauge"),
        pytest.param({'loop_lag_seconds{loop="a"}': 0.1, 'loop_lag_seconds{loop="b"}': 0.2}, 0.2, id="labels"),
        pytest.param({"loop_lag_seconds": 0.001, "loop_lag_seconds_max": 0.2}, 0.2, id="a gauge of the maximum"),
        pytest.param(BUCKETS, 0.05, id="a histogram"),
        pytest.param(dict.fromkeys(BUCKETS, 0.0), 0.01, id="an empty histogram"),
    ],
)
def test_the_longest_pause_is_read_from_the_metrics(series: dict[str, float], pause: float | None) -> None:
    assert longest_pause(series) == pause
