"""The sandbox's rate limit, and its counter."""

from __future__ import annotations

import pytest

from consumer.errors import ConfigurationError
from consumer.sandbox.counter import BoundedCounter
from consumer.sandbox.limiter import RateLimit, RequestLimit


@pytest.mark.parametrize(
    ("text", "requests", "window"),
    [("50", 50, 1), ("50/s", 50, 1), ("600/m", 600, 60), ("100/10s", 100, 10), (" 5 / 2 m ", 5, 120), ("9/h", 9, 3600)],
)
def test_a_rate_limit_is_read_as_people_write_it(text: str, requests: int, window: float) -> None:
    assert RateLimit.of(text) == RateLimit(requests, window)


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "50/", "50/0s", "50/d", "1.5/s"])
def test_another_spelling_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match="for example 50/s"):
        RateLimit.of(text)


def test_so_many_requests_pass_in_a_window_and_then_one_has_to_wait() -> None:
    limiter = RequestLimit(RateLimit(requests=2, window=10))
    assert [limiter.wait(now) for now in (100.0, 101.0)] == [None, None]
    assert limiter.wait(103.0) == 7.0
    assert limiter.wait(109.5) == 0.5


def test_the_next_window_begins_with_the_first_request_after_the_last() -> None:
    limiter = RequestLimit(RateLimit(requests=1, window=10))
    assert limiter.wait(100.0) is None
    assert limiter.wait(125.0) is None
    assert limiter.wait(126.0) == 9.0


def test_it_counts_each_name_by_itself() -> None:
    counter = BoundedCounter(limit=10)
    assert [counter.add(name) for name in ("a", "b", "a")] == [1, 1, 2]
    assert (counter["a"], counter["b"], counter["c"]) == (2, 1, 0)


def test_beyond_the_limit_the_oldest_name_starts_again() -> None:
    counter = BoundedCounter(limit=2)
    for name in ("a", "b", "c"):
        counter.add(name)
    assert (counter["a"], counter["b"], counter["c"]) == (0, 1, 1)
