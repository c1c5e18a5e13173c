"""The account's rate limit. Pure: the time is a parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from consumer.errors import ConfigurationError, Problem

SPELLING = re.compile(r"(?P<requests>\d+)(?:/(?P<count>\d*)(?P<unit>[smh]))?")
SECONDS = {"s": 1, "m": 60, "h": 3600}


class RetryAfter(StrEnum):
    """The form of a 429's Retry-After. ClickSend documents none, so clients must expect each."""

    SECONDS = "seconds"
    DATE = "date"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """requests -- the limit in each window; window -- its length in seconds."""

    requests: int
    window: float = 1.0
    retry_after: RetryAfter = RetryAfter.SECONDS

    @classmethod
    def of(cls, text: str, retry_after: RetryAfter = RetryAfter.SECONDS) -> RateLimit:
        """Read `50` and `50/s` (a second), `600/m` (a minute), `100/10s`. Raises ConfigurationError."""
        match = SPELLING.fullmatch(text.replace(" ", ""))
        if match is None or int(match["requests"]) == 0 or match["count"] == "0":
            hint = "Write a number and a window, for example 50/s, 600/m or 100/10s."
            raise ConfigurationError(Problem("rate limit", "can't be read", hint))
        window = int(match["count"] or 1) * SECONDS[match["unit"] or "s"]
        return cls(int(match["requests"]), float(window), retry_after)


class RequestLimit:
    """Count requests in fixed windows; the first request after a window's end starts the next one."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._window_end = float("-inf")
        self._left = 0

    def wait(self, now: float) -> float | None:
        """Return None for an accepted request, else the seconds until the window ends."""
        if now >= self._window_end:
            self._window_end = now + self.limit.window
            self._left = self.limit.requests
        if self._left == 0:
            return self._window_end - now
        self._left -= 1
        return None
