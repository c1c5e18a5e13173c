"""The rate limiter. Detection of an unknown limit: test_rate_limiter_convergence.py."""

from __future__ import annotations

import math

import pytest

from consumer.delivery.rate_limiter import CATCH_UP, LONGEST_HOLD, LOWEST_RATE, RateLimiter


def sent_within(limiter: RateLimiter, start: float, seconds: float) -> int:
    """Return the number of requests from `start` on, sent whenever allowed."""
    now, sent = limiter.ready_at(start), 0
    while now < start + seconds:
        limiter.spend(now)
        sent += 1
        now = limiter.ready_at(now)
    return sent


def send(limiter: RateLimiter, now: float, seconds: float) -> float:
    """Sends whenever it is allowed, and every request is taken at once; gives the time."""
    end = now + seconds
    while (now := limiter.ready_at(now)) < end:
        limiter.spend(now)
        limiter.answered(now, now)
    return end


def refuse_once(limiter: RateLimiter, now: float) -> float:
    """One 429, and the next request is taken; gives its time."""
    limiter.throttled(now, now)
    now = limiter.ready_at(now)
    limiter.spend(now)
    limiter.answered(now, now)
    return now


def seconds_to_reach(rate: float, limiter: RateLimiter, now: float) -> float:
    """Sends whenever it is allowed, every request is taken, until the rate has risen so far."""
    begin = now
    while limiter.rate < rate and now < begin + 600:
        now = limiter.ready_at(now)
        limiter.spend(now)
        limiter.answered(now, now)
    return now - begin


def storm(limiter: RateLimiter, now: float, seconds: float) -> tuple[float, int]:
    """Every answer is a 429 for so long; gives the time of its end and how many requests went out."""
    end, sent = now + seconds, 0
    while (now := limiter.ready_at(now)) < end:
        limiter.spend(now)
        limiter.throttled(now, now)
        sent += 1
    return end, sent


def test_without_a_limit_every_moment_is_right() -> None:
    limiter = RateLimiter(0)
    for _ in range(1000):
        limiter.spend(7)
    assert limiter.ready_at(7) == 7
    assert limiter.rate == math.inf


def test_a_fixed_limit_paces_requests_evenly() -> None:
    limiter = RateLimiter(8)
    limiter.spend(100)
    assert limiter.ready_at(100) == 100.125
    assert limiter.ready_at(100.5) == 100.5


@pytest.mark.parametrize("limit", [0.5, 8, 1000])
def test_a_fixed_limit_is_used_and_kept(limit: float) -> None:
    sent = sent_within(RateLimiter(limit), start=100, seconds=10)
    assert limit * 10 <= sent <= limit * 10 + 1


def test_a_thread_that_wakes_late_does_not_cost_throughput() -> None:
    limiter, now, sent = RateLimiter(100), 100.0, 0
    while now < 110:
        limiter.spend(now)
        sent += 1
        turn = limiter.ready_at(now)
        now = turn + CATCH_UP / 2 if turn > now else now
    assert sent == pytest.approx(1000, abs=5)


def test_no_stretch_of_time_has_more_than_the_limit_and_the_stated_burst() -> None:
    limiter, now, sent = RateLimiter(100), 100.0, list[float]()
    for late in [0, 0, CATCH_UP * 0.9, 0, 0, 0, 1, 0, 0] * 50:
        now = limiter.ready_at(now) + late
        limiter.spend(now)
        sent.append(now)
    for first, begin in enumerate(sent):
        for count, end in enumerate(sent[first:], start=1):
            assert count <= 100 * (end - begin + CATCH_UP) + 1 + 1e-6


@pytest.mark.parametrize("seconds", [1, 3600])
def test_idle_time_is_not_saved_up_for_a_burst(seconds: float) -> None:
    limiter = RateLimiter(10)
    limiter.spend(100)
    assert sent_within(limiter, start=100 + seconds, seconds=0.95) == 10


def learnt_with(partitions: int) -> tuple[RateLimiter, float]:
    """A limiter that has met a limit of 100 a second while it owned so many, and the time."""
    limiter = RateLimiter(0)
    limiter.set_owned_partitions(partitions)
    return limiter, refuse_once(limiter, send_evenly(limiter, 10, per_second=100, seconds=5))


def test_what_was_learnt_goes_with_the_partitions() -> None:
    limiter, now = learnt_with(6)
    send(limiter, now, 10)
    learnt = limiter.rate
    limiter.set_owned_partitions(4)
    assert limiter.rate == pytest.approx(learnt * 4 / 6)
    limiter.set_owned_partitions(0)
    assert limiter.rate == pytest.approx(learnt * 4 / 6), "kept for when it owns some again"
    limiter.set_owned_partitions(12)
    assert limiter.rate == pytest.approx(learnt * 2)


def test_the_way_up_after_a_cut_goes_with_the_partitions() -> None:
    whole, now = learnt_with(12)
    half, _ = learnt_with(12)
    half.set_owned_partitions(6)
    send(whole, now, 10)
    send(half, now, 10)
    assert half.rate == pytest.approx(whole.rate / 2, rel=0.02)


def test_partitions_change_nothing_where_nothing_was_learnt() -> None:
    for limiter in (RateLimiter(0), RateLimiter(50)):
        rate = limiter.rate
        for partitions in (12, 3, 6):
            limiter.set_owned_partitions(partitions)
            assert limiter.rate == rate


def test_more_partitions_do_not_exceed_a_fixed_limit() -> None:
    limiter = RateLimiter(50)
    limiter.set_owned_partitions(1)
    now = refuse_once(limiter, send(limiter, 100, 20))
    limiter.set_owned_partitions(12)
    assert limiter.rate == 50
    assert sent_within(limiter, now, 10) <= 501


