"""What was tried for one record, and how much of its failing counts against it."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.clicksend.outcome import Outcome


@dataclass(slots=True)
class Attempts:
    """The history of one record's requests. Times are seconds of the monotonic clock.

    `fair_age` is the part of its failing that counts against the record: seconds with the gate open, between two
    attempts of its own, in which other contacts were delivered. An outage therefore uses up nothing.
    """

    count: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    last: Outcome | None = None
    fair_age: float = 0.0
    as_trial: bool = False  # the last request was the trial of a halt
    backoff: int = 0  # the failures that lengthen its wait: those of a closed breaker only
    _open_seconds: float = field(default=0.0, repr=False)
    _deliveries: int = field(default=0, repr=False)

    def add(self, outcome: Outcome, started_at: float, now: float) -> None:
        """Note one more request that ended with this outcome."""
        if not self.count:
            self.first_at = started_at
        self.count += 1
        self.last_at = now
        self.last = outcome

    def grow_older(self, open_seconds: float, deliveries: int) -> None:
        """After each attempt, whatever its end: count the time since the last one, if others were delivered meanwhile.

        open_seconds -- how long the gate has been open in all, in seconds
        deliveries   -- how many contacts have been delivered in all
        """
        if self.count > 1 and deliveries > self._deliveries:
            self.fair_age += open_seconds - self._open_seconds
        self._open_seconds = open_seconds
        self._deliveries = deliveries
