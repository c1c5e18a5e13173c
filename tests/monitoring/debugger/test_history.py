from __future__ import annotations

from consumer.monitoring.debugger.state import POINTS, STEP_SECONDS, History, Totals


def test_rates_are_what_came_between_two_notes() -> None:
    history = History()
    history.note(Totals(delivered=0, dead_lettered=0, filtered=0, waiting=0, lag=0), 100.0)
    history.note(Totals(delivered=10, dead_lettered=1, filtered=40, waiting=3, lag=7), 104.0)
    history.note(Totals(delivered=10, dead_lettered=1, filtered=50, waiting=0, lag=2), 106.0)
    assert history.series() == {
        "delivered": [2.5, 0.0],
        "dead_lettered": [0.25, 0.0],
        "filtered": [10.0, 5.0],
        "waiting": [3.0, 0.0],
        "lag": [7.0, 2.0],
    }


def test_there_is_no_rate_before_the_second_note() -> None:
    history = History()
    history.note(Totals(5, 5, 5, 5, 5), 100.0)
    assert not any(history.series().values())


def test_a_note_is_due_after_a_step() -> None:
    history = History()
    assert history.is_due(100.0)
    history.note(Totals(0, 0, 0, 0, 0), 100.0)
    assert not history.is_due(100.0 + STEP_SECONDS - 0.1)
    assert history.is_due(100.0 + STEP_SECONDS)


def test_the_oldest_is_forgotten() -> None:
    history = History()
    for number in range(POINTS * 2):
        history.note(Totals(0, 0, 0, waiting=number, lag=0), float(number))
    assert len(history.series()["waiting"]) == POINTS
    assert history.series()["waiting"][-1] == POINTS * 2 - 1
