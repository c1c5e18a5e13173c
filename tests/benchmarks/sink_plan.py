"""The sink's responses: latency, rate limit and faults."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self


class Answer(IntEnum):
    """The response to a request; the HTTP status if there is one."""

    SILENCE = 0
    RESET = 1
    TAKEN = 200
    LIMITED = 429
    UNAVAILABLE = 503


def _http(status: str, code: str) -> bytes:
    body = b'{"http_code":%b,"response_code":"%b","response_msg":"Here is your data.","data":{}}'
    body %= status[:3].encode(), code.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


BYTES = {
    Answer.TAKEN: _http("200 OK", "SUCCESS"),
    Answer.LIMITED: _http("429 Too Many Requests", "TOO_MANY_REQUESTS"),
    Answer.UNAVAILABLE: _http("503 Service Unavailable", "UNAVAILABLE"),
}


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of the requests that get something else than success.

    silence -- no answer at all, the connection stays open
    reset   -- the connection is reset instead
    """

    silence: float = 0.0
    reset: float = 0.0
    limited: float = 0.0
    unavailable: float = 0.0

    def draw(self, samples: random.Random) -> Answer:
        """Return what the next request gets."""
        left = samples.random()
        for answer, share in (
            (Answer.SILENCE, self.silence),
            (Answer.RESET, self.reset),
            (Answer.LIMITED, self.limited),
            (Answer.UNAVAILABLE, self.unavailable),
        ):
            if left < share:
                return answer
            left -= share
        return Answer.TAKEN


@dataclass(frozen=True, slots=True)
class Plan:
    """How the sink answers.

    shortest, longest -- seconds until the answer, drawn evenly between the two (seeded)
    limit             -- requests taken in each second of the clock, the others get 429 without Retry-After; 0: all
    failing           -- contacts whose email begins so get 503
    faults            -- what others get; None: success
    tally             -- so many contacts are expected: keep a tally of their numbers instead of a log; 0: a log
    """

    shortest: float = 0.0
    longest: float = 0.0
    limit: int = 0
    failing: str = ""
    faults: Faults | None = None
    tally: int = 0

    @classmethod
    def of(cls, delay: float) -> Self:
        """Every answer after so many seconds."""
        return cls(delay, delay)


class Entry(NamedTuple):
    """One request that was answered; times are monotonic seconds."""

    arrived: float
    answered: float
    delay: float  # what the sink itself meant to wait
    status: int
    email: str
