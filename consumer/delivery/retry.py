"""The delay before a record is retried."""

from __future__ import annotations

from msgspec import Struct
from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_base, wait_random_exponential

_RETRYING = Retrying()  # RetryCallState requires one; it runs nothing


class RetryPolicy(Struct, frozen=True):
    """Exponential backoff with full jitter, from tenacity's wait objects as pure functions.

    initial_delay -- upper bound of the first wait, in seconds; it doubles with each attempt
    max_delay     -- upper bound of every wait but a Retry-After, in seconds
    max_age       -- seconds of fair failing (see `Attempts`) after which a record becomes a dead letter; 0: never

    Full jitter as in Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """

    initial_delay: float = 0.5
    max_delay: float = 60.0
    max_age: float = 86400.0

    def delay(self, attempts: int, retry_after: float | None = None) -> float:
        """Return the seconds to wait after the given number of failed attempts (from 1).

        A longer `retry_after` (seconds, already clamped) wins, even over `max_delay`.
        """
        return max(waited(self.wait(), attempts), retry_after or 0.0)

    def wait(self) -> wait_base:
        """Return the wait as a composable tenacity object."""
        return wait_random_exponential(multiplier=self.initial_delay, max=self.max_delay)


def waited(wait: wait_base, attempts: int) -> float:
    """Return the seconds that a tenacity wait yields after so many attempts."""
    state = RetryCallState(retry_object=_RETRYING, fn=None, args=(), kwargs={})
    state.attempt_number = attempts
    return wait(state)
