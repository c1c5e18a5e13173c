"""How many requests a second may go out: a fixed limit of ours, and what ClickSend's 429s teach."""

from __future__ import annotations

import math
from collections import deque

CUT = 0.85  # what a 429 leaves of the rate
RISE = 0.02  # share of the base that a quiet second adds
MEASURE_SECONDS = 1.0
LOWEST_RATE = 0.1  # requests per second; below it a worker would look dead


class Limiter:
    """A paced bucket times a factor: a 429 lowers it, quiet time raises it again.

    `limit` is requests per second, 0 for no fixed limit: then the base is the rate measured at the first 429.
    One cut for each round trip: requests that were already under way when the rate was cut say nothing about the
    new rate.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit or math.inf
        self._base = self._limit
        self._next_at = -math.inf
        self._cut_at = -math.inf
        self._raised_at = -math.inf
        self._answered: deque[float] = deque()
        self.rate = self._limit  # requests per second; infinite: not limited

    def ready_at(self, now: float) -> float:
        """When the next request may go out: `now` or later, in monotonic seconds."""
        return max(now, self._next_at)

    def spend(self, now: float) -> None:
        """One request goes out now."""
        if self.rate < math.inf:
            self._next_at = max(now, self._next_at) + 1 / self.rate

    def answered(self, now: float) -> None:
        """A request was taken: the rate recovers with quiet time."""
        if self._base == math.inf:
            self._measure(now)
        elif self.rate < self._limit and now > self._raised_at:
            self.rate = min(self.rate + self._base * RISE * min(now - self._raised_at, 1.0), self._limit)
            self._raised_at = now

    def throttled(self, sent_at: float, now: float) -> None:
        """A request that was sent at `sent_at` was answered 429."""
        if sent_at < self._cut_at:
            return
        if self._base == math.inf:
            self._base = self.rate = max(len(self._answered) / MEASURE_SECONDS, 1.0)
            self._answered.clear()
        self.rate = max(self.rate * CUT, min(LOWEST_RATE, self._limit))
        self._cut_at = self._raised_at = now

    def _measure(self, now: float) -> None:
        self._answered.append(now)
        while self._answered[0] < now - MEASURE_SECONDS:
            self._answered.popleft()
