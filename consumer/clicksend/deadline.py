"""The moment by which a request has to be over."""

from __future__ import annotations

import math
import time


class Deadline:
    """Shared by an adapter and its connection; started again with every request. For one thread."""

    def __init__(self) -> None:
        self._at = math.inf

    def start(self, seconds: float) -> None:
        """The request that begins now is over in so many seconds."""
        self._at = time.monotonic() + seconds

    def cut(self, timeout: float) -> float:
        """The timeout, in seconds, for the next thing to wait for: no longer than what is left.

        Raises TimeoutError when nothing is left.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the total timeout has run out")
        return min(timeout, left)
