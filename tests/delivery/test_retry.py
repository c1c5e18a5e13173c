"""The delay before a retry, and the failing time of a record that counts against it."""

from __future__ import annotations

import pytest
from tenacity.wait import wait_fixed

from consumer.delivery.attempts import Attempts
from consumer.delivery.retry import RetryPolicy, waited
from tests.support.outcomes import DOWN, TIMEOUT

POLICY = RetryPolicy(initial_delay=0.5, max_delay=60)


@pytest.mark.parametrize(
    ("attempts", "bound"),
    [(1, 0.5), (2, 1), (3, 2), (7, 32), (8, 60), (9, 60), (100_000, 60)],
    ids=str,
)
def test_the_bound_of_the_wait_doubles_up_to_the_longest(attempts: int, bound: float) -> None:
    waits = [POLICY.delay(attempts) for _ in range(200)]
    assert min(waits) >= 0
    assert bound / 2 < max(waits) <= bound


def test_the_wait_is_anywhere_below_its_bound() -> None:
    """Full jitter: records that failed together do not come back together."""
    waits = [POLICY.delay(8) for _ in range(400)]
    for quarter in range(4):
        assert any(15 * quarter <= wait < 15 * (quarter + 1) for wait in waits)


@pytest.mark.parametrize("retry_after_seconds", [61.0, 3600.0])
def test_retry_after_exceeds_even_the_longest_delay(retry_after_seconds: float) -> None:
    assert POLICY.delay(20, retry_after=retry_after_seconds) == retry_after_seconds


@pytest.mark.parametrize("retry_after_seconds", [None, 0.0, 1.0])
def test_a_shorter_request_of_the_vendor_does_not_shorten_the_wait(retry_after_seconds: float | None) -> None:
    assert max(POLICY.delay(8, retry_after=retry_after_seconds) for _ in range(200)) > 30


def test_the_wait_composes_as_any_of_tenacitys() -> None:
    assert 5 <= waited(POLICY.wait() + wait_fixed(5), attempts=1) <= 5.5


# What was tried for one record, and how much of its failing counts against it.


def test_it_keeps_the_first_start_the_last_end_and_the_last_answer() -> None:
    attempts = Attempts()
    attempts.add(TIMEOUT, started_at=10, now=20)
    attempts.add(DOWN, started_at=30, now=31)
    assert (attempts.count, attempts.first_at, attempts.last_at, attempts.last) == (2, 10, 31, DOWN)


def fail(attempts: Attempts, open_seconds: float, deliveries: int) -> float:
    """One more failure, after the gate has been open so long and so many contacts were delivered; gives the age."""
    attempts.add(DOWN, started_at=0, now=0)
    attempts.grow_older(open_seconds, deliveries)
    return attempts.fair_age


def test_the_first_failure_counts_nothing_however_long_the_worker_has_run() -> None:
    assert fail(Attempts(), open_seconds=1_000_000, deliveries=5000) == 0


def test_time_counts_when_others_were_delivered_between_two_failures() -> None:
    attempts = Attempts()
    fail(attempts, open_seconds=100, deliveries=5)
    assert fail(attempts, open_seconds=130, deliveries=6) == 30
    assert fail(attempts, open_seconds=140, deliveries=7) == 40


def test_time_without_a_delivery_is_not_counted_later_either() -> None:
    attempts = Attempts()
    fail(attempts, open_seconds=100, deliveries=5)
    assert fail(attempts, open_seconds=200, deliveries=5) == 0
    assert fail(attempts, open_seconds=230, deliveries=6) == 30


def test_time_with_the_gate_closed_does_not_count() -> None:
    attempts = Attempts()
    fail(attempts, open_seconds=100, deliveries=5)
    assert fail(attempts, open_seconds=100, deliveries=6) == 0
