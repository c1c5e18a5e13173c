"""Stops sending while ClickSend is down, and finds out with one request at a time when it is back."""

from __future__ import annotations

from enum import StrEnum

from tenacity.wait import wait_exponential, wait_random

from consumer.delivery.retry import RetryPolicy, waited

FAILURES_TO_OPEN = 5
CONTACTS_TO_OPEN = 3  # a contact that always fails is its own fault, not an outage


class BreakerState(StrEnum):
    """The three states of the pattern (Nygard, "Release It!")."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens on consecutive transient failures of several contacts; half-open lets exactly one request out.

    The wait between two trials doubles up to the retry policy's `max_delay` and is measured from the trial's start,
    so a sink that hangs is not asked less often than one that refuses.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._contacts: set[str] = set()
        self._failures = 0
        self._trials = 0
        self.state = BreakerState.CLOSED
        self.trial_at = 0.0  # monotonic seconds: when the next trial may start

    def begin_trial(self, now: float) -> None:
        """The caller lets the trial request out now."""
        self.state = BreakerState.HALF_OPEN
        self._trials += 1
        self.trial_at = now + self._wait()

    def failed(self, contact: str, now: float) -> None:
        """An ordinary request failed transiently. Failures that come back while the breaker is open say nothing new."""
        if self.state is not BreakerState.CLOSED:
            return
        self._failures += 1
        self._contacts.add(contact)
        if self._failures >= FAILURES_TO_OPEN and len(self._contacts) >= CONTACTS_TO_OPEN:
            self.state = BreakerState.OPEN
            self._trials = 0
            self.trial_at = now + self._wait()

    def trial_failed(self) -> None:
        """The trial failed: open again until the next one is due."""
        self.state = BreakerState.OPEN

    def answered(self) -> None:
        """An ordinary request got an answer that shows ClickSend at work. Old answers don't close an open breaker."""
        if self.state is BreakerState.CLOSED:
            self._failures = 0
            self._contacts.clear()

    def trial_answered(self) -> None:
        """The trial got an answer: closed."""
        self.state = BreakerState.CLOSED
        self.answered()

    def _wait(self) -> float:
        limit = self._policy.max_delay
        initial = min(self._policy.initial_delay, limit)
        # Jittered upwards only: trials of many workers spread out, and none comes at once.
        wait = wait_exponential(multiplier=initial, max=limit) + wait_random(max=initial)
        return min(waited(wait, self._trials + 1), limit)
