from __future__ import annotations

from consumer.sandbox.counter import BoundedCounter


def test_it_counts_each_name_by_itself() -> None:
    counter = BoundedCounter(limit=10)
    assert [counter.add(name) for name in ("a", "b", "a")] == [1, 1, 2]
    assert (counter["a"], counter["b"], counter["c"]) == (2, 1, 0)


def test_beyond_the_limit_the_oldest_name_starts_again() -> None:
    counter = BoundedCounter(limit=2)
    for name in ("a", "b", "c"):
        counter.add(name)
    assert (counter["a"], counter["b"], counter["c"]) == (0, 1, 1)
