"""Simulated workers that share a rate-limited ClickSend without communication, in virtual time.

The gates are the real ones, driven as the delivery threads drive them. Made up are the sink, the network and the clock.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.delivery.gate import Closed, Gate, Permit
from consumer.delivery.retry import RetryPolicy
from consumer.sandbox.limiter import RateLimit, RetryAfter
from consumer.sandbox.limiter import RequestLimit as Windows
from tests.support.outcomes import DELIVERED

POLICY = RetryPolicy(initial_delay=0.5, max_delay=60)
WAKE_SECONDS = 0.002  # a thread that waits for its turn wakes so much late, at most
PARTITIONS = 12  # shared evenly by the workers that run
WAY_THERE = 0.2  # share of a request's latency that passes before the sink counts it


class Sink(Protocol):
    """Decides about one request."""

    def wait(self, now: float) -> float | None:
        """None takes the request; else the seconds until the next may be taken."""


class FixedWindow(Windows):
    """All requests of a window may come at once; the first after its end starts the next. The sandbox's own."""

    def __init__(self, requests: int, seconds: float = 1.0) -> None:
        super().__init__(RateLimit(requests, seconds))


class SlidingWindow:
    """At most so many requests in any stretch of so many seconds."""

    def __init__(self, requests: int, seconds: float = 1.0) -> None:
        self._taken: deque[float] = deque(maxlen=requests)
        self._seconds = seconds

    def wait(self, now: float) -> float | None:
        if len(self._taken) == self._taken.maxlen and now < self._taken[0] + self._seconds:
            return self._taken[0] + self._seconds - now
        self._taken.append(now)
        return None


class TokenBucket:
    """Allow this many requests per second, and a burst after a pause."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, 0.0

    def wait(self, now: float) -> float | None:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return None


class Changing:
    """Another sink from some moment on."""

    def __init__(self, before: Sink, at: float, after: Sink) -> None:
        self._before, self._at, self._after = before, at, after

    def wait(self, now: float) -> float | None:
        return (self._before if now < self._at else self._after).wait(now)


class Storm:
    """Refuses everything for a while."""

    def __init__(self, sink: Sink, begin: float, end: float) -> None:
        self._sink, self._begin, self._end = sink, begin, end

    def wait(self, now: float) -> float | None:
        return 1.0 if self._begin <= now < self._end else self._sink.wait(now)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a request's start to its answer: evenly spread between the two."""

    shortest: float
    longest: float


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """One worker: so many requests in flight, a fixed limit (0: none), and when it has something to send."""

    slots: int = 16
    limit: float = 0
    begin: float = 0.0
    end: float = math.inf
    pause: tuple[float, float] = (math.inf, math.inf)

    def has_work(self, now: float) -> bool:
        return self.begin <= now < self.end and not self.pause[0] <= now < self.pause[1]


@dataclass(slots=True)
class Figures:
    """The sink's counts in a period."""

    seconds: float
    taken: int = 0
    refused: int = 0

    @property
    def rate(self) -> float:
        """Requests taken a second."""
        return self.taken / self.seconds

    @property
    def refused_share(self) -> float:
        """Return the share of 429s among all responses."""
        return self.refused / max(1, self.taken + self.refused)


class Simulation:
    """Runs until `until`, and keeps for each request when the sink saw it and whether it was taken."""

    def __init__(
        self,
        sink: Sink,
        plans: Iterable[WorkerPlan],
        latency: Latency,
        retry_after: RetryAfter,
        seed: int,
    ) -> None:
        self._random = random.Random(seed)
        self._sink, self._latency, self._retry_after = sink, latency, retry_after
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self.seen: list[tuple[float, bool]] = []
        self.workers = [_Worker(self, plan) for plan in plans]
        for worker in self.workers:
            for moment in {worker.plan.begin, worker.plan.end} - {math.inf}:
                self.at(moment, self._assign)
            for moment in (worker.plan.begin, worker.plan.pause[1]):
                if moment < math.inf:
                    self.at(moment, worker.work)

    def _assign(self, now: float) -> None:
        running = [worker for worker in self.workers if worker.plan.begin <= now < worker.plan.end]
        for worker in running:
            worker.gate.set_owned_partitions(PARTITIONS // len(running))

    def run(self, until: float) -> Simulation:
        while self._events and self._events[0][0] < until:
            now, _, event = heapq.heappop(self._events)
            event(now)
        return self

    def figures(self, begin: float, end: float) -> Figures:
        found = Figures(end - begin)
        for at, taken in self.seen:
            if begin <= at < end:
                found.taken += taken
                found.refused += not taken
        return found

    def at(self, when: float, event: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (when, self._count, event))

    def late(self) -> float:
        return self._random.uniform(0, WAKE_SECONDS)

    def send(self, now: float, answered: Callable[[Outcome, float], None]) -> None:
        seconds = self._random.uniform(self._latency.shortest, self._latency.longest)

        def arrive(there: float) -> None:
            outcome = self._decide(there)
            self.at(now + seconds, lambda back: answered(outcome, back))

        self.at(now + seconds * WAY_THERE, arrive)

    def _decide(self, now: float) -> Outcome:
        wait = self._sink.wait(now)
        self.seen.append((now, wait is None))
        if wait is None:
            return DELIVERED
        asked = float(math.ceil(wait)) if self._retry_after is RetryAfter.SECONDS else None
        return Outcome(Result.TRANSIENT, 429, retry_after=asked, cause=Cause.RATE_LIMITED)


class _Worker:
    def __init__(self, world: Simulation, plan: WorkerPlan) -> None:
        self.plan = plan
        self.gate = Gate(POLICY, plan.limit, probe_interval=30)
        self._world = world
        self._free = plan.slots
        self._wakes_at = math.inf

    def work(self, now: float) -> None:
        while self._free and self.plan.has_work(now):
            answer = self.gate.ask(now)
            if isinstance(answer, Closed):
                if not now < self._wakes_at <= answer.until + WAKE_SECONDS:
                    self._wakes_at = answer.until + self._world.late()
                    self._world.at(self._wakes_at, self.work)
                return
            self._free -= 1
            self._send(answer, now)

    def _send(self, permit: Permit, sent_at: float) -> None:
        def answered(outcome: Outcome, now: float) -> None:
            self._free += 1
            self.gate.observe(outcome, "a", permit, sent_at, now)
            self.work(now)

        self._world.send(sent_at, answered)
