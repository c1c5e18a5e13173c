"""The delay of the delivery loop's timers."""

from __future__ import annotations

import pytest

from consumer.worker.event_loop import INTERVAL, WINDOW, LoopLag


def test_a_loop_that_is_on_time_has_no_lag() -> None:
    lag = LoopLag(now=100)
    lag.beat(100)
    lag.beat(100 + INTERVAL)
    assert lag.longest == pytest.approx(0)


def test_a_late_beat_is_a_pause() -> None:
    lag = LoopLag(now=100)
    lag.beat(100)
    lag.beat(100 + INTERVAL + 0.3)
    assert lag.longest == pytest.approx(0.3)


def test_the_longest_pause_is_kept_for_one_to_two_windows() -> None:
    lag = LoopLag(now=100)
    lag.beat(100.5)
    for seconds in range(1, int(WINDOW) + 2):
        lag.beat(100.5 + seconds)
    assert lag.longest >= 0.5
    now = 100.5 + WINDOW + 1
    while now < 100 + 3 * WINDOW + 2:
        now += lag.beat(now)
    assert lag.longest == pytest.approx(0, abs=1e-6)


def test_the_last_beat_shows_whether_the_loop_runs() -> None:
    lag = LoopLag(now=100)
    assert lag.beat_at == 100
    lag.beat(107)
    assert lag.beat_at == 107
