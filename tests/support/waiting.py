"""Waiting for an event; the deadline only guards against a hang."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

HANG_SECONDS = 120.0  # ten times as long as anything takes on a slow machine

T = TypeVar("T")


def wait_until(
    condition: Callable[..., T],
    explain: Callable[[], object] = lambda: "",
    *,
    seconds: float = HANG_SECONDS,
    pause: float = 0.02,
) -> T:
    """Return the condition's first true value.

    explain -- called at the deadline, for the message of the AssertionError
    seconds -- until the deadline
    pause   -- seconds between two questions
    """
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {explain()}"
        time.sleep(pause)
    return result
