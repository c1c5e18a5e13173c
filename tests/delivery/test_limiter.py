"""How many requests a second may go out."""

from __future__ import annotations

import math

import pytest

from consumer.delivery.limiter import CUT, LOWEST_RATE, RISE, Limiter


def sent_within(limiter: Limiter, start: float, seconds: float) -> int:
    """How many requests go out from `start` on by somebody who sends whenever it is allowed."""
    now, sent = limiter.ready_at(start), 0
    while now < start + seconds:
        limiter.spend(now)
        sent += 1
        now = limiter.ready_at(now)
    return sent


def test_without_a_limit_every_moment_is_right() -> None:
    limiter = Limiter(0)
    for _ in range(1000):
        limiter.spend(7)
    assert limiter.ready_at(7) == 7
    assert limiter.rate == math.inf


def test_a_fixed_limit_paces_requests_evenly() -> None:
    limiter = Limiter(8)
    limiter.spend(100)
    assert limiter.ready_at(100) == 100.125
    assert limiter.ready_at(100.5) == 100.5


@pytest.mark.parametrize("limit", [0.5, 8, 1000])
def test_a_fixed_limit_is_used_and_kept(limit: float) -> None:
    sent = sent_within(Limiter(limit), start=100, seconds=10)
    assert limit * 10 <= sent <= limit * 10 + 1


def test_idle_time_is_not_saved_up_for_a_burst() -> None:
    limiter = Limiter(10)
    limiter.spend(100)
    assert sent_within(limiter, start=500, seconds=0.95) == 10


def test_a_429_lowers_the_rate() -> None:
    limiter = Limiter(100)
    limiter.throttled(sent_at=10, now=11)
    assert limiter.rate == 100 * CUT
    assert sent_within(limiter, start=20, seconds=10) == pytest.approx(1000 * CUT, abs=1)


def test_one_cut_for_each_round_trip() -> None:
    """What was under way when the rate was cut says nothing about the new rate."""
    limiter = Limiter(100)
    limiter.throttled(sent_at=10, now=11)
    limiter.throttled(sent_at=10.9, now=12)
    assert limiter.rate == 100 * CUT
    limiter.throttled(sent_at=11.1, now=13)
    assert limiter.rate == 100 * CUT * CUT


def test_quiet_seconds_raise_it_again_up_to_the_fixed_limit() -> None:
    limiter = Limiter(100)
    limiter.throttled(sent_at=0, now=0)
    limiter.answered(1)
    assert limiter.rate == pytest.approx(100 * CUT + 100 * RISE)
    limiter.answered(1.5)
    assert limiter.rate == pytest.approx(100 * CUT + 100 * RISE * 1.5)
    for second in range(2, 60):
        limiter.answered(second)
    assert limiter.rate == 100


def test_answers_of_one_moment_raise_it_once() -> None:
    limiter = Limiter(100)
    limiter.throttled(sent_at=0, now=0)
    limiter.answered(1)
    once = limiter.rate
    limiter.answered(1)
    assert limiter.rate == once


def test_silence_is_not_quiet_time() -> None:
    """Only answers show that the sink keeps up: an hour without requests raises no more than a second."""
    limiter = Limiter(100)
    limiter.throttled(sent_at=0, now=0)
    limiter.answered(3600)
    assert limiter.rate == pytest.approx(100 * CUT + 100 * RISE)


def test_without_a_fixed_limit_the_rate_measured_at_the_first_429_is_the_base() -> None:
    limiter = Limiter(0)
    for request in range(500):
        limiter.answered(10 + request / 100)  # a hundred a second
    limiter.throttled(sent_at=14.9, now=15)
    assert limiter.rate == pytest.approx(100 * CUT, rel=0.02)


def test_without_a_fixed_limit_it_may_rise_above_what_was_measured() -> None:
    limiter = Limiter(0)
    for request in range(100):
        limiter.answered(10 + request / 100)
    limiter.throttled(sent_at=11, now=11)
    for second in range(12, 120):
        limiter.answered(second)
    assert limiter.rate > 100


def test_a_429_before_any_answer_leaves_a_request_now_and_then() -> None:
    limiter = Limiter(0)
    limiter.throttled(sent_at=0, now=1)
    assert limiter.rate == CUT


@pytest.mark.parametrize("limit", [0, 100], ids=["no fixed limit", "a fixed limit"])
def test_no_storm_of_429s_brings_it_to_a_standstill(limit: float) -> None:
    limiter = Limiter(limit)
    for second in range(200):
        limiter.throttled(sent_at=second, now=second)
    assert limiter.rate == LOWEST_RATE


def test_a_429_never_raises_the_rate() -> None:
    limiter = Limiter(LOWEST_RATE / 2)
    limiter.throttled(sent_at=0, now=1)
    assert limiter.rate <= LOWEST_RATE / 2
