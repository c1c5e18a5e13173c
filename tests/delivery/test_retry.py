"""The delay before a retry."""

from __future__ import annotations

import pytest
from tenacity.wait import wait_fixed

from consumer.delivery.retry import RetryPolicy, waited

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
