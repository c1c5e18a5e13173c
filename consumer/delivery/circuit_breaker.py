"""Stop sending while ClickSend is down; a single trial request detects its recovery."""

from __future__ import annotations

from enum import StrEnum

from tenacity.wait import wait_exponential, wait_random

from consumer.delivery.retry import RetryPolicy, waited
from consumer.enum_members import found_quickly

FAILURES_TO_OPEN = 5
CONTACTS_TO_OPEN = 3  # one contact that always fails is no outage


@found_quickly
class BreakerState(StrEnum):
    """The three states of the pattern (Nygard, "Release It!")."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Open on consecutive transient failures of several contacts; allow exactly one request while half-open.

    The wait between two trials doubles up to the retry policy's `max_delay`. It is measured from the trial's start, so
    a trial that times out delays the next one no more than one that is refused.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._contacts: set[str] = set()
        self._failures = 0
        self._trials = 0
        self.state = BreakerState.CLOSED
        self.trial_at = 0.0  # monotonic seconds: when the next trial may start

    def begin_trial(self, now: float) -> None:
        """Enter half-open: the caller sends the trial request now."""
        self.state = BreakerState.HALF_OPEN
        self._trials += 1
        self.trial_at = now + self._wait()

    def failed(self, contact: str, now: float) -> None:
        """Count a transient failure of an ordinary request. Failures while the breaker is not closed are ignored."""
        if self.state is not BreakerState.CLOSED:
            return
        self._failures += 1
        self._contacts.add(contact)
        if self._failures >= FAILURES_TO_OPEN and len(self._contacts) >= CONTACTS_TO_OPEN:
            self.state = BreakerState.OPEN
            self._trials = 0
            self.trial_at = now + self._wait()

    def trial_failed(self) -> None:
        """Open again until the next trial is due."""
        self.state = BreakerState.OPEN

    def answered(self) -> None:
        """Reset the failures after a response to an ordinary request. A late response does not close the breaker."""
        if self.state is BreakerState.CLOSED:
            self._failures = 0
            self._contacts.clear()

    def trial_answered(self) -> None:
        """Close after a response to the trial."""
        self.state = BreakerState.CLOSED
        self.answered()

    def _wait(self) -> float:
        limit = self._policy.max_delay
        initial = min(self._policy.initial_delay, limit)
        # Jittered upwards only: the trials of many workers spread out, and none is immediate.
        wait = wait_exponential(multiplier=initial, max=limit) + wait_random(max=initial)
        return min(waited(wait, self._trials + 1), limit)
