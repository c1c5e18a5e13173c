"""The delivery attempts of one record, and how much of its failing counts against it."""

from __future__ import annotations

from msgspec import Struct

from consumer.clicksend.outcome import Outcome


class Attempts(Struct):
    """The history of one record's requests. Times are seconds of the monotonic clock.

    `fair_age` counts against the record: seconds with the gate open, between two of its attempts, in which other
    contacts were delivered. An outage therefore adds nothing.
    """

    count: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    last: Outcome | None = None
    fair_age: float = 0.0
    as_trial: bool = False  # the last request was the trial of a halt
    backoff: int = 0  # failures while the breaker was closed: only those lengthen the delay
    _open_seconds: float = 0.0
    _deliveries: int = 0

    def add(self, outcome: Outcome, started_at: float, now: float) -> None:
        """Count a request that ended with this outcome."""
        if not self.count:
            self.first_at = started_at
        self.count += 1
        self.last_at = now
        self.last = outcome

    def grow_older(self, open_seconds: float, deliveries: int) -> None:
        """Add the time since the last attempt, if other contacts were delivered in it. Call after each failed attempt.

        open_seconds -- total seconds in which the gate was open
        deliveries   -- total number of contacts delivered
        """
        if self.count > 1 and deliveries > self._deliveries:
            self.fair_age += open_seconds - self._open_seconds
        self._open_seconds = open_seconds
        self._deliveries = deliveries
