"""What was tried for one record, and how much of its failing counts against it."""

from __future__ import annotations

from consumer.delivery.attempts import Attempts
from tests.support.outcomes import DOWN, TIMEOUT


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


def test_time_in_which_nobody_was_delivered_is_not_counted_later_either() -> None:
    attempts = Attempts()
    fail(attempts, open_seconds=100, deliveries=5)
    assert fail(attempts, open_seconds=200, deliveries=5) == 0
    assert fail(attempts, open_seconds=230, deliveries=6) == 30


def test_time_with_the_gate_closed_does_not_count() -> None:
    attempts = Attempts()
    fail(attempts, open_seconds=100, deliveries=5)
    assert fail(attempts, open_seconds=100, deliveries=6) == 0
