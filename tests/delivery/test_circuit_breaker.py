"""The breaker stops requests while ClickSend is down; one trial request at a time detects the recovery."""

from __future__ import annotations

import pytest

from consumer.delivery.circuit_breaker import BreakerState, CircuitBreaker
from consumer.delivery.retry import RetryPolicy

INITIAL, LONGEST = 0.5, 60.0


@pytest.fixture
def breaker() -> CircuitBreaker:
    return CircuitBreaker(RetryPolicy(INITIAL, LONGEST))


@pytest.fixture
def opened(breaker: CircuitBreaker) -> CircuitBreaker:
    """Open since second 100."""
    fail(breaker, "abcab")
    return breaker


def fail(breaker: CircuitBreaker, contacts: str) -> None:
    """One failure for each letter, each of which is a contact."""
    for contact in contacts:
        breaker.failed(contact, now=100)


@pytest.mark.parametrize("contacts", ["abcab", "aaabc", "abcde"])
def test_five_failures_of_three_contacts_open_it(breaker: CircuitBreaker, contacts: str) -> None:
    states = []
    for contact in contacts:
        fail(breaker, contact)
        states.append(breaker.state)
    assert states == [BreakerState.CLOSED] * 4 + [BreakerState.OPEN]


@pytest.mark.parametrize("contacts", ["a" * 100, "ab" * 50])
def test_fewer_than_three_contacts_never_open_it(breaker: CircuitBreaker, contacts: str) -> None:
    fail(breaker, contacts)
    assert breaker.state is BreakerState.CLOSED


def test_an_answer_makes_the_failures_start_over(breaker: CircuitBreaker) -> None:
    fail(breaker, "abca")
    breaker.answered()
    fail(breaker, "bbbb")
    assert breaker.state is BreakerState.CLOSED
    fail(breaker, "b")
    assert breaker.state is BreakerState.CLOSED, "the contacts before the answer no longer count"


def test_it_opens_for_about_the_first_wait(opened: CircuitBreaker) -> None:
    assert 100 + INITIAL <= opened.trial_at <= 100 + 2 * INITIAL


def test_the_wait_doubles_with_each_trial_up_to_the_longest(opened: CircuitBreaker) -> None:
    for trial in range(1, 12):
        opened.begin_trial(1000 * trial)
        opened.trial_failed()
        shortest = min(INITIAL * 2**trial, LONGEST)
        assert shortest <= opened.trial_at - 1000 * trial <= min(shortest + INITIAL, LONGEST)


def test_the_wait_runs_from_the_start_of_the_trial(opened: CircuitBreaker) -> None:
    """A sink that hangs is not asked less often than one that refuses at once."""
    opened.begin_trial(200)
    due = opened.trial_at
    opened.trial_failed()  # whenever that was
    assert (opened.state, opened.trial_at) == (BreakerState.OPEN, due)


def test_responses_while_it_is_open_change_nothing(opened: CircuitBreaker) -> None:
    due = opened.trial_at
    opened.answered()
    fail(opened, "abcdefgh")
    assert (opened.state, opened.trial_at) == (BreakerState.OPEN, due)


def test_an_old_answer_does_not_close_it_while_the_trial_is_out(opened: CircuitBreaker) -> None:
    opened.begin_trial(101)
    opened.answered()
    fail(opened, "a")
    assert opened.state is BreakerState.HALF_OPEN


def test_an_answered_trial_closes_it_and_failures_count_from_nothing(opened: CircuitBreaker) -> None:
    opened.begin_trial(101)
    opened.trial_answered()
    assert opened.state is BreakerState.CLOSED
    fail(opened, "abca")
    assert opened.state is BreakerState.CLOSED


def test_the_second_outage_begins_with_the_first_wait_again(opened: CircuitBreaker) -> None:
    for _ in range(6):
        opened.begin_trial(opened.trial_at)
        opened.trial_failed()
    opened.begin_trial(opened.trial_at)
    opened.trial_answered()
    fail(opened, "abcab")
    assert 100 + INITIAL <= opened.trial_at <= 100 + 2 * INITIAL


def test_a_longest_wait_below_the_first_one_holds() -> None:
    short = CircuitBreaker(RetryPolicy(initial_delay=5, max_delay=2))
    fail(short, "abcab")
    assert short.trial_at == 102