def test_partitions_that_come_during_a_storm_do_not_end_it() -> None:
    limiter, now = learnt_with(3)
    now, _ = storm(limiter, send(limiter, now, 10), 60)
    limiter.set_owned_partitions(12)
    assert storm(limiter, now, 60)[1] <= 61


def test_an_idle_hour_leaves_a_learnt_rate_as_it_was() -> None:
    limiter = RateLimiter(0)
    now = refuse_once(limiter, send_evenly(limiter, 10, per_second=100, seconds=5))
    rate = limiter.rate
    limiter.spend(now + 3600)
    limiter.answered(now + 3600, now + 3600)
    assert limiter.rate == pytest.approx(rate, rel=0.01)


def send_evenly(limiter: RateLimiter, now: float, per_second: int, seconds: int) -> float:
    for request in range(per_second * seconds):
        limiter.spend(now + request / per_second)
        limiter.answered(now + request / per_second, now + request / per_second)
    return now + seconds


def test_without_a_fixed_limit_what_was_taken_until_then_is_the_base() -> None:
    limiter = RateLimiter(0)
    refuse_once(limiter, send_evenly(limiter, 10, per_second=100, seconds=5))
    assert limiter.rate == pytest.approx(100, rel=0.05)


def test_a_burst_that_filled_a_window_is_counted_over_the_whole_window() -> None:
    limiter = RateLimiter(0)
    for request in range(300):
        limiter.answered(10 + request / 10_000, 10 + request / 10_000)
    limiter.throttled(10.03, 10.03)
    limiter.throttled(19.9, 19.9)
    limiter.answered(20.0, 20.0)
    assert limiter.rate == pytest.approx(30, rel=0.02)


def test_a_429_lowers_the_rate() -> None:
    limiter = RateLimiter(100)
    now = refuse_once(limiter, send(limiter, 10, seconds=5))
    assert 80 < limiter.rate < 100
    assert sent_within(limiter, start=now + 10, seconds=10) == pytest.approx(10 * limiter.rate, abs=1)


def test_one_cut_for_each_round_trip() -> None:
    """Requests in flight when the rate was cut do not count for the new rate."""
    limiter = RateLimiter(100)
    now = refuse_once(limiter, send(limiter, 10, seconds=5))
    rate = limiter.rate
    limiter.throttled(sent_at=now - 0.1, now=now + 0.1)
    assert limiter.rate == rate
    assert not limiter.refused
    limiter.throttled(sent_at=now + 0.1, now=now + 0.2)
    assert limiter.refused


def test_429s_that_continue_are_one_cut_and_hold_requests_back_more_and_more() -> None:
    limiter = RateLimiter(100)
    now = send(limiter, 10, seconds=5)
    waits = []
    for _ in range(10):
        limiter.spend(now)
        limiter.throttled(now, now)
        waits.append(limiter.ready_at(now) - now)
        now = limiter.ready_at(now)
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_HOLD)
    assert limiter.rate == 100, "one cut, at the end of the refusal"


def test_only_a_request_that_went_out_after_the_429_ends_the_refusal() -> None:
    limiter = RateLimiter(100)
    now = send(limiter, 10, seconds=5)
    limiter.throttled(now, now + 0.5)
    limiter.answered(now + 0.4, now + 0.9)
    assert limiter.refused
    limiter.answered(now + 0.6, now + 1.1)
    assert not limiter.refused


def test_quiet_time_raises_it_again_up_to_the_fixed_limit() -> None:
    limiter = RateLimiter(100)
    now = refuse_once(limiter, send(limiter, 10, seconds=5))
    low = limiter.rate
    now = send(limiter, now, seconds=10)
    assert low < limiter.rate < 100
    send(limiter, now, seconds=120)
    assert limiter.rate == 100


def test_without_a_fixed_limit_it_rises_above_what_was_learnt() -> None:
    limiter = RateLimiter(0)
    now = refuse_once(limiter, send_evenly(limiter, 10, per_second=100, seconds=5))
    assert seconds_to_reach(200, limiter, now) < 100


def test_who_has_little_to_send_does_not_raise_it() -> None:
    """Only requests that had to wait for their turn show that the sink would take more."""
    limiter = RateLimiter(0)
    now = refuse_once(limiter, send_evenly(limiter, 10, per_second=100, seconds=5))
    send_evenly(limiter, now + 10, per_second=5, seconds=600)
    assert limiter.rate < 105


@pytest.mark.parametrize("limit", [0, 100], ids=["no fixed limit", "a fixed limit"])
def test_a_storm_of_429s_costs_a_trickle_and_is_over_within_half_a_minute(limit: float) -> None:
    limiter = RateLimiter(limit)
    now = send(limiter, 10, seconds=5) if limit else send_evenly(limiter, 10, per_second=100, seconds=5)
    now, sent = storm(limiter, now, seconds=300)
    assert sent <= 300 / LONGEST_HOLD + 10
    assert seconds_to_reach(95, limiter, now) < 30


def test_a_storm_before_any_answer_leaves_a_rate_that_rises() -> None:
    limiter = RateLimiter(0)
    now, _ = storm(limiter, 10, seconds=300)
    now = refuse_once(limiter, now)
    assert limiter.rate >= LOWEST_RATE
    assert seconds_to_reach(50, limiter, now) < 60


def test_a_429_never_raises_the_rate() -> None:
    limiter = RateLimiter(LOWEST_RATE / 2)
    refuse_once(limiter, 1)
    assert limiter.rate <= LOWEST_RATE / 2
