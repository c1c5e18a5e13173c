"""When dead letters may be written: at once while the broker takes them, ever more seldom while it does not."""

from __future__ import annotations

import math

from tenacity.wait import wait_exponential

from consumer.delivery.retry import RetryPolicy, waited


class Burials:
    """One failure makes all letters wait, as a rule for the same reason; then one at a time tries, and the first that
    is acknowledged lets all of them go. Guarded by the scheduler's lock.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._wait = wait_exponential(multiplier=policy.initial_delay, max=policy.max_delay)
        self._tries = 0  # since the failure that began it; 0: letters are taken
        self.next_at = -math.inf  # monotonic seconds: when the next may be written

    def begin(self, now: float) -> None:
        """One is being written: while they fail, the next has to wait its time."""
        if self._tries:
            self._back_off(now)

    def written(self) -> None:
        """The broker has acknowledged one."""
        self._tries, self.next_at = 0, -math.inf

    def failed(self, now: float) -> None:
        """One could not be written. Those that fail while the letters wait anyhow say nothing new."""
        if not self._tries:
            self._back_off(now)

    def _back_off(self, now: float) -> None:
        self._tries += 1
        self.next_at = now + waited(self._wait, self._tries)
