"""The deadline of a request."""

from __future__ import annotations

import math
import time


class Deadline:
    """A deadline shared by an adapter and its connection, restarted with every request. For one thread."""

    def __init__(self) -> None:
        self._at = math.inf

    def start(self, seconds: float) -> None:
        """Set the deadline to this many seconds from now."""
        self._at = time.monotonic() + seconds

    def cut(self, timeout: float) -> float:
        """Return the timeout in seconds, limited to the time left.

        Raises TimeoutError when nothing is left.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the total timeout has run out")
        return min(timeout, left)
