from __future__ import annotations

from tests.benchmarks.contenders import WORKER, Contender
from tests.benchmarks.figures import Figure
from tests.benchmarks.rounds import alternate, beside, medians

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
