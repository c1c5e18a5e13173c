"""Backoff for dead letters: none while the broker accepts them, exponential while it does not."""

from __future__ import annotations

import math

from tenacity.wait import wait_exponential

from consumer.delivery.retry import RetryPolicy, waited


class DeadLetterBackoff:
    """A failed dead letter delays all others, which would mostly fail for the same reason.

    Then one at a time is tried; the first acknowledgement ends the backoff. Guarded by the scheduler's lock.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._wait = wait_exponential(multiplier=policy.initial_delay, max=policy.max_delay)
        self._tries = 0  # since the failure that began the backoff; 0: no backoff
        self.next_at = -math.inf  # monotonic seconds at which the next may be written

    def begin(self, now: float) -> None:
        """Note that a dead letter is being written; during the backoff, delay the next one."""
        if self._tries:
            self._back_off(now)

    def written(self) -> None:
        """End the backoff after the broker acknowledged a dead letter."""
        self._tries, self.next_at = 0, -math.inf

    def failed(self, now: float) -> None:
        """Begin the backoff after a failure. Failures during the backoff do not extend it."""
        if not self._tries:
            self._back_off(now)

    def _back_off(self, now: float) -> None:
        self._tries += 1
        self.next_at = now + waited(self._wait, self._tries)
