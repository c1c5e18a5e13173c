"""How long a record waits before it is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_base, wait_random_exponential

_RETRYING = Retrying()  # only because a RetryCallState names its controller; nothing is ever run by it


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter: tenacity's wait objects, used as pure functions.

    initial_delay -- upper bound of the first wait, in seconds; it doubles with each attempt
    max_delay     -- upper bound of every wait of our own choosing, in seconds
    max_age       -- seconds of fair failing (see `Attempts`) after which a record becomes a dead letter; 0: never

    Full jitter as in Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """

    initial_delay: float = 0.5
    max_delay: float = 60.0
    max_age: float = 86400.0

    def delay(self, attempts: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the given number of failed attempts (from 1).

        `retry_after` (seconds, already clamped) wins where it is longer, also over `max_delay`: the vendor asked so.
        """
        return max(waited(self.wait(), attempts), retry_after or 0.0)

    def wait(self) -> wait_base:
        """The wait as tenacity's object, for those who want to compose it further."""
        return wait_random_exponential(multiplier=self.initial_delay, max=self.max_delay)


def waited(wait: wait_base, attempts: int) -> float:
    """What a tenacity wait answers after so many attempts, in seconds."""
    state = RetryCallState(retry_object=_RETRYING, fn=None, args=(), kwargs={})
    state.attempt_number = attempts
    return wait(state)
