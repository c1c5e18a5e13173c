"""Measures the delay of the delivery loop's timers."""

from __future__ import annotations

INTERVAL = 0.02  # seconds between two beats; shorter pauses are mostly missed
WINDOW = 30.0  # seconds; the longest pause is kept for one to two windows, longer than between two scrapes


class LoopLag:
    """Written by the loop's thread at each beat. Any thread may read.

    beat_at -- monotonic seconds of the last beat; an old one means that the loop is stalled
    """

    def __init__(self, now: float) -> None:
        self.beat_at = now
        self._due_at = now
        self._longest = 0.0
        self._longest_before = 0.0
        self._window_ends_at = now + WINDOW

    @property
    def longest(self) -> float:
        """Return the longest pause of the last window and the present one, in seconds."""
        return max(self._longest, self._longest_before)

    def beat(self, now: float) -> float:
        """Note that the loop runs at `now` (monotonic seconds). Return when to call again, in seconds from now."""
        if now >= self._window_ends_at:
            self._longest_before, self._longest = self._longest, 0.0
            self._window_ends_at = now + WINDOW
        self._longest = max(self._longest, now - self._due_at)
        self.beat_at, self._due_at = now, now + INTERVAL
        return INTERVAL
