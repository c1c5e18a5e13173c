from __future__ import annotations

from consumer.debugger.budget import Budget


def test_so_many_a_second_and_then_as_many_again() -> None:
    budget = Budget()
    assert [budget.take(10.0, 2) for _ in range(4)] == [True, True, False, False]
    assert budget.left(10.9, 2) == 0
    assert [budget.take(11.0, 2) for _ in range(3)] == [True, True, False]


def test_a_higher_rate_has_more_left_at_once() -> None:
    budget = Budget()
    assert [budget.take(10.0, 1) for _ in range(2)] == [True, False]
    assert budget.take(10.1, 5)
